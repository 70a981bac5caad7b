"""Runs the models of ``models/`` with spin: each is searched whole, or must show the fault seeded into it.

``python tests/model/spin.py`` (``make model``) runs all of ``models/runs.json``, on all cores, and prints a table.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MODELS: Final = Path(__file__).resolve().parents[2] / "models"
PARTS: Final = ("everyday", "ci", "long")
"""What ``make test``, CI and ``make model`` add, one after another."""
SECONDS: Final = 900
"""Longest search."""
_SEARCH: Final = ("-E", "-m1000000", "-w22")


@dataclass(frozen=True, slots=True)
class Case:
    """One model with its definitions, and what the search must find; None: that nothing is broken."""

    model: str
    define: tuple[str, ...]
    finds: str | None

    def __str__(self) -> str:
        return " ".join([self.model, *self.define])


@dataclass(frozen=True, slots=True)
class Found:
    """What a search said.

    Attributes:
        broken: the message of the first thing broken; empty if all states were searched and are good.
        complete: whether the whole state space was searched.
    """

    broken: str
    states: int
    complete: bool
    seconds: float


def installed() -> bool:
    """Whether this machine can run them."""
    return shutil.which("spin") is not None and shutil.which("gcc") is not None


def cases(part: str) -> list[Case]:
    """The runs of one of the ``PARTS``."""
    listed = json.loads((MODELS / "runs.json").read_text())[part]
    return [Case(item["model"], tuple(item["define"]), item.get("finds")) for item in listed]


def search(case: Case, *, large: bool = True) -> Found:
    """Translate, compile and run one model; ``large``: so that compiling it well is worth while."""
    live = case.model == "liveness"
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        source = MODELS / f"{case.model}.pml"
        _run(folder, "spin", "-a", *(f"-D{name}" for name in case.define), str(source))
        mode = "-DNOFAIR" if live else "-DSAFETY"
        _run(
            folder,
            "gcc",
            "-O1" if large and case.finds is None else "-O0",
            mode,
            "-DCOLLAPSE",
            "-DMEMLIM=3000",
            "-o",
            "pan",
            "pan.c",
        )
        said = _run(folder, "./pan", *(("-a",) if live else ()), *_SEARCH)
        return _read(said, time.monotonic() - began)


def _run(folder: str, *command: str) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=True)
    return done.stdout


def _read(said: str, seconds: float) -> Found:
    broken = re.search(r"^pan:\d+: (.*)$", said, re.MULTILINE)
    states = re.search(r"(\d+) states, stored", said)
    if states is None:
        raise RuntimeError(f"expected a report of the search, got {said[:400]}")
    complete = broken is None and "Search not completed" not in said and "max search depth" not in said
    return Found(broken.group(1) if broken else "", int(states.group(1)), complete, seconds)


def good(case: Case, found: Found) -> bool:
    """Whether the search says what the case wants."""
    if case.finds is None:
        return found.complete
    return case.finds in found.broken


def _search_in_time(case: Case) -> Found:
    try:
        return search(case)
    except subprocess.TimeoutExpired:
        return Found(f"not searched in {SECONDS} s", 0, complete=False, seconds=SECONDS)


def main() -> int:
    """All runs, one line each."""
    if not installed():
        print("spin or gcc is not installed: apt-get install spin gcc")
        return 2
    listed = [case for part in PARTS for case in cases(part)]
    failed = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for case, found in zip(listed, pool.map(_search_in_time, listed), strict=True):
            verdict = "as wanted" if good(case, found) else f"WRONG: {found.broken or 'nothing found'}"
            wanted = "holds" if case.finds is None else f"finds {case.finds}"
            print(
                f"{case!s:64} {wanted:28} {found.states:>10,} states {found.seconds:6.1f} s  {verdict}",
                flush=True,
            )
            failed += not good(case, found)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
