"""Queries of clients: their own read-only connections in their own threads, each bounded in time.

A slow query never stands between a block and its commit, because the writer has a connection and a
thread of its own. Every visit is one SQLite snapshot, so what it answers was all true at one height.
"""

from __future__ import annotations

import queue
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from accord_ledger import codec
from accord_ledger.errors import AccordError, FatalError
from accord_node.storage import status_history
from accord_node.storage.past import PastState
from accord_node.storage.schema import KNOWN_FROM
from accord_node.storage.settling import value_of
from accord_node.storage.tallies import SqlTallies
from accord_node.workers import Workers

T = TypeVar("T")

CONNECTIONS: Final = 2
QUERY_SECONDS: Final = 2.0
_CHECK_EVERY: Final = 4000
"""SQLite instructions between two looks at the clock (well below a millisecond)."""


class QueryTooLongError(AccordError):
    """A query that was given up after its time was over."""


@dataclass(frozen=True, slots=True)
class RecordRow:
    """What the index knows of one record."""

    index: int
    height: int
    kind: str
    author: str
    tx_id: bytes
    result: bytes | None
    time: int
    """Block time, UTC seconds."""


@dataclass(frozen=True, slots=True)
class BlockRow:
    """What the index knows of one block."""

    height: int
    first: int
    count: int
    time: int
    seal_hash: bytes
    certificate: bytes | None
    """Canonical finalization, if one was made for this very block."""


@dataclass(frozen=True, slots=True)
class Past:
    """What questions read, as of an earlier height than that of the snapshot it is part of."""

    state: PastState
    tallies: SqlTallies


class Snapshot:
    """The database as of one height; for use inside one visit."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        raw = self._db.execute("SELECT value FROM meta WHERE name = 'floor'").fetchone()
        if raw is None:
            raise FatalError("DATABASE_CORRUPT", "expected a floor")
        floor: tuple[int, int, bytes] = codec.decode(raw[0], tuple[int, int, bytes])
        self.height, self.log_size, self.seal_hash = floor

    @property
    def known_from(self) -> int:
        """Height from which on this node executed the blocks itself; 0 unless it joined from a snapshot.

        Of the time before, it holds log and indexes, but neither results, nor how standings changed, nor what
        state held.
        """
        raw = self._db.execute("SELECT value FROM meta WHERE name = ?", (KNOWN_FROM,)).fetchone()
        return 0 if raw is None else int(raw[0])

    def value(self, key: bytes) -> bytes | None:
        """One state value, canonical bytes."""
        return value_of(self._db, key)

    def scan(self, start: bytes, end: bytes) -> Iterator[tuple[bytes, bytes]]:
        """State rows with start <= key < end, in key order."""
        return iter(
            self._db.execute(
                "SELECT key, value FROM state WHERE key >= ? AND key < ? ORDER BY key", (start, end)
            )
        )

    def rows(self, start: bytes, end: bytes, limit: int) -> dict[bytes, bytes]:
        """The first ``limit`` state rows with start <= key < end, in key order."""
        rows = self._db.execute(
            "SELECT key, value FROM state WHERE key >= ? AND key < ? ORDER BY key LIMIT ?",
            (start, end, limit),
        )
        return {bytes(key): bytes(value) for key, value in rows}

    def count(self, start: bytes, end: bytes, limit: int) -> int:
        """How many state rows lie between, counting up to ``limit``."""
        row = self._db.execute(
            "SELECT COUNT(*) FROM (SELECT 1 FROM state WHERE key >= ? AND key < ? LIMIT ?)",
            (start, end, limit),
        ).fetchone()
        return int(row[0])

    def records(
        self, first: int, limit: int, *, author: str | None = None, kind: str | None = None
    ) -> list[RecordRow]:
        """Records from a log index on, in log order."""
        where, values = "r.idx >= ?", [first]
        for column, wanted in (("r.author", author), ("r.kind", kind)):
            if wanted is not None:
                where, values = f"{where} AND {column} = ?", [*values, wanted]  # type: ignore[list-item]
        rows = self._db.execute(
            "SELECT r.idx, r.height, r.kind, r.author, r.tx_id, r.result, b.time"  # noqa: S608 - columns are ours
            f" FROM record r JOIN block b ON b.height = r.height WHERE {where} ORDER BY r.idx LIMIT ?",
            (*values, limit),
        )
        return [RecordRow(*row) for row in rows]

    def newest_records(self, limit: int) -> list[RecordRow]:
        """The newest records, newest first."""
        rows = self._db.execute(
            "SELECT r.idx, r.height, r.kind, r.author, r.tx_id, r.result, b.time"
            " FROM record r JOIN block b ON b.height = r.height ORDER BY r.idx DESC LIMIT ?",
            (limit,),
        )
        return [RecordRow(*row) for row in rows]

    def block(self, height: int) -> BlockRow | None:
        """The block at a height."""
        row = self._db.execute(
            "SELECT height, first, count, time, seal_hash, certificate FROM block WHERE height = ?",
            (height,),
        ).fetchone()
        return None if row is None else BlockRow(*row)

    def height_at(self, time: int) -> int:
        """Height of the newest block at or before a time (UTC seconds); 0 if there is none."""
        return status_history.height_at(self._db, self.height, time)

    def time_of(self, height: int) -> int:
        """Block time of a height (UTC seconds); 0 for genesis."""
        return status_history.time_of(self._db, height)

    @property
    def tallies(self) -> SqlTallies:
        """Records by subject, and counts."""
        return SqlTallies(self._db)

    def past(self, height: int) -> Past:
        """The ledger as the blocks up to a height made it, from ``known_from`` on."""
        return Past(PastState(self._db, height), SqlTallies(self._db, height))

    def status_list(self, owner: str, name: str, height: int) -> status_history.ListStatus:
        """A party's status list as the blocks up to a height made it."""
        return status_history.read_status(self._db, owner, name, height)


