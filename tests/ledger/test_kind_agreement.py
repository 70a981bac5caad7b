"""T22 agreement_propose, T23 agreement_sign, T25 agreement_terminate, and the life of an agreement by date."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from accord_ledger import calendar
from accord_ledger.domain.kinds.agreement import ProposeBody, TerminateBody
from accord_ledger.domain.kinds.policy import PolicySet
from accord_ledger.domain.model.agreement import (
    AGREEMENT_TERMS,
    AGREEMENT_VERSIONS,
    AGREEMENTS,
    RATIO_NODES,
    RATIO_SIZE,
    AgreementTerms,
    Caps,
    RatioSize,
    Scope,
)
from accord_ledger.domain.model.framework import Framework, FrameworkTerms
from accord_ledger.domain.model.parameters import Parameters
from accord_ledger.domain.pipeline import prepare
from accord_ledger.errors import Rejection
from domain_alliance import TWO_THIRDS
from exchange_world import Exchange, agreement, fixed, hours

PROPOSE, SIGN, END = "agreement_propose", "agreement_sign", "agreement_terminate"
UU = "uu agreements"
BCB = "bcb agreements"


def a1(**changes: Any) -> AgreementTerms:
    """uu to bcb, 28 to 40 hours."""
    return agreement("uu", "bcb", hours(), **changes)


def world_at(date: str = "2026-03-10") -> Exchange:
    """The alliance on a day."""
    world = Exchange()
    world.at(date)
    return world


def refuse(world: Exchange, code: str, proposed: AgreementTerms, by: str = UU) -> Any:
    """A proposal refused."""
    return world.refused(code, PROPOSE, ProposeBody(agreement_id="a1", terms=proposed), by)


def test_t22_stores_a_draft() -> None:
    world = world_at()
    before = world.execution.weight
    world.propose("a1", a1())
    assert world.execution.weight - before == 10 + 16 + 2 + 2
    assert world.get(AGREEMENTS, "a1").status == "draft"
    version = world.get(AGREEMENT_VERSIONS, "a1", 1)
    assert (version.stage, version.run_off_days, version.signatures) == ("draft", 365, ())
    assert world.get(AGREEMENT_TERMS, "a1", 1) == a1()


def test_t22_is_for_a_party_to_it_under_a_fresh_id() -> None:
    world = world_at()
    refuse(world, "E_SIG_MISSING", a1(), "uom agreements")
    refuse(world, "E_SIG_MISSING", a1(), "uu registrar")
    world.propose("a1", a1(), by="bcb")
    refuse(world, "E_DUPLICATE", a1())


@pytest.mark.parametrize(
    "changes",
    [
        {"senders": ("uu", "nobody")},
        {"rules": (hours(cosigners=("nobody",)),)},
        {"rules": (hours("nobody"),)},
        {"rules": (hours(target="nobody"),)},
        {"scope": Scope(programmes=("nobody",))},
    ],
)
def test_t22_unknown_names(changes: dict[str, Any]) -> None:
    proposed = replace(a1(), **changes)
    refuse(world_at(), "E_UNKNOWN_REF", replace(proposed, senders=tuple(sorted(proposed.senders))))


def test_t22_only_universities_and_credit_banks_receive() -> None:
    refuse(world_at(), "E_ROLE", agreement("uu", "cisco-my", hours()))


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        (hours("uom"), "E_NO_HOURS"),
        (hours(target="uom"), "E_NO_HOURS"),
        (hours(pins="24/1 40/1"), "E_PIN_OUTSIDE_FRAMEWORK"),
        (hours("ects", pins="31/1 40/1"), "E_PIN_OUTSIDE_FRAMEWORK"),
        (hours(pins="28/1 41/1"), "E_PIN_OUTSIDE_FRAMEWORK"),
        (hours(target="cn-hvc", pins="28/1 16/1"), "E_HOUR_KIND"),
    ],
)
def test_t22_hours(rule: Any, code: str) -> None:
    refuse(world_at(), code, agreement("uu", "bcb", rule))


def test_t22_one_code_after_the_other_over_all_rules() -> None:
    pin, no_hours = hours(pins="24/1 40/1"), hours("uom", rule_id="second")
    refuse(world_at(), "E_NO_HOURS", agreement("uu", "bcb", pin, no_hours, notice_days=1))
    unlike = hours(target="cn-hvc", pins="28/1 16/1", rule_id="second")
    refuse(world_at(), "E_PIN_OUTSIDE_FRAMEWORK", agreement("uu", "bcb", unlike, replace(pin, rule_id="x")))
    refuse(world_at(), "E_HOUR_KIND", agreement("uu", "bcb", unlike, notice_days=1))


def test_t22_notice_of_at_least_90_days() -> None:
    refuse(world_at(), "E_NOTICE", a1(notice_days=89))
    world_at().propose("a1", a1(notice_days=90))


def test_t22_can_be_signed_for_up_to_90_days() -> None:
    world = world_at()
    refuse(world, "E_SIGN_BY_PASSED", a1(sign_by=world.time))
    refuse(world, "E_RANGE", a1(sign_by=world.time + 90 * calendar.DAY + 1))
    world.propose("a1", a1(sign_by=world.time + 90 * calendar.DAY))


@pytest.mark.parametrize(
    "changes",
    [
        {"senders": ("uu", "uom")},
        {"receivers": ("bcb", "bcb")},
        {"self_pairs": ("uu",)},
        {"senders": ("bcb",)},
        {"valid_to": "2026-02-28"},
        {"valid_to": "2026-02-28", "sign_by": 0},
        {"scope": Scope(categories=("vocational_skill", "interest"))},
        {"trust_registries": ("TEQSA", "EQAR")},
        {"valid_to": "2026-03-20", "sign_by": calendar.midnight(calendar.parse_date("2026-03-22"))},
        {"honour_days": 5},
        {"on_programme_withdrawal": "honour_days"},
        {"caps": Caps(per_award="11/10")},
        {"caps": Caps(per_class={"prior": "11/10"})},
        {"scope": Scope(levels=(5, 4))},
        {"rules": (hours(), hours())},
        {"rules": (fixed("0/1"),)},
        {"rules": (fixed(requires_grade="70/1"),)},
        {"rules": (hours(requires_grade="70/1"),)},
        {"rules": (fixed(cosigners=("uu", "bcb")),)},
    ],
)
def test_t22_values(changes: dict[str, Any]) -> None:
    refuse(world_at(), "E_VALUE", replace(a1(), **changes))


@pytest.mark.parametrize("rule", [fixed("2/4"), hours(pins="28 40/1"), hours(pins="28/1 40")])
def test_t22_numbers_are_refused_without_any_state(rule: Any) -> None:
    world = world_at()
    body = ProposeBody(agreement_id="a1", terms=agreement("uu", "bcb", rule))
    with pytest.raises(Rejection) as caught:
        prepare(world.entry(PROPOSE, body, UU))
    assert caught.value.code == "E_NUMBER"


def test_t22_no_hours_are_no_pin_even_where_a_framework_begins_at_none() -> None:
    terms = FrameworkTerms(
        framework_id="zero", version=1, country="alliance", unit={"en": "credit"}, hour_kind="notional",
        hours_min="0/1", hours_max="40/1", quantum="1/1",
    )  # fmt: skip
    zero = Framework(terms=terms, root=("zero", 1))
    with pytest.raises(Rejection) as caught:
        hours(pins="28/1 0/1").check_pins(zero, zero, "rule")
    assert caught.value.code == "E_PIN_OUTSIDE_FRAMEWORK"


def test_t23_active_on_the_last_signature() -> None:
    world = world_at()
    world.propose("a1", a1())
    world.do(SIGN, world.sign_body("a1", a1()), UU)
    assert world.get(AGREEMENTS, "a1").status == "draft"
    before = world.execution.weight
    world.do(SIGN, world.sign_body("a1", a1()), BCB)
    assert world.execution.weight - before == 10 + 16 + 2 + 4  # one rule, two nodes, two edges
    assert (world.get(AGREEMENTS, "a1").status, world.get(AGREEMENTS, "a1").current) == ("active", 1)
    version = world.get(AGREEMENT_VERSIONS, "a1", 1)
    assert [signature.party for signature in version.signatures] == ["bcb", "uu"]
    assert (version.stage, version.activated_at) == ("active", world.time)


def test_t23_cosigners_sign_too_and_several_may_sign_at_once() -> None:
    world = world_at()
    proposed = agreement("uu", "bcb", hours(cosigners=("crrc-eval",)))
    world.propose("a1", proposed)
    body = world.sign_body("a1", proposed, "bcb", "uu")
    world.refused("E_SIG_MISSING", SIGN, body, BCB)
    world.do(SIGN, body, BCB, UU)
    assert world.get(AGREEMENTS, "a1").status == "draft"
    world.do(SIGN, world.sign_body("a1", proposed), "crrc-eval agreements")
    assert world.get(AGREEMENTS, "a1").status == "active"


def test_t23_refusals_of_who_and_what() -> None:
    world = world_at()
    world.propose("a1", a1())
    sign = world.sign_body("a1", a1())
    world.refused("E_UNKNOWN_REF", SIGN, replace(sign, agreement=("a1", 2)), UU)
    world.refused("E_SIG_MISSING", SIGN, sign, "uu registrar")
    world.refused("E_ROLE", SIGN, sign, "uom agreements")
    world.refused("E_TERMS_HASH", SIGN, replace(sign, terms_hash=b"\x00" * 32), UU)
    world.refused("E_VALUE", SIGN, replace(sign, parties=("uu", "bcb")), UU, BCB)
    world.do(SIGN, sign, UU)
    world.refused("E_STATE", SIGN, sign, UU)
    world.do(SIGN, sign, BCB)
    world.refused("E_STATE", SIGN, sign, BCB)


def test_t23_a_suspended_party_cannot_sign() -> None:
    world = world_at()
    world.propose("a1", a1())
    world.set_party("uu", "suspended")
    world.refused("E_PARTY_STATUS", SIGN, world.sign_body("a1", a1()), UU)


def test_t23_a_draft_lapses_at_sign_by() -> None:
    world = world_at("2026-03-30")
    world.propose("a1", a1())
    world.do(SIGN, world.sign_body("a1", a1()), UU)
    world.at("2026-03-31")
    assert world.get(AGREEMENTS, "a1").status == "lapsed"
    assert world.get(AGREEMENT_TERMS, "a1", 1) is None
    world.refused("E_SIGN_BY_PASSED", SIGN, world.sign_body("a1", a1()), BCB)
    refuse(world, "E_DUPLICATE", a1(sign_by=world.time + 1))


def test_t23_the_date_counts_even_while_the_due_queue_is_behind() -> None:
    world = world_at("2026-03-29")
    world.do("policy_set", PolicySet(parameters=Parameters(version=2, max_due_per_block=16)), *TWO_THIRDS)
    for number in range(17):
        world.propose(f"a{number}", a1())
    world.at("2026-03-31")
    assert world.get(AGREEMENTS, "a15").status == "lapsed"
    assert world.get(AGREEMENTS, "a16").status == "draft"
    world.refused("E_SIGN_BY_PASSED", SIGN, world.sign_body("a16", a1()), BCB)


def test_t23_inflation_is_refused_with_the_cycle() -> None:
    world = world_at()
    world.agree("a1", a1())
    back = agreement("bcb", "uu", hours("cn-mc", "ects", "40/1 25/1"))
    world.propose("back", back)
    world.do(SIGN, world.sign_body("back", back), BCB)
    refused = world.refused("E_CYCLE_INFLATION", SIGN, world.sign_body("back", back), UU)
    assert "bcb/cn-mc" in refused.detail
    assert "28/25" in refused.detail
    world.agree("even", agreement("bcb", "uu", hours("cn-mc", "nl-ects", "40/1 28/1")))


def test_t23_inflation_through_a_third_party() -> None:
    world = world_at()
    world.agree("ab", agreement("uu", "um", fixed("3/5", target="mqf")))
    world.agree("bc", agreement("um", "bcb", fixed("8/9", "mqf")))
    last = agreement("bcb", "uu", fixed("2/1", "cn-mc", "ects"))
    world.propose("ca", last)
    world.do(SIGN, world.sign_body("ca", last), UU)
    assert "16/15" in world.refused("E_CYCLE_INFLATION", SIGN, world.sign_body("ca", last), BCB).detail


def test_t23_policy_warn_lets_inflation_through() -> None:
    world = world_at()
    world.do("policy_set", PolicySet(parameters=Parameters(version=2, cycle_policy="warn")), *TWO_THIRDS)
    world.at("2026-03-11")
    world.agree("a1", a1())
    back = agreement("bcb", "uu", hours("cn-mc", "ects", "40/1 25/1"))
    world.propose("back", back)
    world.do(SIGN, world.sign_body("back", back), BCB)
    assert world.do(SIGN, world.sign_body("back", back), UU).warnings == ("W_CYCLE_INFLATION",)


def test_t25_terminates_with_run_off_and_end() -> None:
    world = world_at()
    world.agree("a1", a1())
    world.at("2026-07-01")
    world.do(END, TerminateBody(agreement_id="a1", effective_date="2026-12-28"), UU)
    assert world.get(AGREEMENTS, "a1").status == "terminating"
    assert world.get(AGREEMENTS, "a1").notice.height == world.version.height + 1
    for day, status in (
        ("2026-12-27", "terminating"),
        ("2026-12-28", "run_off"),
        ("2027-12-27", "run_off"),
        ("2027-12-28", "ended"),
        ("2031-01-01", "ended"),
    ):
        world.at(day)
        assert world.get(AGREEMENTS, "a1").status == status, day
    assert world.get(RATIO_SIZE) == RatioSize()
    assert world.get(RATIO_NODES, "uu", "ects") is None


def test_t25_refusals() -> None:
    world = world_at()
    body = TerminateBody(agreement_id="a1", effective_date="2026-09-06")
    world.refused("E_UNKNOWN_REF", END, body, UU)
    world.propose("a1", a1())
    world.refused("E_STATE", END, body, UU)
    for signer in (UU, BCB):
        world.do(SIGN, world.sign_body("a1", a1()), signer)
    world.refused("E_ROLE", END, body, "uom agreements")
    world.refused("E_SIG_MISSING", END, body, "uu registrar")
    world.refused("E_NOTICE", END, replace(body, effective_date="2026-09-05"), UU)
    world.do(END, body, UU)
    world.refused("E_STATE", END, body, BCB)
    world.refused("E_SCHEMA", END, replace(body, effective_date="2026-02-30"), BCB)


def test_t25_expiry_has_the_same_run_off() -> None:
    world = world_at()
    world.agree("a1", a1(valid_to="2026-12-31", run_off_days=31))
    for day, status in (
        ("2026-12-31", "active"),
        ("2027-01-01", "expired"),
        ("2027-01-31", "expired"),
        ("2027-02-01", "ended"),
    ):
        world.at(day)
        assert world.get(AGREEMENTS, "a1").status == status, day
    world.refused("E_STATE", END, TerminateBody(agreement_id="a1", effective_date="2028-01-01"), UU)


def test_t25_a_notice_beyond_valid_to_changes_nothing() -> None:
    world = world_at()
    world.agree("a1", a1(valid_to="2026-12-31", run_off_days=0))
    world.do(END, TerminateBody(agreement_id="a1", effective_date="2027-06-01"), UU)
    world.at("2027-01-01")
    assert world.get(AGREEMENTS, "a1").status == "ended"
    world.at("2027-06-01")
    assert world.get(AGREEMENTS, "a1").status == "ended"


def test_graph_run_off_edges_still_count() -> None:
    world = world_at()
    world.agree("a1", a1())
    world.agree("other", agreement("uu", "um", fixed(target="mqf")))
    world.do(END, TerminateBody(agreement_id="a1", effective_date="2026-09-06"), UU)
    world.at("2026-09-07")
    back = agreement("bcb", "uu", hours("cn-mc", "ects", "40/1 25/1"), sign_by=world.time + 60)
    world.propose("back", back)
    world.do(SIGN, world.sign_body("back", back), BCB)
    world.refused("E_CYCLE_INFLATION", SIGN, world.sign_body("back", back), UU)
    world.at("2027-09-06")
    world.agree("again", replace(back, sign_by=world.time + 60))
    assert world.get(RATIO_NODES, "uu", "ects").leaving == (("other", 1),)
