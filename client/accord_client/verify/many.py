"""Many bundle files at once: a class, or everything an employer received, on all cores.

Each process keeps what many bundles share: the checkpoints it opened (:class:`~accord_client.trust.Trust`)
and the values of state it saw proved. What is kept never replaces a check: a value is remembered under the
root, the proof and the value themselves.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from accord_client.bundle import MAX_BUNDLE_BYTES, parse_bundle
from accord_client.trust import Trust
from accord_client.verify.bundle_check import verify_bundle
from accord_client.verify.evidence import SeenValues
from accord_client.verify.report import Verdict
from accord_genesis.files import read_public
from accord_ledger.errors import AccordError

CHUNK: Final = 16
"""Files handed to another process at a time."""

PARALLEL_FROM: Final = 500
"""From how many files on it pays to start other processes."""


@dataclass(frozen=True, slots=True)
class FileVerdict:
    """What was found out about one file."""

    path: Path
    verdict: Verdict
    """``invalid`` also for a file that is no bundle."""
    report: dict[str, Any]
    """As :meth:`Report.to_plain`; empty for a file that is no bundle."""
    code: str = ""
    """Of the first check that failed or could not be made, or of what is wrong with the file."""
    detail: str = ""


@dataclass
class FileVerifier:
    """Judges files one after the other with one pin; not for use by several threads at a time."""

    trust: Trust
    at: int
    """POSIX seconds for which validity is asked."""
    max_status_age: int | None = None
    _seen: SeenValues = field(default_factory=SeenValues, repr=False)

    def __call__(self, path: Path) -> FileVerdict:
        """The verdict on a file; never raises for what is in it."""
        try:
            return self.judge(path, read_public(path, limit=MAX_BUNDLE_BYTES))
        except AccordError as error:
            return FileVerdict(path, "invalid", {}, error.code, error.detail)

    def judge(self, path: Path, data: bytes) -> FileVerdict:
        """The verdict on the bytes of a file; raises ``DecodeError`` if they are no bundle."""
        report = verify_bundle(
            parse_bundle(data), self.trust, at=self.at, max_status_age=self.max_status_age, seen=self._seen
        )
        order = {"failed": 0, "not_checked": 1, "passed": 2}
        first = min(
            report.checks.values(), key=lambda check: (order[check.outcome], check.code == "NOT_CHECKED")
        )
        found = ("", "") if first.outcome == "passed" else (first.code, first.detail)
        return FileVerdict(path, report.verdict, report.to_plain(), *found)


def verify_files(
    paths: Sequence[Path], verifier: FileVerifier, *, workers: int | None = None
) -> Iterator[FileVerdict]:
    """The verdicts on many files, in order, as they are found.

    Args:
        paths: bundle files.
        verifier: pin, time and freshness.
        workers: processes; as many as there are cores if None, but for a few files only this one.
    """
    count = workers or (1 if len(paths) < PARALLEL_FROM else multiprocessing.cpu_count())
    if count == 1:
        yield from map(verifier, paths)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(count, context, _begin, (verifier,)) as pool:
        yield from pool.map(_judge, paths, chunksize=CHUNK)


_verifiers: list[FileVerifier] = []
"""The one of this process."""


def _begin(verifier: FileVerifier) -> None:
    _verifiers[:] = [verifier]


def _judge(path: Path) -> FileVerdict:
    return _verifiers[0](path)
