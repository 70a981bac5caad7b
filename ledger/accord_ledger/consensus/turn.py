"""What a party does in the view it is in: rules 1, 2 and 6 of the theory at the head of ``core.py``.

It works, leads, votes and gives up, each at most once in a view. What becomes known meanwhile, and which view
comes next, is :mod:`accord_ledger.consensus.core`'s.
"""

from __future__ import annotations

from collections.abc import Callable

from accord_ledger.block import NO_SEAL, SealedBytes
from accord_ledger.consensus import effects
from accord_ledger.consensus.chain import Gap, Tip
from accord_ledger.consensus.ending import Ending
from accord_ledger.consensus.inputs import TimerKind, Verdict
from accord_ledger.consensus.memory import Memory
from accord_ledger.consensus.proposals import Placing
from accord_ledger.consensus.speech import Speech


class Turn:
    """Our part in the current view.

    Args:
        memory, speech, ending: of this instance, shared with the core.
        placing: where a proposal may stand.
        fetch: asks for the notarized block of a view, if we lack it.
    """

    def __init__(
        self,
        memory: Memory,
        speech: Speech,
        ending: Ending,
        placing: Placing,
        *,
        fetch: Callable[[int], None],
    ) -> None:
        self._memory = memory
        self._speech = speech
        self._ending = ending
        self._placing = placing
        self._config = memory.config
        self._fetch = fetch

    def work(self) -> None:
        """Rule 1: with work to do, start the timers of this view, once; with none, stay silent."""
        memory = self._memory
        if memory.armed or memory.party is None:
            return
        if not memory.has_work():
            if memory.chain.unfinalised and not memory.settling:
                memory.settling = True
                self._speech.timer(TimerKind.SETTLE, self._config.settle_delay())
            return
        memory.armed = True
        if "nullify" in memory.current.own:  # after a restart, or when work comes back
            self._retry()
        elif memory.silent(memory.leader):  # a leader long silent gets no time
            self.nullify()
        else:
            if memory.current.proposal is None:
                self._speech.timer(TimerKind.LEADER, self._config.leader_delay(memory.nullified))
            self._speech.timer(TimerKind.ADVANCE, self._config.advance_delay(memory.nullified))
            self.lead()

    def lead(self) -> None:
        """Rule 1: ask for our block as soon as the parent and everything between is certain."""
        memory, held = self._memory, self._memory.current
        if not memory.may_lead():
            return
        parent = self.parent()
        depth = None if parent is None else memory.chain.depth(parent.seal)
        if parent is None or depth is None:  # a notarized block we lack is on its way
            return
        held.building = True
        if self._ending.holds(parent.seal):  # known here, since depth counted it
            self.propose(memory.view, memory.chain.seals[parent.seal])
            return
        empty_only = depth >= self._config.depth
        self._speech.add(effects.BuildBlock(memory.view, parent.seal, parent.certificate, empty_only))

    def parent(self) -> Tip | None:
        """What a block of this view may extend; None, and asked for, while we cannot say."""
        parent = self._memory.chain.parent_for(self._memory.view)
        if isinstance(parent, Tip):
            return parent
        self._speech.ask(parent)
        return None

    def propose(self, view: int, sealed: SealedBytes) -> None:
        """Rule 1: the proposal is our notarize; it binds us like any vote."""
        memory, held = self._memory, self._memory.current
        if view != memory.view or not held.building or held.own or not memory.may_vote(view):
            return
        held.proposal, held.proposal_vote, held.verdict = sealed, None, Verdict.VALID
        self._notarize(sealed)

    def vote(self) -> None:
        """Rule 2: notarize, nullify or wait, for the proposal of the current view."""
        memory, held = self._memory, self._memory.current
        sealed = held.proposal
        if sealed is None or held.own or not memory.may_vote(memory.view):
            return
        placed = self._placing.judge(sealed, memory.view, memory.chain)
        if self._ending.refuses(sealed, memory.view, executed=held.verdict is Verdict.VALID):
            placed = Verdict.INVALID
        match held.verdict if placed is Verdict.VALID else placed:
            case Verdict.VALID:
                self._notarize(sealed)
            case Verdict.INVALID:
                held.verdict = Verdict.INVALID
                self.nullify()
            case Gap() as gap:
                self._speech.ask(gap)
            case None:
                self.execute(memory.view, sealed)

    def _notarize(self, sealed: SealedBytes) -> None:
        view, held = self._memory.view, self._memory.current
        held.own["notarize"] = sealed.hash
        proposed = self._speech.proposed(sealed, held.proposal_vote)
        self._speech.persist(proposed, self._speech.voted(view, "notarize"))
        self._speech.say(view, "notarize")

    def execute(self, view: int, sealed: SealedBytes) -> None:
        """Ask for execution of a block, of a proposal once."""
        held = self._memory.rounds.get(view)
        if held is not None and held.proposes(sealed.hash):
            if held.executing or held.verdict is not None:
                return
            held.executing = True
        self._speech.add(effects.ExecuteBlock(view, sealed))

    def nullify(self) -> None:
        """Rule 6: never after our own finalize; said again until the view is over."""
        if not self._memory.may_nullify():
            return
        view = self._memory.view
        self._memory.current.own["nullify"] = NO_SEAL
        self._speech.persist(self._speech.voted(view, "nullify"))
        self._speech.say(view, "nullify")
        self._speech.timer(TimerKind.RETRY, self._config.retry_delay())

    def _retry(self) -> None:
        """Rule 6: the nullify again, with the certificates that brought us here, and what we lack."""
        self._speech.say(self._memory.view, "nullify")
        self._speech.send_best()
        self._memory.asked = False
        self.parent()
        for view in self._memory.chain.notarized_views()[-self._config.depth :]:
            self._fetch(view)
        self._speech.timer(TimerKind.RETRY, self._config.retry_delay())
