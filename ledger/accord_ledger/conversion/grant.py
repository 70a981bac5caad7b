"""The one rounding of a recognition: down, at the end, and what falls off is recorded, never banked.

Holds for every grant (DOMAIN.md 0.2, 2.3, I3): awarded <= exact, awarded is a multiple of the quantum,
exact - awarded < quantum; and splitting a recognition never gives more than joining it (I10).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from accord_ledger import rational
from accord_ledger.errors import Rejection


@dataclass(frozen=True, slots=True)
class Grant:
    """The outcome of one recognition, in credits of the target framework."""

    exact: Fraction
    """What the rule gives, summed exactly over all items."""

    awarded: Fraction
    """What enters the account: ``exact`` rounded down to the quantum."""

    @property
    def dropped(self) -> Fraction:
        """What the rounding took; recorded and never banked."""
        return self.exact - self.awarded


def rounded(exact: Fraction, quantum: Fraction) -> Grant:
    """``exact`` rounded down once to a multiple of ``quantum``; possibly zero."""
    return Grant(exact, rational.floor_to(exact, quantum))


def grant(exact: Fraction, quantum: Fraction, path: str = "") -> Grant:
    """The grant for ``exact`` credits, so that nobody burns a credential for nothing.

    Raises:
        Rejection: ``E_ZERO_CREDIT``: less than one quantum.
    """
    result = rounded(exact, quantum)
    if result.awarded == 0:
        raise Rejection(
            "E_ZERO_CREDIT", f"expected at least {quantum} credits, got {rational.shown(exact)}", path=path
        )
    return result


def check_whole_courses(result: Grant, course_credits: Iterable[Fraction], path: str = "") -> None:
    """Hold an ``atomic`` rule to whole courses: the award is the sum of the target courses.

    Neither a part of a course nor credit beside the courses can be awarded; giving less than the
    rounded amount would break invariant I3, so any difference is refused.

    Raises:
        Rejection: ``E_PARTIAL_COURSE`` (DOMAIN.md 2.5, stage 9).
    """
    courses = sum(course_credits, Fraction(0))
    if result.awarded != courses:
        detail = f"expected whole courses of {rational.shown(result.awarded)} credits, got {rational.shown(courses)}"
        raise Rejection("E_PARTIAL_COURSE", detail, path=path)


def check_claimed(result: Grant, claimed: Fraction, path: str = "") -> None:
    """Compare the amount the transaction claims with the computed one.

    Raises:
        Rejection: ``E_AMOUNT``, so that two implementations cannot silently disagree.
    """
    if claimed != result.awarded:
        detail = f"expected {rational.shown(result.awarded)}, got {rational.shown(claimed)}"
        numbers = {"exact": result.exact, "awarded": result.awarded, "asked": claimed}
        facts = {name: rational.format(number) for name, number in numbers.items()}
        raise Rejection("E_AMOUNT", detail, path=path, facts=facts)
