"""The state a replay builds: what it wrote, over a source that stays as it is.

Memory: one decoded value for every key the replayed blocks wrote.
"""

from __future__ import annotations

from typing import Any

from accord_ledger.state import Source, Table


class ReplayedState:
    """State over a source that is never written to: decoded values of every key the replay wrote."""

    __slots__ = ("_base", "values")

    def __init__(self, base: Source) -> None:
        self._base = base
        self.values: dict[bytes, Any | None] = {}
        """What was written since the start; None where a key was removed."""

    def load(self, table: Table[Any], key: bytes) -> Any | None:
        """See :class:`accord_ledger.state.Source`."""
        if key in self.values:
            return self.values[key]
        return self._base.load(table, key)

    def has(self, key: bytes) -> bool:
        """See :class:`accord_ledger.state.Source`."""
        if key in self.values:
            return self.values[key] is not None
        return self._base.has(key)
