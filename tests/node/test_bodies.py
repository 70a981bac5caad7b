"""Bodies are put together whatever peers answer, and nobody waits for ever."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from accord_ledger import codec
from accord_ledger.errors import AccordError
from accord_ledger.execute import Executed
from accord_node import bodies as bodies_module
from accord_node.bodies import MAX_BODIES, Body
from accord_node.messages import Batch, RecordsWanted, Request
from accord_node.records import UnreadableBody
from node_network import Alliance, issue_entry, make_alliance, programme_entries
from peer_mesh import Mesh
from spine import Spine
from waiting import until

Answer = Callable[[RecordsWanted], list[bytes]]


@pytest.fixture(scope="module")
def alliance() -> Alliance:
    return make_alliance(4)


@pytest.fixture
async def mesh(tmp_path: Path) -> AsyncIterator[Mesh]:
    async with Mesh(tmp_path / "mesh", ["p0", "p1", "p2"]) as made:
        yield made


@pytest.fixture
async def spine(alliance: Alliance, tmp_path: Path, mesh: Mesh) -> AsyncIterator[Spine]:
    made = await Spine.open(alliance, tmp_path, mesh, "p0")
    await made.grow(programme_entries(alliance, "p0", "prog"))
    yield made
    await made.close()


def proposed(spine: Spine, alliance: Alliance, count: int = 6) -> Executed:
    """A block of records only its proposer has."""
    return spine.block([issue_entry(alliance, "p0", "prog", number) for number in range(count)])


def known(spine: Spine, block: Executed, *sources: str) -> bytes:
    hashes = tuple(item.record.entry_hash for item in block.prepared)
    spine.bodies.add(Body(block.sealed, hashes, list(sources)))
    return block.sealed.hash


def serve(mesh: Mesh, party: str, answer: Answer) -> list[RecordsWanted]:
    """Let a peer answer RECORDS like this; returns what it was asked."""
    asked: list[RecordsWanted] = []

    async def handler(_: str, payload: bytes) -> bytes:
        wanted = codec.decode(payload, RecordsWanted, limit=512 * 1024)
        asked.append(wanted)
        return codec.encode(Batch(entries=tuple(answer(wanted))))

    mesh.nodes[party].network.serve(Request.RECORDS, handler)
    return asked


def honest(block: Executed, most: int = 100) -> Answer:
    return lambda wanted: [block.entries[place] for place in wanted.places[:most]]


async def test_a_wrong_answer_costs_its_giver_the_link_and_the_next_is_asked(
    spine: Spine, alliance: Alliance, mesh: Mesh
) -> None:
    block = proposed(spine, alliance)
    serve(mesh, "p1", lambda wanted: [b"wrong"] * len(wanted.places))
    serve(mesh, "p2", honest(block))
    records = await spine.bodies.complete(known(spine, block, "p1"))
    assert tuple(item.record.entry for item in records) == block.entries
    assert "p1" not in spine.network.linked()


async def test_an_answer_in_parts_is_put_together(spine: Spine, alliance: Alliance, mesh: Mesh) -> None:
    block = proposed(spine, alliance)
    asked = [serve(mesh, party, honest(block, most=2)) for party in ("p1", "p2")]
    records = await spine.bodies.complete(known(spine, block, "p1"))
    assert len(records) == 6
    assert spine.network.linked() == {"p1", "p2"}
    assert sorted(len(wanted.places) for log in asked for wanted in log) == [2, 4, 6]


async def test_nobody_has_it_nobody_is_blamed_and_forgetting_ends_the_wait(
    spine: Spine, alliance: Alliance, mesh: Mesh
) -> None:
    asked = [serve(mesh, party, lambda _: []) for party in ("p1", "p2")]
    seal = known(spine, proposed(spine, alliance), "p1")
    waiting = asyncio.create_task(spine.bodies.complete(seal))
    await until(lambda: sum(map(len, asked)) >= 3, "asked around")
    spine.bodies.forget_views(100, keep=set())
    with pytest.raises(KeyError):
        await waiting
    assert spine.network.linked() == {"p1", "p2"}
    assert spine.reader.expected == 0


async def test_a_refusal_is_no_wrong_answer(spine: Spine, alliance: Alliance, mesh: Mesh) -> None:
    block = proposed(spine, alliance)

    async def refuse(_: str, __: bytes) -> bytes:
        raise AccordError("PEER_UNKNOWN")

    mesh.nodes["p1"].network.serve(Request.RECORDS, refuse)
    serve(mesh, "p2", honest(block))
    assert len(await spine.bodies.complete(known(spine, block, "p1"))) == 6
    assert spine.network.linked() == {"p1", "p2"}


async def test_records_that_arrive_by_gossip_meanwhile_are_not_fetched(
    spine: Spine, alliance: Alliance, mesh: Mesh, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies_module, "ARRIVAL_SECONDS", 20.0)
    block = proposed(spine, alliance)
    asked = serve(mesh, "p1", honest(block))
    waiting = asyncio.create_task(spine.bodies.complete(known(spine, block, "p1")))
    await until(lambda: spine.reader.expected == 6, "waited for")
    await spine.reader.read(block.entries)
    assert len(await waiting) == 6
    assert not asked


async def test_a_body_too_large_to_hand_on_is_invalid_and_not_fetched_to_its_end(
    spine: Spine, alliance: Alliance, mesh: Mesh, monkeypatch: pytest.MonkeyPatch
) -> None:
    block = proposed(spine, alliance)
    monkeypatch.setattr(bodies_module, "MAX_BODY_BYTES", 2 * len(block.entries[0]))
    for party in ("p1", "p2"):
        serve(mesh, party, honest(block, most=1))
    with pytest.raises(UnreadableBody):
        await spine.bodies.complete(known(spine, block, "p1"))


async def test_the_oldest_views_make_room_not_the_newest(spine: Spine) -> None:
    first = spine.block([], view=900)
    spine.bodies.add(Body(first.sealed, ()))
    for view in range(1, MAX_BODIES + 40):
        spine.bodies.add(Body(spine.block([], view=view).sealed, ()))
    assert len(spine.bodies) == MAX_BODIES
    assert spine.bodies.get(first.sealed.hash) is not None
