"""Database and tiles out of a log and a state that are held but were never executed here.

What follows from entries and rows alone is as on any other node: blocks, records, transaction ids, the
indexes of :mod:`accord_node.storage.tallies`, and how credentials stand now. Not here are what execution
computed for records before the snapshot (``record.result``) and how credentials stood before it; the height
is kept under ``meta.known_from``, so that nobody takes the gap for an answer.

Parsing is shared among processes; one thread writes, in log order.
"""

from __future__ import annotations

import os
import sqlite3
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import msgspec

from accord_ledger import codec
from accord_ledger.authmap.map import AuthMap
from accord_ledger.block import Certificate, SealedBytes
from accord_ledger.blockreader import RECORD_START
from accord_ledger.domain.kinds.issue import IssueBody
from accord_ledger.domain.model.credential import BATCHES, STANDING_PAGES
from accord_ledger.domain.pipeline import prepare
from accord_ledger.domain.questions.concerns import concerns
from accord_ledger.errors import AccordError, DecodeError
from accord_ledger.merkle.tiles import TILE_WIDTH, TileEdge, entries_path, unpack_entries
from accord_ledger.merkle.tree import EMPTY_ROOT, leaf_hash
from accord_ledger.state import Table
from accord_node.doubt import FLAG
from accord_node.storage.durable import replace_file
from accord_node.storage.schema import KNOWN_FROM, SCHEMA, SCHEMA_VERSION
from accord_node.storage.snapshot import Row, SnapshotError
from accord_node.storage.status_history import write_status
from accord_node.storage.tallies import write_recognised

_FEW: Final = 64
"""Bundles that are not worth starting processes for."""
_GROUP: Final = 8
"""Bundles that travel together."""
_ROWS: Final = 4096


class _Place(msgspec.Struct, gc=False):
    """Of a batch, where it lies in status lists. Its form was proved by the state root, so it is not again."""

    status_owner: str
    status_list: str
    status_start: int
    count: int
    issued_height: int


_place: Final = msgspec.msgpack.Decoder(_Place)


@dataclass(frozen=True, slots=True)
class ReadBundle:
    """What a bundle's entries say by themselves; places count from its first entry."""

    leaves: list[bytes]
    seals: list[tuple[int, bytes]]
    """Place and entry."""
    records: list[tuple[int, str, str, bytes]]
    """Place, kind, author, transaction id."""
    concerns: list[tuple[bytes, int, int, int]]
    """Subject, place, low, high."""
    issued: list[tuple[int, str, int]]
    """Place, programme, credentials."""


def read_entries(entries: Sequence[bytes]) -> ReadBundle:
    """Parse entries; runs in the processes of the pool.

    Raises:
        SnapshotError: ``SNAPSHOT_LOG``: one is neither record nor seal.
    """
    read = ReadBundle([], [], [], [], [])
    for place, entry in enumerate(entries):
        read.leaves.append(leaf_hash(entry))
        if entry[:1] != RECORD_START:
            read.seals.append((place, entry))
            continue
        try:
            item = prepare(entry)
        except AccordError as error:
            raise SnapshotError("SNAPSHOT_LOG", f"expected records and seals: {error}") from error
        tx = item.record.tx
        read.records.append((place, tx.kind, tx.author, item.record.tx_id))
        read.concerns.extend((one.subject, place, one.low, one.high) for one in concerns(item))
        if isinstance(item.body, IssueBody):
            read.issued.append((place, item.body.programme[0], item.body.count))
    return read


def read_bundles(log: Path, indexes: Sequence[int]) -> list[ReadBundle]:
    """Parse full bundles of a folder.

    Raises:
        SnapshotError: ``SNAPSHOT_LOG``.
    """
    read = []
    for index in indexes:
        try:
            entries = unpack_entries((log / entries_path(index)).read_bytes(), TILE_WIDTH)
        except DecodeError as error:
            raise SnapshotError(
                "SNAPSHOT_LOG", f"expected an entry bundle: {error}", path=entries_path(index)
            ) from error
        read.append(read_entries(entries))
    return read


def _in_order(log: Path, bundles: int) -> Iterator[ReadBundle]:
    """Every full bundle, parsed ahead in processes where that pays."""
    groups = [range(at, min(at + _GROUP, bundles)) for at in range(0, bundles, _GROUP)]
    processes = os.cpu_count() or 1
    if bundles < _FEW or processes == 1:
        for group in groups:
            yield from read_bundles(log, group)
        return
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        ahead: deque[Future[list[ReadBundle]]] = deque()
        try:
            for group in groups:
                ahead.append(pool.submit(read_bundles, log, group))
                if len(ahead) > 2 * processes:
                    yield from ahead.popleft().result()
            while ahead:
                yield from ahead.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


