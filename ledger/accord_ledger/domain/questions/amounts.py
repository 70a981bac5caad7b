"""Amounts as answers show them: exact rationals, count pairs, and percentages for people.

A percentage has one decimal unless said, rounded half to even (row N1), and stands beside the counts, never alone.
"""

from __future__ import annotations

from fractions import Fraction

from accord_ledger import rational


def ratio(part: int, whole: int) -> str | None:
    """``part / whole`` as an exact rational; None of nothing."""
    return rational.format(Fraction(part, whole)) if whole else None


def percent(part: int, whole: int, places: int = 1) -> str | None:
    """``88.7 %``: so many decimals (row N3 has two), half to even; None of nothing."""
    if not whole:
        return None
    units, rest = divmod(100 * 10**places * part, whole)
    if 2 * rest > whole or (2 * rest == whole and units % 2):
        units += 1
    return f"{units // 10**places}.{units % 10**places:0{places}} %"
