"""What is heard before consensus has begun does not count as heard."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from accord_ledger import codec
from accord_ledger.block import NO_SEAL, Vote, vote_message
from accord_ledger.consensus import inputs as on
from accord_ledger.consensus.config import Config as CoreConfig
from accord_ledger.consensus.core import Consensus
from accord_node.driver import Driver
from accord_node.node import Node
from accord_node.peer import Outcome, Topic
from node_network import Network, key, make_alliance
from spine import finalization


@pytest.fixture
async def network(tmp_path: Path) -> AsyncIterator[Network]:
    """One of four, so that no view ends by itself."""
    running = Network(make_alliance(4), tmp_path, {"heartbeat_seconds": 600})
    await running.start("p0")
    yield running
    await running.stop()


def following(node: Node) -> Driver:
    """An instance of the node's epoch that has not begun, and casts no votes."""
    services = node.driver.services
    return Driver(Consensus(services.network_hash, services.members, None, CoreConfig()), services)


def begin(driver: Driver, node: Node) -> None:
    base = node.chain.base
    driver.start((), on.Finality(base.height, base.seal_hash, 0, None))


async def test_a_certificate_that_came_too_early_is_taken_when_it_is_said_again(network: Network) -> None:
    node = network.nodes["p0"]
    driver = following(node)
    said = codec.encode(finalization(network.alliance, NO_SEAL, 1, "nullify"))
    assert driver.hearing.on_certificate(Topic.CERTIFICATE, said, "p1") is Outcome.IGNORE
    begin(driver, node)
    try:
        assert driver.hearing.on_certificate(Topic.CERTIFICATE, said, "p1") is Outcome.ACCEPT
        assert driver.core.view == 2
    finally:
        await driver.close()


async def test_a_vote_that_came_too_early_is_taken_when_it_is_said_again(network: Network) -> None:
    node = network.nodes["p0"]
    driver = following(node)
    signature = key("p3", "vote").sign(
        vote_message(network.alliance.genesis.network, "nullify", 0, 1, NO_SEAL)
    )
    vote = Vote(kind="nullify", epoch=0, view=1, seal=NO_SEAL, member="p3", signature=signature)
    assert driver.hearing.on_vote(Topic.VOTE, codec.encode(vote), "p3") is Outcome.IGNORE
    begin(driver, node)
    try:
        assert driver.hearing.on_vote(Topic.VOTE, codec.encode(vote), "p3") is Outcome.ACCEPT
    finally:
        await driver.close()
