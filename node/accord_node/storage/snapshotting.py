"""Making a snapshot of a node's data, beside the node while it runs.

One read transaction of the database gives floor, finalization and rows of one height; the log's files only
grow. Nothing waits for it: the node's writer goes on. The rows are hashed once more on their way, so a damaged
database gives no snapshot.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Final

from accord_ledger import codec
from accord_ledger.authmap.map import AuthMap
from accord_ledger.block import Certificate, SealedBytes, is_seal
from accord_ledger.domain.model.epoch import RECOVERY
from accord_ledger.merkle.tiles import TILE_WIDTH, entries_path
from accord_node.storage.durable import replace_file
from accord_node.storage.handoffs import Handoffs
from accord_node.storage.logfiles import LogFiles
from accord_node.storage.snapshot import (
    FOLDER,
    MANIFEST,
    Manifest,
    Piece,
    Row,
    SnapshotError,
    cut_rows,
    read_manifest,
)

ATTEMPTS: Final = 3
"""Looks at a log whose newest bundle is being completed at that moment."""


def make_snapshot(data: Path, log: Path) -> Manifest:
    """Write the snapshot of a node's newest final block; the one before it stays readable.

    Args:
        data: the node's data folder; the node may be running.
        log: where ``snapshot/`` is written, usually ``<data>/log``.

    Raises:
        SnapshotError: ``SNAPSHOT_NONE`` (no block yet), ``SNAPSHOT_FINALITY`` (the newest block has no
            finalization of its own: try again after the next one) or ``SNAPSHOT_ROOT`` (the data are damaged).
        OSError: the disk.
    """
    with closing(_reading(data / "state.sqlite")) as db:
        raw = db.execute("SELECT value FROM meta WHERE name = 'floor'").fetchone()
        height, size, seal_hash = codec.decode(raw[0], tuple[int, int, bytes]) if raw else (0, 0, b"")
        network = db.execute("SELECT value FROM meta WHERE name = 'network'").fetchone()
        if not height or seal_hash == network[0]:
            raise SnapshotError("SNAPSHOT_NONE", f"expected a final block of this network in {data}")
        certificate = db.execute("SELECT certificate FROM block WHERE height = ?", (height,)).fetchone()[0]
        if certificate is None:
            raise SnapshotError("SNAPSHOT_FINALITY", f"expected a finalization of block {height} itself")
        sealed, tail = _newest(LogFiles(data / "log"), size, seal_hash)
        rows, state = _write_rows(db, log, sealed)
        first = _first_epoch(db)
    handoffs = tuple(_handoffs(data / "log", log, range(first, sealed.seal.epoch)))
    manifest = Manifest(
        v=1,
        network=sealed.seal.network,
        height=height,
        seal=sealed.entry,
        finalization=codec.decode(certificate, Certificate),
        entries=size,
        rows=rows,
        handoffs=handoffs,
        state=state,
        tail=_write(log, codec.encode(tail)) if tail else None,
    )
    _publish(log, manifest)
    return manifest


def back_up(data: Path, folder: Path) -> Manifest:
    """A snapshot and all full entry bundles below it: what a join from that folder needs, and no keys or votes.

    Called again on the same folder it copies what is new.

    Args:
        data: the node's data folder; the node may be running.
        folder: anywhere else.

    Raises:
        SnapshotError: as :func:`make_snapshot`.
        OSError: the disk.
    """
    made = make_snapshot(data, folder)
    for index in range(made.entries // TILE_WIDTH):
        copy = folder / entries_path(index)
        if not copy.exists():
            replace_file(copy, (data / "log" / entries_path(index)).read_bytes())
    return made


def _reading(path: Path) -> sqlite3.Connection:
    """One read transaction; it sees one height, whatever is committed meanwhile."""
    if not path.is_file():
        raise SnapshotError("SNAPSHOT_NONE", f"expected a node's database at {path}")
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)
    connection.execute("BEGIN")
    return connection


def _newest(files: LogFiles, size: int, seal_hash: bytes) -> tuple[SealedBytes, list[bytes]]:
    """The seal at the end of the first ``size`` entries, and the entries after the last full bundle."""
    begin = (size - 1) // TILE_WIDTH * TILE_WIDTH
    for _ in range(ATTEMPTS):
        entries = list(islice(files.beyond(begin), size - begin))
        if len(entries) == size - begin and is_seal(entries[-1]):
            sealed = SealedBytes.parse(entries[-1])
            if sealed.hash == seal_hash:
                return sealed, entries if size % TILE_WIDTH else []
    raise SnapshotError(
        "SNAPSHOT_AHEAD", f"expected {size} entries and seal {seal_hash.hex()} in {files.root}"
    )


def _write_rows(db: sqlite3.Connection, log: Path, sealed: SealedBytes) -> tuple[int, tuple[Piece, ...]]:
    pieces: list[Piece] = []
    count = 0

    def rows() -> Iterator[Row]:
        nonlocal count
        held: list[Row] = []

        def tee() -> Iterator[Row]:
            for row in db.execute("SELECT key, value FROM all_state ORDER BY key"):
                held.append(row)
                yield row

        for number, data in cut_rows(tee()):
            pieces.append(_write(log, data))
            count += number
            yield from held
            held.clear()

    root = AuthMap.build(rows()).root
    if root != sealed.seal.state_root:
        raise SnapshotError(
            "SNAPSHOT_ROOT", f"expected state root {sealed.seal.state_root.hex()}, got {root.hex()}"
        )
    return count, tuple(pieces)


def _first_epoch(db: sqlite3.Connection) -> int:
    """The epoch this network began with: 0, unless it continues another."""
    row = db.execute("SELECT value FROM state WHERE key = ?", (RECOVERY.key(),)).fetchone()
    return 0 if row is None else RECOVERY.decode(row[0]).epoch


def _handoffs(source: Path, log: Path, epochs: range) -> Iterator[Piece]:
    for epoch in epochs:
        data = Handoffs(source).read(epoch)
        if data is None:
            raise SnapshotError("SNAPSHOT_FINALITY", f"expected the hand-off of epoch {epoch} in {source}")
        yield _write(log, data)


def _write(log: Path, data: bytes) -> Piece:
    piece = Piece(hash=sha256(data).digest(), size=len(data))
    path = log / piece.path
    if not path.exists():
        replace_file(path, data)
    return piece


def _publish(log: Path, manifest: Manifest) -> None:
    """Name the new pieces; those of the snapshot before stay for who is reading it, older ones go."""
    path = log / MANIFEST
    kept = {piece.hash.hex() for piece in manifest.pieces()}
    if path.exists():
        kept |= {piece.hash.hex() for piece in read_manifest(path.read_bytes()).pieces()}
    replace_file(path, manifest.encode())
    for stray in (log / FOLDER / "chunk").iterdir():
        if stray.name not in kept:
            stray.unlink(missing_ok=True)
