"""Q-B2: how much of what is offered is recognised elsewhere, against the 80 % goal (row P8), and P7.

A programme is recognised if another party receives it for credit under an agreement in force (row P8);
accreditation for other countries is what P7 counts, and is not counted here again. When an
agreement version was in force is known for every day; whether it takes the programme is judged by the
rules as parties, grants and the programme's version stand now, which the answer says of earlier days.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Final

from msgspec import Meta

from accord_ledger import calendar
from accord_ledger.codec import Wire
from accord_ledger.domain.agreement_life import span_of
from accord_ledger.domain.membership import terms_of
from accord_ledger.domain.model.agreement import AGREEMENT_VERSIONS, AGREEMENTS, AgreementTerms
from accord_ledger.domain.model.party import PARTIES
from accord_ledger.domain.questions.amounts import percent, ratio
from accord_ledger.domain.questions.covering import presented_now, why_not
from accord_ledger.domain.questions.credential import grants_on
from accord_ledger.domain.questions.programmes import Counted, activated, active, status_then
from accord_ledger.domain.questions.question import Asked, question
from accord_ledger.domain.questions.reading import Reading, texts
from accord_ledger.domain.rule_lookup import rules_about
from accord_ledger.domain.standing import grant_in_force
from accord_ledger.fields import Country

GOAL: Final = Fraction(4, 5)
"""Rows P7 and P8."""

Quarters = Annotated[int, Meta(ge=0, le=40)]


class CountryAsked(Asked):
    """Everything, or one country."""

    country: Country | None = None


class CoverageAsked(CountryAsked):
    """Parameters of Q-B2."""

    quarters: Quarters = 4
    """How many earlier quarters the trend shows."""


class CoveragePoint(Wire):
    """One day of the trend."""

    date: str
    active: int
    recognised: int
    ratio: str | None


class Coverage(Wire):
    """The metric."""

    active: int
    recognised: int
    ratio: str | None
    display: str | None
    met: bool
    weighted: str | None
    """The same, each programme counted by its credentials."""
    series: tuple[CoveragePoint, ...]
    """By quarters, oldest first, each at the beginning of its first day."""
    not_recognised: tuple[str, ...]
    """Active programmes that nobody else takes."""


@dataclass(frozen=True, slots=True)
class InForce:
    """A version of an agreement and the time in which new credentials could be recognised under it."""

    name: str
    begin: int
    end: int
    terms: AgreementTerms


def agreement_spans(read: Reading) -> Iterator[InForce]:
    """Every version that was ever active, in order of agreement and version."""
    for rest, agreement in read.rows(AGREEMENTS):
        (name,) = texts(rest)
        for number in range(1, agreement.latest + 1):
            version = read.get(AGREEMENT_VERSIONS, name, number)
            if version is None or version.activated_at is None:
                continue
            terms = terms_of(read.ctx, (name, number))
            if terms is None:
                continue
            span = span_of(agreement, version, terms)
            end = span.end if version.superseded_at is None else min(span.end, version.superseded_at)
            yield InForce(name, max(version.activated_at, span.begin), end, terms)


def by_sender(spans: Iterable[InForce]) -> dict[str, list[InForce]]:
    """Senders, each with its agreements."""
    found: dict[str, list[InForce]] = {}
    for span in spans:
        for sender in span.terms.senders:
            found.setdefault(sender, []).append(span)
    return found


def taken(read: Reading, one: Counted, spans: Sequence[InForce], *, border: bool = True) -> Iterator[InForce]:
    """Of these agreements those under which somebody else receives the programme for credit."""
    item = presented_now(read, one.name, one.terms.version)
    for span in spans:
        rules = [rule for rule in rules_about(read.ctx.state, span.terms, one.name) if rule.use == "credit"]
        others = [name for name in span.terms.receivers if name not in one.terms.issuers] if rules else []
        if any(
            not why_not(read, item, span.terms, rule, read.known(PARTIES, receiver), border=border)[0]
            for receiver in others
            for rule in rules
        ):
            yield span


def taken_by(
    read: Reading, one: Counted, senders: dict[str, list[InForce]], *, border: bool = True
) -> list[InForce]:
    """Agreements under which somebody else receives the programme for credit."""
    mine = {id(span): span for name in one.terms.issuers for span in senders.get(name, ())}
    return list(taken(read, one, list(mine.values()), border=border))


def _days(read: Reading, quarters: int) -> list[int]:
    """Beginnings of so many quarters up to the moment asked about, oldest first."""
    first = read.day.replace(month=3 * ((read.day.month - 1) // 3) + 1, day=1)
    return [calendar.midnight(calendar.add_months(first, -3 * back)) for back in range(quarters - 1, -1, -1)]


@question(
    "coverage", "Q-B2", "Mutual recognition against the 80 % goal", provable=False,
    report=("互认覆盖率", "Coverage of mutual recognition"),
)  # fmt: skip
def coverage(read: Reading, asked: CoverageAsked) -> Coverage:
    """See the head of this module."""
    senders = by_sender(agreement_spans(read))
    counted = [(one, taken_by(read, one, senders, border=False)) for one in activated(read, asked.country)]
    if read.past or asked.quarters:
        read.say("earlier days: whether an agreement takes a programme is judged as things stand now")
    now = [(one, _at(spans, read.at)) for one, spans in counted if one.status == "active"]
    good = sum(fits for _, fits in now)
    issued = read.tallies.issued(read.at)
    weights = [(issued.get(one.name, 0), fits) for one, fits in now]
    return Coverage(
        active=len(now),
        recognised=good,
        ratio=ratio(good, len(now)),
        display=percent(good, len(now)),
        met=bool(now) and Fraction(good, len(now)) >= GOAL,
        weighted=ratio(sum(count for count, fits in weights if fits), sum(count for count, _ in weights)),
        series=tuple(_point(read, counted, day) for day in _days(read, asked.quarters)),
        not_recognised=tuple(one.name for one, fits in now if not fits),
    )


def _at(spans: Sequence[InForce], at: int) -> bool:
    return any(span.begin <= at < span.end for span in spans)


def _point(read: Reading, counted: Sequence[tuple[Counted, list[InForce]]], day: int) -> CoveragePoint:
    then = [spans for one, spans in counted if status_then(read, one.name, one.head, day) == "active"]
    good = sum(_at(spans, day) for spans in then)
    date = calendar.date_at(day).isoformat()
    return CoveragePoint(date=date, active=len(then), recognised=good, ratio=ratio(good, len(then)))


class Accredited(Wire):
    """Row P7."""

    active: int
    accredited: int
    ratio: str | None
    display: str | None
    met: bool


@question(
    "accredited", "P7", "Programmes with an accreditation in force, against the 80 % goal",
    report=("第三方认证覆盖率", "Programmes accredited by third parties"),
)  # fmt: skip
def accredited(read: Reading, asked: CountryAsked) -> Accredited:
    """A grant on the programme or on one of its issuers, in force at the moment asked about."""
    found = [
        any(grant_in_force(grant, read.at) for grant in grants_on(read, one.name, one.terms.issuers))
        for one in active(read, asked.country)
    ]
    good, whole = sum(found), len(found)
    return Accredited(
        active=whole,
        accredited=good,
        ratio=ratio(good, whole),
        display=percent(good, whole),
        met=whole > 0 and Fraction(good, whole) >= GOAL,
    )
