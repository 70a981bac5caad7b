"""Proved state values as a ledger to read from: the rules of the core run on them unchanged.

A value that nobody proved is not absent: reading it raises :class:`NotProvedError` with the key, which
tells an exporter what to fetch, and makes a verifier say "not checked" instead of guessing.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Final

from accord_client.proofs import check_value
from accord_ledger.domain.context import Context
from accord_ledger.errors import AccordError
from accord_ledger.state import Table, View


class NotProvedError(AccordError):
    """A state value that the evidence does not speak of.

    Attributes:
        key: the state key.
    """

    def __init__(self, table: str, key: bytes) -> None:
        super().__init__("NOT_PROVED", f"no proof about a {table} ({key[len(table) + 1 :].hex()[:64]})")
        self.key = key


MAX_SEEN: Final = 4096
"""Values remembered; one is about 2 kB with its proof."""


class SeenValues:
    """Values that were found proved, for bundles that share them: those of one batch share all but one.

    ``check_value`` depends on its arguments alone, so what passed once passes again.
    """

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[object, ...], bytes | None] = OrderedDict()

    def check(self, root: bytes, key: bytes, value: str | None, proof: str, *, path: str) -> bytes | None:
        """As :func:`accord_client.proofs.check_value`."""
        name = (root, key, value, proof)
        if name in self._kept:
            return self._kept[name]
        found = self._kept[name] = check_value(root, key, value, proof, path=path)
        while len(self._kept) > MAX_SEEN:
            self._kept.popitem(last=False)
        return found


class Evidence:
    """Proved values by state key; None stands for proved absence. A ``Source`` of the core."""

    __slots__ = ("values",)

    def __init__(self, values: dict[bytes, bytes | None] | None = None) -> None:
        self.values: dict[bytes, bytes | None] = dict(values or {})

    def load(self, table: Table[Any], key: bytes) -> Any | None:
        """See :class:`accord_ledger.state.Source`; raises :class:`NotProvedError`."""
        if key not in self.values:
            raise NotProvedError(table.name, key)
        raw = self.values[key]
        return None if raw is None else table.decode(raw)

    def has(self, key: bytes) -> bool:
        """See :class:`accord_ledger.state.Source`; raises :class:`NotProvedError`."""
        if key not in self.values:
            raise NotProvedError(key.partition(b"/")[0].decode(errors="replace"), key)
        return self.values[key] is not None

    def context(self, network: bytes, time: int) -> Context:
        """A view for the rules, at a ledger time."""
        return Context(state=View(self), network=network, height=0, time=time)
