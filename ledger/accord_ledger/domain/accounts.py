"""Enrolment accounts: what a recognition adds, what a reversal takes back, exactly (I2, I13).

An amount of zero is never kept, so that taking back the last recognition leaves an account as it was.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Sequence
from fractions import Fraction
from typing import Literal

from msgspec.structs import replace

from accord_ledger import calendar, rational
from accord_ledger.domain.context import Context
from accord_ledger.domain.credentials import add_spend, remove_spend
from accord_ledger.domain.due import due_effect, schedule
from accord_ledger.domain.model.account import (
    ENROLMENTS,
    RECOGNITIONS,
    REVIEWS,
    AccountAgreement,
    Enrolment,
    RecognisedItem,
    Recognition,
    ReverseReason,
    Review,
)
from accord_ledger.domain.model.agreement import Exclusivity
from accord_ledger.domain.model.credential import Spend

REVIEW_ENDS = "review"


def amount(amounts: dict[str, str], name: str) -> Fraction:
    """The amount under a name, zero if there is none."""
    text = amounts.get(name)
    return rational.parse_state(text) if text is not None else Fraction(0)


def _shifted(amounts: dict[str, str], name: str | None, change: Fraction) -> dict[str, str]:
    if name is None:
        return amounts
    total = amount(amounts, name) + change
    rest = {key: value for key, value in amounts.items() if key != name}
    return rest if total == 0 else {**rest, name: rational.format(total)}


def _counted(
    agreements: tuple[AccountAgreement, ...], ref: tuple[str, int], step: int
) -> tuple[AccountAgreement, ...]:
    live = {entry.agreement: entry.live for entry in agreements}
    live[ref] = live.get(ref, 0) + step
    return tuple(AccountAgreement(agreement=name, live=live[name]) for name in sorted(live) if live[name])


def _parents(
    parents: dict[str, tuple[str, ...]], items: Sequence[RecognisedItem], step: int
) -> dict[str, tuple[str, ...]]:
    changed = {course: list(overlaps) for course, overlaps in parents.items()}
    for item in items:
        if item.parent is None:
            continue
        course, overlap = item.parent
        overlaps = changed.setdefault(course, [])
        if step > 0:
            insort(overlaps, overlap)
        else:
            overlaps.remove(overlap)
    return {course: tuple(overlaps) for course, overlaps in changed.items() if overlaps}


def _with(enrolment: Enrolment, recognition: Recognition, step: int) -> Enrolment:
    """The account with a recognition added (step 1) or taken back (step -1)."""
    awarded = step * rational.parse_state(recognition.awarded)
    courses = enrolment.courses
    for course, part in recognition.targets:
        courses = _shifted(courses, course, step * rational.parse_state(part))
    return replace(
        enrolment,
        recognised=rational.format(rational.parse_state(enrolment.recognised) + awarded),
        by_class=_shifted(enrolment.by_class, recognition.cap_class, awarded),
        courses=courses,
        agreements=_counted(enrolment.agreements, recognition.agreement, step),
        parents=_parents(enrolment.parents, recognition.items, step),
    )


def enter(ctx: Context, recognition_id: bytes, recognition: Recognition, exclusivity: Exclusivity) -> None:
    """Write a recognition: its row, its account and the spends of its items."""
    enrolment = ctx.known(ENROLMENTS, recognition.enrolment, path="body.enrolment")
    ctx.state.put(RECOGNITIONS, recognition, recognition_id)
    ctx.state.put(ENROLMENTS, _with(enrolment, recognition, 1), recognition.enrolment)
    spend = Spend(recognition=recognition_id, receiver=recognition.receiver, exclusivity=exclusivity)
    for item in recognition.items:
        add_spend(ctx, item.batch_id, item.index, spend)


def reverse(ctx: Context, recognition_id: bytes, reason: ReverseReason) -> None:
    """Take a live recognition back: credits go, courses reopen, items are free again unless revoked."""
    recognition = ctx.known(RECOGNITIONS, recognition_id, path="recognition")
    enrolment = ctx.known(ENROLMENTS, recognition.enrolment, path="enrolment")
    ctx.state.put(
        RECOGNITIONS,
        replace(recognition, status="reversed", reversed_at=ctx.time, reason=reason),
        recognition_id,
    )
    ctx.state.put(ENROLMENTS, _with(enrolment, recognition, -1), recognition.enrolment)
    for item in recognition.items:
        remove_spend(ctx, item.batch_id, item.index, recognition_id)
    close_review(ctx, recognition_id, "reversed")


def close_review(ctx: Context, recognition_id: bytes, status: Literal["upheld", "reversed"]) -> None:
    """Close the review of a recognition, if one is open."""
    review = ctx.state.get(REVIEWS, recognition_id)
    if review is not None and review.status == "open":
        ctx.state.put(REVIEWS, replace(review, status=status, closed_at=ctx.time), recognition_id)


def has_open_review(ctx: Context, recognition_id: bytes) -> bool:
    """Whether a review of the recognition is open."""
    review = ctx.state.get(REVIEWS, recognition_id)
    return review is not None and review.status == "open"


def open_review(ctx: Context, recognition_id: bytes) -> None:
    """Open a review, unless one is open: its deadline stays (DOMAIN.md 2.6)."""
    if has_open_review(ctx, recognition_id):
        return
    deadline = ctx.time + ctx.parameters.review_days * calendar.DAY
    ctx.state.put(REVIEWS, Review(opened_at=ctx.time, deadline=deadline), recognition_id)
    schedule(ctx, deadline, REVIEW_ENDS, recognition_id)


@due_effect(REVIEW_ENDS)
def _undecided(ctx: Context, subject: bytes) -> None:
    """A review that nobody decided: the recognition is reversed."""
    review = ctx.state.get(REVIEWS, subject)
    if review is not None and review.status == "open" and review.deadline <= ctx.time:
        reverse(ctx, subject, "review")
