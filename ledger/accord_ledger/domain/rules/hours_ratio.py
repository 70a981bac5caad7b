"""Credits by hours: source credits times pinned hours per source credit, over those per target credit."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from accord_ledger import rational
from accord_ledger.conversion.ratio import hours_multiplier, hours_ratio
from accord_ledger.domain.model.framework import Framework
from accord_ledger.domain.rules.base import Replaced, RuleTerms
from accord_ledger.errors import Rejection
from accord_ledger.fields import RationalText


class HoursRatio(RuleTerms, tag_field="kind", tag="hours_ratio"):
    """DOMAIN.md 2.3, ``hours_ratio``."""

    source_pin: RationalText
    """Hours per source credit, inside the interval of the source framework."""
    target_pin: RationalText
    """Hours per target credit, inside the interval of the target framework."""

    def check_values(self, path: str) -> None:
        """See :class:`RuleTerms`."""
        super().check_values(path)
        rational.parse(self.source_pin, f"{path}.source_pin")
        rational.parse(self.target_pin, f"{path}.target_pin")

    def check_hours_known(self, source: Framework, target: Framework, path: str) -> None:
        """See :class:`RuleTerms`; hours without an interval cannot be pinned either."""
        for side, framework in (("source", source), ("target", target)):
            terms = framework.terms
            if terms.hours_min is None or terms.hours_max is None:
                raise Rejection(
                    "E_NO_HOURS", f"expected hours in {terms.framework_id}", path=f"{path}.{side}"
                )

    def check_pins(self, source: Framework, target: Framework, path: str) -> None:
        """See :class:`RuleTerms`."""
        _check_pin(self.source_pin, source, f"{path}.source_pin")
        _check_pin(self.target_pin, target, f"{path}.target_pin")
        hours_multiplier(*self._pins(), path=path)

    def check_hour_kinds(self, source: Framework, target: Framework, path: str) -> None:
        """See :class:`RuleTerms`."""
        if source.terms.hour_kind != target.terms.hour_kind:
            detail = f"expected one kind of hours, got {source.terms.hour_kind} and {target.terms.hour_kind}"
            raise Rejection("E_HOUR_KIND", detail, path=path)

    def _pins(self) -> tuple[Fraction, Fraction]:
        return rational.parse(self.source_pin), rational.parse(self.target_pin)

    def multiplier(self) -> Fraction | None:
        """See :class:`RuleTerms`."""
        return hours_multiplier(*self._pins())

    def exact(self, item_credits: Sequence[Fraction], replaced: Sequence[Replaced] = ()) -> Fraction:
        """See :class:`RuleTerms`."""
        return hours_ratio(sum(item_credits, Fraction(0)), *self._pins())


def _check_pin(pin: str, framework: Framework, path: str) -> None:
    terms = framework.terms
    low, high = rational.parse(terms.hours_min or "0/1"), rational.parse(terms.hours_max or "0/1")
    if not low <= rational.parse(pin, path) <= high:
        detail = f"expected {low} to {high} hours per credit of {terms.framework_id}, got {pin}"
        raise Rejection("E_PIN_OUTSIDE_FRAMEWORK", detail, path=path)
