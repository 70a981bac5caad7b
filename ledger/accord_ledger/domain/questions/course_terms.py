"""Q-R4: which programmes lose the two-year offering rule (row C4) unless a course is offered again."""

from __future__ import annotations

from accord_ledger import calendar
from accord_ledger.codec import Wire
from accord_ledger.domain.model.programme import OFFERINGS, Offerings
from accord_ledger.domain.questions.programmes import activated
from accord_ledger.domain.questions.question import Asked, question
from accord_ledger.domain.questions.reading import Reading
from accord_ledger.fields import DateText, Slug

NEXT_TERM_MONTHS = 6


class CourseTermsAsked(Asked):
    """Parameters of Q-R4."""

    issuer: Slug | None = None
    before: DateText | None = None
    """Deadlines up to this day; six months from now if absent."""


class LosingCourse(Wire):
    """A required course whose term gets too old."""

    programme: str
    course: str
    last_offered: str | None
    """Start of the newest term filed, those to come included; None: never."""
    deadline: str | None
    """Last day on which credentials may be issued on it; None: it cannot be issued at all."""


@question(
    "course-terms", "Q-R4", "Programmes that lose the two-year offering rule next term", paged=True,
    dated=False,
)  # fmt: skip
def course_terms(read: Reading, asked: CourseTermsAsked) -> list[LosingCourse]:
    """Required courses of active and paused programmes, earliest deadline first."""
    last = (
        calendar.parse_date(asked.before, "before")
        if asked.before
        else calendar.add_months(read.day, NEXT_TERM_MONTHS)
    )
    months = read.ctx.parameters.course_window_months
    found = []
    for one in activated(read, paged=True):
        if asked.issuer not in (None, *one.terms.issuers) or one.status not in ("active", "paused"):
            continue
        for course in one.terms.required_courses:
            terms = (read.get(OFFERINGS, one.name, course) or Offerings()).terms
            newest = terms[-1].term_start if terms else None
            ends = calendar.add_months(calendar.parse_date(newest), months) if newest else None
            if ends is None or ends <= last:
                found.append(
                    LosingCourse(
                        programme=one.name, course=course, last_offered=newest,
                        deadline=ends.isoformat() if ends else None,
                    )
                )  # fmt: skip
    return sorted(found, key=lambda row: (row.deadline or "", row.programme, row.course))
