"""Reports out of yearly quality reports and hours accounts: pairs as reported, small cells hidden."""

from __future__ import annotations

from typing import Any

from accord_ledger.domain.kinds.hours import HoursCheckpointBody, HoursOpenBody
from accord_ledger.domain.kinds.quality_report import QualityReportBody
from accord_ledger.domain.model.quality import AreaCounts, Costs
from domain_alliance import uid
from exchange_world import exchange
from quality_world import annual, metrics
from questions_world import Asker


def reported(world: Any, name: str, year: int, *areas: tuple[str, int, int], **more: Any) -> None:
    counts = tuple(
        AreaCounts(area=area, entered=entered, completed=done, passed=done, excellent=0)  # type: ignore[arg-type]
        for area, done, entered in areas
    )
    body = QualityReportBody(programme=name, year=year, metrics=metrics(areas=counts, **more))
    world.do("quality_report", body, "ecom-co quality", "cn-qa quality")


def test_the_gap_between_city_and_country() -> None:
    world = annual("ecom-ls", "ecom-b")
    world.at("2027-01-15")
    reported(world, "ecom-ls", 2026, ("rural", 41, 100), ("urban", 76, 100))
    found = Asker(world)("completion", year=2026)
    assert (found.urban, found.rural, found.gap_pp) == ((76, 100), (41, 100), 35)
    reported(world, "ecom-b", 2026, ("rural", 1, 3))
    assert Asker(world)("completion", year=2026).gap_pp == "35.2"
    small = Asker(world)("completion", year=2026, programme="ecom-b")
    assert (small.urban, small.rural, small.gap_pp) == (None, None, None)
    assert Asker(world)("completion", year=2025).gap_pp is None


def test_a_hidden_cell_takes_another_with_it() -> None:
    world = annual("ecom-ls")
    world.at("2027-01-15")
    reported(world, "ecom-ls", 2026, ("rural", 2, 4), ("urban", 76, 100))
    found = Asker(world)("completion", year=2026)
    assert (found.urban, found.rural) == (None, None)


def test_results_costs_and_industry() -> None:
    world = annual("ecom-ls", "ecom-b", "ecom-c")
    world.at("2027-01-15")
    more = {"sites": 829, "courses_total": 100, "courses_with_industry": 61}
    cost = Costs(accreditation_cost_minor=30_000, budget_minor=100_000, currency="CNY")
    reported(world, "ecom-ls", 2026, ("mixed", 120_268, 122_000), costs=cost, **more)
    ask = Asker(world)
    found = ask("results", year=2026)
    assert (found.completed, found.completed_display, found.sites) == ((120_268, 122_000), "98.58 %", 829)
    assert (ask("industry", year=2026).above, ask("industry", year=2026).share) == (True, "61/100")
    lower = Costs(accreditation_cost_minor=29_999, budget_minor=100_000, currency="CNY")
    reported(world, "ecom-b", 2026, costs=lower, courses_total=100, courses_with_industry=59)
    assert not ask("industry", year=2026).above
    assert [(row.programme, row.flagged) for row in ask("costs", year=2026)] == [
        ("ecom-ls", True),
        ("ecom-b", False),
    ]


def test_a_month_without_feedback_is_a_gap() -> None:
    world = annual("ecom-ls")
    world.at("2026-06-15")
    for period in ("2026-03", "2026-05"):
        world.feedback("ecom-ls", period)
    [row] = Asker(world)("freshness")
    assert row.feedback_gap == ("2026-04",)
    world.at("2026-08-10")
    [row] = Asker(world)("freshness")
    assert row.feedback_gap == ("2026-04", "2026-06", "2026-07")


def test_how_many_minutes_to_go() -> None:
    world, _ = exchange()
    account = uid("h1")
    world.do(
        "hours_open", HoursOpenBody(account=account, programme="uu-ds", start="2026-04-05"), "uu registrar"
    )
    ask = Asker(world)
    assert ask("hours", account=account.hex()).as_of is None
    world.at("2026-04-20")
    body = HoursCheckpointBody(
        account=account,
        cumulative_minutes=5015,
        practice_minutes=0,
        log_root=bytes(32),
        period_end="2026-04-19",
    )
    world.do("hours_checkpoint", body, "uu registrar")
    found = ask("hours", account=account.hex())
    assert (found.have, found.need, found.short) == (5015, 5040, 25)
    assert (found.status, found.as_of, found.until) == ("open", "2026-04-19", "2028-04-04")
