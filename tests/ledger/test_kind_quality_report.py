"""T11 quality_report: what is reported, by whom, once and before the close."""

from __future__ import annotations

from typing import Any

import pytest

from accord_ledger.domain.kinds.accreditation import AccreditationGrant
from accord_ledger.domain.kinds.party_status import PartyStatusBody
from accord_ledger.domain.kinds.quality_report import QualityReportBody
from accord_ledger.domain.model.quality import QUALITY_REPORTS, AreaCounts, Costs, QualityReport
from domain_alliance import uid
from domain_world import terms
from quality_world import ISSUER_AND_AGENCY, QualityWorld, annual, metrics

RURAL = AreaCounts(area="rural", entered=100, completed=41, passed=40, excellent=10)
URBAN = AreaCounts(area="urban", entered=100, completed=76, passed=70, excellent=70)


@pytest.fixture
def world() -> QualityWorld:
    world = annual()
    world.at("2027-01-31")
    return world


def area(**changes: Any) -> AreaCounts:
    values: dict[str, Any] = {"area": "urban", "entered": 9, "completed": 9, "passed": 8, "excellent": 8}
    return AreaCounts(**values | changes)


def test_t11_is_kept_with_its_signers(world: QualityWorld) -> None:
    costs = Costs(accreditation_cost_minor=30_000, budget_minor=100_000, currency="CNY")
    said = metrics(courses_total=100, courses_with_industry=61, areas=(RURAL, URBAN), sites=829, costs=costs)
    body = QualityReportBody(programme="ecom-ls", year=2026, metrics=said)
    world.do("quality_report", body, *ISSUER_AND_AGENCY)
    kept: QualityReport = world.get(QUALITY_REPORTS, "ecom-ls", 2026)
    assert kept == QualityReport(metrics=said, issuer="ecom-co", agency="cn-qa", at=world.time)


@pytest.mark.parametrize(
    "signers",
    [
        ("ecom-co quality",),
        ("cn-qa quality",),
        ("ecom-co", "cn-qa quality"),
        ("ecom-co registrar", "cn-qa quality"),
        ("ecom-co quality", "cn-qa"),
        ("ecom-co quality", "nvao quality"),
        ("crrc-eval quality", "cn-qa quality"),
    ],
)
def test_t11_by_issuer_and_competent_agency(world: QualityWorld, signers: tuple[str, ...]) -> None:
    world.refused("E_SIG_MISSING", "quality_report", world.report_body("ecom-ls", 2026), *signers)


def test_t11_once_a_year(world: QualityWorld) -> None:
    world.report("ecom-ls", 2026)
    world.refused("E_DUPLICATE", "quality_report", world.report_body("ecom-ls", 2026), *ISSUER_AND_AGENCY)
    world.report("ecom-ls", 2027)


def test_t11_before_the_close(world: QualityWorld) -> None:
    world.at("2027-02-01")
    world.close_year("ecom-ls", 2026)
    world.refused("E_STATE", "quality_report", world.report_body("ecom-ls", 2026), *ISSUER_AND_AGENCY)


def test_t11_a_duplicate_is_said_before_the_close(world: QualityWorld) -> None:
    world.report("ecom-ls", 2026)
    world.close_year("ecom-ls", 2026)
    world.refused("E_DUPLICATE", "quality_report", world.report_body("ecom-ls", 2026), *ISSUER_AND_AGENCY)


@pytest.mark.parametrize("year", [2025, 2028])
def test_t11_of_years_there_are(world: QualityWorld, year: int) -> None:
    world.refused("E_VALUE", "quality_report", world.report_body("ecom-ls", year), *ISSUER_AND_AGENCY)


def test_t11_unknown_programme(world: QualityWorld) -> None:
    world.refused("E_UNKNOWN_REF", "quality_report", world.report_body("nothing", 2026), *ISSUER_AND_AGENCY)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"updated": 101}, "content_updated"),
        ({"updated": 0, "items": 0}, "content_items"),
        ({"courses_total": 5, "courses_with_industry": 6}, "courses_with_industry"),
        ({"areas": (area(completed=10),)}, "areas[0].completed"),
        ({"areas": (area(passed=10, excellent=1),)}, "areas[0].passed"),
        ({"areas": (area(excellent=9),)}, "areas[0].excellent"),
        ({"areas": (URBAN, RURAL)}, "areas"),
        ({"areas": (URBAN, URBAN)}, "areas"),
    ],
)
def test_t11_no_part_is_larger_than_its_whole(
    world: QualityWorld, changes: dict[str, Any], path: str
) -> None:
    body = world.report_body("ecom-ls", 2026, **changes)
    refused = world.refused("E_VALUE", "quality_report", body, *ISSUER_AND_AGENCY)
    assert refused.path == f"body.metrics.{path}"


def test_t11_also_where_no_year_is_closed(world: QualityWorld) -> None:
    """Any profile may report; an agency abroad is competent by a grant of its own."""
    world.launch(terms())
    world.do("quality_report", world.report_body("uu-ds", 2027), "uu quality", "nvao quality")
    body = world.report_body("uu-ds", 2026)
    world.refused("E_VALUE", "quality_report", body, "uu quality", "nvao quality")
    world.refused("E_SIG_MISSING", "quality_report", body, "uu quality", "mqa quality")
    grant = AccreditationGrant(
        grant_id=uid("abroad"), agency="mqa", party="uu", scope="party", registry="MQA",
        cross_border=False, valid_from="2027-01-31", valid_to="2028-01-31",
    )  # fmt: skip
    world.do("accreditation_grant", grant, "mqa quality")
    world.refused(
        "E_DUPLICATE", "quality_report", world.report_body("uu-ds", 2027), "uu quality", "mqa quality"
    )


def test_t11_weighs_sixteen(world: QualityWorld) -> None:
    before = world.execution.weight
    world.report("ecom-ls", 2026)
    assert world.execution.weight - before == 20 + 16


def test_t11_a_suspended_issuer_cannot_sign(world: QualityWorld) -> None:
    halt = PartyStatusBody(party="ecom-co", status="suspended", reason="breach", effective_date="2027-01-31")
    world.do("party_status", halt, "moe-cn governance")
    world.refused("E_PARTY_STATUS", "quality_report", world.report_body("ecom-ls", 2026), *ISSUER_AND_AGENCY)
