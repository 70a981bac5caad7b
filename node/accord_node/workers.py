"""Threads behind a seam: long work leaves the event loop, which stays free for votes.

``Workers.run`` answers in the loop. The simulator replaces this class with one that runs work at
scheduled moments of its virtual time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

T = TypeVar("T")


class Executor(Protocol):
    """Runs a function elsewhere and gives its result back to the loop."""

    async def run(self, function: Callable[[], T]) -> T:
        """Await ``function()``; its exceptions come back too."""

    def close(self) -> None:
        """Wait for what runs and stop."""


class Workers:
    """A named pool of threads."""

    def __init__(self, name: str, threads: int = 1) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self.running = 0
        """Jobs given to the pool and not yet answered."""

    async def run(self, function: Callable[[], T]) -> T:
        """See :class:`Executor`."""
        self.running += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, function)
        finally:
            self.running -= 1

    def close(self) -> None:
        """See :class:`Executor`."""
        self._pool.shutdown(wait=True, cancel_futures=True)
