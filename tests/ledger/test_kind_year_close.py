"""T13 quality_year_close and the due queue: who closes when, and what a year means (DOMAIN.md 2.8)."""

from __future__ import annotations

import pytest

from accord_ledger.domain.due import DUE_DAYS
from accord_ledger.domain.kinds.issue import IssueBody
from accord_ledger.domain.kinds.offering import CourseOffering
from accord_ledger.domain.kinds.policy import PolicySet
from accord_ledger.domain.kinds.programme_status import ProgrammeStatusBody
from accord_ledger.domain.model.parameters import Parameters
from accord_ledger.domain.model.quality import QUALITY_HEADS, YearClose
from domain_alliance import TWO_THIRDS, uid
from domain_world import terms
from quality_world import QualityWorld, annual, cn_terms

PROGRAMME = "ecom-ls"


@pytest.fixture
def world() -> QualityWorld:
    return annual()


# ---- when and by whom --------------------------------------------------------------------------------


def test_t13_in_january_by_an_agency_with_the_report_in(world: QualityWorld) -> None:
    world.at("2026-12-31", seconds=86_399)
    world.report(PROGRAMME, 2026)
    world.refuse_close("E_TOO_EARLY", PROGRAMME, 2026)
    world.at("2027-01-01")
    world.refuse_close("E_TOO_EARLY", PROGRAMME, 2026, "uom governance")
    world.close_year(PROGRAMME, 2026)


def test_t13_in_january_nobody_without_a_report(world: QualityWorld) -> None:
    world.at("2027-01-31", seconds=86_399)
    for signer in ("cn-qa quality", "uom governance"):
        world.refuse_close("E_TOO_EARLY", PROGRAMME, 2026, signer)
    world.at("2027-02-01")
    world.close_year(PROGRAMME, 2026)


def test_t13_from_february_any_validator(world: QualityWorld) -> None:
    world.at("2027-02-01")
    world.close_year(PROGRAMME, 2026, "uom governance")
    closed = world.closed(PROGRAMME, 2026)
    assert closed is not None
    assert closed.closed_by == "uom"


@pytest.mark.parametrize(
    "signer",
    ["moe-cn governance", "nvao quality", "cn-qa", "ecom-co quality", "uom", "uu quality", "aud-1"],
)
def test_t13_nobody_else(world: QualityWorld, signer: str) -> None:
    world.at("2027-02-01")
    world.refuse_close("E_SIG_MISSING", PROGRAMME, 2026, signer)


def test_t13_years_in_order_each_once(world: QualityWorld) -> None:
    world.at("2027-02-01")
    world.refuse_close("E_STATE", PROGRAMME, 2025)
    world.close_year(PROGRAMME, 2026)
    world.refuse_close("E_DUPLICATE", PROGRAMME, 2026)
    world.refuse_close("E_TOO_EARLY", PROGRAMME, 2027)
    world.refuse_close("E_UNKNOWN_REF", "nothing", 2026)


def test_t13_only_under_an_annual_profile_and_never_of_an_award(world: QualityWorld) -> None:
    world.launch(terms("uu-ds"))
    award = cn_terms("cn-award", "bjou", form="award", level=None, total_hours="3040/1", credits="76/1")
    world.launch(award)
    world.at("2027-02-01")
    world.refuse_close("E_STATE", "uu-ds", 2026, "nvao quality")
    world.refuse_close("E_STATE", "cn-award", 2026)
    world.at("2027-03-01")
    assert world.closed("cn-award", 2026) is None
    assert world.head("cn-award").status == "active"


def test_t13_on_1_march_the_queue_does_it(world: QualityWorld) -> None:
    world.at("2027-02-28", seconds=86_399)
    assert world.closed(PROGRAMME, 2026) is None
    world.at("2027-03-01")
    closed = world.closed(PROGRAMME, 2026)
    assert closed == YearClose(
        result="no_data", responses=0, satisfied=0, satisfaction=None, update=None,
        effect="suspended", closed_by=None, at=world.time,
    )  # fmt: skip
    assert world.status_of(PROGRAMME) == ("suspended", "no_report")


def test_t13_the_queue_leaves_a_closed_year_alone_and_takes_the_next(world: QualityWorld) -> None:
    world.whole_year(PROGRAMME, 2026, 60)
    before = world.closed(PROGRAMME, 2026)
    world.at("2027-03-01")
    assert world.closed(PROGRAMME, 2026) == before
    world.at("2028-02-29")
    assert world.closed(PROGRAMME, 2027) is None
    world.at("2028-03-01")
    assert world.closed(PROGRAMME, 2027) is not None


def test_t13_years_missed_together_are_closed_one_after_the_other(world: QualityWorld) -> None:
    world.at("2029-05-01")
    found = [world.closed(PROGRAMME, year) for year in (2026, 2027, 2028, 2029)]
    assert [closed is not None for closed in found] == [True, True, True, False]
    assert world.get(QUALITY_HEADS, PROGRAMME).next_year == 2029


