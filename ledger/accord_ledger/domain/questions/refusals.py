"""Q-A4: refusals to recognise (T28a), by school and code, beside what the school recognised (row U5)."""

from __future__ import annotations

from accord_ledger.codec import Wire
from accord_ledger.domain.kinds.refusal import REFUSALS
from accord_ledger.domain.questions.amounts import percent, ratio
from accord_ledger.domain.questions.cells import shown_cells
from accord_ledger.domain.questions.question import Asked, question
from accord_ledger.domain.questions.reading import Reading, texts
from accord_ledger.fields import Slug


class RefusalsAsked(Asked):
    """Parameters of Q-A4."""

    receiver: Slug | None = None


class RefusalRow(Wire):
    """One code at one school; a small number is not shown."""

    school: str
    code: str
    refusals: int | None
    recognitions: int
    """Live recognitions of the school, whatever the reason of its refusals."""
    share: str | None
    """refusals / (refusals + recognitions), exact."""
    display: str | None


@question(
    "refusals", "Q-A4", "Refusals by school and code", provable=False,
    dated=False, report=("拒绝互认统计", "Refusals to recognise"),
)  # fmt: skip
def refusals(read: Reading, asked: RefusalsAsked) -> list[RefusalRow]:
    """Over all agreements and rules of the school; cells below ``k_min_cell`` are hidden."""
    counts: dict[str, dict[str, int]] = {}
    prefix = () if asked.receiver is None else (asked.receiver,)
    for rest, row in read.rows(REFUSALS, *prefix):
        names = (*prefix, *texts(rest))
        mine = counts.setdefault(names[0], {})
        mine[names[3]] = mine.get(names[3], 0) + row.count
    recognised = read.tallies.recognitions(read.at)
    found = []
    for school in sorted(counts):
        codes = sorted(counts[school])
        numbers = [counts[school][code] for code in codes]
        shown = shown_cells(numbers, read.least_cell, total_shown=False)
        taken = recognised.get(school, 0)
        for code, number, good in zip(codes, numbers, shown, strict=True):
            found.append(
                RefusalRow(
                    school=school, code=code, refusals=number if good else None, recognitions=taken,
                    share=ratio(number, number + taken) if good else None,
                    display=percent(number, number + taken) if good else None,
                )
            )  # fmt: skip
    return found
