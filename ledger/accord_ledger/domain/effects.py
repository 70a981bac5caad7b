"""What a revocation does to the uses made of a credential before (DOMAIN.md 2.6), one level up at a time.

In a transaction everything happens at once, and its weight was counted before (2.12). At a deadline the
due queue does it one use at a time, so that no block does more than so many steps: the award is revoked
with ``reverse`` only when nothing live rests on it (I8), and it is suspended until then.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from accord_ledger.domain.accounts import REVIEW_ENDS, open_review, reverse
from accord_ledger.domain.awards import (
    AWARD_REVIEW_ENDS,
    award_on,
    is_unrevoked,
    open_review_of,
    retire_award,
    review_award,
    revoke_credential,
    suspend_award,
)
from accord_ledger.domain.context import Context
from accord_ledger.domain.credentials import credential_of, uses_in
from accord_ledger.domain.due import due_effect, schedule
from accord_ledger.domain.model.account import RECOGNITIONS, REVIEWS, ReverseReason
from accord_ledger.domain.model.award import ReviewEffect
from accord_ledger.domain.model.credential import Credential, Interval
from accord_ledger.state import View

USE_REVIEWS = "award_uses"

ID_BYTES = 16


def effects_in(state: View, batch_id: bytes, ranges: Sequence[Interval], *, limit: int) -> int:
    """Live spends in the ranges and awards resting on them; counting stops beyond ``limit``."""
    spends, awards = 0, set[bytes]()
    for index in uses_in(state, batch_id, ranges):
        row = credential_of(state, batch_id, index)
        spends += len(row.spends)
        if spends + len(awards) > limit:
            break
        awards |= _awards_over(state, row)
    return spends + len(awards)


def _awards_over(state: View, row: Credential) -> set[bytes]:
    """Unrevoked awards that hold the credential or rest on a live recognition of it."""
    found = set[bytes]()
    if row.stacked_into is not None and is_unrevoked(state, row.stacked_into):
        found.add(row.stacked_into)
    for spend in row.spends:
        recognition = state.get(RECOGNITIONS, spend.recognition)
        award_id = award_on(state, recognition) if recognition is not None else None
        if award_id is not None:
            found.add(award_id)
    return found


def reverse_under(ctx: Context, recognition_id: bytes, reason: ReverseReason) -> bytes | None:
    """Reverse a recognition; the award that rests on it, which the caller suspends."""
    award_id = award_on(ctx.state, ctx.known(RECOGNITIONS, recognition_id, path="recognition"))
    reverse(ctx, recognition_id, reason)
    return award_id


def reverse_and_suspend(ctx: Context, recognition_id: bytes, reason: ReverseReason) -> None:
    """Reverse a recognition; an award that rests on it is suspended."""
    award_id = reverse_under(ctx, recognition_id, reason)
    if award_id is not None:
        suspend_award(ctx, award_id)


def take_effect(
    ctx: Context, effect: ReviewEffect, recognitions: Iterable[bytes], holding: Iterable[bytes]
) -> None:
    """Reverse or review, in order of recognition id, then of award batch id.

    Args:
        ctx: the record's view.
        effect: with which the credentials were revoked.
        recognitions: live recognitions of them.
        holding: awards of which they are own components.
    """
    awards = {award_id for award_id in holding if is_unrevoked(ctx.state, award_id)}
    for name in sorted(set(recognitions)):
        if effect == "review":
            open_review(ctx, name)
        elif (award_id := reverse_under(ctx, name, "credential_revoked")) is not None:
            awards.add(award_id)
    for award_id in sorted(awards):
        if effect == "review":
            review_award(ctx, award_id)
        else:
            suspend_award(ctx, award_id)


def holders_of(row: Credential) -> tuple[bytes, ...]:
    """The award that holds a credential as own component, if any."""
    return () if row.stacked_into is None else (row.stacked_into,)


def revoke_award(ctx: Context, award_id: bytes, effect: ReviewEffect) -> None:
    """Revoke an award by decision, with everything that follows one level up."""
    row = credential_of(ctx.state, award_id, 0)
    revoke_credential(ctx, award_id, effect)
    retire_award(ctx, award_id)
    take_effect(ctx, effect, (spend.recognition for spend in row.spends), holders_of(row))


@due_effect(REVIEW_ENDS)
def _recognition_undecided(ctx: Context, subject: bytes) -> None:
    """A review that nobody decided: the recognition is reversed."""
    review = ctx.state.get(REVIEWS, subject)
    if review is not None and review.status == "open" and review.deadline <= ctx.time:
        reverse_and_suspend(ctx, subject, "review")


@due_effect(AWARD_REVIEW_ENDS)
def _award_undecided(ctx: Context, subject: bytes) -> None:
    """A review of an award that nobody decided: it is revoked with the effect of the review."""
    review = open_review_of(ctx.state, subject)
    if review is None or review.deadline > ctx.time:
        return
    row = credential_of(ctx.state, subject, 0)
    if review.effect == "reverse" and row.spends:
        reverse_and_suspend(ctx, min(spend.recognition for spend in row.spends), "credential_revoked")
        schedule(ctx, ctx.time, AWARD_REVIEW_ENDS, subject)
        return
    revoke_credential(ctx, subject, review.effect)
    retire_award(ctx, subject)
    take_effect(ctx, review.effect, (), holders_of(row))
    if row.spends:
        schedule(ctx, ctx.time, USE_REVIEWS, subject)


@due_effect(USE_REVIEWS)
def _review_next_use(ctx: Context, subject: bytes) -> None:
    """An award was revoked with ``review`` at its deadline: review its recognitions, one after another.

    ``subject`` is the award batch id, followed by the recognition reviewed last.
    """
    award_id, last = subject[:ID_BYTES], subject[ID_BYTES:]
    names = [spend.recognition for spend in credential_of(ctx.state, award_id, 0).spends]
    waiting = sorted(name for name in names if name > last)
    if waiting:
        open_review(ctx, waiting[0])
        schedule(ctx, ctx.time, USE_REVIEWS, award_id + waiting[0])
