"""From finalization to durable fact: also when everybody was stopped in between."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from accord_node.bodies import Body
from node_network import Alliance, Network, issue_entry, make_alliance, programme_entries
from peer_mesh import Mesh
from spine import Spine, finalization
from waiting import until


@pytest.fixture(scope="module")
def alliance() -> Alliance:
    return make_alliance(4)


@pytest.fixture
async def spine(alliance: Alliance, tmp_path: Path) -> AsyncIterator[Spine]:
    async with Mesh(tmp_path / "mesh", ["p0", "p1"]) as mesh:
        made = await Spine.open(alliance, tmp_path, mesh, "p0")
        await made.grow(programme_entries(alliance, "p0", "prog"))
        made.finaliser.start()
        yield made
        await made.close()


async def test_all_stopped_after_finality_and_before_any_commit_finalise_out_of_their_journals(
    alliance: Alliance, tmp_path: Path
) -> None:
    network = Network(alliance, tmp_path, {"heartbeat_seconds": 60})
    async with network:
        for entry in programme_entries(alliance, "p0", "prog"):
            await network.nodes["p0"].submissions.submit([entry], wait=True, timeout=30)
        await until(
            lambda: len({node.chain.base.height for node in network.nodes.values()}) == 1, "one height"
        )
        height = network.nodes["p0"].chain.base.height
        seal = network.nodes["p0"].chain.base.seal_hash
        await network.stop()
        for party in alliance.parties:  # what a node's disk holds when nothing was committed yet
            data = tmp_path / party / network.config(party).data
            shutil.rmtree(data / "log")
            for file in data.glob("state.sqlite*"):
                file.unlink()
        await network.start()
        await until(
            lambda: all(node.chain.base.height >= height for node in network.nodes.values()),
            "finalised again",
        )
        row = await network.nodes["p3"].store.database.block(height)
        assert row is not None
        assert row.seal_hash == seal


async def test_a_final_block_whose_body_is_here_needs_no_peer(spine: Spine, alliance: Alliance) -> None:
    block = spine.block([issue_entry(alliance, "p0", "prog", 0)])
    hashes = tuple(item.record.entry_hash for item in block.prepared)
    spine.bodies.add(Body(block.sealed, hashes, records=block.prepared))
    spine.finaliser.finalised(finalization(alliance, block.sealed.hash, 2), block.sealed.hash)
    await until(lambda: spine.chain.base.seal_hash == block.sealed.hash, "durable")
    assert spine.catch_up.fetched == 0


async def test_finalizations_repeated_and_from_below_the_base_are_passed_over(
    spine: Spine, alliance: Alliance
) -> None:
    seals = [spine.chain.base.seal_hash]
    for number in range(3):
        block = await spine.execute(spine.block([issue_entry(alliance, "p0", "prog", number)]))
        spine.finaliser.finalised(finalization(alliance, block.sealed.hash, 2 + number), block.sealed.hash)
        seals.append(block.sealed.hash)
        await until(lambda: spine.chain.base.seal_hash == seals[-1], "durable")
    for view, seal in enumerate(seals, 1):
        spine.finaliser.finalised(finalization(alliance, seal, view), seal)
    last = await spine.execute(spine.block([]))
    spine.finaliser.finalised(finalization(alliance, last.sealed.hash, 9), last.sealed.hash)
    await until(lambda: spine.chain.base.seal_hash == last.sealed.hash, "not stuck")
    assert not spine.fatal


async def test_more_finalizations_than_the_queue_holds_still_reach_the_newest(
    spine: Spine, alliance: Alliance
) -> None:
    block = await spine.execute(spine.block([]))
    old = finalization(alliance, spine.chain.base.seal_hash, 1)
    for _ in range(3000):
        spine.finaliser.finalised(old, old.seal)
    spine.finaliser.finalised(finalization(alliance, block.sealed.hash, 2), block.sealed.hash)
    await until(lambda: spine.chain.base.seal_hash == block.sealed.hash, "durable")


async def test_closing_waits_for_the_block_being_written(alliance: Alliance, tmp_path: Path) -> None:
    async with Mesh(tmp_path / "mesh", ["p0"]) as mesh:
        spine = await Spine.open(alliance, tmp_path, mesh, "p0")
        block = await spine.execute(spine.block(programme_entries(alliance, "p0", "prog")))
        spine.finaliser.start()
        slow = spine.store.files._alone  # as while a checkpoint is written to a slow disk
        with slow:
            spine.finaliser.finalised(finalization(alliance, block.sealed.hash, 1), block.sealed.hash)
            await until(lambda: spine.finaliser._writing is not None, "being written")
            closing = asyncio.create_task(spine.close())
            await until(lambda: spine.finaliser._task is not None and spine.finaliser._task.done(), "stopped")
        await closing
        again = await Spine.open(alliance, tmp_path, mesh, "p0")
        assert again.chain.base.seal_hash == block.sealed.hash
        await again.close()


async def test_a_disk_that_fails_is_fatal(spine: Spine, alliance: Alliance) -> None:
    block = await spine.execute(spine.block([]))
    await spine.store.database.close()
    spine.finaliser.finalised(finalization(alliance, block.sealed.hash, 2), block.sealed.hash)
    await until(lambda: bool(spine.fatal), "fatal")
    assert spine.chain.base.seal_hash != block.sealed.hash
