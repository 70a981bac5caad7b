"""What an instance remembers of one view of its window: votes, the proposal, and what we did."""

from __future__ import annotations

from dataclasses import dataclass, field

from accord_ledger.block import SealedBytes, Vote, VoteKind
from accord_ledger.consensus.inputs import Verdict
from accord_ledger.consensus.votes import VoteBook


@dataclass(slots=True)
class Round:
    """One view. Bounded: three votes a member and one proposal.

    Attributes:
        book: votes of all members.
        own: the votes we cast, by kind, with the seal voted on. Set before they are sent, never changed.
        proposal: the first seal its leader proposed, as far as we know.
        proposal_vote: the leader's notarize over it; None when it is our own.
        verdict: what execution said of ``proposal``.
        executing: whether execution of ``proposal`` was asked for.
        building: whether our own block for this view was asked for.
        leader_equivocated: whether the leader signed two notarize.
    """

    book: VoteBook
    own: dict[VoteKind, bytes] = field(default_factory=dict)
    proposal: SealedBytes | None = None
    proposal_vote: Vote | None = None
    verdict: Verdict | None = None
    executing: bool = False
    building: bool = False
    leader_equivocated: bool = False

    def proposes(self, seal: bytes) -> bool:
        """Whether the proposal we know is this one."""
        return self.proposal is not None and self.proposal.hash == seal
