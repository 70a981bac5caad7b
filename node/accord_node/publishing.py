"""Static checkpoint files beside the tiles: the newest one that has its quorum, written now and then."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

from accord_ledger.checkpoint import Checkpoint
from accord_node.storage.store import Store

PUBLISH_SECONDS: Final = 0.2
"""Files are written at most this often; the HTTP interface serves the newest checkpoint at once."""


class Publisher:
    """Writes checkpoint files for what this node's own files stand at."""

    def __init__(self, store: Store, spawn: Callable[[Coroutine[Any, Any, None]], None]) -> None:
        """Args: where the files are, and what runs a task whose failure stops the node."""
        self._store = store
        self._spawn = spawn
        self._newest: tuple[Checkpoint, bytes] | None = None
        self._waiting = False

    def published(self, checkpoint: Checkpoint, note: bytes) -> None:
        """A newer checkpoint has its quorum."""
        self._newest = (checkpoint, note)
        if not self._waiting:
            self._waiting = True
            self._spawn(self._write())

    async def _write(self) -> None:
        await asyncio.sleep(PUBLISH_SECONDS)
        self._waiting = False
        if self._newest is not None:
            checkpoint, note = self._newest
            await self._store.publish(checkpoint.size, note)
