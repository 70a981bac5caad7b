"""Rows of DOMAIN.md as tables: what is submitted or asked, in words, and what must come of it.

A row has one ledger for all of its examples, which are played one after another. An example is refused
with ``E_CODE`` or ``E_CODE(word of the detail)``, or ``accepted`` without any warning, or ``accepted with
W_...``; anything else is compared as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

L = TypeVar("L")

ACCEPTED = "accepted"

SECTIONS = {
    "A": ("1.1 Concept and demand", 8),
    "C": ("1.2 United States", 13),
    "E": ("1.3 European Union", 11),
    "U": ("1.4 Australia", 12),
    "M": ("1.5 Malaysia", 12),
    "N": ("1.6 China today", 14),
    "P": ("1.7 The proposed Chinese scheme", 19),
    "X": ("4 Abuse", 28),
}
"""Letter of the row ids to section of DOMAIN.md and number of rows; attacks are numbered in its order."""

ROW_IDS = tuple(
    f"{letter}{number}" for letter, (_, count) in SECTIONS.items() for number in range(1, count + 1)
)
"""Every row there must be a test for."""


@dataclass(frozen=True)
class Verdict:
    """What became of a record."""

    code: str = ACCEPTED
    detail: str = ""
    warnings: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.code != ACCEPTED:
            return f"{self.code}({self.detail})"
        return f"{ACCEPTED} with {' '.join(sorted(self.warnings))}" if self.warnings else ACCEPTED

    def is_as(self, expected: str) -> bool:
        """Whether this is the verdict that was expected."""
        code, _, word = expected.rstrip(")").partition("(")
        if self.code == ACCEPTED:
            return str(self) == expected
        named = re.search(rf"(?<![\w/]){re.escape(word)}(?![\w/])", self.detail) if word else True
        return self.code == code and bool(named)


Example = tuple[str, Callable[[L], object], object]
"""In words; what is done; what must come of it."""


@dataclass(frozen=True)
class Row(Generic[L]):
    """One row of DOMAIN.md."""

    id: str
    name: str
    given: Callable[[], L]
    """Makes the ledger the examples are played on."""
    examples: tuple[Example[L], ...]

    def play(self) -> None:
        """Play every example; the first that comes out differently fails the test."""
        ledger = self.given()
        for words, act, expected in self.examples:
            got = act(ledger)
            good = got.is_as(str(expected)) if isinstance(got, Verdict) else got == expected
            assert good, f"{self.id}, {words}: expected {expected}, got {got}"


def row(row_id: str, name: str, given: Callable[[], L], *examples: Example[L]) -> Row[L]:
    """One row; ``given`` makes the ledger of its examples."""
    assert examples, f"{row_id} has no example"
    return Row(row_id, name, given, examples)


def by_id(rows: Iterable[Row[Any]]) -> dict[str, Row[Any]]:
    """Rows by id, each once."""
    found: dict[str, Row[Any]] = {}
    for one in rows:
        assert one.id in ROW_IDS, f"{one.id} is no row"
        assert one.id not in found, f"two rows are called {one.id}"
        found[one.id] = one
    return found
