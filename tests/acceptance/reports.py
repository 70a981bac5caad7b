"""Many programmes at once, and what reports say of them: the ledgers behind the rows that ask for a number."""

from __future__ import annotations

from collections.abc import Iterable
from time import perf_counter
from typing import Any, Self

import msgspec
from msgspec.structs import replace

from acceptance.office import Office
from acceptance.rows import Verdict
from accord_ledger.domain.kinds.programme_status import ProgrammeStatusBody
from accord_ledger.domain.kinds.quality_report import QualityReportBody
from accord_ledger.domain.model.agreement import Scope
from accord_ledger.domain.model.programme import ProgrammeTerms
from accord_ledger.domain.model.quality import Area, AreaCounts, QualityMetrics
from accord_ledger.domain.questions.question import questions
from accord_ledger.domain.questions.reading import Reading
from exchange_world import fixed
from scenario.programmes import ECOM_LS, launch, terms

PLAIN = terms("p", "fix-u", "Plain", "1/1", "40/1", level=4)
"""1 MQF of 40 hours under NEUTRAL."""


def numbered(one: ProgrammeTerms, count: int, prefix: str = "p") -> list[ProgrammeTerms]:
    """So many programmes like this one, ``p001`` and on."""
    return [replace(one, programme_id=f"{prefix}{number:04}") for number in range(1, count + 1)]


class Reports(Office):
    """Programmes of the fixture university on 2026-03-03, unless others are launched."""

    def __init__(self, programmes: Iterable[ProgrammeTerms] = ()) -> None:
        super().__init__()
        self.on("2026-03-03").launches(programmes)

    def launches(self, programmes: Iterable[ProgrammeTerms]) -> Self:
        """T07, T36, T08 and T37 of each."""
        for one in programmes:
            self.has(*launch(one))
        return self

    def blocks_for(self, programmes: Iterable[ProgrammeTerms]) -> int:
        """T07 to T37 of each, and how many blocks that took."""
        before = self.version.height
        self.launches(programmes).on("2026-03-04")
        return self.version.height - before

    def paused(self, programmes: Iterable[ProgrammeTerms]) -> list[str]:
        """T14 of each for want of money; the verdicts, each once."""
        return sorted({str(self._paused(one)) for one in programmes})

    def _paused(self, one: ProgrammeTerms) -> Verdict:
        body = ProgrammeStatusBody(programme=one.programme_id, status="paused", reason="budget")
        return self.tell("programme_status", body, one.issuers[0])

    def share(self, code: str, **asked: Any) -> tuple[int, int, str]:
        """How many of all programmes have this code."""
        [found] = [one for one in self.answers("shares", **asked) if one.code == code]
        return found.programmes, found.of, found.display

    def rows_of(self, question: str, **asked: Any) -> int:
        """How many rows an answer has."""
        return len(self.answers(question, **asked))

    def status_share(self, code: str) -> tuple[int, int, str]:
        """How many of all programmes have this status."""
        [found] = [one for one in self.answers("statuses") if one.code == code]
        return found.programmes, found.of, found.display

    def fresh(self, programme: str = "p0001", **asked: Any) -> Any:
        """The row of one programme in the report of freshness."""
        [found] = [one for one in self.answers("freshness", **asked) if one.programme == programme]
        return found

    def next_version(self) -> Self:
        """T07 to T37 of version 2 of the first programme."""
        self.launch(replace(PLAIN, programme_id="p0001", version=2))
        return self

    def takes_first(self, receivers: Iterable[str], agreed: str = "ax") -> Self:
        """bcb recognises these programmes of fix-u, one to one."""
        scope = Scope(programmes=tuple(receivers))
        self.agrees(agreed, "fix-u", "bcb", fixed(source="mqf"), scope=scope)
        return self

    def covered(self) -> tuple[str | None, str | None, bool]:
        """Coverage of mutual recognition: ratio, display, met."""
        found = self.answers("coverage", country="XA", quarters=0)
        return found.ratio, found.display, found.met

    def accredited_share(self) -> tuple[str | None, str | None, bool]:
        """Programmes accredited by third parties: ratio, display, met."""
        found = self.answers("accredited", country="XA")
        return found.ratio, found.display, found.met


class Reported(Office):
    """ecom-ls in January of 2027, with its report of 2026."""

    def __init__(self, **metrics: Any) -> None:
        super().__init__()
        self.on("2026-03-03").has(*launch(ECOM_LS, ("bjou", "endorse"))).on("2027-01-10")
        values: dict[str, Any] = {"content_items": 100, "content_updated": 20}
        body = QualityReportBody(programme="ecom-ls", year=2026, metrics=QualityMetrics(**values | metrics))
        self.do("quality_report", body, "ecom-co quality", "cn-qa quality")

    def says(self, question: str) -> Any:
        """A report about 2026."""
        return self.answers(question, year=2026)


def area(name: Area, entered: int, completed: int) -> AreaCounts:
    """Learners of one kind of area."""
    return AreaCounts(area=name, entered=entered, completed=completed, passed=completed, excellent=0)


def seconds(office: Office, question: str, **asked: Any) -> float:
    """How long a node computes an answer; of three tries the best, since others use this machine."""
    office.answers(question, **asked)
    kept, found = office.answers.reading, questions()[question]
    parameters = msgspec.convert(asked, found.asked)

    def once() -> float:
        reading = Reading(kept.ctx, kept.rows_of, kept.log, kept.tallies)
        began = perf_counter()
        found.run(reading, parameters)
        return perf_counter() - began

    return min(once() for _ in range(3))
