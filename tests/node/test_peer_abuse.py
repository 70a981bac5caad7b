"""Peers and strangers that cost without lying: many connections, pings, nothing read, too much asked. All of it is bounded."""

from __future__ import annotations

import asyncio
import secrets
import socket
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from aiohttp import WSMessage, WSMsgType

from accord_node.peer import Outcome, Topic, item_name
from accord_node.peer.frames import Announce, Frame, ItemFrame, Lane, Request, StatusFrame, Want, encode_frame
from peer_mesh import Mesh, Node, Stranger, link_key
from waiting import until

SERVER, MEMBER = "bert", "anna"


async def alone(folder: Path, stack: AsyncExitStack, **config: Any) -> tuple[Mesh, str]:
    """One node that takes links, and its address."""
    mesh = Mesh(folder, [MEMBER, SERVER], **config)
    await mesh.open(mesh.make(SERVER))
    stack.push_async_callback(mesh.nodes[SERVER].network.close)
    return mesh, mesh.book.endpoints[SERVER]


async def member(stack: AsyncExitStack, address: str) -> Stranger:
    """A proven peer that says what the test wants."""
    stranger = await stack.enter_async_context(Stranger(address, party=MEMBER, key=link_key(MEMBER)))
    await stranger.enter(SERVER)
    return stranger


async def silent(stack: AsyncExitStack, port: int, address: str = "127.0.0.1") -> socket.socket:
    """A connection from this address of the loopback on which nothing is said."""
    stranger = stack.enter_context(socket.socket())
    stranger.setblocking(False)
    stranger.bind((address, 0))
    await asyncio.get_running_loop().sock_connect(stranger, ("127.0.0.1", port))
    return stranger


