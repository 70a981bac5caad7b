"""A member of the simulated network: the real core and the real journal, on simulated everything else.

Its driver keeps the contract of ``accord_ledger.consensus.effects``: effects in order, nothing that
stands after a ``Persist`` before that is durable (but finality, where the world is eager), while inputs go
on coming. When the block that ends an epoch is committed, the instance is stopped and a fresh one begins;
who still speaks of the old epoch gets its end. Without a seat it follows, and asks now and then what it
missed.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from functools import partial
from typing import assert_never

from accord_ledger.block import Certificate, SealedBytes, Vote, VoteKind, seal_hash
from accord_ledger.consensus import effects as do
from accord_ledger.consensus import inputs as on
from accord_ledger.consensus.core import Consensus
from accord_ledger.consensus.journal import Body, Proposed, Record
from accord_node.simulate.host import Host
from accord_node.simulate.ledger import SmallLedger
from accord_node.simulate.net import (
    BlockReply,
    BlockRequest,
    CertificateRequest,
    Message,
    ProposalMessage,
)
from accord_node.simulate.signing import sign
from accord_node.simulate.workshop import Workshop
from accord_node.simulate.world import Database, World
from accord_node.wal import Wal

POLL = 700
"""Milliseconds after which one without a vote asks again what it missed."""


class Member(Host):
    """One honest member.

    Attributes:
        database: what it has committed.
        mempool: what clients have handed in.
    """

    def __init__(self, world: World, party: str) -> None:
        super().__init__(world, party)
        self.database = Database(on.Finality(0, world.genesis, 0, None))
        self.mempool: set[int] = set()

    # -- life -----------------------------------------------------------------------------------

    def start(self) -> None:
        """Boot: open the journal, take back what it holds, start an instance."""
        self.rise()
        self.ledger = SmallLedger(self.world.genesis, self.world.members)
        self.ledger.blocks.update(self.database.blocks)
        self.ledger.execute(self.database.finalised.seal)
        self.guard(self._boot)

    def _boot(self) -> None:
        self.wal = Wal(self.disk, self.party.encode().ljust(16, b"."), segment_bytes=self.world.segment_bytes)
        records = self.wal.recovered()
        bodies = {record.seal: record.body for record in records if isinstance(record, Body)}
        for record in records:
            if isinstance(record, Proposed):
                sealed = SealedBytes.parse(record.entry)
                self.ledger.store(sealed, bodies[sealed.hash])
        self.note(f"starts with {len(records)} records, committed height {self.database.finalised.height}")
        self._begin(records)

    def _begin(self, records: tuple[Record, ...]) -> None:
        """A fresh instance of the epoch that the committed chain leads to; the old one is gone first."""
        finality = self.database.finalised
        self.instance += 1
        final = [self.ledger.executed[seal].members for seal in self.ledger.branch(finality.seal)]
        self._voters = {members.epoch: members for members in (self.world.members, *final)}
        self.members = self._voters[max(self._voters)]
        self._queue: deque[do.Effect] = deque()
        self._persisting = False
        self.workshop = Workshop(self)
        self._notarized: dict[int, bytes] = {}
        self._goal: Certificate | None = None
        self.core = Consensus(self.world.genesis, self.members, self.party, self.world.config)
        self.note(f"epoch {self.members.epoch} of {len(self.members.members)} members begins")
        if finality.certificate is not None and finality.certificate.epoch < self.members.epoch:
            finality = replace(finality, view=0)
        self.step(on.Start(records, finality))
        self._poll()

    def _poll(self) -> None:
        """Who has no vote has no timers: it asks one of the others."""
        if self.members.vote_key(self.party) is None:
            others = self.world.network.others(self.party)
            asked = CertificateRequest(self.members.epoch, 1, 2**40)
            self.send(self.world.loop.random.choice(others), asked)
            self.later(POLL, self._poll)

    # -- inputs ---------------------------------------------------------------------------------

    def submit(self, transaction: int) -> None:
        """A client hands in a transaction; it survives crashes (the client would send it again)."""
        self.mempool.add(transaction)
        if self.alive:
            self.guard(self._tell_work)

    def heartbeat(self) -> None:
        """The heartbeat interval has passed."""
        if self.alive:
            self.guard(lambda: self.step(on.HeartbeatDue()))

    def _tell_work(self) -> None:
        self.step(on.WorkChanged(bool(self._waiting())))

    def _waiting(self) -> set[int]:
        taken = self.ledger.transactions(self.database.finalised.seal)
        for seal in self._notarized.values():
            taken |= self.ledger.transactions(seal)
        return self.mempool - taken

    def _on_message(self, source: str, message: Message) -> None:
        epoch = _epoch_of(message)
        if epoch is None or epoch == self.members.epoch:
            self._on_current(source, message)
        elif epoch > self.members.epoch:
            self.send(source, CertificateRequest(self.members.epoch, 1, 1))
        elif not isinstance(message, Certificate):
            self.send(source, self.database.ends[epoch])

    def _on_current(self, source: str, message: Message) -> None:
        signatures, members = self.world.signatures, self.members
        match message:
            case Vote():
                if signatures.good_vote(message):
                    self.step(on.VoteReceived(message))
            case Certificate():
                if signatures.good_certificate(members, message):
                    self.step(on.CertificateReceived(message))
            case ProposalMessage(sealed, vote, body):
                parent = sealed.seal.parent_certificate
                good = signatures.good_vote(vote) and (
                    parent is None
                    or signatures.good_certificate(self._voters.get(parent.epoch, members), parent)
                )
                if good and self.ledger.store(sealed, body):
                    self.step(on.ProposalReceived(sealed, vote))
                    self._has_block(sealed.hash)
            case BlockRequest(seal):
                if seal in self.ledger.blocks:
                    self.send(source, BlockReply(*self.ledger.blocks[seal]))
            case BlockReply(sealed, body):
                if self.workshop.wants(sealed.hash) and self.ledger.store(sealed, body):
                    self.step(on.BlockReceived(sealed))
                    self._has_block(sealed.hash)
            case CertificateRequest(_, from_view, to_view):
                self.step(on.CertificatesRequested(source, from_view, to_view))

    def step(self, event: on.Input) -> None:
        """Something happened: do what follows, unless something is being made durable first."""
        effects = self.core.step(event)
        if self.world.eager:
            for effect in effects:
                if isinstance(effect, do.Finalised):
                    self._carry_out(effect)
            effects = [effect for effect in effects if not isinstance(effect, do.Finalised)]
        if effects:
            self._queue.extend(effects)
            if not self._persisting:
                self._drain()

    # -- effects --------------------------------------------------------------------------------

    def _drain(self) -> None:
        while self._queue and not self._persisting:
            effect = self._queue.popleft()
            if isinstance(effect, do.Persist):
                self._persisting = True
                self.pass_boundary("before persist")
                delay = self.world.loop.random.randint(0, self.world.persist_delay)
                records = self._with_bodies(effect.records)
                self.later(delay, partial(self._persist, records))
                return
            self._carry_out(effect)

    def _persist(self, records: tuple[Record, ...]) -> None:
        self.wal.append(records)
        self._persisting = False
        self._drain()

    def _with_bodies(self, records: tuple[Record, ...]) -> tuple[Record, ...]:
        whole: list[Record] = []
        for record in records:
            if isinstance(record, Proposed):
                seal = seal_hash(record.entry)
                body = self.ledger.blocks[seal][1]
                whole.append(Body(epoch=record.epoch, view=record.view, seal=seal, body=body))
            whole.append(record)
        return tuple(whole)

    def _carry_out(self, effect: do.Effect) -> None:
        match effect:
            case do.Persist():
                raise RuntimeError("expected Persist to be taken by the queue")
            case do.SendVote(kind, _, view, seal):
                self.send_vote(kind, view, seal)
            case do.SendProposal(view, sealed):
                self.send_proposal(view, sealed)
            case do.SendCertificate(certificate, to):
                self._send_certificate(certificate, to)
            case do.BuildBlock():
                self.workshop.build(effect)
            case do.ExecuteBlock(view, sealed):
                self.workshop.execute(view, sealed.hash)
            case do.RequestBlock(_, seal):
                if seal in self.ledger.blocks:
                    self.step(on.BlockReceived(self.ledger.blocks[seal][0]))
                self.workshop.want(seal)
            case do.RequestCertificates(from_view, to_view):
                self.broadcast(CertificateRequest(self.members.epoch, from_view, to_view))
            case do.ScheduleTimer(view, kind, delay):
                self.later(delay, lambda: self.step(on.TimeoutElapsed(view, kind)))
            case do.Finalised(certificate, seal):
                self._finalise(certificate, seal)
            case do.EnteredView(view, leader):
                self.note(f"enters view {view} of {leader}")
                self._tell_work()
            case do.Accuse(evidence):
                self.note(f"accuses {evidence.member} of view {evidence.first.view}")
                self.world.oracle.accuses(self.party, evidence)
            case do.RestoreSuspected() | do.Halt():
                self.world.oracle.must_not(self.party, f"reports {effect}")
            case _:
                assert_never(effect)

    def signed(self, kind: VoteKind, view: int, seal: bytes) -> Vote:
        """A vote of ours, signed."""
        return sign(self.world.genesis, kind, (self.members.epoch, view), seal, self.party)

    def send_vote(self, kind: VoteKind, view: int, seal: bytes) -> None:
        """Sign, let the oracle look, send to all and to ourselves."""
        vote = self.signed(kind, view, seal)
        self.note(f"{kind} {view} {seal.hex()[:8]}")
        self.world.oracle.sends_vote(self.party, vote, self.disk.durable())
        self.broadcast(vote)
        self.step(on.VoteReceived(vote))

    def send_proposal(self, view: int, sealed: SealedBytes) -> None:
        """Propose to all."""
        vote = self.signed("notarize", view, sealed.hash)
        body = self.ledger.blocks[sealed.hash][1]
        self.note(f"proposes {view} height {sealed.seal.height} {sealed.hash.hex()[:8]}")
        self.world.oracle.sends_vote(self.party, vote, self.disk.durable())
        self.broadcast(ProposalMessage(sealed, vote, body))
        self.step(on.VoteReceived(vote))

    def _send_certificate(self, certificate: Certificate, to: str | None) -> None:
        self.world.oracle.sends_certificate(self.party, certificate)
        if certificate.kind == "notarize":
            self._notarized[certificate.view] = certificate.seal
        if to is None:
            self.broadcast(certificate)
        else:
            self.send(to, certificate)

    def offer(self, wish: do.BuildBlock, body: bytes) -> None:
        """Answer ``BuildBlock`` with a block of this body."""
        sealed = self.ledger.build(wish.view, self.party, wish.parent, wish.parent_certificate, body)
        if sealed is not None:
            self.ledger.store(sealed, body)
            self.world.oracle.sees_block(sealed, body)
            done = self.ledger.execute(sealed.hash)
            ends_epoch = done is on.Verdict.VALID and self.ledger.executed[sealed.hash].ends_epoch
            self.step(on.BlockBuilt(wish.view, sealed, ends_epoch))

    def _has_block(self, seal: bytes) -> None:
        self.workshop.arrived(seal)
        self._reach_goal()

    # -- finality -------------------------------------------------------------------------------

    def _finalise(self, certificate: Certificate, seal: bytes) -> None:
        self.note(f"final {certificate.view} {seal.hex()[:8]}")
        self.world.oracle.finalised(self.party, seal)
        self._goal = certificate
        self._notarized = {view: held for view, held in self._notarized.items() if view > certificate.view}
        delay = self.world.loop.random.randint(0, self.world.commit_delay)
        self.later(delay, self._reach_goal)

    def _reach_goal(self) -> None:
        certificate = self._goal
        if certificate is None:
            return
        missing = self.ledger.missing(certificate.seal)
        if missing is not None:
            self.workshop.want(missing)
            return
        self._goal = None
        if self.ledger.execute(certificate.seal) is not on.Verdict.VALID:
            self.world.oracle.must_not(self.party, "cannot execute a final block")
            return
        self._commit(certificate)

    def _commit(self, certificate: Certificate) -> None:
        """Write finality down, all of it at once; only then does the journal forget."""
        path = self.ledger.branch(certificate.seal)
        reached = self.ledger.executed[certificate.seal]
        epoch_over = reached.members.epoch > self.members.epoch
        self.database.blocks.update((seal, self.ledger.blocks[seal]) for seal in path)
        self.database.finalised = on.Finality(len(path), certificate.seal, certificate.view, certificate)
        if epoch_over:
            self.database.ends[self.members.epoch] = certificate
        self.world.stirred += 1
        self.note(f"commits height {len(path)}")
        self.world.oracle.commits(self.party, len(path), certificate.seal, reached.state)
        self.wal.compact(certificate.epoch, certificate.view)
        if epoch_over:
            self._begin(())
        else:
            self._tell_work()


def _epoch_of(message: Message) -> int | None:
    """Which epoch a message speaks of; None if that does not matter."""
    match message:
        case ProposalMessage(_, vote, _):
            return vote.epoch
        case Vote() | Certificate() | CertificateRequest():
            return message.epoch
        case _:
            return None
