"""T16 credential_issue: every check of DOMAIN.md 2.5 "Issue", in its order."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from accord_ledger.domain.issuance import with_range
from accord_ledger.domain.kinds.offering import CourseOffering
from accord_ledger.domain.kinds.policy import PolicySet
from accord_ledger.domain.kinds.programme_status import ProgrammeStatusBody
from accord_ledger.domain.model.credential import (
    BATCHES,
    MAX_STATUS_PIECES,
    MAX_STATUS_POSITIONS,
    ROOTS,
    STATUS_RANGES,
    Interval,
    StatusRanges,
)
from accord_ledger.domain.model.parameters import Parameters
from accord_ledger.domain.model.programme import YEAR_COUNTS, ProgrammeTerms
from accord_ledger.domain.programme_life import change_programme_status
from domain_alliance import TWO_THIRDS
from domain_world import terms
from exchange_world import Exchange, IssuedBatch, grant_uu

ISSUE = "credential_issue"
UU = "uu issuance"


def ready(entrants: int = 40, **changes: Any) -> tuple[Exchange, ProgrammeTerms]:
    """Today is 2026-04-01 and ``uu-ds`` had an intake that ended on 2026-03-25."""
    world = Exchange()
    world.at("2026-03-02")
    programme = world.offer(terms(**changes), entrants)
    world.at("2026-04-01")
    return world, programme


def test_t16_stores_one_root_for_a_batch() -> None:
    world, programme = ready()
    batch = world.issue(programme, 40)
    stored = world.get(BATCHES, batch.batch_id)
    assert (stored.count, stored.merkle_root, stored.issuers) == (40, batch.root, ("uu",))
    assert (stored.issued_at, stored.issued_height, stored.late) == (world.time, 3, False)
    assert world.get(ROOTS, batch.root).batch_id == batch.batch_id
    assert world.get(STATUS_RANGES, "uu", "list-1").taken == (Interval(start=0, end=40),)
    assert world.get(YEAR_COUNTS, "uu-ds", 2026).issued == 40


def test_t16_weighs_16_and_2_for_each_required_course() -> None:
    world, programme = ready(required_courses=("DS-1", "DS-2"))
    for course in programme.required_courses:
        offering = CourseOffering(
            programme="uu-ds", course=course, term_start="2026-03-02", term_end="2026-03-25"
        )
        world.do("course_offering", offering, "uu registrar")
    before = world.execution.weight
    world.issue(programme)
    assert world.execution.weight - before == 10 + 16 + 4


def test_t16_unknown_programme_and_award() -> None:
    world, programme = ready()
    batch = IssuedBatch.make("x", 12)
    body = replace(world.issue_body(programme, batch), programme=("uu-ds", 2))
    world.refused("E_UNKNOWN_REF", ISSUE, body, UU)
    award = world.award("uu", framework="nl-ects", total_hours="2128/1")
    world.refused("E_UNKNOWN_REF", ISSUE, world.issue_body(award, batch), UU)


@pytest.mark.parametrize(("days", "code"), [("2027-05-01", None), ("2027-05-03", "E_VERSION")])
def test_t16_superseded_version_has_a_year_of_grace(days: str, code: str | None) -> None:
    world, programme = ready()
    world.at("2026-05-02")
    second = replace(programme, version=2)
    world.launch(second)
    world.at(days)
    world.offer(second, launch=False, end=days)
    body = world.issue_body(programme, IssuedBatch.make("x", 12), completed_to=days)
    if code is None:
        world.do(ISSUE, body, UU)
    else:
        world.refused(code, ISSUE, body, UU)


def test_t16_version_that_was_never_active() -> None:
    world, programme = ready()
    second = replace(programme, version=2)
    world.register(second)
    world.refused("E_VERSION", ISSUE, world.issue_body(second, IssuedBatch.make("x", 12)), UU)


def test_t16_programme_must_be_active() -> None:
    world, programme = ready()
    body = world.issue_body(programme, IssuedBatch.make("x", 12))
    draft = terms("uu-draft")
    world.register(draft)
    world.refused("E_PROGRAMME_STATUS", ISSUE, world.issue_body(draft, IssuedBatch.make("y", 12)), UU)
    world.do(
        "programme_status", ProgrammeStatusBody(programme="uu-ds", status="paused", reason="budget"), "uu"
    )
    world.refused("E_PROGRAMME_STATUS", ISSUE, body, UU)
    change_programme_status(world.context(), "uu-ds", "withdrawn")
    world.refused("E_PROGRAMME_WITHDRAWN", ISSUE, body, UU)


def withdrawn(day: str) -> tuple[Exchange, ProgrammeTerms]:
    """``uu-ds`` withdrawn on 2026-04-10; today is ``day``."""
    world, programme = ready()
    world.at("2026-04-10")
    change_programme_status(world.context(), "uu-ds", "withdrawn")
    world.at(day)
    return world, programme


def test_t16_late_needs_the_agency_and_is_exempt_from_the_lag() -> None:
    world, programme = withdrawn("2026-10-07")
    body = world.issue_body(programme, IssuedBatch.make("x", 12), late=True)
    world.refused("E_SIG_MISSING", ISSUE, body, UU)
    world.do(ISSUE, body, UU, "nvao quality")
    assert world.get(BATCHES, body.batch_id).late


@pytest.mark.parametrize(
    ("day", "completed"),
    [("2026-10-08", "2026-03-25"), ("2026-10-07", "2026-04-10")],
    ids=["window", "completed"],
)
def test_t16_late_after_180_days_or_completed_too_late(day: str, completed: str) -> None:
    world, programme = withdrawn(day)
    body = world.issue_body(programme, IssuedBatch.make("x", 12), late=True, completed_to=completed)
    world.refused("E_PROGRAMME_WITHDRAWN", ISSUE, body, UU, "nvao quality")


def test_t16_late_is_no_way_round_a_pause() -> None:
    world, programme = ready()
    world.do(
        "programme_status", ProgrammeStatusBody(programme="uu-ds", status="paused", reason="budget"), "uu"
    )
    body = world.issue_body(programme, IssuedBatch.make("x", 12), late=True)
    world.refused("E_PROGRAMME_STATUS", ISSUE, body, UU, "nvao quality")


def test_t16_accreditation_at_completion_and_at_ledger_time() -> None:
    world = Exchange()
    world.at("2026-03-02")
    grant_uu(world)
    programme = world.offer(terms(profile=("asked", 1)), end="2026-03-25")
    early = world.issue_body(
        programme, IssuedBatch.make("x", 12), completed_from="2026-02-20", completed_to="2026-02-28"
    )
    world.refused("E_ACCREDITATION", ISSUE, early, UU)
    world.at("2026-04-01")
    world.issue(programme)
    world.at("2030-02-28")
    world.offer(programme, launch=False, end="2030-03-02")
    world.at("2030-03-02")
    for completed in ("2030-03-02", "2030-02-28"):  # expired at both times, then at ledger time alone
        body = world.issue_body(programme, IssuedBatch.make(completed, 12), completed_to=completed)
        world.refused("E_ACCREDITATION", ISSUE, body, UU)


def test_t16_late_is_exempt_from_accreditation_at_ledger_time() -> None:
    world = Exchange()
    world.at("2026-03-02")
    grant_uu(world)
    programme = world.offer(terms(profile=("asked", 1)), end="2026-03-25")
    world.at("2030-02-20")
    world.offer(programme, launch=False, end="2030-02-20")
    world.at("2030-02-28")
    change_programme_status(world.context(), "uu-ds", "withdrawn")
    world.at("2030-03-05")
    body = world.issue_body(programme, IssuedBatch.make("x", 12), late=True, completed_to="2030-02-20")
    world.do(ISSUE, body, UU, "nvao quality")


def test_t16_dates() -> None:
    world, programme = ready()
    batch = IssuedBatch.make("x", 12)

    def body(completed_to: str, **more: Any) -> Any:
        return world.issue_body(programme, batch, completed_to=completed_to, **more)

    world.refused("E_FUTURE_DATED", ISSUE, body("2026-04-02"), UU)
    world.refused("E_VALUE", ISSUE, body("2026-03-01"), UU)
    world.refused("E_VALUE", ISSUE, body("2026-03-25", valid_until="2026-03-24"), UU)
    world.refused("E_SCHEMA", ISSUE, body("2026-02-30", completed_from="2026-02-01"), UU)
    world.at("2026-06-24")
    world.refused("E_BACKDATED", ISSUE, body("2026-03-25"), UU)
    world.at("2026-06-23")


def test_t16_lag_of_90_days_is_allowed() -> None:
    world, programme = ready()
    world.at("2026-06-23")
    world.issue(programme)


def test_t16_required_courses_of_the_last_24_months() -> None:
    world, programme = ready(required_courses=("DS-1", "DS-2"))
    batch = IssuedBatch.make("x", 12)
    first = CourseOffering(programme="uu-ds", course="DS-1", term_start="2026-03-02", term_end="2026-03-25")
    world.do("course_offering", first, "uu registrar")
    refused = world.refused("E_COURSE_NOT_OFFERED", ISSUE, world.issue_body(programme, batch), UU)
    assert refused.detail == "DS-2"
    world.do("course_offering", replace(first, course="DS-2"), "uu registrar")
    world.issue(programme)
    world.at("2028-03-03")
    world.offer(programme, launch=False, end="2028-03-03")
    late = world.issue_body(programme, batch, completed_to="2028-03-03")
    world.refused("E_COURSE_NOT_OFFERED", ISSUE, late, UU, detail="DS-1")


def test_t16_a_future_term_does_not_count() -> None:
    world, programme = ready(required_courses=("DS-1",))
    ahead = CourseOffering(programme="uu-ds", course="DS-1", term_start="2026-04-02", term_end="2026-05-25")
    world.do("course_offering", ahead, "uu registrar")
    body = world.issue_body(programme, IssuedBatch.make("x", 12))
    world.refused("E_COURSE_NOT_OFFERED", ISSUE, body, UU)


@pytest.mark.parametrize(("count", "single"), [(0, True), (9, False), (131_073, False)])
def test_t16_batch_size(count: int, single: bool) -> None:
    world, programme = ready(10**6)
    body = world.issue_body(programme, IssuedBatch.make("x", 1), count=count, single=single)
    world.refused("E_BATCH_SIZE", ISSUE, body, UU)


@pytest.mark.parametrize(("count", "single"), [(1, True), (10, False), (131_072, False)])
def test_t16_batch_size_bounds_are_allowed(count: int, single: bool) -> None:
    world, programme = ready(10**6)
    world.do(ISSUE, world.issue_body(programme, IssuedBatch.make("x", 1), count=count, single=single), UU)


def test_t16_issues_no_more_than_entrants_of_the_year() -> None:
    world, programme = ready(40)
    world.issue(programme, 30)
    world.refused("E_ENTRANTS", ISSUE, world.issue_body(programme, IssuedBatch.make("x", 11)), UU)
    world.issue(programme, 10, "x")


def test_t16_status_positions_are_taken_once() -> None:
    world, programme = ready()
    world.issue(programme, 10, status_start=10)
    for start in (1, 10, 19):
        body = world.issue_body(programme, IssuedBatch.make("x", 10), status_start=start)
        world.refused("E_STATUS_RANGE", ISSUE, body, UU)
    world.issue(programme, 10, "x", status_start=0)
    world.issue(programme, 10, "y", status_start=10, status_list="list-2")
    assert world.get(STATUS_RANGES, "uu", "list-1").taken == (Interval(start=0, end=20),)


def test_t16_status_list_has_an_end_and_belongs_to_an_issuer() -> None:
    world, programme = ready()
    beyond = world.issue_body(programme, IssuedBatch.make("x", 12), status_start=MAX_STATUS_POSITIONS - 11)
    world.refused("E_STATUS_RANGE", ISSUE, beyond, UU)
    body = world.issue_body(programme, IssuedBatch.make("x", 12))
    world.refused("E_STATUS_RANGE", ISSUE, body, "um", UU, author="um")


def test_t16_status_list_in_too_many_pieces() -> None:
    world, programme = ready()
    pieces = tuple(Interval(start=20 * i, end=20 * i + 1) for i in range(MAX_STATUS_PIECES))
    world.view.put(STATUS_RANGES, StatusRanges(taken=pieces), "uu", "list-1")
    batch = IssuedBatch.make("x", 10)
    world.refused("E_STATUS_RANGE", ISSUE, world.issue_body(programme, batch, status_start=5), UU)
    world.do(ISSUE, world.issue_body(programme, batch, status_start=1), UU)


def test_t16_batch_id_and_root_are_used_once_and_checked_last() -> None:
    world, programme = ready()
    first = world.issue(programme)
    other = IssuedBatch.make("x", 12)
    fresh = {"status_start": 50}
    body = world.issue_body(programme, other, batch_id=first.batch_id, **fresh)
    world.refused("E_DUPLICATE", ISSUE, body, UU)
    world.refused(
        "E_DUPLICATE", ISSUE, world.issue_body(programme, other, merkle_root=first.root, **fresh), UU
    )
    both = world.issue_body(programme, other, batch_id=first.batch_id, status_start=0)
    world.refused("E_STATUS_RANGE", ISSUE, both, UU)


def co_issued() -> tuple[Exchange, ProgrammeTerms]:
    """um and cisco-my issue together, threshold 2."""
    world = Exchange()
    world.at("2026-03-02")
    changes = {"framework": ("mqf", 1), "issuers": ("um", "cisco-my"), "threshold": 2, "total_hours": "120/1"}
    programme = world.offer(terms("um-ne", "um", **changes))
    world.at("2026-04-01")
    return world, programme


def test_t16_co_issuance_needs_both() -> None:
    world, programme = co_issued()
    body = world.issue_body(programme, IssuedBatch.make("x", 12))
    refused = world.refused("E_SIG_MISSING", ISSUE, body, "cisco-my issuance")
    assert refused.detail.startswith("um ")
    world.do(ISSUE, body, "um issuance", "cisco-my issuance")
    assert world.get(BATCHES, body.batch_id).issuers == ("um", "cisco-my")


def test_t16_records_every_issuer_that_signed_beyond_the_threshold() -> None:
    world = Exchange()
    world.at("2026-03-02")
    changes = {"framework": ("mqf", 1), "issuers": ("um", "cisco-my"), "total_hours": "120/1"}
    programme = world.offer(terms("um-ne", "um", **changes))
    world.at("2026-04-01")
    one = world.issue(programme, 12, "one")
    two = world.issue(programme, 12, "two", "um issuance", "cisco-my issuance")
    assert world.get(BATCHES, one.batch_id).issuers == ("um",)
    assert world.get(BATCHES, two.batch_id).issuers == ("um", "cisco-my")
    world.set_party("cisco-my", "suspended")
    three = world.issue(programme, 12, "three", "um issuance", "cisco-my issuance")
    assert world.get(BATCHES, three.batch_id).issuers == ("um",)


def test_t16_a_suspended_issuer_cannot_issue() -> None:
    world, programme = ready()
    world.set_party("uu", "suspended")
    world.refused("E_PARTY_STATUS", ISSUE, world.issue_body(programme, IssuedBatch.make("x", 12)), UU)


def test_t16_validity_of_the_programme_bounds_the_credentials() -> None:
    world, programme = ready(validity_months=12)
    for name, asked, given_until in (("a", None, "2027-03-25"), ("b", "2026-12-31", "2026-12-31")):
        batch = world.issue(programme, 12, name, valid_until=asked)
        assert world.get(BATCHES, batch.batch_id).valid_until == given_until


def test_t16_lag_and_size_are_parameters() -> None:
    world, programme = ready()
    changed = Parameters(version=2, batch_min=30, max_issue_lag_days=1)
    world.do("policy_set", PolicySet(parameters=changed), *TWO_THIRDS)
    body = world.issue_body(programme, IssuedBatch.make("x", 12))
    world.do(ISSUE, body, UU)  # in force from the next block
    world.at("2026-04-01")
    again = world.issue_body(programme, IssuedBatch.make("y", 12))
    world.refused("E_BACKDATED", ISSUE, again, UU)
    world.refused("E_BATCH_SIZE", ISSUE, replace(again, completed_to="2026-03-31"), UU)


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 12)), max_size=30))
def test_t16_taken_positions_are_those_of_a_set(requests: list[tuple[int, int]]) -> None:
    taken: tuple[Interval, ...] = ()
    known: set[int] = set()
    for start, length in requests:
        wanted = set(range(start, start + length))
        grown = with_range(taken, start, start + length)
        assert (grown is None) == bool(known & wanted)
        if grown is not None:
            taken, known = grown, known | wanted
    assert {place for piece in taken for place in range(piece.start, piece.end)} == known
    assert all(left.end < right.start for left, right in pairwise(taken))
