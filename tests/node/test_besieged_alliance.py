"""A member with good keys and bad will, at bad moments: while another catches up, and while an epoch ends.

It asks for everything again and again and reads what it likes, says old things anew, and speaks of an epoch
that has not begun. None of it is invalid, so nobody bans it; the others go on.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from accord_ledger import codec
from accord_ledger.block import NO_SEAL, Vote, VoteKind, vote_message
from accord_ledger.domain.kinds.issue import IssueBody
from accord_ledger.domain.pipeline import prepare
from accord_node.messages import Batch, CertificatesWanted, RangeWanted, RecordsWanted, Request, Status
from accord_node.peer import PeerError, PeerNetwork, TlsIdentity, Topic
from epoch_network import Changing, make_epoch_alliance
from node_network import issue_entry, key, programme_entries
from other_signatures import another_signature
from waiting import until

HONEST = ("p0", "p1", "p2")


class Besieger:
    """p3: a peer network with p3's keys, and all it can think of."""

    def __init__(self, running: Changing) -> None:
        self._running = running
        self.network = PeerNetwork(
            party="p3", network=running.genesis.network, key=key("p3", "link"),
            directory=running.nodes["p0"].directory,
            identity=TlsIdentity.load_or_create(running.folder / "p3"), rng=random.Random(3),
        )  # fmt: skip
        self.rounds = 0

    async def besiege(self) -> None:
        """Until cancelled."""
        await self.network.start("127.0.0.1", self._running.alliance.ports["p3"])
        self.network.gossip.on_status(self._status, lambda *_: None)
        asked: set[asyncio.Task[None]] = set()
        try:
            while True:
                asked |= {
                    asyncio.create_task(self._ask(party)) for party in self.network.linked() for _ in range(6)
                }
                self._say()
                self.rounds += 1
                await asyncio.sleep(0.05)
        finally:
            for task in asked:
                task.cancel()
            await asyncio.gather(*asked, return_exceptions=True)
            await self.network.close()

    def _status(self) -> bytes:
        """Ahead in height, behind in all else, and never the same."""
        return codec.encode(Status(epoch=0, height=10**9 + self.rounds, view=1, cosigned=0))

    async def _ask(self, party: str) -> None:
        questions = (
            (Request.RANGE, codec.encode(RangeWanted(first=1))),
            (Request.RECORDS, codec.encode(RecordsWanted(seal=bytes(32), places=tuple(range(20_000))))),
            (Request.CERTIFICATES, codec.encode(CertificatesWanted(epoch=0, from_view=1, to_view=2**40))),
            (Request.CERTIFICATES, codec.encode(CertificatesWanted(epoch=7, from_view=1, to_view=1))),
            (99, bytes(200_000)),
        )
        for kind, payload in questions:
            with suppress(PeerError):
                await self.network.request(party, kind, payload, timeout=0.5)

    def _say(self) -> None:
        epoch = self._running.newest().members.epoch
        self.network.gossip.nudge()
        for view in range(1, 6):
            self._vote("nullify", epoch, view, NO_SEAL)
            self._vote("notarize", epoch + 1, view, bytes([view]) * 32)
        self.network.gossip.publish(Topic.TRANSACTIONS, codec.encode(Batch(entries=(self._expired(),) * 3)))

    def _vote(self, kind: VoteKind, epoch: int, view: int, seal: bytes) -> None:
        message = vote_message(self._running.genesis.network, kind, epoch, view, seal)
        signature = another_signature(key("p3", "vote"), message)
        vote = Vote(kind=kind, epoch=epoch, view=view, seal=seal, member="p3", signature=signature)
        self.network.gossip.publish(Topic.VOTE, codec.encode(vote))

    def _expired(self) -> bytes:
        alliance = self._running.alliance
        made = prepare(issue_entry(alliance, "p0", "prog", 10_000 + self.rounds)).record
        body = codec.decode(bytes(made.tx.body), IssueBody)
        draft = alliance.draft("credential_issue", "p0", body, lifetime=-4000)
        draft.sign(key("p0", "issuance"))
        return draft.entry()


@pytest.fixture
async def network(tmp_path: Path) -> AsyncIterator[Changing]:
    running = Changing(make_epoch_alliance(4), tmp_path)
    await running.start(*HONEST)
    for entry in programme_entries(running.alliance, "p0", "prog"):
        await running.final(entry)
    yield running
    await running.stop()


async def test_the_others_go_on_catch_up_and_change_epochs(network: Changing) -> None:
    besieger = Besieger(network)
    siege = asyncio.create_task(besieger.besiege())
    try:
        await until(lambda: besieger.network.linked() == set(HONEST) and besieger.rounds > 5, "besieged")
        for number in range(3):
            await network.final(issue_entry(network.alliance, "p0", "prog", number), at=HONEST[number])
        await network.stop("p2")
        await network.start("p2")  # catches up, and is needed for a quorum
        await network.final(issue_entry(network.alliance, "p0", "prog", 5), at="p2")
        await network.rekey("p1", "log")
        await network.final(issue_entry(network.alliance, "p0", "prog", 6))
        assert network.newest().members.epoch == 1
        assert not siege.done()
    finally:
        siege.cancel()
        await asyncio.gather(siege, return_exceptions=True)
    await until(lambda: len({node.chain.base.seal_hash for node in network.nodes.values()}) == 1, "one base")
    for node in network.nodes.values():
        assert not node.fatal.done()
        assert "handler_errors" not in node.network.counters
        assert "bans" not in node.network.counters
        assert not node.evidence
