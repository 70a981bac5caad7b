"""T12, how satisfied employers are with those who completed a programme, by month or by quarter."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final, Literal

from msgspec import Meta

from accord_ledger.domain.context import Context
from accord_ledger.domain.kind import Body, TransactionKind, transaction_kind
from accord_ledger.domain.model.programme import PROGRAMME_HEADS
from accord_ledger.domain.model.quality import (
    FEEDBACK,
    FEEDBACK_YEARS,
    MAX_YEAR_RESPONSES,
    QUALITY_YEARS,
    Feedback,
    FeedbackYear,
    Period,
    QualityYear,
)
from accord_ledger.domain.quality_years import check_open, check_year
from accord_ledger.domain.signing import Need, Signer
from accord_ledger.domain.standing import independent
from accord_ledger.errors import Rejection
from accord_ledger.fields import Digest, Slug

EMPLOYERS: Final = frozenset({"employer_body"})
PERIOD: Final = "body.period"

Responses = Annotated[int, Meta(ge=0, le=10**9)]


class EmployerFeedback(Body):
    """T12; the author is the body of employers."""

    programme: Slug
    period: Period
    responses: Responses
    satisfied: Responses
    method_hash: Digest
    """What was asked of whom, and how; kept by the body."""


def year_of(period: str) -> int:
    """Calendar year of a period."""
    return int(period[:4])


def granularity_of(period: str) -> Literal["month", "quarter"]:
    """Whether a period is a month or a quarter."""
    return "quarter" if "Q" in period else "month"


def first_day(period: str) -> date:
    """First day of a period."""
    month = 3 * int(period[6]) - 2 if granularity_of(period) == "quarter" else int(period[5:])
    return date(year_of(period), month, 1)


@transaction_kind
class EmployerFeedbackKind(TransactionKind[EmployerFeedback, QualityYear]):
    """Responses of one period; they enter the sums of their year."""

    name = "employer_feedback"
    row = "T12"
    body = EmployerFeedback
    errors = ("E_UNKNOWN_REF", "E_SELF_FEEDBACK", "E_SMALL_CELL", "E_VALUE", "E_DUPLICATE", "E_STATE")

    def values(self, body: EmployerFeedback) -> None:
        """No more satisfied than responses."""
        if body.satisfied > body.responses:
            raise Rejection(
                "E_VALUE", f"expected at most {body.responses}, got {body.satisfied}", path="body.satisfied"
            )

    def weight(self, ctx: Context, body: EmployerFeedback) -> int:
        """8."""
        del ctx, body
        return 8

    def signers(self, ctx: Context, body: EmployerFeedback) -> Need:
        """The author, a body of employers."""
        del body
        return Signer(ctx.author, "institution", EMPLOYERS)

    def check(self, ctx: Context, body: EmployerFeedback) -> QualityYear:
        """Independent, enough answers to hide in, each period once and of one kind a year, year open."""
        head = ctx.known(PROGRAMME_HEADS, body.programme, path="body.programme")
        if not independent(ctx, ctx.author, head.issuers):
            raise Rejection("E_SELF_FEEDBACK", "expected a body independent of the issuers", path="author")
        least = ctx.parameters.k_min_cell
        if body.responses < least:
            detail = f"expected at least {least} responses, got {body.responses}"
            raise Rejection("E_SMALL_CELL", detail, path="body.responses")
        sums = _with_responses(ctx, body)
        _check_new(ctx, body)
        check_open(ctx, body.programme, year_of(body.period), PERIOD)
        return sums

    def apply(self, ctx: Context, body: EmployerFeedback, plan: QualityYear) -> None:
        """Keep the record, its granularity and the sums."""
        record = Feedback(
            responses=body.responses, satisfied=body.satisfied, method_hash=body.method_hash, at=ctx.time
        )
        year = year_of(body.period)
        ctx.state.put(FEEDBACK, record, body.programme, body.period, ctx.author)
        kept = FeedbackYear(granularity=granularity_of(body.period))
        ctx.state.put(FEEDBACK_YEARS, kept, body.programme, year, ctx.author)
        ctx.state.put(QUALITY_YEARS, plan, body.programme, year)


def _with_responses(ctx: Context, body: EmployerFeedback) -> QualityYear:
    """The year's sums with these answers; ``E_VALUE`` for a period that has not begun."""
    year = year_of(body.period)
    check_year(ctx, body.programme, year, PERIOD)
    if first_day(body.period) > ctx.today:
        raise Rejection("E_VALUE", f"expected a period that has begun, got {body.period}", path=PERIOD)
    known = ctx.state.get(QUALITY_YEARS, body.programme, year) or QualityYear()
    if known.responses + body.responses > MAX_YEAR_RESPONSES:
        raise Rejection("E_VALUE", f"expected at most {MAX_YEAR_RESPONSES} a year", path="body.responses")
    return QualityYear(
        responses=known.responses + body.responses,
        satisfied=known.satisfied + body.satisfied,
        records=known.records + 1,
    )


def _check_new(ctx: Context, body: EmployerFeedback) -> None:
    """``E_DUPLICATE`` for a period reported before, or months and quarters in one year (row U8)."""
    known = ctx.state.get(FEEDBACK_YEARS, body.programme, year_of(body.period), ctx.author)
    if known is not None and known.granularity != granularity_of(body.period):
        raise Rejection("E_DUPLICATE", f"expected a {known.granularity}, got {body.period}", path=PERIOD)
    ctx.unused(FEEDBACK, body.programme, body.period, ctx.author, path=PERIOD)
