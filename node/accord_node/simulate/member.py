"""A member of the simulated network: the real core and the real journal, on simulated everything else.

Its driver keeps the contract of ``accord_ledger.consensus.effects``: effects in order, nothing that
stands after a ``Persist`` before that is durable, while inputs go on coming. When the block that ends an
epoch is committed, the instance is stopped and a fresh one begins; who still speaks of the old epoch gets
its end. Without a seat it follows, and asks now and then what it missed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import assert_never

from accord_ledger.block import Certificate, Members, SealedBytes, Vote, VoteKind
from accord_ledger.consensus import effects as do
from accord_ledger.consensus import inputs as on
from accord_ledger.consensus.config import Config
from accord_ledger.consensus.core import Consensus
from accord_ledger.consensus.journal import Body, Proposed, Record
from accord_node.simulate.disk import Loss, SimulatedDisk
from accord_node.simulate.ledger import SmallLedger, encode_body
from accord_node.simulate.loop import Loop
from accord_node.simulate.net import (
    BlockReply,
    BlockRequest,
    CertificateRequest,
    Message,
    Network,
    ProposalMessage,
)
from accord_node.simulate.oracle import Oracle
from accord_node.simulate.signing import good_certificate, good_vote, sign
from accord_node.wal import Wal

FETCH_AGAIN = 400
"""Milliseconds after which a wanted block is asked for again."""
POLL = 700
"""Milliseconds after which one without a vote asks again what it missed."""


class Crashed(Exception):  # noqa: N818 - it is an event of the simulation, not an error
    """The host of a member has died."""


@dataclass(slots=True)
class World:
    """What all members of a run share."""

    loop: Loop
    network: Network
    oracle: Oracle
    members: Members
    genesis: bytes
    config: Config
    persist_delay: int
    """Longest time a sync takes, milliseconds."""
    commit_delay: int
    """Longest time between finality and its commit, milliseconds."""


@dataclass(slots=True)
class Database:
    """What a member has committed; survives every crash."""

    finalised: on.Finality
    blocks: dict[bytes, tuple[SealedBytes, bytes]] = field(default_factory=dict)
    ends: dict[int, Certificate] = field(default_factory=dict)
    """Finalization that ended each epoch."""


class Member:
    """One honest member.

    Attributes:
        boundary: called with a word wherever the host may die; may raise :class:`Crashed`.
        crashed: called once the host has died.
    """

    def __init__(self, world: World, party: str) -> None:
        self.world = world
        self.party = party
        self.boundary: Callable[[str], None] = lambda _: None
        self.crashed: Callable[[], None] = lambda: None
        self.disk = SimulatedDisk(self._boundary)
        self.database = Database(on.Finality(0, world.genesis, 0, None))
        self.mempool: set[int] = set()
        self.life = 0
        self.instance = 0
        self.alive = False
        world.network.join(party, self._receive)

    def _boundary(self, word: str) -> None:
        self.boundary(word)

    # -- life and death -------------------------------------------------------------------------

    def start(self) -> None:
        """Boot: open the journal, take back what it holds, start an instance."""
        self.life += 1
        self.alive = True
        self.ledger = SmallLedger(self.world.genesis, self.world.members)
        self.ledger.blocks.update(self.database.blocks)
        self.ledger.execute(self.database.finalised.seal)
        self._guard(self._boot)

    def _boot(self) -> None:
        self.wal = Wal(self.disk, self.party.encode().ljust(16, b"."), segment_bytes=20_000)
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
        self._wanted: set[bytes] = set()
        self._queue: deque[do.Effect] = deque()
        self._persisting = False
        self._executing: dict[bytes, int] = {}
        self._building: do.BuildBlock | None = None
        self._notarized: dict[int, bytes] = {}
        self._goal: Certificate | None = None
        self.core = Consensus(self.world.genesis, self.members, self.party, self.world.config)
        self.note(f"epoch {self.members.epoch} of {len(self.members.members)} members begins")
        if finality.certificate is not None and finality.certificate.epoch < self.members.epoch:
            finality = replace(finality, view=0)
        self._step(on.Start(records, finality))
        self._poll()

    def _poll(self) -> None:
        """Who has no vote has no timers: it asks one of the others."""
        if self.members.vote_key(self.party) is None:
            others = self.world.network.others(self.party)
            asked = CertificateRequest(self.members.epoch, 1, 2**40)
            self.send(self.world.loop.random.choice(others), asked)
            self._later(POLL, self._poll)

    def die(self, loss: Loss) -> None:
        """Lose power now."""
        if self.alive:
            self.note(f"dies, unsynced writes {loss.value}")
            self.alive = False
            self.life += 1
            self.instance += 1
            self.disk.crash(loss, self.world.loop.random)
            self.crashed()

    def _guard(self, action: Callable[[], None]) -> None:
        try:
            action()
        except Crashed as crash:
            self.note(f"crash point: {crash}")
            self.die(self.loss_at_crash())

    def loss_at_crash(self) -> Loss:
        """What a crash at a boundary does to unsynced writes."""
        return self.world.loop.random.choice(list(Loss))

    def note(self, what: str) -> None:
        """Add a line about this member to the transcript."""
        self.world.loop.note(self.party, what)

    def _later(self, delay: int, action: Callable[[], None]) -> None:
        """Do it, unless the host has died or the epoch ended before."""
        instance = self.instance
        self.world.loop.after(delay, lambda: self._guard(action) if self.instance == instance else None)

    # -- inputs ---------------------------------------------------------------------------------

    def submit(self, transaction: int) -> None:
        """A client hands in a transaction; it survives crashes (the client would send it again)."""
        self.mempool.add(transaction)
        if self.alive:
            self._guard(self._tell_work)

    def heartbeat(self) -> None:
        """The heartbeat interval has passed."""
        if self.alive:
            self._guard(lambda: self._step(on.HeartbeatDue()))

    def _tell_work(self) -> None:
        self._step(on.WorkChanged(bool(self._waiting())))

    def _waiting(self) -> set[int]:
        taken = self.ledger.transactions(self.database.finalised.seal)
        for seal in self._notarized.values():
            taken |= self.ledger.transactions(seal)
        return self.mempool - taken

    def _receive(self, source: str, message: Message) -> None:
        if self.alive:
            self._guard(lambda: self._on_message(source, message))

    def _on_message(self, source: str, message: Message) -> None:
        epoch = _epoch_of(message)
        if epoch is None or epoch == self.members.epoch:
            self._on_current(source, message)
        elif epoch > self.members.epoch:
            self.send(source, CertificateRequest(self.members.epoch, 1, 1))
        elif not isinstance(message, Certificate):
            self.send(source, self.database.ends[epoch])

    def _on_current(self, source: str, message: Message) -> None:
        genesis, members = self.world.genesis, self.members
        match message:
            case Vote():
                if good_vote(genesis, message):
                    self._step(on.VoteReceived(message))
            case Certificate():
                if good_certificate(genesis, members, message):
                    self._step(on.CertificateReceived(message))
            case ProposalMessage(sealed, vote, body):
                parent = sealed.seal.parent_certificate
                good = good_vote(genesis, vote) and (
                    parent is None
                    or good_certificate(genesis, self._voters.get(parent.epoch, members), parent)
                )
                if good and self.ledger.store(sealed, body):
                    self._step(on.ProposalReceived(sealed, vote))
                    self._has_block(sealed.hash)
            case BlockRequest(seal):
                if seal in self.ledger.blocks:
                    self.send(source, BlockReply(*self.ledger.blocks[seal]))
            case BlockReply(sealed, body):
                if sealed.hash in self._wanted and self.ledger.store(sealed, body):
                    self._step(on.BlockReceived(sealed))
                    self._has_block(sealed.hash)
            case CertificateRequest(_, from_view, to_view):
                self._step(on.CertificatesRequested(source, from_view, to_view))

    def _step(self, event: on.Input) -> None:
        self._queue.extend(self.core.step(event))
        if not self._persisting:
            self._drain()

    # -- effects --------------------------------------------------------------------------------

    def _drain(self) -> None:
        while self._queue and not self._persisting:
            effect = self._queue.popleft()
            if isinstance(effect, do.Persist):
                self._persisting = True
                self.boundary("before persist")
                delay = self.world.loop.random.randint(0, self.world.persist_delay)
                records = self._with_bodies(effect.records)
                self._later(delay, lambda records=records: self._persist(records))  # type: ignore[misc]
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
                seal = SealedBytes.parse(record.entry).hash
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
                self._building = effect
                self._build()
            case do.ExecuteBlock(view, sealed):
                self._executing[sealed.hash] = view
                self._execute()
            case do.RequestBlock(_, seal):
                if seal in self.ledger.blocks:
                    self._step(on.BlockReceived(self.ledger.blocks[seal][0]))
                self._want(seal)
            case do.RequestCertificates(from_view, to_view):
                self.broadcast(CertificateRequest(self.members.epoch, from_view, to_view))
            case do.ScheduleTimer(view, kind, delay):
                self._later(delay, lambda: self._step(on.TimeoutElapsed(view, kind)))
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
        self._step(on.VoteReceived(vote))

    def send_proposal(self, view: int, sealed: SealedBytes) -> None:
        """Propose to all."""
        vote = self.signed("notarize", view, sealed.hash)
        body = self.ledger.blocks[sealed.hash][1]
        self.note(f"proposes {view} height {sealed.seal.height} {sealed.hash.hex()[:8]}")
        self.world.oracle.sends_vote(self.party, vote, self.disk.durable())
        self.broadcast(ProposalMessage(sealed, vote, body))
        self._step(on.VoteReceived(vote))

    def _send_certificate(self, certificate: Certificate, to: str | None) -> None:
        self.world.oracle.sends_certificate(self.party, certificate)
        if certificate.kind == "notarize":
            self._notarized[certificate.view] = certificate.seal
        if to is None:
            self.broadcast(certificate)
        else:
            self.send(to, certificate)

    def broadcast(self, message: Message) -> None:
        """Send to all others; the host may die before, between and after."""
        for other in self.world.network.others(self.party):
            self.send(other, message)

    def send(self, target: str, message: Message) -> None:
        """Send to one."""
        self.boundary(f"before sending {type(message).__name__}")
        self.world.network.send(self.party, target, message)
        self.boundary(f"after sending {type(message).__name__}")

    def _build(self) -> None:
        wish = self._building
        if wish is None:
            return
        if self.ledger.execute(wish.parent) is None:
            missing = self.ledger.missing(wish.parent)
            if missing is not None:
                self._want(missing)
            return
        self._building = None
        parent = self.ledger.executed[wish.parent]
        if parent.members.epoch != self.members.epoch:  # it ends the epoch: nothing is built on it here
            self._step(on.BlockBuilt(wish.view, self.ledger.blocks[wish.parent][0], ends_epoch=True))
            return
        taken = self.ledger.transactions(wish.parent)
        chosen = () if wish.empty_only else tuple(sorted(self.mempool - taken))
        self.offer(wish, encode_body(chosen))

    def offer(self, wish: do.BuildBlock, body: bytes) -> None:
        """Answer ``BuildBlock`` with a block of this body."""
        sealed = self.ledger.build(wish.view, self.party, wish.parent, wish.parent_certificate, body)
        if sealed is not None:
            self.ledger.store(sealed, body)
            self.world.oracle.sees_block(sealed, body)
            done = self.ledger.execute(sealed.hash)
            ends_epoch = done is on.Verdict.VALID and self.ledger.executed[sealed.hash].ends_epoch
            self._step(on.BlockBuilt(wish.view, sealed, ends_epoch))

    def _execute(self) -> None:
        for seal, view in list(self._executing.items()):
            verdict = self.ledger.execute(seal)
            if verdict is not None:
                self._executing.pop(seal, None)
                ends_epoch = verdict is on.Verdict.VALID and self.ledger.executed[seal].ends_epoch
                self._step(on.BlockExecuted(view, seal, verdict, ends_epoch))
            else:
                missing = self.ledger.missing(seal)
                if missing is not None:
                    self._want(missing)

    def _want(self, seal: bytes) -> None:
        if seal not in self._wanted and seal not in self.ledger.blocks:
            self._wanted.add(seal)
            self._fetch(seal)

    def _fetch(self, seal: bytes) -> None:
        if seal in self._wanted:
            self.broadcast(BlockRequest(seal))
            self._later(FETCH_AGAIN, lambda: self._fetch(seal))

    def _has_block(self, seal: bytes) -> None:
        self._wanted.discard(seal)
        self._execute()
        self._build()
        self._reach_goal()

    # -- finality -------------------------------------------------------------------------------

    def _finalise(self, certificate: Certificate, seal: bytes) -> None:
        self.note(f"final {certificate.view} {seal.hex()[:8]}")
        self.world.oracle.finalised(self.party, seal)
        self._goal = certificate
        self._notarized = {view: held for view, held in self._notarized.items() if view > certificate.view}
        delay = self.world.loop.random.randint(0, self.world.commit_delay)
        self._later(delay, self._reach_goal)

    def _reach_goal(self) -> None:
        certificate = self._goal
        if certificate is None:
            return
        missing = self.ledger.missing(certificate.seal)
        if missing is not None:
            self._want(missing)
            return
        self._goal = None
        if self.ledger.execute(certificate.seal) is not on.Verdict.VALID:
            self.world.oracle.must_not(self.party, "cannot execute a final block")
            return
        path = self.ledger.branch(certificate.seal)
        self.database.blocks.update((seal, self.ledger.blocks[seal]) for seal in path)
        self.database.finalised = on.Finality(len(path), certificate.seal, certificate.view, certificate)
        self.note(f"commits height {len(path)}")
        self.wal.compact(certificate.epoch, certificate.view)
        if self.ledger.executed[certificate.seal].members.epoch > self.members.epoch:
            self.database.ends[self.members.epoch] = certificate
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
