"""Rows with random keys are written in sorted runs: one by one each would cost a page of the database.

A merkle root or a transaction id may sort anywhere. Once the tree of such keys is larger than what one block
touches, every row dirties a page of its own, which is written twice and read once (write-ahead log, checkpoint):
at a million transactions that was most of what a node wrote. So such rows wait, where they were appended, until
there are :data:`RUN` of them; then they are sorted and *settled*: written to their tree a slice with each block, so
that one page takes several of them and no block waits for a whole run.

Rows of state wait in the table ``unsettled``, transaction ids in ``record``, so at every moment the database holds
each of them and a crash loses nothing. The view ``all_state`` is state with what waits.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_left
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
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
        rows: of the run, in key order.
        done: of these, how many are settled.
        upto: place of the run's newest row.
    """

    length: int = RUN
    waiting: int = 0
    rows: Sequence[Row] = ()
    done: int = 0
    upto: int = 0

    def wrote(self, db: sqlite3.Connection, added: Sequence[Row]) -> StateRun:
        """Append new rows and settle a slice; inside the transaction of the block.

        Args:
            db: the connection of that transaction.
            added: rows of scattered keys that the block brought.
        """
        insert_rows(db, "INSERT INTO unsettled (key, value)", added)
        run = replace(self, waiting=self.waiting + len(added))
        if not run.rows:
            return run if run.waiting < run.length else run.gathered(db)
        end = run.done + _slice(len(run.rows), len(added))
        insert_rows(db, "INSERT OR IGNORE INTO state", run.rows[run.done : end])
        if end < len(run.rows):
            return replace(run, done=end)
        db.execute("DELETE FROM unsettled WHERE place <= ?", (run.upto,))
        return StateRun(run.length, run.waiting)

    def gathered(self, db: sqlite3.Connection) -> StateRun:
        """All that wait are the next run."""
        rows: list[Row] = db.execute("SELECT key, value FROM unsettled ORDER BY key").fetchall()
        (upto,) = db.execute("SELECT MAX(place) FROM unsettled").fetchone()
        return StateRun(self.length, 0, rows, 0, upto)


class _Sorting:
    """Ids put in order a part at a time, as far as they are asked for.

    Sorting a whole run at once held the interpreter, and with it the event loop, for a tenth of a second.

    Args:
        ids: hashes; how many begin with one octet is chance, so all parts are about as large.
    """

    def __init__(self, ids: Collection[bytes]) -> None:
        self._parts: list[list[bytes]] = [[] for _ in range(256)]
        self._next = 0
        self._sorted: list[bytes] = []
        for one in ids:
            self._parts[one[0]].append(one)

    def slice(self, begin: int, end: int) -> Sequence[bytes]:
        """Those in places ``begin`` to ``end`` of the order, fewer only where it ends."""
        while len(self._sorted) < end and self._next < len(self._parts):
            self._sorted += sorted(self._parts[self._next])
            self._parts[self._next] = []
            self._next += 1
        return self._sorted[begin:end]


class TransactionIndex:
    """Log indexes by transaction id: the newest in memory, the others in the table ``tx_index``.

    ``meta.tx_indexed`` names the log index before which all are in the table.
    """

    def __init__(self, waiting: dict[bytes, int], length: int = RUN) -> None:
        """Go on with transactions that the table may lack, in runs of a length."""
        self._length = length
        self._waiting = waiting
        self._run: dict[bytes, int] = {}
        self._sorting: _Sorting | None = None
        """Of the run; made, like everything that takes long, in the thread that writes."""
        self._done = 0
        self._upto = 0

    @classmethod
    def load(cls, db: sqlite3.Connection, length: int = RUN) -> TransactionIndex:
        """As the database has it."""
        row = db.execute("SELECT value FROM meta WHERE name = 'tx_indexed'").fetchone()
        done = 0 if row is None else int(row[0])
        rows = db.execute("SELECT tx_id, idx FROM record WHERE idx >= ?", (done,))
        return cls({bytes(tx_id): index for tx_id, index in rows}, length)

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
        run = self._run
        sorting = self._sorting = self._sorting or _Sorting(run)
        end = min(self._done + _slice(len(run), added), len(run))
        rows = [(one, run[one]) for one in sorting.slice(self._done, end)]
        insert_rows(db, "INSERT OR REPLACE INTO tx_index", rows)
        if end == len(run):
            db.execute("INSERT OR REPLACE INTO meta VALUES ('tx_indexed', ?)", (str(self._upto).encode(),))
        return end

    def wrote(self, done: int, added: Mapping[bytes, int], size: int) -> None:
        """A block is durable.

        Args:
            done: as :meth:`write` said.
            added: its transactions.
            size: of the log with it.
        """
        self._waiting.update(added)
        self._done = done
        if self._run and done == len(self._run):
            self._run, self._sorting, self._done = {}, None, 0
        if not self._run and len(self._waiting) >= self._length:
            self._run, self._waiting, self._upto = self._waiting, {}, size
