"""The last value that is still right, for limits whose first wrong value other tests try.

A limit that is off by one refuses nobody in a test far from it; these stand exactly on it.
"""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest
from msgspec.structs import replace

from accord_ledger import calendar
from accord_ledger.domain.caps import spread
from accord_ledger.domain.kinds import accreditation
from accord_ledger.domain.kinds.accreditation import Period, RegistryEntryBody
from accord_ledger.domain.kinds.agreement import ProposeBody, TerminateBody
from accord_ledger.domain.kinds.approval import ProgrammeApprove
from accord_ledger.domain.kinds.offering import CourseOffering
from accord_ledger.domain.kinds.profile import ProfileDefine
from accord_ledger.domain.model.account import Enrolment
from accord_ledger.domain.model.credential import MAX_STATUS_POSITIONS, STATUS_RANGES, Interval
from accord_ledger.domain.model.framework import ApprovalPolicy, ProfileTerms
from accord_ledger.domain.model.programme import REGISTRY_ENTRIES, Course, ProgrammeTerms
from accord_ledger.domain.rules.base import check_share
from accord_ledger.errors import Rejection
from domain_alliance import TWO_THIRDS
from domain_world import World, ref, terms
from exchange_world import Exchange, IssuedBatch, agreement, exchange, fixed, hours
from quality_world import annual
from use_world import admission

ISSUE = "credential_issue"
UU = "uu issuance"


def ready(**changes: Any) -> tuple[Exchange, ProgrammeTerms]:
    """Today is 2026-04-01 and ``uu-ds`` had an intake that ended on 2026-03-25."""
    world = Exchange()
    world.at("2026-03-02")
    programme = world.offer(terms(**changes), 40)
    world.at("2026-04-01")
    return world, programme


def test_t16_grace_of_a_version_ends_365_days_after_the_start_of_its_last_day() -> None:
    world, programme = ready()
    world.at("2026-05-02")
    world.launch(replace(programme, version=2))
    world.at("2027-05-02")
    world.offer(programme, launch=False, end="2027-05-02")
    body = world.issue_body(programme, IssuedBatch.make("x", 12), completed_to="2027-05-02")
    last = world.entry(ISSUE, body, UU)
    world.at("2027-05-02", seconds=1)
    world.refuses("E_VERSION", last)
    world, programme = ready()
    world.at("2026-05-02")
    world.launch(replace(programme, version=2))
    world.at("2027-05-02")
    world.offer(programme, launch=False, end="2027-05-02")
    world.do(ISSUE, body, UU)


@pytest.mark.parametrize(("start", "today"), [("2026-03-02", "2028-03-02"), ("2026-04-01", "2026-04-01")])
def test_t16_a_course_counts_from_its_first_day_for_24_months(start: str, today: str) -> None:
    world, programme = ready(required_courses=("DS-1",))
    term = CourseOffering(programme="uu-ds", course="DS-1", term_start=start, term_end="2026-05-25")
    world.do("course_offering", term, "uu registrar")
    world.at(today)
    world.offer(programme, launch=False, end=today)
    world.issue(programme, completed_to=today)


def test_t16_the_last_positions_of_a_status_list_can_be_taken() -> None:
    world, programme = ready()
    start = MAX_STATUS_POSITIONS - 12
    world.issue(programme, status_start=start)
    assert world.get(STATUS_RANGES, "uu", "list-1").taken == (Interval(start=start, end=start + 12),)


def test_t16_may_be_valid_until_the_day_of_completion() -> None:
    world, programme = ready()
    world.issue(programme, valid_until="2026-03-25")
    early = world.issue_body(programme, IssuedBatch.make("x", 12), valid_until="2026-03-24")
    world.refused("E_VALUE", ISSUE, early, UU)


def test_signatures_of_a_body_may_count_for_exactly_90_days() -> None:
    world = Exchange()
    programme = terms()
    world.register(programme)
    world.submit(programme)
    until = world.time + 90 * calendar.DAY
    body = ProgrammeApprove(
        programme=ref(programme), approval="academic_committee", party="uu", sign_by=until
    )
    world.do("programme_approve", body, "uu registrar", "uu academic_committee*")


def test_t38_an_agency_stands_in_as_many_registries_as_there_may_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(accreditation, "MAX_REGISTRIES", 2)
    world = World()
    period = Period(valid_from="2026-03-01", valid_to="2030-12-31")
    second, third = (
        RegistryEntryBody(agency="nvao", registry=name, period=period) for name in ("TEQSA", "MQA")
    )
    world.do("registry_entry", second, *TWO_THIRDS)
    world.refused("E_RANGE", "registry_entry", third, *TWO_THIRDS)


