"""Proof that one member signed two votes that no honest member signs (DESIGN.md section 4, rule 8).

Evidence is data, not an exception: it is kept, served and submitted as a record. It decides nothing
by itself. Anyone who holds the member set can check it without having seen the votes arrive.
"""

from __future__ import annotations

from accord_ledger import codec
from accord_ledger.block import Members, Vote, vote_message
from accord_ledger.errors import ProofError
from accord_ledger.keys import verifies


class Evidence(codec.Wire, frozen=True):
    """Two votes of one member in one view of which it may have signed at most one."""

    first: Vote
    second: Vote

    @property
    def member(self) -> str:
        """Who signed both."""
        return self.first.member


def contradict(first: Vote, second: Vote) -> bool:
    """Whether two votes of one member in one view are evidence.

    Two different notarize, two different finalize, or nullify with finalize. Notarize with nullify is
    what an honest member does when its timer fires after it voted.
    """
    if (first.epoch, first.view, first.member) != (second.epoch, second.view, second.member):
        return False
    if first.kind == second.kind:
        return first.kind != "nullify" and first.seal != second.seal
    return {first.kind, second.kind} == {"nullify", "finalize"}


def check_evidence(network: bytes, members: Members, evidence: Evidence) -> None:
    """Raise ``ProofError`` unless both votes are signed by one member of this epoch and contradict.

    Codes: ``EVIDENCE_EPOCH``, ``EVIDENCE_MEMBER``, ``EVIDENCE_CONSISTENT``, ``EVIDENCE_SIGNATURE``.
    """
    public = members.vote_key(evidence.member)
    if evidence.first.epoch != members.epoch:
        raise ProofError("EVIDENCE_EPOCH", f"expected epoch {members.epoch}, got {evidence.first.epoch}")
    if public is None:
        raise ProofError(
            "EVIDENCE_MEMBER", f"expected a member of epoch {members.epoch}, got {evidence.member}"
        )
    if not contradict(evidence.first, evidence.second):
        raise ProofError("EVIDENCE_CONSISTENT", "expected two votes of one view that contradict each other")
    for vote in (evidence.first, evidence.second):
        message = vote_message(network, vote.kind, vote.epoch, vote.view, vote.seal)
        if not verifies(public, message, vote.signature):
            raise ProofError("EVIDENCE_SIGNATURE", f"expected a valid {vote.kind} of {vote.member}")
