"""Reports out of the yearly quality reports (T11) and employers' feedback: Q-A6, C13, N3, N4, U10.

Counts are kept as they were reported and added up; pairs are never reduced (DOMAIN.md 2.2). Cells of fewer
than ``k_min_cell`` people are hidden, and with them whatever would tell them.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from accord_ledger.codec import Wire
from accord_ledger.domain.model.programme import PROGRAMME_HEADS, PROGRAMMES
from accord_ledger.domain.model.quality import QUALITY_REPORTS, QualityMetrics, Year
from accord_ledger.domain.questions.amounts import percent, ratio
from accord_ledger.domain.questions.cells import shown_cells
from accord_ledger.domain.questions.coverage import CountryAsked
from accord_ledger.domain.questions.programmes import in_country
from accord_ledger.domain.questions.question import question
from accord_ledger.domain.questions.reading import Reading, number_after, texts
from accord_ledger.fields import Slug

COST_FLAG = Fraction(3, 10)
"""Row U10: from this share of the budget on, the cost of accreditation is flagged."""

INDUSTRY_ABOVE = Fraction(3, 5)
"""Row C13, strictly above."""


class YearAsked(CountryAsked):
    """Reports of one year."""

    year: Year
    programme: Slug | None = None


def reports_of(read: Reading, asked: YearAsked) -> Iterator[tuple[str, QualityMetrics]]:
    """Programme and metrics of the reports filed for the year by the moment asked about."""
    prefix = () if asked.programme is None else (asked.programme,)
    for rest, report in read.rows(QUALITY_REPORTS, *prefix):
        name = asked.programme or texts(rest)[0]
        if number_after(rest) != asked.year or report.at > read.at:
            continue
        if asked.country is None or _in_country(read, name, asked.country):
            yield name, report.metrics


def _in_country(read: Reading, name: str, country: str) -> bool:
    head = read.known(PROGRAMME_HEADS, name)
    return in_country(read, read.known(PROGRAMMES, name, head.current or head.latest).terms, country)


class CompletionGap(Wire):
    """Q-A6: [completed, entered] by area, and the gap in percentage points."""

    urban: tuple[int, int] | None
    rural: tuple[int, int] | None
    gap_pp: int | str | None
    """A whole number, or one decimal; None where a cell is hidden or empty."""


@question(
    "completion", "Q-A6", "Gap of completion between urban and rural areas",
    report=("城乡完成率差距", "Completion gap, urban and rural"),
)  # fmt: skip
def completion(read: Reading, asked: YearAsked) -> CompletionGap:
    """Learners whose area was not recorded count in neither."""
    sums = {"urban": (0, 0), "rural": (0, 0)}
    for _, metrics in reports_of(read, asked):
        for area in metrics.areas:
            if area.area in sums:
                done, whole = sums[area.area]
                sums[area.area] = (done + area.completed, whole + area.entered)
    shown = shown_cells([sums["urban"][1], sums["rural"][1]], read.least_cell)
    urban = sums["urban"] if shown[0] else None
    rural = sums["rural"] if shown[1] else None
    return CompletionGap(urban=urban, rural=rural, gap_pp=_gap(urban, rural))


def _gap(urban: tuple[int, int] | None, rural: tuple[int, int] | None) -> int | str | None:
    if urban is None or rural is None or not urban[1] or not rural[1]:
        return None
    points = 100 * (Fraction(*urban) - Fraction(*rural))
    if points.denominator == 1:
        return int(points)
    size = abs(points)
    shown = percent(size.numerator, 100 * size.denominator)
    return f"{'-' if points < 0 else ''}{(shown or '').removesuffix(' %')}"


class Results(Wire):
    """Rows N3 and N4: how learners fared, pairs of [part, entered]."""

    programmes: int
    sites: int
    completed: tuple[int, int] | None
    passed: tuple[int, int] | None
    excellent: tuple[int, int] | None
    completed_display: str | None
    passed_display: str | None
    excellent_display: str | None


@question(
    "results", "N3", "Completion, passes and excellent results", report=("学习成果", "Results of learners")
)
def results(read: Reading, asked: YearAsked) -> Results:
    """Over all areas; hidden where fewer than ``k_min_cell`` entered."""
    found = list(reports_of(read, asked))
    areas = [area for _, metrics in found for area in metrics.areas]
    entered, least = sum(area.entered for area in areas), read.least_cell
    pairs = [
        (sum(getattr(area, name) for area in areas), entered) if entered >= least else None
        for name in ("completed", "passed", "excellent")
    ]
    # row N3 states completion with two decimals, row N4 the others with one
    shown = [
        None if pair is None else percent(*pair, places=places)
        for pair, places in zip(pairs, (2, 1, 1), strict=True)
    ]
    return Results(
        programmes=len(found), sites=sum(metrics.sites for _, metrics in found), completed=pairs[0],
        passed=pairs[1], excellent=pairs[2], completed_display=shown[0], passed_display=shown[1],
        excellent_display=shown[2],
    )  # fmt: skip


class CostRow(Wire):
    """One programme's cost of accreditation."""

    programme: str
    accreditation_cost_minor: int
    budget_minor: int
    currency: str
    share: str | None
    display: str | None
    flagged: bool
    """30 % or more of the budget, or a cost without any budget."""


@question(
    "costs", "U10", "Cost of accreditation against the budget",
    report=("认证成本", "Cost of accreditation"),
)  # fmt: skip
def costs(read: Reading, asked: YearAsked) -> list[CostRow]:
    """Programmes that reported costs, the largest share first."""
    found = []
    for name, metrics in reports_of(read, asked):
        if metrics.costs is None:
            continue
        cost, budget = metrics.costs.accreditation_cost_minor, metrics.costs.budget_minor
        flagged = Fraction(cost, budget) >= COST_FLAG if budget else cost > 0
        found.append(
            CostRow(
                programme=name, accreditation_cost_minor=cost, budget_minor=budget,
                currency=metrics.costs.currency, share=ratio(cost, budget), display=percent(cost, budget),
                flagged=flagged,
            )
        )  # fmt: skip
    return sorted(found, key=lambda row: (-_share(row), row.programme))


def _share(row: CostRow) -> Fraction:
    return Fraction(row.accreditation_cost_minor, row.budget_minor or 1)


class Industry(Wire):
    """Row C13."""

    courses_with_industry: int
    courses_total: int
    share: str | None
    display: str | None
    above: bool
    """Strictly above 3/5."""


@question(
    "industry", "C13", "Courses designed with experts of industry", report=("产业参与", "Industry in design")
)
def industry(read: Reading, asked: YearAsked) -> Industry:
    """Over all programmes that reported the year."""
    found = [metrics for _, metrics in reports_of(read, asked)]
    good, whole = sum(one.courses_with_industry for one in found), sum(one.courses_total for one in found)
    return Industry(
        courses_with_industry=good, courses_total=whole, share=ratio(good, whole), display=percent(good, whole),
        above=whole > 0 and Fraction(good, whole) > INDUSTRY_ABOVE,
    )  # fmt: skip
