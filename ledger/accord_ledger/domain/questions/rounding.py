"""Q-B3: which rules lose most to rounding down."""

from __future__ import annotations

from fractions import Fraction

from accord_ledger import rational
from accord_ledger.codec import Wire
from accord_ledger.domain.model.agreement import AGREEMENT_TERMS
from accord_ledger.domain.model.framework import FRAMEWORKS
from accord_ledger.domain.questions.question import Asked, question
from accord_ledger.domain.questions.reading import Reading
from accord_ledger.domain.rule_lookup import find_rule
from accord_ledger.domain.rules import HoursRatio


class RoundingAsked(Asked):
    """Parameters of Q-B3: none."""


class RoundingLoss(Wire):
    """One rule."""

    agreement: str
    rule: str
    recognitions: int
    dropped_total: str
    """In credits of the target, exact."""
    dropped_hours: str | None
    """The same in hours; None where the target credit has no one number of hours."""


@question(
    "rounding", "Q-B3", "Rules that lose most to rounding", provable=False,
    dated=False, report=("取整损失", "Losses to rounding"),
)  # fmt: skip
def rounding(read: Reading, asked: RoundingAsked) -> list[RoundingLoss]:
    """Live recognitions by rule, greatest loss first (by hours, where they are known)."""
    del asked
    totals: dict[tuple[str, str], tuple[int, Fraction, Fraction | None]] = {}
    for one in read.tallies.roundings():
        lost = one.recognitions * rational.parse_state(one.dropped)
        hours = _hours(read, one.agreement, one.version, one.rule)
        count, total, known = totals.get((one.agreement, one.rule), (0, Fraction(0), Fraction(0)))
        more = None if hours is None or known is None else known + lost * hours
        totals[one.agreement, one.rule] = (count + one.recognitions, total + lost, more)
    order = sorted(totals.items(), key=lambda item: (-(item[1][2] or 0), -item[1][1], item[0]))
    return [
        RoundingLoss(
            agreement=name, rule=rule, recognitions=count, dropped_total=rational.format(total),
            dropped_hours=None if hours is None else rational.format(hours),
        )
        for (name, rule), (count, total, hours) in order
    ]  # fmt: skip


def _hours(read: Reading, agreement: str, version: int, rule_id: str) -> Fraction | None:
    """Hours of one target credit: the rule's pin, or the framework's if it has but one number."""
    rule = find_rule(read.ctx.state, read.get(AGREEMENT_TERMS, agreement, version), rule_id)
    if rule is None:
        return None
    if isinstance(rule, HoursRatio):
        return rational.parse(rule.target_pin)
    target = read.known(FRAMEWORKS, *rule.target).terms
    return (
        rational.parse(target.hours_min)
        if target.hours_min and target.hours_min == target.hours_max
        else None
    )
