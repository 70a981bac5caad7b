"""The network of a run: connections that delay, stall, break and part, until the weather is good.

It stands where a node has WebSockets over TLS (``accord_node.peer.sockets``), and keeps the promises of
these and no more: a connection carries whole messages in order, or ends. So what is lost is lost with its
connection; a part of the network that is cut off keeps its connections, silent, until they are given up.
Handshakes, frames, queues and everything above are the node's own.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from urllib.parse import urlsplit

from accord_node.peer.sockets import Accept, Socket
from accord_node.simulate.nodes.connection import Connection, End, Place
from accord_node.simulate.nodes.loop import HostLoop, Scheduler


@dataclass(frozen=True, slots=True)
class Weather:
    """How bad the network is. Times are seconds.

    Attributes:
        least, most: how long a message travels.
        stalls: chance that a message, and so all behind it, is held up for up to ``stall``.
        breaks: chance that a message meets the end of its connection.
        partitions: how many times the hosts are parted before the network heals.
    """

    least: float = 0.001
    most: float = 0.02
    stalls: float = 0.0
    stall: float = 1.5
    breaks: float = 0.0
    partitions: int = 0


Tongue = Callable[[str, bytes], list[bytes]]
"""``tongue(target host, message)`` gives what a liar really says."""


class Network:
    """All hosts and the connections between them.

    Attributes:
        watch: called with host, target host and message for everything that is said.
        boundary: called with host and a word before and after everything that is said.
    """

    def __init__(self, scheduler: Scheduler, weather: Weather) -> None:
        self.scheduler = scheduler
        self.weather = weather
        self.watch: Callable[[str, str, bytes], None] = lambda *_: None
        self.boundary: Callable[[str, str], None] = lambda *_: None
        self.tongues: dict[str, Tongue] = {}
        """Of liars, by host."""
        self.routes: list[Callable[[str, str], bool]] = []
        """Each says whether two hosts are on speaking terms (twins share out the others)."""
        self.sent = 0
        self.last_sent = 0.0
        self._listening: dict[str, tuple[Place, Accept]] = {}
        self._connections: list[Connection] = []
        self._groups: dict[str, int] = {}
        self._dialled: Counter[str] = Counter()

    # -- hosts -------------------------------------------------------------------------------------

    def listen(self, place: Place, accept: Accept) -> None:
        """A host takes connections."""
        self._listening[place.name] = (place, accept)

    def refuse(self, place: Place) -> None:
        """A host takes none any more."""
        self._listening.pop(place.name, None)

    def died(self, place: Place, chance: Random) -> None:
        """A host is gone; the other ends of its connections learn it soon, or when they get through."""
        self.refuse(place)
        for connection in self._of(place.name):
            connection.lost = chance.random() < 0.5
            connection.end_of(place.name).gone()

    def _of(self, name: str) -> list[Connection]:
        return [item for item in self._connections if name in item.names]

    # -- weather -----------------------------------------------------------------------------------

    def part(self, groups: dict[str, int]) -> None:
        """Cut the hosts into groups; an empty table joins them."""
        self._groups = groups
        if not groups:
            self._release()

    @property
    def is_parted(self) -> bool:
        """Whether anybody is cut off."""
        return bool(self._groups)

    def parted(self, one: str, other: str) -> bool:
        """Whether two hosts cannot reach each other."""
        return self._groups.get(one, 0) != self._groups.get(other, 0)

    def _release(self) -> None:
        for connection in list(self._connections):
            connection.release()

    def reroute(self) -> None:
        """Break the connections of hosts that are not on speaking terms any more."""
        for connection in list(self._connections):
            if not self.reaches(*connection.names):
                connection.snap()

    def reaches(self, one: str, other: str) -> bool:
        """Whether two hosts are on speaking terms."""
        return all(route(one, other) for route in self.routes)

    # -- connections -------------------------------------------------------------------------------

    async def connect(self, source: Place, address: str) -> tuple[Socket, bytes]:
        """Dial; see :class:`accord_node.peer.sockets.Net`."""
        party = (urlsplit(address).hostname or "").partition(".")[0]
        self._dialled[f"{source.name}>{party}"] += 1
        chance = self.scheduler.chance(source.name, party, self._dialled[f"{source.name}>{party}"])
        await asyncio.sleep(chance.uniform(self.weather.least, self.weather.most))
        found = [
            item
            for _, item in sorted(self._listening.items())
            if item[0].party == party and self.reaches(source.name, item[0].name)
        ]
        if found and self.parted(source.name, found[0][0].name):
            await asyncio.get_running_loop().create_future()  # nobody answers; the dialler gives up
        if not found:
            raise ConnectionRefusedError(f"nobody listens as {party}")
        target, accept = found[0]
        connection = Connection(self, source, target, chance)
        self._connections.append(connection)
        target.loop.call_soon(_begin, target.loop, accept, connection.ends[1], context=target.loop.context)
        await asyncio.sleep(chance.uniform(self.weather.least, self.weather.most))
        return connection.ends[0], target.certificate

    def forget(self, connection: Connection) -> None:
        """A connection is over."""
        if connection in self._connections:
            self._connections.remove(connection)


def _begin(loop: HostLoop, accept: Accept, end: End) -> None:
    loop.create_task(_serve(accept, end), context=loop.context)


async def _serve(accept: Accept, end: End) -> None:
    await accept(end, f"{end.other.place.name}.sim")


class HostNet:
    """One host's way into the network (``accord_node.peer.sockets.Net``), for one of its lives.

    A task that is buried with its node may still get here: it must not listen in the name of the life that
    follows, and not silence it.
    """

    def __init__(self, network: Network, place: Place, loop: HostLoop) -> None:
        self._network = network
        self._place = place
        self._loop = loop

    async def listen(self, host: str, port: int, accept: Accept) -> int:
        """See :class:`Net`; every host has its own address."""
        del host
        if not self._loop.frozen:
            self._network.listen(self._place, accept)
        return port

    def refuse_new(self) -> None:
        """See :class:`Net`."""
        if not self._loop.frozen:
            self._network.refuse(self._place)

    async def connect(self, address: str) -> tuple[Socket, bytes]:
        """See :class:`Net`."""
        if self._loop.frozen:
            raise ConnectionAbortedError("the host has died")
        return await self._network.connect(self._place, address)
