"""The Simplex state machine of one epoch. What affects its transitions lives here and in ``turn.py``.

``turn`` is what we do in the view we are in (rules 1, 2 and 6); this file is what we come to know, and which
view that brings us to.

Theory of operation
===================

Time is cut into *views*, numbered from 1; view ``v`` has one leader. In a view a member may say three
things, each at most once: *notarize* (this seal is good), *nullify* (this view is over), *finalize*
(this seal was notarized and I shall never nullify its view). ``n - f`` equal statements are a
certificate. Any two sets of ``n - f`` members share an honest one; everything below follows from what
an honest member never does:

- it never signs two different notarize in a view, so a view has at most one notarized seal;
- it never signs nullify and finalize in one view, so a view that finalized a seal has no nullification;
- it notarizes a seal only on a notarized parent with every view between nullified. So once view ``v``
  is final, every later seal descends from its seal: the chain cannot step around ``v``.

Liveness: whoever is in a view can leave it by one certificate, and whoever is stuck says nullify, again
and again, until it has one. After the network heals, one honest leader in good time makes finality.

The rules of DESIGN.md section 4, by whose numbers the code refers to them:

1. A view that is entered *with work to do* gets timers, and its leader proposes on the newest
   notarized seal it may extend.
2. The first proposal whose parent is notarized is executed, then notarized; if definitely invalid the
   view is nullified at once; if that cannot be said yet, nothing is said.
3. A notarization is sent on and enters the next view; we finalize unless we nullified or saw the leader
   equivocate.
4. A nullification is sent on and enters the next view.
5. A finalization makes the seal and all its ancestors final, whenever it comes.
6. A timer makes us nullify, never after our own finalize, and say it again at intervals.
7. Votes count inside a window around the current view, certificates from any view.
8. Contradicting votes of one member are evidence.

A seal whose block changes members, keys or version ends the epoch, says execution. Until it is final,
leaders propose that same seal again (its own view stays; the votes name the current one), and nothing is
voted for that follows it. Once it is final the instance is over: it answers with the finalization.

Work is a pending transaction, a heartbeat, a proposal or f + 1 nullify in the current view, or a
notarized seal that had its delta to become final and did not (without that pause every block would
call for an empty one after it, and an idle network would never fall silent).

Persist before send: whatever binds us is persisted earlier in the effect list. Our memory of it
(``Round.own``) is set at once: it binds the steps that come before the disk has answered.
"""

from __future__ import annotations

from typing import assert_never

from accord_ledger.block import Certificate, Members, SealedBytes, Vote
from accord_ledger.consensus import effects, inputs
from accord_ledger.consensus.chain import Chain, Standing
from accord_ledger.consensus.config import Config
from accord_ledger.consensus.ending import Ending, answer_after_the_end
from accord_ledger.consensus.inputs import TimerKind, Verdict
from accord_ledger.consensus.journal import Certified, Record
from accord_ledger.consensus.memory import Memory
from accord_ledger.consensus.proposals import Placing
from accord_ledger.consensus.restore import restore
from accord_ledger.consensus.speech import Speech
from accord_ledger.consensus.turn import Turn
from accord_ledger.consensus.votes import vote_in