class ReadModel:
    """Read-only access to a node's database."""

    def __init__(self, path: Path) -> None:
        """Open the connections.

        Args:
            path: the database file, which exists.
        """
        self._threads = Workers("queries", CONNECTIONS)
        self._free: queue.SimpleQueue[sqlite3.Connection] = queue.SimpleQueue()
        self._all = [
            sqlite3.connect(f"file:{path}?mode=ro", uri=True, check_same_thread=False, isolation_level=None)
            for _ in range(CONNECTIONS)
        ]
        for connection in self._all:
            self._free.put(connection)

    async def visit(self, work: Callable[[Snapshot], T]) -> T:
        """Run ``work`` on a snapshot, in a thread.

        Raises:
            QueryTooLongError: ``QUERY_TOO_LONG``.
        """

        def run() -> T:
            with self._snapshot() as snapshot:
                return work(snapshot)

        return await self._threads.run(run)

    async def run(self, work: Callable[[], T]) -> T:
        """Run other blocking reads (of log files) in the same threads."""
        return await self._threads.run(work)

    @contextmanager
    def _snapshot(self) -> Iterator[Snapshot]:
        connection = self._free.get()
        deadline = time.monotonic() + QUERY_SECONDS
        connection.set_progress_handler(lambda: int(time.monotonic() > deadline), _CHECK_EVERY)
        try:
            connection.execute("BEGIN")
            yield Snapshot(connection)
        except sqlite3.OperationalError as error:
            if "interrupted" not in str(error):
                raise
            raise QueryTooLongError(
                "QUERY_TOO_LONG", f"expected an answer within {QUERY_SECONDS} s"
            ) from error
        finally:
            connection.set_progress_handler(None, 0)
            connection.rollback()
            self._free.put(connection)

    def close(self) -> None:
        """Wait for what runs, and close."""
        self._threads.close()
        for connection in self._all:
            connection.close()
