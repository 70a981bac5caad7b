"""T24 agreement_amend, and which version counts for what (DOMAIN.md 2.5 stages 3 and 4, 2.10)."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from accord_ledger import calendar
from accord_ledger.domain.kinds.agreement import TerminateBody
from accord_ledger.domain.model.agreement import (
    AGREEMENT_TERMS,
    AGREEMENT_VERSIONS,
    AGREEMENTS,
    RATIO_SIZE,
    RECEIVER_AGREEMENTS,
)
from accord_ledger.domain.model.parameters import PARAMETERS, ParameterHead, Parameters
from agreement_world import (
    AMEND,
    JOIN,
    SIGN,
    amend,
    amendment,
    join,
    leave,
    multilateral,
    propose_amendment,
    sign,
    sign_all,
    signature,
)
from exchange_world import Exchange, agreement, exchange, fixed, holder_key, hours

UU, BCB = "uu agreements", "bcb agreements"
END = "agreement_terminate"


def test_t24_active_on_the_last_signature() -> None:
    world, _ = exchange()
    body = amendment(world, notice_days=100)
    before = world.execution.weight
    number = propose_amendment(world, body)
    assert (number, world.execution.weight - before) == (2, 10 + 16 + 2 + 2)
    assert world.get(AGREEMENTS, "a1").current == 1
    assert world.get(AGREEMENT_VERSIONS, "a1", 2).stage == "draft"
    sign(world, body, 2, "bcb")
    assert world.get(AGREEMENTS, "a1").current == 1
    before = world.execution.weight
    sign(world, body, 2, "uu")
    # one rule; two nodes, and the edges of both versions, since the first is what a run-off goes back to
    assert world.execution.weight - before == 10 + 16 + 2 + (2 + 4)
    assert (world.get(AGREEMENTS, "a1").status, world.get(AGREEMENTS, "a1").current) == ("active", 2)
    first, second = (world.get(AGREEMENT_VERSIONS, "a1", number) for number in (1, 2))
    assert (first.stage, first.superseded_at, first.superseded_height) == (
        "superseded",
        world.time,
        world.version.height + 1,
    )
    assert (second.stage, second.base, second.activated_at) == ("active", 1, world.time)


def test_t24_the_base_is_the_version_in_force() -> None:
    world, _ = exchange()
    body = amendment(world)
    world.refused("E_VERSION", AMEND, replace(body, base=2), UU)
    world.refused("E_UNKNOWN_REF", AMEND, replace(body, agreement_id="a2"), UU)
    world.propose("a2", agreement("uu", "bcb", hours(), sign_by=world.time + 60))
    world.refused("E_VERSION", AMEND, replace(body, agreement_id="a2"), UU)
    amend(world)
    world.refused("E_VERSION", AMEND, body, UU)


def test_t23_what_is_in_force_is_signed_no_more_also_by_who_joined_it_since() -> None:
    world, _ = multilateral()
    body = amendment(world)
    number = propose_amendment(world, body)
    sign_all(world, body, number)
    parties = [f"{name} agreements" for name in ("um", "uu", "uom", "bcb", "hnrail")]
    world.do(JOIN, join("um", version=number), *parties)
    draft = "expected a draft, got active"
    world.refused("E_STATE", SIGN, signature(world, body, number), "um agreements", detail=draft)


def test_t23_signing_again_weighs_as_one_signature_does() -> None:
    world, _ = exchange()
    body = amendment(world)
    sign_all(world, body, propose_amendment(world, body))
    parameters = Parameters(record_weight_max=10 + 16)
    world.execution._view.put(PARAMETERS, ParameterHead(newest=parameters, since=0))
    world.at("2026-04-06")
    world.refused("E_STATE", SIGN, signature(world, body, 2), UU)


def test_t24_is_for_a_party_to_it() -> None:
    world, _ = exchange()
    body = amendment(world, receivers=("bcb", "hnrail"))
    world.refused("E_SIG_MISSING", AMEND, body, "hnrail agreements")
    world.refused("E_SIG_MISSING", AMEND, body, "uu registrar")
    world.do(AMEND, body, BCB)


def test_t24_not_under_notice_nor_after_the_end() -> None:
    world, _ = exchange(valid_to="2026-12-31")
    world.do(END, TerminateBody(agreement_id="a1", effective_date="2026-10-02"), UU)
    world.refused("E_STATE", AMEND, amendment(world), UU)
    world, _ = exchange(valid_to="2026-12-31")
    world.at("2027-01-01")
    world.refused("E_STATE", AMEND, amendment(world, valid_to="2030-12-31"), UU)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"rules": ()}, "E_VALUE"),
        ({"accession": "3/2"}, "E_VALUE"),
        ({"senders": ("nobody", "uu")}, "E_UNKNOWN_REF"),
        ({"receivers": ("cisco-my",)}, "E_ROLE"),
        ({"rules": (hours("uom"),)}, "E_NO_HOURS"),
        ({"rules": (hours(pins="24/1 40/1"),)}, "E_PIN_OUTSIDE_FRAMEWORK"),
        ({"rules": (hours(target="cn-hvc", pins="28/1 16/1"),)}, "E_HOUR_KIND"),
        ({"notice_days": 89}, "E_NOTICE"),
        ({"sign_by": calendar.midnight(calendar.parse_date("2026-04-04"))}, "E_SIGN_BY_PASSED"),
        ({"sign_by": calendar.midnight(calendar.parse_date("2026-08-04"))}, "E_RANGE"),
    ],
)
def test_t24_says_what_t22_says(changes: dict[str, Any], code: str) -> None:
    world, _ = exchange()
    world.refused(code, AMEND, amendment(world, **changes), UU)


def test_t24_nobody_is_amended_out_without_a_signature() -> None:
    world, _ = multilateral("uu")
    body = amendment(world, receivers=("bcb",))
    number = propose_amendment(world, body)
    sign_all(world, body, number)
    assert world.get(AGREEMENTS, "a1").current == 1
    world.refused("E_ROLE", SIGN, signature(world, body, number), "uom agreements")
    sign(world, body, number, "hnrail")
    assert world.get(AGREEMENTS, "a1").current == 2


def test_t24_of_two_drafts_the_first_to_be_signed_wins() -> None:
    world, _ = exchange()
    one, two = amendment(world, notice_days=100), amendment(world, notice_days=120)
    assert [propose_amendment(world, body) for body in (one, two)] == [2, 3]
    sign(world, one, 2, "uu")
    sign_all(world, two, 3)
    assert world.get(AGREEMENTS, "a1").current == 3
    world.refused("E_STATE", SIGN, signature(world, one, 2), BCB)
    assert propose_amendment(world, amendment(world, base=3)) == 4


def test_t24_a_draft_that_lapses_takes_its_number_along() -> None:
    world, _ = exchange()
    body = amendment(world)
    propose_amendment(world, body)
    world.at("2026-04-06")
    assert world.get(AGREEMENT_VERSIONS, "a1", 2).stage == "lapsed"
    assert world.get(AGREEMENT_TERMS, "a1", 2) is None
    assert (world.get(AGREEMENTS, "a1").status, world.get(AGREEMENTS, "a1").current) == ("active", 1)
    world.refused("E_SIGN_BY_PASSED", SIGN, signature(world, body, 2), UU)
    assert amend(world) == 3


def test_t24_not_signed_to_the_end_once_notice_is_given() -> None:
    world, _ = exchange()
    body = amendment(world)
    propose_amendment(world, body)
    sign(world, body, 2, "uu")
    world.do(END, TerminateBody(agreement_id="a1", effective_date="2026-10-02"), UU)
    world.refused("E_STATE", SIGN, signature(world, body, 2), BCB)


def test_t24_a_leaving_party_is_not_named_again_before_its_run_off_is_over() -> None:
    world, _ = multilateral("uu", run_off_days=0)
    draft = amendment(world)
    propose_amendment(world, draft)
    sign(world, draft, 2, "uu")
    sign(world, draft, 2, "hnrail")
    leave(world, "hnrail", "2026-10-02")
    world.refused("E_STATE", SIGN, signature(world, draft, 2), BCB)
    world.refused("E_STATE", AMEND, amendment(world), UU)
    world.at("2026-10-02")
    assert amend(world, notice_days=90) == 3
    leave(world, "hnrail", "2027-01-01")


def test_t24_cycle_check_with_the_last_signature() -> None:
    world, _ = exchange()
    world.agree(
        "back", agreement("bcb", "uu", hours("cn-mc", "nl-ects", "40/1 28/1"), sign_by=world.time + 60)
    )
    body = amendment(world, rules=(fixed("4/5"),))
    propose_amendment(world, body)
    sign(world, body, 2, "uu")
    refused = world.refused("E_CYCLE_INFLATION", SIGN, signature(world, body, 2), BCB)
    assert "8/7" in refused.detail


def test_t24_the_version_before_stays_on_the_graph() -> None:
    """In a run-off it would count again, so a way back that only fits the new version is refused."""
    world, _ = exchange()
    amend(world, rules=(fixed("1/2"),))
    back = agreement("bcb", "uu", fixed("2/1", "cn-mc", "nl-ects"), sign_by=world.time + 60)
    world.propose("back", back)
    world.do(SIGN, world.sign_body("back", back), BCB)
    assert "7/5" in world.refused("E_CYCLE_INFLATION", SIGN, world.sign_body("back", back), UU).detail


def two_versions(**changes: Any) -> tuple[Exchange, Any, Any]:
    """``a1`` by hours 28/40, amended on 2026-08-03 to 1/1; a batch issued before, one after."""
    world, first = exchange(run_off_days=365, valid_to="2027-06-30")
    world.at("2026-08-03")
    amend(world, rules=(fixed("1/1", rule_id="hours"),), **changes)
    second = world.issue_more("2026-08-31", "2026-09-01")
    return world, first, second


def test_amended_the_version_in_force_counts_whenever_it_was_issued() -> None:
    world, first, second = two_versions()
    world.do(*world.use("r1", "n1", "a1", [first[0]], "3/1", agreement=("a1", 2)))
    world.do(*world.use("r2", "n1", "a1", [second[0]], "3/1", agreement=("a1", 2)))
    for batch in (first, second):
        world.refused("E_AGREEMENT_ENDED", *world.use("r3", "n1", "a1", [batch[1]], "2/1"))


def test_amended_with_grandfather_the_holder_may_choose_what_was_issued_under_the_old_terms() -> None:
    world, first, second = two_versions(grandfather=True)
    world.do(*world.use("r1", "n1", "a1", [first[0]], "2/1"))
    world.do(*world.use("r2", "n1", "a1", [first[1]], "3/1", agreement=("a1", 2)))
    world.refused("E_AGREEMENT_ENDED", *world.use("r3", "n1", "a1", [second[0]], "2/1"))
    world.refused("E_AGREEMENT_ENDED", *world.use("r3", "n1", "a1", [first[2], second[0]], "4/1"))


def test_amended_the_terms_in_force_say_whether_there_is_a_choice() -> None:
    world, first, _ = two_versions(grandfather=True)
    amend(world, base=2, grandfather=False)
    world.refused("E_AGREEMENT_ENDED", *world.use("r1", "n1", "a1", [first[0]], "2/1"))
    amend(world, base=3, grandfather=True)
    world.do(*world.use("r1", "n1", "a1", [first[0]], "2/1"))


@pytest.mark.parametrize("grandfather", [False, True])
def test_amended_in_run_off_every_credential_under_the_version_it_was_issued_under(
    grandfather: bool,
) -> None:
    world, first, second = two_versions(grandfather=grandfather)
    world.at("2027-07-01")
    assert world.get(AGREEMENTS, "a1").status == "expired"
    later = {"agreement": ("a1", 2)}
    world.refused("E_AGREEMENT_ENDED", *world.use("r1", "n1", "a1", [first[0]], "3/1", **later))
    world.refused("E_AGREEMENT_ENDED", *world.use("r1", "n1", "a1", [second[0]], "2/1"))
    world.do(*world.use("r1", "n1", "a1", [first[0]], "2/1"))
    world.do(*world.use("r2", "n1", "a1", [second[0]], "3/1", **later))
    world.at("2028-06-30")
    world.refused("E_AGREEMENT_ENDED", *world.use("r3", "n1", "a1", [first[1]], "2/1"))
    assert world.get(AGREEMENTS, "a1").status == "ended"
    assert world.get(RATIO_SIZE).edges == 0


def test_amended_the_block_of_activation_decides_what_was_issued_under_it() -> None:
    """Issued in the block of the last signature is issued under the new version, before it under the old."""
    world, _ = exchange()
    programme = world.terms_of("uu-ds")
    world.offer(programme, end="2026-04-20", launch=False)
    world.at("2026-04-21")
    amend(world, grandfather=True)
    same = world.issue(programme, 12, "same block", completed_to="2026-04-20")
    world.at("2026-04-22")
    world.refused("E_AGREEMENT_ENDED", *world.use("r1", "n1", "a1", [same[0]], "2/1"))
    world.do(*world.use("r1", "n1", "a1", [same[0]], "2/1", agreement=("a1", 2)))
    world.at("2031-01-01")
    world.refused("E_AGREEMENT_ENDED", *world.use("r2", "n1", "a1", [same[1]], "2/1"))
    world.do(*world.use("r2", "n1", "a1", [same[1]], "2/1", agreement=("a1", 2)))


def test_amended_before_valid_from_of_the_new_version_it_is_not_used() -> None:
    world, batch = exchange()
    amend(world, valid_from="2026-05-01")
    use = world.use("r1", "n1", "a1", [batch[0]], "2/1", agreement=("a1", 2))
    world.refused("E_AGREEMENT_NOT_ACTIVE", *use)
    world.at("2026-05-01")
    world.do(*use)


def test_amended_a_longer_term_outlives_the_first_end() -> None:
    world, batch = exchange(valid_to="2026-12-31", run_off_days=0)
    amend(world, valid_to="2027-12-31")
    world.at("2027-01-01")
    assert world.get(AGREEMENTS, "a1").status == "active"
    world.do(*world.use("r1", "n1", "a1", [batch[0]], "2/1", agreement=("a1", 2)))
    world.at("2028-01-01")
    assert world.get(AGREEMENTS, "a1").status == "ended"


def test_amended_several_times_all_versions_leave_the_graph_in_the_end() -> None:
    world, _ = exchange(valid_to="2026-12-31", run_off_days=10)
    for base in (1, 2, 3):
        amend(world, base=base)
    assert world.get(RATIO_SIZE).edges == 8
    world.at("2027-01-10")
    assert world.get(RATIO_SIZE).edges == 8
    world.at("2027-01-11")
    assert world.get(RATIO_SIZE).edges == world.get(RATIO_SIZE).nodes == 0
    assert world.get(RECEIVER_AGREEMENTS, "bcb", "a1") is None


def test_stage_3_says_that_the_run_off_is_over_before_stage_4_looks_at_items() -> None:
    world, batch = exchange(valid_to="2026-12-31", run_off_days=10)
    unknown = replace(batch[0], batch_id=b"\x01" * 16)
    use = world.use("r1", "n1", "a1", [unknown], "2/1", holders=(holder_key(batch.batch_id, 0),))
    world.at("2027-01-10")
    world.refused("E_UNKNOWN_REF", *use)
    world.at("2027-01-11")
    world.refused("E_AGREEMENT_ENDED", *use)
