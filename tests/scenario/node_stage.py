"""Six real nodes as a stage: real TLS, disks, votes and proofs, in one event loop; every act to another node.

The network is a test network with a scripted clock: ``advance`` commands every node's. What is read is
proved against the genesis file.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from accord_client.api import ClockState
from accord_client.errors import RejectedError
from accord_client.sdk import AccordClient
from accord_client.trust import Trust
from accord_genesis.document import open_genesis
from accord_ledger.state import Part, Table
from accord_node.config import parse
from accord_node.http import HttpServer
from accord_node.node import Node, NodeKeys
from domain_alliance import key_of
from node_network import WallClock, free_ports
from scenario.memory_stage import LIFETIME
from scenario.parties import CLOCK, SEATED, genesis_file
from scenario.stage import Act, Stage, Verdict, entry_of
from waiting import until

USES = ("link", "log", "vote", "witness")


class NodeStage(Stage):
    """Running nodes by party; :func:`nodes` makes one."""

    def __init__(self, folder: Path, ports: dict[str, int]) -> None:
        self.folder = folder
        self.ports = ports
        self.file = genesis_file(lambda party: f"wss://127.0.0.1:{ports[party]}/peer")
        self.genesis = open_genesis(self.file)
        self.time = self.genesis.document.created
        self.nonce = 0
        self.nodes: dict[str, Node] = {}
        self.servers: dict[str, HttpServer] = {}
        self.clients: dict[str, AccordClient] = {}

    async def start(self, *parties: str) -> None:
        """Start nodes, on the data they left."""
        for party in parties:
            peers = {"port": self.ports[party]}
            consensus = {"delta_ms": 200, "heartbeat_seconds": 2}
            config = parse({"party": party, "peers": peers, "http": {"port": 0}, "consensus": consensus})
            link, log, vote, witness = (key_of(party, f"node {use}") for use in USES)
            keys = NodeKeys(link, log, vote, witness)
            folder = self.folder / party
            folder.mkdir(parents=True, exist_ok=True)
            node = self.nodes[party] = await Node.open(config, folder, self.genesis, keys, WallClock())
            await node.start()
            server = self.servers[party] = HttpServer(node)
            await server.start()
            self.clients[party] = AccordClient([server.url], Trust.from_genesis(self.file))

    async def stop(self, *parties: str) -> None:
        """Stop nodes; their data stays."""
        for party in parties:
            await self.clients.pop(party).close()
            await self.servers.pop(party).close()
            await self.nodes.pop(party).close()

    async def ready(self) -> None:
        """Every running node makes progress."""
        await until(lambda: all(node.readiness()[0] for node in self.nodes.values()), "every node is ready")

    async def level(self) -> None:
        """Every running node has the newest block of any."""
        height = max(node.chain.base.height for node in self.nodes.values())
        await until(
            lambda: all(node.chain.base.height >= height for node in self.nodes.values()), f"height {height}"
        )

    def next_client(self) -> AccordClient:
        """The client of another node each time."""
        parties = sorted(self.clients)
        return self.clients[parties[self.nonce % len(parties)]]

    async def submit(self, act: Act) -> Verdict:
        """See :class:`Stage`; accepted means final and proved to be in the log."""
        self.nonce += 1
        entry = entry_of(act, self.genesis.network, self.time + LIFETIME, self.nonce)
        await self.level()
        try:
            receipt = await self.next_client().submit(entry)
        except RejectedError as error:
            return Verdict(error.code, error.detail)
        return Verdict(result=receipt.result or {})

    async def advance(self, time: int) -> None:
        """See :class:`Stage`."""
        answers = await asyncio.gather(*(client.set_clock(time, CLOCK) for client in self.clients.values()))
        assert all(isinstance(one, ClockState) for answer in answers for one in answer.values()), answers
        self.time = time
        await until(lambda: all(node.chain.base.time >= time for node in self.nodes.values()), f"time {time}")

    async def query(self, table: Table[Any], *parts: Part) -> Any:
        """See :class:`Stage`; proved."""
        await self.level()
        return (await self.next_client().state(table, *parts)).value


@asynccontextmanager
async def nodes(folder: Path) -> AsyncIterator[NodeStage]:
    """Six nodes that make progress."""
    stage = NodeStage(folder, dict(zip(SEATED, free_ports(len(SEATED)), strict=True)))
    try:
        await stage.start(*SEATED)
        await stage.ready()
        yield stage
    finally:
        await stage.stop(*list(stage.nodes))
