"""Caps round down, minimum thresholds round up, both to the award's quantum (DOMAIN.md 0.2, 2.3).

An amount over a cap is refused whole, never trimmed.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from accord_ledger import rational
from accord_ledger.errors import Rejection
from accord_ledger.rational import shown


def award_cap(credits_of_award: Fraction, shares: Iterable[Fraction], quantum: Fraction) -> Fraction:
    """Most credits an account may hold by recognition: the least share of the award, rounded down.

    Args:
        credits_of_award: the award's own credits.
        shares: every cap that binds the account (alliance, credit banks, agreements with a live
            recognition in it, the present one included); for a class cap, those of the class.
        quantum: of the award's framework.

    Raises:
        ValueError: no share at all; the alliance always has one.
    """
    return rational.floor_to(credits_of_award * min(shares), quantum)


def threshold(total: Fraction, share: Fraction, quantum: Fraction) -> Fraction:
    """Least credits that reach ``share`` of ``total``, rounded up (admission, residency)."""
    return rational.ceil_to(total * share, quantum)


def check_cap(code: str, held: Fraction, added: Fraction, cap: Fraction, path: str = "") -> None:
    """Refuse what would exceed a cap; reaching it exactly is allowed.

    Args:
        code: which cap: ``E_CAP_CREDENTIAL``, ``E_CAP_COURSE``, ``E_CAP_CLASS`` or ``E_CAP_AWARD``.
        held: credits counted against the cap so far.
        added: credits of the present recognition.
        cap: the most there may be.
        path: where the amount stands.

    Raises:
        Rejection: ``code``.
    """
    if held + added > cap:
        numbers = {"have": held, "asked": added, "cap": cap}
        raise Rejection(
            code,
            f"expected at most {shown(cap)} credits, got {shown(held)} + {shown(added)}",
            path=path,
            facts={name: rational.format(number) for name, number in numbers.items()},
        )


def check_threshold(code: str, presented: Fraction, minimum: Fraction, path: str = "") -> None:
    """Refuse what falls short of a minimum; the detail is by how much, and nothing else.

    Args:
        code: which minimum: ``E_ADMISSION_SHORT``, ``E_RESIDENCY`` or ``E_STACK_SHORT``.
        presented: credits there are.
        minimum: credits there must be.
        path: where the credits stand.

    Raises:
        Rejection: ``code``.
    """
    if presented < minimum:
        facts = {"have": rational.format(presented), "need": rational.format(minimum)}
        raise Rejection(code, rational.shown(minimum - presented), path=path, facts=facts)
