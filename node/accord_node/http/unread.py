"""Large answers under way: bounded in bytes, so that who asks much and reads nothing cannot fill memory.

An answer is held in memory until its client has read it, and a client may take as long as it likes. But when
all large ones together would exceed the bound, the one that has been under way longest is given up.
"""

from __future__ import annotations

from typing import Final

from aiohttp import web

LARGE_BYTES: Final = 64 * 1024
"""Smaller ones are no more than what a connection may hold anyway."""
MAX_BYTES: Final = 256 * 2**20
"""Of all that are under way: sixteen of the largest files, or hundreds of usual ones."""


class Unread:
    """The large answers of one server that are under way.

    Attributes:
        size: bytes of all of them.
        given_up: how many were not read in time.
    """

    def __init__(self, limit: int = MAX_BYTES) -> None:
        self._limit = limit
        self._held: dict[object, tuple[int, web.BaseRequest]] = {}
        """Longest under way first."""
        self.size = 0
        self.given_up = 0

    async def deliver(self, request: web.BaseRequest, response: web.StreamResponse) -> None:
        """Send an answer if it is large; returns when it is on its way or its connection has ended."""
        body = response.body if isinstance(response, web.Response) else None
        if not isinstance(body, bytes) or len(body) < LARGE_BYTES:
            return
        place = object()
        self._held[place] = (len(body), request)
        self.size += len(body)
        while self.size > self._limit and len(self._held) > 1:
            self._give_up(next(iter(self._held)))
        try:
            await response.prepare(request)
            await response.write_eof()
        except ConnectionError:
            return  # the server notices by itself
        finally:
            self.size -= self._held.pop(place, (0, request))[0]

    def _give_up(self, place: object) -> None:
        size, request = self._held.pop(place)
        self.size -= size
        self.given_up += 1
        if request.transport is not None:
            request.transport.abort()
