"""``make guards``: takes away one guard at a time, in a copy of the tree, and wants its named tests to fail.

A test that fails to start, or one that fails with every guard in its place, proves nothing and is an error.
``--page`` writes what was found into docs/reliability.md.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from guards.catalogue import GUARDS
from guards.guard import Guard

ROOT: Final = Path(__file__).resolve().parents[2]
PAGE: Final = ROOT / "docs" / "reliability.md"
BEGIN: Final = "<!-- guards: written by make guards ARGS=--page -->\n"
END: Final = "<!-- end of guards -->\n"
_TREES: Final = ("ledger", "genesis", "client", "node", "tests", "models")
_PASSED: Final = 0
_FAILED: Final = 1
SECONDS: Final = 300


def copy_tree(target: Path) -> None:
    """What the tests need, so that nothing is ever changed in place."""
    ignored = shutil.ignore_patterns("__pycache__", ".*")
    for name in _TREES:
        shutil.copytree(ROOT / name, target / name, ignore=ignored)
    for name in ("pyproject.toml", "README.md", "docs"):
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, target / name)


def run_tests(tree: Path, tests: Sequence[str]) -> int:
    """Pytest's exit code; a run that never ends has noticed something too."""
    command = [sys.executable, "-B", "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--tb=no", *tests]
    try:
        done = subprocess.run(command, cwd=tree, capture_output=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return _FAILED
    return done.returncode


def without(tree: Path, guard: Guard) -> str:
    """What became of the named tests when the guard was gone."""
    path = tree / guard.file
    whole = path.read_text()
    path.write_text(whole.replace(guard.text, guard.without))
    try:
        survived = [test for test in guard.tests if run_tests(tree, [test]) != _FAILED]
    finally:
        path.write_text(whole)
    return f"SURVIVED {' '.join(survived)}" if survived else "noticed"


def page(guards: Sequence[Guard]) -> str:
    """The table for people."""
    rows = [f"| {guard.name} | `{guard.file}` | {_names(guard)} |\n" for guard in guards]
    return "".join(
        [BEGIN, "\n| Guard | Stands in | What fails without it |\n|---|---|---|\n", *rows, "\n", END]
    )


def _names(guard: Guard) -> str:
    return "<br>".join(f"`{test.removeprefix('tests/')}`" for test in guard.tests)


def write_page(guards: Sequence[Guard]) -> None:
    """Between its two marks only."""
    text = PAGE.read_text()
    head, rest = text.split(BEGIN)
    PAGE.write_text(head + page(guards) + rest.split(END)[1])


def main() -> int:
    """All guards, one line each; 1 if one was missed."""
    parser = argparse.ArgumentParser(prog="make guards", description=__doc__)
    parser.add_argument("--only", default="", help="guards whose name contains this")
    parser.add_argument("--page", action="store_true", help="write docs/reliability.md")
    options = parser.parse_args()
    wanted = [guard for guard in GUARDS if options.only in guard.name]
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        copy_tree(tree)
        tests = sorted({test for guard in wanted for test in guard.tests})
        if run_tests(tree, tests) != _PASSED:
            print("the named tests must pass with every guard in its place")
            return 2
        for guard in wanted:
            began = time.monotonic()
            found = without(tree, guard)
            missed += found != "noticed"
            print(f"{guard.name:52} {time.monotonic() - began:5.1f} s  {found}", flush=True)
    if options.page and not missed and not options.only:
        write_page(wanted)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