def test_t13_the_queue_takes_all_that_nobody_closed() -> None:
    world = annual("ls-1", "ls-2", "ls-3")
    world.at("2027-01-31")
    world.report("ls-3", 2026)
    world.at("2027-03-01")
    results = [world.closed(name, 2026) for name in ("ls-1", "ls-2", "ls-3")]
    assert [closed.result if closed else None for closed in results] == ["no_data"] * 3
    assert [world.head(name).status for name in ("ls-1", "ls-2", "ls-3")] == [
        "suspended",
        "suspended",
        "active",
    ]


def test_t13_weighs_16_and_the_records_of_the_year(world: QualityWorld) -> None:
    world.at("2027-01-31")
    world.report(PROGRAMME, 2026)
    for period in ("2026-Q3", "2026-Q4"):
        world.feedback(PROGRAMME, period)
    before = world.execution.weight
    world.close_year(PROGRAMME, 2026)
    assert world.execution.weight - before == 10 + 16 + 2


# ---- what a year means -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("satisfied", "responses", "result"),
    [
        (49, 100, "fail"),
        (50, 100, "pass"),
        (124, 250, "fail"),
        (125, 250, "pass"),
        (0, 29, "no_data"),
        (14, 30, "fail"),
    ],
)
def test_t13_result(world: QualityWorld, satisfied: int, responses: int, result: str) -> None:
    world.at("2027-01-31")
    world.report(PROGRAMME, 2026)
    world.feedback(PROGRAMME, "2026-Q4", satisfied, responses)
    assert world.close_year(PROGRAMME, 2026).result["result"] == result
    assert world.head(PROGRAMME).status == "active"


def test_t13_result_sums_and_rationals_are_said(world: QualityWorld) -> None:
    world.at("2027-01-31")
    world.report(PROGRAMME, 2026, updated=25)
    world.feedback(PROGRAMME, "2026-Q3", 24, 50)
    world.feedback(PROGRAMME, "2026-Q4", 100, 200)
    assert world.close_year(PROGRAMME, 2026).result == {
        "result": "fail",
        "responses": "250",
        "satisfied": "124",
        "satisfaction": "62/125",
        "update": "1/4",
        "effect": "",
    }


@pytest.mark.parametrize(("updated", "status"), [(20, "active"), (19, "suspended")])
def test_t13_row_p5_content_update(world: QualityWorld, updated: int, status: str) -> None:
    world.whole_year(PROGRAMME, 2026, 60, updated=updated)
    assert world.head(PROGRAMME).status == status
    assert status == "active" or world.status_of(PROGRAMME)[1] == "content"


def test_t13_row_p6_two_fails_running_withdraw(world: QualityWorld) -> None:
    world.whole_year(PROGRAMME, 2026, 49)
    assert world.head(PROGRAMME).status == "active"
    receipt = world.whole_year(PROGRAMME, 2027, 49)
    assert receipt.result["effect"] == "withdrawn"
    assert world.status_of(PROGRAMME) == ("withdrawn", "satisfaction")


@pytest.mark.parametrize(
    ("years", "status"),
    [
        ((49, 50, 49), "active"),
        ((49, None, 49), "withdrawn"),
        ((49, None, 50, 49), "active"),
        ((None, 49, 49), "withdrawn"),
        ((50, None, 50), "active"),
    ],
)
def test_t13_no_data_is_skipped(world: QualityWorld, years: tuple[int | None, ...], status: str) -> None:
    for place, satisfied in enumerate(years):
        world.whole_year(PROGRAMME, 2026 + place, satisfied)
    assert world.head(PROGRAMME).status == status


def test_t13_two_years_without_data_suspend(world: QualityWorld) -> None:
    world.whole_year(PROGRAMME, 2026, None)
    assert world.head(PROGRAMME).status == "active"
    world.whole_year(PROGRAMME, 2027, None)
    assert world.status_of(PROGRAMME) == ("suspended", "no_data")
    lift = ProgrammeStatusBody(programme=PROGRAMME, status="active", reason="remedied")
    world.refused("E_SIG_MISSING", "programme_status", lift, "ecom-co")
    world.do("programme_status", lift, "cn-qa quality")
    world.whole_year(PROGRAMME, 2028, 50)
    world.whole_year(PROGRAMME, 2029, None)
    assert world.head(PROGRAMME).status == "active"


def test_t13_exit_years_is_a_parameter(world: QualityWorld) -> None:
    changed = Parameters(version=2, exit_years=3, feedback_min_responses=101, exit_satisfaction="3/5")
    world.do("policy_set", PolicySet(parameters=changed), *TWO_THIRDS)
    assert world.whole_year(PROGRAMME, 2026, 59).result["result"] == "no_data"
    again = Parameters(version=3, exit_years=3, exit_satisfaction="3/5")
    world.do("policy_set", PolicySet(parameters=again), *TWO_THIRDS)
    for year in (2027, 2028):
        assert world.whole_year(PROGRAMME, year, 59).result["effect"] == ""
    assert world.whole_year(PROGRAMME, 2029, 59).result["effect"] == "withdrawn"


