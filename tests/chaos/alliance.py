"""An alliance of processes whose clocks, wires and disks a test can spoil, and what its nodes show the judge."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Self

import msgspec

from accord_client.api import NodeStatus
from accord_node.demo.processes import NodeProcess
from chaos.ballots import Ballots
from chaos.clocked_node import OFFSET_BYTES
from chaos.judge import BUNDLE, Judge, parse_checkpoint, unpack_bundle
from chaos.namespaces import Namespaces
from chaos.proxy import Proxy
from node_network import free_ports
from process_alliance import EVERYONE, GONE, MEMBERS, ProcessAlliance

LOOK_SECONDS = 10.0
"""For one look at a node that may be frozen or cut off."""
PROGRAM = Path(__file__).with_name("clocked_node.py")


class UnreadableError(Exception):
    """A node does not show its log now."""


class ChaosAlliance(ProcessAlliance):
    """See :class:`ProcessAlliance`.

    Args:
        folder: empty.
        rng: of delays.
        namespaces: nodes in network namespaces; otherwise on loopback behind proxies.
    """

    def __init__(self, folder: Path, rng: random.Random, *, namespaces: bool = False) -> None:
        self._offsets = folder
        self.namespaces = Namespaces(EVERYONE) if namespaces else None
        self._inner: dict[str, int] = {}
        for party in EVERYONE:
            self._offset_file(party).write_bytes(bytes(OFFSET_BYTES))
        super().__init__(folder)
        self.judge = Judge(self.founded.network)
        self.ballots = Ballots()
        self.proxy: Proxy | None = None
        if not namespaces:
            ends = {party: (self.peer_ports[party], self._inner[party]) for party in EVERYONE}
            self.proxy = Proxy(ends, self._pids, rng)
        self._read = dict.fromkeys(EVERYONE, 0)
        self._unjudged: list[tuple[str, int, str, str]] = []

    # -- surroundings ------------------------------------------------------------------------------

    def process(self, party: str) -> NodeProcess:
        space = party if self.namespaces else "-"
        program = (str(PROGRAM), str(self._offset_file(party)), space)
        return NodeProcess(party, self.config(party), self.url(party), program=program)

    def host(self, party: str) -> str:
        return self.namespaces.addresses[party] if self.namespaces else super().host(party)

    def listens(self, party: str) -> int:
        if self.namespaces is not None:
            return super().listens(party)
        if not self._inner:
            taken = {*self.http_ports.values(), *self.peer_ports.values()}
            others = [port for port in free_ports(3 * len(EVERYONE)) if port not in taken]
            self._inner = dict(zip(EVERYONE, others, strict=False))
        return self._inner[party]

    def _pids(self) -> dict[str, int]:
        return {party: node.pid for party, node in self.nodes.items() if node.running}

    async def __aenter__(self) -> Self:
        if self.namespaces is not None:
            self.namespaces.open()
        if self.proxy is not None:
            await self.proxy.start()
        return await super().__aenter__()

    async def __aexit__(self, *what: object) -> None:
        self.heal_wires()
        await super().__aexit__(*what)
        if self.proxy is not None:
            await self.proxy.close()

    # -- faults ------------------------------------------------------------------------------------

    def _offset_file(self, party: str) -> Path:
        return self._offsets / f"{party}.clock"

    def set_clock(self, party: str, offset: int) -> None:
        """The node's time of day is off by so many seconds from now on."""
        with self._offset_file(party).open("r+b") as file:
            file.write(offset.to_bytes(OFFSET_BYTES, "big", signed=True))

    def deafen(self, hears_not: dict[str, set[str]]) -> None:
        """Who gets nothing from whom."""
        for party, others in hears_not.items():
            if self.namespaces is not None:
                self.namespaces.deaf(party, others)
            elif self.proxy is not None:
                for other in others:
                    self.proxy.wires[other, party].open.clear()

    def part(self, group: Iterable[str]) -> None:
        """These on one side, all others on the other."""
        inside = set(group)
        outside = set(EVERYONE) - inside
        self.deafen({party: outside if party in inside else inside for party in EVERYONE})

    def heal_wires(self) -> None:
        if self.namespaces is not None:
            self.namespaces.heal()
        elif self.proxy is not None:
            for wire in self.proxy.wires.values():
                wire.heal()

    # -- what the judge is shown -------------------------------------------------------------------

    async def show(self, party: str, *, whole: bool = False) -> None:
        """Show the judge where a node stands and its log, all of it or what is new.

        Raises:
            UnreadableError: the node does not answer.
        """
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                await self._show(party, whole=whole)
        except (*GONE, msgspec.DecodeError) as error:
            raise UnreadableError(f"{party}: {error!r}") from error

    async def _asked(self, party: str, address: str) -> bytes:
        code, data = await self.get(party, address)
        if code != 200:
            raise UnreadableError(f"{party} answers {code} to {address}: {data[:200]!r}")
        return data

    async def _show(self, party: str, *, whole: bool) -> None:
        position = msgspec.json.decode(await self._asked(party, "/v1/status"), type=NodeStatus).position
        self._unjudged.append((party, position.height, position.block_hash, position.state_root))
        size, root = parse_checkpoint(await self._asked(party, "/checkpoint"))
        if size < self._read[party]:
            self.judge.violated(f"{party} served a checkpoint of {self._read[party]} entries, now of {size}")
        start = 0 if whole else self._read[party] // BUNDLE * BUNDLE
        for first in range(start, size, BUNDLE):
            width = min(BUNDLE, size - first)
            data = await self._asked(party, _bundle_path(first // BUNDLE, width))
            self.judge.sees_log(party, first, unpack_bundle(data))
        self._read[party] = size
        self.judge.sees_checkpoint(party, size, root)
        self._judge_positions()

    def _judge_positions(self) -> None:
        """Positions wait until some log has come that far."""
        later = []
        for said in self._unjudged:
            if said[1] in self.judge.seals:
                self.judge.sees_position(*said)
            elif said[1]:
                later.append(said)
        self._unjudged = later

    async def show_all(self) -> None:
        """Show what can be seen now."""
        for party in EVERYONE:
            with suppress(UnreadableError):
                await self.show(party)

    def read_ballots(self, *parties: str) -> None:
        """Keep what stands in the members' journals now."""
        for party in parties or MEMBERS:
            self.ballots.read(party, self.data(party) / "journal")


def _bundle_path(index: int, width: int) -> str:
    place = f"{index % 1000:03d}"
    while index := index // 1000:
        place = f"x{index % 1000:03d}/{place}"
    return f"/tile/entries/{place}" + (f".p/{width}" if width < BUNDLE else "")
