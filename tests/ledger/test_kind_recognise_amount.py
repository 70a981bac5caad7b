"""T27 recognise, stages 8 to 11: courses, overlap, attestations, amounts and caps (DOMAIN.md 2.3, 2.5)."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from accord_ledger import rational
from accord_ledger.domain.kinds.profile import ProfileDefine
from accord_ledger.domain.model.account import AccountAgreement
from accord_ledger.domain.model.agreement import Caps
from accord_ledger.domain.model.framework import ProfileTerms
from domain_alliance import uid
from domain_world import terms
from exchange_world import Exchange, IssuedBatch, agreement, attest, exchange, fixed, hours

FIXED = {"rule": "fixed"}
CAPPED = Caps(per_class={"prior": "2/19"})
"""8 of 76 credits."""


def refuse(world: Exchange, code: str, use: Any, **changes: Any) -> Any:
    """A recognition refused, with other values in its body."""
    kind, body, *signers = use
    return world.refused(code, kind, replace(body, **changes), *signers)


def one_to_one(**changes: Any) -> tuple[Exchange, IssuedBatch]:
    """3 EC give 3 credits."""
    return exchange(rules=(fixed(**changes.pop("rule", {})),), **changes)


def test_t27_stage_8_courses_of_the_award() -> None:
    world, batch = one_to_one()
    use = world.use("r1", "n1", "a1", [batch[0]], "3/1", targets=("C1",), **FIXED)
    refuse(world, "E_UNKNOWN_REF", use, targets=("C9",))
    world.do(*use)
    assert world.account("n1").courses == {"C1": "3/1"}
    assert world.recognition("r1").targets == (("C1", "3/1"),)


def test_t27_stage_8_attested_grade() -> None:
    world, batch = one_to_one(rule={"requires_grade": "7/10"})
    items = [batch[0], batch[1]]
    use = world.use("r1", "n1", "a1", items, "6/1", attestations=attest(items), **FIXED)
    refuse(world, "E_ATTESTATION_MISSING", use, attestations=())
    refuse(world, "E_ATTESTATION_MISSING", use, attestations=attest(items)[:1])
    refuse(world, "E_ATTESTATION_MISSING", use, attestations=attest(items, "match"))
    swapped = tuple(replace(one, document=b"\x01" * 32) for one in attest(items))
    refuse(world, "E_PROOF", use, attestations=swapped)
    world.do(*use)


def test_t27_stage_8_an_attestation_nobody_asked_for_must_still_be_true() -> None:
    world, batch = one_to_one()
    false = (replace(attest([batch[0]])[0], document=b"\x01" * 32),)
    refuse(world, "E_PROOF", world.use("r1", "n1", "a1", [batch[0]], "3/1", attestations=false, **FIXED))


def decoupled(overlap: str) -> tuple[Exchange, IssuedBatch, IssuedBatch]:
    """An item cut from course C1 of um's award, and another one; both um to um at 1/1."""
    world = Exchange()
    world.at("2026-03-02")
    mqf: Any = {"framework": ("mqf", 1), "total_hours": "80/1", "credits": "2/1"}
    award = world.award("um", "128/1", "mqf", total_hours="5120/1")
    cut = world.offer(
        terms("um-m01", "um", form="decoupled", parent_course=("um-award", "C1"), overlap=overlap, **mqf)
    )
    plain = world.offer(terms("um-ne", "um", **mqf))
    world.enrol("n1", "um", award)
    world.agree("a1", agreement("um", "um", fixed(source="mqf", target="mqf"), self_pairs=("um",)))
    world.at("2026-04-01")
    return world, world.issue(cut), world.issue(plain)


def by_um(world: Exchange, name: str, batch: IssuedBatch, index: int, *targets: str) -> Any:
    """2 MQF at um."""
    return world.use(
        name, "n1", "a1", [batch[index]], "2/1", targets=targets, signers=("um registrar",), **FIXED
    )


@pytest.mark.parametrize("first", ["course", "item"])
def test_t27_stage_8_overlap_blocks_from_45_hundredths(first: str) -> None:
    world, cut, plain = decoupled("9/20")
    course, item = by_um(world, "r1", plain, 0, "C1"), by_um(world, "r2", cut, 0)
    world.do(*(course if first == "course" else item))
    refuse(world, "E_OVERLAP", item if first == "course" else course)


@pytest.mark.parametrize("first", ["course", "item"])
def test_t27_stage_8_less_overlap_warns(first: str) -> None:
    world, cut, plain = decoupled("11/25")
    course, item = by_um(world, "r1", plain, 0, "C1"), by_um(world, "r2", cut, 0)
    world.do(*(course if first == "course" else item))
    assert world.do(*(item if first == "course" else course)).warnings == ("W_OVERLAP",)


def test_t27_stage_8_no_overlap_is_not_warned_of() -> None:
    world, cut, plain = decoupled("0/1")
    world.do(*by_um(world, "r1", plain, 0, "C1"))
    assert world.do(*by_um(world, "r2", cut, 0)).warnings == ()


