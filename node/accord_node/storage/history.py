"""What only execution makes is made anew by executing the log, and compared: the last part of the deep check.

    past             values of state that blocks replaced (:mod:`accord_node.storage.past`)
    status_change    how the standings of credentials changed
    recognised       the blocks in which recognitions were reversed
    record.result    what records resulted in

Signatures are not verified again, which the audit does: entries were found to be those of the newest seal. Of a
node that joined from a snapshot, what blocks after that made is compared.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from itertools import islice, zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from accord_client.audit.lineage import Lineage
from accord_genesis.document import Genesis
from accord_ledger import codec
from accord_ledger.blockreader import BlockReader
from accord_ledger.domain.model.account import RECOGNITIONS
from accord_ledger.errors import DecodeError
from accord_ledger.execute import Executed
from accord_node.storage import past, status_history
from accord_node.storage.checking import Finding, meta, shown
from accord_node.storage.database import result_of
from accord_node.storage.logfiles import LogFiles
from accord_node.storage.past import kept_keys, write_past
from accord_node.storage.rows import insert_rows
from accord_node.storage.schema import KNOWN_FROM
from accord_node.storage.status_history import write_block_status

_SCHEMA: Final = (
    """
CREATE TABLE state (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE recognised (recognition BLOB PRIMARY KEY, reversed INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE record (idx INTEGER PRIMARY KEY, height INTEGER NOT NULL, result BLOB);
"""
    + past.SCHEMA
    + status_history.SCHEMA
)

_QUERIES: Final = {
    "past": "SELECT key, until, value FROM past WHERE until > ? ORDER BY key, until",
    "status_change": "SELECT batch_id, page, height, revoked, suspended FROM status_change WHERE height > ?"
    " ORDER BY batch_id, page, height",
    "recognised": "SELECT recognition, reversed FROM recognised WHERE reversed > ? ORDER BY recognition",
    "record": "SELECT idx, result FROM record WHERE result IS NOT NULL AND height > ? ORDER BY idx",
}
"""Rows that blocks after a height made."""


def find_other_history(data: Path, genesis: Genesis) -> list[Finding]:
    """Rows that execution does not give; of each table the first.

    Args:
        data: of a node that does not run, and in which ``find_damage`` found nothing. Needs room for the rows.
        genesis: of the node's network; those it continues come with it.

    Raises:
        OSError: the disk.
    """
    if not (data / "state.sqlite").exists():
        return []
    with (
        closing(sqlite3.connect(f"file:{data / 'state.sqlite'}?mode=ro", uri=True)) as db,
        TemporaryDirectory(prefix="checking-", dir=data) as place,
        closing(sqlite3.connect(Path(place) / "history.sqlite", isolation_level=None)) as fresh,
    ):
        if (known := meta(db, "network")) != genesis.network:
            detail = f"expected network {genesis.network.hex()}, got {known.hex()} in {data / 'state.sqlite'}"
            return [Finding("DATABASE_NETWORK", detail)]
        try:
            _, size, _ = codec.decode(meta(db, "floor"), tuple[int, int, bytes])
        except DecodeError as error:
            return [Finding("DATABASE_CORRUPT", f"expected a floor in the database: {error}")]
        failed = _execute(islice(LogFiles(data / "log").beyond(0), size), genesis, fresh)
        return [failed] if failed is not None else list(_compare(db, fresh))


def _execute(entries: Iterable[bytes], genesis: Genesis, fresh: sqlite3.Connection) -> Finding | None:
    """Execute a log into a database; what kept that from its end."""
    for pragma in ("journal_mode = OFF", "synchronous = OFF", "locking_mode = EXCLUSIVE"):
        fresh.execute(f"PRAGMA {pragma}")
    fresh.executescript(_SCHEMA)
    fresh.execute("BEGIN")
    lineage, reader = Lineage(genesis), BlockReader()
    _write_state(fresh, dict(sorted(lineage.genesis.values.items())))
    for entry in entries:
        block = reader.add(entry)
        if block is None:
            continue
        if lineage.ends_before(block.seal_index) and (found := _carry_on(fresh, lineage)) is not None:
            return found
        seal = block.sealed.seal
        executed = lineage.replay.fold(block, _verified_before).executed
        if executed is None or executed.sealed.seal.state_root != seal.state_root:
            detail = f"expected block {seal.height} to execute to the state its seal names"
            return Finding("LOG_CORRUPT", detail)
        _write_block(fresh, executed)
    if lineage.next is not None and (found := _carry_on(fresh, lineage)) is not None:
        return found
    fresh.execute("COMMIT")
    return None


def _verified_before(public: bytes, message: bytes, signature: bytes) -> bool:
    """Of entries that a quorum made final, and that are compared with its seal."""
    del public, message, signature
    return True


def _carry_on(fresh: sqlite3.Connection, lineage: Lineage) -> Finding | None:
    """The next network begins: what its genesis writes over the state of the old one."""
    if (broken := lineage.carry_on()) is not None:
        return Finding("LOG_CORRUPT", f"expected a network to be carried on: {broken}")
    values = dict(sorted(lineage.genesis.values.items()))
    write_past(fresh, values, lineage.replay.version.height)
    _write_state(fresh, values)
    return None


def _write_state(fresh: sqlite3.Connection, changes: Mapping[bytes, bytes | None]) -> None:
    """Of what a block wrote, the rows whose past is kept."""
    keys = [key for _, found in kept_keys(changes) for key in found]
    fresh.executemany(
        "INSERT OR REPLACE INTO state VALUES (?, ?)", [(k, v) for k in keys if (v := changes[k])]
    )
    fresh.executemany("DELETE FROM state WHERE key = ?", [(key,) for key in keys if changes[key] is None])


def _write_block(fresh: sqlite3.Connection, block: Executed) -> None:
    seal = block.sealed.seal
    write_past(fresh, block.changes, seal.height)
    _write_state(fresh, block.changes)
    write_block_status(fresh, block)
    name = len(RECOGNITIONS.prefix)
    rows = [(key, block.version.state.load(RECOGNITIONS, key)) for key in block.written(RECOGNITIONS)]
    fresh.executemany(
        "INSERT OR IGNORE INTO recognised VALUES (?, ?)",
        [(key[name:], seal.height) for key, row in rows if row is not None and row.reversed_at is not None],
    )
    results = [(seal.first + place, seal.height, result_of(one)) for place, one in enumerate(block.receipts)]
    insert_rows(fresh, "INSERT INTO record", [row for row in results if row[2] is not None])


def _compare(db: sqlite3.Connection, fresh: sqlite3.Connection) -> Iterator[Finding]:
    """Of each table the first row that is missing, too many or different."""
    joined = int(meta(db, KNOWN_FROM) or b"0")
    for table, query in _QUERIES.items():
        for expected, found in zip_longest(fresh.execute(query, (joined,)), db.execute(query, (joined,))):
            if expected != found:
                detail = f"expected row {shown(expected)} in table {table}, got {shown(found)}"
                yield Finding("DATABASE_CORRUPT", detail)
                break
