"""What an instance remembers, and the questions its transitions ask of that. Nothing here has effects.

Memory is bounded whatever others send: rounds exist inside a window of views only, and a member fills
three places in each; certificates need a quorum to exist.
"""

from __future__ import annotations

from accord_ledger.block import NO_SEAL, Certificate, Members, Vote
from accord_ledger.consensus.chain import Chain
from accord_ledger.consensus.config import Config
from accord_ledger.consensus.evidence import Evidence
from accord_ledger.consensus.inputs import Finality
from accord_ledger.consensus.rounds import Round
from accord_ledger.consensus.votes import VoteBook


class Memory:
    """State of one instance.

    Attributes:
        chain: certificates since the last final view.
        view: the current view; 0 before ``Start``.
        rounds: views of the window that something is known of.
        nullified: views nullified one after another since the last finality.
        pending, heartbeat: work the driver told of.
        armed: whether the timers of this view run.
        settling, settled: whether the notarized seals' delta to become final runs, or has passed.
        asked: whether certificates were asked for in this view.
        abstain_through: no vote until finality has passed this view.
    """

    def __init__(self, members: Members, party: str | None, config: Config) -> None:
        self.members = members
        self.config = config
        self.parties = frozenset(member.party for member in members.members)
        self.party = party if party in self.parties else None
        self.chain = Chain(Finality(0, NO_SEAL, 0, None), members.epoch)
        self.rounds: dict[int, Round] = {}
        self.nullified = 0
        self.heartbeat = False
        self.abstain_through = -1
        self._heard = dict.fromkeys(self.parties, 0)
        self.begin_view(0)

    def begin_view(self, view: int) -> None:
        """Make ``view`` the current one; what concerned only the last one is forgotten."""
        self.view = view
        self.pending = self.armed = self.settling = self.settled = self.asked = False
        self.rounds = {at: held for at, held in self.rounds.items() if at >= self.lowest}

    def recall(self, view: int, rounds: dict[int, Round]) -> None:
        """Stand again where the journal says; everyone is taken to be alive."""
        self.rounds = rounds
        self._heard = dict.fromkeys(self.parties, view)

    @property
    def current(self) -> Round:
        """The round of the current view."""
        return self.round(self.view)

    @property
    def leader(self) -> str:
        """Whose turn it is now."""
        return self.members.leader(self.view)

    @property
    def lowest(self) -> int:
        """First view of the window."""
        return max(1, self.view - self.config.behind)

    def in_window(self, view: int) -> bool:
        """Rule 7: whether votes of this view are accepted."""
        return self.lowest <= view <= self.view + self.config.ahead

    def round(self, view: int) -> Round:
        """The round of a view inside the window."""
        held = self.rounds.get(view)
        if held is None:
            held = self.rounds[view] = Round(VoteBook(self.members, view))
        return held

    def acceptable(self, vote: Vote) -> bool:
        """Whether a vote is of this epoch, by a member, and names a seal exactly where it should."""
        if vote.epoch != self.members.epoch or vote.member not in self.parties:
            return False
        return (vote.kind == "nullify") == (vote.seal == NO_SEAL)

    def record(self, vote: Vote) -> Evidence | None:
        """Rule 8: count an acceptable vote once; evidence if it contradicts an earlier one."""
        self._heard[vote.member] = max(self._heard[vote.member], vote.view)
        if not self.in_window(vote.view):
            return None
        held = self.round(vote.view)
        evidence = held.book.add(vote)
        if evidence is not None and evidence.first.kind == evidence.second.kind == "notarize":
            held.leader_equivocated |= vote.member == self.members.leader(vote.view)
        return evidence

    def disowns(self, vote: Vote) -> bool:
        """Whether a vote carries our signature and yet we do not remember it."""
        if vote.member != self.party or vote.view <= max(self.chain.final.view, self.abstain_through):
            return False
        held = self.rounds.get(vote.view)
        return vote.view >= self.lowest and (held is None or held.own.get(vote.kind) != vote.seal)

    def has_work(self) -> bool:
        """Rule 1: whether there is a reason to leave the current view."""
        if self.pending or self.heartbeat or self.current.proposal is not None:
            return True
        if self.settled and self.chain.unfinalised:
            return True
        return self.current.book.count("nullify") > self.members.faults

    def silent(self, leader: str) -> bool:
        """Whether a leader was long not heard of while a quorum was: who is cut off blames nobody."""
        since = self.view - self.config.skip_after
        heard = [party for party, view in self._heard.items() if view >= since]
        return leader != self.party and leader not in heard and len(heard) >= self.members.quorum

    def may_vote(self, view: int) -> bool:
        """Whether we have a vote, finality has not passed the view, and nothing makes us abstain."""
        final = self.chain.final.view
        return self.party is not None and view > final >= self.abstain_through

    def may_lead(self) -> bool:
        """Rule 1: whether it is our turn, there is work, and we have neither proposed nor voted."""
        held = self.current
        if not self.armed or self.leader != self.party or held.building or held.own:
            return False
        return self.may_vote(self.view)

    def may_nullify(self) -> bool:
        """Rule 6: whether the current view may get our nullify: never after our own finalize."""
        own = self.current.own
        return "nullify" not in own and "finalize" not in own and self.may_vote(self.view)

    def may_finalize(self, certificate: Certificate) -> bool:
        """Rule 3: unless we nullified the view or saw its leader equivocate."""
        view = certificate.view
        if certificate.kind != "notarize" or not self.in_window(view) or not self.may_vote(view):
            return False
        held = self.round(view)
        spoken = "nullify" in held.own or "finalize" in held.own
        return not (spoken or held.leader_equivocated or self.chain.nullified(view))

    def lags(self, vote: Vote) -> bool:
        """Whether a vote shows that its member is stuck where we are no longer.

        Votes that merely arrive late do not count: only a nullify, or what is said again.
        """
        lag = self.view - vote.view
        again = vote.view not in self.rounds or self.rounds[vote.view].book.knows(vote)
        if vote.kind == "nullify" and lag <= 1:
            return (lag == 1 and again) or (lag == 0 and not self.has_work())
        passed = lag > 1 or (lag == 1 and vote.view <= self.chain.final.view)
        return passed and (again or vote.kind == "nullify")

    def seals_held(self) -> set[bytes]:
        """Seals proposed or notarized above finality."""
        above = (held for view, held in self.rounds.items() if view > self.chain.final.view)
        proposed = (held.proposal.hash for held in above if held.proposal is not None)
        return {*proposed, *self.chain.seals}

    def best(self) -> list[Certificate]:
        """The newest finalization and the certificate that brought us to this view, each once."""
        finalization, newest = self.chain.finalization, self.chain.newest()
        found = [held for held in (finalization, newest) if held is not None]
        return found[:1] if finalization is newest else found
