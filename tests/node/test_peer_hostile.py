"""Peers that the ledger knows and that mean ill: floods, empty promises, crowding out. What is true gets through."""

from __future__ import annotations

import secrets
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import ClientConnectionResetError
from aiohttp.abc import AbstractStreamWriter
from aiohttp.test_utils import make_mocked_request

from accord_node.peer import Topic, item_name
from accord_node.peer.acceptor import PATH
from accord_node.peer.frames import Announce, ItemFrame, Neighbours, Want, encode_frame
from accord_node.peer.handshake import ClientHandshake, encode_message
from peer_mesh import Mesh, Stranger, link_key
from waiting import until

HONEST = ["anna", "cleo"]
LIARS = [f"liar-{number}" for number in range(4)]
VICTIM = "zoe"
LARGE = 20_000
"""Announced by name when relayed."""


@asynccontextmanager
async def besieged(
    folder: Path, liars: list[str], **config: Any
) -> AsyncIterator[tuple[Mesh, list[Stranger]]]:
    """anna - cleo - zoe in a line of honest nodes; zoe is linked to all the liars as well."""
    links = {
        "anna": ("cleo",),
        "cleo": ("anna", VICTIM),
        VICTIM: ("cleo", *liars),
        **dict.fromkeys(liars, ()),
    }
    mesh = Mesh(folder, [*HONEST, VICTIM, *liars], links, **config)
    async with AsyncExitStack() as stack:
        for party in (*HONEST, VICTIM):
            await mesh.open(mesh.make(party))
            stack.push_async_callback(mesh.nodes[party].network.close)
        mesh.book.changed()
        await until(lambda: mesh.nodes["cleo"].network.linked() == {"anna", VICTIM})
        strangers = []
        for liar in liars:
            stranger = Stranger(mesh.book.endpoints[VICTIM], party=liar, key=link_key(liar))
            strangers.append(await stack.enter_async_context(stranger))
            await stranger.enter(VICTIM)
        await until(lambda: mesh.nodes[VICTIM].network.linked() == {"cleo", *liars})
        yield mesh, strangers


async def test_one_honest_link_among_liars_is_enough(tmp_path: Path) -> None:
    """The liars promise the very item first and never give it."""
    async with besieged(tmp_path, LIARS) as (mesh, liars):
        payload = secrets.token_bytes(LARGE)
        name = item_name(Topic.PROPOSAL, payload)
        for liar in liars:
            await liar.say(encode_frame(Announce(names=(name,))))
        victim = mesh.nodes[VICTIM]
        await until(lambda: victim.counters["fetches"] == 1)
        await mesh.spread(Topic.PROPOSAL, payload, "anna")
        assert victim.received[Topic.PROPOSAL, payload] == 1
        assert victim.senders[-1] == "cleo"


async def test_promises_of_a_liar_fill_its_share_and_no_more(tmp_path: Path) -> None:
    async with besieged(tmp_path, LIARS[:1], max_fetches=64, fetch_seconds=5.0) as (mesh, [liar]):
        victim = mesh.nodes[VICTIM]
        for _ in range(4):
            await liar.say(encode_frame(Announce(names=tuple(secrets.token_bytes(32) for _ in range(500)))))
        await until(lambda: victim.counters["frames_received"] >= 4 and victim.counters["fetches"] >= 16)
        await mesh.spread(Topic.TRANSACTIONS, secrets.token_bytes(LARGE), "anna")
        assert victim.counters["fetches"] == 64 // 4 + 1
        assert len(victim.network.gossip._fetches) <= 64 // 4


async def test_a_flood_of_items_is_remembered_within_bounds_and_delays_nobody(tmp_path: Path) -> None:
    async with besieged(tmp_path, LIARS[:1], seen_items=200, store_bytes=50_000) as (mesh, [liar]):
        victim = mesh.nodes[VICTIM]
        for _ in range(500):
            item = ItemFrame(origin=LIARS[0], payload=secrets.token_bytes(500), topic=Topic.TRANSACTIONS)
            await liar.say(encode_frame(item))
        await mesh.spread(Topic.VOTE, b"vote", "anna")
        await until(lambda: victim.counters["items_received"] > 500)
        gossip = victim.network.gossip
        assert len(gossip._seen) <= 200
        assert gossip._store.size <= 50_000


