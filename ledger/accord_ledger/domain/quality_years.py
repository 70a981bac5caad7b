"""Quality years of programmes under an annual profile: when they begin and what their close means.

DOMAIN.md 2.8. A year is closed by T13, or by the due queue on 1 March of the next one; both come here.
A year in which an annual version was active is closed, so that no programme leaves its profile to escape
a close; later years of a programme that left pass without one. Awards have no quality years.
"""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Final

from msgspec.structs import replace

from accord_ledger import calendar, rational
from accord_ledger.domain.context import Context
from accord_ledger.domain.due import due_effect, schedule
from accord_ledger.domain.model.programme import (
    PROGRAMME_HEADS,
    PROGRAMMES,
    ProgrammeTerms,
)
from accord_ledger.domain.model.quality import (
    QUALITY_HEADS,
    QUALITY_REPORTS,
    QUALITY_YEARS,
    YEAR_CLOSES,
    CloseEffect,
    CloseResult,
    QualityHead,
    QualityReport,
    QualityYear,
    YearClose,
)
from accord_ledger.domain.programme_life import change_programme_status
from accord_ledger.domain.standing import profile_of
from accord_ledger.errors import Rejection

LAST_YEAR: Final = calendar.LAST_DATE.year - 10
"""No year after this one is closed: dates end soon after it."""

SILENT_YEARS: Final = 2
"""Years running without data after which a programme is suspended (DOMAIN.md 2.8)."""


def is_annual(ctx: Context, terms: ProgrammeTerms) -> bool:
    """Whether the years of a programme with this active version are closed; never those of an award."""
    return terms.form != "award" and profile_of(ctx, terms).annual


def follow_version(ctx: Context, terms: ProgrammeTerms) -> None:
    """Called when a version becomes active: begin the years, let them end with this one, or go on."""
    programme_id, year = terms.programme_id, ctx.today.year
    head, annual = ctx.state.get(QUALITY_HEADS, programme_id), is_annual(ctx, terms)
    if head is None:
        if annual and year <= LAST_YEAR:
            ctx.state.put(QUALITY_HEADS, QualityHead(next_year=year), programme_id)
            _queue(ctx, programme_id, year)
    elif annual and head.until is not None:
        missed = head.next_year > head.until
        next_year = year if missed else head.next_year
        ctx.state.put(QUALITY_HEADS, replace(head, until=None, next_year=next_year), programme_id)
    elif not annual and head.until is None:
        ctx.state.put(QUALITY_HEADS, replace(head, until=year), programme_id)


def is_to_close(head: QualityHead, year: int) -> bool:
    """Whether this is the next year that is closed."""
    return year == head.next_year and (head.until is None or year <= head.until)


def check_year(ctx: Context, programme_id: str, year: int, path: str) -> None:
    """``E_VALUE`` for a year before the programme was registered or one that has not begun."""
    first = calendar.date_at(ctx.known(PROGRAMMES, programme_id, 1, path=path).registered_at).year
    if not first <= year <= ctx.today.year:
        raise Rejection("E_VALUE", f"expected a year from {first} to {ctx.today.year}, got {year}", path=path)


def check_open(ctx: Context, programme_id: str, year: int, path: str) -> None:
    """``E_STATE`` if the year is closed, or began before the programme's years did."""
    head = ctx.state.get(QUALITY_HEADS, programme_id)
    if head is not None and year < head.next_year:
        raise Rejection("E_STATE", f"expected a year that is not closed, got {year}", path=path)


def close_year(ctx: Context, programme_id: str, year: int, closed_by: str | None) -> YearClose:
    """Close the next year of a programme and let it have its effect; the caller has checked that it may."""
    head = ctx.known(QUALITY_HEADS, programme_id, path="programme")
    sums = ctx.state.get(QUALITY_YEARS, programme_id, year) or QualityYear()
    report = ctx.state.get(QUALITY_REPORTS, programme_id, year)
    result = _result(ctx, sums)
    after = _counted(head, result)
    effect, reason = _effect(ctx, after, report)
    change = _change_status(ctx, programme_id, effect, reason)
    held = effect == "suspended" and not change
    ctx.state.put(QUALITY_HEADS, replace(after, next_year=year + 1, held=held), programme_id)
    close = YearClose(
        result=result,
        responses=sums.responses,
        satisfied=sums.satisfied,
        satisfaction=_share(sums.satisfied, sums.responses),
        update=_share(report.metrics.content_updated, report.metrics.content_items) if report else None,
        effect=effect,
        closed_by=closed_by,
        at=ctx.time,
    )
    ctx.state.put(YEAR_CLOSES, close, programme_id, year)
    return close


def _share(part: int, whole: int) -> str | None:
    return rational.format(Fraction(part, whole)) if whole else None


def _result(ctx: Context, sums: QualityYear) -> CloseResult:
    """Too few responses say nothing; else satisfaction below ``exit_satisfaction`` fails (row P6)."""
    if sums.responses < ctx.parameters.feedback_min_responses:
        return "no_data"
    least = rational.parse(ctx.parameters.exit_satisfaction) * sums.responses
    return "fail" if sums.satisfied < least else "pass"


def _counted(head: QualityHead, result: CloseResult) -> QualityHead:
    if result == "no_data":
        return replace(head, silent=head.silent + 1)
    return replace(head, silent=0, fails=head.fails + 1 if result == "fail" else 0)


def _effect(ctx: Context, head: QualityHead, report: QualityReport | None) -> tuple[CloseEffect | None, str]:
    """Withdrawn after ``exit_years`` fails; suspended without report, update or data; and the reason."""
    if head.fails >= ctx.parameters.exit_years:
        return "withdrawn", "satisfaction"
    if report is None:
        return "suspended", "no_report"
    least = rational.parse(ctx.parameters.update_min) * report.metrics.content_items
    if report.metrics.content_updated < least:
        return "suspended", "content"
    if head.silent >= SILENT_YEARS:
        return "suspended", "no_data"
    return None, ""


def _change_status(ctx: Context, programme_id: str, effect: CloseEffect | None, reason: str) -> bool:
    """Give the programme the status; False where a retired one keeps its own instead of a suspension."""
    retired = ctx.known(PROGRAMME_HEADS, programme_id, path="programme").status == "retired"
    if effect is None or (effect == "suspended" and retired):
        return False
    change_programme_status(ctx, programme_id, effect, reason)
    return True


# ---- the due queue -----------------------------------------------------------------------------------


def _queue(ctx: Context, programme_id: str, year: int) -> None:
    """Let the queue look at this year on 1 March of the next one."""
    if year <= LAST_YEAR:
        due = calendar.midnight(date(year + 1, 3, 1))
        schedule(ctx, due, "quality_year", year.to_bytes(2, "big") + programme_id.encode())


@due_effect("quality_year")
def _fall_due(ctx: Context, subject: bytes) -> None:
    """Close the year if nobody has, and queue the next; a withdrawn programme has no more years."""
    year, programme_id = int.from_bytes(subject[:2], "big"), subject[2:].decode()
    if ctx.known(PROGRAMME_HEADS, programme_id, path="due").status == "withdrawn":
        return
    head = ctx.known(QUALITY_HEADS, programme_id, path="due")
    if is_to_close(head, year) and close_year(ctx, programme_id, year, None).effect == "withdrawn":
        return
    _queue(ctx, programme_id, year + 1)