class Rebuild:
    """A database being filled in one transaction, and the tiles of its log.

    Until :meth:`finish` the file is nobody's: it is written without a journal, and a cut leaves rubbish.
    """

    def __init__(self, path: Path, network: bytes) -> None:
        path.unlink(missing_ok=True)
        self._network = network
        self._db = sqlite3.connect(path, isolation_level=None)
        for pragma in (
            "journal_mode = OFF",
            "synchronous = OFF",
            "cache_size = -131072",
            "temp_store = FILE",
        ):
            self._db.execute(f"PRAGMA {pragma}")
        self._db.executescript(SCHEMA)
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

    def state(self, groups: Iterator[list[Row]]) -> AuthMap:
        """Write rows on their way into the map that says whether they are the state."""

        def rows() -> Iterator[Row]:
            for group in groups:
                self._db.executemany("INSERT INTO state VALUES (?, ?)", group)
                yield from group

        return AuthMap.build(rows())

    def value(self, key: bytes) -> bytes | None:
        """One state value, canonical bytes."""
        row = self._db.execute("SELECT value FROM state WHERE key = ?", (key,)).fetchone()
        return None if row is None else bytes(row[0])

    # -- log ---------------------------------------------------------------------------------------

    def log(self, folder: Path, bundles: int, tail: Sequence[bytes]) -> tuple[TileEdge, bytes]:
        """Index every entry and write the tiles.

        Args:
            folder: holds the full bundles; tiles are written beside them.
            bundles: how many.
            tail: entries after them.

        Returns:
            The edge of the tree, and the root over all entries but the newest.
        """
        edge, root = TileEdge(0, ()), EMPTY_ROOT
        for number, read in enumerate(_in_order(folder, bundles)):
            if number == bundles - 1 and not tail:
                root = edge.extend(read.leaves[:-1])[0].frontier().root()
            edge = self._take(folder, edge, read)
        if tail:
            read = read_entries(tail)
            root = edge.extend(read.leaves[:-1])[0].frontier().root()
            edge = self._take(folder, edge, read)
        return edge, root

    def _take(self, folder: Path, edge: TileEdge, read: ReadBundle) -> TileEdge:
        first = edge.size
        self._db.executemany(
            "INSERT INTO fresh VALUES (?, ?, ?, ?)",
            [(subject, first + place, low, high) for subject, place, low, high in read.concerns],
        )
        self._records += [(first + place, *rest) for place, *rest in read.records]  # type: ignore[misc]
        self._issued += [(first + place, programme, count) for place, programme, count in read.issued]
        for place, entry in read.seals:
            self._seal(first + place, entry)
        edge, tiles = edge.extend(read.leaves)
        for tile, data in tiles:
            if tile.width == TILE_WIDTH:
                replace_file(folder / tile.path, data, durable=False)
        return edge

    def _seal(self, index: int, entry: bytes) -> None:
        """Write the block that a seal closes; later entries of the bundle wait for theirs."""
        try:
            sealed = SealedBytes.parse(entry)
        except DecodeError as error:
            raise SnapshotError("SNAPSHOT_LOG", f"expected a record or a seal: {error}") from error
        seal = sealed.seal
        count = sum(1 for row in self._records if row[0] < index)
        if (seal.first, seal.count) != (index - count, count):
            raise SnapshotError("SNAPSHOT_LOG", f"expected a seal over {count} records at entry {index}")
        own, self._records = self._records[:count], self._records[count:]
        self._db.executemany(
            "INSERT INTO record VALUES (?, ?, ?, ?, ?, NULL)",
            [(place, seal.height, kind, author, tx_id) for place, kind, author, tx_id in own],
        )
        issued = [row for row in self._issued if row[0] < index]
        self._issued = self._issued[len(issued) :]
        self._db.executemany(
            "INSERT INTO issued VALUES (?, ?, ?) ON CONFLICT (programme, time)"
            " DO UPDATE SET credentials = credentials + excluded.credentials",
            [(programme, seal.time, credentials) for _, programme, credentials in issued],
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

    def finish(self, finalization: Certificate) -> None:
        """Indexes, floor and identity; the caller makes it durable and gives it its name."""
        if self._block is None:
            raise ValueError("expected a log before its end")
        db, (height, first, count, _, seal_hash) = self._db, self._block
        self._write_block(finalization)
        db.execute("INSERT OR IGNORE INTO concern SELECT * FROM fresh ORDER BY subject, idx, low")
        db.execute("INSERT OR REPLACE INTO tx_index SELECT tx_id, idx FROM record ORDER BY tx_id, idx")
        write_recognised(db)
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
        db.execute("PRAGMA journal_mode = DELETE")
        db.close()

    def _write_standings(self, height: int) -> None:
        """Status lists as of the snapshot: what stands in state, without how it came about."""
        batch, page = len(BATCHES.prefix), len(STANDING_PAGES.prefix)
        for group in self._groups(BATCHES):
            places = [(key[batch:], _place.decode(value)) for key, value in group]
            self._db.executemany(
                "INSERT OR IGNORE INTO status_batch VALUES (?, ?, ?, ?, ?, ?)",
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
