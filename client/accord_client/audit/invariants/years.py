"""Quality years: feedback summed, years closed in order and once, with the result the sums give (2.8)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from fractions import Fraction

from accord_client.audit.invariants.rows import Rows
from accord_client.audit.report import Finding
from accord_ledger.domain.model.quality import (
    FEEDBACK,
    QUALITY_HEADS,
    QUALITY_REPORTS,
    QUALITY_YEARS,
    YEAR_CLOSES,
    Feedback,
    QualityHead,
    QualityYear,
    YearClose,
)

YearOf = tuple[str, int]
"""(programme, year)."""


class Years:
    """Keeps the sums of all feedback, every close, and where each programme's years stood before a block."""

    tables = (FEEDBACK, QUALITY_YEARS, YEAR_CLOSES, QUALITY_HEADS)

    def __init__(self) -> None:
        self._filed: dict[bytes, Feedback] = {}
        self._sums: dict[YearOf, tuple[int, int, int]] = defaultdict(lambda: (0, 0, 0))
        """Responses, satisfied, records."""
        self._closed: dict[str, dict[int, YearClose]] = defaultdict(dict)
        self._heads: dict[str, QualityHead] = {}

    def check(self, rows: Rows) -> Iterator[Finding]:
        """Judge sums and closes that a block wrote."""
        summed = self._follow(rows)
        for key, _ in rows.of(QUALITY_YEARS):
            summed.add(_year_of(key))
        closes: dict[str, dict[int, YearClose | None]] = defaultdict(dict)
        for key, close in rows.of(YEAR_CLOSES):
            programme, year = _year_of(key)
            closes[programme][year] = close
        for name in sorted(summed):
            yield from self._sum(rows, *name)
        for programme in sorted(closes):
            for year, close in sorted(closes[programme].items()):
                yield from self._close(rows, programme, year, close)
            yield from self._order(rows, programme, sorted(closes[programme]))
        for key, head in rows.of(QUALITY_HEADS):
            if head is not None:
                self._heads[key[:-1].decode()] = head

    def _follow(self, rows: Rows) -> set[YearOf]:
        touched = set()
        for key, row in rows.of(FEEDBACK):
            programme, period = (part.decode() for part in key.split(b"\x00")[:2])
            name = (programme, int(period[:4]))
            for feedback, step in ((self._filed.pop(key, None), -1), (row, 1)):
                if feedback is not None:
                    responses, satisfied, records = self._sums[name]
                    self._sums[name] = (
                        responses + step * feedback.responses,
                        satisfied + step * feedback.satisfied,
                        records + step,
                    )
            if row is not None:
                self._filed[key] = row
            touched.add(name)
        return touched

    def _sum(self, rows: Rows, programme: str, year: int) -> Iterator[Finding]:
        kept = rows.get(QUALITY_YEARS, programme, year) or QualityYear()
        got = (kept.responses, kept.satisfied, kept.records)
        if got != self._sums[programme, year]:
            responses, satisfied, records = self._sums[programme, year]
            expected = f"{satisfied} of {responses} in {records} records of {programme} in {year}"
            yield rows.broken("years", expected, f"{got[1]} of {got[0]} in {got[2]}")
        close = self._closed[programme].get(year)
        if close is not None and (close.responses, close.satisfied) != got[:2]:
            yield rows.broken(
                "years", f"no more feedback on {programme} in {year}, closed", f"{got[1]} of {got[0]}"
            )

    def _close(self, rows: Rows, programme: str, year: int, close: YearClose | None) -> Iterator[Finding]:
        where = f"of {programme} in {year}"
        before = self._closed[programme].get(year)
        if close is None or (before is not None and close != before):
            yield rows.broken(
                "years", f"the close {where} to stay", "none" if close is None else close.result
            )
            return
        self._closed[programme][year] = close
        responses, satisfied, _ = self._sums[programme, year]
        if (close.responses, close.satisfied) != (responses, satisfied):
            got = f"{close.satisfied} of {close.responses}"
            yield rows.broken("years", f"{satisfied} of {responses} in the close {where}", got)
        expected = _result(rows, responses, satisfied)
        if close.result != expected:
            yield rows.broken("years", f"the close {where} to be {expected}", close.result)
        report = rows.get(QUALITY_REPORTS, programme, year)
        if report is None and close.effect is None:
            yield rows.broken("years", f"an effect of the close {where} without a report", "none")

    def _order(self, rows: Rows, programme: str, years: list[int]) -> Iterator[Finding]:
        """Each year follows the one before, unless the programme's years had ended meanwhile."""
        before, head = self._heads.get(programme), rows.get(QUALITY_HEADS, programme)
        next_year = head.next_year if head is not None else 0
        if not years[-1] < next_year:
            yield rows.broken("years", f"years of {programme} to go on after {years[-1]}", str(next_year))
        if before is None:
            return
        first = before.next_year
        in_turn = years == list(range(first, first + len(years)))
        if not in_turn and (before.until is None or years[0] < first):
            yield rows.broken("years", f"{programme} to close {first} next", ", ".join(map(str, years)))


def _year_of(key: bytes) -> YearOf:
    name, _, year = key.partition(b"\x00")
    return name.decode(), int.from_bytes(year, "big")


def _result(rows: Rows, responses: int, satisfied: int) -> str:
    parameters = rows.parameters()
    if responses < parameters.feedback_min_responses:
        return "no_data"
    return "fail" if satisfied < Fraction(parameters.exit_satisfaction) * responses else "pass"
