"""T30 stack_award: an award conferred on own components and what was recognised (DOMAIN.md 2.4, 2.5).

The award is a batch of one credential; its documents, like any other's, stay off the ledger. What it is
worth elsewhere is the sum of its own components.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from accord_ledger.domain.awards import Stacking, confer
from accord_ledger.domain.context import Context
from accord_ledger.domain.issuance import last_day, take_range
from accord_ledger.domain.items import Item, check_distinct
from accord_ledger.domain.kind import Body, TransactionKind, transaction_kind
from accord_ledger.domain.model.account import ENROLMENTS
from accord_ledger.domain.model.award import MAX_COMPONENTS
from accord_ledger.domain.model.credential import (
    BATCHES,
    MAX_STATUS_POSITIONS,
    ROOTS,
    STATUS_RANGES,
    Batch,
    RootUse,
    StatusRanges,
)
from accord_ledger.domain.model.programme import PROGRAMMES, Programme
from accord_ledger.domain.signing import Need
from accord_ledger.domain.stacking import (
    PATH,
    check_award_active,
    check_stacking,
    stack_signers,
    stack_weight,
)
from accord_ledger.errors import Rejection
from accord_ledger.fields import Digest, ObjectId, Slug

STACK_ERRORS = (
    "E_BUNDLE_DUPLICATE", "E_UNKNOWN_REF", "E_STATE", "E_PROGRAMME_STATUS", "E_PROOF", "E_HOLDER_SIG",
    "E_ERASED", "E_REVOKED", "E_SUSPENDED", "E_CREDENTIAL_EXPIRED", "E_UNCONFIRMED", "E_LINEAGE_SPENT",
    "E_ALREADY_REDEEMED", "E_SCOPE", "E_STACK_SHORT", "E_RESIDENCY", "E_NUMBER",
)  # fmt: skip


class StackBody(Body):
    """T30."""

    enrolment: ObjectId
    components: Annotated[tuple[Item, ...], Meta(max_length=MAX_COMPONENTS)] = ()
    """Credentials the author issued; each is spent by the award."""
    batch_id: ObjectId
    """The award's batch, of one credential."""
    merkle_root: Digest
    status_list: Slug
    """One of the author's own status lists."""
    status_start: Annotated[int, Meta(ge=0, lt=MAX_STATUS_POSITIONS)]
    """A fresh position."""


@dataclass(frozen=True, slots=True)
class StackPlan:
    """What the checks found out."""

    programme: Programme
    issuers: tuple[str, ...]
    keys: tuple[bytes, ...]
    stacking: Stacking
    ranges: StatusRanges


@transaction_kind
class StackAward(TransactionKind[StackBody, StackPlan]):
    """T30."""

    name = "stack_award"
    row = "T30"
    body = StackBody
    errors = (*STACK_ERRORS, "E_STATUS_RANGE", "E_DUPLICATE")

    def holders(self, body: StackBody) -> tuple[bytes, ...]:
        """The holder of every own component."""
        return tuple(item.holder_key for item in body.components)

    def weight(self, ctx: Context, body: StackBody) -> int:
        """DOMAIN.md 2.12."""
        return stack_weight(ctx, body.enrolment, len(body.components))

    def signers(self, ctx: Context, body: StackBody) -> Need:
        """The issuer's registrar and the committees of the award's approval policy."""
        return stack_signers(ctx, _award(ctx, body))

    def check(self, ctx: Context, body: StackBody) -> StackPlan:
        """DOMAIN.md 2.5, Stack (T30)."""
        check_distinct(body.components, PATH)
        programme = _award(ctx, body)
        if ctx.author not in programme.terms.issuers:
            raise Rejection("E_UNKNOWN_REF", f"expected an award of {ctx.author}", path="body.enrolment")
        enrolment = ctx.known(ENROLMENTS, body.enrolment, path="body.enrolment")
        if enrolment.status != "open" or enrolment.conferred is not None:
            detail = f"expected an open enrolment without an award, got one {enrolment.status}"
            raise Rejection("E_STATE", detail, path="body.enrolment")
        check_award_active(ctx, programme)
        stacking = check_stacking(ctx, programme, body.enrolment, body.components)
        registrars = {party for party, purpose, _ in ctx.signed if purpose == "registrar"}
        issuers = tuple(issuer for issuer in programme.terms.issuers if issuer in registrars)
        ranges = take_range(ctx, body.status_list, body.status_start, 1, issuers)
        ctx.unused(BATCHES, body.batch_id, path="body.batch_id")
        ctx.unused(ROOTS, body.merkle_root, path="body.merkle_root")
        return StackPlan(programme, issuers, tuple(key for _, _, key in ctx.signed), stacking, ranges)

    def apply(self, ctx: Context, body: StackBody, plan: StackPlan) -> None:
        """Store the batch and the award; close the enrolment; spend the components."""
        ctx.state.put(BATCHES, _batch(ctx, body, plan), body.batch_id)
        ctx.state.put(ROOTS, RootUse(batch_id=body.batch_id), body.merkle_root)
        ctx.state.put(STATUS_RANGES, plan.ranges, ctx.author, body.status_list)
        confer(ctx, body.batch_id, plan.stacking)
        ctx.result.update(redeemable=plan.stacking.redeemable, recognised=plan.stacking.recognised)


def _award(ctx: Context, body: StackBody) -> Programme:
    """The award the enrolment is for, in the version the learner enrolled in."""
    enrolment = ctx.known(ENROLMENTS, body.enrolment, path="body.enrolment")
    return ctx.known(PROGRAMMES, *enrolment.award, path="body.enrolment")


def _batch(ctx: Context, body: StackBody, plan: StackPlan) -> Batch:
    today = ctx.today.isoformat()
    terms = plan.programme.terms
    return Batch(
        programme=(terms.programme_id, terms.version),
        count=1,
        merkle_root=body.merkle_root,
        issuers=plan.issuers,
        keys=plan.keys,
        status_list=body.status_list,
        status_owner=ctx.author,
        status_start=body.status_start,
        completed_from=today,
        completed_to=today,
        valid_until=last_day(plan.programme, today, None),
        issued_height=ctx.height,
        issued_at=ctx.time,
    )
