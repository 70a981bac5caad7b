"""Threads behind a seam: long work leaves the event loop, which stays free for votes.

``Workers.run`` answers in the loop. The simulator replaces this class with one that runs work at
scheduled moments of its virtual time. What only writes a little and waits for the disk is handed over while the
disk is slow, and done on the spot while it is quick: a hand-over and back costs two switches of threads and the
interpreter's lock, more than such a write.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Final, Protocol, TypeVar

T = TypeVar("T")

QUICK_SECONDS: Final = 0.002
"""Short jobs are done on the event loop while they take less than this on average."""
HELD_SECONDS: Final = 0.02
"""After one that took longer none is for a while: nothing is to hold the loop so long (DESIGN.md section 5)."""
WARY_JOBS: Final = 256
"""So many are handed over then."""
_WEIGHT: Final = 0.1
"""Of the newest job in the average."""


class Executor(Protocol):
    """Runs a function elsewhere and gives its result back to the loop."""

    async def run(self, function: Callable[[], T]) -> T:
        """Await ``function()``; its exceptions come back too."""

    async def run_short(self, function: Callable[[], T]) -> T:
        """:meth:`run` for what takes little time, or hardly more than a sync."""

    def close(self) -> None:
        """Wait for what runs and stop."""


class Pace:
    """How long short jobs take, and so whether the event loop can wait for one."""

    __slots__ = ("_average", "_wary")

    def __init__(self) -> None:
        self._average = 0.0
        self._wary = 0

    @property
    def quick(self) -> bool:
        """Whether the next one may be done on the loop."""
        return not self._wary and self._average < QUICK_SECONDS

    def note(self, seconds: float) -> None:
        """A job took so long, on the loop or in the thread."""
        self._average += _WEIGHT * (seconds - self._average)
        self._wary = WARY_JOBS if seconds > HELD_SECONDS else max(0, self._wary - 1)


class Workers:
    """A named pool of threads."""

    def __init__(
        self, name: str, threads: int = 1, *, elapsed: Callable[[], float] = time.monotonic, near: bool = True
    ) -> None:
        """Make the pool; threads begin with their first job.

        Args:
            name: of the threads.
            threads: how many.
            elapsed: seconds from an arbitrary origin, to tell how long short jobs take.
            near: whether the event loop may do short jobs itself.
        """
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self.running = 0
        """Jobs given to the pool and not yet answered."""
        self._elapsed = elapsed
        self._near = near and threads == 1
        self._pace = Pace()
        self._alone = Lock()
        """Held by a job of a single thread, whether or not anybody still waits for its answer."""
        self._single = threads == 1

    async def run(self, function: Callable[[], T]) -> T:
        """See :class:`Executor`."""
        self.running += 1
        work = (lambda: self._by_itself(function)) if self._single else function
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self.running -= 1

    async def run_short(self, function: Callable[[], T]) -> T:
        """:meth:`run` for a job that writes little and syncs it: on the spot while such jobs are quick.

        Like every job of a single thread it has whatever it works on to itself, and comes after those before it.
        """
        if self._near and self._pace.quick and not self.running and self._alone.acquire(blocking=False):
            try:
                return self._timed(function)
            finally:
                self._alone.release()
        return await self.run(lambda: self._timed(function))

    def _by_itself(self, function: Callable[[], T]) -> T:
        with self._alone:
            return function()

    def _timed(self, function: Callable[[], T]) -> T:
        begin = self._elapsed()
        try:
            return function()
        finally:
            self._pace.note(self._elapsed() - begin)

    def close(self) -> None:
        """See :class:`Executor`."""
        self._pool.shutdown(wait=True, cancel_futures=True)
