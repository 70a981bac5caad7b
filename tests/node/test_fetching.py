"""Ranges are fetched ahead, from peers in turn, and never more of them than fit."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from accord_ledger import codec
from accord_ledger.execute import Executed
from accord_node import fetching
from accord_node.fetching import Fetched, Ranges
from accord_node.messages import Block, Range, RangeWanted, Request
from accord_node.ranges import BlockRead, Place
from accord_node.storage.store import Beginning, Store
from accord_node.workers import Workers
from final_blocks import bodies, chain_on
from node_network import Alliance, make_alliance
from peer_mesh import Mesh
from spine import finalization
from waiting import until

LENGTH = 12


@pytest.fixture(scope="module")
def alliance() -> Alliance:
    return make_alliance(4)


@pytest.fixture
async def mesh(tmp_path: Path) -> AsyncIterator[Mesh]:
    async with Mesh(tmp_path / "mesh", ["p0", "p1", "p2"], ban_min_seconds=60.0) as made:
        yield made


@pytest.fixture
async def worker() -> AsyncIterator[Workers]:
    made = Workers("fetching")
    yield made
    made.close()


class Way:
    """A chain of final blocks, peers that serve it, and the way along it."""

    def __init__(self, alliance: Alliance, store: Store, mesh: Mesh, worker: Workers) -> None:
        self.alliance = alliance
        self.chain: list[Executed] = chain_on(alliance, store.base, bodies(alliance, LENGTH - 1))
        self.mesh = mesh
        self.worker = worker
        self.useless = Counter[str]()
        self.asked: list[tuple[str, int]] = []
        self.read: list[int] = []
        self.start = Place(store.base.seal_hash, 0)
        self.made: list[Ranges] = []

    def serve(
        self, party: str, count: int = 2, wait: Callable[[], asyncio.Future[None]] | None = None
    ) -> None:
        async def answer(_: str, payload: bytes) -> bytes:
            first = codec.decode(payload, RangeWanted).first
            self.asked.append((party, first))
            if wait is not None:
                await wait()
            part = self.chain[first - 1 : first - 1 + count]
            blocks = tuple(Block(seal=one.sealed.entry, entries=one.entries) for one in part)
            last = part[-1]
            final = finalization(self.alliance, last.sealed.hash, last.version.height)
            return codec.encode(Range(blocks=blocks, certificate=final))

        self.mesh.nodes[party].network.serve(Request.RANGE, answer)

    async def _read(self, payload: bytes) -> list[BlockRead]:
        self.read.append(len(codec.decode(payload, Range, limit=len(payload)).blocks))
        return []

    def begin(self, height: int = LENGTH) -> Ranges:
        target = finalization(self.alliance, self.chain[height - 1].sealed.hash, height)
        network = self.mesh.nodes["p0"].network
        ranges = Ranges(network, self.worker, lambda _: True, self._read, self.useless, self.start, target)
        self.made.append(ranges)
        return ranges

    async def all_of(self, ranges: Ranges) -> list[Fetched]:
        found = []
        async with asyncio.timeout(20):
            while (item := await ranges.take()) is not None:
                found.append(item)
        return found


@pytest.fixture
async def way(alliance: Alliance, tmp_path: Path, mesh: Mesh, worker: Workers) -> AsyncIterator[Way]:
    store = await Store.open(tmp_path / "data", Beginning.of(alliance.genesis), worker)
    made = Way(alliance, store, mesh, worker)
    yield made
    for ranges in made.made:
        await ranges.close()
    await store.close()


async def test_peers_take_turns_and_the_ranges_are_in_order(way: Way) -> None:
    way.serve("p1")
    way.serve("p2")
    found = await way.all_of(way.begin())
    assert way.asked == [("p1", 1), ("p2", 3), ("p1", 5), ("p2", 7), ("p1", 9), ("p2", 11)]
    assert [block.place.height for item in found for block in item.blocks] == list(range(1, LENGTH + 1))
    assert [item.party for item in found] == ["p1", "p2"] * 3
    assert all(item.finalization is not None for item in found)


async def test_nothing_beyond_the_target_is_handed_out(way: Way) -> None:
    way.serve("p1", count=5)
    found = await way.all_of(way.begin(height=7))
    assert [len(item.blocks) for item in found] == [5, 2]
    assert found[-1].finalization is not None
    assert found[-1].finalization.seal == way.chain[6].sealed.hash


async def test_no_more_is_fetched_ahead_than_fits(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    way.serve("p1")
    monkeypatch.setattr(fetching, "AHEAD_BYTES", 1)
    ranges = way.begin()
    await until(lambda: len(way.read) == 1, "the first one read")
    for taken in range(1, 4):
        assert await ranges.take() is not None
        await until(lambda: len(way.read) > taken, "the next one read")  # noqa: B023 - awaited here
        assert len(way.asked) == len(way.read) == taken + 1


async def test_who_is_slow_is_asked_last(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "SLOW_SECONDS", 0.2)
    gate: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    way.serve("p1", wait=lambda: gate)
    way.serve("p2")
    asyncio.get_running_loop().call_later(0.3, gate.set_result, None)
    found = await way.all_of(way.begin())
    assert [item.party for item in found] == ["p1"] + ["p2"] * 5
    assert way.useless == {"p1": 1, "p2": 0}


async def test_who_does_not_answer_in_time_is_replaced(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "RANGE_SECONDS", 0.2)
    gate: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    way.serve("p1", wait=lambda: gate)
    way.serve("p2")
    found = await way.all_of(way.begin())
    assert [item.party for item in found] == ["p2"] * 6
    gate.set_result(None)


async def test_whoever_stops_leaves_no_task_behind(way: Way) -> None:
    way.serve("p1")
    before = asyncio.all_tasks()
    ranges = way.begin()
    assert await ranges.take() is not None
    await ranges.close()
    left = {task for task in asyncio.all_tasks() - before if "Ranges" in repr(task) or "_read" in repr(task)}
    assert not {task for task in left if not task.done()}
