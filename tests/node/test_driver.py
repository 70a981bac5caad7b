"""Consensus at work beside a member that lies, and on a disk that fails."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from accord_ledger import codec
from accord_ledger.block import (
    NO_SEAL,
    Certificate,
    Seal,
    SealedBytes,
    Vote,
    VoteKind,
    body_hash,
    vote_message,
)
from accord_ledger.consensus.chain import Tip
from accord_ledger.execute import Executed
from accord_node.bodies import Body
from accord_node.chain import Limits
from accord_node.hearing import AHEAD
from accord_node.messages import Proposal, Request, Status
from accord_node.node import Node
from accord_node.peer import Outcome, PeerNetwork, TlsIdentity, Topic
from accord_node.records import readable
from accord_node.workshop import MAX_OVERLAYS
from node_network import Alliance, Network, issue_entry, key, make_alliance, programme_entries
from spine import FullDisk, finalization
from waiting import until

HONEST = ("p0", "p1", "p2")


@pytest.fixture
def alliance() -> Alliance:
    return make_alliance(4)


async def final(node: Node, entry: bytes) -> None:
    (result,) = await node.submissions.submit([entry], wait=True, timeout=30)
    assert result.status == "final", result


def vote(alliance: Alliance, view: int, seal: bytes, kind: VoteKind = "notarize", member: str = "p3") -> Vote:
    message = vote_message(alliance.genesis.network, kind, 0, view, seal)
    signature = key(member, "vote").sign(message)
    return Vote(kind=kind, epoch=0, view=view, seal=seal, member=member, signature=signature)


def seal_on(
    node: Node, tip: Tip, height: int, view: int, hashes: list[bytes], *, time: int = 0
) -> SealedBytes:
    """What a leader that does not care for truth would seal on a parent."""
    version = node.chain.version(tip.seal) or node.chain.base
    return SealedBytes.of(
        Seal(
            network=node.genesis.network, version=1, epoch=0, height=height, view=view,
            time=time or node.clock.now(), proposer=node.members.leader(view), parent=tip.seal,
            parent_certificate=tip.certificate, first=version.log.size, count=len(hashes),
            body_hash=body_hash(hashes), log_root=bytes(32), state_root=bytes(32), members=node.members.digest(),
        )
    )  # fmt: skip


@dataclass
class Villain:
    """p3: a real peer network with p3's keys, and nothing behind it but the test."""

    alliance: Alliance
    network: PeerNetwork
    asked: list[bytes] = field(default_factory=list)

    @classmethod
    async def start(cls, running: Network) -> Villain:
        alliance = running.alliance
        network = PeerNetwork(
            party="p3", network=alliance.genesis.network, key=key("p3", "link"),
            directory=running.nodes["p0"].directory, identity=TlsIdentity.load_or_create(running.folder / "p3"),
            rng=random.Random(3),
        )  # fmt: skip
        await network.start("127.0.0.1", alliance.ports["p3"])
        await until(lambda: network.linked() == set(HONEST), "linked to all")
        return cls(alliance, network)

    def propose(self, sealed: SealedBytes, view: int, hashes: list[bytes]) -> None:
        proposal = Proposal(
            vote=vote(self.alliance, view, sealed.hash), seal=sealed.entry, hashes=b"".join(hashes)
        )
        self.network.gossip.publish(Topic.PROPOSAL, codec.encode(proposal))


@pytest.fixture
async def network(alliance: Alliance, tmp_path: Path) -> AsyncIterator[Network]:
    running = Network(alliance, tmp_path)
    await running.start(*HONEST)
    yield running
    await running.stop()


@pytest.fixture
async def villain(network: Network) -> AsyncIterator[Villain]:
    made = await Villain.start(network)
    for entry in programme_entries(network.alliance, "p0", "prog"):
        await final(network.nodes["p0"], entry)
    yield made
    await made.network.close()


@pytest.fixture
async def four(alliance: Alliance, tmp_path: Path) -> AsyncIterator[Network]:
    """Four honest nodes, at rest until a test gives them something to do."""
    async with Network(alliance, tmp_path, {"heartbeat_seconds": 60}) as running:
        for entry in programme_entries(alliance, "p0", "prog"):
            await final(running.nodes["p0"], entry)
        nodes = running.nodes.values()
        await until(lambda: len({node.chain.base.seal_hash for node in nodes}) == 1, "one base")
        await until(lambda: not any(node.chain.unfinalised for node in nodes), "at rest")
        yield running


def own_view(node: Node) -> int:
    """The villain's next turn from where the node stands."""
    return next(
        view for view in range(node.driver.view, node.driver.view + 5) if node.members.leader(view) == "p3"
    )


def tip_of(node: Node) -> Tip:
    certificate = node.finaliser.tip
    assert certificate is not None
    return Tip(certificate.view, node.chain.base.seal_hash, certificate)


