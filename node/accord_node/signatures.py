"""Signatures checked once: a bounded memory of good ones, as (public key, message, signature).

Which key and which authority a signature stands for is decided at execution (DESIGN.md section 2); this
only remembers that the mathematics held, so a proposal costs execution and not signature checks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from accord_ledger.domain.pipeline import SignatureChecker
from accord_ledger.keys import verifies

Job = tuple[bytes, bytes, bytes]
"""(public, message, signature)."""
GroupChecker = Callable[[Sequence[Sequence[Job]]], list[bool]]
"""Of each group, the signatures of one record, whether all verify."""
Elsewhere = Callable[[Sequence[Sequence[Job]]], list[bool] | None]
"""Of each group whether all its signatures verify, up to the first that does not; None: nobody says."""

MANY: Final = 16
"""So few signatures are not worth a message to another process."""


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

    def __init__(self, capacity: int = 200_000, elsewhere: Elsewhere | None = None) -> None:
        """Remember nothing yet.

        Args:
            capacity: good signatures that are remembered.
            elsewhere: checks many outside this process.
        """
        self._elsewhere = elsewhere
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
        if self.knows(public, message, signature):
            self.remembered += 1
            return True
        self.checked += 1
        if not verifies(public, message, signature):
            return False
        self.remember(public, message, signature)
        return True

    def knows(self, public: bytes, message: bytes, signature: bytes) -> bool:
        """Whether the signature is remembered as good."""
        known = self._young.get(signature) or self._old.get(signature)
        return known is not None and known == _signed(public, message)

    def remember(self, public: bytes, message: bytes, signature: bytes) -> None:
        """Note a signature that was verified elsewhere (or made here)."""
        if len(self._young) >= self._capacity:
            self._old, self._young = self._young, {}
        self._young[signature] = _signed(public, message)

    def check_all(self, jobs: Iterable[Job]) -> bool:
        """Check ahead of execution; stops at the first bad one (execution names it)."""
        return all(self(public, message, signature) for public, message, signature in jobs)

    def check_groups(self, groups: Sequence[Sequence[Job]]) -> list[bool]:
        """Of each group, the signatures of one record, whether all are good; many are checked elsewhere at once.

        May wait for a process: never on the event loop.
        """
        if self._elsewhere is not None:
            unknown = [[job for job in group if not self.knows(*job)] for group in groups]
            if (count := sum(map(len, unknown))) >= MANY and (found := self._elsewhere(unknown)) is not None:
                self.checked += count
                self.remembered += sum(map(len, groups)) - count
                for group, good in zip(unknown, found, strict=True):
                    if good:
                        for job in group:
                            self.remember(*job)
                return found
        return self.check_each(groups)

    def check_each(self, groups: Sequence[Sequence[Job]]) -> list[bool]:
        """:meth:`check_groups` on the spot."""
        return [self.check_all(group) for group in groups]


def _signed(public: bytes, message: bytes) -> bytes:
    """One name for both: no other pair has it."""
    return b"%d:%b%b" % (len(public), public, message)
