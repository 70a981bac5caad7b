"""Credits at a fixed exchange: source credits times one agreed ratio."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from accord_ledger import rational
from accord_ledger.conversion.ratio import fixed_ratio
from accord_ledger.domain.rules.base import Replaced, RuleTerms
from accord_ledger.errors import Rejection
from accord_ledger.fields import RationalText


class FixedRatio(RuleTerms, tag_field="kind", tag="fixed_ratio"):
    """DOMAIN.md 2.3, ``fixed_ratio``."""

    ratio: RationalText
    """Target credits per source credit, above 0."""

    def check_values(self, path: str) -> None:
        """See :class:`RuleTerms`."""
        super().check_values(path)
        if rational.parse(self.ratio, f"{path}.ratio") == 0:
            raise Rejection("E_VALUE", "expected a ratio above 0", path=f"{path}.ratio")

    def multiplier(self) -> Fraction | None:
        """See :class:`RuleTerms`."""
        return rational.parse(self.ratio)

    def exact(self, item_credits: Sequence[Fraction], replaced: Sequence[Replaced] = ()) -> Fraction:
        """See :class:`RuleTerms`."""
        return fixed_ratio(sum(item_credits, Fraction(0)), rational.parse(self.ratio))
