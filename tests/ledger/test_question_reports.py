"""Reports over the whole ledger: the paper's numbers, small cells hidden."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from accord_ledger.domain.kinds.agreement import TerminateBody
from accord_ledger.domain.kinds.profile import ListDefine
from accord_ledger.domain.kinds.programme_status import ProgrammeStatusBody
from accord_ledger.domain.kinds.refusal import RefuseBody
from accord_ledger.domain.model.framework import ListEntry, ListTerms
from accord_ledger.domain.model.party import PARTIES
from accord_ledger.domain.model.programme import (
    PROGRAMME_HEADS,
    PROGRAMMES,
    Funding,
    Outcome,
    Programme,
    ProgrammeHead,
    StatusChange,
)
from domain_alliance import TWO_THIRDS
from domain_world import World, terms
from exchange_world import Exchange, agreement, exchange, fixed, grant_uu, hours
from questions_world import Asker


def offered(world: World, number: int, *, issuer: str = "uu", status: str = "active", **changes: Any) -> str:
    """An active programme, put into the state of the open block as its registration would leave it."""
    name = f"fix-{number:04}"
    made = terms(name, issuer, **changes)
    view, at = world.execution._view, world.time
    view.put(PROGRAMMES, Programme(terms=made, stage="active", submitted_at=at, activated_at=at), name, 1)
    change = StatusChange(status=status, since=at)  # type: ignore[arg-type]
    view.put(
        PROGRAMME_HEADS,
        ProgrammeHead(issuers=(issuer,), latest=1, current=1, status=change.status, history=(change,)),
        name,
    )
    return name


def eight_of_ten() -> Exchange:
    """Ten programmes of uu, of which an agreement with bcb names eight."""
    world = Exchange()
    world.at("2026-03-02")
    grant_uu(world)
    names = [offered(world, number) for number in range(10)]
    from accord_ledger.domain.model.agreement import Scope

    scope = Scope(programmes=tuple(names[:8]))
    world.agree("ax", agreement("uu", "bcb", hours(), scope=scope))
    return world


def test_eight_of_ten_meet_the_goal() -> None:
    world = eight_of_ten()
    ask = Asker(world)
    world.at("2026-07-02")
    found = ask("coverage", quarters=3)
    assert (found.active, found.recognised, found.ratio, found.display, found.met) == (
        10,
        8,
        "4/5",
        "80.0 %",
        True,
    )
    assert found.not_recognised == ("fix-0008", "fix-0009")
    assert [(point.date, point.recognised) for point in found.series] == [
        ("2026-01-01", 0), ("2026-04-01", 8), ("2026-07-01", 8),
    ]  # fmt: skip
    assert ask("coverage", country="CN").ratio is None
    assert ask("coverage", at="2026-03-01", quarters=0).active == 0


def test_what_only_the_issuer_itself_takes_is_not_recognised() -> None:
    world = Exchange()
    world.at("2026-03-02")
    offered(world, 1)
    world.agree("self", agreement("uu", "uu", fixed("1/1", target="nl-ects"), self_pairs=("uu",)))
    found = Asker(world)("coverage", quarters=0)
    assert (found.active, found.recognised, found.met) == (1, 0, False)


def test_an_agreement_that_ended_covers_no_more() -> None:
    world = eight_of_ten()
    world.do(
        "agreement_terminate", TerminateBody(agreement_id="ax", effective_date="2026-10-02"), "uu agreements"
    )
    ask = Asker(world)
    assert ask("coverage", quarters=0).recognised == 8
    world.at("2026-10-02")
    assert ask("coverage", quarters=0).recognised == 0
    assert ask("coverage", quarters=0, at="2026-10-01").recognised == 8


def test_coverage_weighs_by_credentials() -> None:
    world, _ = exchange()
    offered(world, 1, category="interest")
    found = Asker(world)("coverage", quarters=0)
    assert (found.ratio, found.weighted) == ("1/2", "1/1")


def test_seven_of_nine_accredited_do_not_meet_it() -> None:
    world = Exchange()
    world.at("2026-03-02")
    for number in range(7):
        offered(world, number, issuer="uom")
    offered(world, 7, issuer="suny")
    offered(world, 8, issuer="suny")
    found = Asker(world)("accredited")
    assert (found.accredited, found.active, found.display, found.met) == (7, 9, "77.8 %", False)
    offered(world, 8, issuer="uom")
    assert Asker(world)("accredited", country="AU").met


def test_rounding_losses_by_rule() -> None:
    world, batch = exchange()
    for number in range(3):
        world.do(*world.use(f"r{number}", "n1", "a1", [batch[number]], "2/1"))
    world.reverse("r2", "bcb registrar")
    [row] = Asker(world)("rounding")
    assert (row.agreement, row.rule, row.recognitions) == ("a1", "hours", 2)
    assert (row.dropped_total, row.dropped_hours) == ("1/5", "8/1")


def test_agreements_about_to_end() -> None:
    world, batch = exchange()
    world.do(*world.use("r1", "n1", "a1", [batch[0]], "2/1"))
    ask = Asker(world)
    assert ask("ending") == []
    world.do(
        "agreement_terminate", TerminateBody(agreement_id="a1", effective_date="2026-10-05"), "uu agreements"
    )
    assert ask("ending", days=182) == []
    [row] = ask("ending", days=183)
    assert (row.effective, row.run_off_until) == ("2026-10-05", "2027-10-05")
    assert (row.issued, row.redeemed, row.unredeemed) == (12, 1, 11)
    assert ask("ending", days=183, party="suny") == []


def refuse(world: Exchange, reason: str, times: int) -> None:
    for _ in range(times):
        world.do(
            "recognise_refuse", RefuseBody(agreement=("a1", 1), rule="hours", reason=reason), "bcb registrar"
        )


def test_refusals_beside_recognitions_and_small_ones_hidden() -> None:
    world, batch = exchange()
    for number in range(2):
        world.do(*world.use(f"r{number}", "n1", "a1", [batch[number]], "2/1"))
    refuse(world, "content", 10)
    refuse(world, "level", 9)
    rows = {row.code: row for row in Asker(world)("refusals")}
    content, level = rows["content"], rows["level"]
    assert (content.school, content.refusals, content.recognitions) == ("bcb", 10, 2)
    assert (content.share, content.display) == ("5/6", "83.3 %")
    assert (level.refusals, level.share) == (None, None)
    assert Asker(world)("refusals", receiver="uu") == []
    assert len(Asker(world)("refusals", receiver="bcb")) == 2


def regional(world: World, east: int, west: int) -> None:
    """Providers of XA beside what there is, and a list that says where XA-E is."""
    view = world.execution._view
    model = world.get(PARTIES, "cisco-my")
    for number in range(east + west):
        region = "XA-E" if number < east else "XA-W"
        name = f"fix-p{number:03}"
        view.put(PARTIES, replace(model, party_id=name, country="XA", region=region, keys=()), name)
    entries = (ListEntry(code="XA-E", values=("east",)), ListEntry(code="XA-W", values=("west",)))
    groups = ListTerms(list_id="region-groups-xa", version=1, owner="XA", entries=entries)
    world.do("list_define", ListDefine(terms=groups), *TWO_THIRDS)


def test_concentration_of_three_hundred_providers() -> None:
    world = Exchange()
    world.at("2026-03-02")
    regional(world, 266, 34)
    found = Asker(world)("regions", country="XA")
    assert (found.concentration, found.display) == ((266, 300), "88.7 %")
    assert [(row.region, row.issuers) for row in found.regions] == [("XA-E", 266), ("XA-W", 34)]


def test_credentials_by_region_with_small_cells_hidden() -> None:
    world, batch = exchange()
    world.do(*world.use("r1", "n1", "a1", [batch[0]], "2/1"))
    found = {row.region: row for row in Asker(world)("regions", role="university").regions}
    assert (found["NL-UT"].programmes, found["NL-UT"].issued, found["NL-UT"].recognised) == (1, 12, None)
    assert found["MY-14"].issued == 0


def test_shares_are_exact_and_shown_half_even() -> None:
    world = Exchange()
    world.at("2026-03-02")
    for number in range(447):
        sector = "51" if number < 136 else "46" if number < 221 else "49" if number < 225 else "other"
        offered(world, number, sector=sector, audience=("public",) if number < 58 else ("enrolled",))
    found = {row.code: row for row in Asker(world)("shares", by="sector")}
    assert (found["51"].share, found["51"].display) == ("136/447", "30.4 %")
    assert (found["46"].display, found["49"].display) == ("19.0 %", "0.9 %")
    public = {row.code: row for row in Asker(world)("shares", by="audience")}["public"]
    assert (public.programmes, public.of) == (58, 447)


def test_twelve_of_a_hundred_paused() -> None:
    world = Exchange()
    world.at("2026-03-02")
    for number in range(100):
        offered(world, number, status="paused" if number < 12 else "active")
    found = {row.code: row.display for row in Asker(world)("statuses")}
    assert found == {"active": "88.0 %", "paused": "12.0 %"}


def test_money_is_never_added_across_currencies() -> None:
    world = Exchange()
    world.at("2026-03-02")
    aud = Funding(source="gov", amount_minor=1850, currency="AUD")
    loan = Funding(source="loan", amount_minor=50, currency="AUD", fee_loan=True)
    offered(world, 1, funding=(aud, loan))
    offered(world, 2, funding=(replace(aud, currency="MYR"),))
    rows = [
        (row.currency, row.amount_minor, row.fee_loan_minor, row.programmes)
        for row in Asker(world)("funding")
    ]
    assert rows == [("AUD", 1900, 50, 1), ("MYR", 1850, 0, 1)]


@pytest.mark.parametrize(("updated", "age", "stale"), [("2025-03-02", 365, False), ("2024-08-31", 548, True)])
def test_age_of_content(updated: str, age: int, stale: bool) -> None:
    world = Exchange()
    world.at("2026-03-02")
    offered(world, 1, last_content_update=updated)
    [row] = Asker(world)("freshness")
    assert (row.content_age_days, row.stale_content, row.fast_channel) == (age, stale, False)


@pytest.mark.parametrize(("days", "inside"), [(89, False), (90, True), (183, True), (200, False)])
def test_the_fast_channel(days: int, inside: bool) -> None:
    world = Exchange()
    world.at("2026-03-02")
    name = offered(world, 1)
    programme = world.get(PROGRAMMES, name, 1)
    early = replace(programme, submitted_at=programme.activated_at - days * 86_400)
    world.execution._view.put(PROGRAMMES, early, name, 1)
    [row] = Asker(world)("freshness")
    assert (row.development_days, row.fast_channel) == (days, inside)


@pytest.mark.parametrize(("day", "stale"), [("2027-03-02", False), ("2027-03-03", True)])
def test_a_year_without_a_new_version(day: str, stale: bool) -> None:
    world = Exchange()
    world.at("2026-03-02")
    offered(world, 1)
    world.at(day)
    [row] = Asker(world)("freshness")
    assert (row.stale_version, row.feedback_gap) == (stale, ())


def targets_list(*entries: tuple[str, str]) -> ListDefine:
    rows = tuple(ListEntry(code=code, values=(value,)) for code, value in sorted(entries))
    return ListDefine(terms=ListTerms(list_id="targets", version=1, owner="alliance", entries=rows))


def test_targets_and_what_is_reached() -> None:
    world, _ = exchange()
    rows = (
        ("issued.2026", "16/1"),
        ("recognised.2026", "4/5"),
        ("model_projects.2030", "100/1"),
        ("bad", "1/1"),
    )
    world.do("list_define", targets_list(*rows), *TWO_THIRDS)
    ask = Asker(world)
    found = {row.metric: row for row in ask("targets")}
    assert (found["issued"].actual, found["issued"].ratio, found["issued"].met) == ("12/1", "3/4", False)
    assert (found["recognised"].actual, found["recognised"].met) == ("1/1", True)
    assert found["model_projects"].actual is None
    assert any("bad" in note for note in ask.reading.notes)


@pytest.mark.parametrize(("covered", "met"), [(265, False), (266, True)])
def test_shortage_occupations(covered: int, met: bool) -> None:
    world = Exchange()
    world.at("2026-03-02")
    uris = [f"https://data.example/occupation/{number}" for number in range(332)]
    entries = tuple(ListEntry(code=f"o{number:04}", values=(uri,)) for number, uri in enumerate(uris))
    made = ListTerms(list_id="shortage-occupations", version=1, owner="alliance", entries=entries)
    world.do("list_define", ListDefine(terms=made), *TWO_THIRDS)
    for first in range(0, covered, 50):
        offered(world, first, occupations=tuple(sorted(uris[first : min(first + 50, covered)])))
    found = Asker(world)("occupations")
    assert (found.covered, found.listed, found.met) == (covered, 332, met)


def test_programmes_by_skill_level_and_receiver() -> None:
    world, _ = exchange()
    skill = "https://data.example/skill/1"
    taught = (Outcome(text={"en": "Does it"}, esco=skill),)
    offered(world, 1, outcomes=taught, level=7)
    offered(world, 2, issuer="suny", outcomes=taught, level=5)
    ask = Asker(world)
    assert [row.programme for row in ask("catalogue", esco=skill)] == ["fix-0001", "fix-0002"]
    [row] = ask("catalogue", esco=skill, accredited=1, level_min=6)
    assert (row.programme, row.accreditation, row.recognised) == (
        "fix-0001",
        ("EQAR/NVAO to 2030",),
        (("bcb", "a1"),),
    )
    assert ask("catalogue", esco=skill, receiver="hnrail") == []
    assert [row.programme for row in ask("catalogue", receiver="bcb")] == ["fix-0001", "uu-ds"]


def test_courses_that_get_too_old() -> None:
    world = Exchange()
    world.at("2026-03-02")
    name = offered(world, 1, required_courses=("C1", "C2"))
    from accord_ledger.domain.model.programme import OFFERINGS, Offering, Offerings

    terms_of_c1 = Offerings(terms=(Offering(term_start="2024-05-31", term_end="2024-07-01"),))
    world.execution._view.put(OFFERINGS, terms_of_c1, name, "C1")
    rows = Asker(world)("course-terms", issuer="uu")
    assert [(row.course, row.last_offered, row.deadline) for row in rows] == [
        ("C2", None, None), ("C1", "2024-05-31", "2026-05-31"),
    ]  # fmt: skip
    assert [row.course for row in Asker(world)("course-terms", before="2026-05-30")] == ["C2"]
    assert Asker(world)("course-terms", issuer="suny") == []


def test_a_paused_programme_is_no_longer_active() -> None:
    world, _ = exchange()
    assert Asker(world)("coverage", quarters=0).active == 1
    body = ProgrammeStatusBody(programme="uu-ds", status="paused", reason="budget")
    world.at("2026-04-10")
    world.do("programme_status", body, "uu")
    assert Asker(world)("coverage", quarters=0).active == 0
    assert Asker(world)("coverage", quarters=0, at="2026-04-09").active == 1
