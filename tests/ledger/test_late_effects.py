"""Effects that fall due late, twice or for nothing leave what stands there (DOMAIN.md 2.10, 2.12)."""

from __future__ import annotations

import pytest

from accord_ledger import calendar
from accord_ledger.domain import quality_years
from accord_ledger.domain.due import DUE_RINGS, DueRing
from accord_ledger.domain.kinds.agreement import TerminateBody
from accord_ledger.domain.kinds.party_status import PartyStatusBody
from accord_ledger.domain.model.agreement import AGREEMENTS, DEPARTURES, Agreement
from accord_ledger.domain.model.quality import QUALITY_HEADS, YEAR_CLOSES, QualityHead
from agreement_world import JOIN, amendment, join, leave, multilateral, propose_amendment, sign
from award_world import slow
from domain_alliance import TWO_THIRDS
from domain_world import World
from exchange_world import Exchange, agreement, exchange, hours
from quality_world import cn_terms


def given_notice(**terms: int | str) -> Exchange:
    """``a1``, of which uu gave notice for 2026-12-28."""
    world, _ = exchange(**terms)
    world.at("2026-06-01")
    end = TerminateBody(agreement_id="a1", effective_date="2026-12-28")
    world.do("agreement_terminate", end, "uu agreements")
    return world


def on(world: Exchange, *days: str) -> list[Agreement]:
    """``a1`` on each of these days, one after another."""
    found = []
    for day in days:
        world.at(day)
        found.append(world.get(AGREEMENTS, "a1"))
    return found


def test_t25_an_agreement_that_ended_is_not_ended_again_when_it_would_have_expired() -> None:
    world = given_notice(run_off_days=60, valid_to="2027-06-30")
    ended, later = on(world, "2027-02-26", "2027-07-01")
    assert (ended.status, ended.status_since) == (
        "ended",
        calendar.midnight(calendar.parse_date("2027-02-26")),
    )
    assert later == ended


def test_t25_a_run_off_does_not_begin_again_when_the_agreement_would_have_expired() -> None:
    world = given_notice(run_off_days=365, valid_to="2027-06-30")
    begun, later = on(world, "2026-12-28", "2027-07-01")
    assert (begun.status, begun.status_since) == (
        "run_off",
        calendar.midnight(calendar.parse_date("2026-12-28")),
    )
    assert later == begun
    assert on(world, "2027-12-28")[0].status == "ended"


def test_t25_the_end_of_a_first_departure_that_comes_late_says_nothing_about_the_second() -> None:
    world, _ = multilateral(run_off_days=365)
    leave(world, "hnrail", "2026-12-28")
    world.at("2026-12-28")
    second = amendment(world, receivers=("bcb",))
    number = propose_amendment(world, second)
    for name in ("bcb", "uom", "uu"):
        sign(world, second, number, name)
    world.at("2027-12-01")
    sign_by = calendar.midnight(calendar.parse_date("2027-12-27"))
    world.propose("a2", agreement("uu", "bcb", hours(), sign_by=sign_by))
    slow(world)
    world.at("2027-12-28")  # the one effect of this block is about the draft
    signers = (f"{name} agreements" for name in ("hnrail", "uu", "uom", "bcb"))
    world.do(JOIN, join("hnrail", version=2, receives=True), *signers)
    leave(world, "hnrail", "2028-06-30")
    before = world.get(DEPARTURES, "a1", "hnrail")
    assert (before.version, before.status) == (2, "terminating")
    world.at("2027-12-29")
    assert world.get(DEPARTURES, "a1", "hnrail") == before


def test_t02_taking_a_planned_change_back_queues_nothing() -> None:
    world = World().at("2026-03-02")
    day, date = calendar.midnight(calendar.parse_date("2026-05-01")), "2026-05-01"
    suspend = PartyStatusBody(party="uu", status="suspended", reason="investigation", effective_date=date)
    back = PartyStatusBody(party="uu", status="active", reason="remedied", effective_date=date)
    world.do("party_status", suspend, *TWO_THIRDS)
    assert world.get(DUE_RINGS, day) == DueRing(tail=1)
    world.do("party_status", back, *TWO_THIRDS)
    assert world.get(DUE_RINGS, day) == DueRing(tail=1)


@pytest.mark.parametrize(("last", "closed"), [(2025, False), (2026, True)])
def test_no_year_is_closed_after_the_last_one(
    last: int, closed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quality_years, "LAST_YEAR", last)
    world = World().at("2026-03-02")
    world.launch(cn_terms("bjou-ls", "bjou"))
    assert world.get(QUALITY_HEADS, "bjou-ls") == (QualityHead(next_year=2026) if closed else None)
    world.at("2027-03-01")
    world.at("2028-03-01")
    assert (world.get(YEAR_CLOSES, "bjou-ls", 2026) is not None) == closed
    assert world.get(YEAR_CLOSES, "bjou-ls", 2027) is None
