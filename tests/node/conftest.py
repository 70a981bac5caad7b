"""What many tests share: one member's storage and records without a network, and a small alliance with HTTP."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from accord_node.http import HttpServer
from accord_node.node import Node
from node_network import Alliance, Network, issue_entry, make_alliance, programme_entries
from peer_mesh import Mesh
from spine import Spine
from waiting import until


@pytest.fixture(scope="module")
def alliance() -> Alliance:
    """Four founders."""
    return make_alliance(4)


@pytest.fixture
async def spine(alliance: Alliance, tmp_path: Path) -> AsyncIterator[Spine]:
    """Everything of p0 between records and durable blocks, without consensus."""
    async with Mesh(tmp_path / "mesh", ["p0"]) as mesh:
        made = await Spine.open(alliance, tmp_path, mesh, "p0")
        yield made
        await made.close()


@dataclass
class Served:
    """A running network; node p0 serves HTTP."""

    alliance: Alliance
    net: Network
    server: HttpServer
    client: aiohttp.ClientSession
    batch_id: bytes = b""

    @property
    def node(self) -> Node:
        return self.net.nodes["p0"]

    async def get(self, address: str, status: int = 200, **options: Any) -> Any:
        """The JSON of an answer with this status."""
        async with self.client.get(address, **options) as answer:
            assert answer.status == status, await answer.text()
            return await answer.json(content_type=None)

    async def submit(self, *entries: bytes, wait: str = "final") -> list[dict[str, Any]]:
        body = {"entries": [base64.b64encode(entry).decode() for entry in entries], "wait": wait}
        async with self.client.post("/v1/transactions", json=body) as answer:
            assert answer.status == 200, await answer.text()
            results: list[dict[str, Any]] = (await answer.json())["results"]
            return results


async def _ready(node: Node) -> None:
    await until(lambda: node.readiness()[0], "is ready")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """The network with one programme and one batch of twelve credentials."""
    alliance = make_alliance(4)
    folder: Path = tmp_path_factory.mktemp("served")
    async with Network(alliance, folder) as net:
        server = HttpServer(net.nodes["p0"])
        await server.start()
        try:
            await _ready(net.nodes["p0"])
            async with aiohttp.ClientSession(server.url) as client:
                found = Served(alliance, net, server, client)
                await found.submit(*programme_entries(alliance, "p0", "welding"))
                [issued] = await found.submit(issue_entry(alliance, "p0", "welding", 1, count=12))
                view = await found.get(f"/v1/records/{issued['index']}")
                found.batch_id = bytes.fromhex(view["record"]["body"]["batch_id"])
                yield found
        finally:
            await server.close()
