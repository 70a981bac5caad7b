"""Many bundle files at once: a class, or everything an employer received, on all cores.

Each process keeps what many bundles share: the checkpoints it opened (:class:`~accord_client.trust.Trust`),
the values of state it saw proved, and what bundles of a batch have in common
(:mod:`~accord_client.verify.known_batches`). What is kept never replaces a check: it is remembered under the
exact bytes it was found for, the pin and the time.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from accord_client.bundle import MAX_BUNDLE_BYTES, parse_bundle
from accord_client.processes import cores, end_with_parent, start_context
from accord_client.trust import Trust
from accord_client.verify.bundle_check import judge_bundle
from accord_client.verify.evidence import SeenValues
from accord_client.verify.known_batches import KnownBatches
from accord_client.verify.report import Check, Verdict
from accord_genesis.files import read_public
from accord_ledger.errors import AccordError

CHUNK: Final = 64
"""Files handed to another process at a time."""

FIRST: Final = 2
"""Files judged before other processes are begun: two of a batch make its pattern."""

PARALLEL_FROM: Final = 500
"""From how many files on it pays to start other processes."""


@dataclass(frozen=True, slots=True)
class FileVerdict:
    """What was found out about one file."""

    path: Path
    verdict: Verdict
    """``invalid`` also for a file that is no bundle."""
    report: dict[str, Any]
    """As :meth:`Report.to_plain`; empty for a file that is no bundle, and where reports were not asked for.
    Verdicts of one batch share parts of it: it is for reading."""
    code: str = ""
    """Of the first check that failed or could not be made, or of what is wrong with the file."""
    detail: str = ""

    @classmethod
    def of(cls, path: Path, verdict: Verdict, report: dict[str, Any], worst: Check) -> FileVerdict:
        """From a report and its worst check."""
        found = ("", "") if worst.outcome == "passed" else (worst.code, worst.detail)
        return cls(path, verdict, report, *found)


@dataclass
class FileVerifier:
    """Judges files one after the other with one pin; not for use by several threads at a time."""

    trust: Trust
    at: int
    """POSIX seconds for which validity is asked."""
    max_status_age: int | None = None
    _seen: SeenValues = field(default_factory=SeenValues, repr=False)
    _batches: KnownBatches = field(default_factory=KnownBatches, repr=False)

    def __call__(self, path: Path) -> FileVerdict:
        """The verdict on a file; never raises for what is in it."""
        try:
            return self.judge(path, read_public(path, limit=MAX_BUNDLE_BYTES))
        except AccordError as error:
            return FileVerdict(path, "invalid", {}, error.code, error.detail)

    def judge(self, path: Path, data: bytes) -> FileVerdict:
        """The verdict on the bytes of a file; raises ``DecodeError`` if they are no bundle."""
        alike = self._batches.judge(data, self._basis())
        if alike is not None:
            return FileVerdict.of(path, alike.verdict, alike.report, alike.worst)
        bundle = parse_bundle(data)
        judged = judge_bundle(
            bundle, self.trust, at=self.at, max_status_age=self.max_status_age, seen=self._seen
        )
        self._batches.learn(data, bundle, judged, self.at)
        report = judged.report
        return FileVerdict.of(path, report.verdict, report.to_plain(), report.worst)

    def _basis(self) -> tuple[object, ...]:
        """All that verdicts rest on besides the files."""
        trust = self.trust
        return trust.network, trust.origin, tuple(trust.epochs), trust.newest, self.at, self.max_status_age


def verify_files(
    paths: Sequence[Path], verifier: FileVerifier, *, workers: int | None = None, reports: bool = True
) -> Iterator[FileVerdict]:
    """The verdicts on many files, in order, as they are found.

    Args:
        paths: bundle files.
        verifier: pin, time and freshness.
        workers: processes; as many as there are cores if None, but for a few files only this one.
        reports: whether verdicts carry their reports, which take time on the way between processes.
    """
    count = workers or (1 if len(paths) < PARALLEL_FROM else cores())
    if count == 1:
        every = map(verifier, paths)
        yield from every if reports else (replace(item, report={}) for item in every)
        return
    for path in paths[:FIRST]:  # what they teach comes along to the other processes
        found = verifier(path)
        yield found if reports else replace(found, report={})
    paths = paths[FIRST:]
    starts = range(0, len(paths), CHUNK)
    pool = ProcessPoolExecutor(count, start_context(), _begin, (verifier, reports, paths))
    try:
        for start, made in zip(starts, pool.map(_judge, starts), strict=True):
            for path, (verdict, report, code, detail) in zip(paths[start : start + CHUNK], made, strict=True):
                yield FileVerdict(path, verdict, report, code, detail)
    finally:
        pool.shutdown(cancel_futures=True)


_Plain = tuple[Verdict, dict[str, Any], str, str]
"""A verdict without its path, which whoever asked has."""

_GOOD: Final[_Plain] = ("valid", {}, "", "")
"""The one most files have: the same object, so that it is sent to the other process once for many of them."""

_work: list[tuple[FileVerifier, bool, Sequence[Path]]] = []
"""The verifier of this process, whether reports are wanted, and all files: told once, not with each part."""


def _begin(verifier: FileVerifier, reports: bool, paths: Sequence[Path]) -> None:
    _work[:] = [(verifier, reports, paths)]
    end_with_parent()
    gc.freeze()  # what is loaded stays; looking at it again and again would take a tenth of the time


def _judge(start: int) -> list[_Plain]:
    verifier, reports, paths = _work[0]
    found = map(verifier, paths[start : start + CHUNK])
    if reports:
        return [(item.verdict, item.report, item.code, item.detail) for item in found]
    return [
        _GOOD if item.verdict == "valid" and not item.code else (item.verdict, {}, item.code, item.detail)
        for item in found
    ]
