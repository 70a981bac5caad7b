"""Alliance parameters (DOMAIN.md 2.7), changed by T04 and kept in state so replay uses those in force."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from accord_ledger.codec import Wire
from accord_ledger.fields import RationalText
from accord_ledger.state import Table

Days = Annotated[int, Meta(ge=0, le=3660)]
Number = Annotated[int, Meta(ge=0, le=10**9)]


class Parameters(Wire):
    """Every parameter with its default of DOMAIN.md 2.7."""

    version: Annotated[int, Meta(ge=1, le=10**6)] = 1
    max_issue_lag_days: Days = 90
    teach_out_days: Days = 180
    version_grace_days: Days = 365
    backdate_days: Days = 30
    review_days: Days = 60
    run_off_default_days: Days = 365
    notice_min_days: Days = 90
    sign_by_max_days: Days = 90
    k_min_cell: Number = 10
    feedback_min_responses: Number = 30
    hours_daily_max_min: Number = 600
    hours_checkpoint_min_days: Days = 7
    hours_window_months: Number = 24
    batch_min: Number = 10
    batch_max: Number = 131_072
    award_cap: RationalText = "1/1"
    overlap_block: RationalText = "9/20"
    cycle_policy: Literal["reject", "warn"] = "reject"
    programme_hours_min: RationalText = "1/1"
    programme_hours_soft_max: RationalText = "100/1"
    practice_min: RationalText = "3/10"
    projects_min: RationalText = "2/5"
    hours_claim_min: RationalText = "10/1"
    update_min: RationalText = "1/5"
    exit_satisfaction: RationalText = "1/2"
    exit_years: Number = 2
    course_window_months: Number = 24
    seat_root_days: Days = 7
    max_due_per_block: Number = 256
    record_weight_max: Number = 20_000
    block_weight_max: Number = 200_000


class ParameterHead(Wire):
    """The newest parameters, and those in force in the very block that set them."""

    newest: Parameters
    since: Annotated[int, Meta(ge=0, lt=2**53)]
    """Height at which they were set; they are in force from the next block on."""
    before: Parameters | None = None


PARAMETERS: Table[ParameterHead] = Table("parameters", ParameterHead)
"""One value, under the empty key."""
