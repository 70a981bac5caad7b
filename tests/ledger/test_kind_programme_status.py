"""T14 programme_status: who may, from where to where, and what stays known of it."""

from __future__ import annotations

from typing import Literal

import pytest

from accord_ledger.domain.context import Context
from accord_ledger.domain.kinds.accreditation import RegistryEntryBody
from accord_ledger.domain.kinds.programme_status import ProgrammeStatusBody
from accord_ledger.domain.model.programme import PROGRAMME_HEADS, PROGRAMME_STATUS_ARCHIVE, ProgrammeHead
from accord_ledger.domain.programme_life import MAX_STATUS_HISTORY, change_programme_status
from accord_ledger.domain.standing import programme_status_at
from domain_alliance import TWO_THIRDS
from domain_world import World, terms
from exchange_world import IssuedBatch, exchange

Status = Literal["active", "paused", "suspended", "retired"]


@pytest.fixture
def world() -> World:
    world = World()
    world.launch(terms())
    return world


def to(status: Status, reason: str = "other", programme: str = "uu-ds") -> ProgrammeStatusBody:
    return ProgrammeStatusBody(programme=programme, status=status, reason=reason)


def status(world: World) -> str | None:
    head: ProgrammeHead = world.get(PROGRAMME_HEADS, "uu-ds")
    return head.status


def test_t14_the_issuer_pauses_resumes_and_retires(world: World) -> None:
    for wanted in ("paused", "active", "retired", "active"):
        world.do(
            "programme_status", ProgrammeStatusBody(programme="uu-ds", status=wanted, reason="other"), "uu"
        )
        assert status(world) == wanted


def test_t14_a_pause_for_budget_is_remembered_with_its_time(world: World) -> None:
    start = world.time
    world.at("2026-04-01").do("programme_status", to("paused", "budget"), "uu")
    paused = world.time
    world.at("2026-05-01").do("programme_status", to("active", "remedied"), "uu")
    head: ProgrammeHead = world.get(PROGRAMME_HEADS, "uu-ds")
    assert [(change.status, change.reason) for change in head.history] == [
        ("active", None),
        ("paused", "budget"),
        ("active", "remedied"),
    ]
    assert programme_status_at(head, start) == programme_status_at(head, paused - 1) == "active"
    assert programme_status_at(head, paused) == programme_status_at(head, world.time - 1) == "paused"


def test_t14_agency_or_authority_suspends_and_lifts(world: World) -> None:
    world.refused("E_SIG_MISSING", "programme_status", to("suspended"), "uu")
    world.do("programme_status", to("suspended"), "nvao quality")
    world.refused("E_SIG_MISSING", "programme_status", to("active"), "uu")
    world.do("programme_status", to("active"), *TWO_THIRDS)


def test_t14_only_a_competent_agency(world: World) -> None:
    for agency in ("mqa quality", "uu quality", "nvao"):
        world.refused("E_SIG_MISSING", "programme_status", to("suspended"), agency)
    end = RegistryEntryBody(agency="nvao", registry="EQAR", ended_on="2026-03-01")
    world.do("registry_entry", end, *TWO_THIRDS)
    world.refused("E_SIG_MISSING", "programme_status", to("suspended"), "nvao quality")


def test_t14_the_issuer_cannot_slip_out_of_a_suspension(world: World) -> None:
    world.do("programme_status", to("suspended"), "nvao quality")
    for wanted in (to("paused"), to("retired")):
        world.refused("E_STATE", "programme_status", wanted, "uu")


@pytest.mark.parametrize(
    ("first", "then", "signer"),
    [("paused", "paused", "uu"), ("retired", "paused", "uu"), ("retired", "suspended", "nvao quality")],
)
def test_t14_steps_there_are_not(world: World, first: Status, then: Status, signer: str) -> None:
    world.do("programme_status", to(first), "uu")
    world.refused("E_STATE", "programme_status", to(then), signer)


def test_t14_not_before_activation_and_not_after_withdrawal(world: World) -> None:
    world.register(terms("uu-2"))
    world.refused("E_STATE", "programme_status", to("paused", programme="uu-2"), "uu")
    world.refused("E_UNKNOWN_REF", "programme_status", to("paused", programme="uu-3"), "uu")
    withdraw(world)
    for wanted in (to("active"), to("paused"), to("retired")):
        world.refused("E_STATE", "programme_status", wanted, "uu")
    world.refused("E_STATE", "programme_status", to("suspended"), "nvao quality")


def withdraw(world: World) -> None:
    ctx = Context(state=world.execution._view, network=b"", height=1, time=world.time)
    change_programme_status(ctx, "uu-ds", "withdrawn")
    with pytest.raises(ValueError, match="withdrawn for good"):
        change_programme_status(ctx, "uu-ds", "active")


def test_t14_reasons_are_closed(world: World) -> None:
    world.refused("E_REASON", "programme_status", to("paused", "quality"), "uu")
    world.refused("E_STATE", "programme_status", to("active", "nonsense"), "uu")
    world.refused("E_REASON", "programme_status", to("suspended", "budget"), "nvao quality")


def test_t14_old_statuses_move_to_rows_of_their_own(world: World) -> None:
    for turn in range(MAX_STATUS_HISTORY + 2):
        world.at("2026-03-02", seconds=turn)
        world.do("programme_status", to("active" if turn % 2 else "paused"), "uu")
    head: ProgrammeHead = world.get(PROGRAMME_HEADS, "uu-ds")
    assert (len(head.history), head.archived) == (MAX_STATUS_HISTORY, 3)
    assert [world.get(PROGRAMME_STATUS_ARCHIVE, "uu-ds", place).status for place in range(3)] == [
        "active",
        "paused",
        "active",
    ]


def test_t14_row_u9_paused_for_budget_nothing_is_issued_but_recognition_goes_on() -> None:
    world, batch = exchange()
    world.do("programme_status", to("paused", "budget"), "uu")
    more = world.issue_body(world.terms_of("uu-ds"), IssuedBatch.make("more", 12))
    world.refused("E_PROGRAMME_STATUS", "credential_issue", more, "uu issuance")
    world.do(*world.use("r1", "n1", "a1", [batch[0]], "2/1"))


def test_t14_the_regulator_of_the_issuers_country_suspends_and_lifts() -> None:
    world = World()
    world.launch(terms("bj-ds", "bjou"))
    halt, lift = to("suspended", programme="bj-ds"), to("active", programme="bj-ds")
    world.do("programme_status", halt, "moe-cn governance")
    world.do("programme_status", lift, "cn-qa quality")
    world.do("programme_status", to("paused", programme="bj-ds"), "bjou")
    world.do("programme_status", halt, "cn-qa quality")
    world.refused("E_SIG_MISSING", "programme_status", lift, "bjou")
    world.do("programme_status", lift, "moe-cn governance")


@pytest.mark.parametrize("signer", ["nvao quality", "moe-cn governance", "uu registrar", "um"])
def test_t14_only_the_issuer_pauses_and_retires(world: World, signer: str) -> None:
    for wanted in ("paused", "retired"):
        body = ProgrammeStatusBody(programme="uu-ds", status=wanted, reason="other")
        world.refused("E_SIG_MISSING", "programme_status", body, signer)


def test_t14_holds_for_all_versions_and_weighs_eight(world: World) -> None:
    world.launch(terms(version=2))
    before = world.execution.weight
    world.do("programme_status", to("suspended"), "nvao quality")
    assert world.execution.weight - before == 10 + 8
    assert status(world) == "suspended"
    world.launch(terms(version=3))
    assert status(world) == "suspended"
