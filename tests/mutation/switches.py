"""What planted code calls while it runs: which mutant is switched on, and which tests could tell.

A mutant is *seen* by a test in which the changed place would have acted otherwise (a check that refused, a
comparison of equals), and *passed* by a test that merely went through it.
"""

from __future__ import annotations

import operator
from typing import Any, Final

_STRICTER: Final = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}
_HOLDS: Final = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class Switches:
    """One set for the process: at most one mutant is switched on."""

    def __init__(self) -> None:
        self.active = -1
        self.seen: set[int] = set()
        self.passed: set[int] = set()

    def forget(self) -> None:
        """Begin a test."""
        self.seen.clear()
        self.passed.clear()

    def refusing(self, mutant: int) -> bool:
        """After a condition that held: whether the refusal stays."""
        self.seen.add(mutant)
        return mutant != self.active

    def missing(self, mutant: int) -> bool:
        """After a condition that did not hold: whether it is taken as given."""
        self.seen.add(mutant)
        return mutant == self.active

    def calling(self, mutant: int) -> bool:
        """Before a call: whether it is made."""
        self.passed.add(mutant)
        return mutant != self.active

    def raised(self, mutant: int) -> None:
        """A call that failed."""
        self.seen.add(mutant)

    def compare(self, first: int, operators: tuple[str, ...], *values: Any) -> bool:
        """A comparison (or a chain of them); mutant ``first + i`` moves the boundary of the i-th."""
        for place, name in enumerate(operators):
            left, right = values[place], values[place + 1]
            if left == right:
                self.seen.add(first + place)
            if not _HOLDS[_STRICTER[name] if first + place == self.active else name](left, right):
                return False
        return True


SWITCHES: Final = Switches()
