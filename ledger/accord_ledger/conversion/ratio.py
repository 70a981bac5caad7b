"""Rules that multiply: exact amounts, and the multipliers they put on the agreement graph.

A credit sum goes in, an exact amount comes out; rounding is the business of
:func:`accord_ledger.conversion.grant.grant` alone. The multipliers are the edges of the inflation check
(DOMAIN.md 2.3), so that what is checked is what is later granted.
"""

from __future__ import annotations

from fractions import Fraction

from accord_ledger.errors import Rejection


def hours_multiplier(source_pin: Fraction, target_pin: Fraction, path: str = "") -> Fraction:
    """Target credits per source credit, from pinned hours per credit on both sides.

    Raises:
        Rejection: ``E_PIN_OUTSIDE_FRAMEWORK``: a pin of no hours.
    """
    if source_pin <= 0 or target_pin <= 0:
        raise Rejection("E_PIN_OUTSIDE_FRAMEWORK", "expected hours per credit above 0, got 0", path=path)
    return source_pin / target_pin


def hours_ratio(
    source_credits: Fraction, source_pin: Fraction, target_pin: Fraction, path: str = ""
) -> Fraction:
    """Exact target credits for ``source_credits``: times the source's hours per credit, over the target's.

    Raises:
        Rejection: ``E_PIN_OUTSIDE_FRAMEWORK``: a pin of no hours.
    """
    return source_credits * hours_multiplier(source_pin, target_pin, path)


def fixed_ratio(source_credits: Fraction, ratio: Fraction) -> Fraction:
    """Exact target credits for ``source_credits`` at ``ratio`` target credits per source credit."""
    return source_credits * ratio
