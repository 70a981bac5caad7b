"""Steps 16 to 18: hours that add up, a fraud found after redemption, notice and run-off of an agreement."""

from __future__ import annotations

from hashlib import sha256

from accord_ledger.domain.kinds.agreement import TerminateBody
from accord_ledger.domain.kinds.hours import HoursCheckpointBody, HoursCompleteBody, HoursOpenBody
from accord_ledger.domain.kinds.status import StatusBody
from accord_ledger.domain.model.account import RECOGNITIONS
from accord_ledger.domain.model.agreement import AGREEMENTS
from accord_ledger.domain.model.credential import BATCHES, Interval
from accord_ledger.domain.model.hours import HOURS
from domain_alliance import uid
from scenario.agreements import account, recognise
from scenario.programmes import held, intake_of, issue, issued
from scenario.stage import ACCEPTED, Act, Fact, Script
from scenario.step import step


def checkpoint(name: str, day: str, minutes: int, practice: int, expected: str = ACCEPTED) -> Act:
    """T20 of an account's sums up to a day."""
    body = HoursCheckpointBody(
        account=uid(name),
        cumulative_minutes=minutes,
        practice_minutes=practice,
        log_root=sha256(f"log {name} {day}".encode()).digest(),
        period_end=day,
    )
    return Act("hours_checkpoint", body, ("bjou registrar",), expected=expected)


def complete(expected: str = ACCEPTED) -> Act:
    """T21 of H1."""
    body = HoursCompleteBody(account=uid("H1"), programme=("bjou-wd", 1))
    return Act("hours_complete", body, ("bjou registrar", "cn-qa quality"), expected=expected)


@step("16 (06-01)", "2026-06-01", "hours account", slack=7)
def ninety_five_sessions() -> Script:
    """L5: 95 sessions of 25 minutes, 800 minutes of practice."""
    return [checkpoint("H1", "2026-06-01", 95 * 25, 800), complete("E_HOURS_SHORT(25)")]


@step("16 (06-08)", "2026-06-08", "16 (06-01)")
def one_more_session() -> Script:
    """2,400 minutes are 40 hours, and 1 credit."""
    opening = HoursOpenBody(account=uid("H2"), programme="bjou-wd", start="2026-06-08")
    return [
        checkpoint("H1", "2026-06-08", 96 * 25, 800),
        complete(),
        issue("bjou-wd", single=True, hours_account=uid("H1")),
        Fact(HOURS, (uid("H1"),), {"status": "used", "batch_id": issued("bjou-wd").batch_id}),
        Act("hours_open", opening, ("bjou registrar",)),
    ]


@step("16 (06-15)", "2026-06-15", "16 (06-08)")
def too_many_minutes() -> Script:
    """5,000 minutes in 7 days: 4,200 are possible."""
    return [
        checkpoint("H2", "2026-06-15", 5000, 0, "E_HOURS_RATE(4200)"),
        Fact(HOURS, (uid("H2"),), {"cumulative_minutes": 0, "status": "open"}),
    ]


@step("17", "2026-06-15", "8", "13")
def fraud_after_redemption() -> Script:
    """Revoking with ``reverse`` needs two keys, and takes back the recognition of step 7 at once."""
    body = StatusBody(
        batch_id=issued("uu-ds").batch_id, ranges=(Interval(start=0, end=1),), action="revoke", effect="reverse"
    )  # fmt: skip
    return [
        Act("credential_status", body, ("uu registrar",), expected="E_SIG_MISSING(uu quality)"),
        Act("credential_status", body, ("uu registrar", "uu quality")),
        Fact(RECOGNITIONS, (uid("r7"),), {"status": "reversed", "reason": "credential_revoked"}),
        account("N1", recognised="36/1"),
        recognise("r17", "N1", "a1", [held("uu-ds", 0)], "2/1", "E_REVOKED", abroad=True),
    ]


@step("issued 06-30", "2026-06-30", "china")
def issued_by_ecom() -> Script:
    """``ecom-ls``, 100 credentials."""
    return [issue("ecom-ls")]


@step("18 (notice)", "2026-07-01", "5", "13", "17", slack=0)
def notice() -> Script:
    """uu ends A1 after its 180 days of notice."""
    body = TerminateBody(agreement_id="a1", effective_date="2026-12-28")
    return [
        Act("agreement_terminate", body, ("uu agreements",)),
        Fact(AGREEMENTS, ("a1",), {"status": "terminating"}),
    ]


@step("18 (intake)", "2026-08-03", "6")
def autumn_intake() -> Script:
    """Another intake of ``uu-ds``."""
    return [intake_of("uu-ds-autumn")]


@step("18 (issue)", "2026-09-01", "18 (notice)", "18 (intake)")
def issued_during_notice() -> Script:
    """Issuing goes on during the notice."""
    return [
        issue("uu-ds-autumn"),
        Fact(BATCHES, (issued("uu-ds-autumn").batch_id,), {"count": 12}),
    ]
