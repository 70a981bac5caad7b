"""T13, closing a quality year of a programme (DOMAIN.md 2.8).

From 1 January of the next year a competent agency closes it once the report is in; from 1 February it or
any validator, whatever is in; on 1 March the due queue does what nobody did.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from accord_ledger.domain.context import Context
from accord_ledger.domain.kind import Body, TransactionKind, transaction_kind
from accord_ledger.domain.model.party import SEATS
from accord_ledger.domain.model.programme import PROGRAMME_HEADS, PROGRAMMES
from accord_ledger.domain.model.quality import (
    QUALITY_HEADS,
    QUALITY_REPORTS,
    QUALITY_YEARS,
    YEAR_CLOSES,
    Year,
)
from accord_ledger.domain.quality_years import close_year, is_to_close
from accord_ledger.domain.signing import Need, Signer, any_of, k_of
from accord_ledger.domain.standing import active_first, competent_agency
from accord_ledger.errors import Rejection
from accord_ledger.fields import Slug

YEAR: Final = "body.year"


class QualityYearClose(Body):
    """T13."""

    programme: Slug
    year: Year


@transaction_kind
class QualityYearCloseKind(TransactionKind[QualityYearClose, None]):
    """The result of a year, and what it means: nothing, suspension or withdrawal."""

    name = "quality_year_close"
    row = "T13"
    body = QualityYearClose
    errors = ("E_UNKNOWN_REF", "E_TOO_EARLY", "E_DUPLICATE", "E_STATE")

    def weight(self, ctx: Context, body: QualityYearClose) -> int:
        """16 + feedback records of the year."""
        sums = ctx.state.get(QUALITY_YEARS, body.programme, body.year)
        return 16 + (sums.records if sums is not None else 0)

    def signers(self, ctx: Context, body: QualityYearClose) -> Need:
        """A competent agency, or any validator."""
        head = ctx.known(PROGRAMME_HEADS, body.programme, path="body.programme")
        programme = ctx.known(PROGRAMMES, body.programme, head.current or head.latest, path="body.programme")
        return any_of(competent_agency(ctx, programme), _any_validator(ctx))

    def check(self, ctx: Context, body: QualityYearClose) -> None:
        """Not before its time; once; in order, of a programme whose years are closed."""
        _check_time(ctx, body)
        ctx.unused(YEAR_CLOSES, body.programme, body.year, path=YEAR)
        head = ctx.state.get(QUALITY_HEADS, body.programme)
        if head is None:
            raise Rejection("E_STATE", "expected a programme under an annual profile", path="body.programme")
        if ctx.known(PROGRAMME_HEADS, body.programme, path="body.programme").status == "withdrawn":
            raise Rejection("E_STATE", "expected a programme not withdrawn", path="body.programme")
        if not is_to_close(head, body.year):
            raise Rejection("E_STATE", f"expected {head.next_year} next, got {body.year}", path=YEAR)

    def apply(self, ctx: Context, body: QualityYearClose, plan: None) -> None:
        """Close it; result, sums and both rationals are said in the receipt and kept in state."""
        close = close_year(ctx, body.programme, body.year, ctx.signed[0][0])
        ctx.result.update(
            result=close.result,
            responses=str(close.responses),
            satisfied=str(close.satisfied),
            satisfaction=close.satisfaction or "",
            update=close.update or "",
            effect=close.effect or "",
        )


def _any_validator(ctx: Context) -> Need:
    """One party with a seat, signing with ``governance``; of those that did, an active one first."""
    seats = ctx.state.get(SEATS)
    parties = seats.parties if seats else ()
    present = [party for party in parties if (party, "governance") in ctx.present]
    return k_of(1, (Signer(party, "governance") for party in active_first(ctx, present or parties)))


def _check_time(ctx: Context, body: QualityYearClose) -> None:
    """``E_TOO_EARLY`` before 1 January; before 1 February unless an agency closes a year with its report."""
    earliest = date(body.year + 1, 1, 1)
    by_agency = any(purpose == "quality" for _, purpose, _ in ctx.signed)
    if not by_agency or not ctx.state.exists(QUALITY_REPORTS, body.programme, body.year):
        earliest = date(body.year + 1, 2, 1)
    if ctx.today < earliest:
        raise Rejection("E_TOO_EARLY", f"expected {earliest} or later, got {ctx.today}", path=YEAR)
