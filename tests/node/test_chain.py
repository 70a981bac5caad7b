"""Versions under concurrency: nothing executes on a ledger that is already moving away under it."""

from __future__ import annotations

import asyncio

import pytest

from accord_node.chain import Limits
from node_network import Alliance, issue_entry, programme_entries
from spine import Spine


@pytest.fixture
async def spine(spine: Spine, alliance: Alliance) -> Spine:
    """With a programme in its first block."""
    await spine.grow(programme_entries(alliance, "p0", "prog"))
    return spine


async def test_building_waits_for_the_lock_and_sees_that_the_base_moved(
    spine: Spine, alliance: Alliance
) -> None:
    old = spine.chain.base.seal_hash
    await spine.chain.lock.acquire()
    building = asyncio.create_task(
        spine.chain.build(old, None, [], proposer="p0", view=9, time=0, limits=Limits())
    )
    await asyncio.sleep(0)
    block = spine.block([issue_entry(alliance, "p0", "prog", 0)])
    await spine.store.write(block, None)
    spine.chain.advance(block, spine.store.adopt(block))
    spine.chain.lock.release()
    with pytest.raises(KeyError):
        await building
    assert spine.chain.unfinalised == 0


async def test_nothing_executes_beside_a_block_that_is_being_written(
    spine: Spine, alliance: Alliance
) -> None:
    final = await spine.execute(spine.block([issue_entry(alliance, "p0", "prog", 0)]))
    beside = spine.block([issue_entry(alliance, "p0", "prog", 1)], view=7)
    above = spine.block([issue_entry(alliance, "p0", "prog", 2)], parent=final.version)
    await spine.chain.settle(final)
    with pytest.raises(KeyError):
        await spine.execute(beside)
    with pytest.raises(KeyError):
        await spine.chain.build(
            spine.chain.base.seal_hash, None, [], proposer="p0", view=8, time=0, limits=Limits()
        )
    assert (await spine.execute(above)).version.height == final.version.height + 1


async def test_dead_branches_can_be_dropped_and_what_rests_on_live_ones_cannot(
    spine: Spine, alliance: Alliance
) -> None:
    parent = await spine.execute(spine.block([issue_entry(alliance, "p0", "prog", 0)]))
    child = await spine.execute(spine.block([issue_entry(alliance, "p0", "prog", 1)], parent=parent.version))
    for view in range(20, 30):
        await spine.execute(spine.block([issue_entry(alliance, "p0", "prog", view)], view=view))
    assert spine.chain.loaded == 12
    spine.chain.prune(lambda block: block.sealed.hash == child.sealed.hash)
    assert spine.chain.path(child.sealed.hash) == [parent, child]
    assert spine.chain.unfinalised == 2
    assert len(spine.chain.in_flight()) == 2


async def test_what_is_about_to_be_written_is_not_dropped_however_old_its_view(
    spine: Spine, alliance: Alliance
) -> None:
    """Catching up executes blocks of views long past, while the views of today go on."""
    final = spine.block([issue_entry(alliance, "p0", "prog", 0)])
    done = await spine.chain.execute(final.sealed, final.prepared, final=True)
    spine.chain.prune(lambda _: False)
    assert spine.chain.path(final.sealed.hash) == [done]
    await spine.store.write(done, None)
    spine.chain.advance(done, spine.store.adopt(done))
    above = await spine.execute(spine.block([issue_entry(alliance, "p0", "prog", 1)]))
    spine.chain.prune(lambda _: False)
    assert spine.chain.path(above.sealed.hash) is None


async def test_in_flight_follows_every_change(spine: Spine, alliance: Alliance) -> None:
    entries = [issue_entry(alliance, "p0", "prog", number) for number in range(3)]
    assert not spine.chain.in_flight()
    await spine.execute(spine.block(entries))
    assert len(spine.chain.in_flight()) == 3
    await spine.grow(entries[:1])
    assert not spine.chain.in_flight()


async def test_blocks_without_a_future_can_be_left_out_of_what_is_in_flight(
    spine: Spine, alliance: Alliance
) -> None:
    dead = await spine.execute(spine.block([issue_entry(alliance, "p0", "prog", 0)], view=3))
    alive = await spine.execute(spine.block([issue_entry(alliance, "p0", "prog", 1)], view=4))
    assert spine.chain.in_flight_where(lambda _: True) == dead.names | alive.names
    assert spine.chain.in_flight_where(lambda block: block is alive) == alive.names


async def test_the_head_of_two_blocks_of_one_height_is_the_newer(spine: Spine, alliance: Alliance) -> None:
    newer = await spine.execute(spine.block([issue_entry(alliance, "p0", "prog", 0)], view=9))
    await spine.execute(spine.block([issue_entry(alliance, "p0", "prog", 1)], view=8))
    assert spine.chain.head() is newer.version
