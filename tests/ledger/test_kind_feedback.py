"""T12 employer_feedback: independent bodies, cells large enough, each period once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord_ledger.domain.kinds.feedback import first_day, granularity_of, year_of
from accord_ledger.domain.kinds.policy import PolicySet
from accord_ledger.domain.model.parameters import Parameters
from accord_ledger.domain.model.quality import FEEDBACK, FEEDBACK_YEARS, QUALITY_YEARS, QualityYear
from domain_alliance import TWO_THIRDS, party_body
from domain_world import NETWORK
from quality_world import QualityWorld, annual, cn_terms


@pytest.fixture
def world() -> QualityWorld:
    world = annual()
    world.at("2027-01-31")
    return world


def sums(world: QualityWorld, year: int = 2026) -> QualityYear:
    found: QualityYear = world.get(QUALITY_YEARS, "ecom-ls", year)
    return found


def test_t12_sums_of_the_year(world: QualityWorld) -> None:
    world.feedback("ecom-ls", "2026-Q3", 10, 20)
    world.feedback("ecom-ls", "2026-Q4", 49, 100)
    world.do("employer_feedback", world.feedback_body("ecom-ls", "2026-11", 7, 10), "kettle")
    assert sums(world) == QualityYear(responses=130, satisfied=66, records=3)
    record = world.get(FEEDBACK, "ecom-ls", "2026-Q4", "cn-emp")
    assert (record.responses, record.satisfied, record.at) == (100, 49, world.time)
    assert world.get(FEEDBACK_YEARS, "ecom-ls", 2026, "kettle").granularity == "month"


def test_t12_by_a_body_of_employers(world: QualityWorld) -> None:
    body = world.feedback_body("ecom-ls", "2026-Q4")
    for signer in ("uu", "ecom-co", "aud-1"):
        world.refused("E_ROLE", "employer_feedback", body, signer)
    world.refused("E_SIG_MISSING", "employer_feedback", body, "uu", author="cn-emp")


def employer(world: QualityWorld, name: str, *controlled_by: str) -> None:
    body = party_body(name, "CN-BJ", "employer_body", network=NETWORK, controlled_by=controlled_by)
    world.do("party_register", body, "moe-cn governance")


def test_t12_independent_of_the_issuers(world: QualityWorld) -> None:
    employer(world, "club", "ecom-co")
    employer(world, "club-2", "club")
    body = world.feedback_body("ecom-ls", "2026-Q4", 5, 5)
    for friend in ("club", "club-2"):
        world.refused("E_SELF_FEEDBACK", "employer_feedback", body, friend)


def test_t12_not_by_who_controls_an_issuer(world: QualityWorld) -> None:
    owned = party_body("owned", "CN-BJ", "provider", "endorse", network=NETWORK, controlled_by=("cn-emp",))
    world.do("party_register", owned, "moe-cn governance")
    world.register(cn_terms("owned-ls", "owned"))
    body = world.feedback_body("owned-ls", "2027-01")
    world.refused("E_SELF_FEEDBACK", "employer_feedback", body, "cn-emp")
    world.do("employer_feedback", body, "kettle")


def test_t12_small_cells(world: QualityWorld) -> None:
    world.refused(
        "E_SMALL_CELL", "employer_feedback", world.feedback_body("ecom-ls", "2026-Q4", 5, 9), "cn-emp"
    )
    world.feedback("ecom-ls", "2026-Q4", 5, 10)


def test_t12_the_least_cell_is_a_parameter(world: QualityWorld) -> None:
    world.do("policy_set", PolicySet(parameters=Parameters(version=2, k_min_cell=20)), *TWO_THIRDS)
    world.at("2027-02-01")
    world.refused(
        "E_SMALL_CELL", "employer_feedback", world.feedback_body("ecom-ls", "2026-Q4", 5, 19), "cn-emp"
    )
    world.feedback("ecom-ls", "2026-Q4", 5, 20)


def test_t12_no_more_satisfied_than_responses(world: QualityWorld) -> None:
    body = world.feedback_body("ecom-ls", "2026-Q4", 11, 10)
    world.refused("E_VALUE", "employer_feedback", body, "cn-emp")


@pytest.mark.parametrize("period", ["2025-12", "2027-02", "2027-Q2", "2028-Q1"])
def test_t12_of_periods_that_were(world: QualityWorld, period: str) -> None:
    world.refused("E_VALUE", "employer_feedback", world.feedback_body("ecom-ls", period), "cn-emp")


@pytest.mark.parametrize(
    "period", ["2026-13", "2026-00", "2026-Q5", "2026-Q0", "2026-3", "2026", "２０２６-03"]
)
def test_t12_of_periods_there_are(world: QualityWorld, period: str) -> None:
    world.refused("E_SCHEMA", "employer_feedback", world.feedback_body("ecom-ls", period), "cn-emp")


def test_t12_each_period_once_and_one_granularity_a_year(world: QualityWorld) -> None:
    world.feedback("ecom-ls", "2026-03")
    for again in ("2026-03", "2026-Q1", "2026-Q4"):
        world.refused("E_DUPLICATE", "employer_feedback", world.feedback_body("ecom-ls", again), "cn-emp")
    world.feedback("ecom-ls", "2026-04")
    world.feedback("ecom-ls", "2027-Q1")
    world.do("employer_feedback", world.feedback_body("ecom-ls", "2026-Q1"), "kettle")
    world.refused("E_DUPLICATE", "employer_feedback", world.feedback_body("ecom-ls", "2026-03"), "kettle")


def test_t12_before_the_close_of_its_year(world: QualityWorld) -> None:
    world.at("2027-02-01")
    world.close_year("ecom-ls", 2026)
    world.refused("E_STATE", "employer_feedback", world.feedback_body("ecom-ls", "2026-Q4"), "cn-emp")
    world.feedback("ecom-ls", "2027-Q1")


def test_t12_errors_in_the_order_of_the_row(world: QualityWorld) -> None:
    """Each record breaks the rule it is refused for and every later one it can."""
    world.feedback("ecom-ls", "2026-Q4")
    world.at("2027-02-01")
    world.close_year("ecom-ls", 2026)
    employer(world, "club", "ecom-co")
    late = "2028-Q1"
    world.refused("E_SELF_FEEDBACK", "employer_feedback", world.feedback_body("ecom-ls", late, 1, 1), "club")
    world.refused("E_SMALL_CELL", "employer_feedback", world.feedback_body("ecom-ls", late, 1, 1), "cn-emp")
    world.refused("E_VALUE", "employer_feedback", world.feedback_body("ecom-ls", late), "cn-emp")
    world.refused("E_DUPLICATE", "employer_feedback", world.feedback_body("ecom-ls", "2026-Q4"), "cn-emp")
    world.refused("E_UNKNOWN_REF", "employer_feedback", world.feedback_body("nothing", "2026-Q4"), "cn-emp")


def test_t12_weighs_eight(world: QualityWorld) -> None:
    before = world.execution.weight
    world.feedback("ecom-ls", "2026-Q4")
    assert world.execution.weight - before == 10 + 8


def test_t12_a_year_holds_no_more_than_a_count(world: QualityWorld) -> None:
    full = QualityYear(responses=10**12 - 99, satisfied=0, records=1)
    world.execution._view.put(QUALITY_YEARS, full, "ecom-ls", 2026)
    world.refused("E_VALUE", "employer_feedback", world.feedback_body("ecom-ls", "2026-Q4"), "cn-emp")
    world.feedback("ecom-ls", "2026-Q4", 1, 99)
    assert sums(world).responses == 10**12


@given(st.integers(1900, 9990), st.integers(1, 12))
def test_periods_read_back(year: int, month: int) -> None:
    quarter = f"{year}-Q{(month + 2) // 3}"
    assert (year_of(quarter), granularity_of(quarter)) == (year, "quarter")
    assert first_day(quarter).month == 3 * ((month + 2) // 3) - 2
    text = f"{year}-{month:02}"
    assert (granularity_of(text), first_day(text).month, first_day(text).year) == ("month", month, year)
