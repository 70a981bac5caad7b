"""Runs tests with one mutant switched on, each in a process of its own that is forked after collection."""

from __future__ import annotations

import json
import os
import resource
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from typing import Final

import pytest
from _pytest.runner import runtestprotocol

from mutation.switches import SWITCHES

_SURVIVED: Final = 0
_KILLED: Final = 1
_BROKEN: Final = 2
_VERDICTS: Final = {_SURVIVED: "survived", -signal.SIGXCPU: "timeout", -signal.SIGALRM: "timeout"}
"""By exit code or signal; any other is a test that failed."""
_SLOWER: Final = 3
"""How many times the processor time of its tests a mutant may take, besides the limit."""
_WAITING: Final = 20
"""How many times that it may take by the clock: what hangs without working ends too."""


@dataclass(frozen=True, slots=True)
class Trace:
    """What one test does when no mutant is switched on."""

    place: int
    """Its place among the collected items."""
    seconds: float
    """Of processor time."""
    seen: frozenset[int]
    passed: frozenset[int]


@dataclass(slots=True)
class Attempt:
    """A forked process that tries one mutant."""

    number: int
    tests: tuple[int, ...]
    verdict: str = ""


@dataclass(slots=True)
class Trials:
    """Forks and waits; at most ``workers`` at a time.

    Attributes:
        items: what pytest collected.
        seconds: processor time one mutant may take, besides thrice that of its tests.
    """

    items: Sequence[pytest.Item]
    workers: int
    seconds: float
    _running: dict[int, Attempt] = field(default_factory=dict)
    _costs: dict[int, float] = field(default_factory=dict)

    def traces(self, folder: Path) -> tuple[list[Trace], list[str]]:
        """Every test once, unchanged: the traces, and the names of tests that fail by themselves."""
        pids = []
        for worker in range(self.workers):
            pid = os.fork()
            if pid == 0:
                _leave(_trace(self.items, worker, self.workers, folder / f"trace-{worker}.json"))
            pids.append(pid)
        for pid in pids:
            _, status = os.waitpid(pid, 0)
            if os.waitstatus_to_exitcode(status) != _SURVIVED:
                raise RuntimeError("expected every test to be traced; a worker failed")
        rows = [
            row
            for worker in range(self.workers)
            for row in json.loads((folder / f"trace-{worker}.json").read_text(encoding="utf-8"))
        ]
        good = [
            Trace(place, seconds, frozenset(seen), frozenset(passed))
            for place, ok, seconds, seen, passed in rows
            if ok
        ]
        self._costs = {trace.place: trace.seconds for trace in good}
        return good, [self.items[row[0]].nodeid for row in rows if not row[1]]

    def attempts(self, wanted: Iterator[tuple[int, tuple[int, ...]]]) -> Iterator[Attempt]:
        """Each (mutant, tests) tried; finished attempts as they come."""
        for number, tests in wanted:
            while len(self._running) >= self.workers:
                yield self._finished()
            self._start(number, tests)
        while self._running:
            yield self._finished()

    def _start(self, number: int, tests: tuple[int, ...]) -> None:
        limit = self.seconds + _SLOWER * sum(self._costs[place] for place in tests)
        pid = os.fork()
        if pid == 0:
            _end_after(limit)
            SWITCHES.active = number
            _leave(_try([self.items[place] for place in tests]))
        self._running[pid] = Attempt(number, tests)

    def _finished(self) -> Attempt:
        pid, status = os.wait()
        attempt = self._running.pop(pid)
        attempt.verdict = _VERDICTS.get(os.waitstatus_to_exitcode(status), "killed")
        return attempt


def _end_after(seconds: float) -> None:
    """Let the kernel end this process after so much processor time, or much more by the clock."""
    whole = ceil(seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (whole, whole + 1))
    signal.alarm(_WAITING * whole)


def _leave(code: int) -> None:
    os._exit(code)


def _quiet() -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)


def _passes(item: pytest.Item, following: pytest.Item | None) -> bool:
    return not any(report.failed for report in runtestprotocol(item, nextitem=following, log=False))


def _trace(items: Sequence[pytest.Item], worker: int, workers: int, path: Path) -> int:
    """One worker's share of the tests: whole files, so that their fixtures are made once."""
    _quiet()
    files = sorted({str(item.path) for item in items})
    mine = [place for place, item in enumerate(items) if files.index(str(item.path)) % workers == worker]
    rows = []
    try:
        for at, place in enumerate(mine):
            SWITCHES.forget()
            began = time.process_time()
            ok = _passes(items[place], items[mine[at + 1]] if at + 1 < len(mine) else None)
            seconds = time.process_time() - began
            rows.append((place, ok, seconds, sorted(SWITCHES.seen), sorted(SWITCHES.passed)))
        path.write_text(json.dumps(rows), encoding="utf-8")
    except BaseException:  # noqa: BLE001 - a forked process must end here, whatever happens
        return _BROKEN
    return _SURVIVED


def _try(items: Sequence[pytest.Item]) -> int:
    """Whether some test fails; the first one ends it."""
    _quiet()
    try:
        for at, item in enumerate(items):
            if not _passes(item, items[at + 1] if at + 1 < len(items) else None):
                return _KILLED
    except BaseException:  # noqa: BLE001 - a mutant that breaks the run itself was noticed
        return _KILLED
    return _SURVIVED
