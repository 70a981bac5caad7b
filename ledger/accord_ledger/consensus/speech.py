"""How decisions of the core become effects: the list of one step, and its usual phrases.

Decides nothing about views or votes; it only keeps what is said once in a while from being said always.
"""

from __future__ import annotations

from typing import Final

from accord_ledger.block import Certificate, SealedBytes, Vote, VoteKind
from accord_ledger.consensus import effects
from accord_ledger.consensus.chain import Gap
from accord_ledger.consensus.inputs import TimerKind
from accord_ledger.consensus.journal import Proposed, Record, Voted
from accord_ledger.consensus.memory import Memory

MAX_ANSWERED: Final = 256
"""Askers remembered between two help timers; whoever comes after waits for the next."""


class Speech:
    """Effects of the step under way.

    Attributes:
        answered: who was answered since the last help timer.
    """

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._out: list[effects.Effect] = []
        self.answered: set[str] = set()

    def take(self) -> list[effects.Effect]:
        """What this step has to say."""
        out, self._out = self._out, []
        return out

    def add(self, effect: effects.Effect) -> None:
        """One effect, after those before it."""
        self._out.append(effect)

    def voted(self, view: int, kind: VoteKind) -> Voted:
        """The record of a vote that we have decided on."""
        seal = self._memory.round(view).own[kind]
        return Voted(epoch=self._memory.members.epoch, view=view, kind=kind, seal=seal)

    def proposed(self, sealed: SealedBytes, vote: Vote | None) -> Proposed:
        """The record of the seal that we notarize in this view; ``vote`` is its leader's, if not ours."""
        epoch, view = self._memory.members.epoch, self._memory.view
        return Proposed(epoch=epoch, view=view, entry=sealed.entry, vote=vote)

    def persist(self, *records: Record) -> None:
        """Make durable; an observer binds itself to nothing and keeps no journal."""
        if self._memory.party is not None:
            self.add(effects.Persist(records))

    def say(self, view: int, kind: VoteKind) -> None:
        """Send a vote that is durable once its turn comes; a leader's notarize goes as its proposal.

        Who follows, perhaps in doubt about its own journal, signs nothing, not even what stands there.
        """
        if self._memory.party is None:
            return
        held = self._memory.rounds[view]
        if kind == "notarize" and held.proposal is not None and held.proposal_vote is None:
            self.add(effects.SendProposal(view, held.proposal))
        else:
            self.add(effects.SendVote(kind, self._memory.members.epoch, view, held.own[kind]))

    def send_best(self) -> None:
        """To all: the newest finalization and what brought us to this view."""
        self._out.extend(effects.SendCertificate(certificate) for certificate in self._memory.best())

    def answer(self, member: str, certificates: list[Certificate]) -> None:
        """Send to one peer, once between two help timers: nobody makes us talk without end."""
        if member == self._memory.party or member in self.answered or not certificates:
            return
        if len(self.answered) >= MAX_ANSWERED:
            return
        if not self.answered:
            self.timer(TimerKind.HELP, self._memory.config.help_delay())
        self.answered.add(member)
        self._out.extend(effects.SendCertificate(certificate, member) for certificate in certificates)

    def ask(self, gap: Gap) -> None:
        """Ask for certificates, once in a view and with every retry."""
        if not self._memory.asked:
            self._memory.asked = True
            self.add(effects.RequestCertificates(gap.from_view, gap.to_view))

    def timer(self, kind: TimerKind, delay: int) -> None:
        """A timer of the current view, in milliseconds."""
        self.add(effects.ScheduleTimer(self._memory.view, kind, delay))
