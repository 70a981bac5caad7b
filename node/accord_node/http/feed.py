"""Wakes event streams when a block has become final.

Streams pull: each reads the log at its own pace and sleeps here when it has reached the end, so a slow
reader costs nothing but its own connection, and nothing is queued for it.
"""

from __future__ import annotations

import asyncio
from typing import Final

MAX_SUBSCRIBERS: Final = 256


class Feed:
    """The end of the log, to wait at."""

    def __init__(self) -> None:
        self.subscribers = 0
        self.closing = False
        self._turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def full(self) -> bool:
        """Whether no further stream is served."""
        return self.closing or self.subscribers >= MAX_SUBSCRIBERS

    def advanced(self) -> None:
        """A block has become durable."""
        turn, self._turn = self._turn, asyncio.get_running_loop().create_future()
        turn.set_result(None)

    def turn(self) -> asyncio.Future[None]:
        """Done at the next block; take it before looking at the log, then wait on it."""
        return self._turn

    def close(self) -> None:
        """End every stream soon."""
        self.closing = True
        self.advanced()
