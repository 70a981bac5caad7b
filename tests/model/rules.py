"""The rules of ``models/*.pml`` once more, in Python, to hold recorded runs of the simulator against them.

As in the models, whatever was sent by anyone may have been heard by everyone, so a certificate is at hand as
soon as n - f members have sent its votes. Each new thing an honest member says must be a step that the models
allow at that moment. Shares no rule with the core.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping

from accord_ledger.block import Certificate, Members, Seal, Vote
from accord_node.simulate.ledger import seats_after, transactions_of
from accord_node.simulate.net import Message, ProposalMessage
from accord_node.simulate.signing import good_vote

Spoken = dict[tuple[int, str], bytes]


class Rules:
    """Watches one run.

    Args:
        network: hash of the genesis document.
        honest: who is held to the rules.
        epochs: who votes in each epoch, as far as the final chain goes.
    """

    def __init__(self, network: bytes, honest: Collection[str], epochs: Mapping[int, Members]) -> None:
        self._network = network
        self._honest = honest
        self._epochs = epochs
        self._said: dict[tuple[str, int], Spoken] = defaultdict(dict)
        self._votes: dict[tuple[int, int, str, bytes], set[str]] = defaultdict(set)
        self._seals: dict[bytes, Seal] = {}
        self._bodies: dict[bytes, bytes] = {}
        self.steps = 0
        self.broken: list[str] = []

    def watch(self, source: str, message: Message) -> None:
        """Something is sent."""
        match message:
            case Vote():
                self._vote(source, message)
            case ProposalMessage(sealed, vote, body):
                self._seals[sealed.hash] = sealed.seal
                self._bodies[sealed.hash] = body
                self._vote(source, vote)
            case Certificate():
                self._certificate(source, message)

    def _vote(self, source: str, vote: Vote) -> None:
        if vote.member != source or not good_vote(self._network, vote):
            return
        if source in self._honest:
            self._check(vote)
        self._votes[vote.epoch, vote.view, vote.kind, vote.seal].add(source)

    def _certificate(self, source: str, held: Certificate) -> None:
        """The liars' votes count wherever they help; the honest ones must have been sent."""
        place = (held.epoch, held.view, held.kind, held.seal)
        signers = {member for member, _ in held.votes}
        self._votes[place] |= {member for member in signers if member not in self._honest}
        if source in self._honest and not signers <= self._votes[place]:
            self.broken.append(f"{source} sent a certificate of {place[:3]} with votes nobody sent")

    def _check(self, vote: Vote) -> None:
        own = self._said[vote.member, vote.epoch]
        if own.get((vote.view, vote.kind)) == vote.seal:
            return  # said again
        self.steps += 1
        why = self._against(vote, own)
        if why:
            self.broken.append(f"{vote.member} {vote.kind} {vote.epoch}/{vote.view}: {why}")
        own[vote.view, vote.kind] = vote.seal

    def _against(self, vote: Vote, own: Spoken) -> str:
        if (vote.view, vote.kind) in own:
            return "said otherwise before"
        if any(epoch > vote.epoch for member, epoch in self._said if member == vote.member):
            return "spoke in a later epoch before"
        if vote.epoch and not self._ended(vote.epoch - 1):
            return "the epoch before has no final end"
        if vote.kind == "finalize":
            return self._against_finalize(vote, own)
        if any(view > vote.view and kind != "finalize" for view, kind in own):
            return "spoke in a later view before"
        if vote.view > 1 and not self._over(vote.epoch, vote.view - 1):
            return "the view before is not over"
        if vote.kind == "nullify":
            return "finalized it before" if (vote.view, "finalize") in own else ""
        return "nullified it before" if (vote.view, "nullify") in own else self._against_block(vote)

    def _against_finalize(self, vote: Vote, own: Spoken) -> str:
        if (vote.view, "nullify") in own:
            return "nullified it before"
        return "" if self._certified(vote.epoch, vote.view, "notarize", vote.seal) else "it is not notarized"

    def _against_block(self, vote: Vote) -> str:
        seal = self._seals.get(vote.seal)
        if seal is None:
            return "nobody proposed it"
        if seal.epoch != vote.epoch:
            return "it is of another epoch"
        if seal.view != vote.view:
            if not self._ends(vote.seal):
                return "it is proposed again and ends nothing"
            return self._against_parent(vote, vote.seal)
        if seal.parent == self._network or self._seals[seal.parent].epoch < vote.epoch:
            return self._unless_nullified(vote, 0)
        if self._ends(seal.parent):
            return "it follows the end of its epoch"
        return self._against_parent(vote, seal.parent)

    def _against_parent(self, vote: Vote, parent: bytes) -> str:
        views = [
            view
            for view in range(1, vote.view)
            if self._certified(vote.epoch, view, "notarize", parent)
            or self._certified(vote.epoch, view, "finalize", parent)
        ]
        return self._unless_nullified(vote, views[-1]) if views else "its parent is not notarized"

    def _unless_nullified(self, vote: Vote, since: int) -> str:
        for view in range(since + 1, vote.view):
            if not self._certified(vote.epoch, view, "nullify", bytes(32)):
                return f"view {view} between is not nullified"
        return ""

    def _certified(self, epoch: int, view: int, kind: str, seal: bytes) -> bool:
        members = self._epochs[epoch]
        parties = {member.party for member in members.members}
        voted = self._votes.get((epoch, view, kind, seal), set()) & parties
        return len(voted) >= len(parties) - (len(parties) - 1) // 3

    def _over(self, epoch: int, view: int) -> bool:
        """Whether the view has any certificate."""
        places = [place for place in self._votes if place[:2] == (epoch, view)]
        return any(self._certified(*place) for place in places)

    def _ends(self, seal: bytes) -> bool:
        members = self._epochs[self._seals[seal].epoch]
        return seats_after(members, transactions_of(self._bodies[seal])) != members

    def _ended(self, epoch: int) -> bool:
        finals = [place for place in self._votes if place[0] == epoch and place[2] == "finalize"]
        return any(self._certified(*place) and self._ends(place[3]) for place in finals)