async def test_asking_for_much_costs_the_asker_and_bounds_what_waits(tmp_path: Path) -> None:
    limits = {"queue_bytes": 400_000, "bytes_per_second": 1e6, "bytes_burst": 1e6}
    async with besieged(tmp_path, LIARS[:1], **limits) as (mesh, [liar]):
        payload = secrets.token_bytes(100_000)
        victim = mesh.nodes[VICTIM]
        await mesh.spread(Topic.TRANSACTIONS, payload, "anna")
        await liar.say(encode_frame(Want(names=(item_name(Topic.TRANSACTIONS, payload),) * 500)))
        await until(lambda: victim.counters["wants_served"] >= 500)
        assert victim.counters["frames_dropped"] > 400
        assert victim.network._table.links[LIARS[0]].outbox.size <= 400_000
        await until(lambda: victim.counters["throttled"] > 0)
        await mesh.spread(Topic.VOTE, b"vote", "anna")


async def test_whoever_claims_all_neighbours_starves_only_itself(tmp_path: Path) -> None:
    async with besieged(tmp_path, LIARS[:1]) as (mesh, [liar]):
        await liar.say(encode_frame(Neighbours(parties=tuple(sorted([*HONEST, VICTIM])))))
        victim = mesh.nodes[VICTIM]
        await until(lambda: LIARS[0] in victim.network.gossip._neighbours)
        await mesh.spread(Topic.VOTE, b"vote", "anna")
        assert victim.counters["relayed"] == 0


async def test_observers_cannot_crowd_out_validators(tmp_path: Path) -> None:
    """With every place taken, one more observer is turned away and a validator is let in."""
    mesh = Mesh(tmp_path, ["anna", VICTIM], observers=LIARS, max_links=2)
    await mesh.open(mesh.make(VICTIM))
    address = mesh.book.endpoints[VICTIM]
    async with AsyncExitStack() as stack:
        stack.push_async_callback(mesh.nodes[VICTIM].network.close)
        for liar in LIARS[:2]:
            stranger = await stack.enter_async_context(Stranger(address, party=liar, key=link_key(liar)))
            await stranger.enter(VICTIM)
        late = await stack.enter_async_context(Stranger(address, party=LIARS[2], key=link_key(LIARS[2])))
        hello = ClientHandshake(late.own, VICTIM, bytes(32)).hello()
        await late.say(encode_message(hello))
        assert await late.refusal() == "PEER_BUSY"
        anna = await stack.enter_async_context(Stranger(address))
        await anna.enter(VICTIM)
        assert mesh.nodes[VICTIM].network.linked() == {*LIARS[:2], "anna"}


class Reset(AbstractStreamWriter):
    """The way back of a connection that was reset after its request."""

    async def write_headers(self, *_: Any) -> None:
        raise ClientConnectionResetError("Cannot write to closing transport")

    async def write(self, *_: Any) -> None:
        raise AssertionError("nothing is written after headers that could not be")

    async def write_eof(self, *_: Any) -> None:
        raise AssertionError("what never began has no end")

    async def drain(self) -> None:
        return

    def enable_compression(self, *_: Any) -> None:
        return

    def enable_chunking(self) -> None:
        return


async def test_a_connection_reset_before_it_is_answered_is_no_defect(tmp_path: Path) -> None:
    async with besieged(tmp_path, LIARS[:1]) as (mesh, _):
        victim = mesh.nodes[VICTIM]
        headers = {
            "Upgrade": "websocket",
            "Connection": "upgrade",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": b64encode(bytes(16)).decode(),
        }
        answer = await victim.network._acceptor._handle(
            make_mocked_request("GET", PATH, headers=headers, writer=Reset())
        )
        assert answer.status == 400  # a WebSocket that never began could not be ended
        assert victim.counters["handshake_PEER_GONE"] == 1
