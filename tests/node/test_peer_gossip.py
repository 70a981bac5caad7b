"""Gossip over real links: everything spreads once, nothing invalid is relayed, losses are repaired."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from accord_node.peer import Outcome, Topic
from peer_mesh import Mesh, Node, line, random_regular, ring, star
from waiting import until

Shape = Callable[[list[str]], dict[str, tuple[str, ...]]]
FOUR = ["anna", "bert", "cleo", "dora"]
FIVE = [*FOUR, "emil"]
TEN = [f"p{number:02}" for number in range(10)]


def _has_received(node: Node, count: int) -> bool:
    return len(node.received) >= count


async def test_a_full_mesh_delivers_each_item_once_and_relays_nothing(tmp_path: Path) -> None:
    async with Mesh(tmp_path, FOUR) as mesh:
        for number in range(50):
            mesh.nodes["anna"].network.gossip.publish(Topic.VOTE, b"vote %d" % number)
        await mesh.spread(Topic.PROPOSAL, bytes(200_000), "bert")
        for party in ("bert", "cleo", "dora"):
            node = mesh.nodes[party]
            await until(partial(_has_received, node, 50), party)
            assert set(node.received.values()) == {1}
        assert mesh.nodes["anna"].received == {(Topic.PROPOSAL, bytes(200_000)): 1}
        assert mesh.total("relayed") == 0
        assert mesh.total("duplicates") == 0


@pytest.mark.parametrize("shape", [ring, line, star])
@pytest.mark.parametrize("size", [200, 300_000])
async def test_every_shape_spreads_everything(tmp_path: Path, shape: Shape, size: int) -> None:
    async with Mesh(tmp_path, FIVE, links=shape(FIVE)) as mesh:
        for number, source in enumerate(FIVE):
            await mesh.spread(Topic.CERTIFICATE, bytes([number]) * size, source)
        for node in mesh.nodes.values():
            assert set(node.received.values()) == {1}
        # In a ring an item crosses the closing edge at most once each way; a tree has no such edge.
        assert mesh.total("duplicates") <= (2 * len(FIVE) if shape is ring else 0)


@pytest.mark.parametrize("size", [200, 60_000])
async def test_three_links_each_chosen_by_chance_are_enough(tmp_path: Path, size: int) -> None:
    async with Mesh(tmp_path, TEN, links=random_regular(TEN)) as mesh:
        for source in TEN[::3]:
            await mesh.spread(Topic.CERTIFICATE, source.encode() * (size // 4), source)
        for node in mesh.nodes.values():
            assert set(node.received.values()) == {1}


async def test_many_observers_hear_everything_and_are_heard(tmp_path: Path) -> None:
    observers = [f"o{number:02}" for number in range(12)]
    async with Mesh(tmp_path, FOUR, observers=observers, observer_links=2) as mesh:
        await until(lambda: all(len(mesh.nodes[one].network.linked()) >= 2 for one in observers), "linked")
        await mesh.linked()
        await mesh.spread(Topic.VOTE, b"a vote", "anna")
        await mesh.spread(Topic.TRANSACTIONS, bytes(50_000), observers[-1])
        for node in mesh.nodes.values():
            assert set(node.received.values()) == {1}


async def test_what_is_announced_is_not_fetched_while_it_is_of_no_use(tmp_path: Path) -> None:
    async with Mesh(tmp_path, FOUR[:3], links=line(FOUR[:3])) as mesh:
        cleo, of_no_use = mesh.nodes["cleo"], True
        cleo.network.gossip.pass_over(lambda: of_no_use)
        anna = mesh.nodes["anna"].network.gossip
        anna.publish(Topic.CERTIFICATE, b"1" * 50_000)
        await until(lambda: mesh.nodes["bert"].has(Topic.CERTIFICATE, b"1" * 50_000), "half way")
        anna.publish(Topic.VOTE, b"small, and pushed after it was announced")
        await until(lambda: cleo.has(Topic.VOTE, b"small, and pushed after it was announced"), "all the way")
        assert cleo.network.counters["fetches"] == 0
        of_no_use = False
        await mesh.spread(Topic.CERTIFICATE, b"2" * 50_000, "anna")
        assert cleo.network.counters["fetches"] == 1


async def test_what_is_bad_or_ignored_is_not_relayed(tmp_path: Path) -> None:
    async with Mesh(tmp_path, FOUR[:3], links=line(FOUR[:3])) as mesh:
        bert = mesh.nodes["bert"]
        bert.verdict = lambda payload: Outcome.IGNORE if payload == b"late" else Outcome.ACCEPT
        mesh.nodes["anna"].network.gossip.publish(Topic.VOTE, b"late")
        await mesh.spread(Topic.VOTE, b"good", "anna")
        assert bert.has(Topic.VOTE, b"late")
        assert not mesh.nodes["cleo"].has(Topic.VOTE, b"late")


async def test_a_later_verdict_relays_and_does_not_hold_up_others(tmp_path: Path) -> None:
    async with Mesh(tmp_path, FOUR[:3], links=line(FOUR[:3])) as mesh:
        slow: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        mesh.nodes["bert"].verdict = lambda payload: slow if payload == b"slow" else Outcome.ACCEPT
        mesh.nodes["anna"].network.gossip.publish(Topic.PROPOSAL, b"slow")
        await mesh.spread(Topic.VOTE, b"quick", "anna")
        assert not mesh.nodes["cleo"].has(Topic.PROPOSAL, b"slow")
        slow.set_result(Outcome.ACCEPT)
        await until(lambda: mesh.nodes["cleo"].has(Topic.PROPOSAL, b"slow"))


async def test_bad_data_bans_the_sender_for_a_while(tmp_path: Path) -> None:
    async with Mesh(tmp_path, FOUR[:2]) as mesh:
        anna, bert = mesh.nodes["anna"], mesh.nodes["bert"]
        bert.verdict = lambda payload: Outcome.BAD if payload == b"forged" else Outcome.ACCEPT
        anna.network.gossip.publish(Topic.VOTE, b"forged")
        await until(lambda: bert.counters["bans"] == 1)
        await until(lambda: "anna" not in bert.network.linked())
        await until(lambda: anna.counters["dial_PEER_BANNED"] or bert.counters["dial_PEER_BANNED"])
        await mesh.linked()
        await mesh.spread(Topic.VOTE, b"sound", "anna")


async def test_a_cut_heals_and_missed_batches_are_fetched(tmp_path: Path) -> None:
    async with Mesh(tmp_path, FIVE, links=line(FIVE)) as mesh:
        cleo, dora = mesh.nodes["cleo"], mesh.nodes["dora"]
        book = mesh.book
        addresses = {party: book.endpoints.pop(party) for party in ("cleo", "dora")}
        cleo.network._table.links["dora"].stop()
        await until(lambda: "dora" not in cleo.network.linked() and "cleo" not in dora.network.linked())
        mesh.nodes["anna"].network.gossip.publish(Topic.TRANSACTIONS, b"missed batch")
        await until(lambda: cleo.has(Topic.TRANSACTIONS, b"missed batch"))
        assert not dora.has(Topic.TRANSACTIONS, b"missed batch")
        book.endpoints.update(addresses)
        book.changed()
        await until(lambda: mesh.nodes["emil"].has(Topic.TRANSACTIONS, b"missed batch"))
        assert all(set(node.received.values()) <= {1} for node in mesh.nodes.values())


def _hear(heard: dict[tuple[str, str], bytes], party: str, sender: str, status: bytes) -> None:
    heard[party, sender] = status


async def test_status_reaches_every_link(tmp_path: Path) -> None:
    async with Mesh(tmp_path, FOUR[:3]) as mesh:
        heard: dict[tuple[str, str], bytes] = {}
        for party, node in mesh.nodes.items():
            node.network.gossip.on_status(party.encode, partial(_hear, heard, party))
        await until(lambda: len(heard) == 6)
        assert all(status == sender.encode() for (_, sender), status in heard.items())


async def test_an_item_is_sent_again_only_on_demand_and_handled_once(tmp_path: Path) -> None:
    async with Mesh(tmp_path, FOUR[:2]) as mesh:
        anna, bert = mesh.nodes["anna"].network, mesh.nodes["bert"]
        name = anna.gossip.publish(Topic.VOTE, b"vote")
        assert anna.gossip.publish(Topic.VOTE, b"vote") == name
        assert anna.gossip.publish(Topic.VOTE, b"vote", again=True) == name
        await until(lambda: bert.counters["items_received"] == 2)
        assert bert.received == {(Topic.VOTE, b"vote"): 1}


async def test_a_nudge_sends_status_at_once(tmp_path: Path) -> None:
    async with Mesh(tmp_path, FOUR[:2], entropy_seconds=1000.0, entropy_max_seconds=1000.0) as mesh:
        heard: list[bytes] = []
        anna, bert = (mesh.nodes[party].network.gossip for party in FOUR[:2])
        bert.on_status(lambda: b"", lambda _, status: heard.append(status))
        anna.on_status(lambda: b"height 7", lambda *_: None)
        anna.nudge()
        await until(lambda: heard == [b"height 7"])


async def test_observers_get_everything_through_a_few_links(tmp_path: Path) -> None:
    async with Mesh(tmp_path, FOUR, observers=["olga"], observer_links=2) as mesh:
        await until(lambda: len(mesh.nodes["olga"].network.linked()) == 2)
        await mesh.linked()
        for source in FOUR:
            await mesh.spread(Topic.VOTE, source.encode(), source)
        await mesh.spread(Topic.TRANSACTIONS, bytes(50_000), "olga")
        assert set(mesh.nodes["olga"].received.values()) == {1}
