"""Database and tiles out of a log and a state that are held but were never executed here.

What follows from entries and rows alone is as on any other node: blocks, records, transaction ids, the
indexes of :mod:`accord_node.storage.tallies`, and how credentials stand now. Not here are what execution
computed for records before the snapshot (``record.result``), how credentials stood before it, and the values of
state that blocks before it replaced (:mod:`accord_node.storage.past`); the height is kept under
``meta.known_from``, so that nobody takes the gap for an answer.

Entries are read in other processes (:mod:`accord_node.storage.bundles`); one thread writes, in log order.
Rows come sorted wherever that can be had, and indexes are made after their rows: both are several times as
cheap as finding a place for each.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Any, Final

import msgspec

from accord_ledger import codec
from accord_ledger.block import Certificate, SealedBytes
from accord_ledger.domain.model.credential import BATCHES, STANDING_PAGES
from accord_ledger.errors import DecodeError
from accord_ledger.merkle.tiles import TILE_WIDTH, Tile, TileEdge
from accord_ledger.merkle.tree import EMPTY_ROOT, root
from accord_ledger.state import Table
from accord_node.doubt import FLAG
from accord_node.storage.bundles import ReadBundle, in_order, read_entries, split_leaves
from accord_node.storage.durable import replace_file
from accord_node.storage.rows import insert_rows
from accord_node.storage.schema import KNOWN_FROM, SCHEMA, SCHEMA_VERSION
from accord_node.storage.snapshot import Row, SnapshotError
from accord_node.storage.status_history import write_status
from accord_node.storage.tallies import write_recognised

_ROWS: Final = 4096
_PRAGMAS: Final = (
    "journal_mode = OFF",
    "synchronous = OFF",
    "locking_mode = EXCLUSIVE",
    "cache_size = -131072",
    "temp_store = FILE",
    "threads = 2",
)
"""A cut leaves rubbish; large sorts go to files and use a second thread."""


class _Place(msgspec.Struct, gc=False):
    """Of a batch, where it lies in status lists. Its form was proved by the state root, so it is not again."""

    status_owner: str
    status_list: str
    status_start: int
    count: int
    issued_height: int


_place: Final = msgspec.msgpack.Decoder(_Place)


class Rebuild:
    """A database being filled in one transaction, and the tiles of its log.

    Until :meth:`finish` the file is nobody's: it is written without a journal, and a cut leaves rubbish.
    """

    def __init__(self, path: Path, network: bytes) -> None:
        path.unlink(missing_ok=True)
        self._network = network
        self._db = sqlite3.connect(path, isolation_level=None)
        for pragma in _PRAGMAS:
            self._db.execute(f"PRAGMA {pragma}")
        self._db.executescript(SCHEMA)
        made = "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        for (name,) in self._db.execute(made).fetchall():
            self._db.execute(f"DROP INDEX {name}")  # :meth:`finish` makes them again, out of all rows at once
        self._db.execute("CREATE TEMP TABLE fresh (subject BLOB, idx INTEGER, low INTEGER, high INTEGER)")
        self._db.execute("BEGIN")
        self._records: list[tuple[int, str, str, bytes]] = []
        self._issued: list[tuple[int, str, int]] = []
        self._block: tuple[int, int, int, int, bytes] | None = None
        """The newest block; it is written when the next seal says whether it was final by itself."""
        self.newest: SealedBytes | None = None

    def close(self) -> None:
        """Give up or end; safe to call twice."""
        self._db.close()

    # -- state -------------------------------------------------------------------------------------

    def state(self, groups: Iterable[list[Row]]) -> None:
        """Write rows in key order; whether they are the state is for the caller to find out.

        Raises:
            SnapshotError: by name, as ``groups`` raises it.
        """
        for group in groups:
            insert_rows(self._db, "INSERT INTO state", group)

    def value(self, key: bytes) -> bytes | None:
        """One state value, canonical bytes."""
        row = self._db.execute("SELECT value FROM state WHERE key = ?", (key,)).fetchone()
        return None if row is None else bytes(row[0])

    # -- log ---------------------------------------------------------------------------------------

    def log(
        self, pool: Executor, folder: Path, bundles: int, tail: Sequence[bytes], tiles: Path | None = None
    ) -> tuple[TileEdge, bytes]:
        """Index every entry and write the tiles.

        Args:
            pool: reads bundles (:func:`accord_node.storage.bundles.readers`).
            folder: holds the full bundles.
            bundles: how many.
            tail: entries after them.
            tiles: gets the hash tiles; None: they are written beside the bundles.

        Returns:
            The edge of the tree, and the root over all entries but the newest.

        Raises:
            SnapshotError: ``SNAPSHOT_LOG``.
        """
        above, before = TileEdge(0, ()), EMPTY_ROOT  # the row of hash tiles is the workers' business
        for number, read in enumerate(in_order(pool, folder, tiles or folder, bundles)):
            leaves = split_leaves(read.leaves)
            if number == bundles - 1 and not tail:
                before = _edge(above, leaves[:-1]).frontier().root()
            above, grown = above.extend([root(leaves)])
            for tile, data in grown:
                if tile.width == TILE_WIDTH:
                    replace_file(
                        (tiles or folder) / Tile(tile.level + 1, tile.index).path, data, durable=False
                    )
            self._take(number * TILE_WIDTH, read)
        leaves = []
        if tail:
            read = read_entries(tail)
            leaves = split_leaves(read.leaves)
            before = _edge(above, leaves[:-1]).frontier().root()
            self._take(bundles * TILE_WIDTH, read)
        return _edge(above, leaves), before

    def _take(self, first: int, read: ReadBundle) -> None:
        insert_rows(
            self._db,
            "INSERT INTO fresh",
            [(subject, first + place, low, high) for subject, place, low, high in read.concerns],
        )
        self._records += [(first + place, kind, author, tx_id) for place, kind, author, tx_id in read.records]
        self._issued += [(first + place, programme, count) for place, programme, count in read.issued]
        for place, entry in read.seals:
            self._seal(first + place, entry)

    def _seal(self, index: int, entry: bytes) -> None:
        """Write the block that a seal closes; later entries of the bundle wait for theirs."""
        try:
            sealed = SealedBytes.parse(entry)
        except DecodeError as error:
            raise SnapshotError("SNAPSHOT_LOG", f"expected a record or a seal: {error}") from error
        seal = sealed.seal
        count = bisect_left(self._records, (index,))
        if (seal.first, seal.count) != (index - count, count):
            raise SnapshotError("SNAPSHOT_LOG", f"expected a seal over {count} records at entry {index}")
        own, self._records = self._records[:count], self._records[count:]
        insert_rows(
            self._db,
            "INSERT INTO record",
            [(place, seal.height, kind, author, tx_id) for place, kind, author, tx_id in own],
            row="(?, ?, ?, ?, ?, NULL)",
        )
        issued = [row for row in self._issued if row[0] < index]
        self._issued = self._issued[len(issued) :]
        self._db.executemany(
            "INSERT INTO issued VALUES (?, ?, ?) ON CONFLICT (programme, height)"
            " DO UPDATE SET credentials = credentials + excluded.credentials",
            [(programme, seal.height, credentials) for _, programme, credentials in issued],
        )
        self._write_block(seal.parent_certificate)
        self._block = (seal.height, seal.first, seal.count, seal.time, sealed.hash)
        self.newest = sealed

    def _write_block(self, certificate: Certificate | None) -> None:
        """The block that waits, with its own finalization if that is what is known of it."""
        if self._block is None:
            return
        final = certificate is not None and certificate.kind == "finalize"
        self._db.execute(
            "INSERT INTO block VALUES (?, ?, ?, ?, ?, ?)",
            (*self._block, codec.encode(certificate) if final else None),
        )

    # -- end ---------------------------------------------------------------------------------------

    def finish(self, finalization: Certificate | None) -> None:
        """Indexes, floor and identity; the caller makes it durable and gives it its name."""
        if self._block is None:
            raise ValueError("expected a log before its end")
        db, (height, first, count, _, seal_hash) = self._db, self._block
        self._write_block(finalization)
        db.execute("INSERT OR IGNORE INTO concern SELECT * FROM fresh ORDER BY subject, idx, low")
        db.execute("INSERT OR REPLACE INTO tx_index SELECT tx_id, idx FROM record ORDER BY tx_id, idx")
        write_recognised(db, height)
        self._write_standings(height)
        size = first + count + 1
        db.executemany(
            "INSERT INTO meta VALUES (?, ?)",
            (
                ("network", self._network),
                ("schema", str(SCHEMA_VERSION).encode()),
                ("floor", codec.encode([height, size, seal_hash])),
                ("tx_indexed", str(size).encode()),
                (KNOWN_FROM, str(height).encode()),
                (FLAG, b"\x01"),
            ),
        )
        db.execute("COMMIT")
        db.executescript(SCHEMA)
        db.execute("PRAGMA journal_mode = DELETE")
        db.close()

    def _write_standings(self, height: int) -> None:
        """Status lists as of the snapshot: what stands in state, without how it came about."""
        batch, page = len(BATCHES.prefix), len(STANDING_PAGES.prefix)
        for group in self._groups(BATCHES):
            places = [(key[batch:], _place.decode(value)) for key, value in group]
            insert_rows(
                self._db,
                "INSERT OR IGNORE INTO status_batch",
                [
                    (at.status_owner, at.status_list, at.status_start, at.count, batch_id, at.issued_height)
                    for batch_id, at in places
                ],
            )
        for group in self._groups(STANDING_PAGES):
            pages = [
                (key[page:-8], int.from_bytes(key[-8:], "big"), STANDING_PAGES.decode(value))
                for key, value in group
            ]
            write_status(self._db, [], pages, height)

    def _groups(self, table: Table[Any]) -> Iterator[list[Row]]:
        rows = self._db.execute(
            "SELECT key, value FROM state WHERE key >= ? AND key < ?",
            (table.prefix, table.prefix[:-1] + b"0"),
        )
        while group := rows.fetchmany(_ROWS):
            yield group


def _edge(above: TileEdge, leaves: Sequence[bytes]) -> TileEdge:
    """The edge of a log whose full bundles give the row ``above``, with these leaves after them."""
    size = above.size * TILE_WIDTH + len(leaves)
    return TileEdge(size, (tuple(leaves), *above.rows) if size else ())
