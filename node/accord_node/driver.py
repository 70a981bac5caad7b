"""Runs consensus: gives it inputs, carries out its effects in order, durable before sent.

    link -> signatures -> step -> Persist -> journal synced -> signed -> gossip

Effects of many steps wait in one queue (``effectqueue``); each round writes everything to be persisted in one
batch with one sync and then carries out the rest in order, so durability costs one sync however many votes ride
on it. Building and executing blocks are tasks that answer with an input.
"""

from __future__ import annotations

import asyncio
from typing import Any, assert_never

import structlog

from accord_ledger import codec
from accord_ledger.block import Certificate, SealedBytes, Vote, VoteKind, vote_message
from accord_ledger.consensus import effects as do
from accord_ledger.consensus import inputs as on
from accord_ledger.consensus import journal
from accord_ledger.consensus.core import Consensus
from accord_ledger.domain.pipeline import prepare
from accord_ledger.errors import AccordError, FatalError
from accord_ledger.execute import Executed
from accord_node.bodies import Body
from accord_node.effectqueue import EffectQueue
from accord_node.hearing import BEHIND, Hearing
from accord_node.messages import INLINE_BODY_BYTES, Batch, CertificatesWanted, Proposal, Request
from accord_node.peer import Topic
from accord_node.records import entry_hash
from accord_node.services import Services
from accord_node.workshop import Workshop

log = structlog.get_logger("consensus")

KEPT_VIEWS = 2
"""For so many views a block stays executed although nobody certified it."""


CERTIFICATE_PAUSE_SECONDS = 0.25
"""Notarizations and finalizations are sent at most this often, newest only: every member forms them from
the votes it got anyway, so they only repair what was lost."""


