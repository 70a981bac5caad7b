"""Standing and uses of single credentials, kept by pages so that ranges of any size stay cheap.

A range of a batch touches at most 129 pages (131,072 indexes); what T17 finds there (``uses_in``) and
writes (``changed_standings``) costs work by pages and by what is exceptional on them, never by index.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Final

from msgspec.structs import replace

from accord_ledger import rational
from accord_ledger.domain.context import Context
from accord_ledger.domain.model.award import AWARDS
from accord_ledger.domain.model.credential import (
    CREDENTIALS,
    PAGE,
    STANDING_PAGES,
    USE_PAGES,
    Batch,
    Credential,
    Interval,
    Spend,
    Standing,
    StandingPage,
    StandingSpan,
    UsePage,
)
from accord_ledger.domain.model.party import KEYS
from accord_ledger.domain.model.programme import ProgrammeTerms
from accord_ledger.state import View

UNTOUCHED: Final = Standing()
"""Standing of a credential nothing has happened to."""

_NO_ROW: Final = Credential()

StandingPages = dict[int, StandingPage]
"""Page number to the page as it will be written."""


def standing_of(state: View, batch_id: bytes, index: int) -> Standing:
    """What T17 and replacement have made of one credential."""
    page = state.get(STANDING_PAGES, batch_id, index // PAGE)
    if page is not None:
        for span in page.spans:
            if span.start <= index < span.end:
                return span.standing
    return UNTOUCHED


def holding_award(state: View, award_id: bytes) -> bytes | None:
    """The award that still holds a component stacked into ``award_id``, or None: the component is free.

    A revoked award holds its components only while it has a live spend itself, or is held by another
    (DOMAIN.md 2.6); what is free once stays free, so nothing has to be written when it becomes so.
    """
    above: bytes | None = award_id
    while above is not None:
        award = state.get(AWARDS, above)
        if award is None or award.status != "revoked":
            return above
        row = state.get(CREDENTIALS, above, 0) or _NO_ROW
        if row.spends:
            return above
        above = row.stacked_into
    return None


def credential_of(state: View, batch_id: bytes, index: int) -> Credential:
    """Spends, lineage and erasure of one credential, as they count now."""
    row = state.get(CREDENTIALS, batch_id, index) or _NO_ROW
    if row.stacked_into is not None and holding_award(state, row.stacked_into) is None:
        return replace(row, stacked_into=None)
    return row


def source_credits(ctx: Context, batch_id: bytes, programme: ProgrammeTerms) -> Fraction:
    """What one credential of a batch is worth, never taken from its documents (DOMAIN.md 0.6).

    The programme version's credits; of a stacked award the sum of its own components.
    """
    if programme.form != "award":
        return rational.parse(programme.credits)
    return rational.parse(ctx.known(AWARDS, batch_id, path="batch_id").redeemable)


def needs_confirmation(state: View, batch: Batch, standing: Standing) -> bool:
    """Whether a key that signed the batch was compromised by then, and nobody confirmed since (T03)."""
    for key_id in batch.keys:
        key = state.get(KEYS, key_id)
        if key is None or key.compromised_since is None or batch.issued_at < key.compromised_since:
            continue
        known_at = key.revoked_at if key.compromise_known_at is None else key.compromise_known_at
        if standing.confirmed_at is None or standing.confirmed_at < (known_at or 0):
            return True
    return False


def pieces(ranges: Sequence[Interval]) -> Iterator[tuple[int, int, int]]:
    """(page, start, end) of the ranges cut at page borders, in order."""
    for span in ranges:
        start = span.start
        while start < span.end:
            page = start // PAGE
            end = min(span.end, (page + 1) * PAGE)
            yield page, start, end
            start = end


def _edited(
    spans: Sequence[StandingSpan], start: int, end: int, edit: Callable[[Standing], Standing]
) -> list[StandingSpan]:
    """The spans of a page after ``edit`` was applied to every index in [start, end)."""
    cut: list[tuple[int, int, Standing]] = []
    place = start
    for span in spans:
        if span.start < start:
            cut.append((span.start, min(span.end, start), span.standing))
        low, high = max(span.start, start), min(span.end, end)
        if low < high:
            if place < low:
                cut.append((place, low, edit(UNTOUCHED)))
            cut.append((low, high, edit(span.standing)))
            place = high
        if span.end > end:
            if place < end:
                cut.append((place, end, edit(UNTOUCHED)))
                place = end
            cut.append((max(span.start, end), span.end, span.standing))
    if place < end:
        cut.append((place, end, edit(UNTOUCHED)))
    return _merged(cut)


def _merged(cut: list[tuple[int, int, Standing]]) -> list[StandingSpan]:
    merged: list[StandingSpan] = []
    for start, end, standing in cut:
        if standing == UNTOUCHED:
            continue
        if merged and merged[-1].end == start and merged[-1].standing == standing:
            merged[-1] = StandingSpan(start=merged[-1].start, end=end, standing=standing)
        else:
            merged.append(StandingSpan(start=start, end=end, standing=standing))
    return merged


def changed_standings(
    ctx: Context, batch_id: bytes, ranges: Sequence[Interval], edit: Callable[[Standing], Standing]
) -> StandingPages:
    """The pages as they stand after ``edit`` of every index of the ranges; writes nothing.

    ``edit`` gets each standing that occurs and may raise ``Rejection``.
    """
    pages: dict[int, list[StandingSpan]] = {}
    for page, start, end in pieces(ranges):
        if page not in pages:
            found = ctx.state.get(STANDING_PAGES, batch_id, page)
            pages[page] = list(found.spans) if found else []
        pages[page] = _edited(pages[page], start, end, edit)
    return {page: StandingPage(spans=tuple(spans)) for page, spans in pages.items()}


def write_standings(ctx: Context, batch_id: bytes, pages: StandingPages) -> None:
    """Write what :func:`changed_standings` computed."""
    for page, value in pages.items():
        if value.spans:
            ctx.state.put(STANDING_PAGES, value, batch_id, page)
        else:
            ctx.state.delete(STANDING_PAGES, batch_id, page)


def uses_in(state: View, batch_id: bytes, ranges: Sequence[Interval]) -> Iterator[int]:
    """Indexes of the ranges that have live spends or are part of an award, in order."""
    for page, start, end in pieces(ranges):
        found = state.get(USE_PAGES, batch_id, page)
        if found is None:
            continue
        first = page * PAGE
        bits = int.from_bytes(found.bits, "little") >> (start - first) & ((1 << (end - start)) - 1)
        while bits:
            least = bits & -bits
            yield start + least.bit_length() - 1
            bits ^= least


def spends_in(state: View, batch_id: bytes, ranges: Sequence[Interval], *, limit: int) -> int:
    """Live spends in the ranges, those by stacking included; counting stops beyond ``limit``."""
    total = 0
    for index in uses_in(state, batch_id, ranges):
        row = credential_of(state, batch_id, index)
        total += len(row.spends) + (row.stacked_into is not None)
        if total > limit:
            break
    return total


def _mark_use(ctx: Context, batch_id: bytes, index: int, *, used: bool) -> None:
    page = index // PAGE
    found = ctx.state.get(USE_PAGES, batch_id, page)
    bits = int.from_bytes(found.bits, "little") if found else 0
    bit = 1 << (index - page * PAGE)
    bits = bits | bit if used else bits & ~bit
    if bits:
        ctx.state.put(
            USE_PAGES, UsePage(bits=bits.to_bytes(-(-bits.bit_length() // 8), "little")), batch_id, page
        )
    else:
        ctx.state.delete(USE_PAGES, batch_id, page)


def put_credential(ctx: Context, batch_id: bytes, index: int, row: Credential) -> None:
    """Write a credential's row and its mark of use; a row that says nothing is removed."""
    if row == _NO_ROW:
        ctx.state.delete(CREDENTIALS, batch_id, index)
    else:
        ctx.state.put(CREDENTIALS, row, batch_id, index)
    _mark_use(ctx, batch_id, index, used=bool(row.spends) or row.stacked_into is not None)


def add_spend(ctx: Context, batch_id: bytes, index: int, spend: Spend) -> None:
    """Note one more live use of a credential."""
    row = credential_of(ctx.state, batch_id, index)
    put_credential(ctx, batch_id, index, replace(row, spends=(*row.spends, spend)))


def remove_spend(ctx: Context, batch_id: bytes, index: int, recognition: bytes) -> None:
    """Forget the use a recognition made of a credential: it is free again."""
    row = credential_of(ctx.state, batch_id, index)
    spends = tuple(spend for spend in row.spends if spend.recognition != recognition)
    put_credential(ctx, batch_id, index, replace(row, spends=spends))


def set_lineage(ctx: Context, batch_id: bytes, index: int, award_id: bytes | None) -> None:
    """Make a credential an own component of an award, or free it."""
    row = credential_of(ctx.state, batch_id, index)
    put_credential(ctx, batch_id, index, replace(row, stacked_into=award_id))


def set_standing(ctx: Context, batch_id: bytes, edit: Callable[[Standing], Standing]) -> None:
    """Change the standing of the only credential of an award batch."""
    only = (Interval(start=0, end=1),)
    write_standings(ctx, batch_id, changed_standings(ctx, batch_id, only, edit))
