"""Targets as data (rows A6, P7, P8, P15, U11): what a list says should be reached, and what is.

The list ``targets-<country>``, or ``targets`` of the alliance, has an entry for each metric and year:
code ``<metric>.<year>``, value the target as a rational. Metrics:

    issued          credentials issued in the year
    recognised      active programmes that somebody else recognises, of all          (P8)
    accredited      active programmes with an accreditation in force, of all         (P7)
    shortage        occupations of the list ``shortage-occupations`` with a programme, of all   (P15, U11)
    satisfaction    satisfied employers of all that answered in the year             (P15)

Of any other metric the ledger knows what the list says: a second value is the figure measured elsewhere. A
third is a baseline, and the target a factor on it: ``13/10, 13/20, 1/2`` asks for 0.65 (P15, skill match).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Final

from accord_ledger import calendar, rational
from accord_ledger.codec import Wire
from accord_ledger.domain.lists import list_for, newest_list
from accord_ledger.domain.model.framework import ListTerms
from accord_ledger.domain.model.quality import QUALITY_YEARS
from accord_ledger.domain.questions.amounts import percent, ratio
from accord_ledger.domain.questions.coverage import CountryAsked, CoverageAsked, accredited, coverage
from accord_ledger.domain.questions.programmes import activated, active
from accord_ledger.domain.questions.question import question
from accord_ledger.domain.questions.reading import Reading
from accord_ledger.errors import Rejection


class TargetRow(Wire):
    """One target."""

    metric: str
    year: int
    target: str
    actual: str | None
    """None: the ledger does not measure it."""
    ratio: str | None
    """actual / target."""
    display: str | None
    met: bool


class Occupations(Wire):
    """Rows U11 and P15."""

    covered: int
    listed: int
    ratio: str | None
    display: str | None
    met: bool
    """80 % or more."""


Metric = Callable[[Reading, CountryAsked, int], Fraction | None]


@question(
    "targets", "A6", "Targets and what is reached", provable=False,
    dated=False, report=("目标完成情况", "Targets"),
)  # fmt: skip
def targets(read: Reading, asked: CountryAsked) -> list[TargetRow]:
    """Every entry of the list of targets; without one there are none."""
    terms = (
        list_for(read.ctx, "targets", asked.country) if asked.country else newest_list(read.ctx, "targets")
    )
    if terms is None:
        read.say("there is no list of targets (T40)")
    return [
        row
        for entry in (terms.entries if terms else ())
        if (row := _target(read, asked, entry.code, entry.values))
    ]


def _target(read: Reading, asked: CountryAsked, code: str, values: tuple[str, ...]) -> TargetRow | None:
    metric, _, year = code.rpartition(".")
    figures = _figures(values)
    if not metric or not year.isdecimal() or len(year) != 4 or not figures or figures[0] == 0:
        read.say(
            f"the entry {code} of the list of targets is not of the form <metric>.<year> with n/d above 0"
        )
        return None
    goal = figures[0] * figures[2] if len(figures) > 2 else figures[0]
    measure = METRICS.get(metric)
    if measure is not None:
        actual = measure(read, asked, int(year))
    else:
        actual = figures[1] if len(figures) > 1 else None
    share = None if actual is None else actual / goal
    return TargetRow(
        metric=metric, year=int(year), target=rational.format(goal),
        actual=None if actual is None else rational.format(actual),
        ratio=None if share is None else rational.format(share),
        display=None if share is None else percent(share.numerator, share.denominator),
        met=share is not None and share >= 1,
    )  # fmt: skip


def _figures(values: tuple[str, ...]) -> list[Fraction]:
    """The values of an entry as numbers, none if one is no number or the baseline is nothing."""
    try:
        figures = [rational.parse(value) for value in values[:3]]
    except Rejection:
        return []
    return [] if len(figures) > 2 and figures[2] == 0 else figures


def _issued(read: Reading, asked: CountryAsked, year: int) -> Fraction | None:
    names = {one.name for one in activated(read, asked.country)}
    begin, end = (
        calendar.midnight(calendar.parse_date(f"{number:04}-01-01")) - 1 for number in (year, year + 1)
    )
    return Fraction(_sum(read.tallies.issued(end), names) - _sum(read.tallies.issued(begin), names))


def _sum(counts: Mapping[str, int], names: set[str]) -> int:
    return sum(counts.get(name, 0) for name in names)


def _recognised(read: Reading, asked: CountryAsked, _: int) -> Fraction | None:
    found = coverage(read, CoverageAsked(country=asked.country, quarters=0)).ratio
    return rational.parse_state(found) if found else None


def _accredited(read: Reading, asked: CountryAsked, _: int) -> Fraction | None:
    found = accredited(read, asked).ratio
    return rational.parse_state(found) if found else None


def _shortage(read: Reading, asked: CountryAsked, _: int) -> Fraction | None:
    found = occupations(read, asked)
    return Fraction(found.covered, found.listed) if found.listed else None


def _satisfaction(read: Reading, asked: CountryAsked, year: int) -> Fraction | None:
    years = [read.get(QUALITY_YEARS, one.name, year) for one in activated(read, asked.country)]
    satisfied = sum(one.satisfied for one in years if one)
    responses = sum(one.responses for one in years if one)
    return Fraction(satisfied, responses) if responses >= read.least_cell else None


METRICS: Final[Mapping[str, Metric]] = {
    "issued": _issued,
    "recognised": _recognised,
    "accredited": _accredited,
    "shortage": _shortage,
    "satisfaction": _satisfaction,
}


@question(
    "occupations", "U11", "Shortage occupations that programmes are for",
    report=("紧缺职业覆盖", "Shortage occupations covered"),
)  # fmt: skip
def occupations(read: Reading, asked: CountryAsked) -> Occupations:
    """Occupations of the list that an active programme names; an entry's URI is its first value."""
    listed = _shortage_list(read, asked.country)
    if read.past:
        read.say("the list of shortage occupations is that of now")
    wanted = {entry.values[0] for entry in listed.entries if entry.values} if listed else set()
    if listed is None:
        read.say("there is no list shortage-occupations (T40)")
    found = {uri for one in active(read, asked.country) for uri in one.terms.occupations}
    covered = len(wanted & found)
    return Occupations(
        covered=covered, listed=len(wanted), ratio=ratio(covered, len(wanted)), display=percent(covered, len(wanted)),
        met=bool(wanted) and 5 * covered >= 4 * len(wanted),
    )  # fmt: skip


def _shortage_list(read: Reading, country: str | None) -> ListTerms | None:
    name = "shortage-occupations"
    return list_for(read.ctx, name, country) if country else newest_list(read.ctx, name)
