"""Processes that make the credentials of a batch and write its files, on all cores from the first to the last.

They are begun before this process has a second thread, so they are forks that know the list of learners already. A
piece of work is a segment of drafts (:mod:`accord_client.draft_segments`): a worker makes its documents, keys
and salts and writes it; when the ledger holds the batch a worker writes its bundles. Only hashes and proofs go between
processes, and what a worker writes becomes durable, and visible as bundles, by the one that began it.
"""

from __future__ import annotations

import asyncio
import gc
import os
import pickle
import random
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Self, TypeVar

from accord_client.documents.open_badge_facts import LearnerClaims
from accord_client.draft_segments import SEGMENT, Segment, holder_file, line_of, segment_path, write_segment
from accord_client.evidence_text import EvidenceText
from accord_client.ids import LedgerReference
from accord_client.issuing import DocumentMaker, prepare_credential
from accord_client.private_files import fresh_name, sync_file, write_new
from accord_client.processes import end_with_parent, start_context
from accord_genesis.keyfiles import KeyFileError, read_private, replace_private
from accord_ledger.domain.model.credential import CREDENTIALS
from accord_ledger.errors import AccordError

R = TypeVar("R")

COLLECTED: Final = 50_000
"""Objects made before a worker looks for cycles; documents have none, and the default is a few credentials' worth."""


@dataclass(frozen=True, slots=True)
class Making:
    """How the documents of a batch are made."""

    folder: Path
    network: bytes
    batch_id: bytes
    make: DocumentMaker
    """Can be pickled."""


@dataclass(frozen=True, slots=True)
class Finishing:
    """Credentials of one segment that get their bundles."""

    folder: Path
    network: bytes
    batch_id: bytes
    count: int
    """Of the batch."""
    start: int
    """Of the segment."""
    text: EvidenceText
    """What all of them share."""
    rows: Sequence[tuple[int, Sequence[bytes], str]]
    """Index, path in the batch, and proof of the absence of its row, base64."""
    token: str
    """Of the names under which bundles are written."""


@dataclass(frozen=True, slots=True)
class Finished:
    """What was written, not yet synced: bundles under their fresh names, and holder keys."""

    bundles: list[str]
    """Names they are to have."""
    others: list[str]


class IssueWorkers:
    """One process for each core, or none but this one; a context manager."""

    def __init__(self, claims: Sequence[LearnerClaims], processes: int = 1) -> None:
        """Begin.

        Args:
            claims: of the batch, by index.
            processes: 1 works here.
        """
        self._claims = claims
        self.processes = processes
        """How many work."""
        self._pool: ProcessPoolExecutor | None = None
        if processes > 1:
            self._pool = ProcessPoolExecutor(processes, start_context(), _begin, (claims,))
            wait([self._pool.submit(os.getpid) for _ in range(processes)])  # begun while there is one thread

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing new is begun; what is being written is waited for."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def make(self, making: Making) -> Iterator[list[bytes]]:
        """Leaf hashes, segment by segment; each segment is on disk when its hashes come.

        Raises:
            AccordError: what the maker raises; ``WORKER_GONE``: a process was ended from outside.
            KeyFileError: ``KEYFILE_EXISTS`` or ``KEYFILE_IO``.
        """
        kept = pickle.dumps(making)
        starts = range(0, len(self._claims), SEGMENT)
        try:
            for start, leaves in zip(starts, self._made(making, kept, starts), strict=True):
                sync_file(segment_path(making.folder, start))
                yield leaves
        except BrokenProcessPool as error:
            raise _gone() from error

    def _made(self, making: Making, kept: bytes, starts: range) -> Iterator[list[bytes]]:
        if self._pool is None:
            return (make_segment(making, self._claims, start) for start in starts)
        return map(_result, self._pool.map(partial(_make, kept), starts))

    async def finish(self, finishing: Finishing) -> Finished:
        """Write the bundles of a segment; several may be under way.

        Raises:
            KeyFileError: ``KEYFILE_IO``: no bundle of the segment is left.
            RefusedError: as :meth:`Segment.read`.
            AccordError: ``WORKER_GONE``: a process was ended from outside.
        """
        if self._pool is None:
            return finish_segment(finishing)
        try:
            return _result(await asyncio.wrap_future(self._pool.submit(_finish, finishing)))
        except BrokenProcessPool as error:
            raise _gone() from error


def _gone() -> AccordError:
    return AccordError("WORKER_GONE", "expected every process to finish its work, one was ended from outside")