class Driver:
    """One epoch's consensus at work."""

    def __init__(self, core: Consensus, services: Services) -> None:
        self.core = core
        self._on = services
        self._effects = EffectQueue()
        self._timers: list[asyncio.TimerHandle] = []
        """Of the view we are in."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._started = self._stopped = False
        self.hearing = Hearing(core, services, self.give)
        """Takes what peers say."""
        self.workshop = Workshop(
            core,
            services,
            give=self.give,
            peers=self._peers,
            check_certificate=self.hearing.check_certificate,
        )
        """Builds, executes and fetches blocks."""
        self._certified: dict[bytes, int] = {}
        """Seals that a quorum certified, with the view: their blocks are not dropped while unfinalised."""
        self._later: dict[str, Certificate] = {}
        self._flush: asyncio.TimerHandle | None = None
        self.view = 0
        self.leader = ""
        self.last_progress = services.clock.monotonic()
        """When a block last became final or consensus was last idle (monotonic seconds)."""
        self.pending_reported = False

    @property
    def services(self) -> Services:
        """What it stands on."""
        return self._on

    def start(
        self, records: tuple[journal.Record, ...], finality: on.Finality, *, abstain_through: int = -1
    ) -> None:
        """Restore from the journal's records of this epoch and begin.

        Args:
            records: of this epoch.
            finality: what is durable.
            abstain_through: cast no vote before finality has passed this view; -1: none.
        """
        self._restore_bodies(records, finality.height)
        self.hearing.final_view = finality.view
        for record in records:
            if isinstance(record, journal.Certified) and record.certificate.kind != "nullify":
                self._certified[record.certificate.seal] = record.view
        self._started = self.hearing.listening = True
        self._spawn(self._carry_out())
        self.give(on.Start(records=records, finalised=finality, abstain_through=abstain_through))

    async def close(self) -> None:
        """Stop carrying out effects; what is not durable was never sent."""
        self.stop()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def stop(self) -> None:
        """From now on nothing is decided, signed or sent, whatever is still queued."""
        self._stopped = True
        self._effects.clear()
        self._forget_timers()
        if self._flush is not None:
            self._flush.cancel()
        for task in list(self._tasks):
            task.cancel()

    def give(self, event: on.Input) -> None:
        """One step of consensus; its effects are queued."""
        if self._stopped or not self._started:
            return  # peers may speak before the journal was read; what matters they say again
        try:
            effects = [self._with_bodies(effect) for effect in self.core.step(event)]
        except Exception as error:  # noqa: BLE001 - a defect in the core must stop the node, not one task
            self._on.on_fatal(error)
            return
        self._effects.add(effects)

    def work_changed(self) -> None:
        """Tell the core whether transactions wait that no unfinalised block holds."""
        pending = self._on.mempool.has_work(self._on.chain.in_flight_where(self._promising))
        if pending != self.pending_reported:
            self.pending_reported = pending
            self.give(on.WorkChanged(pending))

    def _promising(self, block: Executed) -> bool:
        """Whether a block may still become final.

        One of a view that is over, which nobody certified, does not keep its records from being work:
        with enough members that hold such a block, nobody would go on.
        """
        return block.sealed.hash in self._certified or block.sealed.seal.view >= self.view

    # -- effects -----------------------------------------------------------------------------------

    async def _carry_out(self) -> None:
        try:
            while True:
                batch = await self._effects.take()
                # What is final is so whatever becomes of our journal, and is made durable elsewhere.
                for effect in batch:
                    if isinstance(effect, do.Finalised):
                        self._do(effect)
                records = self._to_persist(batch)
                if records:
                    await self._on.journal.write(records)
                for effect in batch:
                    if not self._stopped and not isinstance(effect, do.Finalised):
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
                self._spawn(self.workshop.build(effect))
            case do.ExecuteBlock(view, sealed):
                self._spawn(self.workshop.execute(view, sealed))
            case do.RequestBlock(view, seal):
                self._spawn(self.workshop.request_block(seal))
            case do.RequestCertificates(from_view, to_view):
                self._spawn(self._request_certificates(from_view, to_view))
            case do.ScheduleTimer(view, kind, delay):
                self._schedule(view, kind, delay / 1000)
            case do.Finalised(certificate, seal):
                self.hearing.made(certificate)
                self.hearing.final_view = max(self.hearing.final_view, certificate.view)
                self._certified[seal] = certificate.view
                self.last_progress = self._on.clock.monotonic()
                self._on.on_final(certificate, seal)
            case do.Accuse(evidence):
                self._on.on_accused(evidence)
            case do.RestoreSuspected(vote):
                log.warning(
                    "a peer shows a vote of ours that is not in our journal", view=vote.view, kind=vote.kind
                )
                self._on.on_restored()
            case do.EnteredView(view, leader):
                self.view, self.leader = view, leader
                self._forget_timers()
                self._forget_before(view)
                self.pending_reported = False  # the core asks anew in every view
                self.work_changed()
            case do.Halt(code, detail):
                self._on.on_fatal(FatalError(code, detail))
            case _:
                assert_never(effect)

    def _schedule(self, view: int, kind: on.TimerKind, seconds: float) -> None:
        timer = asyncio.get_running_loop().call_later(seconds, self.give, on.TimeoutElapsed(view, kind))
        if kind is not on.TimerKind.HELP:
            self._timers.append(timer)

    def _forget_timers(self) -> None:
        """Those of a view that is over would find nothing to do."""
        for timer in self._timers:
            timer.cancel()
        self._timers = []

    def _forget_before(self, view: int) -> None:
        """Whatever no view that matters any more has left behind."""
        self.hearing.forget_before(view)
        self._certified = {
            seal: held for seal, held in self._certified.items() if held >= self.hearing.final_view
        }
        self._on.bodies.forget_views(view - BEHIND, self._certified)
        self._on.chain.prune(
            lambda block: block.sealed.hash in self._certified or block.sealed.seal.view + KEPT_VIEWS >= view
        )
        self.workshop.room_changed()

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
        self.hearing.made(certificate)
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
        """Send the newest notarization and finalization: members form their own from the same votes.

        Of a view that is final nobody needs the notarization.
        """
        self._flush = None
        final, notarized = self._later.get("finalize"), self._later.get("notarize")
        if final is not None and notarized is not None and notarized.view <= final.view:
            del self._later["notarize"]
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
