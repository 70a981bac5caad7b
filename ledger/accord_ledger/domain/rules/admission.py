"""Admission to an award on credentials that reach a share of it; nothing is consumed (row M5)."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Annotated, ClassVar

from msgspec import Meta

from accord_ledger import rational
from accord_ledger.domain.model.programme import ProgrammeForm
from accord_ledger.domain.rules.base import Replaced, RuleTerms, Use, check_ascending, check_share
from accord_ledger.errors import Rejection
from accord_ledger.fields import RationalText


class Admission(RuleTerms, tag_field="kind", tag="admission"):
    """DOMAIN.md 2.3, ``admission``: used by T29 alone."""

    share: RationalText
    """Share of the award's ``countable_total`` that must be presented, above 0."""
    countable: Annotated[tuple[ProgrammeForm, ...], Meta(min_length=1, max_length=3)]
    """Kinds of programme that count, in order."""

    use: ClassVar[Use] = "admission"

    def check_values(self, path: str) -> None:
        """See :class:`RuleTerms`."""
        super().check_values(path)
        check_share(self.share, f"{path}.share")
        if rational.parse(self.share) == 0:
            raise Rejection("E_VALUE", "expected a share above 0", path=f"{path}.share")
        check_ascending(self.countable, f"{path}.countable")

    def exact(self, item_credits: Sequence[Fraction], replaced: Sequence[Replaced] = ()) -> Fraction:
        """See :class:`RuleTerms`: what counts towards the share."""
        return sum(item_credits, Fraction(0))
