"""The listening side's sockets: connections that nobody has proven are few, short and told apart by address.

From the moment it is accepted, before TLS, a connection holds a place until its caller is proven or it has
ended; after ``handshake_seconds`` it is cut. One address holds so many places at most and is turned away
beyond. When all are taken, whoever comes last gets the place of the longest there of the address that holds
most: a handshake takes a moment, so those who only hold places lose them to those who use them, and whatever
strangers do leaves this node its descriptors.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from aiohttp.web_protocol import RequestHandler

from accord_node.peer.config import PeerConfig

CLOSE_SECONDS: Final = 1.0
"""Wait for the other side's half of a close."""
_BACKLOG: Final = 128
_PAUSE_SECONDS: Final = 0.1
"""Before the next try when the machine gave no connection (out of descriptors)."""


@dataclass(slots=True, eq=False)
class _Place:
    """One connection that is not proven."""

    address: str
    handler: RequestHandler
    opening: asyncio.Task[None] | None = None
    """TLS under way."""
    begun: bool = False
    ended: bool = False
    """By us."""
    cut: asyncio.TimerHandle | None = None

    @property
    def over(self) -> bool:
        """Whether the connection has ended by itself."""
        return self.opening is None and self.handler.transport is None


class Doorway:
    """Accepts connections for one server."""

    def __init__(
        self,
        make: Callable[[], RequestHandler],
        tls: ssl.SSLContext,
        config: PeerConfig,
        counters: Counter[str],
    ) -> None:
        self._make = make
        self._tls = tls
        self._config = config
        self._counters = counters
        self._loop = asyncio.get_running_loop()
        self._listening: list[socket.socket] = []
        self._places: dict[RequestHandler, _Place] = {}
        """Longest there first."""

    async def start(self, host: str, port: int) -> int:
        """Listen on every address of ``host``; returns the port bound.

        Raises:
            OSError: none of them can be bound, or one cannot.
        """
        found = await self._loop.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        bound: list[socket.socket] = []
        try:
            for family, kind, protocol, _, address in dict.fromkeys(found):
                bound.append(_listen(family, kind, protocol, address))
        except OSError:
            for listening in bound:
                listening.close()
            raise
        self._listening = bound
        for listening in bound:
            self._loop.add_reader(listening, self._accept, listening)
        return int(bound[0].getsockname()[1])

    def refuse_new(self) -> None:
        """Stop listening."""
        listening, self._listening = self._listening, []
        for one in listening:
            self._loop.remove_reader(one)
            one.close()

    async def close(self) -> None:
        """Stop listening, and end every connection that is not proven."""
        self.refuse_new()
        opening = [place.opening for place in self._places.values() if place.opening is not None]
        for place in list(self._places.values()):
            self._end(place)
        await asyncio.gather(*opening, return_exceptions=True)

    def proven(self, handler: RequestHandler) -> None:
        """The caller has proven who it is: its link counts elsewhere."""
        self._leave(handler)

    def _accept(self, listening: socket.socket) -> None:
        """Take what waits in the kernel's queue, as much of it as there are places."""
        for _ in range(self._config.max_unproven):
            try:
                connection, address = listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError:  # out of descriptors, most likely: it would be tried again at once, for ever
                self._counters["accepts_failed"] += 1
                self._loop.remove_reader(listening)
                self._loop.call_later(_PAUSE_SECONDS, self._go_on, listening)
                return
            connection.setblocking(False)  # noqa: FBT003 - the standard library's signature
            if self._make_room(str(address[0])):
                self._take(connection, str(address[0]))
            else:
                self._counters["handshake_PEER_BUSY"] += 1
                connection.close()

    def _go_on(self, listening: socket.socket) -> None:
        if listening in self._listening:
            self._loop.add_reader(listening, self._accept, listening)

    def _make_room(self, address: str) -> bool:
        """Whether one more connection of this address gets a place; somebody else may lose one for it."""
        for place in [place for place in self._places.values() if place.over]:
            self._leave(place.handler)
        held = Counter(place.address for place in self._places.values())
        if held[address] >= self._config.max_unproven_per_address:
            return False
        if held.total() >= self._config.max_unproven:
            most = max(held, key=lambda other: held[other])
            self._counters["handshake_PEER_BUSY"] += 1
            self._end(next(place for place in self._places.values() if place.address == most))
        return True

    def _take(self, connection: socket.socket, address: str) -> None:
        handler = self._make()
        place = self._places[handler] = _Place(address, handler)
        place.cut = self._loop.call_later(self._config.handshake_seconds, self._late, place)
        place.opening = self._loop.create_task(self._open(place, connection))
        place.opening.add_done_callback(lambda _: self._opened(place, connection))

    async def _open(self, place: _Place, connection: socket.socket) -> None:
        place.begun = True
        try:
            await self._loop.connect_accepted_socket(
                lambda: place.handler, connection, ssl=self._tls, ssl_shutdown_timeout=CLOSE_SECONDS
            )
        except OSError:  # reset, or no TLS at all
            self._counters["handshake_PEER_GONE"] += 1
            self._leave(place.handler)
            connection.close()

    def _opened(self, place: _Place, connection: socket.socket) -> None:
        place.opening = None
        if not place.begun:  # ended before its first step: nobody else closes it
            connection.close()
        elif place.ended and place.handler.transport is not None:
            place.handler.transport.abort()

    def _late(self, place: _Place) -> None:
        if not place.over:
            self._counters["handshake_PEER_HANDSHAKE_TIMEOUT"] += 1
        self._end(place)

    def _end(self, place: _Place) -> None:
        self._leave(place.handler)
        place.ended = True
        if place.opening is not None:
            place.opening.cancel()
        elif place.handler.transport is not None:
            place.handler.transport.abort()

    def _leave(self, handler: RequestHandler) -> None:
        place = self._places.pop(handler, None)
        if place is not None and place.cut is not None:
            place.cut.cancel()


def _listen(family: int, kind: int, protocol: int, address: object) -> socket.socket:
    listening = socket.socket(family, kind, protocol)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listening.setblocking(False)  # noqa: FBT003 - the standard library's signature
        listening.bind(address)  # type: ignore[arg-type]  # as getaddrinfo gave it
        listening.listen(_BACKLOG)
    except OSError:
        listening.close()
        raise
    return listening
