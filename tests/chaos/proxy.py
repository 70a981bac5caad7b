"""Wires between nodes on loopback: every peer connection runs through here and can be made bad.

One listener stands at the endpoint of each node and hands on to where the node really listens. Who dials
is found in ``/proc``, since everything on loopback comes from one address. Each direction of a pair of
nodes has its own :class:`Wire`: bytes on one connection keep their order (they are a TCP stream), but
connections are delayed apart, so messages of different peers overtake each other as they like.
"""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

CHUNK_BYTES = 65_536
QUEUED_CHUNKS = 64
"""Chunks under way in one direction; then reading stops, as with a full window."""


@dataclass
class Wire:
    """How bytes fare in one direction between two nodes."""

    least: float = 0.0
    """Seconds of delay."""
    most: float = 0.0
    open: asyncio.Event = field(default_factory=asyncio.Event)
    """Cleared: nothing gets through, nobody is told."""

    def __post_init__(self) -> None:
        self.open.set()

    def heal(self) -> None:
        self.least = self.most = 0.0
        self.open.set()


def _inode_of(port: int) -> str:
    """Socket whose own end is this loopback port."""
    wanted = f"0100007F:{port:04X}"
    for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
        words = line.split()
        if words[1] == wanted:
            return words[9]
    return ""


def owner_of(port: int, pids: dict[str, int]) -> str:
    """Which of these processes holds the socket with this local port; "" if none."""
    inode = _inode_of(port)
    for party, pid in pids.items():
        with suppress(OSError):
            for link in Path(f"/proc/{pid}/fd").iterdir():
                with suppress(OSError):
                    if inode and str(link.readlink()) == f"socket:[{inode}]":
                        return party
    return ""


class Proxy:
    """All listeners and wires of an alliance.

    Args:
        ends: party -> (port of its endpoint, port where it listens).
        pids: party -> process id of every node running now.
        rng: delays.
    """

    def __init__(
        self, ends: dict[str, tuple[int, int]], pids: Callable[[], dict[str, int]], rng: random.Random
    ) -> None:
        self._ends = ends
        self._pids = pids
        self._rng = rng
        self._servers: list[asyncio.Server] = []
        self._connections: dict[asyncio.Task[None], frozenset[str]] = {}
        self.wires: dict[tuple[str, str], Wire] = defaultdict(Wire)
        """(from, to) -> how that direction fares."""
        self.carried = 0
        """Bytes handed on."""

    async def start(self) -> None:
        for party, (public, _) in self._ends.items():
            self._servers.append(await asyncio.start_server(self._accept(party), "127.0.0.1", public))

    async def close(self) -> None:
        for server in self._servers:
            server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def cut(self, party: str) -> int:
        """Break every connection of a node; returns how many there were."""
        hit = [task for task, ends in self._connections.items() if party in ends]
        for task in hit:
            task.cancel()
        return len(hit)

    def _accept(self, target: str) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], None]:
        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            port = writer.get_extra_info("peername")[1]
            source = owner_of(port, self._pids())
            task = asyncio.get_running_loop().create_task(self._carry(source, target, reader, writer))
            self._connections[task] = frozenset((source, target))
            task.add_done_callback(self._connections.pop)

        return accept

    async def _carry(
        self, source: str, target: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        there, back = self.wires[source, target], self.wires[target, source]
        try:
            await there.open.wait()
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._ends[target][1])
        except OSError:  # the node is down: the dialler sees its connection end
            writer.transport.abort()
            return
        except asyncio.CancelledError:
            writer.transport.abort()
            raise
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pump(reader, far_writer, there))
                group.create_task(self._pump(far_reader, writer, back))
        except* (OSError, EOFError):
            pass
        finally:
            writer.transport.abort()
            far_writer.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, wire: Wire) -> None:
        queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(QUEUED_CHUNKS)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._deliver(queue, writer, wire))
            while data := await reader.read(CHUNK_BYTES):
                due = asyncio.get_running_loop().time() + self._rng.uniform(wire.least, wire.most)
                await queue.put((due, data))
            await queue.put((0.0, b""))
        raise EOFError  # one side has ended: so does the other

    async def _deliver(
        self, queue: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter, wire: Wire
    ) -> None:
        while True:
            due, data = await queue.get()
            if not data:
                return
            await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))
            await wire.open.wait()
            writer.write(data)
            await writer.drain()
            self.carried += len(data)
