"""Share reports over programmes: by sector (N1), audience (N10), skill area (M8), status (U9), funding (U2)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from accord_ledger.codec import Wire
from accord_ledger.domain.model.programme import ProgrammeTerms
from accord_ledger.domain.questions.amounts import percent, ratio
from accord_ledger.domain.questions.coverage import CountryAsked
from accord_ledger.domain.questions.programmes import activated, active
from accord_ledger.domain.questions.question import question
from accord_ledger.domain.questions.reading import Reading

NONE_GIVEN = "-"
"""Stands for programmes that say nothing."""


class SharesAsked(CountryAsked):
    """Parameters of the share report."""

    by: Literal["sector", "audience", "skill_area", "field", "category", "framework"]


class ShareRow(Wire):
    """One value and how many of all programmes have it."""

    code: str
    """``-`` stands for programmes that say nothing."""
    programmes: int
    of: int
    share: str | None
    display: str | None


def _share_rows(counts: dict[str, int], whole: int) -> list[ShareRow]:
    order = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [
        ShareRow(
            code=code, programmes=count, of=whole, share=ratio(count, whole), display=percent(count, whole)
        )
        for code, count in order
    ]


def _codes(terms: ProgrammeTerms, by: str) -> Iterable[str]:
    if by == "audience":
        return terms.audience or (NONE_GIVEN,)
    if by == "framework":
        return (terms.framework[0],)
    return (getattr(terms, by) or NONE_GIVEN,)


@question("shares", "N1", "Shares of active programmes", report=("构成比例", "Shares of programmes"))
def shares(read: Reading, asked: SharesAsked) -> list[ShareRow]:
    """Largest first; a programme for several audiences counts in each."""
    counts: dict[str, int] = {}
    whole = 0
    for one in active(read, asked.country):
        whole += 1
        for code in _codes(one.terms, asked.by):
            counts[code] = counts.get(code, 0) + 1
    return _share_rows(counts, whole)


@question("statuses", "U9", "Programmes by status", report=("项目状态", "Status of programmes"))
def statuses(read: Reading, asked: CountryAsked) -> list[ShareRow]:
    """Of all programmes that were ever activated: how many are active, paused, suspended ..."""
    counts: dict[str, int] = {}
    for one in activated(read, asked.country):
        counts[one.status] = counts.get(one.status, 0) + 1
    return _share_rows(counts, sum(counts.values()))


class FundingRow(Wire):
    """One currency; currencies are never added up."""

    currency: str
    amount_minor: int
    fee_loan_minor: int
    """The part that is fee loans."""
    programmes: int


@question("funding", "U2", "Public money by currency", report=("资助总额", "Funding totals"))
def funding(read: Reading, asked: CountryAsked) -> list[FundingRow]:
    """What active programmes say stands behind them."""
    sums: dict[str, tuple[int, int, set[str]]] = {}
    for one in active(read, asked.country):
        for item in one.terms.funding:
            amount, loans, names = sums.get(item.currency, (0, 0, set()))
            loans += item.amount_minor if item.fee_loan else 0
            sums[item.currency] = (amount + item.amount_minor, loans, names | {one.name})
    return [
        FundingRow(currency=currency, amount_minor=amount, fee_loan_minor=loans, programmes=len(names))
        for currency, (amount, loans, names) in sorted(sums.items())
    ]
