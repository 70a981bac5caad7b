"""T41, T20, T21 and the credential that rests on them: DOMAIN.md 1.7, row P13, and step 16 of section 6."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from accord_ledger import calendar
from accord_ledger.domain.kinds.hours import HoursCheckpointBody, HoursCompleteBody, HoursOpenBody
from accord_ledger.domain.kinds.policy import PolicySet
from accord_ledger.domain.kinds.programme_status import ProgrammeStatusBody
from accord_ledger.domain.model.credential import BATCHES, Interval
from accord_ledger.domain.model.hours import HOURS, HoursAccount
from accord_ledger.domain.model.parameters import Parameters
from accord_ledger.domain.model.programme import YEAR_COUNTS, ProgrammeTerms
from accord_ledger.domain.programme_life import change_programme_status
from accord_ledger.domain.replacement import Replacement
from domain_alliance import TWO_THIRDS, uid
from domain_world import terms
from exchange_world import Exchange, IssuedBatch

OPEN, CHECKPOINT, COMPLETE, ISSUE = "hours_open", "hours_checkpoint", "hours_complete", "credential_issue"
REGISTRAR, AGENCY = "bjou registrar", "cn-qa quality"
H1 = uid("h1")


def workplace(**changes: Any) -> ProgrammeTerms:
    """``bjou-wd`` of section 6: 1 CN-MC, 40 h, 12 of them practice."""
    values: dict[str, Any] = {
        "framework": ("cn-mc", 1), "level": 1, "credits": "1/1", "total_hours": "40/1",
        "practice_hours": "12/1", "projects_all": 10, "projects_enterprise": 4,
        "category": "vocational_skill", "profile": ("cn", 1),
    }  # fmt: skip
    return terms("bjou-wd", "bjou", **values | changes)


def opening(**changes: Any) -> HoursOpenBody:
    """T41 of H1."""
    values: dict[str, Any] = {"account": H1, "programme": "bjou-wd", "start": "2026-03-09"}
    return HoursOpenBody(**values | changes)


def checkpoint(day: str, minutes: int, practice: int = 0, account: bytes = H1) -> HoursCheckpointBody:
    """T20 of sums up to a day."""
    return HoursCheckpointBody(
        account=account,
        cumulative_minutes=minutes,
        practice_minutes=practice,
        log_root=uid(day) * 2,
        period_end=day,
    )


def completion(**changes: Any) -> HoursCompleteBody:
    """T21 of H1."""
    values: dict[str, Any] = {"account": H1, "programme": ("bjou-wd", 1)}
    return HoursCompleteBody(**values | changes)


def learner(**changes: Any) -> Exchange:
    """Today is 2026-06-01; L5 has learnt towards ``bjou-wd`` since 2026-03-09."""
    world = Exchange()
    world.at("2026-03-09")
    world.launch(workplace(**changes))
    world.do(OPEN, opening(), REGISTRAR)
    world.at("2026-06-01")
    return world


def account(world: Exchange, name: bytes = H1) -> HoursAccount:
    """An hours account as it stands."""
    found: HoursAccount = world.get(HOURS, name)
    return found


def completed(**changes: Any) -> Exchange:
    """2,400 minutes on 2026-06-01, completed the same day."""
    world = learner(**changes)
    world.do(CHECKPOINT, checkpoint("2026-06-01", 2400, 800), REGISTRAR)
    world.do(COMPLETE, completion(), REGISTRAR, AGENCY)
    return world


def test_t21_practice_to_the_minute_is_enough() -> None:
    world = learner()
    world.do(CHECKPOINT, checkpoint("2026-06-01", 2400, 720), REGISTRAR)
    world.do(COMPLETE, completion(), REGISTRAR, AGENCY)
    assert account(world).status == "completed"


def issue_body(world: Exchange, batch: IssuedBatch, **changes: Any) -> Any:
    """T16 of one credential on H1."""
    values: dict[str, Any] = {
        "hours_account": H1, "single": True, "completed_from": "2026-03-09", "completed_to": "2026-06-01",
    }  # fmt: skip
    return replace(world.issue_body(workplace(), batch), **values | changes)


# ---- T41 ---------------------------------------------------------------------------------------------


def test_t41_opens_an_account_with_nothing_in_it() -> None:
    world = learner()
    opened = calendar.midnight(calendar.parse_date("2026-03-09"))
    assert account(world) == HoursAccount(programme="bjou-wd", start="2026-03-09", opened_at=opened)


def test_t41_ids_are_used_once_and_that_is_said_first() -> None:
    world = learner()
    world.refused("E_DUPLICATE", OPEN, opening(start="2026-01-01"), REGISTRAR)


@pytest.mark.parametrize("status", ["paused", "retired"])
def test_t41_programme_must_be_active(status: Any) -> None:
    world = learner()
    reason = {"paused": "budget", "retired": "demand"}[status]
    world.do(
        "programme_status", ProgrammeStatusBody(programme="bjou-wd", status=status, reason=reason), "bjou"
    )
    body = opening(account=uid("h2"), start="2026-01-01")  # the status is looked at before the date
    world.refused("E_PROGRAMME_STATUS", OPEN, body, REGISTRAR)


def test_t41_programme_that_was_never_active_or_is_unknown() -> None:
    world = Exchange()
    world.at("2026-03-09")
    world.refused("E_UNKNOWN_REF", OPEN, opening(), REGISTRAR)
    world.register(workplace())
    world.refused("E_PROGRAMME_STATUS", OPEN, opening(), REGISTRAR)


@pytest.mark.parametrize(("start", "code"), [("2026-05-02", None), ("2026-05-01", "E_BACKDATED")])
def test_t41_start_at_most_30_days_ago(start: str, code: str | None) -> None:
    world = learner()
    body = opening(account=uid("h2"), start=start)
    if code is None:
        world.do(OPEN, body, REGISTRAR)
    else:
        world.refused(code, OPEN, body, REGISTRAR)


@pytest.mark.parametrize("signer", ["bjou issuance", "uu registrar", AGENCY])
def test_hours_are_the_issuers_registrars_business(signer: str) -> None:
    world = learner()
    world.refused("E_SIG_MISSING", OPEN, opening(account=uid("h2"), start="2026-06-01"), signer)
    world.refused("E_SIG_MISSING", CHECKPOINT, checkpoint("2026-06-01", 25), signer)
    world.refused("E_SIG_MISSING", COMPLETE, completion(), signer)


def test_hours_dates_must_exist() -> None:
    world = learner()
    world.refused("E_SCHEMA", OPEN, opening(account=uid("h2"), start="2026-02-30"), REGISTRAR)
    world.refused("E_SCHEMA", CHECKPOINT, checkpoint("2026-02-30", 25), REGISTRAR)


def test_hours_records_weigh_8() -> None:
    world = learner()
    for kind, body, signers in (
        (OPEN, opening(account=uid("h2"), start="2026-06-01"), (REGISTRAR,)),
        (CHECKPOINT, checkpoint("2026-06-01", 2400, 800), (REGISTRAR,)),
        (COMPLETE, completion(), (REGISTRAR, AGENCY)),
    ):
        before = world.execution.weight
        world.do(kind, body, *signers)
        assert world.execution.weight - before == 8 + 10 * len(signers)


# ---- T20 ---------------------------------------------------------------------------------------------


def test_t20_writes_the_sums() -> None:
    world = learner()
    body = checkpoint("2026-06-01", 2375, 800)
    world.do(CHECKPOINT, body, REGISTRAR)
    now = account(world)
    assert (now.cumulative_minutes, now.practice_minutes, now.period_end) == (2375, 800, "2026-06-01")
    assert now.log_root == body.log_root


def test_t20_unknown_account_and_practice_above_the_whole() -> None:
    world = learner()
    world.refused("E_UNKNOWN_REF", CHECKPOINT, checkpoint("2026-06-01", 25, account=uid("h2")), REGISTRAR)
    world.refused("E_VALUE", CHECKPOINT, checkpoint("2026-06-01", 25, 26), REGISTRAR)


def test_t20_a_completed_account_is_closed_and_that_is_said_first() -> None:
    world = completed()
    world.refused("E_STATE", CHECKPOINT, checkpoint("2026-06-30", 1), REGISTRAR)


def test_t20_a_period_must_be_over() -> None:
    world = learner()
    world.refused("E_FUTURE_DATED", CHECKPOINT, checkpoint("2026-06-02", 0), REGISTRAR)


@pytest.mark.parametrize(
    ("minutes", "practice"), [(1000, 400), (999, 400), (1100, 399), (1100, 501)],
    ids=["no growth", "fewer minutes", "less practice", "earlier minutes turned into practice"],
)  # fmt: skip
def test_t20_sums_only_rise(minutes: int, practice: int) -> None:
    world = learner()
    world.do(CHECKPOINT, checkpoint("2026-05-25", 1000, 400), REGISTRAR)
    # regress is looked at before the week between checkpoints
    world.refused("E_HOURS_REGRESS", CHECKPOINT, checkpoint("2026-05-26", minutes, practice), REGISTRAR)


def test_t20_all_new_minutes_may_be_practice() -> None:
    world = learner()
    world.do(CHECKPOINT, checkpoint("2026-05-25", 1000, 400), REGISTRAR)
    world.do(CHECKPOINT, checkpoint("2026-06-01", 1100, 500), REGISTRAR)


def test_t20_a_week_after_the_start_and_after_the_last_one() -> None:
    world = learner()
    # too early is looked at before the rate
    world.refused("E_TOO_EARLY", CHECKPOINT, checkpoint("2026-03-15", 10**6), REGISTRAR)
    world.refused("E_TOO_EARLY", CHECKPOINT, checkpoint("2026-03-01", 25), REGISTRAR)
    world.do(CHECKPOINT, checkpoint("2026-03-16", 25), REGISTRAR)
    world.refused("E_TOO_EARLY", CHECKPOINT, checkpoint("2026-03-22", 50), REGISTRAR)
    world.do(CHECKPOINT, checkpoint("2026-03-23", 50), REGISTRAR)


def test_t20_ten_hours_a_day_and_no_more() -> None:
    world = learner()
    refused = world.refused("E_HOURS_RATE", CHECKPOINT, checkpoint("2026-03-16", 4201), REGISTRAR)
    assert "4200" in refused.detail
    world.do(CHECKPOINT, checkpoint("2026-03-16", 4200), REGISTRAR)
    world.refused("E_HOURS_RATE", CHECKPOINT, checkpoint("2026-03-23", 8401), REGISTRAR)
    world.do(CHECKPOINT, checkpoint("2026-03-23", 8400), REGISTRAR)


def test_t20_pace_is_a_parameter() -> None:
    world = learner()
    changed = Parameters(version=2, hours_daily_max_min=60, hours_checkpoint_min_days=10)
    world.do("policy_set", PolicySet(parameters=changed), *TWO_THIRDS)
    world.at("2026-06-02")
    world.refused("E_TOO_EARLY", CHECKPOINT, checkpoint("2026-03-18", 25), REGISTRAR)
    world.refused("E_HOURS_RATE", CHECKPOINT, checkpoint("2026-03-19", 601), REGISTRAR)


# ---- T21 ---------------------------------------------------------------------------------------------


def test_t21_p13_95_sessions_of_25_minutes_are_25_short_and_96_are_enough() -> None:
    world = learner()
    world.do(CHECKPOINT, checkpoint("2026-06-01", 95 * 25, 800), REGISTRAR)
    world.refused("E_HOURS_SHORT", COMPLETE, completion(), REGISTRAR, AGENCY, detail="25")
    world.at("2026-06-08")
    world.do(CHECKPOINT, checkpoint("2026-06-08", 96 * 25, 800), REGISTRAR)
    world.do(COMPLETE, completion(), REGISTRAR, AGENCY)
    now = account(world)
    assert (now.status, now.version, now.completed_at) == ("completed", 1, world.time)


def test_t21_part_hours_count_exactly() -> None:
    world = learner(total_hours="121/3", credits="0/1", track="noncredit", practice_hours="40/3")
    world.do(CHECKPOINT, checkpoint("2026-06-01", 2419, 799), REGISTRAR)
    world.refused("E_HOURS_SHORT", COMPLETE, completion(), REGISTRAR, AGENCY, detail="1")
    world.at("2026-06-08")
    world.do(CHECKPOINT, checkpoint("2026-06-08", 2420, 799), REGISTRAR)
    world.refused("E_QUALITY_PRACTICE", COMPLETE, completion(), REGISTRAR, AGENCY)


def test_t21_practice_is_looked_at_after_the_whole() -> None:
    world = learner()
    world.do(CHECKPOINT, checkpoint("2026-05-25", 2399, 719), REGISTRAR)
    world.refused("E_HOURS_SHORT", COMPLETE, completion(), REGISTRAR, AGENCY, detail="1")
    world.do(CHECKPOINT, checkpoint("2026-06-01", 2400, 719), REGISTRAR)
    world.refused("E_QUALITY_PRACTICE", COMPLETE, completion(), REGISTRAR, AGENCY)


@pytest.mark.parametrize(("day", "code"), [("2028-03-08", None), ("2028-03-09", "E_HOURS_STALE")])
def test_t21_within_24_months_of_the_start(day: str, code: str | None) -> None:
    world = learner()
    world.do(CHECKPOINT, checkpoint("2026-06-01", 2400, 800), REGISTRAR)
    world.at(day)
    if code is None:
        world.do(COMPLETE, completion(), REGISTRAR, AGENCY)
    else:
        world.refused(code, COMPLETE, completion(), REGISTRAR, AGENCY)


@pytest.mark.parametrize("agency", ["bjou quality", "nvao quality", "cn-qa"])
def test_t21_needs_a_competent_agency(agency: str) -> None:
    world = learner()
    world.do(CHECKPOINT, checkpoint("2026-06-01", 2400, 800), REGISTRAR)
    code = "E_SIG_INVALID" if agency == "bjou quality" else "E_SIG_MISSING"  # bjou has no such key
    world.refused(code, COMPLETE, completion(), REGISTRAR, agency)
    world.refused("E_SIG_MISSING", COMPLETE, completion(), AGENCY, author="cn-qa")


def test_t21_completes_once() -> None:
    world = completed()
    world.refused("E_STATE", COMPLETE, completion(), REGISTRAR, AGENCY)


def test_t21_unknown_account_programme_and_account_of_another_programme() -> None:
    world = learner()
    other = replace(workplace(), programme_id="bjou-ot")
    world.launch(other)
    body = completion(account=uid("h2"))
    world.refused("E_UNKNOWN_REF", COMPLETE, body, REGISTRAR, AGENCY)
    world.refused("E_UNKNOWN_REF", COMPLETE, completion(programme=("bjou-wd", 2)), REGISTRAR, AGENCY)
    world.refused("E_UNKNOWN_REF", COMPLETE, completion(programme=("bjou-ot", 1)), REGISTRAR, AGENCY)


def test_t21_is_for_a_version_that_was_active() -> None:
    world = learner()
    world.do(CHECKPOINT, checkpoint("2026-06-01", 3000, 800), REGISTRAR)
    second = workplace(version=2)
    world.register(second)
    newer = completion(programme=("bjou-wd", 2))
    world.refused("E_STATE", COMPLETE, newer, REGISTRAR, AGENCY)
    world.submit(second)
    world.approve(second, "bjou")
    world.activate(second)
    world.do(COMPLETE, newer, REGISTRAR, AGENCY)
    batch = IssuedBatch.make("h1", 1)
    world.refused("E_STATE", ISSUE, issue_body(world, batch), "bjou issuance")
    world.do(ISSUE, issue_body(world, batch, programme=("bjou-wd", 2)), "bjou issuance")


# ---- T16 on an hours account -------------------------------------------------------------------------


def test_t16_hours_account_supports_one_credential_outside_the_entrants() -> None:
    world = completed()
    batch = IssuedBatch.make("h1", 1)
    world.do(ISSUE, issue_body(world, batch), "bjou issuance")
    assert world.get(BATCHES, batch.batch_id).count == 1
    assert (account(world).status, account(world).batch_id) == ("used", batch.batch_id)
    assert world.get(YEAR_COUNTS, "bjou-wd", 2026) is None
    again = issue_body(world, IssuedBatch.make("again", 1), status_start=1)
    world.refused("E_STATE", ISSUE, again, "bjou issuance")


def test_t16_hours_account_must_be_known_and_completed() -> None:
    world = learner()
    batch = IssuedBatch.make("h1", 1)
    world.refused("E_UNKNOWN_REF", ISSUE, issue_body(world, batch, hours_account=uid("x")), "bjou issuance")
    world.refused("E_STATE", ISSUE, issue_body(world, batch), "bjou issuance")


def test_t16_hours_account_is_for_exactly_one_after_the_size_and_before_the_range() -> None:
    world = completed()
    body = issue_body(world, IssuedBatch.make("h1", 12), status_start=2**20 - 1)
    world.refused("E_STATE", ISSUE, body, "bjou issuance")
    alone = issue_body(world, IssuedBatch.make("h1", 1), single=False)
    world.refused("E_BATCH_SIZE", ISSUE, alone, "bjou issuance")


def test_t16_hours_account_of_another_programme() -> None:
    world = completed()
    other = world.launch(replace(workplace(), programme_id="bjou-ot"))
    body = issue_body(world, IssuedBatch.make("h1", 1), programme=(other.programme_id, 1))
    world.refused("E_STATE", ISSUE, body, "bjou issuance")


def test_t16_hours_account_does_not_lift_the_other_checks() -> None:
    world = completed()
    change_programme_status(world.context(), "bjou-wd", "withdrawn")
    body = issue_body(world, IssuedBatch.make("h1", 1))
    world.refused("E_PROGRAMME_WITHDRAWN", ISSUE, body, "bjou issuance")


def test_t16_a_replacement_names_no_hours_account() -> None:
    world = completed()
    first = IssuedBatch.make("h1", 1)
    world.do(ISSUE, issue_body(world, first), "bjou issuance")
    swap = Replacement(batch_id=first.batch_id, ranges=(Interval(start=0, end=1),))
    body = issue_body(world, IssuedBatch.make("again", 1), status_start=1)
    both = replace(body, replaces=swap)
    world.refused("E_VALUE", ISSUE, both, "bjou issuance")
    world.do(ISSUE, replace(both, hours_account=None), "bjou issuance")
