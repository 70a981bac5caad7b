"""``make mutants``: does a test notice when a check of the rules is gone? (see ``docs/mutants.md``)

Mutants are planted while modules are imported (:mod:`mutation.plant`); every test is run once to learn which
mutants it could notice; then each mutant is tried in a forked process with just those tests. Killed ones are
remembered in the results file, so that a stopped run goes on where it was.
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from mutation.importing import PlantedFinder
from mutation.plant import Mutant
from mutation.results import Results, name_of, page, read_reasons
from mutation.trying import Trace, Trials

_TESTS: Final = Path(__file__).resolve().parents[1]
_SLOW: Final = ("test_invariants_stateful.py",)
"""Long random histories: they would be run for nearly every mutant."""
_SUITE: Final = (
    *sorted(path for path in (_TESTS / "ledger").glob("test_*.py") if path.name not in _SLOW),
    _TESTS / "genesis" / "test_acts.py",
    _TESTS / "genesis" / "test_preset_verdicts.py",
    _TESTS / "scenario" / "test_script.py",
)
_REASONS: Final = Path(__file__).with_name("reasons.json")
_PAGE: Final = _TESTS.parent / "docs" / "mutants.md"
_MAX_TESTS: Final = 60
"""Tests tried for one mutant that was only passed by, the quickest first."""


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("--only", default="", help="mutants whose module contains this")
    parser.add_argument("--without", default="domain.questions", help="not those: it reads and rules nothing")
    parser.add_argument("--operators", default="refusal,call,clause,boundary")
    parser.add_argument("--sample", type=int, default=0, help="so many mutants, chosen by --seed")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument(
        "--seconds", type=float, default=30.0, help="processor time for one mutant, besides thrice its tests'"
    )
    parser.add_argument("--results", type=Path, default=_TESTS.parent / ".mutants.jsonl")
    parser.add_argument("--page", action="store_true", help="write docs/mutants.md")
    parser.add_argument("--packages", default="accord_ledger.domain")
    parser.add_argument("tests", nargs="*", default=[str(path) for path in _SUITE])
    return parser.parse_args()


class Session:
    """The pytest plugin: instead of running the tests, tries the mutants with them."""

    def __init__(self, options: argparse.Namespace, finder: PlantedFinder) -> None:
        self._options = options
        self._finder = finder
        self._digests: dict[str, str] = {}
        self.results = Results(options.results)
        self.survivors: list[Mutant] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """All of it."""
        began = time.monotonic()
        trials = Trials(session.items, self._options.workers, self._options.seconds)
        with tempfile.TemporaryDirectory() as folder:
            traces, failing = trials.traces(Path(folder))
        for name in failing:
            _say(f"left out, fails by itself: {name}")
        _say(f"{len(traces)} tests traced in {time.monotonic() - began:.0f} s")
        mutants = {mutant.number: mutant for mutant in self._wanted()}
        _say(f"{len(mutants)} mutants to try of {len(self._finder.mutants)}")
        tried = ((number, _tests_for(number, traces)) for number in mutants)
        for done, attempt in enumerate(trials.attempts(tried), 1):
            mutant = mutants[attempt.number]
            self.results.add(mutant, attempt.verdict, self._digest(mutant.module))
            if attempt.verdict == "survived":
                self.survivors.append(mutant)
                _say(f"SURVIVED {mutant.module}:{mutant.line} {name_of(mutant)} ({len(attempt.tests)} tests)")
            if done % 100 == 0:
                _say(f"{done} tried, {len(self.survivors)} survived, {time.monotonic() - began:.0f} s")
        _say(f"{len(mutants)} tried, {len(self.survivors)} survived, {time.monotonic() - began:.0f} s")
        return True

    def rules(self) -> list[Mutant]:
        """Every mutant but those of modules that are left out."""
        return [mutant for mutant in self._finder.mutants if self._options.without not in mutant.module]

    def _wanted(self) -> Iterator[Mutant]:
        operators = self._options.operators.split(",")
        chosen = [
            mutant
            for mutant in self.rules()
            if mutant.operator in operators
            and self._options.only in mutant.module
            and self.results.needed(mutant, self._digest(mutant.module))
        ]
        if self._options.sample:
            chosen = random.Random(self._options.seed).sample(chosen, min(self._options.sample, len(chosen)))
        yield from chosen

    def _digest(self, module: str) -> str:
        if module not in self._digests:
            source = Path(str(sys.modules[module].__file__)).read_bytes()
            self._digests[module] = hashlib.sha256(source).hexdigest()[:16]
        return self._digests[module]


def _tests_for(number: int, traces: list[Trace]) -> tuple[int, ...]:
    """Tests that could notice the mutant, the quickest first."""
    quick = sorted(traces, key=lambda trace: trace.seconds)
    seen = [trace.place for trace in quick if number in trace.seen]
    passed = [trace.place for trace in quick if number in trace.passed and number not in trace.seen]
    return (*seen, *passed[:_MAX_TESTS])


def _say(line: str) -> None:
    sys.__stdout__.write(f"{line}\n") if sys.__stdout__ else None
    if sys.__stdout__:
        sys.__stdout__.flush()


def main() -> int:
    """Run, report, and say by the exit code whether an unexplained mutant survived."""
    options = _options()
    os.environ["CI"] = "1"  # the derandomized Hypothesis profile: what was traced is what is tried
    finder = PlantedFinder(*options.packages.split(","))
    finder.install()
    finder.plant_all()
    session = Session(options, finder)
    plugins = ["-qq", "-s", "-p", "no:cacheprovider", "-p", "no:xdist", "--timeout=0"]
    code = pytest.main([*plugins, *options.tests], plugins=[session])
    reasons = read_reasons(_REASONS)
    if options.page:
        today = dt.datetime.now(tz=dt.UTC).date()
        _PAGE.write_text(page(session.rules(), session.results, reasons, today), encoding="utf-8")
    unexplained = [mutant for mutant in session.survivors if name_of(mutant) not in reasons]
    return 1 if unexplained or code not in {0, pytest.ExitCode.OK} else 0


if __name__ == "__main__":
    sys.exit(main())