def test_t27_stage_8_a_course_of_another_award_is_no_parent() -> None:
    world, cut, plain = decoupled("1/1")
    other = replace(world.terms_of("um-award"), programme_id="um-other")
    world.enrol("n2", "um", world.launch(other))
    course, item = by_um(world, "r1", plain, 0, "C1"), by_um(world, "r2", cut, 0)
    world.do(course[0], replace(course[1], enrolment=uid("n2")), *course[2:])
    done = world.do(item[0], replace(item[1], enrolment=uid("n2")), *item[2:])
    assert (done.warnings, world.account("n2").parents) == ((), {})


def test_t27_stage_8_one_warning_for_all_items() -> None:
    world, cut, plain = decoupled("11/25")
    world.do(*by_um(world, "r1", plain, 0, "C1"))
    both = world.use("r2", "n1", "a1", [cut[0], cut[1]], "4/1", signers=("um registrar",), **FIXED)
    assert world.do(*both).warnings == ("W_OVERLAP",)


def test_t27_stage_8_an_item_may_count_for_its_own_parent_course() -> None:
    world, cut, plain = decoupled("1/1")
    world.do(*by_um(world, "r1", cut, 0, "C1"))
    world.do(*by_um(world, "r2", plain, 0, "C1"))
    assert world.account("n1").courses == {"C1": "4/1"}
    assert world.account("n1").parents == {}


def test_t27_stage_8_overlap_ends_with_the_recognition() -> None:
    world, cut, plain = decoupled("1/2")
    world.do(*by_um(world, "r1", cut, 0))
    assert world.account("n1").parents == {"C1": ("1/2",)}
    world.reverse("r1", "um registrar")
    assert world.account("n1").parents == {}
    world.do(*by_um(world, "r2", plain, 0, "C1"))


def test_t27_stage_9_nothing_for_nothing() -> None:
    world, batch = one_to_one(rule={"ratio": "1/7"})
    refuse(world, "E_ZERO_CREDIT", world.use("r1", "n1", "a1", [batch[0]], "0/1", **FIXED))


def test_t27_stage_9_the_claim_must_be_the_result() -> None:
    world, batch = exchange()
    for claimed in ("21/10", "3/2", "5/2", "0/1"):
        refuse(world, "E_AMOUNT", world.use("r1", "n1", "a1", [batch[0]], claimed))


def test_t27_stage_9_whole_courses_only() -> None:
    world, batch = one_to_one(rule={"atomic": True, "ratio": "4/3"})
    use = world.use("r1", "n1", "a1", [batch[0]], "4/1", **FIXED)
    refuse(world, "E_PARTIAL_COURSE", use)
    refuse(world, "E_PARTIAL_COURSE", use, targets=("C2",))
    refuse(world, "E_PARTIAL_COURSE", use, targets=("C1", "C2"))
    refuse(world, "E_PARTIAL_COURSE", use, claimed_credits="9/1")
    world.do(*world.use("r1", "n1", "a1", [batch[0]], "4/1", targets=("C1",), **FIXED))


def test_t27_stage_10_courses_hold_their_own_credits() -> None:
    world, batch = one_to_one()
    refuse(world, "E_CAP_COURSE", world.use("r1", "n1", "a1", [batch[0]], "3/1", targets=("C2",), **FIXED))
    world.do(*world.use("r1", "n1", "a1", [batch[0]], "3/1", targets=("C2", "C1"), **FIXED))
    assert world.account("n1").courses == {"C1": "1/1", "C2": "2/1"}
    world.do(*world.use("r2", "n1", "a1", [batch[1]], "3/1", targets=("C1",), **FIXED))
    refuse(world, "E_CAP_COURSE", world.use("r3", "n1", "a1", [batch[2]], "3/1", targets=("C1",), **FIXED))


def test_t27_stage_10_class_cap() -> None:
    world, batch = one_to_one(rule={"cap_class": "prior"}, caps=CAPPED)
    world.do(*world.use("r1", "n1", "a1", [batch[0], batch[1]], "6/1", **FIXED))
    assert world.account("n1").by_class == {"prior": "6/1"}
    refused = refuse(world, "E_CAP_CLASS", world.use("r2", "n1", "a1", [batch[2]], "3/1", **FIXED))
    assert refused.path == "caps.per_class.prior"


def test_t27_stage_10_a_cap_of_another_agreement_binds_once_it_is_used() -> None:
    world, batch = one_to_one(rule={"cap_class": "prior"})
    world.agree("a2", agreement("uu", "bcb", fixed(), caps=CAPPED, sign_by=world.time + 60))
    world.do(*world.use("r1", "n1", "a1", [batch[index] for index in range(3)], "9/1", **FIXED))
    refuse(world, "E_CAP_CLASS", world.use("r2", "n1", "a2", [batch[3]], "3/1", **FIXED))
    world.reverse("r1", "bcb registrar")
    world.do(*world.use("r3", "n1", "a2", [batch[3]], "3/1", **FIXED))
    refuse(
        world,
        "E_CAP_CLASS",
        world.use("r4", "n1", "a1", [batch[index] for index in range(3)], "9/1", **FIXED),
    )


