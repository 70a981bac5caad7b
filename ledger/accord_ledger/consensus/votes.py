"""The votes of one view: counted per member, at most three of each, and certificates made from them."""

from __future__ import annotations

from accord_ledger.block import NO_SEAL, Certificate, Members, Vote, VoteKind
from accord_ledger.consensus.evidence import Evidence, contradict


class VoteBook:
    """Votes of one epoch's members in one view.

    A member fills at most one place for each kind, whatever it sends; the first vote stays. Votes that
    contradict it become evidence, once per member.
    """

    __slots__ = ("_accused", "_members", "_places", "_tallies", "_view")

    def __init__(self, members: Members, view: int) -> None:
        self._members = members
        self._view = view
        self._places: dict[tuple[VoteKind, str], Vote] = {}
        self._tallies: dict[tuple[VoteKind, bytes], dict[str, bytes]] = {}
        self._accused: set[str] = set()

    def knows(self, vote: Vote) -> bool:
        """Whether the member's place for this kind is taken."""
        return (vote.kind, vote.member) in self._places

    def add(self, vote: Vote) -> Evidence | None:
        """Count a vote of this view whose signature and membership are checked; evidence if it gives any."""
        evidence = self._against(vote)
        place = (vote.kind, vote.member)
        if place not in self._places:
            self._places[place] = vote
            self._tallies.setdefault((vote.kind, vote.seal), {})[vote.member] = vote.signature
        return evidence

    def _against(self, vote: Vote) -> Evidence | None:
        if vote.member in self._accused:
            return None
        kinds: tuple[VoteKind, ...] = ("notarize", "nullify", "finalize")
        for kind in kinds:
            held = self._places.get((kind, vote.member))
            if held is not None and contradict(held, vote):
                self._accused.add(vote.member)
                return Evidence(first=held, second=vote)
        return None

    def count(self, kind: VoteKind, seal: bytes = NO_SEAL) -> int:
        """How many members voted so."""
        return len(self._tallies.get((kind, seal), ()))

    def certificate(self, kind: VoteKind, seal: bytes) -> Certificate | None:
        """The certificate, once n - f members voted so."""
        tally = self._tallies.get((kind, seal), {})
        if len(tally) < self._members.quorum:
            return None
        votes = tuple(sorted(tally.items()))
        return Certificate(kind=kind, epoch=self._members.epoch, view=self._view, seal=seal, votes=votes)


def vote_in(certificate: Certificate, member: str, signature: bytes) -> Vote:
    """One of the votes a certificate is made of."""
    return Vote(
        kind=certificate.kind,
        epoch=certificate.epoch,
        view=certificate.view,
        seal=certificate.seal,
        member=member,
        signature=signature,
    )
