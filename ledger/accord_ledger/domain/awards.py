"""The life of a conferred award: stacked, under review, suspended, restacked, revoked (DOMAIN.md 2.6).

Each function here changes one award and what belongs to it alone: its row, the standing of its one
credential, its review and its enrolment. What a revocation does to others stands in
:mod:`accord_ledger.domain.effects`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from accord_ledger import calendar
from accord_ledger.domain.context import Context
from accord_ledger.domain.credentials import set_lineage, set_standing, standing_of
from accord_ledger.domain.due import schedule
from accord_ledger.domain.model.account import ENROLMENTS, RECOGNITIONS, Recognition
from accord_ledger.domain.model.award import (
    AWARD_REVIEWS,
    AWARDS,
    Award,
    AwardReview,
    Component,
    ReviewEffect,
)
from accord_ledger.domain.model.credential import Standing
from accord_ledger.state import View

AWARD_REVIEW_ENDS: Final = "award_review"


@dataclass(frozen=True, slots=True)
class Stacking:
    """What an award is stacked from, checked."""

    enrolment: bytes
    components: tuple[Component, ...]
    recognitions: tuple[bytes, ...]
    """Live recognitions it rests on: those without an open review."""
    left_out: tuple[bytes, ...]
    """Live recognitions under review."""
    redeemable: str
    recognised: str
    depth: int

    def award(self, time: int) -> Award:
        """The award's row, as of a ledger time."""
        return Award(
            enrolment=self.enrolment,
            components=self.components,
            redeemable=self.redeemable,
            recognised=self.recognised,
            since=time,
            depth=self.depth,
        )


def award_on(state: View, recognition: Recognition) -> bytes | None:
    """The unrevoked award that rests on a recognition, if any."""
    award_id = recognition.stacked_into
    return award_id if award_id is not None and is_unrevoked(state, award_id) else None


def is_unrevoked(state: View, award_id: bytes) -> bool:
    """Whether the award still stands, suspended or not."""
    award = state.get(AWARDS, award_id)
    return award is not None and award.status != "revoked"


def open_review_of(state: View, award_id: bytes) -> AwardReview | None:
    """The award's open review, if any."""
    review = state.get(AWARD_REVIEWS, award_id)
    return review if review is not None and review.status == "open" else None


def confer(ctx: Context, award_id: bytes, stacking: Stacking) -> None:
    """Write an award and its lineage, in place of what it was stacked from before; close its enrolment."""
    before = ctx.state.get(AWARDS, award_id)
    for component in before.components if before is not None else ():
        set_lineage(ctx, component.batch_id, component.index, None)
    for component in stacking.components:
        set_lineage(ctx, component.batch_id, component.index, award_id)
    for names, into in ((stacking.recognitions, award_id), (stacking.left_out, None)):
        for name in names:
            recognition = ctx.known(RECOGNITIONS, name, path="recognition")
            ctx.state.put(RECOGNITIONS, replace(recognition, stacked_into=into), name)
    ctx.state.put(AWARDS, stacking.award(ctx.time), award_id)
    enrolment = ctx.known(ENROLMENTS, stacking.enrolment, path="enrolment")
    closed = replace(enrolment, status="closed", closed_at=ctx.time, conferred=award_id)
    ctx.state.put(ENROLMENTS, closed, stacking.enrolment)


def _reopen(ctx: Context, enrolment_id: bytes, conferred: bytes | None) -> None:
    enrolment = ctx.known(ENROLMENTS, enrolment_id, path="enrolment")
    opened = replace(enrolment, status="open", closed_at=None, conferred=conferred)
    ctx.state.put(ENROLMENTS, opened, enrolment_id)


def _open_review(ctx: Context, award_id: bytes, effect: ReviewEffect, *, was_suspended: bool = False) -> None:
    deadline = ctx.time + ctx.parameters.review_days * calendar.DAY
    review = AwardReview(
        effect=effect, opened_at=ctx.time, deadline=deadline, was_suspended=was_suspended
    )  # fmt: skip
    ctx.state.put(AWARD_REVIEWS, review, award_id)
    schedule(ctx, deadline, AWARD_REVIEW_ENDS, award_id)


def review_award(ctx: Context, award_id: bytes) -> None:
    """Open a review of an award that stands, unless one is open: its deadline stays."""
    if open_review_of(ctx.state, award_id) is None:
        _open_review(ctx, award_id, "review")


def suspend_award(ctx: Context, award_id: bytes) -> None:
    """What it rests on was reversed: suspend it and reopen its enrolment, until T31 or the deadline.

    An open review of the milder kind becomes one that cannot uphold, with a deadline of its own; an
    award suspended so already stays as it is.
    """
    award = ctx.known(AWARDS, award_id, path="award")
    if award.status != "conferred":
        return
    was_suspended = standing_of(ctx.state, award_id, 0).status == "suspended"
    if not was_suspended:
        set_standing(ctx, award_id, lambda known: replace(known, status="suspended", since=ctx.time))
    ctx.state.put(AWARDS, replace(award, status="suspended", since=ctx.time), award_id)
    _reopen(ctx, award.enrolment, award_id)
    _open_review(ctx, award_id, "reverse", was_suspended=was_suspended)


def uphold_award(ctx: Context, award_id: bytes, review: AwardReview) -> None:
    """The award stays as it is."""
    ctx.state.put(AWARD_REVIEWS, replace(review, status="upheld", closed_at=ctx.time), award_id)


def restack_award(ctx: Context, award_id: bytes, review: AwardReview, stacking: Stacking) -> None:
    """Rest the award on what was stacked anew; that lifts the suspension a reversal brought."""
    confer(ctx, award_id, stacking)
    if review.effect == "reverse" and not review.was_suspended:
        set_standing(ctx, award_id, lambda known: replace(known, status="valid", since=ctx.time))
    ctx.state.put(AWARD_REVIEWS, replace(review, status="restacked", closed_at=ctx.time), award_id)


def revoke_credential(ctx: Context, award_id: bytes, effect: ReviewEffect) -> None:
    """Revoke the award's one credential."""

    def edit(standing: Standing) -> Standing:
        return replace(standing, status="revoked", effect=effect, since=ctx.time)

    set_standing(ctx, award_id, edit)


def retire_award(ctx: Context, award_id: bytes) -> None:
    """The award's credential was revoked: its review closes and its enrolment reopens.

    Own components need no write to be free again (``credentials.holding_award``).
    """
    award = ctx.known(AWARDS, award_id, path="award")
    ctx.state.put(AWARDS, replace(award, status="revoked", since=ctx.time), award_id)
    review = open_review_of(ctx.state, award_id)
    if review is not None:
        ctx.state.put(AWARD_REVIEWS, replace(review, status="revoked", closed_at=ctx.time), award_id)
    _reopen(ctx, award.enrolment, None)


def replace_component(ctx: Context, award_id: bytes, old: tuple[bytes, int], new: tuple[bytes, int]) -> None:
    """A correction took the place of one own component (T16 ``replaces``)."""
    award = ctx.known(AWARDS, award_id, path="award")
    components = tuple(
        replace(one, batch_id=new[0], index=new[1]) if (one.batch_id, one.index) == old else one
        for one in award.components
    )
    ctx.state.put(AWARDS, replace(award, components=components), award_id)
