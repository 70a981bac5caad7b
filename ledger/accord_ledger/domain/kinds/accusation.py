"""T45, evidence that a member contradicted itself (DESIGN.md section 4, rule 8)."""

from __future__ import annotations

from typing import Final

from accord_ledger.block import Vote
from accord_ledger.consensus.evidence import Evidence, check_evidence
from accord_ledger.domain.context import Context
from accord_ledger.domain.kind import Body, TransactionKind, transaction_kind
from accord_ledger.domain.model.epoch import (
    EPOCHS,
    EVIDENCE,
    EVIDENCE_COUNTS,
    EvidenceCount,
    StoredEvidence,
)
from accord_ledger.domain.signing import Need, Signer, any_of
from accord_ledger.errors import ProofError, Rejection

MAX_STORED: Final = 16
"""Contradictions of one member in one epoch that are kept: a stolen key could sign them without end."""


class EvidenceSubmit(Body):
    """T45."""

    first: Vote
    second: Vote


@transaction_kind
class EvidenceSubmitKind(TransactionKind[EvidenceSubmit, int]):
    """Two votes no honest member signs both of; stored for the members to judge, of each view once."""

    name = "evidence_submit"
    row = "T45"
    body = EvidenceSubmit
    errors = ("E_EVIDENCE", "E_DUPLICATE")
    node_signs = True

    def weight(self, ctx: Context, body: EvidenceSubmit) -> int:
        """28: two signatures more to check."""
        del ctx, body
        return 28

    def signers(self, ctx: Context, body: EvidenceSubmit) -> Need:
        """Any party: the author.

        Its node may sign as well: members' nodes see contradictions, and institution keys are elsewhere.
        """
        del body
        return any_of(Signer(ctx.author, "institution"), Signer(ctx.author, "log"))

    def check(self, ctx: Context, body: EvidenceSubmit) -> int:
        """Both verify under the member's key of that epoch and conflict; not yet stored."""
        vote = body.first
        epoch = ctx.state.get(EPOCHS, vote.epoch)
        if epoch is None or epoch.first > ctx.height:
            raise Rejection(
                "E_EVIDENCE", f"expected an epoch that began, got {vote.epoch}", path="body.first.epoch"
            )
        try:
            check_evidence(ctx.network, epoch.members, Evidence(first=vote, second=body.second))
        except ProofError as error:
            raise Rejection("E_EVIDENCE", f"{error.code}: {error.detail}", path="body") from error
        ctx.unused(EVIDENCE, vote.epoch, vote.member, vote.view, path="body")
        known = ctx.state.get(EVIDENCE_COUNTS, vote.epoch, vote.member)
        count = 0 if known is None else known.count
        if count >= MAX_STORED:
            raise Rejection(
                "E_DUPLICATE",
                f"expected fewer than {MAX_STORED} contradictions of {vote.member} stored in epoch {vote.epoch}",
                path="body",
            )
        return count

    def apply(self, ctx: Context, body: EvidenceSubmit, plan: int) -> None:
        """Store both votes."""
        vote = body.first
        stored = StoredEvidence(first=vote, second=body.second, by=ctx.author, height=ctx.height)
        ctx.state.put(EVIDENCE, stored, vote.epoch, vote.member, vote.view)
        ctx.state.put(EVIDENCE_COUNTS, EvidenceCount(count=plan + 1), vote.epoch, vote.member)
