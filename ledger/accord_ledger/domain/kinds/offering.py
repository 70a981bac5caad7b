"""T10, what is offered when: terms of courses, and intakes of programmes with their entrants."""

from __future__ import annotations

from bisect import bisect_right
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from accord_ledger import calendar
from accord_ledger.domain.context import Context
from accord_ledger.domain.kind import Body, TransactionKind, transaction_kind
from accord_ledger.domain.kinds.accreditation import check_not_backdated, check_period
from accord_ledger.domain.model.programme import (
    OFFERINGS,
    PROGRAMME_HEADS,
    PROGRAMMES,
    YEAR_COUNTS,
    Offering,
    Offerings,
    ProgrammeHead,
    YearCount,
)
from accord_ledger.domain.signing import Need, Signer, any_of
from accord_ledger.domain.standing import ISSUER_ROLES
from accord_ledger.errors import Rejection
from accord_ledger.fields import Code, DateText, Slug

MAX_TERMS: Final = 32
"""Terms of one course kept in state."""

MAX_ENTRANTS: Final = 10**9
"""Entrants of one programme in one year."""


class CourseOffering(Body):
    """T10: a term of a course, or without a course an intake of the programme."""

    programme: Slug
    course: Code | None = None
    term_start: DateText
    term_end: DateText
    entrants: Annotated[int, Meta(ge=0, le=10**6)] = 0
    """Of an intake: how many begin; issuing in the year of ``term_end`` is bounded by their sum."""


Plan = Offerings | YearCount


@transaction_kind
class CourseOfferingKind(TransactionKind[CourseOffering, Plan]):
    """A term enters the offering log, or entrants the year of its end."""

    name = "course_offering"
    row = "T10"
    body = CourseOffering
    errors = ("E_UNKNOWN_REF", "E_BACKDATED", "E_RANGE")

    def values(self, body: CourseOffering) -> None:
        """Dates in order; entrants exactly in an intake."""
        check_period(body.term_start, body.term_end, "body.term_end")
        if (body.course is None) != (body.entrants > 0):
            raise Rejection("E_VALUE", "expected entrants exactly in an intake", path="body.entrants")

    def weight(self, ctx: Context, body: CourseOffering) -> int:
        """8."""
        del ctx, body
        return 8

    def signers(self, ctx: Context, body: CourseOffering) -> Need:
        """The registrar of an issuer."""
        head = ctx.known(PROGRAMME_HEADS, body.programme, path="body.programme")
        return any_of(*(Signer(issuer, "registrar", ISSUER_ROLES) for issuer in head.issuers))

    def check(self, ctx: Context, body: CourseOffering) -> Plan:
        """The course is listed; the term does not begin long before it is filed (row C4)."""
        head = ctx.known(PROGRAMME_HEADS, body.programme, path="body.programme")
        if body.course is not None and not _is_listed(ctx, body.programme, head, body.course):
            raise Rejection(
                "E_UNKNOWN_REF", f"expected a course of the programme, got {body.course}", path="body.course"
            )
        check_not_backdated(ctx, body.term_start, "body.term_start")
        if body.course is None:
            return _with_entrants(ctx, body)
        return _with_term(ctx, body, body.course)

    def apply(self, ctx: Context, body: CourseOffering, plan: Plan) -> None:
        """Write the log of the course or the count of the year."""
        if isinstance(plan, YearCount):
            ctx.state.put(YEAR_COUNTS, plan, body.programme, calendar.parse_date(body.term_end).year)
        else:
            ctx.state.put(OFFERINGS, plan, body.programme, body.course or "")


def _is_listed(ctx: Context, programme: str, head: ProgrammeHead, course: str) -> bool:
    """Whether the newest or the active version asks for the course or lists it."""
    for version in (head.latest, head.current or head.latest):
        terms = ctx.known(PROGRAMMES, programme, version, path="body.programme").terms
        if course in terms.required_courses or any(course == listed.code for listed in terms.courses):
            return True
    return False


def _with_entrants(ctx: Context, body: CourseOffering) -> YearCount:
    year = calendar.parse_date(body.term_end).year
    known = ctx.state.get(YEAR_COUNTS, body.programme, year) or YearCount()
    entrants = known.entrants + body.entrants
    if entrants > MAX_ENTRANTS:
        raise Rejection("E_RANGE", f"expected at most {MAX_ENTRANTS} in a year", path="body.entrants")
    return msgspec.structs.replace(known, entrants=entrants)


def _with_term(ctx: Context, body: CourseOffering, course: str) -> Offerings:
    """The log with one more term, in order of starts, without those that can never matter again.

    Whether a term started in the 24 months before a day is answered by the last start up to that day, so
    of the terms that have started only the newest must stay; all that start later must.
    """
    known = (ctx.state.get(OFFERINGS, body.programme, course) or Offerings()).terms
    terms = sorted(
        (*known, Offering(term_start=body.term_start, term_end=body.term_end)),
        key=lambda term: (term.term_start, term.term_end),
    )
    surplus = max(len(terms) - MAX_TERMS, 0)
    started = bisect_right(terms, ctx.today.isoformat(), key=lambda term: term.term_start)
    if surplus > max(started - 1, 0):
        raise Rejection("E_RANGE", f"expected fewer than {MAX_TERMS} terms ahead", path="body.term_start")
    return Offerings(terms=tuple(terms[surplus:]))
