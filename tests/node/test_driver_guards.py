"""What a real node writes before it speaks, and what it does not believe."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from accord_ledger import codec
from accord_ledger.block import NO_SEAL, SealedBytes, Vote, vote_message
from accord_ledger.consensus.journal import Body, Proposed
from accord_node.disk import DirectoryDisk
from accord_node.node import Node
from accord_node.peer import Outcome, Topic
from accord_node.wal import Wal
from node_network import Network, issue_entry, key, make_alliance, programme_entries
from waiting import until


@pytest.fixture
async def four(tmp_path: Path) -> AsyncIterator[Network]:
    async with Network(make_alliance(4), tmp_path, {"heartbeat_seconds": 60}) as running:
        for entry in programme_entries(running.alliance, "p0", "prog"):
            (result,) = await running.nodes["p0"].submissions.submit([entry], wait=True, timeout=30)
            assert result.status == "final", result
        await until(lambda: all(node.chain.base.height for node in running.nodes.values()), "all have it")
        yield running


def decided(node: Node, since: int) -> bool:
    """Whether consensus has chosen a vote in a view from ``since`` on, sent or not."""
    rounds = node.driver.core._memory.rounds
    return any(held.own for view, held in rounds.items() if view >= since)


def spoken(node: Node, since: int) -> bool:
    """Whether a vote of its own in such a view was signed and sent; then it is heard here too."""
    rounds = node.driver.core._memory.rounds
    places = {place for view, held in rounds.items() if view >= since for place in held.book._places}
    return any(member == node.config.party for _, member in places)


async def test_the_body_stands_in_the_journal_before_the_seal_that_was_voted_on(four: Network) -> None:
    folders = [four.folder / name / node.config.data / "journal" for name, node in four.nodes.items()]
    await four.stop()
    for folder in folders:
        records = Wal(DirectoryDisk(folder), os.urandom(16)).recovered()
        proposed = [record for record in records if isinstance(record, Proposed)]
        assert proposed
        for record in proposed:
            seal = SealedBytes.parse(record.entry).hash
            before = records[: records.index(record)]
            assert seal in {held.seal for held in before if isinstance(held, Body)}


async def test_nothing_is_sent_while_the_journal_is_not_written(four: Network) -> None:
    node, other = four.nodes["p0"], four.nodes["p1"]
    nodes = four.nodes.values()
    await until(lambda: len({each.chain.base.seal_hash for each in nodes}) == 1, "one base")
    await until(lambda: not any(each.chain.unfinalised for each in nodes), "at rest")
    before = node.driver.core.view
    gate = threading.Event()
    held = asyncio.create_task(node._threads["journal"].run(gate.wait))
    try:
        entry = issue_entry(four.alliance, "p0", "prog", 0)
        (result,) = await other.submissions.submit([entry], wait=True, timeout=30)
        assert result.status == "final"  # the other three are a quorum
        await until(lambda: decided(node, before), "has decided on a vote")
        for _ in range(50):
            await asyncio.sleep(0)
        assert not spoken(node, before)
    finally:
        gate.set()
    await held
    await until(lambda: spoken(node, before), "has spoken")


async def test_a_vote_that_its_member_did_not_sign_is_bad(four: Network) -> None:
    node, network = four.nodes["p0"], four.alliance.genesis.network

    def hear(vote: Vote) -> Outcome:
        return node.driver.hearing.on_vote(Topic.VOTE, codec.encode(vote), "p3")

    view = node.driver.view
    signature = key("p3", "vote").sign(vote_message(network, "nullify", 0, view, NO_SEAL))
    good = Vote(kind="nullify", epoch=0, view=view, seal=NO_SEAL, member="p3", signature=signature)
    assert hear(replace(good, member="p2")) is Outcome.BAD
    assert hear(replace(good, view=view + 1)) is Outcome.BAD
    assert hear(replace(good, kind="notarize", seal=b"\1" * 32)) is Outcome.BAD
    assert hear(replace(good, member="nobody")) is Outcome.BAD
    assert hear(good) is Outcome.ACCEPT
