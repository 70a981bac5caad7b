"""T31 review_decide: what becomes of a recognition or an award under review (DOMAIN.md 2.4, 2.6).

A review that nobody decides before its deadline is decided by the due queue: the recognition is
reversed, the award revoked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta

from accord_ledger.domain.accounts import close_review
from accord_ledger.domain.awards import Stacking, restack_award, uphold_award
from accord_ledger.domain.context import Context
from accord_ledger.domain.credentials import credential_of
from accord_ledger.domain.effects import effects_in, reverse_and_suspend, revoke_award
from accord_ledger.domain.items import Item, check_distinct
from accord_ledger.domain.kind import Body, TransactionKind, transaction_kind
from accord_ledger.domain.kinds.stack import STACK_ERRORS
from accord_ledger.domain.model.account import ENROLMENTS, RECOGNITIONS, REVIEWS, Review
from accord_ledger.domain.model.award import (
    AWARD_REVIEWS,
    AWARDS,
    MAX_COMPONENTS,
    Award,
    AwardReview,
)
from accord_ledger.domain.model.credential import BATCHES, Interval
from accord_ledger.domain.model.programme import PROGRAMMES, Programme
from accord_ledger.domain.signing import Need, Signer, any_of
from accord_ledger.domain.stacking import (
    PATH,
    check_award_active,
    check_stacking,
    stack_signers,
    stack_weight,
)
from accord_ledger.errors import Rejection
from accord_ledger.fields import ObjectId

DECISIONS = {
    "recognition": frozenset({"uphold", "reverse"}),
    "award": frozenset({"uphold", "restack", "revoke"}),
}


class ReviewBody(Body):
    """T31."""

    subject: Literal["recognition", "award"]
    review: ObjectId
    """The recognition, or the award's batch, under review."""
    decision: Literal["uphold", "reverse", "restack", "revoke"]
    components: Annotated[tuple[Item, ...], Meta(max_length=MAX_COMPONENTS)] = ()
    """With ``restack``: all own components the award rests on from now on."""


@dataclass(frozen=True, slots=True)
class ReviewPlan:
    """What the checks found out."""

    review: AwardReview | None = None
    """The review, of an award."""
    stacking: Stacking | None = None
    """With ``restack``: what the award rests on from now on."""


@transaction_kind
class ReviewDecide(TransactionKind[ReviewBody, ReviewPlan]):
    """T31."""

    name = "review_decide"
    row = "T31"
    body = ReviewBody
    errors = ("E_REVIEW_FRAUD", *STACK_ERRORS)

    def values(self, body: ReviewBody) -> None:
        """A decision there is for the subject; components of a restacking only."""
        if body.decision not in DECISIONS[body.subject]:
            detail = f"expected {' or '.join(sorted(DECISIONS[body.subject]))}, got {body.decision}"
            raise Rejection("E_VALUE", detail, path="body.decision")
        if body.components and body.decision != "restack":
            raise Rejection("E_VALUE", "expected components with restack only", path=PATH)

    def holders(self, body: ReviewBody) -> tuple[bytes, ...]:
        """The holder of every component."""
        return tuple(item.holder_key for item in body.components)

    def weight(self, ctx: Context, body: ReviewBody) -> int:
        """DOMAIN.md 2.12; revoking an award acts as T17 does, and weighs as much."""
        if body.subject == "recognition":
            recognition = ctx.state.get(RECOGNITIONS, body.review)
            return 8 + 4 * (len(recognition.items) if recognition is not None else 0)
        if body.decision == "restack":
            award = ctx.state.get(AWARDS, body.review)
            return stack_weight(ctx, award.enrolment, len(body.components)) if award is not None else 24
        if body.decision == "uphold":
            return 8
        only = (Interval(start=0, end=1),)
        return 8 + 8 * effects_in(ctx.state, body.review, only, limit=ctx.parameters.record_weight_max // 8)

    def signers(self, ctx: Context, body: ReviewBody) -> Need:
        """The receiver's registrar, or that of an issuer of the award; restacking: as T30."""
        free = body.decision in {"reverse", "revoke"}  # what suspended parties may still do (T02)
        if body.subject == "recognition":
            recognition = ctx.known(RECOGNITIONS, body.review, path="body.review")
            return Signer(recognition.receiver, "registrar", any_status=free)
        award = ctx.known(AWARDS, body.review, path="body.review")
        if body.decision == "restack":
            return stack_signers(ctx, _programme(ctx, award))
        issuers = ctx.known(BATCHES, body.review, path="body.review").issuers
        return any_of(*(Signer(issuer, "registrar", any_status=free) for issuer in issuers))

    def check(self, ctx: Context, body: ReviewBody) -> ReviewPlan:
        """An open review, before its deadline; a suspended award is not upheld; restacking: as T30."""
        check_distinct(body.components, PATH)
        if body.subject == "recognition":
            _check_open(ctx, ctx.known(REVIEWS, body.review, path="body.review"))
            return ReviewPlan()
        review = ctx.known(AWARD_REVIEWS, body.review, path="body.review")
        _check_open(ctx, review)
        if body.decision == "uphold" and review.effect == "reverse":
            detail = "expected restack or revoke: what the award rests on was reversed"
            raise Rejection("E_REVIEW_FRAUD", detail, path="body.decision")
        return ReviewPlan(review, _check_restack(ctx, body) if body.decision == "restack" else None)

    def apply(self, ctx: Context, body: ReviewBody, plan: ReviewPlan) -> None:
        """Close the review and do what was decided."""
        if plan.review is None:
            if body.decision == "reverse":
                reverse_and_suspend(ctx, body.review, "review")
            else:
                close_review(ctx, body.review, "upheld")
        elif plan.stacking is not None:
            restack_award(ctx, body.review, plan.review, plan.stacking)
        elif body.decision == "revoke":
            revoke_award(ctx, body.review, plan.review.effect)
        else:
            uphold_award(ctx, body.review, plan.review)


def _check_open(ctx: Context, review: Review | AwardReview) -> None:
    if review.status != "open" or ctx.time >= review.deadline:
        shown = review.status if review.status != "open" else f"one that ended at {review.deadline}"
        raise Rejection("E_STATE", f"expected an open review, got {shown}", path="body.review")


def _programme(ctx: Context, award: Award) -> Programme:
    enrolment = ctx.known(ENROLMENTS, award.enrolment, path="body.review")
    return ctx.known(PROGRAMMES, *enrolment.award, path="body.review")


def _check_restack(ctx: Context, body: ReviewBody) -> Stacking:
    """The checks of T30, but that the enrolment is this award's own; and no other worth where it is used."""
    award = ctx.known(AWARDS, body.review, path="body.review")
    programme = _programme(ctx, award)
    if ctx.author not in programme.terms.issuers:
        raise Rejection("E_UNKNOWN_REF", f"expected an award of {ctx.author}", path="body.review")
    check_award_active(ctx, programme)
    stacking = check_stacking(ctx, programme, award.enrolment, body.components, restacked=body.review)
    row = credential_of(ctx.state, body.review, 0)
    used = row.spends or row.stacked_into is not None
    if used and stacking.redeemable != award.redeemable:
        detail = (
            f"expected {award.redeemable} redeemable credits, as used elsewhere, got {stacking.redeemable}"
        )
        raise Rejection("E_STATE", detail, path=PATH)
    return stacking
