"""The vote journal as consensus uses it: behind a thread, so that no long write or slow sync holds the event loop."""

from __future__ import annotations

from typing import Final

from accord_ledger.consensus import journal
from accord_node.wal import Wal
from accord_node.workers import Workers

SHORT_BYTES: Final = 16 * 1024
"""With bodies of blocks no larger than this a write takes hardly longer than its sync."""


class JournalWriter:
    """The vote journal behind a thread: a write returns once it is durable."""

    def __init__(self, wal: Wal, thread: Workers) -> None:
        self._wal = wal
        self._thread = thread

    async def write(self, records: tuple[journal.Record, ...]) -> None:
        """See ``accord_node.services.Journal``."""
        bodies = sum(len(item.body) for item in records if isinstance(item, journal.Body))
        run = self._thread.run_short if bodies <= SHORT_BYTES else self._thread.run
        await run(lambda: self._wal.append(records))

    async def compact(self, epoch: int, view: int) -> None:
        """Drop segments that finality has passed."""
        await self._thread.run(lambda: self._wal.compact(epoch, view))