async def test_a_proposal_of_records_nobody_has_holds_up_one_view_and_leaves_nothing(
    network: Network, villain: Villain
) -> None:
    node = network.nodes["p0"]
    hashes = [number.to_bytes(32, "big") for number in range(1000)]
    for number in range(8):  # two turns of everyone
        view = own_view(node)
        sealed = seal_on(node, tip_of(node), node.chain.base.height + 1, view, hashes)
        villain.propose(sealed, view, hashes)
        await final(network.nodes["p1"], issue_entry(network.alliance, "p0", "prog", number))
    await until(lambda: node.reader.expected == 0, "nobody waits for records that are not")
    await until(lambda: len(node.driver._tasks) <= 2, "no tasks left")
    assert "p1" in node.network.linked()


async def test_only_the_leader_proposes(network: Network, villain: Villain) -> None:
    node = network.nodes["p0"]
    view = own_view(node) + 1
    villain.propose(seal_on(node, tip_of(node), node.chain.base.height + 1, view, []), view, [])
    await until(lambda: node.network.counters["bans"] == 1, "banned")


async def test_a_flood_of_proposals_for_one_view_takes_the_room_of_two(
    network: Network, villain: Villain
) -> None:
    node = network.nodes["p0"]
    view, before = own_view(node), node.network.counters["items_ignore"]
    for time in range(1, 101):
        villain.propose(seal_on(node, tip_of(node), 10**6, view, [], time=time), view, [])
    for far in range(view + 400, view + 800, 4):
        villain.propose(seal_on(node, tip_of(node), 10**6, far, [], time=far), far, [])
    await until(lambda: node.network.counters["items_ignore"] >= before + 198, "all judged")
    assert len(node.driver._on.bodies) <= 6
    assert node.evidence
    assert "p3" in node.network.linked()
    await final(node, issue_entry(network.alliance, "p0", "prog", 0))


async def test_votes_far_ahead_or_of_a_third_seal_cost_no_signature_check(network: Network) -> None:
    node, alliance = network.nodes["p0"], network.alliance

    def hear(item: Vote) -> Outcome:
        return node.driver.hearing.on_vote(Topic.VOTE, codec.encode(item), "p3")

    view = node.driver.view
    assert [hear(vote(alliance, view, bytes([number]) * 32)) for number in (1, 2)] == [Outcome.ACCEPT] * 2
    checked = node.cache.checked
    assert hear(vote(alliance, view, b"\3" * 32)) is Outcome.IGNORE
    assert hear(vote(alliance, view + AHEAD + 1, b"\1" * 32)) is Outcome.IGNORE
    assert node.cache.checked == checked
    assert hear(vote(alliance, view, b"\1" * 32)) is Outcome.IGNORE  # heard, and not relayed again


async def test_certificates_with_a_member_twice_too_few_or_a_nullified_seal_are_bad(network: Network) -> None:
    node, alliance = network.nodes["p0"], network.alliance
    good = finalization(alliance, b"\1" * 32, 5, "notarize")
    votes = good.votes

    def as_of(chosen: tuple[tuple[str, bytes], ...], epoch: int = 0) -> Certificate:
        return Certificate(kind=good.kind, epoch=epoch, view=5, seal=good.seal, votes=chosen)

    assert node.driver.hearing.check_certificate(good)
    assert not node.driver.hearing.check_certificate(as_of((votes[0], votes[0], votes[1])))
    assert not node.driver.hearing.check_certificate(as_of(votes[:2]))
    assert not node.driver.hearing.check_certificate(as_of(votes[::-1]))
    assert not node.driver.hearing.check_certificate(as_of(votes, epoch=1))
    odd = finalization(alliance, b"\1" * 32, 5, "nullify")
    assert not node.driver.hearing.check_certificate(odd)
    assert node.driver.hearing.check_certificate(finalization(alliance, NO_SEAL, 5, "nullify"))


async def test_certificates_below_finality_are_not_checked_again_and_not_relayed(four: Network) -> None:
    node = four.nodes["p0"]
    old = finalization(four.alliance, b"\7" * 32, 1, "notarize")
    checked = node.cache.checked
    assert node.driver.hearing.on_certificate(Topic.CERTIFICATE, codec.encode(old), "p1") is Outcome.IGNORE
    assert node.cache.checked == checked


async def test_a_peer_stuck_in_an_old_view_is_told_how_it_ended(network: Network, villain: Villain) -> None:
    told: list[Certificate] = []

    async def hear(_: str, payload: bytes) -> bytes:
        told.append(codec.decode(payload, Certificate))
        return b""

    villain.network.serve(Request.CERTIFICATE, hear)
    status = codec.encode(
        Status(epoch=0, height=network.nodes["p0"].chain.base.height, view=1, cosigned=2**40)
    )
    villain.network.gossip.on_status(lambda: status, lambda *_: None)
    villain.network.gossip.nudge()
    await until(lambda: bool(told), "told")
    assert network.nodes["p0"].driver.hearing.check_certificate(told[0])


