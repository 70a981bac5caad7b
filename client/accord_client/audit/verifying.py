"""Signatures checked ahead of execution, in processes: the larger part of what an audit costs.

A group of signatures travels as one piece of bytes, and its answer as one byte a signature. While the main
process would wait, it takes back a group no process has begun and checks it itself, so that ``processes``
cores are busy whichever side is slower. A bad signature has no consequence here: it is simply not among the
good ones, and execution, which asks again, decides what it means.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from multiprocessing import get_context
from types import TracebackType
from typing import Self

from accord_ledger.keys import verifies

Job = tuple[bytes, bytes, bytes]
"""(public, message, signature)."""

_PUBLIC, _SIGNATURE, _LENGTH = 32, 64, 2


def pack(jobs: Sequence[Job]) -> bytes:
    """Jobs one after another: public, signature, length of the message, message."""
    return b"".join(
        [
            part
            for public, message, signature in jobs
            for part in (public, signature, len(message).to_bytes(_LENGTH, "big"), message)
        ]
    )


def check_packed(data: bytes) -> bytes:
    """One byte a job, 1 where the signature verifies. Runs in the processes of the pool."""
    verdicts = bytearray()
    at = 0
    while at < len(data):
        public = data[at : at + _PUBLIC]
        at += _PUBLIC
        signature = data[at : at + _SIGNATURE]
        at += _SIGNATURE
        end = at + _LENGTH + int.from_bytes(data[at : at + _LENGTH], "big")
        verdicts.append(verifies(public, data[at + _LENGTH : end], signature))
        at = end
    return bytes(verdicts)


class GoodSignatures:
    """Answers from signatures known to be good; any other is checked on the spot."""

    __slots__ = ("_good", "late")

    def __init__(self, good: frozenset[Job] | set[Job]) -> None:
        self._good = good
        self.late = 0
        """Signatures that had to be checked on the spot."""

    def __call__(self, public: bytes, message: bytes, signature: bytes) -> bool:
        """Whether the signature verifies."""
        if (public, message, signature) in self._good:
            return True
        self.late += 1
        return verifies(public, message, signature)


class Group:
    """Signatures on their way."""

    __slots__ = ("_future", "_good", "jobs")

    def __init__(self, jobs: Sequence[Job], future: Future[bytes] | None) -> None:
        self.jobs = jobs
        self._future = future
        self._good: set[Job] | None = None

    @property
    def known(self) -> bool:
        """Whether the answer is here."""
        return self._good is not None or (self._future is not None and self._future.done())

    def take_back(self) -> bool:
        """Check it here if no process has begun; whether that was so."""
        if self._good is not None or (self._future is not None and not self._future.cancel()):
            return False
        self._good = {job for job in self.jobs if verifies(*job)}
        return True

    def wait(self) -> None:
        """Until the answer is here."""
        if self._good is None and self._future is not None:
            wait([self._future])

    def good(self) -> set[Job]:
        """The good ones; only once they are known."""
        if self._good is None:
            if self._future is None:
                raise RuntimeError("expected an answer to be waited for")
            verdicts = self._future.result()
            self._good = {job for job, verdict in zip(self.jobs, verdicts, strict=True) if verdict}
        return self._good


class Verifying:
    """Groups of signatures checked in order of submission by ``processes`` processes, this one included."""

    def __init__(self, processes: int) -> None:
        self.processes = processes
        self._pool = (
            ProcessPoolExecutor(processes - 1, mp_context=get_context("spawn")) if processes > 1 else None
        )
        self._groups: deque[Group] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def submit(self, jobs: Sequence[Job]) -> Group:
        """Begin with a group."""
        future = self._pool.submit(check_packed, pack(jobs)) if self._pool is not None and jobs else None
        group = Group(jobs, future)
        self._groups.append(group)
        return group

    def next(self) -> set[Job]:
        """Good signatures of the oldest group that was not asked for yet."""
        oldest = self._groups.popleft()
        while not oldest.known and not oldest.take_back():
            if not self._help():
                oldest.wait()
        return oldest.good()

    def _help(self) -> bool:
        """Check the newest group that nobody has begun; False if there is none."""
        return any(group.take_back() for group in reversed(self._groups) if not group.known)
