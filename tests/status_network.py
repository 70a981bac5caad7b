"""A network whose node p0 signs status lists for its institution, and what the tests ask of it."""

from __future__ import annotations

import dataclasses
import time
from typing import Any

import aiohttp
import msgspec

from accord_client.documents.did_web import did_resolver
from accord_client.documents.json_guard import JsonObject, load_object
from accord_client.documents.multikey import Resolve
from accord_client.documents.status_bitstring import CheckedList, check_status_list
from accord_ledger.domain.kinds.status import StatusBody
from accord_ledger.domain.model.credential import Interval
from accord_node.config import Config, parse
from accord_node.http import HttpServer
from accord_node.node import NodeKeys
from node_network import Alliance, Network, key
from waiting import until

URL = "https://p0.example"
DID = "did:web:p0.example:parties:p0"


class StatusAlliance(Alliance):
    """Every node holds its institution's ``status`` key."""

    def node_keys(self, party: str, *, observer: bool = False) -> NodeKeys:
        keys = super().node_keys(party, observer=observer)
        return dataclasses.replace(keys, status={party: key(party, "status")})


class StatusNetwork(Network):
    """Every node has a public address."""

    def config(self, party: str, **peers: Any) -> Config:
        plain = msgspec.to_builtins(super().config(party, **peers))
        publish = {
            "url": f"https://{party}.example",
            "status_window_seconds": 3600,
            "status_ttl_seconds": 240,
        }
        return parse(plain | {"publish": publish})


def status_alliance(alliance: Alliance) -> StatusAlliance:
    return StatusAlliance(alliance.genesis_file, alliance.genesis, alliance.parties, alliance.ports)


@dataclasses.dataclass
class StatusWorld:
    """The network, one batch on p0's list, and a client of p0."""

    alliance: StatusAlliance
    net: StatusNetwork
    server: HttpServer
    client: aiohttp.ClientSession
    batch_id: bytes = b""
    start: int = 0

    @property
    def list_path(self) -> str:
        return "/v1/status-lists/p0/p0-list"

    async def submit(self, *entries: bytes) -> int:
        """Submit and wait; returns the block time of the last one, the only block of its second."""
        node = self.net.nodes["p0"]
        await until(lambda: time.time() >= node.chain.base.time + 1, "another second")
        results = await node.submissions.submit(list(entries), wait=True, timeout=30)
        assert {item.status for item in results} == {"final"}, results
        height = results[-1].height
        return next(version.time for version in node.versions if version.height == height)

    async def change(self, action: str, *indexes: int, **options: Any) -> int:
        """T17 on credentials of the batch."""
        ranges = tuple(Interval(start=index, end=index + 1) for index in indexes)
        body = StatusBody(batch_id=self.batch_id, ranges=ranges, action=action, **options)  # type: ignore[arg-type]
        return await self.submit(self.alliance.entry("credential_status", "p0", body, "registrar", "quality"))

    async def get(self, address: str, status: int = 200, **options: Any) -> bytes:
        async with self.client.get(address, **options) as answer:
            body = await answer.read()
            assert answer.status == status, body
            return body

    async def document(self, address: str, **options: Any) -> JsonObject:
        return load_object(await self.get(address, **options))

    async def resolver(self) -> Resolve:
        return did_resolver(await self.document("/parties/p0/did.json"), at=int(time.time()))

    async def checked(self, purpose: str, at: int | None = None) -> CheckedList:
        """A list as a verifier takes it, now or as of a time."""
        query = {} if at is None else {"params": {"timestamp": _stamp(at)}}
        document = await self.document(f"{self.list_path}/{purpose}", **query)
        moment = max(at or int(time.time()), self.net.nodes["p0"].chain.base.time if at is None else 0)
        return check_status_list(document, await self.resolver(), issuer=DID, at=moment)

    async def set_bits(self, purpose: str, at: int | None = None) -> list[int]:
        """Indexes of the batch whose bits are set."""
        found = await self.checked(purpose, at)
        return [place - self.start for place in found.bits.positions()]


def _stamp(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
