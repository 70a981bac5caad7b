"""T04, the alliance's parameters."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

import msgspec

from accord_ledger import rational
from accord_ledger.domain.authority import validators
from accord_ledger.domain.context import Context
from accord_ledger.domain.kind import Body, TransactionKind, transaction_kind
from accord_ledger.domain.model.parameters import PARAMETERS, ParameterHead, Parameters
from accord_ledger.domain.signing import Need
from accord_ledger.errors import Rejection

WHOLE_BOUNDS: Final = {
    "version": (1, 10**6),
    "max_issue_lag_days": (0, 3660),
    "teach_out_days": (0, 3660),
    "version_grace_days": (0, 3660),
    "backdate_days": (0, 366),
    "review_days": (1, 366),
    "run_off_default_days": (0, 3660),
    "notice_min_days": (0, 3660),
    "sign_by_max_days": (1, 366),
    "k_min_cell": (1, 10_000),
    "feedback_min_responses": (1, 10_000),
    "hours_daily_max_min": (1, 1440),
    "hours_checkpoint_min_days": (1, 366),
    "hours_window_months": (1, 240),
    "batch_min": (1, 131_072),
    "batch_max": (1, 131_072),
    "exit_years": (1, 20),
    "course_window_months": (1, 240),
    "seat_root_days": (1, 366),
    "max_due_per_block": (16, 4096),
    "record_weight_max": (2_000, 1_000_000),
    "block_weight_max": (20_000, 10_000_000),
}
"""Least and largest value of every whole parameter. The lower bounds of the weights leave room for the
transaction that would raise them again; the largest batch is what a leaf index can name."""

RATIO_BOUNDS: Final = {
    "award_cap": (Fraction(0), Fraction(1)),
    "overlap_block": (Fraction(0), Fraction(1)),
    "programme_hours_min": (Fraction(0), Fraction(10_000)),
    "programme_hours_soft_max": (Fraction(0), Fraction(10_000)),
    "practice_min": (Fraction(0), Fraction(1)),
    "projects_min": (Fraction(0), Fraction(1)),
    "hours_claim_min": (Fraction(0), Fraction(10_000)),
    "update_min": (Fraction(0), Fraction(1)),
    "exit_satisfaction": (Fraction(0), Fraction(1)),
}
"""Least and largest value of every rational parameter."""


class PolicySet(Body):
    """T04: every parameter, changed or not."""

    parameters: Parameters


@transaction_kind
class PolicySetKind(TransactionKind[PolicySet, None]):
    """New parameters, in force from the next block."""

    name = "policy_set"
    row = "T04"
    body = PolicySet
    errors = ("E_RANGE", "E_VERSION")
    in_genesis = True

    def values(self, body: PolicySet) -> None:
        """Spelling of the rationals."""
        for name in RATIO_BOUNDS:
            rational.parse(getattr(body.parameters, name), f"body.parameters.{name}")

    def weight(self, ctx: Context, body: PolicySet) -> int:
        """8 + entries."""
        del ctx
        return 8 + len(body.parameters.__struct_fields__)

    def signers(self, ctx: Context, body: PolicySet) -> Need:
        """2/3 of the validators."""
        del body
        return validators(ctx)

    def unused(self, ctx: Context, body: PolicySet) -> None:
        """Parameter versions rise by one; without any set, version 1 is in force."""
        known = ctx.state.get(PARAMETERS)
        last = known.newest.version if known else 0 if ctx.genesis else 1
        if body.parameters.version != last + 1:
            raise Rejection(
                "E_VERSION",
                f"expected version {last + 1}, got {body.parameters.version}",
                path="body.parameters.version",
            )

    def check(self, ctx: Context, body: PolicySet) -> None:
        """Every parameter inside its bounds, and the pairs in order."""
        del ctx
        new = body.parameters
        for name, (low, high) in WHOLE_BOUNDS.items():
            _check_bounds(name, Fraction(getattr(new, name)), Fraction(low), Fraction(high))
        for name, (least, most) in RATIO_BOUNDS.items():
            _check_bounds(name, rational.parse(getattr(new, name)), least, most)
        _check_bounds("batch_min", Fraction(new.batch_min), Fraction(1), Fraction(new.batch_max))
        _check_bounds(
            "record_weight_max", Fraction(new.record_weight_max), Fraction(1), Fraction(new.block_weight_max)
        )

    def apply(self, ctx: Context, body: PolicySet, plan: None) -> None:
        """Keep what is in force until the block is closed."""
        in_force = ctx.parameters
        head = ParameterHead(newest=body.parameters, since=ctx.height, before=in_force)
        ctx.state.put(PARAMETERS, msgspec.structs.replace(head, before=None) if ctx.genesis else head)


def _check_bounds(name: str, value: Fraction, low: Fraction, high: Fraction) -> None:
    if not low <= value <= high:
        raise Rejection("E_RANGE", f"expected {low} to {high}, got {value}", path=f"body.parameters.{name}")
