"""Signatures checked once: a bounded memory of good ones, as (public key, message, signature).

Which key and which authority a signature stands for is decided at execution (DESIGN.md section 2); this
only remembers that the mathematics held, so a proposal costs execution and not signature checks.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet

from accord_ledger.domain.pipeline import SignatureChecker
from accord_ledger.keys import verifies

Job = tuple[bytes, bytes, bytes]
"""(public, message, signature)."""


class Known:
    """Signatures that were found good elsewhere, for one job; any other is the checker's to decide.

    They are not remembered for longer: what is long final is not asked for again.
    """

    __slots__ = ("_checker", "_good")

    def __init__(self, good: AbstractSet[Job], checker: SignatureChecker) -> None:
        self._good = good
        self._checker = checker

    def __call__(self, public: bytes, message: bytes, signature: bytes) -> bool:
        """Whether the signature verifies."""
        return (public, message, signature) in self._good or self._checker(public, message, signature)


class SignatureCache:
    """Remembers good signatures; a miss is checked on the spot. Safe to share between threads."""

    def __init__(self, capacity: int = 200_000) -> None:
        self._capacity = capacity // 2
        self._young: dict[bytes, bytes] = {}
        """What was signed, and by which key, by signature. Bytes alone: the garbage collector looks at none of them."""
        self._old: dict[bytes, bytes] = {}
        self.checked = 0
        """Signatures verified, for metrics."""
        self.remembered = 0
        """Checks answered from memory."""

    def __call__(self, public: bytes, message: bytes, signature: bytes) -> bool:
        """Whether the signature verifies."""
        known = self._young.get(signature) or self._old.get(signature)
        if known is not None and known == _signed(public, message):
            self.remembered += 1
            return True
        self.checked += 1
        if not verifies(public, message, signature):
            return False
        self.remember(public, message, signature)
        return True

    def remember(self, public: bytes, message: bytes, signature: bytes) -> None:
        """Note a signature that was verified elsewhere (or made here)."""
        if len(self._young) >= self._capacity:
            self._old, self._young = self._young, {}
        self._young[signature] = _signed(public, message)

    def check_all(self, jobs: Iterable[Job]) -> bool:
        """Check ahead of execution; stops at the first bad one (execution names it)."""
        return all(self(public, message, signature) for public, message, signature in jobs)


def _signed(public: bytes, message: bytes) -> bytes:
    """One name for both: no other pair has it."""
    return b"%d:%b%b" % (len(public), public, message)
