"""Quality years of a Chinese programme in a few words: reports, feedback, closes.

world = annual("ecom-ls")            # launched on 2026-03-02 under the profile cn, which is annual
world.at("2027-01-31")
world.report("ecom-ls", 2026, updated=20)
world.feedback("ecom-ls", "2026-Q4", 49, 100)
world.close_year("ecom-ls", 2026)
"""

from __future__ import annotations

from typing import Any

from accord_ledger.domain.kinds.feedback import EmployerFeedback
from accord_ledger.domain.kinds.quality_report import QualityReportBody
from accord_ledger.domain.kinds.year_close import QualityYearClose
from accord_ledger.domain.model.programme import PROGRAMME_HEADS, ProgrammeHead, ProgrammeTerms
from accord_ledger.domain.model.quality import YEAR_CLOSES, QualityMetrics, YearClose
from accord_ledger.execute import Receipt
from domain_world import World, terms

ISSUER_AND_AGENCY = ("ecom-co quality", "cn-qa quality")


def cn_terms(programme_id: str = "ecom-ls", issuer: str = "ecom-co", **changes: Any) -> ProgrammeTerms:
    """1 CN-MC of 40 hours, 30 % practice, 4 of 10 projects: a programme the profile cn lets pass."""
    values: dict[str, Any] = {
        "framework": ("cn-mc", 1),
        "level": 1,
        "credits": "1/1",
        "total_hours": "40/1",
        "practice_hours": "12/1",
        "projects_all": 10,
        "projects_enterprise": 4,
        "profile": ("cn", 1),
    }
    return terms(programme_id, issuer, **values | changes)


def metrics(updated: int = 20, items: int = 100, **more: Any) -> QualityMetrics:
    """Content updated of items."""
    return QualityMetrics(content_items=items, content_updated=updated, **more)


class QualityWorld(World):
    """A world in which years are reported and closed."""

    def report_body(self, programme: str, year: int, **changes: Any) -> QualityReportBody:
        """T11 of some content."""
        return QualityReportBody(programme=programme, year=year, metrics=metrics(**changes))

    def report(self, programme: str, year: int, **changes: Any) -> Receipt:
        """T11 by ecom-co and cn-qa."""
        return self.do("quality_report", self.report_body(programme, year, **changes), *ISSUER_AND_AGENCY)

    def feedback_body(
        self, programme: str, period: str, satisfied: int = 60, responses: int = 100
    ) -> EmployerFeedback:
        """T12."""
        return EmployerFeedback(
            programme=programme,
            period=period,
            responses=responses,
            satisfied=satisfied,
            method_hash=b"\x07" * 32,
        )

    def feedback(self, programme: str, period: str, satisfied: int = 60, responses: int = 100) -> Receipt:
        """T12 by cn-emp."""
        return self.do(
            "employer_feedback", self.feedback_body(programme, period, satisfied, responses), "cn-emp"
        )

    def close_year(self, programme: str, year: int, signer: str = "cn-qa quality") -> Receipt:
        """T13."""
        return self.do("quality_year_close", QualityYearClose(programme=programme, year=year), signer)

    def refuse_close(self, code: str, programme: str, year: int, signer: str = "cn-qa quality") -> None:
        """T13 that is refused."""
        self.refused(code, "quality_year_close", QualityYearClose(programme=programme, year=year), signer)

    def whole_year(self, programme: str, year: int, satisfied: int | None, updated: int = 20) -> Receipt:
        """On 15 January of the next year: report, 100 responses unless ``satisfied`` is None, close."""
        self.at(f"{year + 1}-01-15")
        self.report(programme, year, updated=updated)
        if satisfied is not None:
            self.feedback(programme, f"{year}-Q4", satisfied)
        return self.close_year(programme, year)

    def head(self, programme: str) -> ProgrammeHead:
        """The programme as it stands."""
        found: ProgrammeHead = self.get(PROGRAMME_HEADS, programme)
        return found

    def status_of(self, programme: str) -> tuple[str | None, str | None]:
        """Status and its reason."""
        newest = self.head(programme).history[-1]
        return newest.status, newest.reason

    def closed(self, programme: str, year: int) -> YearClose | None:
        """What the close of a year found, or None."""
        found: YearClose | None = self.get(YEAR_CLOSES, programme, year)
        return found


def annual(*programmes: str) -> QualityWorld:
    """Programmes of ecom-co, launched on 2026-03-02 and endorsed by bjou."""
    world = QualityWorld()
    world.at("2026-03-02")
    for name in programmes or ("ecom-ls",):
        world.launch(cn_terms(name), ("bjou", "endorse"))
    return world
