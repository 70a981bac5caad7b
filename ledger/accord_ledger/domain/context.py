"""What a rule sees while it checks and applies one record: state, time, signatures, nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any, Final, TypeVar

from accord_ledger import calendar, codec
from accord_ledger.domain.model.parameters import PARAMETERS, Parameters
from accord_ledger.errors import Rejection
from accord_ledger.state import Part, Table, View

V = TypeVar("V", bound=codec.Wire)

_NONE: Final[Mapping[Any, Any]] = MappingProxyType({})


@dataclass(slots=True)
class Context:
    """One record's view of the ledger, then the next one's. Whoever calls takes back what a failed one wrote."""

    state: View
    network: bytes
    height: int
    time: int
    """Block time, UTC seconds."""
    author: str = ""
    tx_id: bytes = b""
    first: bool = False
    """No record of this network stands before this one."""
    genesis: bool = False
    """Acts of the genesis document: unsigned, and date windows against the ledger clock are off."""
    holder_signatures: Mapping[bytes, bool] = field(default_factory=dict)
    """Key id of a holder key to whether it signed this record validly."""
    signed: tuple[tuple[str, str, bytes], ...] = ()
    """(party, purpose, key id) of the signers that satisfied the requirement."""
    keys_of: Mapping[tuple[str, str], tuple[bytes, ...]] = field(default_factory=dict)
    """(party, purpose) to the institutional keys that signed validly."""
    warnings: list[str] = field(default_factory=list)
    result: dict[str, str] = field(default_factory=dict)
    """Computed facts for the receipt (``awarded``, ``dropped`` ...)."""

    _today: date | None = None
    _parameters: Parameters | None = None

    def for_record(self, author: str, tx_id: bytes, *, first: bool = False) -> None:
        """Begin with the next record of this block; what holds for the whole block stays worked out."""
        self.author, self.tx_id, self.first = author, tx_id, first
        self.holder_signatures, self.signed, self.keys_of = _NONE, (), _NONE
        self.warnings, self.result = [], {}

    @property
    def present(self) -> AbstractSet[tuple[str, str]]:
        """(party, purpose) of every valid institutional signature, needed or not."""
        return self.keys_of.keys()

    @property
    def today(self) -> date:
        """The ledger date: UTC day of the block time."""
        if self._today is None:
            self._today = calendar.date_at(self.time)
        return self._today

    @property
    def parameters(self) -> Parameters:
        """Alliance parameters in force (T04): what a block sets is in force from the next block on."""
        if self._parameters is None:
            head = self.state.get(PARAMETERS)
            if head is None:
                self._parameters = Parameters()
            else:
                before = head.before if head.since == self.height else None
                self._parameters = before or head.newest
        return self._parameters

    def known(self, table: Table[V], *parts: Part, path: str) -> V:
        """The named object, or ``E_UNKNOWN_REF`` at ``path``."""
        found = self.state.get(table, *parts)
        if found is None:
            raise unknown(table, *parts, path=path)
        return found

    def unused(self, table: Table[V], *parts: Part, path: str) -> None:
        """``E_DUPLICATE`` at ``path`` if the id was used before."""
        if self.state.exists(table, *parts):
            raise Rejection("E_DUPLICATE", f"expected an unused {table.name} id", path=path)


def unknown(table: Table[V], *parts: Part, path: str) -> Rejection:
    """``E_UNKNOWN_REF``: nothing has this name."""
    shown = "@".join(part.hex() if isinstance(part, bytes) else str(part) for part in parts)
    return Rejection("E_UNKNOWN_REF", f"expected a known {table.name}, got {shown}", path=path)
