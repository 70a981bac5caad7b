"""Freshness of programmes: age of content (A5, M10), of the version (P10), of feedback (U8), speed (P11)."""

from __future__ import annotations

from accord_ledger import calendar
from accord_ledger.codec import Wire
from accord_ledger.domain.model.quality import FEEDBACK
from accord_ledger.domain.questions.coverage import CountryAsked
from accord_ledger.domain.questions.programmes import Counted, active
from accord_ledger.domain.questions.question import question
from accord_ledger.domain.questions.reading import Reading, texts

STALE_DAYS = 365
"""Rows M10 and P10."""

FAST_DAYS = (90, 183)
"""Row P11: three to six months, both ends inside."""


class Freshness(Wire):
    """One programme."""

    programme: str
    version: int
    content_age_days: int | None
    """None: it does not say when its content was updated last."""
    stale_content: bool
    """More than 365 days."""
    version_age_days: int
    stale_version: bool
    """No new version for more than 365 days."""
    development_days: int | None
    """From submission (T36) to activation (T37)."""
    fast_channel: bool
    """90 to 183 days."""
    feedback_gap: tuple[str, ...]
    """Months or quarters without feedback between the first and the last one due, of those who report so."""


@question(
    "freshness", "M10", "Age of content and versions, speed of development, gaps of feedback", paged=True,
    report=("内容时效", "Freshness"),
)  # fmt: skip
def freshness(read: Reading, asked: CountryAsked) -> list[Freshness]:
    """Active programmes in order of id."""
    return [_freshness(read, one) for one in active(read, asked.country, paged=True)]


def _freshness(read: Reading, one: Counted) -> Freshness:
    programme, terms = one.programme, one.terms
    updated = terms.last_content_update
    age = None if updated is None else (read.day - calendar.parse_date(updated)).days
    activated_at = programme.activated_at or 0
    version_age = (read.at - activated_at) // calendar.DAY
    submitted = programme.submitted_at
    took = None if submitted is None else (activated_at - submitted) // calendar.DAY
    return Freshness(
        programme=one.name,
        version=terms.version,
        content_age_days=age,
        stale_content=age is not None and age > STALE_DAYS,
        version_age_days=version_age,
        stale_version=version_age > STALE_DAYS,
        development_days=took,
        fast_channel=took is not None and FAST_DAYS[0] <= took <= FAST_DAYS[1],
        feedback_gap=_gaps(read, one.name),
    )


def _gaps(read: Reading, programme: str) -> tuple[str, ...]:
    """Periods that ended before the moment asked about and have no feedback, from the first one filed on."""
    periods = {texts(rest)[0] for rest, row in read.rows(FEEDBACK, programme) if row.at <= read.at}
    missing: list[str] = []
    for quarters in (False, True):
        own = sorted(period for period in periods if ("Q" in period) == quarters)
        if own:
            due = _due(own[0], read.day.isoformat(), quarters=quarters)
            missing += [period for period in due if period not in periods]
    return tuple(missing)


def _due(first: str, today: str, *, quarters: bool) -> list[str]:
    step = 3 if quarters else 1
    month = 3 * (int(first[6:]) - 1) + 1 if quarters else int(first[5:])
    begin = calendar.parse_date(f"{first[:4]}-{month:02}-01")
    found = []
    while (after := calendar.add_months(begin, step)).isoformat() <= today:
        name = f"Q{(begin.month + 2) // 3}" if quarters else f"{begin.month:02}"
        found.append(f"{begin.year}-{name}")
        begin = after
    return found
