"""The deep check: everything of a data folder that follows from its log is made anew and compared.

    database pages     SQLite's own ``integrity_check``
    state              root over all rows, against the newest seal
    log                root over all entries, against the newest seal; every hash tile
    indexes            blocks, records, transaction ids, concerns, tallies, places in status lists: row by row
    certificates       each names the block it stands with
    hand-offs          one for each epoch that ended

A second database is made beside the first, as for a node that joins, and is removed afterwards. What only
execution makes is the business of :mod:`accord_node.storage.history`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from accord_ledger import codec
from accord_ledger.authmap.map import AuthMap
from accord_ledger.block import Certificate, SealedBytes
from accord_ledger.domain.model.epoch import RECOVERY
from accord_ledger.errors import DecodeError, FatalError
from accord_ledger.merkle.tiles import TILE_WIDTH, Tile, tiles_for
from accord_node.storage.bundles import readers
from accord_node.storage.handoffs import Handoffs
from accord_node.storage.logfiles import LogFiles
from accord_node.storage.rebuild import Rebuild
from accord_node.storage.snapshot import Row, SnapshotError

MAX_PROBLEMS: Final = 20
"""Lines that SQLite says about its own pages."""
_ROWS: Final = 4096

_TABLES: Final = {
    "block": "SELECT height, first, count, time, seal_hash FROM block ORDER BY height",
    "record": "SELECT idx, height, kind, author, tx_id FROM record ORDER BY idx",
    # what is newer than ``indexed`` settles in slices: any of it may be there, and nothing else
    "tx_index": "SELECT tx_id, idx FROM tx_index WHERE idx < :indexed UNION ALL SELECT t.tx_id, t.idx FROM tx_index t"
    " WHERE t.idx >= :indexed AND NOT EXISTS (SELECT 1 FROM record r WHERE r.idx = t.idx AND r.tx_id = t.tx_id)"
    " ORDER BY tx_id",
    "concern": "SELECT subject, idx, low, high FROM concern ORDER BY subject, idx, low",
    "issued": "SELECT programme, height, credentials FROM issued ORDER BY programme, height",
    "recognised": "SELECT recognition, enrolment, receiver, agreement, version, rule, dropped, items, at,"
    " reversed_at, height, reversed IS NULL FROM recognised ORDER BY recognition",
    "recognised_item": "SELECT * FROM recognised_item ORDER BY recognition, place",
    "status_batch": "SELECT owner, list, start, count, batch_id, height FROM status_batch"
    " ORDER BY owner, list, start",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it must be."""

    code: str
    """``DATABASE_CORRUPT``, ``DATABASE_NETWORK``, ``STATE_CORRUPT``, ``LOG_CORRUPT`` or ``HANDOFF_CORRUPT``."""
    detail: str

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}"


def find_damage(data: Path) -> list[Finding]:
    """Everything wrong with a data folder, as far as this check goes; of each table its first wrong row.

    Args:
        data: of a node that does not run. Needs room for a second database there; nothing else is written.

    Raises:
        OSError: the disk.
    """
    if not (data / "state.sqlite").exists():
        return []  # a start says what that means
    with closing(sqlite3.connect(f"file:{data / 'state.sqlite'}?mode=ro", uri=True)) as db:
        try:
            problems = [row[0] for row in db.execute(f"PRAGMA integrity_check({MAX_PROBLEMS})")]
            if problems != ["ok"]:
                return [
                    Finding("DATABASE_CORRUPT", f"in {data / 'state.sqlite'}: {line}") for line in problems
                ]
            return _compare(data, db)
        except sqlite3.DatabaseError as error:
            return [Finding("DATABASE_CORRUPT", f"in {data / 'state.sqlite'}: {error}")]


def refuse_findings(found: Sequence[Finding]) -> None:
    """For whoever goes on only if nothing was found.

    Raises:
        FatalError: the code of the first finding; its detail has the first few.
    """
    if found:
        first, *more = found
        others = "".join(f"; {finding}" for finding in more[:4])
        rest = f"; and {len(more) - 4} more" if len(more) > 4 else ""
        raise FatalError(first.code, f"{first.detail}{others}{rest}")


def meta(db: sqlite3.Connection, name: str) -> bytes:
    """A value of the ``meta`` table; empty if there is none."""
    row = db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
    return row[0] if row is not None and isinstance(row[0], bytes) else b""


