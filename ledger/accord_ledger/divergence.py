"""What a replay finds wrong: which area of the log, which code, which entry, what was expected and found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final


class Area(Enum):
    """What was judged; an auditor reports on each."""

    FORM = "form"
    CHAIN = "chain"
    MEMBERS = "members"
    TIME = "time"
    CERTIFICATES = "certificates"
    BODIES = "bodies"
    LOG_ROOTS = "log_roots"
    STATE_ROOTS = "state_roots"
    SIGNATURES = "signatures"
    RULES = "rules"


SEAL_FIELDS: Final = {
    "network": Area.CHAIN,
    "version": Area.CHAIN,
    "epoch": Area.CHAIN,
    "height": Area.CHAIN,
    "parent": Area.CHAIN,
    "first": Area.CHAIN,
    "count": Area.CHAIN,
    "members": Area.MEMBERS,
    "body_hash": Area.BODIES,
    "log_root": Area.LOG_ROOTS,
    "state_root": Area.STATE_ROOTS,
}
"""Fields of a seal that follow from what stands before it; a difference has the code ``SEAL_<FIELD>``."""

SIGNATURE_CODES: Final = frozenset(
    {
        "E_SIG_INVALID", "E_KEY_REVOKED", "E_SIG_MISSING", "E_SIG_DISTINCT", "E_ROLE", "E_PARTY_STATUS",
        "E_HOLDER_SIG",
    }
)  # fmt: skip
"""Codes of DOMAIN.md 2.9 that say something about who signed; all others are about rules."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it must be."""

    area: Area
    code: str
    """Stable: ``SEAL_*``, ``CERTIFICATE_*``, ``ENTRY_*``, ``BLOCK_*``, or a code of DOMAIN.md 2.9."""
    entry: int
    """Log index of the entry that says it."""
    height: int
    """Height of the block it stands in."""
    expected: str
    got: str

    def __str__(self) -> str:
        place = f"entry {self.entry}, height {self.height}"
        return f"{self.code} at {place}: expected {self.expected}, got {self.got}"
