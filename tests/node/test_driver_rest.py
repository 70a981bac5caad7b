"""One transaction at a time costs a node no more writes, timers, messages and reading than it must."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from accord_ledger import codec
from accord_ledger.block import Seal, SealedBytes, Vote, body_hash, vote_message
from accord_ledger.domain.pipeline import prepare
from accord_node import effectqueue
from accord_node.messages import Proposal
from accord_node.node import Node
from accord_node.peer import Outcome, Topic
from node_network import Network, issue_entry, key, make_alliance, programme_entries
from spine import finalization
from waiting import until


@pytest.fixture
async def four(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Network]:
    """At rest; what is held back waits for the next write, however slow this machine is."""
    monkeypatch.setattr(effectqueue, "HELD_SECONDS", 1000.0)
    async with Network(make_alliance(4), tmp_path, {"heartbeat_seconds": 60}) as running:
        for entry in programme_entries(running.alliance, "p0", "prog"):
            await final(running, entry)
        yield running


async def final(network: Network, entry: bytes) -> None:
    """Final at p0, durable everywhere."""
    (result,) = await network.nodes["p0"].submissions.submit([entry], wait=True, timeout=30)
    assert result.status == "final", result
    nodes = network.nodes.values()
    await until(lambda: len({node.chain.base.seal_hash for node in nodes}) == 1, "one base")


async def test_a_block_costs_two_writes_of_the_journal(four: Network) -> None:
    blocks = 12
    before = {party: node.wal._sequence for party, node in four.nodes.items()}
    for number in range(blocks):
        await final(four, issue_entry(four.alliance, "p0", "prog", number))
    written = [node.wal._sequence - before[party] for party, node in four.nodes.items()]
    assert max(written) < 2.5 * blocks
    assert min(written) >= 2 * blocks - 2


async def test_timers_of_a_view_that_is_over_are_forgotten(four: Network) -> None:
    for number in range(2):
        before = {party: list(node.driver._timers) for party, node in four.nodes.items()}
        await final(four, issue_entry(four.alliance, "p0", "prog", number))
        assert all(before.values())
        assert all(timer.cancelled() for timers in before.values() for timer in timers)


def proposal_of(node: Node, entry: bytes) -> tuple[SealedBytes, Proposal]:
    """What the leader of some next view would say, if it did not care for roots."""
    view = next(
        v for v in range(node.driver.view + 1, node.driver.view + 5) if node.members.leader(v) != "p0"
    )
    leader, name = node.members.leader(view), prepare(entry).record.entry_hash
    sealed = SealedBytes.of(
        Seal(
            network=node.genesis.network, version=1, epoch=0, height=node.chain.base.height + 1, view=view,
            time=node.clock.now(), proposer=leader, parent=node.chain.base.seal_hash,
            parent_certificate=node.finaliser.tip, first=node.chain.base.log.size, count=1,
            body_hash=body_hash([name]), log_root=bytes(32), state_root=bytes(32), members=node.members.digest(),
        )
    )  # fmt: skip
    signature = key(leader, "vote").sign(vote_message(node.genesis.network, "notarize", 0, view, sealed.hash))
    said = Vote(kind="notarize", epoch=0, view=view, seal=sealed.hash, member=leader, signature=signature)
    return sealed, Proposal(vote=said, seal=sealed.entry, hashes=name, entries=(entry,))


@pytest.mark.parametrize("waits", [True, False])
async def test_a_proposed_record_that_waits_here_is_not_read_again(four: Network, waits: bool) -> None:
    node, entry = four.nodes["p0"], issue_entry(four.alliance, "p0", "prog", 0)
    prepared = prepare(entry)
    if waits:
        assert node.mempool.add(prepared, local=False, arrived=0.0)
    sealed, proposal = proposal_of(node, entry)
    hearing, bodies = node.driver.hearing, node.driver.services.bodies
    assert await hearing.on_proposal(Topic.PROPOSAL, codec.encode(proposal), "p1") is Outcome.ACCEPT
    (record,) = await bodies.complete(sealed.hash)
    assert (record is prepared) == waits
    assert record.record.entry == entry


async def test_of_a_final_view_the_notarization_is_not_said(tmp_path: Path) -> None:
    alliance = make_alliance(4)
    network = Network(alliance, tmp_path, {"heartbeat_seconds": 600})
    await network.start("p0")
    driver, counters = network.nodes["p0"].driver, network.nodes["p0"].network.counters
    for later, said in ((0, 1), (1, 2)):
        before = counters["published"]
        driver._publish_certificate(finalization(alliance, b"\1" * 32, 5 + later, "notarize"), None)
        driver._publish_certificate(finalization(alliance, b"\1" * 32, 5), None)
        driver._flush_certificates()
        assert counters["published"] - before == said
    await network.stop()