def descriptors() -> int:
    """Open ones of this process, both ends of each connection among them."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


async def test_strangers_that_say_nothing_get_no_descriptors_without_end(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        mesh, address = await alone(tmp_path, stack, max_unproven=8, max_unproven_per_address=6)
        port = int(address.split(":")[2].split("/")[0])
        before = descriptors()
        for _ in range(60):
            await silent(stack, port)
        node = mesh.nodes[SERVER]
        await until(lambda: node.counters["handshake_PEER_BUSY"] == 60 - 6)
        assert descriptors() - before - 60 <= 6


async def test_who_only_holds_places_loses_them_to_who_comes(tmp_path: Path) -> None:
    """The address that holds most loses its oldest, and a member that needs a moment gets in."""
    async with AsyncExitStack() as stack:
        mesh, address = await alone(tmp_path, stack, max_unproven=4, handshake_seconds=60.0)
        port = int(address.split(":")[2].split("/")[0])
        other = await silent(stack, port, "127.0.0.3")
        many = [await silent(stack, port, "127.0.0.2") for _ in range(3)]
        await member(stack, address)
        loop = asyncio.get_running_loop()
        assert await loop.sock_recv(many[0], 1) == b""
        for kept in (other, *many[1:]):
            with pytest.raises(BlockingIOError):
                kept.recv(1)
        assert mesh.nodes[SERVER].network.linked() == {MEMBER}


async def test_a_ping_before_the_proof_ends_the_connection(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        mesh, address = await alone(tmp_path, stack, handshake_seconds=60.0)
        stranger = await stack.enter_async_context(Stranger(address))
        await stranger.socket.ping()
        await stranger.closed()
        assert mesh.nodes[SERVER].counters["handshake_PEER_GONE"] == 1


async def test_pings_of_a_peer_count_as_frames_and_are_answered(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        mesh, address = await alone(tmp_path, stack, frames_per_second=60.0, frames_burst=20.0)
        peer = await member(stack, address)
        for _ in range(200):
            await peer.socket.ping(b"x")
        node = mesh.nodes[SERVER]
        await until(lambda: node.counters["frames_received"] >= 200)
        assert node.counters["throttled"] > 0
        assert node.network.linked() == {MEMBER}


async def full(stack: AsyncExitStack, folder: Path) -> tuple[Mesh, Stranger]:
    """A node whose connection to a peer takes nothing more, since the peer reads nothing."""
    mesh, address = await alone(folder, stack, heartbeat_seconds=600.0)
    node = mesh.nodes[SERVER]
    peer = await member(stack, address)
    payload = secrets.token_bytes(1_000_000)
    node.network.gossip.publish(Topic.TRANSACTIONS, payload)
    await peer.say(encode_frame(Want(names=(item_name(Topic.TRANSACTIONS, payload),) * 30)))
    link = node.network._table.links[MEMBER]
    await until(lambda: link._socket._req.protocol._paused)  # type: ignore[attr-defined]  # aiohttp's
    return mesh, peer


async def test_who_reads_nothing_is_let_go_all_the_same(tmp_path: Path) -> None:
    """Its connection is full, so even saying goodbye would wait for ever."""
    async with AsyncExitStack() as stack:
        mesh, _ = await full(stack, tmp_path)
        node = mesh.nodes[SERVER]
        node.network.punish(MEMBER)
        await until(lambda: not node.network.linked(), seconds=10)


async def test_who_reads_nothing_answers_for_what_it_says(tmp_path: Path) -> None:
    """A sender that was cancelled while it waited for room must not hide why the link ended."""
    async with AsyncExitStack() as stack:
        mesh, peer = await full(stack, tmp_path)
        node = mesh.nodes[SERVER]
        await peer.say(b"\xff is no frame")
        await until(lambda: not node.network.linked(), seconds=10)
        assert node.counters["link_PEER_FRAME"] == node.counters["bans"] == 1


def answers_later(node: Node) -> asyncio.Event:
    """Questions of kind 7 are answered once the event is set."""
    asked = asyncio.Event()

    async def hang(party: str, payload: bytes) -> bytes:
        await asked.wait()
        return b""

    node.network.serve(7, hang)
    return asked


async def test_questions_that_wait_are_bounded_in_bytes(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        mesh, address = await alone(tmp_path, stack, request_slots=1, request_bytes=500_000)
        node = mesh.nodes[SERVER]
        asked = answers_later(node)
        peer = await member(stack, address)
        for number in range(40):
            await peer.say(encode_frame(Request(id=number, kind=7, payload=bytes(50_000))))
        await until(lambda: node.counters["frames_received"] >= 40)
        [exchange] = node.network._requests._exchanges.values()
        assert sum(len(frame.payload) for frame in exchange.waiting) <= 500_000
        assert node.counters["requests_refused"] == 40 - 1 - 10
        asked.set()
        await until(lambda: node.counters["requests_served"] == 11)
        assert exchange.waiting_bytes == 0


async def test_questions_that_wait_are_bounded_in_number(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        mesh, address = await alone(tmp_path, stack, request_slots=1, request_queue=8)
        node = mesh.nodes[SERVER]
        asked = answers_later(node)
        peer = await member(stack, address)
        for number in range(40):
            await peer.say(encode_frame(Request(id=number, kind=7, payload=b"")))
        await until(lambda: node.counters["requests_refused"] == 40 - 1 - 8)
        asked.set()
        await until(lambda: node.counters["requests_served"] == 1 + 8)


async def test_who_reads_no_answers_gets_no_more_of_them(tmp_path: Path) -> None:
    """They would pile up in memory, or be made for nothing."""
    async with AsyncExitStack() as stack:
        mesh, address = await alone(tmp_path, stack, heartbeat_seconds=600.0)
        node = mesh.nodes[SERVER]
        made = 0

        async def much(party: str, payload: bytes) -> bytes:
            nonlocal made
            made += 1
            return bytes(2_000_000)

        node.network.serve(7, much)
        peer = await member(stack, address)
        for number in range(40):
            await peer.say(encode_frame(Request(id=number, kind=7, payload=b"")))
        link = node.network._table.links[MEMBER]
        await until(lambda: link._socket._req.protocol._paused)  # type: ignore[attr-defined]  # aiohttp's
        await until(lambda: link.outbox.waiting(Lane.RESPONSE) >= 4)
        for _ in range(100):  # whoever could go on now would
            await asyncio.sleep(0)
        assert made < 16
        assert "frames_dropped" not in node.counters


@pytest.mark.parametrize(
    "frame", [StatusFrame(payload=b"x"), Announce(names=(bytes(32),)), Request(id=1, kind=99, payload=b"")]
)
async def test_what_makes_a_node_look_things_up_counts_for_more(tmp_path: Path, frame: Frame) -> None:
    limits = {"frames_per_second": 10.0, "frames_burst": 200.0}
    async with AsyncExitStack() as stack:
        mesh, address = await alone(tmp_path, stack, **limits)
        node = mesh.nodes[SERVER]
        peer = await member(stack, address)
        for number in range(40):  # so many frames of another kind are nothing
            await peer.say(encode_frame(ItemFrame(origin=MEMBER, payload=b"%d" % number, topic=Topic.VOTE)))
        await until(lambda: node.counters["frames_received"] == 40)
        assert node.counters["throttled"] == 0
        for _ in range(40):
            await peer.say(encode_frame(frame))
        await until(lambda: node.counters["throttled"] > 0)
        node.network.punish(MEMBER)  # or its debt would be waited for


async def test_reading_stops_while_too_much_of_a_peer_awaits_its_verdict(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        mesh, address = await alone(tmp_path, stack, pending_items=10)
        node = mesh.nodes[SERVER]
        verdict: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        node.verdict = lambda _: verdict
        peer = await member(stack, address)
        for number in range(50):
            item = ItemFrame(origin=MEMBER, payload=number.to_bytes(2, "big"), topic=Topic.VOTE)
            await peer.say(encode_frame(item))
        await until(lambda: node.counters["paused"] > 0)
        assert len(node.received) == 10 + 1
        verdict.set_result(Outcome.IGNORE)
        await until(lambda: len(node.received) == 50)


async def test_what_a_peer_is_answered_counts_against_its_budget(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        mesh, address = await alone(tmp_path, stack, bytes_per_second=1e5, bytes_burst=1e6)
        node = mesh.nodes[SERVER]

        async def much(party: str, payload: bytes) -> bytes:
            return bytes(400_000)

        node.network.serve(7, much)
        peer = await member(stack, address)
        for number in range(4):
            await peer.say(encode_frame(Request(id=number, kind=7, payload=b"")))
        await until(lambda: node.counters["requests_served"] == 4)
        await peer.say(encode_frame(Request(id=9, kind=7, payload=b"")))
        await until(lambda: node.counters["throttled"] > 0)
        node.network.punish(MEMBER)  # or its debt would be waited for


class Deaf:
    """A connection whose other side never answers a goodbye."""

    closed = False

    async def receive(self) -> WSMessage:
        return WSMessage(WSMsgType.CLOSED, None, None)

    async def send_bytes(self, data: bytes) -> None:
        raise ConnectionResetError

    async def pong(self, message: bytes) -> None:
        raise ConnectionResetError

    async def close(self) -> bool:
        await asyncio.get_running_loop().create_future()
        return True


async def test_a_goodbye_that_nobody_answers_ends(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        mesh, _ = await alone(tmp_path, stack)
        node = mesh.nodes[SERVER]
        table = node.network._table
        link = table.enter(MEMBER, link_key(MEMBER).public, MEMBER, Deaf())
        async with asyncio.timeout(20):
            await table.serve(link)
        assert node.network.linked() == set()
        assert node.counters["closes_cut_short"] == 1
