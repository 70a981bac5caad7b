"""Rules that grant listed wholes: a bundle's grant, the credits of substituted courses.

What these rules grant stands in the agreement itself, so there is little to compute; what is checked
here is that the items make up the listed whole. The checks are separate functions because DOMAIN.md 2.5 puts
them into different stages.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from accord_ledger.errors import Rejection
from accord_ledger.rational import shown


def check_bundle_count(count: int, presented: int, path: str = "") -> None:
    """Hold a bundle to exactly ``count`` items: all or nothing (DOMAIN.md 2.5, stage 8).

    Raises:
        Rejection: ``E_BUNDLE_INCOMPLETE``, with the detail ``presented/count``.
    """
    if presented != count:
        raise Rejection("E_BUNDLE_INCOMPLETE", f"{presented}/{count}", path=path)


def bundle_multiplier(count: int, item_credits: Fraction, granted: Fraction, path: str = "") -> Fraction:
    """Target credits per source credit of a bundle, its edge on the agreement graph (DOMAIN.md 2.3).

    Raises:
        Rejection: ``E_VALUE``: a bundle of nothing.
    """
    if count < 1 or item_credits <= 0:
        raise Rejection("E_VALUE", "expected at least one item of more than 0 credits", path=path)
    return granted / (count * item_credits)


def course_substitution(course_credits: Iterable[Fraction]) -> Fraction:
    """Exact credits of the substituted courses: each counts whole, as listed."""
    return sum(course_credits, Fraction(0))


def check_whole_course(listed: Fraction, own: Fraction, path: str = "") -> None:
    """Hold a substitution to the course as a whole: what is listed for it is what the course has.

    Raises:
        Rejection: ``E_PARTIAL_COURSE``.
    """
    if listed != own:
        detail = f"expected the course's own {shown(own)} credits, got {shown(listed)}"
        raise Rejection("E_PARTIAL_COURSE", detail, path=path)
