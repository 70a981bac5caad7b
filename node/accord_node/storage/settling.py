"""Rows with random keys are written in sorted runs: one by one each would cost a page of the database.

A merkle root or a transaction id may sort anywhere. Once the tree of such keys is larger than what one block
touches, every row dirties a page of its own, which is written twice and read once (write-ahead log, checkpoint):
at a million transactions that was most of what a node wrote. So such rows wait, where they were appended, until
there are :data:`RUN` of them; then they are sorted and *settled*: written to their tree a slice with each block, so
that one page takes several of them and no block waits for a whole run.

Rows of state wait in the table ``unsettled``, transaction ids in ``record``, so at every moment the database holds
each of them and a crash loses nothing. The view ``all_state`` is state with what waits. A run stands sorted in a
temporary table of the writer's connection: SQLite sorts and copies it without holding the interpreter.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Final

from accord_ledger.domain.model.credential import ROOTS
from accord_node.storage.rows import insert_rows

SCHEMA: Final = """
-- rows of state that wait to be settled, in the order they came; while a run settles they stand in both tables
CREATE TABLE IF NOT EXISTS unsettled (place INTEGER PRIMARY KEY, key BLOB NOT NULL, value BLOB NOT NULL);

CREATE VIEW IF NOT EXISTS all_state AS
    SELECT key, value FROM state UNION ALL SELECT key, value FROM unsettled
    WHERE NOT EXISTS (SELECT 1 FROM state WHERE state.key = unsettled.key);
