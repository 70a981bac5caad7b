"""Quality of programmes year by year: reports, employers' feedback, closes (DOMAIN.md 2.4, 2.8).

Years are calendar years, UTC. Counts are kept as they were reported, never reduced (DOMAIN.md 2.2); what
a close needs is summed as it comes in, so that closing a year costs the same however much was filed.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from msgspec import Meta

from accord_ledger.codec import Wire
from accord_ledger.fields import Count, Digest, RationalText, Seconds, Slug
from accord_ledger.state import Table

Year = Annotated[int, Meta(ge=1900, le=9990)]
"""A calendar year, UTC."""

Period = Annotated[str, Meta(pattern=r"^[0-9]{4}-(?:0[1-9]|1[0-2]|Q[1-4])\Z")]
"""A month ``YYYY-MM`` or a quarter ``YYYY-Qn``."""

Area = Literal["mixed", "rural", "urban"]
"""Kind of area learners come from (row M11); ``mixed`` where it was not recorded."""

CloseResult = Literal["pass", "fail", "no_data"]
CloseEffect = Literal["suspended", "withdrawn"]

MAX_YEAR_RESPONSES: Final = 10**12
"""Responses of one programme in one year; far above any, and what a count may be."""


class AreaCounts(Wire):
    """Learners of one kind of area: excellent <= passed <= entered, completed <= entered (rows N3, N4)."""

    area: Area
    entered: Count
    completed: Count
    passed: Count
    excellent: Count


class Costs(Wire):
    """What accreditation cost out of which budget (row U10)."""

    accreditation_cost_minor: Count
    budget_minor: Count
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}\Z")]


class QualityMetrics(Wire):
    """What T11 reports of one programme and year."""

    content_items: Count
    content_updated: Count
    """Items revised in the year (row P5)."""
    courses_total: Count = 0
    courses_with_industry: Count = 0
    """Courses designed with experts of industry (row C13)."""
    areas: Annotated[tuple[AreaCounts, ...], Meta(max_length=3)] = ()
    """In order of area, each once."""
    sites: Count = 0
    costs: Costs | None = None


class QualityReport(Wire):
    """A report in state."""

    metrics: QualityMetrics
    issuer: Slug
    agency: Slug
    """Competent agency that signed it."""
    at: Seconds


class Feedback(Wire):
    """What one body of employers said of one programme for one period (T12)."""

    responses: Count
    satisfied: Count
    method_hash: Digest
    at: Seconds
    """When it was filed; long after the period is late."""


class FeedbackYear(Wire):
    """How one body reports on one programme in one year: by months or by quarters, not both."""

    granularity: Literal["month", "quarter"]


class QualityYear(Wire):
    """Sums of the feedback of one year."""

    responses: Count = 0
    satisfied: Count = 0
    records: Count = 0
    """Feedback records; what a close weighs."""


class YearClose(Wire):
    """What the close of one year found."""

    result: CloseResult
    responses: Count
    satisfied: Count
    satisfaction: RationalText | None
    """satisfied / responses; None without responses."""
    update: RationalText | None
    """content_updated / content_items; None without a report."""
    effect: CloseEffect | None
    """What it meant for the programme."""
    closed_by: Slug | None
    """Party that closed it; None: the due queue."""
    at: Seconds


class QualityHead(Wire):
    """Where the closing of a programme's years stands; there is one from the first annual version on."""

    next_year: Year
    """First year not closed; years close in order."""
    until: Year | None = None
    """Last year that is closed, once a version of another profile took over; None: there is no end."""
    fails: Count = 0
    """Closed years that failed since the last one that passed; ``no_data`` is skipped."""
    silent: Count = 0
    """Closed years without data at the end."""
    held: bool = False
    """Retired when a close would have suspended it: it comes back only as a suspended one would."""


QUALITY_REPORTS: Table[QualityReport] = Table("quality_report", QualityReport)
"""By programme id and year."""
FEEDBACK: Table[Feedback] = Table("feedback", Feedback)
"""By programme id, period and body of employers."""
FEEDBACK_YEARS: Table[FeedbackYear] = Table("feedback_year", FeedbackYear)
"""By programme id, year and body of employers."""
QUALITY_YEARS: Table[QualityYear] = Table("quality_year", QualityYear)
"""By programme id and year."""
YEAR_CLOSES: Table[YearClose] = Table("year_close", YearClose)
"""By programme id and year."""
QUALITY_HEADS: Table[QualityHead] = Table("quality_head", QualityHead)
"""By programme id."""
