"""T02 party_status: who may, from when on, and what a party that is not active can no longer do."""

from __future__ import annotations

from typing import Any

import pytest

from accord_ledger.domain.context import Context
from accord_ledger.domain.due import work_off
from accord_ledger.domain.kinds.approval import ProgrammeStep
from accord_ledger.domain.kinds.party import PartyRegister
from accord_ledger.domain.kinds.party_status import MAX_AHEAD_DAYS, PartyStatusBody
from accord_ledger.domain.kinds.profile import ListDefine
from accord_ledger.domain.kinds.programme_status import ProgrammeStatusBody
from accord_ledger.domain.model.framework import ListEntry, ListTerms
from accord_ledger.domain.model.parameters import PARAMETERS, ParameterHead, Parameters
from accord_ledger.domain.model.party import MAX_PLANNED, PARTIES, Party, status_at
from domain_alliance import TWO_THIRDS, party_body
from domain_world import NETWORK, World, ref, terms
from exchange_world import IssuedBatch, exchange

REASON = {"active": "remedied", "suspended": "investigation", "withdrawn": "closed"}


@pytest.fixture
def world() -> World:
    return World().at("2026-03-02")


def to(status: Any, date: str = "2026-03-02", party: str = "uu", reason: str = "") -> PartyStatusBody:
    return PartyStatusBody(party=party, status=status, reason=reason or REASON[status], effective_date=date)


def now(world: World, party: str = "uu") -> str:
    return status_at(world.get(PARTIES, party), world.time)


def test_t02_the_authority_suspends_and_takes_back(world: World) -> None:
    world.do("party_status", to("suspended"), *TWO_THIRDS)
    suspended: Party = world.get(PARTIES, "uu")
    assert (suspended.status, suspended.status_since, suspended.status_reason) == (
        "suspended", world.time, "investigation",
    )  # fmt: skip
    world.do("party_status", to("active"), *TWO_THIRDS)
    assert now(world) == "active"


def test_t02_by_the_regulator_of_its_own_country_only(world: World) -> None:
    world.refused("E_SIG_MISSING", "party_status", to("suspended"), "moe-cn governance")
    world.refused("E_SIG_MISSING", "party_status", to("suspended"), "uu governance")
    world.refused("E_SIG_MISSING", "party_status", to("suspended"), *TWO_THIRDS[:3])
    world.do("party_status", to("suspended", party="bjou"), "moe-cn governance")
    assert now(world, "bjou") == "suspended"


def test_t02_withdrawn_is_final(world: World) -> None:
    world.do("party_status", to("withdrawn"), *TWO_THIRDS)
    for status in ("active", "suspended", "withdrawn"):
        world.refused("E_STATE", "party_status", to(status), *TWO_THIRDS)
        world.refused("E_STATE", "party_status", to(status, "2027-01-01"), *TWO_THIRDS)


def test_t02_a_change_changes_something(world: World) -> None:
    world.refused("E_STATE", "party_status", to("active"), *TWO_THIRDS)
    world.do("party_status", to("suspended"), *TWO_THIRDS)
    world.refused("E_STATE", "party_status", to("suspended", "2026-05-01"), *TWO_THIRDS)


def test_t02_errors_in_the_order_of_the_row(world: World) -> None:
    world.refused("E_UNKNOWN_REF", "party_status", to("suspended", party="nobody"), *TWO_THIRDS)
    world.refused("E_STATE", "party_status", to("active", "2026-03-01", reason="x"), *TWO_THIRDS)
    world.refused("E_BACKDATED", "party_status", to("suspended", "2026-03-01", reason="x"), *TWO_THIRDS)
    world.refused("E_REASON", "party_status", to("suspended", reason="x"), *TWO_THIRDS)
    world.refused("E_REASON", "party_status", to("withdrawn", reason="remedied"), *TWO_THIRDS)
    world.refused("E_SCHEMA", "party_status", to("suspended", "2026-02-30"), *TWO_THIRDS)


def test_t02_from_a_later_date_on(world: World) -> None:
    world.do("party_status", to("suspended", "2026-04-01"), *TWO_THIRDS)
    assert world.get(PARTIES, "uu").status == now(world) == "active"
    world.at("2026-03-31", seconds=86_399)
    world.register(terms())
    world.at("2026-04-01")
    folded: Party = world.get(PARTIES, "uu")
    assert (folded.status, folded.status_since, folded.planned) == ("suspended", world.time, ())
    world.refused("E_PARTY_STATUS", "programme_submit", ProgrammeStep(programme=ref(terms())), "uu")


def test_t02_the_date_counts_even_while_the_due_queue_is_behind(world: World) -> None:
    head = ParameterHead(newest=Parameters(max_due_per_block=0), since=0)
    world.execution._view.put(PARAMETERS, head)
    world.register(terms())
    world.do("party_status", to("suspended", "2026-04-01"), *TWO_THIRDS)
    world.at("2026-04-02")
    assert world.get(PARTIES, "uu").status == "active"
    world.refused("E_PARTY_STATUS", "programme_submit", ProgrammeStep(programme=ref(terms())), "uu")
    world.refused("E_STATE", "party_status", to("suspended", "2026-04-02"), *TWO_THIRDS)
    world.do("party_status", to("active", "2026-04-02"), *TWO_THIRDS)
    world.submit(terms())


