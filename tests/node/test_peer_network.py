"""The network as a whole: hostile frames, back-pressure, overflow, double dials and a clean end."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import uvloop

from accord_node.peer import Outcome, Topic
from accord_node.peer.frames import Bundle, ItemFrame, Want, encode_frame
from accord_node.peer.handshake import ClientHandshake, encode_message
from peer_mesh import Mesh, Node, Stranger, link_key
from waiting import until

VOTE = encode_frame(ItemFrame(origin="anna", payload=b"vote", topic=Topic.VOTE))


@pytest.fixture
async def lone(tmp_path: Path) -> AsyncIterator[Mesh]:
    """Bert alone; the test plays anna."""
    made = Mesh(
        tmp_path, ["anna", "bert"], handshake_seconds=1.0, frames_per_second=1000.0, frames_burst=50.0
    )
    await made.open(made.make("bert"))
    yield made
    await made.nodes["bert"].network.close()


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\x77garbage",
        b"\x03\xc1",
        VOTE + b"\x00",
        bytes(70_000),
        encode_frame(Bundle(frames=(VOTE, encode_frame(Bundle(frames=(VOTE, VOTE)))))),
        encode_frame(Bundle(frames=(VOTE, b""))),
    ],
)
async def test_a_broken_frame_drops_and_bans(lone: Mesh, message: bytes) -> None:
    node = lone.nodes["bert"]
    async with Stranger(lone.book.endpoints["bert"]) as anna:
        await anna.enter("bert")
        await anna.say(message)
        await anna.closed()
    await until(lambda: node.counters["link_PEER_FRAME"] == 1)
    assert node.counters["bans"] == 1
    async with Stranger(lone.book.endpoints["bert"]) as anna:
        assert await _turned_away(anna) == "PEER_BANNED"


async def _turned_away(stranger: Stranger) -> str:
    await stranger.say(encode_message(ClientHandshake(stranger.own, "bert", bytes(32)).hello()))
    return await stranger.refusal()


async def test_text_messages_are_broken_frames(lone: Mesh) -> None:
    async with Stranger(lone.book.endpoints["bert"]) as anna:
        await anna.enter("bert")
        await anna.socket.send_str("hello")
        await anna.closed()
    await until(lambda: lone.nodes["bert"].counters["link_PEER_FRAME"] == 1)


async def test_too_many_frames_pause_reading_and_lose_nothing(lone: Mesh) -> None:
    node = lone.nodes["bert"]
    async with Stranger(lone.book.endpoints["bert"]) as anna:
        await anna.enter("bert")
        for number in range(300):
            await anna.say(encode_frame(ItemFrame(origin="anna", payload=b"%d" % number, topic=Topic.VOTE)))
        await until(lambda: len(node.received) == 300)
        assert node.counters["throttled"] > 0


async def test_wants_for_what_is_not_there_are_only_counted(lone: Mesh) -> None:
    node = lone.nodes["bert"]
    async with Stranger(lone.book.endpoints["bert"]) as anna:
        await anna.enter("bert")
        await anna.say(encode_frame(Want(names=(bytes(32),) * 512)))
        await until(lambda: node.counters["wants_missed"] == 512)
        assert node.network.linked() == {"anna"}


async def test_a_newer_link_of_the_same_dialler_replaces_the_old(lone: Mesh) -> None:
    node, address = lone.nodes["bert"], lone.book.endpoints["bert"]
    async with Stranger(address) as old, Stranger(address) as new:
        await old.enter("bert")
        await new.enter("bert")
        await old.closed()
        assert node.network.linked() == {"anna"}
        assert node.counters["links_replaced"] == 1


async def test_a_dial_by_the_larger_party_yields_to_a_link_dialled_by_the_smaller(tmp_path: Path) -> None:
    async with Mesh(tmp_path, ["anna", "bert"]) as mesh:
        assert {node.network._table.links[other].dialler for node, other in _pairs(mesh)} == {"anna"}
        async with Stranger(mesh.book.endpoints["anna"], party="bert", key=link_key("bert")) as bert:
            with pytest.raises(Exception, match="PEER_DUPLICATE"):
                await bert.enter("anna")
        assert mesh.nodes["anna"].network.linked() == {"bert"}


def _pairs(mesh: Mesh) -> list[tuple[Node, str]]:
    return [(mesh.nodes["anna"], "bert"), (mesh.nodes["bert"], "anna")]


async def test_simultaneous_dials_end_in_one_link_everywhere(tmp_path: Path) -> None:
    parties = [f"party-{number}" for number in range(8)]
    async with Mesh(tmp_path, parties) as mesh:
        for party in parties:
            await mesh.spread(Topic.VOTE, party.encode(), party)
        for node in mesh.nodes.values():
            diallers = {other: link.dialler for other, link in node.network._table.links.items()}
            assert all(
                mesh.nodes[o].network._table.links[node.party].dialler == d for o, d in diallers.items()
            )


async def test_overflow_costs_transactions_first_and_anti_entropy_brings_them_back(tmp_path: Path) -> None:
    async with Mesh(tmp_path, ["anna", "bert"], queue_bytes=200_000) as mesh:
        anna, bert = mesh.nodes["anna"], mesh.nodes["bert"]
        batches = [bytes([number]) * 40_000 for number in range(20)]
        for batch in batches:
            anna.network.gossip.publish(Topic.TRANSACTIONS, batch)
        anna.network.gossip.publish(Topic.VOTE, b"vote")
        assert anna.counters["frames_dropped"] > 10
        await until(lambda: bert.has(Topic.VOTE, b"vote"))
        await until(lambda: all(bert.has(Topic.TRANSACTIONS, batch) for batch in batches))
        assert set(bert.received.values()) == {1}


async def test_batches_shed_under_load_come_back_when_there_is_room(tmp_path: Path) -> None:
    async with Mesh(tmp_path, ["anna", "bert"], pending_bytes=100_000) as mesh:
        anna, bert = mesh.nodes["anna"], mesh.nodes["bert"]
        gate: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        bert.verdict = lambda payload: gate if len(payload) > 1000 else Outcome.ACCEPT
        batches = [bytes([number]) * 30_000 for number in range(10)]
        for batch in batches:
            anna.network.gossip.publish(Topic.TRANSACTIONS, batch)
        await mesh.spread(Topic.VOTE, b"vote", "anna")
        await until(lambda: bert.counters["items_shed"] > 0)
        gate.set_result(Outcome.ACCEPT)
        await until(lambda: all(bert.has(Topic.TRANSACTIONS, batch) for batch in batches))


async def test_a_silent_peer_is_dropped(tmp_path: Path) -> None:
    made = Mesh(tmp_path, ["anna", "bert"], heartbeat_seconds=0.1)
    node = made.make("bert")
    await made.open(node)
    async with Stranger(made.book.endpoints["bert"]) as anna:
        await anna.enter("bert")
        assert node.network.linked() == {"anna"}
        await until(lambda: not node.network.linked())  # anna reads nothing, so no pong goes out
    await node.network.close()


async def test_a_defect_in_a_handler_is_reported_and_bans_nobody(tmp_path: Path) -> None:
    reported: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))
    async with Mesh(tmp_path, ["anna", "bert"]) as mesh:
        anna, bert = mesh.nodes["anna"], mesh.nodes["bert"]
        bert.verdict = lambda _: Outcome(1 / 0)
        anna.network.gossip.publish(Topic.VOTE, b"vote")
        await until(lambda: bert.counters["handler_errors"] == 1)
        bert.verdict = lambda _: Outcome.ACCEPT
        await until(lambda: bert.counters["links_closed"] and bert.network.linked() and anna.network.linked())
        await mesh.spread(Topic.VOTE, b"another", "anna")
        assert bert.counters["bans"] == 0
    assert [type(context["exception"]) for context in reported] == [ZeroDivisionError]


async def test_an_observer_exchanges_targets_that_do_not_answer(tmp_path: Path) -> None:
    made = Mesh(tmp_path, ["anna", "bert", "cleo", "dora"], observers=["olga"], observer_links=2)
    await made.open(made.make("anna"))
    await made.open(made.make("dora", links=()))
    made.book.endpoints |= {"bert": "wss://127.0.0.1:1/peer", "cleo": "https://127.0.0.1:1/peer"}
    olga = made.make("olga")
    olga_dials = olga.counters
    await made.open(olga)
    await until(lambda: olga.network.linked() == {"anna"} and olga_dials["dial_PEER_UNWANTED"])
    await until(lambda: olga_dials["dial_failed"] and olga_dials["dial_PEER_UNKNOWN"])
    await made.__aexit__()


async def test_large_networks_link_to_some_and_never_fewer_than_f_plus_1(tmp_path: Path) -> None:
    parties = [f"party-{number:02}" for number in range(40)]
    mesh = Mesh(tmp_path, parties, full_mesh=5)
    mesh.book.endpoints = {party: f"wss://{party}/peer" for party in parties}
    one, two = (mesh.make(party).network._dialer for party in parties[:2])
    assert len(one._targets()) == 14  # f = 13
    assert one._targets() - {parties[1]} != two._targets() - {parties[0]}
    assert parties[0] not in one._targets()


async def _session(folder: Path) -> set[asyncio.Task[object]]:
    before = asyncio.all_tasks()
    async with Mesh(folder, ["anna", "bert", "cleo"]) as mesh:
        hung: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

        async def never(_: bytes) -> Outcome:
            return await hung

        mesh.nodes["bert"].verdict = never
        await mesh.spread(Topic.PROPOSAL, bytes(100_000), "anna")
    return asyncio.all_tasks() - before


async def test_closing_leaves_no_task_behind(tmp_path: Path) -> None:
    assert await _session(tmp_path) == set()
    gc.collect()


def test_it_runs_on_uvloop_too(tmp_path: Path) -> None:
    assert uvloop.run(_session(tmp_path)) == set()
    gc.collect()
