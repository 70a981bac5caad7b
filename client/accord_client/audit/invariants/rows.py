"""What an invariant looks at: the rows a block wrote, and the state after it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from accord_client.audit.report import Finding
from accord_ledger import codec
from accord_ledger.domain.model.parameters import PARAMETERS, Parameters
from accord_ledger.domain.pipeline import Prepared
from accord_ledger.state import Part, Source, Table

V = TypeVar("V", bound=codec.Wire)


@dataclass(slots=True)
class Rows:
    """One executed block, sorted by table."""

    height: int
    time: int
    seal: int
    """Log index of its seal: where a broken invariant is found."""
    records: tuple[Prepared, ...]
    state: Source
    """State after the block."""
    written: dict[bytes, list[tuple[bytes, Any]]] = field(default_factory=dict)
    """Table name to (key without the table's prefix, value or None), of the tables that are watched."""

    def of(self, table: Table[V]) -> Iterator[tuple[bytes, V | None]]:
        """Rows of one table that the block wrote; None where it removed one."""
        return iter(self.written.get(table.prefix[:-1], ()))

    def get(self, table: Table[V], *parts: Part) -> V | None:
        """A row after the block."""
        found: V | None = self.state.load(table, table.key(*parts))
        return found

    def parameters(self) -> Parameters:
        """Alliance parameters in force in this block: what it set itself (T04) is in force from the next on."""
        head = self.get(PARAMETERS)
        if head is None:
            return Parameters()
        return head.before if head.since == self.height and head.before is not None else head.newest

    def broken(self, name: str, expected: str, got: str) -> Finding:
        """An invariant that does not hold after this block."""
        return Finding(name, name, expected, got, self.seal, self.height)
