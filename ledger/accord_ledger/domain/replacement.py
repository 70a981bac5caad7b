"""Corrections: T16 with ``replaces`` (DOMAIN.md 2.6).

Index ``i`` of the new batch takes the place of the ``i``-th credential of the ranges. The old one is revoked
in the same transaction; the new one inherits its spends, its lineage, its recognitions and, for every
cut-off, its issuing block. No review opens, and an open one closes upheld.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta
from msgspec.structs import replace

from accord_ledger.codec import Wire
from accord_ledger.domain.accounts import close_review
from accord_ledger.domain.awards import open_review_of, replace_component, uphold_award
from accord_ledger.domain.context import Context
from accord_ledger.domain.credentials import (
    StandingPages,
    changed_standings,
    credential_of,
    put_credential,
    standing_of,
    uses_in,
    write_standings,
)
from accord_ledger.domain.model.account import RECOGNITIONS, REVIEWS
from accord_ledger.domain.model.award import AWARDS
from accord_ledger.domain.model.credential import BATCHES, Batch, Credential, Interval, Standing
from accord_ledger.errors import Rejection
from accord_ledger.fields import ObjectId

MAX_RANGES = 1000
"""Ranges of one record (T16 with ``replaces``, T17)."""

MAX_INDEXES = 131_072
"""Credentials of the largest batch: what bounds the work for a range before the batch is looked at."""


class Replacement(Wire):
    """Which credentials of one earlier batch are replaced, in order."""

    batch_id: ObjectId
    ranges: Annotated[tuple[Interval, ...], Meta(min_length=1, max_length=MAX_RANGES)]
    """Indexes [start, end), ascending, not touching one another."""

    @property
    def count(self) -> int:
        """How many credentials the ranges hold."""
        return sum(span.end - span.start for span in self.ranges)


@dataclass(frozen=True, slots=True)
class ReplacePlan:
    """What a replacement writes about the earlier batch."""

    origin: Batch
    pages: StandingPages
    moves: tuple[tuple[int, int], ...]
    """Old and new index of every credential that was used."""


def check_ranges(ranges: tuple[Interval, ...], path: str) -> None:
    """``E_VALUE`` unless ranges are in order, apart, not empty and inside the largest batch."""
    before = -1
    for place, span in enumerate(ranges):
        if not before < span.start < span.end:
            raise Rejection(
                "E_VALUE", "expected ranges in order, apart and not empty", path=f"{path}[{place}]"
            )
        before = span.end
    if before > MAX_INDEXES:
        raise Rejection("E_VALUE", f"expected indexes below {MAX_INDEXES}, got {before - 1}", path=path)


def check_replacement(
    ctx: Context, replacement: Replacement, *, programme: tuple[str, int], dates: tuple[str, str], count: int
) -> ReplacePlan:
    """One earlier batch of the same programme version and dates, every credential replaceable: ``E_REPLACES``.

    Args:
        ctx: the record's view.
        replacement: what is replaced.
        programme: programme and version of the new batch.
        dates: its ``completed_from`` and ``completed_to``.
        count: its credentials; one for each replaced.
    """
    earlier = ctx.state.get(BATCHES, replacement.batch_id)
    path = "body.replaces"
    if earlier is None or earlier.programme != programme:
        raise Rejection("E_REPLACES", "expected an earlier batch of this programme version", path=path)
    if (earlier.completed_from, earlier.completed_to) != dates:
        raise Rejection("E_REPLACES", "expected the dates of the earlier batch", path=path)
    if replacement.ranges[-1].end > earlier.count or replacement.count != count:
        detail = f"expected {count} indexes below {earlier.count}, got {replacement.count}"
        raise Rejection("E_REPLACES", detail, path=f"{path}.ranges")

    def edit(standing: Standing) -> Standing:
        correctable = standing.status == "valid" or standing.effect == "review"
        if standing.replaced or not correctable:
            detail = f"expected credentials valid or revoked with review, got one {standing.status}"
            raise Rejection("E_REPLACES", detail, path=f"{path}.ranges")
        return replace(standing, status="revoked", since=ctx.time, replaced=True)

    pages = changed_standings(ctx, replacement.batch_id, replacement.ranges, edit)
    return ReplacePlan(earlier, pages, tuple(_moves(ctx, replacement)))


def _moves(ctx: Context, replacement: Replacement) -> Iterator[tuple[int, int]]:
    first = 0
    for span in replacement.ranges:
        for index in uses_in(ctx.state, replacement.batch_id, [span]):
            yield index, first + index - span.start
        first += span.end - span.start


def replace_credentials(ctx: Context, replacement: Replacement, plan: ReplacePlan, batch_id: bytes) -> None:
    """Revoke the old credentials and hand what they were used for to the new ones."""
    write_standings(ctx, replacement.batch_id, plan.pages)
    for old, new in plan.moves:
        row = credential_of(ctx.state, replacement.batch_id, old)
        put_credential(ctx, replacement.batch_id, old, Credential(erased_at=row.erased_at))
        put_credential(ctx, batch_id, new, Credential(spends=row.spends, stacked_into=row.stacked_into))
        names = (replacement.batch_id, old), (batch_id, new)
        for spend in row.spends:
            _hand_over(ctx, spend.recognition, *names)
        if row.stacked_into is not None:
            _hand_over_lineage(ctx, row.stacked_into, *names)


def _hand_over(ctx: Context, recognition_id: bytes, old: tuple[bytes, int], new: tuple[bytes, int]) -> None:
    recognition = ctx.known(RECOGNITIONS, recognition_id, path="recognition")
    items = tuple(
        replace(item, batch_id=new[0], index=new[1]) if (item.batch_id, item.index) == old else item
        for item in recognition.items
    )
    ctx.state.put(RECOGNITIONS, replace(recognition, items=items), recognition_id)
    review = ctx.state.get(REVIEWS, recognition_id)
    names = ((item.batch_id, item.index) for item in items)
    if review is not None and not _in_question(ctx, names, review.opened_at):
        close_review(ctx, recognition_id, "upheld")


def _hand_over_lineage(ctx: Context, award_id: bytes, old: tuple[bytes, int], new: tuple[bytes, int]) -> None:
    if ctx.state.get(AWARDS, award_id) is None:
        return
    replace_component(ctx, award_id, old, new)
    review = open_review_of(ctx.state, award_id)  # of an award that is revoked none is open
    if review is None or review.effect == "reverse":
        return
    components = ctx.known(AWARDS, award_id, path="award").components
    names = ((one.batch_id, one.index) for one in components)
    if not _in_question(ctx, names, review.opened_at):
        uphold_award(ctx, award_id, review)


def _in_question(ctx: Context, names: Iterable[tuple[bytes, int]], opened_at: int) -> bool:
    """Whether a credential of them, not corrected, was revoked since the review opened: it goes on."""
    for batch_id, index in names:
        standing = standing_of(ctx.state, batch_id, index)
        if standing.status == "revoked" and (standing.since or 0) >= opened_at:
            return True
    return False
