"""All invariants over one replay."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from accord_client.audit.invariants.accounts import Accounts
from accord_client.audit.invariants.awards import Awards
from accord_client.audit.invariants.cycles import Cycles
from accord_client.audit.invariants.hours import Hours
from accord_client.audit.invariants.privacy import Privacy
from accord_client.audit.invariants.programmes import Programmes
from accord_client.audit.invariants.reviews import Reviews
from accord_client.audit.invariants.rows import Rows
from accord_client.audit.invariants.years import Years
from accord_client.audit.report import Finding
from accord_ledger.replay import BlockReplayed
from accord_ledger.state import Source, Table, View

INVARIANTS = (
    "I1", "I2", "I3", "I4", "I5", "I6", "I7", "I8", "I9", "I11", "I12", "awards", "reviews", "hours", "years",
)  # fmt: skip
"""Checks on rows: those of DOMAIN.md 2.11, and what awards, reviews, hours and years must be beside them."""


class Invariant(Protocol):
    """Some invariants that look at the same rows."""

    @property
    def tables(self) -> tuple[Table[Any], ...]:
        """Tables whose rows it looks at."""

    def check(self, rows: Rows) -> Iterator[Finding]:
        """Judge one block, after all before it."""


class Watch:
    """Gives every executed block to every invariant; must see all blocks since genesis."""

    def __init__(self) -> None:
        self.cycles = Cycles()
        self._all: tuple[Invariant, ...] = (
            Accounts(),
            Awards(),
            Reviews(),
            Programmes(),
            Hours(),
            Years(),
            self.cycles,
            Privacy(),
        )
        self._tables = {table.prefix[:-1] for one in self._all for table in one.tables}

    def observe(self, block: BlockReplayed, state: Source) -> Iterator[Finding]:
        """Judge one block.

        Args:
            block: as replay gave it; one that was not executed says nothing.
            state: after the block.
        """
        if block.executed is None:
            return
        rows = Rows(block.height, block.time, block.first + block.records, block.executed.prepared, state)
        view = block.executed.version.state
        if isinstance(view, View):
            self._sort(rows, view)
        for one in self._all:
            yield from one.check(rows)

    def _sort(self, rows: Rows, view: View) -> None:
        tables, written = self._tables, rows.written
        for key, value in view.items():
            name, _, rest = key.partition(b"/")
            if name in tables:
                written.setdefault(name, []).append((rest, value))