# ---- work --------------------------------------------------------------------------------------------


def make_segment(
    making: Making, claims: Sequence[LearnerClaims], start: int, source: random.Random | None = None
) -> list[bytes]:
    """Make and write the drafts of one segment.

    Args:
        making: of the batch.
        claims: of the batch, by index.
        start: first index.
        source: of salts and keys; the system's unless a test asks for another.

    Returns:
        Leaf hashes.

    Raises:
        AccordError: as :meth:`IssueWorkers.make`.
    """
    random_source = source or secrets.SystemRandom()
    lines, leaves = [], []
    for index, claim in enumerate(claims[start : start + SEGMENT], start):
        reference = LedgerReference(making.network, making.batch_id, index)
        credential = prepare_credential(making.make, reference, claim, random_source)
        lines.append(line_of(credential))
        leaves.append(credential.leaf_hash)
    write_segment(making.folder, start, lines)
    return leaves


def finish_segment(finishing: Finishing) -> Finished:
    """Write the bundles of a segment under fresh names, and holder keys.

    Raises:
        KeyFileError: ``KEYFILE_IO``: no bundle is left.
        RefusedError: as :meth:`Segment.read`.
    """
    folder = finishing.folder
    segment = Segment.read(folder, finishing.start, finishing.count)
    written = Finished([], [])
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for row in finishing.rows:
            _finish_one(finishing, segment, written, descriptor, row)
    except OSError as error:
        withdraw(folder, [written], finishing.token)
        raise KeyFileError("KEYFILE_IO", os.strerror(error.errno or 0), path=str(folder)) from error
    except AccordError:
        withdraw(folder, [written], finishing.token)
        raise
    finally:
        os.close(descriptor)
    return written


def withdraw(folder: Path, written: Iterable[Finished], token: str) -> None:
    """Take bundles away that were written and did not get their names; keys of holders stay for the next run."""
    for name in [name for one in written for name in one.bundles]:
        with suppress(OSError):
            (folder / fresh_name(name, token)).unlink()


def _finish_one(
    finishing: Finishing,
    segment: Segment,
    written: Finished,
    folder: int,
    row: tuple[int, Sequence[bytes], str],
) -> None:
    index, path, proof = row
    key = CREDENTIALS.key(finishing.batch_id, index)
    bundle, holder = f"{index:04}.accord.json", f"{index:04}.holder.json"
    seed = segment.lines[index - segment.start].seed
    if seed is not None:
        reference = LedgerReference(finishing.network, finishing.batch_id, index)
        if _put_holder(finishing.folder, holder, holder_file(reference, seed), folder):
            written.others.append(holder)
    written.bundles.append(bundle)
    data = finishing.text.complete(segment.draft(index, path), key, proof)
    write_new(fresh_name(bundle, finishing.token), data, folder)


def _put_holder(folder: Path, name: str, data: bytes, descriptor: int) -> bool:
    """Write a holder key that is not there yet; whether it was not."""
    try:
        write_new(name, data, descriptor)
    except FileExistsError:
        if read_private(folder / name) != data:  # cut short by a crash
            replace_private(folder / name, data)
        return False
    return True


# ---- between processes -------------------------------------------------------------------------------


@dataclass(slots=True)
class _Here:
    """What a worker keeps."""

    claims: Sequence[LearnerClaims] = ()
    kept: bytes = b""
    making: Making | None = None


@dataclass(frozen=True, slots=True)
class _Failure:
    """An error on its way between processes."""

    code: str
    detail: str
    path: str


_here: Final = _Here()


def _begin(claims: Sequence[LearnerClaims]) -> None:
    _here.claims = claims
    end_with_parent()
    gc.freeze()  # nothing that came along is looked at again
    gc.set_threshold(COLLECTED)


def _make(kept: bytes, start: int) -> list[bytes] | _Failure:
    if _here.making is None or _here.kept != kept:
        _here.kept, _here.making = kept, pickle.loads(kept)  # noqa: S301 - from the process that forked this one
    making = _here.making
    return _told(lambda: make_segment(making, _here.claims, start))


def _finish(finishing: Finishing) -> Finished | _Failure:
    return _told(lambda: finish_segment(finishing))


def _told(work: Callable[[], R]) -> R | _Failure:
    try:
        return work()
    except AccordError as error:
        return _Failure(error.code, error.detail, error.path)


def _result(found: R | _Failure) -> R:
    if isinstance(found, _Failure):
        raise AccordError(found.code, found.detail, path=found.path)
    return found
