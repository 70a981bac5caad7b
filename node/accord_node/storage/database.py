"""SQLite through aiosqlite: one writer, one transaction per finalised block, whole blocks at a time."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import count as count_from
from pathlib import Path
from typing import Self

import aiosqlite

from accord_ledger import codec
from accord_ledger.block import Certificate
from accord_ledger.errors import DecodeError, FatalError
from accord_ledger.execute import Executed
from accord_node.storage.durable import DiskError, disk_error
from accord_node.storage.rows import insert_rows
from accord_node.storage.schema import PRAGMAS, SCHEMA, SCHEMA_VERSION
from accord_node.storage.status_history import write_block_status
from accord_node.storage.tallies import write_tallies

CACHE_MIB = 64
"""Pages of the database kept in memory, unless configured."""
TX_INDEX_RUN = 8192
"""Transaction ids gathered in memory before they are written as one sorted run."""


@dataclass(frozen=True, slots=True)
class Floor:
    """The newest block that is durable here."""

    height: int
    log_size: int
    seal_hash: bytes


@dataclass(frozen=True, slots=True)
class RecordRow:
    """What the index knows of one record."""

    index: int
    height: int
    kind: str
    author: str
    tx_id: bytes
    result: bytes | None


@dataclass(frozen=True, slots=True)
class BlockRow:
    """What the index knows of one block."""

    height: int
    first: int
    count: int
    time: int
    seal_hash: bytes
    certificate: Certificate | None


Connect = Callable[[Path], Awaitable[aiosqlite.Connection]]
"""Opens a database file with a thread of its own."""


async def open_connection(path: Path) -> aiosqlite.Connection:
    """See :data:`Connect`."""
    return await aiosqlite.connect(path, isolation_level=None)


class Database:
    """The node's one database connection for writing and for queries."""

    def __init__(self, path: Path, connection: aiosqlite.Connection) -> None:
        self.path = path
        self._db = connection
        self._recent: dict[bytes, int] = {}
        """Transaction ids not yet in ``tx_index``."""

    @classmethod
    async def open(
        cls, path: Path, network: bytes, connect: Connect = open_connection, *, cache_mib: int = CACHE_MIB
    ) -> Self:
        """Open or create the database of this network.

        Args:
            path: its file.
            network: hash of the genesis document.
            connect: opens the connection; a simulation gives one whose thread runs on virtual time.
            cache_mib: pages kept in memory at most, MiB.

        Raises:
            FatalError: ``DATABASE_CORRUPT``, ``DATABASE_NETWORK`` or ``DATABASE_SCHEMA``.
            DiskError: ``DISK_FULL`` or ``DISK_FAILED``.
        """
        try:
            connection = await connect(path)
        except sqlite3.Error as error:
            raise disk_error(error) or DiskError(
                "DISK_FAILED", f"expected to open {path}: {error}"
            ) from error
        database = cls(path, connection)
        try:
            for pragma in (*PRAGMAS, f"PRAGMA cache_size = -{1024 * cache_mib}"):
                await connection.execute(pragma)
            check = await (await connection.execute("PRAGMA quick_check(1)")).fetchone()
            if check is None or check[0] != "ok":
                raise FatalError("DATABASE_CORRUPT", f"expected a sound {path}, got {check and check[0]}")
            await connection.executescript(SCHEMA)
            await database._check_identity(network)
            await database._load_recent()
        except sqlite3.DatabaseError as error:
            await connection.close()
            if (failed := disk_error(error)) is not None:
                raise failed from error
            raise FatalError("DATABASE_CORRUPT", f"expected a sound {path}: {error}") from error
        except BaseException:
            await connection.close()
            raise
        return database

    async def _check_identity(self, network: bytes) -> None:
        known = await self.meta("network")
        if known is None:
            named = [("network", network), ("schema", str(SCHEMA_VERSION).encode())]
            # together: with one of them alone the node could never start again
            await self._in_transaction(lambda db: db.executemany("INSERT INTO meta VALUES (?, ?)", named))
            return
        if known != network:
            raise FatalError(
                "DATABASE_NETWORK", f"expected network {network.hex()}, got {known.hex()} in {self.path}"
            )
        if (schema := await self.meta("schema")) != str(SCHEMA_VERSION).encode():
            raise FatalError(
                "DATABASE_SCHEMA", f"expected schema {SCHEMA_VERSION}, got {schema!r} in {self.path}"
            )

    async def _load_recent(self) -> None:
        done = int(await self.meta("tx_indexed") or b"0")
        rows = await self._db.execute_fetchall("SELECT tx_id, idx FROM record WHERE idx >= ?", (done,))
        self._recent = {row[0]: row[1] for row in rows}

    async def meta(self, name: str) -> bytes | None:
        """A value of the ``meta`` table."""
        row = await (await self._db.execute("SELECT value FROM meta WHERE name = ?", (name,))).fetchone()
        return None if row is None else bytes(row[0])

    async def set_meta(self, name: str, value: bytes) -> None:
        """Write a value of the ``meta`` table; durable on return."""
        await self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

    async def floor(self) -> Floor | None:
        """The durable floor; None before genesis state was written."""
        raw = await self.meta("floor")
        if raw is None:
            return None
        try:
            height, size, seal = codec.decode(raw, tuple[int, int, bytes])
        except DecodeError as error:
            raise FatalError("DATABASE_CORRUPT", f"expected a floor in {self.path}: {error}") from error
        return Floor(height, size, seal)

    async def write_genesis(self, values: Mapping[bytes, bytes], network: bytes) -> None:
        """Write the state of genesis and the floor at height 0."""
        await self._in_transaction(lambda db: self._write_genesis(db, values, network))

    @staticmethod
    def _write_genesis(db: sqlite3.Connection, values: Mapping[bytes, bytes], network: bytes) -> None:
        db.executemany("INSERT INTO state VALUES (?, ?)", sorted(values.items()))
        _write_floor(db, Floor(0, 0, network))

    async def commit(self, block: Executed, certificate: Certificate | None) -> None:
        """State, index, certificate and floor of one final block, in one transaction."""
        await self._in_transaction(lambda db: self._write_block(db, block, certificate))
        first = block.sealed.seal.first
        self._recent.update(
            zip([item.record.tx_id for item in block.prepared], count_from(first), strict=False)
        )
        if len(self._recent) >= TX_INDEX_RUN:
            await self._index_transactions(first + len(block.prepared))

    @staticmethod
    def _write_block(db: sqlite3.Connection, block: Executed, certificate: Certificate | None) -> None:
        seal = block.sealed.seal
        puts = [(key, value) for key, value in block.changes.items() if value is not None]
        gone = [(key,) for key, value in block.changes.items() if value is None]
        insert_rows(
            db, "INSERT INTO state", puts, conflict="ON CONFLICT (key) DO UPDATE SET value = excluded.value"
        )
        db.executemany("DELETE FROM state WHERE key = ?", gone)
        write_block_status(db, block)
        write_tallies(db, block)
        insert_rows(
            db,
            "INSERT INTO record",
            [
                (
                    seal.first + place,
                    seal.height,
                    item.record.tx.kind,
                    item.record.tx.author,
                    item.record.tx_id,
                    codec.encode([receipt.result, list(receipt.warnings)])
                    if receipt.result or receipt.warnings
                    else None,
                )
                for place, (item, receipt) in enumerate(zip(block.prepared, block.receipts, strict=True))
            ],
        )
        db.execute(
            "INSERT INTO block VALUES (?, ?, ?, ?, ?, ?)",
            (
                seal.height,
                seal.first,
                seal.count,
                seal.time,
                block.sealed.hash,
                None if certificate is None else codec.encode(certificate),
            ),
        )
        _write_floor(db, Floor(seal.height, seal.first + seal.count + 1, block.sealed.hash))

    async def _index_transactions(self, upto: int) -> None:
        run, self._recent = self._recent, {}

        def write(db: sqlite3.Connection) -> None:
            insert_rows(db, "INSERT OR REPLACE INTO tx_index", sorted(run.items()))
            db.execute("INSERT OR REPLACE INTO meta VALUES ('tx_indexed', ?)", (str(upto).encode(),))

        await self._in_transaction(write)

    async def _in_transaction(self, work: Callable[[sqlite3.Connection], object]) -> None:
        """Run a whole transaction in the connection's thread: one hop, whatever it writes."""

        def run() -> None:
            db = self._db._conn  # noqa: SLF001 - aiosqlite offers no way to run a block of statements
            db.execute("BEGIN IMMEDIATE")
            try:
                work(db)
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")

        await self._db._execute(run)  # type: ignore[no-untyped-call]  # noqa: SLF001

    # -- queries -----------------------------------------------------------------------------------

    async def index_of(self, tx_id: bytes) -> int | None:
        """Log index of a transaction, if it is final."""
        if (found := self._recent.get(tx_id)) is not None:
            return found
        row = await (await self._db.execute("SELECT idx FROM tx_index WHERE tx_id = ?", (tx_id,))).fetchone()
        return None if row is None else int(row[0])

    async def record(self, index: int) -> RecordRow | None:
        """The record at a log index; None for a seal or beyond the log."""
        rows = await self.records("idx = ?", (index,), 1)
        return rows[0] if rows else None

    async def records(self, where: str, values: Iterable[object], limit: int) -> list[RecordRow]:
        """Records by a condition of ours over indexed columns, in log order."""
        rows = await self._db.execute_fetchall(
            f"SELECT idx, height, kind, author, tx_id, result FROM record WHERE {where} ORDER BY idx LIMIT ?",  # noqa: S608
            (*values, limit),
        )
        return [RecordRow(*row) for row in rows]

    async def block(self, height: int) -> BlockRow | None:
        """The block at a height."""
        return await self._block("height = ?", height)

    async def block_by_hash(self, seal_hash: bytes) -> BlockRow | None:
        """The newest block with this seal hash within the last rows (peers ask for recent ones only)."""
        floor = await self.floor()
        low = max(0, (floor.height if floor else 0) - 256)
        return await self._block("height > ? AND seal_hash = ?", low, seal_hash)

    async def _block(self, where: str, *values: object) -> BlockRow | None:
        rows = await self._db.execute_fetchall(
            f"SELECT height, first, count, time, seal_hash, certificate FROM block WHERE {where}",  # noqa: S608
            values,
        )
        for height, first, count, time, seal_hash, certificate in rows:
            known = None if certificate is None else codec.decode(certificate, Certificate)
            return BlockRow(height, first, count, time, bytes(seal_hash), known)
        return None

    async def height_at(self, time: int) -> int:
        """Height of the newest block at or before a time; 0 if there is none."""
        row = await (
            await self._db.execute("SELECT MAX(height) FROM block WHERE time <= ?", (time,))
        ).fetchone()
        return int(row[0]) if row is not None and row[0] is not None else 0

    async def scan_state(self, start: bytes, end: bytes, limit: int) -> list[tuple[bytes, bytes]]:
        """State rows with start <= key < end, in key order."""
        rows = await self._db.execute_fetchall(
            "SELECT key, value FROM state WHERE key >= ? AND key < ? ORDER BY key LIMIT ?",
            (start, end, limit),
        )
        return [(bytes(row[0]), bytes(row[1])) for row in rows]

    async def value(self, key: bytes) -> bytes | None:
        """One state value, canonical bytes."""
        row = await (await self._db.execute("SELECT value FROM state WHERE key = ?", (key,))).fetchone()
        return None if row is None else bytes(row[0])

    async def close(self) -> None:
        """Close the connection."""
        await self._db.close()


def _write_floor(db: sqlite3.Connection, floor: Floor) -> None:
    raw = codec.encode([floor.height, floor.log_size, floor.seal_hash])
    db.execute("INSERT OR REPLACE INTO meta VALUES ('floor', ?)", (raw,))
