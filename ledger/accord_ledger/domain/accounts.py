"""Enrolment accounts: what a recognition adds, what a reversal takes back, exactly (I2, I13).

An amount of zero is never kept, so that taking back the last recognition leaves an account as it was.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Literal

from msgspec.structs import replace

from accord_ledger import calendar, rational
from accord_ledger.domain.context import Context
from accord_ledger.domain.credentials import add_spend, remove_spend
from accord_ledger.domain.due import schedule
from accord_ledger.domain.model.account import (
    ACCOUNT_PAGE,
    ACCOUNT_PAGES,
    ENROLMENTS,
    RECOGNITIONS,
    REVIEWS,
    AccountAgreement,
    AccountPage,
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
        if step == 1:
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


def live_count(enrolment: Enrolment) -> int:
    """How many live recognitions the account has."""
    return sum(entry.live for entry in enrolment.agreements)


def live_recognitions(ctx: Context, enrolment_id: bytes, enrolment: Enrolment) -> Iterator[bytes]:
    """Ids of the account's live recognitions, page by page."""
    for page in range(-(-live_count(enrolment) // ACCOUNT_PAGE)):
        yield from ctx.known(ACCOUNT_PAGES, enrolment_id, page, path="enrolment").recognitions


def _take_place(ctx: Context, enrolment_id: bytes, place: int, recognition_id: bytes) -> None:
    number = place // ACCOUNT_PAGE
    page = ctx.state.get(ACCOUNT_PAGES, enrolment_id, number)
    names = (*(page.recognitions if page else ()), recognition_id)
    ctx.state.put(ACCOUNT_PAGES, AccountPage(recognitions=names), enrolment_id, number)


def _leave_place(ctx: Context, enrolment_id: bytes, place: int, last: int) -> None:
    """Free a place; the recognition at the last one takes it."""
    number, slot = divmod(last, ACCOUNT_PAGE)
    names = ctx.known(ACCOUNT_PAGES, enrolment_id, number, path="enrolment").recognitions
    if slot:
        ctx.state.put(ACCOUNT_PAGES, AccountPage(recognitions=names[:slot]), enrolment_id, number)
    else:
        ctx.state.delete(ACCOUNT_PAGES, enrolment_id, number)
    if place == last:
        return
    moved = ctx.known(RECOGNITIONS, names[slot], path="recognition")
    ctx.state.put(RECOGNITIONS, replace(moved, place=place), names[slot])
    number, slot = divmod(place, ACCOUNT_PAGE)
    page = list(ctx.known(ACCOUNT_PAGES, enrolment_id, number, path="enrolment").recognitions)
    page[slot] = names[-1]
    ctx.state.put(ACCOUNT_PAGES, AccountPage(recognitions=tuple(page)), enrolment_id, number)


def enter(ctx: Context, recognition_id: bytes, recognition: Recognition, exclusivity: Exclusivity) -> None:
    """Write a recognition: its row, its account and the spends of its items."""
    enrolment = ctx.known(ENROLMENTS, recognition.enrolment, path="body.enrolment")
    place = live_count(enrolment)
    _take_place(ctx, recognition.enrolment, place, recognition_id)
    ctx.state.put(RECOGNITIONS, replace(recognition, place=place), recognition_id)
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
    _leave_place(ctx, recognition.enrolment, recognition.place, live_count(enrolment) - 1)
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