def test_t38_an_entry_may_end_on_its_last_day() -> None:
    world = Exchange()
    last = world.get(REGISTRY_ENTRIES, "nvao", "EQAR").entries[0].valid_to
    body = RegistryEntryBody(agency="nvao", registry="EQAR", ended_on=last)
    world.do("registry_entry", body, *TWO_THIRDS)
    assert world.get(REGISTRY_ENTRIES, "nvao", "EQAR").entries[0].ended_on == last
    after = (calendar.parse_date(last) + timedelta(days=1)).isoformat()
    world.refused("E_STATE", "registry_entry", replace(body, ended_on=after), *TWO_THIRDS)


def test_t39_one_number_of_credits_and_a_cap_of_everything() -> None:
    world = Exchange()
    one = ProfileTerms(
        profile_id="de-2026", version=1, owner="DE", credits=("3/1", "3/1"), hours=("84/1", "84/1")
    )
    world.do("profile_define", ProfileDefine(terms=one), *TWO_THIRDS)
    bank = ProfileTerms(profile_id="bcb", version=2, owner="bcb", award_cap="1/1")
    world.do("profile_define", ProfileDefine(terms=bank), "bcb governance")


def test_t39_an_approval_stands_once_in_a_policy() -> None:
    twice = ApprovalPolicy(any_of=("endorse", "endorse"))
    terms_twice = ProfileTerms(profile_id="de-2026", version=1, owner="DE", approval_credit=twice)
    Exchange().refused("E_VALUE", "profile_define", ProfileDefine(terms=terms_twice), *TWO_THIRDS)


@pytest.mark.parametrize("share", ["0/1", "1/1"])
def test_t22_a_share_may_be_all_or_nothing(share: str) -> None:
    check_share(share, "path")
    world = Exchange()
    caps = {"per_award": share}
    whole = agreement("uu", "bcb", hours(), caps=caps)
    world.do("agreement_propose", ProposeBody(agreement_id="a1", terms=whole), "uu agreements")


def test_t22_an_agreement_may_last_one_day_and_be_signed_until_its_end() -> None:
    world = Exchange()
    end = calendar.midnight(calendar.parse_date("2026-03-21"))
    day = agreement("uu", "bcb", hours(), valid_from="2026-03-20", valid_to="2026-03-20", sign_by=end)
    late = replace(day, sign_by=end + 1)
    world.refused("E_VALUE", "agreement_propose", ProposeBody(agreement_id="a1", terms=late), "uu agreements")
    world.do("agreement_propose", ProposeBody(agreement_id="a1", terms=day), "uu agreements")


def test_t27_what_is_issued_in_the_block_of_the_notice_comes_too_late() -> None:
    world, _ = exchange()
    world.at("2026-07-01")
    world.offer(world.terms_of("uu-ds"), launch=False, end="2026-07-01")
    notice = TerminateBody(agreement_id="a1", effective_date="2026-12-28")
    world.do("agreement_terminate", notice, "uu agreements")
    batch = world.issue(world.terms_of("uu-ds"), 12, "same block", completed_to="2026-07-01")
    world.at("2027-01-31")
    kind, body, *signers = world.use("r1", "n1", "a1", [batch[0]], "2/1")
    world.refused("E_AGREEMENT_ENDED", kind, body, *signers)


def test_t12_a_period_may_be_reported_from_its_first_day() -> None:
    world = annual()
    world.at("2026-12-01")
    world.feedback("ecom-ls", "2026-12")
    world.refused("E_VALUE", "employer_feedback", world.feedback_body("ecom-ls", "2027-01"), "cn-emp")


def test_t27_courses_that_get_nothing_are_not_marked() -> None:
    courses = [
        Course(code="C1", credits="3/1", course_class="core"),
        Course(code="C2", credits="2/1", course_class="core"),
    ]
    account = Enrolment(owner="hnrail", award=("hnrail-award", 1), opened_at=0)
    assert spread(Fraction(3), courses, account) == (("C1", Fraction(3)),)


@pytest.mark.parametrize("rule", [admission(cosigners=("um", "bcb")), fixed(cosigners=("um", "bcb"))])
def test_t47_cosigners_of_every_rule_stand_in_order(rule: Any) -> None:
    with pytest.raises(Rejection, match=r"E_VALUE at rule\.cosigners"):
        rule.check_values("rule")
    replace(rule, cosigners=("bcb", "um")).check_values("rule")