def _compare(data: Path, db: sqlite3.Connection) -> list[Finding]:
    try:
        height, size, seal_hash = codec.decode(meta(db, "floor"), tuple[int, int, bytes])
    except DecodeError as error:
        return [Finding("DATABASE_CORRUPT", f"expected a floor in the database: {error}")]
    if not height:
        return []  # genesis alone: a start compares all there is
    typed = "SELECT COUNT(*) FROM all_state WHERE typeof(key) != 'blob' OR typeof(value) != 'blob'"
    if (odd := db.execute(typed).fetchone()[0]) != 0:
        return [
            Finding("DATABASE_CORRUPT", f"expected keys and values of state in bytes, got {odd} that are not")
        ]
    files = LogFiles(data / "log")
    bundles, width = divmod(size, TILE_WIDTH)
    with TemporaryDirectory(prefix="checking-", dir=data) as place, readers(bundles) as pool:
        made = Rebuild(Path(place) / "state.sqlite", meta(db, "network"))
        try:
            hashed = pool.submit(_state_root, data / "state.sqlite")
            made.state(_groups(db))
            tail = files.stored(bundles, width) if width else []
            _, log_root = made.log(pool, files.root, bundles, tail, tiles=Path(place))
            found = [*_compare_roots(db, made.newest, seal_hash, log_root, hashed.result())]
            if found or made.newest is None:
                return found  # the rest follows from what is wrong already
            made.finish(None)
        except (SnapshotError, FatalError, FileNotFoundError) as error:
            return [Finding("LOG_CORRUPT", f"in {files.root}: {error}")]
        finally:
            made.close()
        found += _compare_tiles(files, Path(place), size)
        with closing(sqlite3.connect(Path(place) / "state.sqlite")) as fresh:
            found += _compare_tables(db, fresh)
        return [*found, *_compare_certificates(db), *_compare_handoffs(files, db, made.newest)]


def _compare_roots(
    db: sqlite3.Connection, newest: SealedBytes | None, seal_hash: bytes, log_root: bytes, state_root: bytes
) -> Iterator[Finding]:
    if newest is None:
        yield Finding("LOG_CORRUPT", "expected a seal in the log")
        return
    if log_root != newest.seal.log_root:
        yield _differs("LOG_CORRUPT", "log root", newest.seal.log_root, log_root)
    if seal_hash == meta(db, "network"):
        return  # another network is carried on and nothing was added yet: a start compares
    if newest.hash != seal_hash:
        yield _differs("LOG_CORRUPT", "seal", seal_hash, newest.hash)
    if state_root != newest.seal.state_root:
        yield _differs("STATE_CORRUPT", "state root", newest.seal.state_root, state_root)


def _differs(code: str, what: str, expected: bytes, found: bytes) -> Finding:
    return Finding(code, f"expected {what} {expected.hex()}, got {found.hex()}")


def _state_root(path: Path) -> bytes:
    """Root over all rows; runs in a process of the pool."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        return AuthMap.build(db.execute("SELECT key, value FROM all_state")).root


def _groups(db: sqlite3.Connection) -> Iterator[list[Row]]:
    rows = db.execute("SELECT key, value FROM all_state ORDER BY key")
    while group := rows.fetchmany(_ROWS):
        yield group


def _compare_tiles(files: LogFiles, made: Path, size: int) -> list[Finding]:
    """Full hash tiles; those at the edge are looked at whenever the log is opened."""
    found = []
    for tile in tiles_for(0, size):
        if not isinstance(tile, Tile) or tile.width < TILE_WIDTH:
            continue
        path = files.root / tile.path
        if not path.exists() or path.read_bytes() != (made / tile.path).read_bytes():
            found.append(Finding("LOG_CORRUPT", f"expected {path} to hold the hashes of its entries"))
    return found


def _compare_tables(db: sqlite3.Connection, fresh: sqlite3.Connection) -> Iterator[Finding]:
    """Of each table the first row that is missing, too many or different."""
    indexed = {"indexed": int(meta(db, "tx_indexed") or b"0")}
    for table, query in _TABLES.items():
        pairs = zip_longest(fresh.execute(query, indexed), db.execute(query, indexed))
        for expected, found in pairs:
            if expected != found:
                detail = f"expected row {shown(expected)} in table {table}, got {shown(found)}"
                yield Finding("DATABASE_CORRUPT", detail)
                break


def shown(row: tuple[object, ...] | None) -> str:
    """A row as a finding names it."""
    if row is None:
        return "none"
    return f"({', '.join(item.hex() if isinstance(item, bytes) else repr(item) for item in row)})"


def _compare_certificates(db: sqlite3.Connection) -> Iterator[Finding]:
    rows = db.execute("SELECT height, seal_hash, certificate FROM block WHERE certificate IS NOT NULL")
    for height, seal_hash, raw in rows:
        try:
            certificate = codec.decode(raw if isinstance(raw, bytes) else b"", Certificate)
        except DecodeError as error:
            yield Finding("DATABASE_CORRUPT", f"expected a certificate of block {height}: {error}")
            continue
        if certificate.kind != "finalize" or certificate.seal != seal_hash:
            yield Finding("DATABASE_CORRUPT", f"expected the finalization of block {height} beside it")


def _compare_handoffs(files: LogFiles, db: sqlite3.Connection, newest: SealedBytes) -> Iterator[Finding]:
    row = db.execute("SELECT value FROM state WHERE key = ?", (RECOVERY.key(),)).fetchone()
    first = 0 if row is None else RECOVERY.decode(row[0]).epoch
    for epoch in range(first, newest.seal.epoch):
        try:
            if Handoffs(files.root).read(epoch) is None:
                yield Finding("HANDOFF_CORRUPT", f"expected the hand-off of epoch {epoch} in {files.root}")
        except FatalError as error:
            yield Finding("HANDOFF_CORRUPT", error.detail)
