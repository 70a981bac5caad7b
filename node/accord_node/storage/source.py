"""State values for the rules: a memory of decoded objects over read-only SQLite.

Absence is answered by the authenticated map in memory, so a fresh id never costs a disk read.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from accord_ledger.authmap.map import AuthMap
from accord_ledger.domain.model.credential import BATCHES, ROOTS
from accord_ledger.errors import FatalError
from accord_ledger.state import Table
from accord_node.storage.settling import value_of

_WRITTEN_ONCE: Final = (BATCHES.prefix, ROOTS.prefix)
"""Rows of an issuance, read again when it is used, which may be years later: remembered only once they were read.

Of what ordinary blocks write they are nearly all, so that they drove everything else out of memory."""


class DurableState:
    """The state as of the durable floor (``accord_ledger.state.Source``). Threads may share it."""

    def __init__(self, database: Path, state: AuthMap, *, capacity: int = 100_000) -> None:
        self._connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True, check_same_thread=False)
        self._map = state
        self._capacity = capacity // 2
        self._young: dict[bytes, Any] = {}
        """Decoded values read or written lately; when full it becomes the old ones."""
        self._old: dict[bytes, Any] = {}
        self._leaving: dict[bytes, bytes] = {}
        self._lock = threading.Lock()

    @property
    def remembered(self) -> int:
        """Values in memory."""
        return len(self._young) + len(self._old)

    def has(self, key: bytes) -> bool:
        """Whether the key holds a value, from the map alone."""
        return key in self._young or key in self._old or self._map.contains(key)

    def load(self, table: Table[Any], key: bytes) -> Any | None:
        """The decoded value, from memory or from disk."""
        with self._lock:
            found = self._young.get(key)
            if found is not None:
                return found
            found = self._old.get(key)
            if found is not None:
                self._remember(key, found)
                return found
            if not self._map.contains(key):
                return None
            raw = self._leaving.get(key) or self._row(key)
            if raw is None:
                raise FatalError("STATE_CORRUPT", f"expected a value under {key.hex()} in the database")
            value = table.decode(raw)
            self._remember(key, value)
            return value

    def _row(self, key: bytes) -> bytes | None:
        return value_of(self._connection, key)

    def leaving(self, keys: Iterable[bytes]) -> None:
        """These rows are about to be deleted; until :meth:`advance` they still hold what they hold."""
        with self._lock:
            self._leaving = {key: value for key in keys if (value := self._row(key)) is not None}

    def advance(self, state: AuthMap, written: Mapping[bytes, Any | None]) -> None:
        """Follow a commit: the new map and the values the block wrote."""
        with self._lock:
            self._map = state
            self._leaving = {}
            kept = {
                key: value
                for key, value in written.items()
                if value is not None and not key.startswith(_WRITTEN_ONCE)
            }
            for held in (self._young, self._old):
                for key in (held.keys() & written.keys()) - kept.keys():
                    del held[key]
            self._make_room(len(kept))
            self._young.update(kept)

    def _remember(self, key: bytes, value: Any) -> None:
        self._make_room(1)
        self._young[key] = value

    def _make_room(self, more: int) -> None:
        if len(self._young) + more > self._capacity:
            self._old, self._young = self._young, {}

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._connection.close()
