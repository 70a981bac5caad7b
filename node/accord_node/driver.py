"""Runs consensus: gives it inputs, carries out its effects in order, durable before sent.

    link -> signatures -> step -> Persist -> journal synced -> signed -> gossip

Effects of many steps wait in one queue; each round writes everything to be persisted in one batch with
one sync and then carries out the rest in order, so durability costs one sync however many votes ride on
it. Building and executing blocks are tasks that answer with an input.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, assert_never

import structlog

from accord_ledger import codec
from accord_ledger.block import (
    NO_SEAL,
    Certificate,
    Members,
    SealedBytes,
    Vote,
    VoteKind,
    body_hash,
    vote_message,
)
from accord_ledger.consensus import effects as do
from accord_ledger.consensus import inputs as on
from accord_ledger.consensus import journal
from accord_ledger.consensus.config import Config as CoreConfig
from accord_ledger.consensus.core import Consensus
from accord_ledger.domain.pipeline import Prepared, prepare
from accord_ledger.errors import AccordError, FatalError
from accord_ledger.execute import InvalidBlock, check_header
from accord_ledger.keys import SigningKey
from accord_node.bodies import Bodies, Body, body_matches
from accord_node.chain import MAX_BODY_BYTES, Chain, Limits, Refused, body_bytes
from accord_node.mempool import Mempool
from accord_node.messages import (
    INLINE_BODY_BYTES,
    Batch,
    CertificatesWanted,
    Proposal,
    Request,
)
from accord_node.peer import Outcome, PeerNetwork, Topic
from accord_node.records import RecordReader, UnreadableBody, entry_hash
from accord_node.seams import Clock
from accord_node.signatures import SignatureCache

log = structlog.get_logger("consensus")

MAX_CLOCK_AHEAD_SECONDS = 5
"""A block whose time is further ahead of our clock waits; it is never called invalid."""
MAX_OVERLAYS = 12
"""Unfinalised executed blocks with records held; building and executing more of them waits beyond
(DESIGN.md: bounded depth). Empty ones never wait: they are how consensus gets on when the bound is met."""
KEPT_VIEWS = 2
"""For so many views a block stays executed although nobody certified it."""
BEHIND, AHEAD = CoreConfig().behind, CoreConfig().ahead
"""Views around the current one whose votes and proposals the core takes."""
MAX_SEALS_PER_VIEW = 2
"""Different seals one member may vote for, or a leader propose, in a view: two are evidence, more are noise."""
MAX_PROPOSAL_BYTES = 4 * 1024 * 1024
RETRY_SECONDS = 0.1
"""Pause before peers are asked again for an ancestor that none of them gave."""
MAX_RETRY_SECONDS = 2.0


CERTIFICATE_PAUSE_SECONDS = 0.25
"""Notarizations and finalizations are sent at most this often, newest only: every member forms them from
the votes it got anyway, so they only repair what was lost."""


class KnownCertificates:
    """Which certificates consensus has: one of each kind and view is enough, whoever signed it."""

    def __init__(self, capacity: int = 4096) -> None:
        self._seen: dict[tuple[str, int, int], None] = {}
        self._capacity = capacity

    def holds(self, certificate: Certificate) -> bool:
        """Whether one of this kind, epoch and view is known."""
        return (certificate.kind, certificate.epoch, certificate.view) in self._seen

    def add(self, certificate: Certificate) -> None:
        """Note one, forgetting the oldest beyond capacity."""
        self._seen[certificate.kind, certificate.epoch, certificate.view] = None
        if len(self._seen) > self._capacity:
            del self._seen[next(iter(self._seen))]


class Journal(Protocol):
    """The vote journal as the driver uses it."""

    async def write(self, records: tuple[journal.Record, ...]) -> None:
        """Append in one batch; returns once durable."""


@dataclass
class Services:
    """What the driver stands on."""

    party: str
    network_hash: bytes
    members: Members
    vote_key: SigningKey | None
    """None: an observer, or a member that must not vote."""
    chain: Chain
    mempool: Mempool
    bodies: Bodies
    reader: RecordReader
    cache: SignatureCache
    network: PeerNetwork
    journal: Journal
    clock: Clock
    limits: Limits
    on_final: Callable[[Certificate, bytes], None]
    """Called for every finalization, in order; the finaliser commits or catches up."""
    on_refused: Callable[[list[Refused]], None]
    on_accused: Callable[[Any], None]
    on_fatal: Callable[[BaseException], None]


class Driver:
    """One epoch's consensus at work."""

    def __init__(self, core: Consensus, services: Services) -> None:
        self.core = core
        self._on = services
        self._queue: list[do.Effect] = []
        self._wake = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._room = asyncio.Event()
        self._room.set()
        self._stopped = False
        self._known = KnownCertificates()
        self._heard: dict[int, dict[tuple[str, str], set[bytes]]] = {}
        """Seals voted for, by view, then kind and member."""
        self._proposed: dict[int, set[bytes]] = {}
        self._certified: dict[bytes, int] = {}
        """Seals that a quorum certified, with the view: their blocks are not dropped while unfinalised."""
        self._final_view = 0
        self._requesting: set[bytes] = set()
        self._later: dict[str, Certificate] = {}
        self._flush: asyncio.TimerHandle | None = None
        self.view = 0
        self.leader = ""
        self.last_progress = services.clock.monotonic()
        """When a block last became final or consensus was last idle (monotonic seconds)."""
        self.pending_reported = False
        self._paced_until = 0.0
        """Loop time before which a block under load is not built."""

    def start(self, records: tuple[journal.Record, ...], finality: on.Finality) -> None:
        """Restore from the journal and begin."""
        self._restore_bodies(records, finality.height)
        self._final_view = finality.view
        for record in records:
            if isinstance(record, journal.Certified) and record.certificate.kind != "nullify":
                self._certified[record.certificate.seal] = record.view
        self._spawn(self._carry_out())
        self.give(on.Start(records=records, finalised=finality))

    async def close(self) -> None:
        """Stop carrying out effects; what is not durable was never sent."""
        self.stop()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def stop(self) -> None:
        """From now on nothing is decided, signed or sent, whatever is still queued."""
        self._stopped = True
        self._queue = []
        if self._flush is not None:
            self._flush.cancel()
        for task in list(self._tasks):
            task.cancel()

    def give(self, event: on.Input) -> None:
        """One step of consensus; its effects are queued."""
        if self._stopped:
            return
        try:
            effects = [self._with_bodies(effect) for effect in self.core.step(event)]
        except Exception as error:  # noqa: BLE001 - a defect in the core must stop the node, not one task
            self._on.on_fatal(error)
            return
        if effects:
            self._queue += effects
            self._wake.set()

    def work_changed(self) -> None:
        """Tell the core whether transactions wait that no unfinalised block holds."""
        pending = self._on.mempool.has_work(self._on.chain.in_flight())
        if pending != self.pending_reported:
            self.pending_reported = pending
            self.give(on.WorkChanged(pending))

    # -- messages of peers -------------------------------------------------------------------------

    def on_vote(self, _: Topic, payload: bytes, __: str) -> Outcome:
        """A gossiped vote."""
        vote = codec.decode(payload, Vote)
        if vote.epoch != self._on.members.epoch or vote.view > self.core.view + AHEAD:
            return Outcome.IGNORE
        old = vote.view < self.core.view - BEHIND
        if old and vote.kind != "nullify":
            return Outcome.IGNORE
        seals = self._heard.get(vote.view, {}).get((vote.kind, vote.member), set())
        if vote.seal not in seals and len(seals) >= MAX_SEALS_PER_VIEW:
            return Outcome.IGNORE
        if not self._check_vote(vote):
            return Outcome.BAD
        if not old:
            heard = self._heard.setdefault(vote.view, {})
            heard.setdefault((vote.kind, vote.member), set()).add(vote.seal)
        self.give(on.VoteReceived(vote))
        return Outcome.IGNORE if old else Outcome.ACCEPT

    def _check_vote(self, vote: Vote) -> bool:
        public = self._on.members.vote_key(vote.member)
        if public is None or vote.epoch != self._on.members.epoch:
            return False
        message = vote_message(self._on.network_hash, vote.kind, vote.epoch, vote.view, vote.seal)
        return self._on.cache(public, message, vote.signature)

    def on_certificate(self, _: Topic, payload: bytes, __: str) -> Outcome:
        """A gossiped certificate."""
        certificate = codec.decode(payload, Certificate)
        if certificate.epoch != self._on.members.epoch or certificate.view <= self._final_view:
            return Outcome.IGNORE
        if self._known.holds(certificate):
            return Outcome.IGNORE
        if not self.check_certificate(certificate):
            return Outcome.BAD
        self._known.add(certificate)
        self.give(on.CertificateReceived(certificate))
        return Outcome.ACCEPT

    def check_certificate(self, certificate: Certificate) -> bool:
        """N - f members of this epoch signed it; signatures seen before are not checked again."""
        members = self._on.members
        parties = [party for party, _ in certificate.votes]
        if (
            certificate.epoch != members.epoch
            or (certificate.kind == "nullify") != (certificate.seal == NO_SEAL)
            or parties != sorted(set(parties))
            or len(parties) < members.quorum
        ):
            return False
        message = vote_message(
            self._on.network_hash, certificate.kind, certificate.epoch, certificate.view, certificate.seal
        )
        for party, signature in certificate.votes:
            public = members.vote_key(party)
            if public is None or not self._on.cache(public, message, signature):
                return False
        return True

    async def on_proposal(self, _: Topic, payload: bytes, sender: str) -> Outcome:
        """A gossiped proposal: the leader's signed notarize, the seal, and the names of its records."""
        proposal = codec.decode(payload, Proposal, limit=MAX_PROPOSAL_BYTES)
        sealed = SealedBytes.parse(proposal.seal)
        vote = proposal.vote
        if vote.epoch != self._on.members.epoch or vote.view <= self._final_view:
            return Outcome.IGNORE
        if vote.kind != "notarize" or vote.seal != sealed.hash:
            return Outcome.BAD
        if vote.member != self._on.members.leader(vote.view) or not self._check_vote(vote):
            return Outcome.BAD
        certificate = sealed.seal.parent_certificate
        if certificate is not None:
            if not self.check_certificate(certificate):
                return Outcome.BAD
            self.give(on.CertificateReceived(certificate))  # it may bring us to the proposal's view
        body = self._body_of(proposal, sealed, sender)
        if body is None:
            return Outcome.BAD
        if not self._expects(sealed, vote.view):
            self.give(on.VoteReceived(vote))
            return Outcome.IGNORE
        if proposal.entries:
            body.records = await self._on.bodies.read(proposal.entries)
        self._on.bodies.add(body)
        self.give(on.ProposalReceived(sealed, vote))
        return Outcome.ACCEPT

    def _expects(self, sealed: SealedBytes, view: int) -> bool:
        """Whether a proposal is for a view around ours and not one of too many for it."""
        if not self.core.view - BEHIND <= view <= self.core.view + AHEAD:
            return False
        proposed = self._proposed.setdefault(view, set())
        if sealed.hash not in proposed and len(proposed) >= MAX_SEALS_PER_VIEW:
            return False
        proposed.add(sealed.hash)
        return True

    def _body_of(self, proposal: Proposal, sealed: SealedBytes, sender: str) -> Body | None:
        """The body a proposal names; None if names or records do not fit its seal."""
        hashes = tuple(proposal.hashes[i : i + 32] for i in range(0, len(proposal.hashes), 32))
        if not _names_match(sealed, proposal.hashes, hashes):
            return None
        if proposal.entries and (
            sum(map(len, proposal.entries)) > INLINE_BODY_BYTES or not body_matches(sealed, proposal.entries)
        ):
            return None
        return Body(sealed, hashes, [sender, proposal.vote.member], view=proposal.vote.view)

    # -- effects -----------------------------------------------------------------------------------

    async def _carry_out(self) -> None:
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                batch, self._queue = self._queue, []
                records = self._to_persist(batch)
                if records:
                    await self._on.journal.write(records)
                for effect in batch:
                    self._do(effect)
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - an unwritable journal or a defect stops the node
            self._on.on_fatal(error)

    def _to_persist(self, batch: list[do.Effect]) -> tuple[journal.Record, ...]:
        return tuple(
            record for effect in batch if isinstance(effect, do.Persist) for record in effect.records
        )

    def _with_bodies(self, effect: do.Effect) -> do.Effect:
        """Put its body before every ``Proposed``, at once.

        When its turn comes to be written the block may be final already and gone from memory.
        """
        if not isinstance(effect, do.Persist):
            return effect
        records: list[journal.Record] = []
        for record in effect.records:
            if isinstance(record, journal.Proposed):
                records.append(self._body_record(record))
            records.append(record)
        return do.Persist(tuple(records))

    def _body_record(self, record: journal.Proposed) -> journal.Body:
        sealed = SealedBytes.parse(record.entry)
        block = self._on.chain.executed(sealed.hash)
        body = self._on.bodies.get(sealed.hash)
        if block is not None:
            entries = block.entries
        elif body is not None and body.records is not None:
            entries = tuple(item.record.entry for item in body.records)
        else:
            raise FatalError("BODY_MISSING", f"expected the body of {sealed.hash.hex()} before its vote")
        return journal.Body(
            epoch=record.epoch, view=record.view, seal=sealed.hash, body=codec.encode(Batch(entries=entries))
        )

    def _restore_bodies(self, records: tuple[journal.Record, ...], height: int) -> None:
        """Bodies of what we voted for above ``height``."""
        bodies = {item.seal: item.body for item in records if isinstance(item, journal.Body)}
        for item in records:
            if isinstance(item, journal.Proposed):
                sealed = SealedBytes.parse(item.entry)
                raw = bodies.get(sealed.hash)
                if raw is None:
                    raise FatalError(
                        "JOURNAL_CORRUPT", f"expected the body of {sealed.hash.hex()} in the journal"
                    )
                if sealed.seal.height <= height:
                    continue
                entries = codec.decode(raw, Batch, limit=64 * 1024 * 1024).entries
                hashes = tuple(entry_hash(entry) for entry in entries)
                prepared = tuple(prepare(entry) for entry in entries)
                self._on.bodies.add(Body(sealed, hashes, records=prepared, view=item.view))

    def _do(self, effect: do.Effect) -> None:
        match effect:
            case do.Persist():
                pass  # durable already: see _carry_out
            case do.SendVote(kind, epoch, view, seal):
                self._publish_vote(self._sign(kind, epoch, view, seal))
            case do.SendProposal(view, sealed):
                self._publish_proposal(view, sealed)
            case do.SendCertificate(certificate, to):
                self._publish_certificate(certificate, to)
            case do.BuildBlock():
                self._spawn(self._build(effect))
            case do.ExecuteBlock(view, sealed):
                self._spawn(self._execute(view, sealed))
            case do.RequestBlock(view, seal):
                self._spawn(self._request_block(seal))
            case do.RequestCertificates(from_view, to_view):
                self._spawn(self._request_certificates(from_view, to_view))
            case do.ScheduleTimer(view, kind, delay):
                asyncio.get_running_loop().call_later(delay / 1000, self.give, on.TimeoutElapsed(view, kind))
            case do.Finalised(certificate, seal):
                self._final_view = max(self._final_view, certificate.view)
                self._certified[seal] = certificate.view
                self.last_progress = self._on.clock.monotonic()
                self._on.on_final(certificate, seal)
            case do.Accuse(evidence):
                self._on.on_accused(evidence)
            case do.RestoreSuspected(vote):
                log.warning(
                    "a peer shows a vote of ours that is not in our journal", view=vote.view, kind=vote.kind
                )
            case do.EnteredView(view, leader):
                self.view, self.leader = view, leader
                self._forget_before(view)
                self.pending_reported = False  # the core asks anew in every view
                self.work_changed()
            case do.Halt(code, detail):
                self._on.on_fatal(FatalError(code, detail))
            case _:
                assert_never(effect)

    def _forget_before(self, view: int) -> None:
        """Whatever no view that matters any more has left behind."""
        for old in [held for held in self._heard if held < view - BEHIND]:
            del self._heard[old]
        for old in [held for held in self._proposed if held < view - BEHIND]:
            del self._proposed[old]
        self._certified = {seal: held for seal, held in self._certified.items() if held >= self._final_view}
        self._on.bodies.forget_views(view - BEHIND, self._certified)
        self._on.chain.prune(
            lambda block: block.sealed.hash in self._certified or block.sealed.seal.view + KEPT_VIEWS >= view
        )
        self.room_changed()

    def _sign(self, kind: VoteKind, epoch: int, view: int, seal: bytes) -> Vote:
        key = self._on.vote_key
        if key is None:
            raise FatalError("NO_VOTE_KEY", "expected a vote key to sign a vote with")
        message = vote_message(self._on.network_hash, kind, epoch, view, seal)
        signature = key.sign(message)
        self._on.cache.remember(key.public, message, signature)
        return Vote(kind=kind, epoch=epoch, view=view, seal=seal, member=self._on.party, signature=signature)

    def _publish_vote(self, vote: Vote) -> None:
        self._on.network.gossip.publish(Topic.VOTE, codec.encode(vote), again=True)
        self.give(on.VoteReceived(vote))

    def _publish_certificate(self, certificate: Certificate, to: str | None) -> None:
        self._known.add(certificate)
        if certificate.kind != "nullify":
            self._certified[certificate.seal] = certificate.view
        if to is not None:
            self._spawn(self._tell(to, codec.encode(certificate)))
        elif certificate.kind == "nullify":
            self._on.network.gossip.publish(Topic.CERTIFICATE, codec.encode(certificate), again=True)
        else:
            self._later[certificate.kind] = certificate
            if self._flush is None:
                loop = asyncio.get_running_loop()
                self._flush = loop.call_later(CERTIFICATE_PAUSE_SECONDS, self._flush_certificates)

    def _flush_certificates(self) -> None:
        """Send the newest notarization and finalization: members form their own from the same votes."""
        self._flush = None
        for certificate in self._later.values():
            self._on.network.gossip.publish(Topic.CERTIFICATE, codec.encode(certificate), again=True)
        self._later = {}

    async def _tell(self, party: str, payload: bytes) -> None:
        try:
            await self._on.network.request(party, Request.CERTIFICATE, payload, timeout=2.0)
        except AccordError as error:
            log.debug("could not hand over a certificate", to=party, code=error.code)

    def _publish_proposal(self, view: int, sealed: SealedBytes) -> None:
        vote = self._sign("notarize", self._on.members.epoch, view, sealed.hash)
        block = self._on.chain.executed(sealed.hash)
        body = self._on.bodies.get(sealed.hash)
        records = block.prepared if block is not None else None if body is None else body.records
        if records is None:  # said again after its body was dropped; whoever needs that asks for it
            self._publish_vote(vote)
            return
        hashes = b"".join(item.record.entry_hash for item in records)
        size = sum(len(item.record.entry) for item in records)
        entries = tuple(item.record.entry for item in records) if size <= INLINE_BODY_BYTES else ()
        proposal = Proposal(vote=vote, seal=sealed.entry, hashes=hashes, entries=entries)
        self._on.network.gossip.publish(Topic.PROPOSAL, codec.encode(proposal), again=True)
        self.give(on.VoteReceived(vote))

    # -- tasks -------------------------------------------------------------------------------------

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._on.on_fatal(error)

    def room_changed(self) -> None:
        """Unfinalised blocks became durable; building and executing may go on."""
        if self._on.chain.loaded < MAX_OVERLAYS:
            self._room.set()
        else:
            self._room.clear()

    async def _pace(self, parent: bytes) -> None:
        """Under load let records gather: a block costs every member much the same whatever it holds.

        A parent of one record or none says that nobody is in a hurry with many, so nothing waits at rest.
        """
        block = self._on.chain.executed(parent)
        if block is None or len(block.prepared) <= 1:
            return
        if len(self._on.mempool) - len(block.prepared) >= self._on.limits.records:
            return  # a full block waits already
        await asyncio.sleep(self._paced_until - asyncio.get_running_loop().time())

    def _block_seen(self) -> None:
        self._paced_until = asyncio.get_running_loop().time() + self._on.limits.pace_seconds

    async def _build(self, effect: do.BuildBlock) -> None:
        chain = self._on.chain
        if not await self._ensure_executed(effect.parent):
            return
        await self._pace(effect.parent)
        candidates: list[Prepared] = []
        time = self._on.clock.now()
        if not effect.empty_only and self._room.is_set():
            exclude = chain.entry_hashes(effect.parent)
            candidates = self._on.mempool.candidates(self._on.limits.records, exclude, time)
        try:
            block, refused = await chain.build(
                effect.parent,
                effect.parent_certificate,
                candidates,
                proposer=self._on.party,
                view=effect.view,
                time=time,
                limits=self._on.limits,
            )
        except KeyError:
            return  # the parent was overtaken by finality while we waited; the view is over
        if refused:
            self._on.on_refused(refused)
        hashes = tuple(item.record.entry_hash for item in block.prepared)
        self._on.bodies.add(Body(block.sealed, hashes, records=block.prepared, view=effect.view))
        self.room_changed()
        self._block_seen()
        self.give(on.BlockBuilt(effect.view, block.sealed))

    async def _execute(self, view: int, sealed: SealedBytes) -> None:
        verdict = await self._verdict(sealed)
        if verdict is not None:
            self.give(on.BlockExecuted(view, sealed.hash, verdict))

    async def _verdict(self, sealed: SealedBytes) -> on.Verdict | None:
        chain = self._on.chain
        if not await self._ensure_executed(sealed.seal.parent, sealed.seal.height - 1):
            return None
        try:
            version = chain.version(sealed.seal.parent)
            if version is not None:
                check_header(self._on.network_hash, version, sealed.seal)
            await self._wait_for_time(sealed)
            records = await self._on.bodies.complete(sealed.hash)
            if body_bytes(records) > MAX_BODY_BYTES:
                raise UnreadableBody(f"expected records of at most {MAX_BODY_BYTES} bytes")
            if records and chain.executed(sealed.hash) is None:
                await self._room.wait()
            await chain.execute(sealed, records)
        except (InvalidBlock, UnreadableBody) as error:
            log.warning(
                "invalid block", height=sealed.seal.height, proposer=sealed.seal.proposer, error=str(error)
            )
            return on.Verdict.INVALID
        except KeyError:
            return None  # overtaken by finality, or forgotten: nobody needs the verdict any more
        self.room_changed()
        self._block_seen()
        return on.Verdict.VALID

    async def _wait_for_time(self, sealed: SealedBytes) -> None:
        """Wait until a block's time is not too far ahead of our clock, as long as its body is kept.

        Raises:
            KeyError: it was dropped.
        """
        told = False
        while (ahead := sealed.seal.time - MAX_CLOCK_AHEAD_SECONDS - self._on.clock.now()) > 0:
            if self._on.bodies.get(sealed.hash) is None:
                raise KeyError(sealed.hash.hex())
            if not told:
                log.warning("a block is ahead of our clock; waiting", seconds=ahead)
            told = True
            await asyncio.sleep(min(ahead, 1))

    async def _ensure_executed(self, seal: bytes, height: int | None = None) -> bool:
        """Execute a certified block and its unexecuted ancestors, fetching what is missing.

        Args:
            seal: its seal hash.
            height: as its child claims.

        Returns:
            False if it is below the durable base: finality has overtaken whoever asks.
        """
        chain = self._on.chain
        pause = RETRY_SECONDS
        while chain.version(seal) is None:
            missing, lacking = self._unexecuted(seal)
            top = missing[0].sealed.seal.height if missing else height
            if top is not None and top <= chain.base.height:
                return False
            if lacking is None:
                if not await self._execute_all(missing):
                    return False
                continue
            # Far above the base, ranges are on their way, which is quicker than block by block.
            if top is None or top <= chain.base.height + 2 * MAX_OVERLAYS:
                await self._fetch_block(lacking)
            if self._on.bodies.get(lacking) is None and chain.version(lacking) is None:
                await asyncio.sleep(pause)
                pause = min(2 * pause, MAX_RETRY_SECONDS)
        return True

    def _unexecuted(self, seal: bytes) -> tuple[list[Body], bytes | None]:
        """Bodies from a seal down to what is executed, newest first; and the seal whose body is not here."""
        missing: list[Body] = []
        while self._on.chain.version(seal) is None:
            body = self._on.bodies.get(seal)
            if body is None:
                return missing, seal
            missing.append(body)
            seal = body.sealed.seal.parent
            if body.sealed.seal.height <= self._on.chain.base.height:
                break
        return missing, None

    async def _execute_all(self, missing: list[Body]) -> bool:
        """Execute certified blocks, oldest last in the list; False if finality has overtaken them."""
        for body in reversed(missing):
            if body.sealed.seal.height <= self._on.chain.base.height:
                return False
            try:
                await self._on.chain.execute(body.sealed, await self._on.bodies.complete(body.sealed.hash))
            except (InvalidBlock, UnreadableBody) as error:
                raise FatalError(
                    "STATE_DIVERGED", f"a notarised ancestor does not execute here: {error}"
                ) from error
            except KeyError:
                return False
        return True

    async def _request_block(self, seal: bytes) -> None:
        body, block = self._on.bodies.get(seal), self._on.chain.executed(seal)
        sealed = block.sealed if block is not None else None if body is None else body.sealed
        if sealed is None:
            sealed = await self._fetch_block(seal)
        if sealed is not None:
            self.give(on.BlockReceived(sealed))

    async def _fetch_block(self, seal: bytes) -> SealedBytes | None:
        """A certified block from whoever has it, into the bodies; one round, one at a time for each seal."""
        if seal in self._requesting:
            return None
        self._requesting.add(seal)
        try:
            for party in self._peers():
                block = await self._on.bodies.fetch_block(seal, party)
                if block is None:
                    continue
                sealed = SealedBytes.parse(block.seal)
                certificate = sealed.seal.parent_certificate
                if certificate is not None and not self.check_certificate(certificate):
                    continue
                hashes = tuple(entry_hash(entry) for entry in block.entries)
                records = await self._on.bodies.read(block.entries)
                self._on.bodies.add(Body(sealed, hashes, [party], records, view=self.core.view))
                return sealed
        finally:
            self._requesting.discard(seal)
        return None

    async def _request_certificates(self, from_view: int, to_view: int) -> None:
        wanted = codec.encode(
            CertificatesWanted(epoch=self._on.members.epoch, from_view=from_view, to_view=to_view)
        )
        for party in self._peers()[:2]:
            try:
                await self._on.network.request(party, Request.CERTIFICATES, wanted, timeout=2.0)
            except AccordError:
                continue

    def _peers(self) -> list[str]:
        """Linked members first, the leader before others."""
        linked = self._on.network.linked()
        members = [member.party for member in self._on.members.members if member.party in linked]
        others = sorted(linked.difference(members))
        return sorted(members, key=lambda party: party != self.leader) + others


def _names_match(sealed: SealedBytes, joined: bytes, hashes: tuple[bytes, ...]) -> bool:
    return len(joined) == 32 * sealed.seal.count and body_hash(hashes) == sealed.seal.body_hash
