"""Credentials shown as evidence: no credit, and nothing is consumed (DOMAIN.md 2.3; row C9)."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import ClassVar

from accord_ledger.domain.rules.base import NoncreditUse, Replaced, RuleTerms, Use


class Evidence(RuleTerms, tag_field="kind", tag="evidence"):
    """DOMAIN.md 2.3, ``evidence``: T27 ends after stage 8."""

    use: ClassVar[Use] = "evidence"
    noncredit: ClassVar[NoncreditUse] = "always"

    def exact(self, item_credits: Sequence[Fraction], replaced: Sequence[Replaced] = ()) -> Fraction:
        """See :class:`RuleTerms`: no credit."""
        return Fraction(0)
