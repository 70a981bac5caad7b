"""The last state of a network that lost its quorum, out of a snapshot, for the document that carries it on.

The snapshot may come from any survivor's folder or address, and nothing in it is believed: its seal is judged
by the members that the old genesis and its hand-offs name, its rows by the seal's state root. Rows stand in a
file while the document is made, since a state can be larger than memory.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from accord_client.audit.source import LogSource, Missing, Unreachable
from accord_genesis.document import open_genesis
from accord_genesis.recovery import OldNetwork
from accord_ledger.authmap.map import AuthMap
from accord_ledger.handoff import read_handoff
from accord_ledger.state import Table
from accord_node.storage.snapshot import (
    MANIFEST,
    MAX_MANIFEST_BYTES,
    Manifest,
    Piece,
    Row,
    SnapshotError,
    check_manifest,
    check_piece,
    read_manifest,
    read_rows,
)


async def fetch(source: LogSource, folder: Path) -> Manifest:
    """The manifest of a served snapshot, and its hand-offs and rows as files by hash.

    Raises:
        SnapshotError: ``SNAPSHOT_UNKNOWN``, ``SNAPSHOT_MANIFEST``, ``SNAPSHOT_CHUNK`` or ``SNAPSHOT_CUT``.
    """
    manifest = read_manifest(await _read(source, MANIFEST, MAX_MANIFEST_BYTES))
    for piece in (*manifest.handoffs, *manifest.state):
        _path(folder, piece).write_bytes(check_piece(piece, await _read(source, piece.path, piece.size)))
    return manifest


async def _read(source: LogSource, path: str, limit: int) -> bytes:
    try:
        return await source.read(path, limit)
    except Missing as error:
        raise SnapshotError("SNAPSHOT_UNKNOWN", f"expected the source to hold {path}", path=path) from error
    except Unreachable as error:
        raise SnapshotError("SNAPSHOT_CUT", f"expected to read {path}: {error}", path=path) from error


def _path(folder: Path, piece: Piece) -> Path:
    return folder / piece.hash.hex()


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for pieces and rows, gone afterwards."""
    with TemporaryDirectory(prefix="accord-recovery-") as name:
        yield Path(name)


@contextmanager
def old_network(manifest: Manifest, folder: Path, genesis_file: bytes) -> Iterator[OldNetwork]:
    """The network at the block of a fetched snapshot, everything verified.

    Args:
        manifest: as :func:`fetch` gave it.
        folder: that it filled; rows are read from there while the result is used.
        genesis_file: of the old network: the pin.

    Raises:
        AccordError: as ``document.open_genesis``.
        SnapshotError: as ``snapshot.check_manifest`` and ``read_rows``; ``SNAPSHOT_ROOT``.
    """
    genesis = open_genesis(genesis_file)

    def held(piece: Piece) -> bytes:
        return check_piece(piece, _path(folder, piece).read_bytes())

    trusted = check_manifest(manifest, genesis.network, genesis.members, held)
    with closing(sqlite3.connect(folder / "rows", isolation_level=None)) as db:
        _fill(db, read_rows((held(piece) for piece in manifest.state), manifest.rows))
        state = AuthMap.build(db.execute("SELECT key, value FROM state"))
        if state.root != trusted.sealed.seal.state_root:
            expected = trusted.sealed.seal.state_root.hex()
            raise SnapshotError("SNAPSHOT_ROOT", f"expected state root {expected}, got {state.root.hex()}")
        yield OldNetwork(
            file=genesis_file,
            handoffs=tuple(read_handoff(held(piece)) for piece in manifest.handoffs),
            seal=manifest.seal,
            finalization=manifest.finalization,
            map=state,
            state=_Rows(db),
        )


def _fill(db: sqlite3.Connection, groups: Iterable[list[Row]]) -> None:
    for statement in ("PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF", "BEGIN"):
        db.execute(statement)
    db.execute("CREATE TABLE state (key BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID")
    for group in groups:
        db.executemany("INSERT INTO state VALUES (?, ?)", group)
    db.execute("COMMIT")


class _Rows:
    """State by key."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def load(self, table: Table[Any], key: bytes) -> Any | None:
        """See :class:`accord_ledger.state.Source`."""
        row = self._db.execute("SELECT value FROM state WHERE key = ?", (key,)).fetchone()
        return None if row is None else table.decode(row[0])

    def has(self, key: bytes) -> bool:
        """See :class:`accord_ledger.state.Source`."""
        return self._db.execute("SELECT 1 FROM state WHERE key = ?", (key,)).fetchone() is not None