class Consensus:
    """One party's seat (or an observer's place) in one epoch.

    Args:
        network: hash of the genesis document.
        members: who votes in this epoch.
        party: ours; None, or one without a vote, for an observer, which follows and never votes.
        config: timing and bounds.
    """

    def __init__(self, network: bytes, members: Members, party: str | None, config: Config) -> None:
        self._members = members
        self._memory = Memory(members, party, config)
        self._speech = Speech(self._memory)
        self._ending = Ending()
        placing = Placing(network, members)
        self._turn = Turn(self._memory, self._speech, self._ending, placing, fetch=self._fetch)
        self._halted = False

    @property
    def view(self) -> int:
        """The current view; 0 before ``Start``."""
        return self._memory.view

    @property
    def over(self) -> bool:
        """Whether a seal that ends the epoch is final: nothing is decided here any more."""
        return self._ending.over

    @property
    def _done(self) -> bool:
        return self._halted or self.over

    def step(self, event: inputs.Input) -> list[effects.Effect]:
        """What follows from this event, in the order in which it must be done.

        Raises:
            RuntimeError: anything before ``Start``, or ``Start`` twice; the driver's mistake.
        """
        if self._halted:
            return []
        if isinstance(event, inputs.Start) != (self.view == 0):
            raise RuntimeError("expected Start as the first input and only there")
        if self.over:
            answer_after_the_end(event, self._memory, self._speech)
        else:
            self._dispatch(event)
        return self._speech.take()

    def _dispatch(self, event: inputs.Input) -> None:
        match event:
            case inputs.Start():
                self._start(event)
            case inputs.WorkChanged(pending):
                self._memory.pending = pending
                self._turn.work()
            case inputs.HeartbeatDue():
                self._memory.heartbeat = True
                self._turn.work()
            case inputs.ProposalReceived(sealed, vote):
                self._on_proposal(sealed, vote)
            case inputs.VoteReceived(vote):
                self._on_vote(vote)
            case inputs.CertificateReceived(certificate):
                self._learn(certificate)
            case inputs.CertificatesRequested(member, from_view, to_view):
                self._speech.answer(member, self._memory.chain.between(from_view, to_view))
            case inputs.BlockBuilt(view, sealed, ends_epoch):
                self._ending.learn(sealed.hash, ends_epoch=ends_epoch)
                self._turn.propose(view, sealed)
            case inputs.BlockReceived(sealed):
                self._adopt(sealed)
            case inputs.BlockExecuted(view, seal, verdict, ends_epoch):
                self._ending.learn(seal, ends_epoch=ends_epoch)
                self._on_executed(view, seal, verdict)
            case inputs.TimeoutElapsed(view, kind):
                self._on_timeout(view, kind)
            case _:
                assert_never(event)

    def _start(self, event: inputs.Start) -> None:
        """Everything durable that peers may still need is sent again; nothing new is said."""
        memory = self._memory
        chain = memory.chain = Chain(event.finalised, self._members.epoch)
        memory.abstain_through = event.abstain_through
        restored = restore(event.records, chain, self._members, memory.config.behind)
        memory.recall(restored.view, restored.rounds)
        if chain.final.view > event.finalised.view and chain.finalization is not None:
            self._speech.add(effects.Finalised(chain.finalization, chain.final.seal))
        self._speech.send_best()
        for view, kind in restored.unanswered(chain):
            self._speech.say(view, kind)
        self._enter(restored.view)
        for view in chain.notarized_views():
            self._fetch(view)

    def _enter(self, view: int) -> None:
        self._memory.begin_view(view)
        self._speech.add(effects.EnteredView(view, self._memory.leader))
        self._turn.parent()
        self._progress()

    def _progress(self) -> None:
        """Something became known that the current view may have waited for."""
        if not self._done:
            self._turn.work()
            self._turn.lead()
            self._turn.vote()

    def _on_proposal(self, sealed: SealedBytes, vote: Vote) -> None:
        """Rule 2: keep the first proposal of the view's leader; its parent certificate is news too."""
        leader = self._members.leader(vote.view)
        if (vote.kind, vote.seal, vote.member) != ("notarize", sealed.hash, leader):
            return
        if not self._memory.acceptable(vote):
            return
        self._learn(sealed.seal.parent_certificate)
        if self._memory.in_window(vote.view):
            held = self._memory.round(vote.view)
            if held.proposal is None:
                held.proposal, held.proposal_vote = sealed, vote
        self._on_vote(vote)
        self._adopt(sealed)
        self._progress()

    def _on_executed(self, view: int, seal: bytes, verdict: Verdict) -> None:
        held = self._memory.rounds.get(view)
        if held is not None and held.proposes(seal):
            held.verdict = verdict
        if seal == self._memory.chain.final.seal:  # final before it was executed here
            self._ending.finalised(seal, ())
        if verdict is Verdict.INVALID and self._memory.chain.certified(view) == seal:
            self._diverge(view)
        self._progress()

    def _on_vote(self, vote: Vote) -> None:
        """Rule 7: inside the window votes count; those who lag get help."""
        memory = self._memory
        if self._done or not memory.acceptable(vote):
            return
        if memory.lags(vote):
            self._speech.answer(vote.member, memory.best())
        self._record(vote)
        if not memory.in_window(vote.view):
            return
        certificate = memory.round(vote.view).book.certificate(vote.kind, vote.seal)
        if certificate is not None:
            self._learn(certificate)
        elif vote.view == memory.view:
            self._turn.work()

    def _record(self, vote: Vote) -> None:
        """Rule 8, and: a vote of ours that we do not remember means an old journal was put back."""
        if self._memory.disowns(vote):
            self._memory.abstain_through = vote.view
            self._speech.add(effects.RestoreSuspected(vote))
        evidence = self._memory.record(vote)
        if evidence is not None:
            self._speech.add(effects.Accuse(evidence))

    def _learn(self, certificate: Certificate | None) -> None:
        """Rules 3 to 5 and 7: a certificate of any view, formed here or elsewhere."""
        if self._done or certificate is None or certificate.epoch != self._members.epoch:
            return
        memory, view = self._memory, certificate.view
        standing = memory.chain.add(certificate)
        if standing is Standing.OLD:
            return
        for member, signature in certificate.votes:
            self._record(vote_in(certificate, member, signature))
        if standing is Standing.CONFLICT:
            self._halt("CERTIFICATES_CONFLICT", f"expected one outcome of view {view}, got two")
            return
        self._pass_on(certificate)
        match certificate.kind:
            case "notarize":
                memory.heartbeat = False  # here is the block it called for; being unfinalised is work too
            case "nullify":
                memory.nullified += view >= memory.view
            case "finalize":
                memory.heartbeat = False  # also of one that came by without its notarization
                self._finalise(certificate)
        if view >= memory.view and not self.over:  # rules 3, 4 and 7: one certificate is enough to join
            self._enter(view + 1)
        if certificate.kind == "notarize":
            self._fetch(view)
        self._progress()

    def _pass_on(self, certificate: Certificate) -> None:
        """Rules 3 and 4: send it on; of a notarization, with our finalize, which rests on it."""
        view = certificate.view
        records: list[Record] = [Certified(epoch=certificate.epoch, view=view, certificate=certificate)]
        finalize = self._memory.may_finalize(certificate)
        if finalize:
            self._memory.round(view).own["finalize"] = certificate.seal
            records.append(self._speech.voted(view, "finalize"))
        self._speech.persist(*records)
        self._speech.add(effects.SendCertificate(certificate))
        if finalize:
            self._speech.say(view, "finalize")

    def _finalise(self, certificate: Certificate) -> None:
        """Rule 5."""
        memory = self._memory
        memory.chain.finalise(certificate)
        memory.nullified = 0
        self._ending.finalised(certificate.seal, memory.seals_held())
        self._speech.add(effects.Finalised(certificate, certificate.seal))

    def _fetch(self, view: int) -> None:
        """Rule 4: get and execute every notarized block, whatever became of its view."""
        seal = self._memory.chain.lacks(view)
        if seal is None:
            return
        held = self._memory.rounds.get(view)
        if held is not None and held.proposal is not None and held.proposes(seal):
            self._adopt(held.proposal)
        else:
            self._speech.add(effects.RequestBlock(view, seal))

    def _adopt(self, sealed: SealedBytes) -> None:
        """A seal that a quorum notarized: those members have checked its parent certificate."""
        chain = self._memory.chain
        view = chain.view_of(sealed.hash)
        if self._done or view is None or chain.lacks(view) is None:
            return
        held = self._memory.rounds.get(view)
        if held is not None and held.proposes(sealed.hash) and held.verdict is Verdict.INVALID:
            self._diverge(view)
            return
        chain.seals[sealed.hash] = sealed
        self._learn(sealed.seal.parent_certificate)
        self._turn.execute(view, sealed)
        self._progress()

    def _on_timeout(self, view: int, kind: TimerKind) -> None:
        if kind is TimerKind.HELP:
            self._speech.answered.clear()
        if view != self.view:
            return
        memory, held = self._memory, self._memory.current
        match kind:
            case TimerKind.SETTLE:
                memory.settled = True
                self._progress()
            case TimerKind.RETRY:
                memory.armed = False
                self._turn.work()  # says it again, if there still is a reason
            case TimerKind.LEADER | TimerKind.ADVANCE if not memory.has_work():
                memory.armed = "nullify" in held.own  # done meanwhile: an idle network is silent
                self._turn.work()
            case TimerKind.LEADER | TimerKind.ADVANCE if kind is TimerKind.ADVANCE or held.proposal is None:
                self._turn.nullify()

    def _diverge(self, view: int) -> None:
        self._halt("STATE_DIVERGED", f"expected the block certified in view {view} to be valid")

    def _halt(self, code: str, detail: str) -> None:
        self._halted = True
        self._speech.add(effects.Halt(code, detail))
