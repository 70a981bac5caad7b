"""A member that repeats itself under ever other signatures of its key, all of them good, costs little and is not relayed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from accord_ledger import codec
from accord_ledger.block import NO_SEAL, Seal, SealedBytes, Vote, VoteKind, body_hash, vote_message
from accord_node import hearing
from accord_node.messages import Proposal
from accord_node.node import Node
from accord_node.peer import Outcome, Topic
from node_network import Network, key, make_alliance
from other_signatures import another_signature
from spine import finalization
from waiting import until

LIAR = "p3"


@pytest.fixture
async def network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Network]:
    """One of four, so that no view ends by itself; what repeats is heard once in a test."""
    monkeypatch.setattr(hearing, "REPEAT_SECONDS", 1000.0)
    running = Network(make_alliance(4), tmp_path, {"heartbeat_seconds": 600})
    await running.start("p0")
    yield running
    await running.stop()


def vote(network: Network, view: int, seal: bytes, kind: VoteKind = "notarize") -> Vote:
    """The liar's, under a signature never seen before."""
    message = vote_message(network.alliance.genesis.network, kind, 0, view, seal)
    signature = another_signature(key(LIAR, "vote"), message)
    return Vote(kind=kind, epoch=0, view=view, seal=seal, member=LIAR, signature=signature)


def hear(node: Node, said: Vote) -> Outcome:
    return node.driver.hearing.on_vote(Topic.VOTE, codec.encode(said), LIAR)


async def test_one_vote_under_many_signatures(network: Network) -> None:
    node, checked = network.nodes["p0"], network.nodes["p0"].cache.checked
    outcomes = [hear(node, vote(network, node.driver.view, b"\1" * 32)) for _ in range(20)]
    assert outcomes == [Outcome.ACCEPT] + 19 * [Outcome.IGNORE]
    assert node.cache.checked - checked == 2  # once as it came, once in case it needs help


async def test_nullify_of_views_long_past(network: Network) -> None:
    node = network.nodes["p0"]
    far = finalization(network.alliance, NO_SEAL, 1000, "nullify")
    assert node.driver.hearing.on_certificate(Topic.CERTIFICATE, codec.encode(far), "p1") is Outcome.ACCEPT
    checked = node.cache.checked
    outcomes = [hear(node, vote(network, view, NO_SEAL, "nullify")) for view in range(1, 21)]
    assert outcomes == 20 * [Outcome.IGNORE]
    assert node.cache.checked - checked == 1


async def test_what_was_heard_of_views_long_past_is_forgotten(network: Network) -> None:
    node = network.nodes["p0"]
    for view in range(1, 9):
        assert hear(node, vote(network, view, b"\1" * 32)) is Outcome.ACCEPT
    assert len(node.driver.hearing._heard) == 8
    far = finalization(network.alliance, NO_SEAL, 1000, "nullify")
    node.driver.hearing.on_certificate(Topic.CERTIFICATE, codec.encode(far), "p1")
    await until(lambda: not node.driver.hearing._heard, "forgotten")


async def test_one_proposal_under_many_signatures(network: Network) -> None:
    node = network.nodes["p0"]
    view = next(view for view in range(1, 9) if node.members.leader(view) == LIAR)
    base = node.chain.base
    seal = Seal(
        network=node.genesis.network, version=1, epoch=0, height=1, view=view, time=base.time + 1,
        proposer=LIAR, parent=base.seal_hash, parent_certificate=None, first=0, count=0,
        body_hash=body_hash([]), log_root=bytes(32), state_root=bytes(32), members=node.members.digest(),
    )  # fmt: skip
    sealed = SealedBytes.of(seal)
    said = Proposal(vote=vote(network, view, sealed.hash), seal=sealed.entry, hashes=b"")
    checked = node.cache.checked
    outcomes = []
    for _ in range(20):
        payload = codec.encode(replace(said, vote=vote(network, view, sealed.hash)))
        outcomes.append(await node.driver.hearing.on_proposal(Topic.PROPOSAL, payload, LIAR))
    assert outcomes == [Outcome.ACCEPT] + 19 * [Outcome.IGNORE]
    assert node.cache.checked - checked == 1
