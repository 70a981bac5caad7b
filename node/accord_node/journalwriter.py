"""The vote journal as consensus uses it: behind a thread, so that a sync never holds the event loop."""

from __future__ import annotations

from accord_ledger.consensus import journal
from accord_node.wal import Wal
from accord_node.workers import Workers


class JournalWriter:
    """The vote journal behind a thread: a write returns once it is durable."""

    def __init__(self, wal: Wal, thread: Workers) -> None:
        self._wal = wal
        self._thread = thread

    async def write(self, records: tuple[journal.Record, ...]) -> None:
        """See ``accord_node.driver.Journal``."""
        await self._thread.run(lambda: self._wal.append(records))

    async def compact(self, epoch: int, view: int) -> None:
        """Drop segments that finality has passed."""
        await self._thread.run(lambda: self._wal.compact(epoch, view))