def test_t02_a_plan_can_be_changed_and_taken_back(world: World) -> None:
    world.do("party_status", to("withdrawn", "2026-06-01"), *TWO_THIRDS)
    world.refused("E_STATE", "party_status", to("active", "2026-07-01"), *TWO_THIRDS)
    world.do("party_status", to("suspended", "2026-06-01"), *TWO_THIRDS)
    world.do("party_status", to("active", "2026-07-01"), *TWO_THIRDS)
    assert [change.status for change in world.get(PARTIES, "uu").planned] == ["suspended", "active"]
    world.do("party_status", to("active", "2026-06-01"), *TWO_THIRDS)
    assert [change.status for change in world.get(PARTIES, "uu").planned] == ["active"]
    world.at("2026-07-02")
    assert now(world) == "active"


def test_t02_a_withdrawal_is_the_last_change(world: World) -> None:
    world.do("party_status", to("suspended", "2026-06-01"), *TWO_THIRDS)
    world.do("party_status", to("active", "2026-07-01"), *TWO_THIRDS)
    world.do("party_status", to("withdrawn", "2026-06-15"), *TWO_THIRDS)
    world.at("2026-06-15")
    assert (now(world), world.get(PARTIES, "uu").planned) == ("withdrawn", ())
    world.at("2026-07-15")
    assert now(world) == "withdrawn"


def test_t02_plans_are_bounded(world: World) -> None:
    turns = ("suspended", "active")
    for place in range(MAX_PLANNED):
        world.do("party_status", to(turns[place % 2], f"2026-04-{place + 1:02}"), *TWO_THIRDS)
    world.refused("E_VALUE", "party_status", to("suspended", "2026-05-01"), *TWO_THIRDS)
    assert MAX_AHEAD_DAYS == 3660
    world.refused("E_VALUE", "party_status", to("suspended", "2036-03-10", "um"), *TWO_THIRDS)
    world.do("party_status", to("suspended", "2036-03-09", "um"), *TWO_THIRDS)


def test_t02_weighs_eight(world: World) -> None:
    before = world.execution.weight
    world.do("party_status", to("suspended"), *TWO_THIRDS)
    assert world.execution.weight - before == 40 + 8


def test_t02_only_the_planned_party_is_touched_when_it_falls_due(world: World) -> None:
    world.do("party_status", to("suspended", "2026-04-01"), *TWO_THIRDS)
    ctx = Context(state=world.execution._view, network=b"", height=9, time=world.time + 40 * 86_400)
    before = set(ctx.state.changes())
    assert work_off(ctx) >= 1
    assert world.get(PARTIES, "uu").status == "suspended"
    assert {key.split(b"/")[0] for key in set(ctx.state.changes()) - before} <= {b"party"}


# ---- what follows ------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["suspended", "withdrawn"])
def test_t02_cannot_issue_or_recognise_but_revoke_and_reverse(status: Any) -> None:
    world, batch = exchange()
    world.do(*world.use("r1", "n1", "a1", [batch[0]], "2/1"))
    world.do("party_status", to(status, "2026-04-05"), *TWO_THIRDS)
    world.do("party_status", to(status, "2026-04-05", "bcb"), "moe-cn governance")
    more = world.issue_body(world.terms_of("uu-ds"), IssuedBatch.make("more", 12))
    world.refused("E_PARTY_STATUS", "credential_issue", more, "uu issuance")
    world.refused("E_PARTY_STATUS", *world.use("r2", "n1", "a1", [batch[1]], "2/1"))
    world.reverse("r1", "bcb registrar")
    revoke = world.status(batch, "revoke", (2, 3), effect="reverse")
    others = [f"{party} governance" for party in ("hnrail", "suny", "um", "uom")]
    signers = ["uu registrar", "uu quality"] if status == "suspended" else others
    world.do("credential_status", revoke, *signers)


def test_t02_edges_of_a_suspended_sender_are_frozen_and_thaw() -> None:
    world, batch = exchange()
    world.do("party_status", to("suspended", "2026-04-05"), *TWO_THIRDS)
    world.refused("E_AGREEMENT_NOT_ACTIVE", *world.use("r1", "n1", "a1", [batch[0]], "2/1"))
    world.do("party_status", to("active", "2026-04-05"), *TWO_THIRDS)
    world.do(*world.use("r1", "n1", "a1", [batch[0]], "2/1"))


def test_t02_what_a_withdrawn_party_issued_stays_good() -> None:
    world, batch = exchange()
    world.do("party_status", to("withdrawn", "2026-04-05"), *TWO_THIRDS)
    world.do(*world.use("r1", "n1", "a1", [batch[0]], "2/1"))


def test_t02_a_suspended_agency_is_competent_for_nothing(world: World) -> None:
    world.launch(terms())
    world.do("party_status", to("suspended", party="nvao"), *TWO_THIRDS)
    halt = ProgrammeStatusBody(programme="uu-ds", status="suspended", reason="quality")
    world.refused("E_PARTY_STATUS", "programme_status", halt, "nvao quality")


def test_t02_a_suspended_regulator_does_not_spoil_what_others_may_sign(world: World) -> None:
    world.do("party_status", to("suspended", party="moe-cn"), *TWO_THIRDS)
    list_terms = ListTerms(list_id="fields-cn", version=1, owner="CN", entries=(ListEntry(code="x"),))
    body = ListDefine(terms=list_terms)
    world.refused("E_PARTY_STATUS", "list_define", body, "moe-cn governance")
    world.do("list_define", body, *TWO_THIRDS, "moe-cn governance")


def test_t02_a_suspended_validator_does_not_spoil_two_thirds(world: World) -> None:
    world.do("party_status", to("suspended", party="bcb"), *TWO_THIRDS)
    body: PartyRegister = party_body("new-u", "NL-UT", "university", network=NETWORK)
    world.refused("E_PARTY_STATUS", "party_register", body, *TWO_THIRDS)
    world.do("party_register", body, *TWO_THIRDS, "uu governance")