"""

RUN: Final = 65_536
"""Rows that are sorted together."""
_BLOCKS: Final = 256
"""A run is settled within so many blocks, and always faster than the next one gathers:"""
_PACE: Final = 2
"""with each block at least so many rows for each that it brought."""

_SCATTERED: Final = ROOTS.prefix
"""Keys that are hashes. Their rows are never changed and never removed."""

_STATE_RUN: Final = (
    "CREATE TEMP TABLE IF NOT EXISTS state_run"
    " (place INTEGER PRIMARY KEY, key BLOB NOT NULL, value BLOB NOT NULL)"
)
_ID_RUN: Final = (
    "CREATE TEMP TABLE IF NOT EXISTS id_run"
    " (place INTEGER PRIMARY KEY, tx_id BLOB NOT NULL, idx INTEGER NOT NULL)"
)
"""The runs that are being settled, in key order; ``place`` counts from 1. They last no longer than the connection."""

Row = tuple[bytes, bytes]


def scattered(rows: Sequence[Row]) -> tuple[int, int]:
    """Where in rows of state, which are in key order, the scattered keys begin and end."""
    first = bisect_left(rows, _SCATTERED, key=itemgetter(0))
    return first, bisect_left(
        rows, _SCATTERED[:-1] + b"0", first, key=itemgetter(0)
    )  # "0" comes next after "/"


def value_of(db: sqlite3.Connection, key: bytes) -> bytes | None:
    """One state value, settled or not. An unsettled one costs a look at all that wait (milliseconds)."""
    row = db.execute("SELECT value FROM state WHERE key = ?", (key,)).fetchone()
    if row is None and key.startswith(_SCATTERED):
        row = db.execute("SELECT value FROM unsettled WHERE key = ? LIMIT 1", (key,)).fetchone()
    return None if row is None else bytes(row[0])


def settle_all(db: sqlite3.Connection) -> None:
    """Settle every row of state that waits; for a start, inside a transaction."""
    db.execute("INSERT OR IGNORE INTO state SELECT key, value FROM unsettled ORDER BY key")
    db.execute("DELETE FROM unsettled")


def _slice(length: int, added: int) -> int:
    return max(length // _BLOCKS, _PACE * added, 1)


@dataclass(frozen=True, slots=True)
class StateRun:
    """How far rows of state are settled; a new one after each block, so that a transaction taken back changes nothing.

    Attributes:
        length: rows of a run.
        waiting: rows in ``unsettled`` that are in no run.
        rows: in the run.
        done: of these, how many are settled.
        upto: place of the run's newest row.
    """

    length: int = RUN
    waiting: int = 0
    rows: int = 0
    done: int = 0
    upto: int = 0

    def wrote(self, db: sqlite3.Connection, added: Sequence[Row]) -> StateRun:
        """Append new rows and settle a slice; inside the transaction of the block.

        Args:
            db: the connection of that transaction.
            added: rows of scattered keys that the block brought.
        """
        insert_rows(db, "INSERT INTO unsettled (key, value)", added)
        waiting = self.waiting + len(added)
        if not self.rows:
            return StateRun(self.length, waiting) if waiting < self.length else self.gathered(db)
        end = min(self.done + _slice(self.rows, len(added)), self.rows)
        db.execute(
            "INSERT OR IGNORE INTO state SELECT key, value FROM temp.state_run WHERE place > ? AND place <= ?"
            " ORDER BY place",
            (self.done, end),
        )
        if end < self.rows:
            return StateRun(self.length, waiting, self.rows, end, self.upto)
        db.execute("DELETE FROM unsettled WHERE place <= ?", (self.upto,))
        db.execute("DELETE FROM temp.state_run")
        return StateRun(self.length, waiting)

    def gathered(self, db: sqlite3.Connection) -> StateRun:
        """All that wait are the next run."""
        db.execute(_STATE_RUN)
        db.execute("DELETE FROM temp.state_run")
        rows = db.execute(
            "INSERT INTO temp.state_run (key, value) SELECT key, value FROM unsettled ORDER BY key"
        ).rowcount
        (upto,) = db.execute("SELECT MAX(place) FROM unsettled").fetchone()
        return StateRun(self.length, 0, rows, 0, upto)


class TransactionIndex:
    """Log indexes by transaction id: the newest in memory, the others in the table ``tx_index``.

    ``meta.tx_indexed`` names the log index before which all are in the table.
    """

    def __init__(self, waiting: dict[bytes, int], length: int = RUN, begin: int = 0) -> None:
        """Go on with transactions that the table may lack, in runs of a length.

        Args:
            waiting: those of all records from a log index on.
            length: of a run.
            begin: that index.
        """
        self._length = length
        self._waiting = waiting
        self._run: dict[bytes, int] = {}
        self._rows = 0
        """Of the run, once it is sorted."""
        self._done = 0
        self._begin = begin
        """Log index before which all are settled."""
        self._upto = begin
        """Log index before which the run ends."""

    @classmethod
    def load(cls, db: sqlite3.Connection, length: int = RUN) -> TransactionIndex:
        """As the database has it."""
        row = db.execute("SELECT value FROM meta WHERE name = 'tx_indexed'").fetchone()
        done = 0 if row is None else int(row[0])
        rows = db.execute("SELECT tx_id, idx FROM record WHERE idx >= ?", (done,))
        return cls({bytes(tx_id): index for tx_id, index in rows}, length, done)

    def find(self, tx_id: bytes) -> int | None:
        """Log index of a transaction that is not in the table yet."""
        found = self._waiting.get(tx_id)
        return self._run.get(tx_id) if found is None else found

    def write(self, db: sqlite3.Connection, added: int) -> int:
        """Settle a slice; inside the transaction of a block.

        Args:
            db: the connection of that transaction.
            added: transactions the block brought.

        Returns:
            How far the run is settled: for :meth:`wrote`, once the transaction is durable.
        """
        if not self._run:
            return 0
        if not self._done:
            self._sort(db)
        end = min(self._done + _slice(self._rows, added), self._rows)
        db.execute(
            "INSERT OR REPLACE INTO tx_index SELECT tx_id, idx FROM temp.id_run WHERE place > ? AND place <= ?"
            " ORDER BY place",
            (self._done, end),
        )
        if end == self._rows:
            db.execute("DELETE FROM temp.id_run")
            db.execute("INSERT OR REPLACE INTO meta VALUES ('tx_indexed', ?)", (str(self._upto).encode(),))
        return end

    def _sort(self, db: sqlite3.Connection) -> None:
        """Put the run in order, or do so again after a block that was taken back."""
        db.execute(_ID_RUN)
        db.execute("DELETE FROM temp.id_run")
        self._rows = db.execute(
            "INSERT INTO temp.id_run (tx_id, idx) SELECT tx_id, idx FROM record WHERE idx >= ? AND idx < ?"
            " ORDER BY tx_id, idx",
            (self._begin, self._upto),
        ).rowcount

    def wrote(self, done: int, added: Mapping[bytes, int], size: int) -> None:
        """A block is durable.

        Args:
            done: as :meth:`write` said.
            added: its transactions.
            size: of the log with it.
        """
        self._waiting.update(added)
        self._done = done
        if self._run and done == self._rows:
            self._run, self._done, self._begin = {}, 0, self._upto
        if not self._run and len(self._waiting) >= self._length:
            self._run, self._waiting, self._upto = self._waiting, {}, size
