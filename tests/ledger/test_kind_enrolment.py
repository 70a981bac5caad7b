"""T26 enrolment_open and enrolment_close."""

from __future__ import annotations

from msgspec.structs import replace

from accord_ledger.domain.kinds.enrolment import EnrolmentCloseBody, EnrolmentOpenBody
from accord_ledger.domain.kinds.programme_status import ProgrammeStatusBody
from accord_ledger.domain.model.account import Enrolment
from accord_ledger.domain.model.party import PARTIES
from domain_alliance import uid
from domain_world import ref, terms
from exchange_world import Exchange

OPEN, CLOSE = "enrolment_open", "enrolment_close"
BCB = "bcb registrar"


def ready() -> tuple[Exchange, EnrolmentOpenBody]:
    """bjou's award is active; bcb, of which bjou is a member, may open N1 for it."""
    world = Exchange()
    world.at("2026-03-02")
    return world, EnrolmentOpenBody(enrolment=uid("n1"), award=ref(world.award()))


def test_t26_opens_an_empty_account() -> None:
    world, body = ready()
    before = world.execution.weight
    world.do(OPEN, body, BCB)
    assert world.execution.weight - before == 10 + 8
    assert world.account("n1") == Enrolment(owner="bcb", award=("bjou-award", 1), opened_at=world.time)
    world.do(OPEN, replace(body, enrolment=uid("n2")), "bjou registrar")
    assert world.account("n2").owner == "bjou"


def test_t26_only_the_receiver_opens_it_once() -> None:
    world, body = ready()
    world.refused("E_SIG_MISSING", OPEN, body, "bcb agreements")
    world.refused("E_ROLE", OPEN, body, "crrc-eval registrar")
    world.do(OPEN, body, BCB)
    world.refused("E_DUPLICATE", OPEN, body, BCB)


def test_t26_the_award_is_known_and_of_the_receiver_or_a_member() -> None:
    world, body = ready()
    world.refused("E_UNKNOWN_REF", OPEN, replace(body, award=("bjou-award", 2)), BCB)
    world.refused("E_UNKNOWN_REF", OPEN, body, "hnrail registrar")
    world.offer(terms("bjou-al", "bjou", framework=("cn-mc", 1), total_hours="120/1", level=2))
    world.refused("E_UNKNOWN_REF", OPEN, replace(body, award=("bjou-al", 1)), BCB)


def test_t26_only_a_credit_bank_opens_for_its_members() -> None:
    world, body = ready()
    bjou = world.get(PARTIES, "bjou")
    world.view.put(PARTIES, replace(bjou, member_of=("bcb", "hnrail")), "bjou")
    world.refused("E_UNKNOWN_REF", OPEN, body, "hnrail registrar")
    world.do(OPEN, body, BCB)


def test_t26_the_award_is_active() -> None:
    world, body = ready()
    second = replace(world.terms_of("bjou-award"), version=2)
    world.register(second)
    world.refused("E_STATE", OPEN, replace(body, award=("bjou-award", 2)), BCB)
    paused = ProgrammeStatusBody(programme="bjou-award", status="paused", reason="budget")
    world.do("programme_status", paused, "bjou")
    world.refused("E_STATE", OPEN, body, BCB)


def test_t26_closes_once_by_its_owner() -> None:
    world, body = ready()
    close = EnrolmentCloseBody(enrolment=body.enrolment)
    world.refused("E_UNKNOWN_REF", CLOSE, close, BCB)
    world.do(OPEN, body, BCB)
    world.refused("E_UNKNOWN_REF", CLOSE, close, "bjou registrar")
    world.do(CLOSE, close, BCB)
    assert (world.account("n1").status, world.account("n1").closed_at) == ("closed", world.time)
    world.refused("E_STATE", CLOSE, close, BCB)
