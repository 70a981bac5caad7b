"""State values for the rules: a memory of decoded objects over read-only SQLite.

Absence is answered by the authenticated map in memory, so a fresh id never costs a disk read.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from accord_ledger.authmap.map import AuthMap
from accord_ledger.errors import FatalError
from accord_ledger.state import Table


class DurableState:
    """The state as of the durable floor (``accord_ledger.state.Source``). Threads may share it."""

    def __init__(self, database: Path, state: AuthMap, *, capacity: int = 100_000) -> None:
        self._connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True, check_same_thread=False)
        self._map = state
        self._capacity = capacity
        self._decoded: OrderedDict[bytes, Any] = OrderedDict()
        self._leaving: dict[bytes, bytes] = {}
        self._lock = threading.Lock()

    def has(self, key: bytes) -> bool:
        """Whether the key holds a value, from the map alone."""
        return key in self._decoded or self._map.contains(key)

    def load(self, table: Table[Any], key: bytes) -> Any | None:
        """The decoded value, from memory or from disk."""
        with self._lock:
            found = self._decoded.get(key)
            if found is not None:
                self._decoded.move_to_end(key)
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
        row = self._connection.execute("SELECT value FROM state WHERE key = ?", (key,)).fetchone()
        return None if row is None else bytes(row[0])

    def leaving(self, keys: Iterable[bytes]) -> None:
        """These rows are about to be deleted; until :meth:`advance` they still hold what they hold."""
        with self._lock:
            self._leaving = {key: value for key in keys if (value := self._row(key)) is not None}

    def advance(self, state: AuthMap, written: Mapping[bytes, Any | None]) -> None:
        """Follow a commit: the new map and the values the block wrote."""
        with self._lock:
            self._map = state
            self._leaving = {}
            for key, value in written.items():
                if value is None:
                    self._decoded.pop(key, None)
                else:
                    self._remember(key, value)

    def _remember(self, key: bytes, value: Any) -> None:
        self._decoded[key] = value
        self._decoded.move_to_end(key)
        while len(self._decoded) > self._capacity:
            self._decoded.popitem(last=False)

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._connection.close()