# -- our own troubles ----------------------------------------------------------------------------------


async def test_a_journal_that_cannot_be_written_stops_the_node_and_nothing_is_sent_after(
    four: Network,
) -> None:
    node = four.nodes["p0"]
    disk = FullDisk(four.folder / "p0" / node.config.data / "journal")
    disk.room = 0
    node.wal._disk = disk
    await final(four.nodes["p1"], issue_entry(four.alliance, "p0", "prog", 0))
    await until(node.fatal.done, "stopped")
    assert isinstance(node.fatal.result(), OSError)
    sent = node.network.counters["published"]
    for number in range(1, 4):
        await final(four.nodes["p1"], issue_entry(four.alliance, "p0", "prog", number))
    (answer,) = await node.submissions.submit(
        [issue_entry(four.alliance, "p0", "prog", 9)], wait=False, timeout=0
    )
    assert answer.status == "busy"
    assert node.network.counters["published"] == sent


async def test_a_database_that_cannot_be_written_ends_voting_and_cosigning(four: Network) -> None:
    node = four.nodes["p0"]
    await node.store.database.close()
    await final(four.nodes["p1"], issue_entry(four.alliance, "p0", "prog", 0))
    await until(node.fatal.done, "stopped")
    sent = node.network.counters["published"]
    for number in range(1, 4):
        await final(four.nodes["p1"], issue_entry(four.alliance, "p0", "prog", number))
    assert node.network.counters["published"] == sent


async def test_a_slow_journal_holds_up_its_own_node_and_nothing_is_said_before_it_is_written(
    four: Network,
) -> None:
    node = four.nodes["p0"]
    gate = threading.Event()
    held = asyncio.create_task(node._threads["journal"].run(gate.wait))
    try:
        await until(lambda: node.network.counters["published"] > 0, "has spoken")
        for number in range(4):
            await final(four.nodes["p1"], issue_entry(four.alliance, "p0", "prog", number))
        assert node.chain.base.height < four.nodes["p1"].chain.base.height
    finally:
        gate.set()
    await held
    await final(node, issue_entry(four.alliance, "p0", "prog", 5))
    assert not node.fatal.done()


async def beside(node: Node, entries: list[bytes], view: int) -> Executed:
    """A valid block on the base that is executed here and will never be certified."""
    records = [readable(answer) for answer in await node.reader.read(entries)]
    done, _ = await node.chain.build(
        node.chain.base.seal_hash, node.finaliser.tip, records, proposer="p0",
        view=view, time=node.clock.now(), limits=Limits(),
    )  # fmt: skip
    return done


async def test_many_dead_branches_do_not_end_progress(four: Network) -> None:
    for node in four.nodes.values():
        for number in range(MAX_OVERLAYS + 2):
            await beside(node, [issue_entry(four.alliance, "p0", "prog", 100 + number)], view=1)
        node.driver.workshop.room_changed()
        assert not node.driver.workshop._room.is_set()
    await final(four.nodes["p2"], issue_entry(four.alliance, "p0", "prog", 0))


async def test_an_ancestor_that_is_not_here_is_fetched_and_executed(four: Network) -> None:
    there, here = four.nodes["p1"], four.nodes["p0"]
    await until(lambda: there.chain.base.seal_hash == here.chain.base.seal_hash, "one base")
    block = await beside(there, [issue_entry(four.alliance, "p0", "prog", 0)], view=there.driver.view + 1)
    assert await asyncio.wait_for(
        here.driver.workshop._ensure_executed(block.sealed.hash, block.version.height), 20
    )
    assert here.chain.executed(block.sealed.hash) is not None


async def test_an_ancestor_that_finality_overtook_is_not_waited_for(four: Network) -> None:
    node = four.nodes["p0"]
    waiting = asyncio.create_task(
        node.driver.workshop._ensure_executed(b"\5" * 32, node.chain.base.height + 1)
    )
    await final(node, issue_entry(four.alliance, "p0", "prog", 0))
    assert await asyncio.wait_for(waiting, 20) is False


async def test_a_block_from_the_future_is_waited_for_only_while_its_view_matters(four: Network) -> None:
    node = four.nodes["p0"]
    ahead = node.clock.now() + 10**6
    sealed = seal_on(node, tip_of(node), node.chain.base.height + 1, node.driver.view, [], time=ahead)
    node.driver._on.bodies.add(Body(sealed, ()))
    judging = asyncio.create_task(node.driver.workshop._verdict(sealed))
    await asyncio.sleep(0)
    node.driver._on.bodies.forget_views(10**6, keep=set())
    assert await asyncio.wait_for(judging, 20) is None
