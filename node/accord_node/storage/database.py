"""SQLite through aiosqlite: one writer, one transaction for a finalised block or several, whole blocks at a time."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar, cast

import aiosqlite

from accord_ledger import codec
from accord_ledger.block import Certificate
from accord_ledger.errors import DecodeError, FatalError
from accord_ledger.execute import Executed, Receipt
from accord_node.storage.durable import DiskError, disk_error
from accord_node.storage.past import write_past
from accord_node.storage.rows import STATEMENTS, insert_rows
from accord_node.storage.schema import PRAGMAS, SCHEMA, SCHEMA_VERSION
from accord_node.storage.settling import RUN, StateRun, TransactionIndex, scattered, settle_all, value_of
from accord_node.storage.status_history import write_block_status
from accord_node.storage.tallies import write_tallies

CACHE_MIB = 64
"""Pages of the database kept in memory, unless configured."""


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


T = TypeVar("T")

Connect = Callable[[Path], Awaitable[aiosqlite.Connection]]
"""Opens a database file with a thread of its own."""


async def open_connection(path: Path) -> aiosqlite.Connection:
    """See :data:`Connect`."""
    return await aiosqlite.connect(path, isolation_level=None, cached_statements=STATEMENTS)


class Database:
    """The node's one database connection for writing and for queries."""

    def __init__(self, path: Path, connection: aiosqlite.Connection, settle_rows: int = RUN) -> None:
        self.path = path
        self._db = connection
        self._settle_rows = settle_rows
        self._transactions = TransactionIndex({}, settle_rows)
        self._unsettled = StateRun(settle_rows)

    @classmethod
    async def open(
        cls,
        path: Path,
        network: bytes,
        connect: Connect = open_connection,
        *,
        cache_mib: int = CACHE_MIB,
        settle_rows: int = RUN,
    ) -> Self:
        """Open or create the database of this network.

        Args:
            path: its file.
            network: hash of the genesis document.
            connect: opens the connection; a simulation gives one whose thread runs on virtual time.
            cache_mib: pages kept in memory at most, MiB.
            settle_rows: rows with random keys gathered before they are written in order.

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
        database = cls(path, connection, settle_rows)
        try:
            for pragma in (*PRAGMAS, f"PRAGMA cache_size = -{1024 * cache_mib}"):
                await connection.execute(pragma)
            check = await (await connection.execute("PRAGMA quick_check(1)")).fetchone()
            if check is None or check[0] != "ok":
                raise FatalError("DATABASE_CORRUPT", f"expected a sound {path}, got {check and check[0]}")
            await connection.executescript(SCHEMA)
            await database._check_identity(network)
            await database._settle()
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

    async def _settle(self) -> None:
        """Bring state into one table; find the transactions that the index lacks."""
        await self._in_transaction(settle_all)
        self._transactions = await self._visit(lambda db: TransactionIndex.load(db, self._settle_rows))

    async def meta(self, name: str) -> bytes | None:
        """A value of the ``meta`` table."""
        row = await self._one("SELECT value FROM meta WHERE name = ?", name)
        return None if row is None else bytes(row[0])

    async def set_meta(self, name: str, value: bytes) -> None:
        """Write a value of the ``meta`` table; durable on return."""
        await self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

    async def set_metas(self, values: Mapping[str, bytes]) -> None:
        """Write several values of the ``meta`` table, all or none; durable on return."""
        rows = sorted(values.items())
        await self._in_transaction(
            lambda db: db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", rows)
        )

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

    async def commit(
        self, block: Executed, certificate: Certificate | None, *, before: Callable[[], None] | None = None
    ) -> None:
        """State, index, certificate and floor of one final block, in one transaction.

        Args:
            block: the block.
            certificate: its own finalization, if it has one.
            before: done first, in the same thread: a hand-over less. If it fails nothing is written here.
        """
        await self.commit_all([block], certificate, before=before)

    async def commit_all(
        self,
        blocks: Sequence[Executed],
        certificate: Certificate | None,
        *,
        before: Callable[[], None] | None = None,
    ) -> None:
        """The same of consecutive blocks in one transaction; the certificate is of the last of them."""
        last = blocks[-1]
        ids = {
            item.record.tx_id: index
            for block in blocks
            for index, item in enumerate(block.prepared, block.sealed.seal.first)
        }

        def write(db: sqlite3.Connection) -> tuple[StateRun, int]:
            unsettled = self._unsettled
            for block in blocks:
                unsettled = self._write_block(db, block, certificate if block is last else None, unsettled)
            return unsettled, self._transactions.write(db, len(ids))

        self._unsettled, settled = await self._in_transaction(write, before)
        self._transactions.wrote(settled, ids, last.sealed.seal.first + len(last.prepared))

    @staticmethod
    def _write_block(
        db: sqlite3.Connection, block: Executed, certificate: Certificate | None, unsettled: StateRun
    ) -> StateRun:
        seal = block.sealed.seal
        puts = [(key, value) for key, value in block.changes.items() if value is not None]
        first, end = scattered(puts)
        gone = [(key,) for key, value in block.changes.items() if value is None]
        write_past(db, block.changes, seal.height)
        insert_rows(
            db,
            "INSERT INTO state",
            puts[:first] + puts[end:],
            conflict="ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        )
        unsettled = unsettled.wrote(db, puts[first:end])
        db.executemany("DELETE FROM state WHERE key = ?", gone)
        write_block_status(db, block)
        write_tallies(db, block)
        _write_records(db, block)
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
        return unsettled

    async def _in_transaction(
        self, work: Callable[[sqlite3.Connection], T], before: Callable[[], None] | None = None
    ) -> T:
        """Run a whole transaction in the connection's thread: one hop, whatever it writes."""

        def run(db: sqlite3.Connection) -> T:
            if before is not None:
                before()
            db.execute("BEGIN IMMEDIATE")
            try:
                done = work(db)
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")
            return done

        return await self._visit(run)

    async def _visit(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run statements in the connection's thread."""
        db = self._db
        found = await db._execute(lambda: work(db._conn))  # type: ignore[no-untyped-call]  # noqa: SLF001 - aiosqlite offers no way to run a block of statements
        return cast("T", found)

    async def _one(self, query: str, *values: object) -> tuple[Any, ...] | None:
        """The first row of a query, in one visit."""
        return await self._visit(lambda db: db.execute(query, values).fetchone())

    # -- queries -----------------------------------------------------------------------------------

    async def index_of(self, tx_id: bytes) -> int | None:
        """Log index of a transaction, if it is final."""
        if (found := self._transactions.find(tx_id)) is not None:
            return found
        row = await self._one("SELECT idx FROM tx_index WHERE tx_id = ?", tx_id)
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

    async def newest_certificate(self) -> Certificate | None:
        """The newest finalization kept with a block."""
        rows = await self._db.execute_fetchall(
            "SELECT certificate FROM block WHERE certificate IS NOT NULL ORDER BY height DESC LIMIT 1"
        )
        return next((codec.decode(row[0], Certificate) for row in rows), None)

    async def blocks(self, first: int, entries: int) -> list[BlockRow]:
        """Consecutive blocks from a height on, until they hold so many entries together; none beyond the last."""
        rows = await self._db.execute_fetchall(
            "SELECT height, first, count, time, seal_hash, certificate FROM block WHERE height >= ?1 AND first <"
            " (SELECT first FROM block WHERE height = ?1) + ?2 ORDER BY height",
            (first, entries),
        )
        return [_block_row(row) for row in rows]

    async def block_by_hash(self, seal_hash: bytes) -> BlockRow | None:
        """The newest block with this seal hash within the last rows (peers ask for recent ones only)."""
        return await self._block(
            "height > (SELECT MAX(height) FROM block) - 256 AND seal_hash = ?", seal_hash
        )

    async def _block(self, where: str, *values: object) -> BlockRow | None:
        rows = await self._db.execute_fetchall(
            f"SELECT height, first, count, time, seal_hash, certificate FROM block WHERE {where}",  # noqa: S608
            values,
        )
        return next((_block_row(row) for row in rows), None)

    async def height_at(self, time: int) -> int:
        """Height of the newest block at or before a time; 0 if there is none."""
        row = await self._one("SELECT MAX(height) FROM block WHERE time <= ?", time)
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
        return await self._visit(lambda db: value_of(db, key))

    async def close(self) -> None:
        """Close the connection."""
        await self._db.close()


def _block_row(row: Sequence[Any]) -> BlockRow:
    height, first, count, time, seal_hash, certificate = row
    known = None if certificate is None else codec.decode(certificate, Certificate)
    return BlockRow(height, first, count, time, bytes(seal_hash), known)


def _write_records(db: sqlite3.Connection, block: Executed) -> None:
    """A row a record; few results are anything, and the others are not written out."""
    seal = block.sealed.seal
    rows = [
        (index, (record := item.record).tx.kind, record.tx.author, record.tx_id)
        for index, item in enumerate(block.prepared, seal.first)
    ]
    both = list(zip(rows, [result_of(receipt) for receipt in block.receipts], strict=True))
    plain = [row for row, result in both if result is None]
    telling = [(*row, result) for row, result in both if result is not None]
    into, height = "INSERT INTO record (height, idx, kind, author, tx_id", (seal.height,)
    insert_rows(db, f"{into})", plain, row="(?1, ?, ?, ?, ?)", shared=height)
    insert_rows(db, f"{into}, result)", telling, row="(?1, ?, ?, ?, ?, ?)", shared=height)


def result_of(receipt: Receipt) -> bytes | None:
    """What execution computed for a record, as it is kept; None: nothing."""
    known = receipt.result or receipt.warnings
    return codec.encode([receipt.result, list(receipt.warnings)]) if known else None


def _write_floor(db: sqlite3.Connection, floor: Floor) -> None:
    raw = codec.encode([floor.height, floor.log_size, floor.seal_hash])
    db.execute("INSERT OR REPLACE INTO meta VALUES ('floor', ?)", (raw,))
