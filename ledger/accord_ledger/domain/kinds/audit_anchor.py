"""T34, what an auditor found: the state root it came to at a height, and the hash of its findings.

The ledger keeps what was said and does not judge it; an auditor may find another root than the log has.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from msgspec import Meta

from accord_ledger.codec import Wire
from accord_ledger.domain.context import Context
from accord_ledger.domain.kind import Body, TransactionKind, transaction_kind
from accord_ledger.domain.signing import Need, Signer
from accord_ledger.errors import Rejection
from accord_ledger.fields import Count, Digest, Seconds
from accord_ledger.state import Table

AUDITORS: Final = frozenset({"auditor"})

Height = Annotated[int, Meta(ge=0, lt=2**53)]
AuditResult = Literal["clean", "findings", "diverged"]
"""Nothing to report; invariants or acts to report; another state root than the log's."""


class Anchor(Wire):
    """One audit."""

    height: Height
    """Last block it covers."""
    state_root: Digest
    """Root the auditor came to."""
    findings_hash: Digest
    result: AuditResult
    at: Seconds


class AnchorCount(Wire):
    """How many audits an auditor has posted."""

    count: Count


ANCHORS: Table[Anchor] = Table("audit_anchor", Anchor)
"""By auditor and number, from 0."""
ANCHOR_COUNTS: Table[AnchorCount] = Table("audit_anchors", AnchorCount)
"""By auditor."""


class AuditAnchorBody(Body):
    """T34; the author is the auditor."""

    height: Height
    state_root: Digest
    findings_hash: Digest
    result: AuditResult


@transaction_kind
class AuditAnchorKind(TransactionKind[AuditAnchorBody, AnchorCount]):
    """An audit is put on record."""

    name = "audit_anchor"
    row = "T34"
    body = AuditAnchorBody
    errors = ("E_VALUE",)

    def weight(self, ctx: Context, body: AuditAnchorBody) -> int:
        """8."""
        del ctx, body
        return 8

    def signers(self, ctx: Context, body: AuditAnchorBody) -> Need:
        """The author, an auditor."""
        del body
        return Signer(ctx.author, "institution", AUDITORS)

    def check(self, ctx: Context, body: AuditAnchorBody) -> AnchorCount:
        """A block that was there to be audited."""
        if body.height >= ctx.height:
            detail = f"expected a height below {ctx.height}, got {body.height}"
            raise Rejection("E_VALUE", detail, path="body.height")
        known = ctx.state.get(ANCHOR_COUNTS, ctx.author)
        return AnchorCount(count=known.count + 1 if known is not None else 1)

    def apply(self, ctx: Context, body: AuditAnchorBody, plan: AnchorCount) -> None:
        """Keep it, with its number."""
        anchor = Anchor(
            height=body.height,
            state_root=body.state_root,
            findings_hash=body.findings_hash,
            result=body.result,
            at=ctx.time,
        )
        ctx.state.put(ANCHORS, anchor, ctx.author, plan.count - 1)
        ctx.state.put(ANCHOR_COUNTS, plan, ctx.author)
