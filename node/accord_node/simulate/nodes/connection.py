"""One simulated connection between two hosts, and its two ends.

It keeps the promises of a connection and no more: whole messages, in order, until it ends; what is under way
then is lost. While its hosts are parted it is silent, until it is given up.
"""

from __future__ import annotations

import asyncio
from collections import deque
from random import Random
from typing import TYPE_CHECKING, Final, Protocol

from aiohttp import WSMessage, WSMsgType

from accord_node.simulate.nodes.loop import HostLoop

if TYPE_CHECKING:
    from accord_node.simulate.nodes.net import Network

WINDOW_BYTES: Final = 256 * 1024
"""What may be under way on one connection in one direction before the sender waits."""
DEAD_SECONDS: Final = 30.0
"""A silent connection is given up after this: ``heartbeat_seconds`` and half of it again."""
_ENDED: Final = WSMessage(WSMsgType.CLOSED, None, None)


class Place(Protocol):
    """A host as the network sees it."""

    @property
    def name(self) -> str:
        """Unique; twins have two hosts for one party."""

    @property
    def party(self) -> str:
        """Whose node it is."""

    @property
    def loop(self) -> HostLoop:
        """Of its running life."""

    @property
    def certificate(self) -> bytes:
        """What it shows to whoever dials it."""


class Connection:
    """One connection: two ends.

    Attributes:
        lost: what is under way from a dead host never arrives.
    """

    def __init__(self, network: Network, dialler: Place, listener: Place, chance: Random) -> None:
        self.network = network
        self.chance = chance
        self.names = (dialler.name, listener.name)
        self.lost = False
        self.ends = (End(self, dialler), End(self, listener))
        self.ends[0].other, self.ends[1].other = self.ends[1], self.ends[0]

    def end_of(self, name: str) -> End:
        """The end of this host."""
        return self.ends[self.names.index(name)]

    def parted(self) -> bool:
        """Whether nothing gets through now."""
        return self.network.parted(*self.names)

    def release(self) -> None:
        """What was held while the hosts were parted goes on."""
        for end in self.ends:
            end.release()

    def snap(self) -> None:
        """End it for both, and lose what is under way."""
        self.lost = True
        for end in self.ends:
            end.arrive(None)


class End:
    """One end of a connection (``accord_node.peer.sockets.Socket``)."""

    other: End

    def __init__(self, connection: Connection, place: Place) -> None:
        self.place = place
        self._connection = connection
        self._loop = place.loop
        self._inbox: deque[bytes] = deque()
        self._ended = False
        self._reading: asyncio.Future[None] | None = None
        self._writing: asyncio.Future[None] | None = None
        self._under_way = 0
        """Bytes said here and not yet read there."""
        self._newest = 0.0
        """When what was said last arrives: nothing overtakes it."""
        self._held: list[bytes | None] = []
        """What would have arrived here, had the hosts not been parted."""

    @property
    def closed(self) -> bool:
        """See :class:`Socket`."""
        return self._ended

    @property
    def dead(self) -> bool:
        """Whether the host of this end has died."""
        return self._loop.frozen

    async def receive(self) -> WSMessage:
        """See :class:`Socket`."""
        while not self._inbox:
            if self._ended:
                return _ENDED
            self._reading = self._loop.create_future()
            await self._reading
        data = self._inbox.popleft()
        self.other.read(len(data))
        return WSMessage(WSMsgType.BINARY, data, None)

    async def send_bytes(self, data: bytes) -> None:
        """See :class:`Socket`."""
        while self._under_way > WINDOW_BYTES and not self._ended:
            self._writing = self._loop.create_future()
            await self._writing
        if self._ended:
            raise ConnectionResetError("the connection has ended")
        network = self._connection.network
        network.boundary(self.place.name, "before a message")
        tongue = network.tongues.get(self.place.name)
        for message in [data] if tongue is None else tongue(self.other.place.name, data):
            self._say(message)
        network.boundary(self.place.name, "after a message")

    def _say(self, data: bytes) -> None:
        if self._loop.frozen:
            return
        connection, network = self._connection, self._connection.network
        network.sent += 1
        network.last_sent = network.scheduler.now
        network.watch(self.place.name, self.other.place.name, data)
        if connection.chance.random() < network.weather.breaks:
            network.scheduler.note("net", f"the connection of {' and '.join(connection.names)} breaks")
            connection.snap()
            return
        self._under_way += len(data)
        self._travel(data)

    def _travel(self, data: bytes | None) -> None:
        """Arrive at the other end, after what was said before; None is the end."""
        weather, chance = self._connection.network.weather, self._connection.chance
        seconds = chance.uniform(weather.least, weather.most)
        if chance.random() < weather.stalls:
            seconds += chance.uniform(0.0, weather.stall)
        self._newest = max(self._newest, self._connection.network.scheduler.now + seconds)
        self.other.expect(self._newest, data)

    def expect(self, when: float, data: bytes | None) -> None:
        """A message, or the end, is under way and gets here at this time."""
        self._loop.call_at(when, self._at_the_door, data, context=self._loop.context)

    def _at_the_door(self, data: bytes | None) -> None:
        if self._held or self._connection.parted():
            if not self._held:
                self._loop.call_later(DEAD_SECONDS, self._give_up, context=self._loop.context)
            self._held.append(data)
        else:
            self.arrive(data)

    def _give_up(self) -> None:
        if self._held:
            self._held.clear()
            self._connection.snap()

    def release(self) -> None:
        """What was held arrives."""
        held, self._held = self._held, []
        for data in held:
            self.arrive(data)

    def arrive(self, data: bytes | None) -> None:
        """A message is here, or the end."""
        if self._ended or self._loop.frozen:
            return
        if data is None:
            self._end()
        elif not (self._connection.lost and self.other.dead):
            self._inbox.append(data)
        for waiting in (self._reading, self._writing if self._ended else None):
            if waiting is not None and not waiting.done():
                waiting.set_result(None)

    def _end(self) -> None:
        self._ended = True
        if self.other.closed:
            self._connection.network.forget(self._connection)

    def read(self, size: int) -> None:
        """The other side has taken something out."""
        self._under_way -= size
        if self._writing is not None and not self._writing.done() and self._under_way <= WINDOW_BYTES:
            self._writing.set_result(None)

    def gone(self) -> None:
        """The host of this end has died: its system, or the silence, says so to the other side."""
        self._ended = True
        self._travel(None)

    async def pong(self, message: bytes) -> None:
        """See :class:`Socket`; nobody pings here."""

    async def close(self) -> bool:
        """See :class:`Socket`."""
        if not self._ended:
            self._end()
            if not self._loop.frozen:
                self._travel(None)
        return True
