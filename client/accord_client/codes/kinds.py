"""Which transaction kinds give which code: from the kinds themselves, nothing is listed twice."""

from __future__ import annotations

from typing import Any, Final

from accord_ledger.domain.kind import TransactionKind, kinds

COMMON: Final = frozenset(
    {
        "E_SCHEMA", "E_NUMBER", "E_VALUE", "E_TX_EXPIRED", "E_RANGE", "E_SIGN_BY_PASSED", "E_DUPLICATE_TX",
        "E_DUPLICATE", "E_WEIGHT", "E_SIG_INVALID", "E_KEY_REVOKED", "E_SIG_MISSING", "E_SIG_DISTINCT", "E_ROLE",
        "E_PARTY_STATUS", "E_UNKNOWN_REF",
    }
)  # fmt: skip
"""What every kind can give: stage 1 of DOMAIN.md 2.5, and a name that names nothing."""


def in_order(row: str) -> tuple[int, str]:
    """Sorts rows of DOMAIN.md 2.4: T2, T10, T28, T28a."""
    digits = "".join(letter for letter in row if letter.isdigit())
    return int(digits or 0), row


def kinds_in_order() -> list[TransactionKind[Any, Any]]:
    """Every kind, by row, then by name."""
    return sorted(kinds().values(), key=lambda kind: (in_order(kind.row), kind.name))


def kinds_giving(code: str) -> list[TransactionKind[Any, Any]]:
    """The kinds that declare a code as their own."""
    return [kind for kind in kinds_in_order() if code in kind.errors]
