"""What counts as work: a record that waits, unless a block that may still become final holds it."""

from __future__ import annotations

from pathlib import Path

from accord_ledger.domain.pipeline import prepare
from accord_node.chain import Limits
from accord_node.node import Node
from node_network import Network, make_alliance, programme_entries
from waiting import until


async def hold_in_a_dead_block(node: Node, entry: bytes) -> None:
    """The record waits here, and a block of a view that is over holds it."""
    prepared = prepare(entry)
    node.mempool.add(prepared, local=True, arrived=node.clock.monotonic())
    tip = node.finaliser.tip
    assert tip is not None
    await node.chain.build(
        node.chain.base.seal_hash,
        tip,
        [prepared],
        proposer=node.party,
        view=node.driver.view - 1,
        time=node.clock.now(),
        limits=Limits(),
    )
    assert prepared.record.entry_hash in node.chain.in_flight()


async def test_records_of_a_block_that_nobody_certified_in_its_view_are_work_again(
    tmp_path: Path,
) -> None:
    alliance = make_alliance(4)
    async with Network(alliance, tmp_path, {"heartbeat_seconds": 3600}) as network:
        nodes = network.nodes.values()
        entry = programme_entries(alliance, "p0", "prog")[0]
        (first,) = await network.nodes["p0"].submissions.submit([entry], wait=True, timeout=30)
        assert first.status == "final"
        await until(lambda: {node.chain.base.height for node in nodes} == {1}, "one base")
        await until(lambda: not any(node.chain.unfinalised for node in nodes), "at rest")
        again = programme_entries(alliance, "p1", "other")[0]
        for node in nodes:
            await hold_in_a_dead_block(node, again)
        for node in nodes:
            node.driver.work_changed()
        await until(lambda: {node.chain.base.height for node in nodes} == {2}, "final after all")