def test_t13_update_min_is_a_parameter(world: QualityWorld) -> None:
    changed = Parameters(version=2, update_min="1/4")
    world.do("policy_set", PolicySet(parameters=changed), *TWO_THIRDS)
    assert world.whole_year(PROGRAMME, 2026, 60, updated=24).result["effect"] == "suspended"


def test_t13_withdrawn_for_good_without_any_signature(world: QualityWorld) -> None:
    """Row P6: the queue withdraws; after that no year is closed and nothing is issued."""
    world.whole_year(PROGRAMME, 2026, 49)
    intake = CourseOffering(programme=PROGRAMME, term_start="2028-01-01", term_end="2028-01-20", entrants=20)
    world.at("2028-01-02")
    world.do("course_offering", intake, "ecom-co registrar")
    world.feedback(PROGRAMME, "2027-Q4", 124, 250)
    world.at("2028-03-01")
    assert world.head(PROGRAMME).status == "withdrawn"
    assert world.get(DUE_DAYS).times == ()
    issue = IssueBody(
        batch_id=uid("late"), programme=(PROGRAMME, 1), count=12, merkle_root=b"\x01" * 32,
        status_list="list-1", status_start=0, completed_from="2028-01-20", completed_to="2028-01-20",
    )  # fmt: skip
    world.refused("E_PROGRAMME_WITHDRAWN", "credential_issue", issue, "ecom-co issuance")
    world.at("2030-04-01")
    assert world.closed(PROGRAMME, 2028) is None
    world.refuse_close("E_STATE", PROGRAMME, 2028)
    lift = ProgrammeStatusBody(programme=PROGRAMME, status="suspended", reason="other")
    world.refused("E_STATE", "programme_status", lift, *TWO_THIRDS)


def test_t13_a_paused_programme_is_suspended_too(world: QualityWorld) -> None:
    pause = ProgrammeStatusBody(programme=PROGRAMME, status="paused", reason="budget")
    world.do("programme_status", pause, "ecom-co")
    world.at("2027-03-01")
    assert world.head(PROGRAMME).status == "suspended"


def test_t13_retiring_is_no_way_round_a_suspension(world: QualityWorld) -> None:
    retire = ProgrammeStatusBody(programme=PROGRAMME, status="retired", reason="demand")
    resume = ProgrammeStatusBody(programme=PROGRAMME, status="active", reason="other")
    world.do("programme_status", retire, "ecom-co")
    world.at("2027-03-01")
    assert world.head(PROGRAMME).status == "retired"
    world.refused("E_SIG_MISSING", "programme_status", resume, "ecom-co")
    world.do("programme_status", resume, "cn-qa quality")
    world.do("programme_status", retire, "ecom-co")
    world.do("programme_status", resume, "ecom-co")


# ---- versions of other profiles ----------------------------------------------------------------------


def launch_version(world: QualityWorld, version: int, profile: str) -> None:
    changed = cn_terms("two-ls", "bjou", version=version, profile=(profile, 1))
    world.launch(changed, ("bjou", "academic_committee"))


def test_t13_leaving_the_profile_is_no_way_round_the_close_of_the_year() -> None:
    world = QualityWorld()
    world.at("2026-03-02")
    launch_version(world, 1, "cn")
    world.at("2027-01-10")
    launch_version(world, 2, "neutral")
    world.at("2028-03-01")
    assert [world.closed("two-ls", year) is not None for year in (2026, 2027)] == [True, True]
    world.at("2029-03-01")
    assert world.closed("two-ls", 2028) is None
    world.refuse_close("E_STATE", "two-ls", 2028)


def test_t13_years_go_on_when_the_profile_is_annual_again() -> None:
    world = QualityWorld()
    world.at("2026-03-02")
    launch_version(world, 1, "neutral")
    world.at("2027-05-01")
    launch_version(world, 2, "cn")
    world.at("2027-06-01")
    launch_version(world, 3, "neutral")
    world.at("2029-06-01")
    launch_version(world, 4, "cn")
    world.at("2030-03-01")
    found = [world.closed("two-ls", year) is not None for year in range(2026, 2031)]
    assert found == [False, True, False, True, False]


def test_t13_the_years_between_pass_without_a_close() -> None:
    """Annual again in January, before the queue has passed over the year before."""
    world = QualityWorld()
    world.at("2026-03-02")
    launch_version(world, 1, "cn")
    world.at("2026-04-01")
    launch_version(world, 2, "neutral")
    world.at("2029-01-10")
    launch_version(world, 3, "cn")
    world.at("2031-03-01")
    found = [world.closed("two-ls", year) is not None for year in range(2026, 2031)]
    assert found == [True, False, False, True, True]