def test_t27_stage_10_the_credit_bank_caps_the_award_at_half() -> None:
    world, batch = one_to_one()
    world.do(*world.use("r1", "n1", "a1", [batch[index] for index in range(12)], "36/1", **FIXED))
    programme = world.terms_of("uu-ds")
    more = world.issue(programme, 12, "more")
    refuse(world, "E_CAP_AWARD", world.use("r2", "n1", "a1", [more[0]], "3/1", **FIXED))
    world.agree("a2", agreement("uu", "bcb", fixed("2/3"), sign_by=world.time + 60))
    world.do(*world.use("r3", "n1", "a2", [more[0]], "2/1", **FIXED))
    assert world.account("n1").recognised == "38/1"
    counted = (AccountAgreement(agreement=("a1", 1), live=1), AccountAgreement(agreement=("a2", 1), live=1))
    assert world.account("n1").agreements == counted


def test_t27_stage_10_the_least_cap_of_the_account_holds_for_all() -> None:
    world, batch = one_to_one(caps=Caps(per_award="3/10"))  # 22.5 of 76 after rounding down
    world.agree("a2", agreement("uu", "bcb", fixed("1/3"), sign_by=world.time + 60))
    world.do(*world.use("r1", "n1", "a1", [batch[index] for index in range(7)], "21/1", **FIXED))
    world.do(*world.use("r2", "n1", "a2", [batch[7]], "1/1", **FIXED))
    refuse(world, "E_CAP_AWARD", world.use("r3", "n1", "a2", [batch[8]], "1/1", **FIXED))


def test_t27_stage_10_members_of_a_bank_and_newer_profiles() -> None:
    world, batch = one_to_one()
    third = ProfileTerms(profile_id="bcb", version=2, owner="bcb", award_cap="1/38")
    world.do("profile_define", ProfileDefine(terms=third), "bcb governance")
    refuse(world, "E_CAP_AWARD", world.use("r1", "n1", "a1", [batch[0]], "3/1", **FIXED))
    world.enrol_at_hnrail()
    world.do(*world.use_at_hnrail("r2", [batch[0]]))


def test_t27_stage_10_comes_after_the_amount() -> None:
    world, batch = one_to_one(caps=Caps(per_award="1/76"))
    use = world.use("r1", "n1", "a1", [batch[0]], "2/1", targets=("C2",), **FIXED)
    refuse(world, "E_AMOUNT", use)
    refuse(world, "E_CAP_COURSE", use, claimed_credits="3/1")
    refuse(world, "E_CAP_AWARD", use, claimed_credits="3/1", targets=())


def test_t27_reference_step_13() -> None:
    """2, then 30 + 20 EC for 35, then 3 EC refused at 39, then 2 EC for the 38th credit."""
    world, batch = exchange()
    world.do(*world.use("r1", "n1", "a1", [batch[0]], "2/1"))
    issued = {}
    for size in (30, 20, 2):
        programme = terms(f"uu-ds{size}", credits=f"{size}/1", total_hours=f"{28 * size}/1")
        issued[size] = world.issue(world.offer(programme, end="2026-04-05"))
    world.do(*world.use("r2", "n1", "a1", [issued[30][0], issued[20][0]], "35/1"))
    refuse(world, "E_CAP_AWARD", world.use("r3", "n1", "a1", [batch[1]], "2/1"))
    world.do(*world.use("r4", "n1", "a1", [issued[2][0]], "1/1"))
    assert world.account("n1").recognised == "38/1"


@settings(max_examples=15)
@given(st.lists(st.integers(1, 4), min_size=1, max_size=4), st.sampled_from(["7/10", "3/7", "2/3", "1/2"]))
def test_t27_accounts_are_the_sum_of_exact_floors(groups: list[int], ratio: str) -> None:
    world, _ = one_to_one(rule={"ratio": ratio})
    batch = world.issue(world.terms_of("uu-ds"), 20, "many")
    total, place = Fraction(0), 0
    for number, size in enumerate(groups):
        exact = 3 * size * Fraction(ratio)
        awarded = Fraction(exact // Fraction(1, 2), 2)
        items = [batch[place + index] for index in range(size)]
        world.do(*world.use(f"r{number}", "n1", "a1", items, rational.format(awarded), **FIXED))
        kept = world.recognition(f"r{number}")
        assert (Fraction(kept.exact), Fraction(kept.dropped)) == (exact, exact - awarded)
        total, place = total + awarded, place + size
    assert Fraction(world.account("n1").recognised) == total


def test_t27_hours_rule_matches_its_multiplier() -> None:
    rule = hours()
    assert rule.multiplier() == Fraction(7, 10)
    assert rule.exact([Fraction(3), Fraction(2)]) == Fraction(7, 2)
