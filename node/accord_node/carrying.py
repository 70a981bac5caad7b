"""Carrying the ledger of a network that lost its quorum into the one that continues it.

    <data>/carrying     from here on the folder is being made; it goes when all is done
    join                the old network's snapshot and log, every byte verified from its own genesis on;
                        or a copy of this party's own old data, which hold more: what execution computed for
                        old records, and how credentials stood at any time. The first start hashes all of it
    one transaction     the values the new genesis document changes, and the new network's name

So a node of the new network holds the whole old log and state, and nothing of the old node's: no journal, no
votes, no hand-offs, no records that waited. The old data folder is only read, and stays as evidence; what it
knows beyond the block that is continued, :mod:`accord_node.beyond` tells.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from accord_client.audit.source import LogSource, Missing, Unreachable
from accord_genesis.continuation import Continuation
from accord_genesis.document import Genesis
from accord_ledger import codec
from accord_ledger.authmap.map import AuthMap
from accord_ledger.errors import ProofError
from accord_node.joining import check_new, join
from accord_node.storage import handoffs, snapshot
from accord_node.storage.durable import replace_file, sync_directory
from accord_node.storage.past import write_past
from accord_node.storage.snapshot import MANIFEST, MAX_MANIFEST_BYTES, read_manifest

MARK: Final = "carrying"


async def serves_predecessor(source: LogSource, genesis: Genesis) -> bool:
    """Whether a source's snapshot says that it is of the network this one continues.

    Raises:
        SnapshotError: ``SNAPSHOT_MANIFEST``.
    """
    if genesis.predecessor is None:
        return False
    try:
        manifest = read_manifest(await source.read(MANIFEST, MAX_MANIFEST_BYTES))
    except (Missing, Unreachable):
        return False  # the join that follows names it
    return manifest.network == genesis.predecessor.network


async def carry(data: Path, genesis: Genesis, source: LogSource | Path) -> Continuation:
    """Make the data folder of a node of a network that continues another.

    Args:
        data: the node's data folder, held by its lock; new, or left by an earlier call that was cut off.
        genesis: of the new network.
        source: a snapshot of the old network at the block that is continued, and the log below it; nothing
            it gives is believed. Or the data folder of this party's own old node, stopped.

    Returns:
        What is continued.

    Raises:
        ProofError: ``RECOVERY_END`` (the genesis continues nothing, or the snapshot is of another block) or
            ``RECOVERY_ROOT`` (the acts of the document do not give the state it says).
        SnapshotError: as :func:`accord_node.joining.join`.
        OSError: the disk.
    """
    continues, predecessor = genesis.document.continues, genesis.predecessor
    if continues is None or predecessor is None:
        raise ProofError("RECOVERY_END", "expected a genesis that continues another network")
    if not (data / MARK).exists():
        check_new(data)
        replace_file(data / MARK, b"")
    if not (data / "state.sqlite").exists() or (data / "joining").exists():
        if isinstance(source, Path):
            await asyncio.to_thread(_copy, source, data)
        else:
            await join(data, predecessor, source)
    try:
        _rename(data / "state.sqlite", genesis, continues)
    except ProofError:
        _remove(data)
        raise
    shutil.rmtree(data / "log" / handoffs.FOLDER, ignore_errors=True)
    (data / MARK).unlink()
    sync_directory(data)
    return continues


def _copy(own: Path, data: Path) -> None:
    """Log and database, without what belongs to the old network's votes, hand-offs and checkpoints."""
    shutil.rmtree(data / "log", ignore_errors=True)
    left = shutil.ignore_patterns(snapshot.FOLDER, handoffs.FOLDER, "checkpoint")
    shutil.copytree(own / "log", data / "log", ignore=left)
    made = data / "state.sqlite.part"
    made.unlink(missing_ok=True)
    reading = f"file:{own / 'state.sqlite'}?mode=ro"
    with closing(sqlite3.connect(reading, uri=True)) as old, closing(sqlite3.connect(made)) as new:
        old.backup(new)
        new.execute("DELETE FROM meta WHERE name IN ('journal', 'token')")
        new.commit()
    os.sync()
    made.replace(data / "state.sqlite")


def _remove(data: Path) -> None:
    """What was made here of another block must not stand in the way of the right one."""
    shutil.rmtree(data / "log", ignore_errors=True)
    (data / "state.sqlite").unlink(missing_ok=True)
    (data / MARK).unlink(missing_ok=True)


def _rename(path: Path, genesis: Genesis, continues: Continuation) -> None:
    """Everything in one transaction: the database is the old network's, or the new one's."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA synchronous = FULL")
        db.execute("BEGIN IMMEDIATE")
        if _meta(db, "network") == genesis.network:  # cut off after this had been done
            return
        found = codec.decode(_meta(db, "floor"), tuple[int, int, bytes])
        prefix = continues.prefix
        if found != (prefix.height, continues.entries, prefix.seal):
            raise ProofError(
                "RECOVERY_END",
                f"expected a snapshot of block {prefix.height} with seal {prefix.seal.hex()}, got block "
                f"{found[0]} with seal {found[2].hex()}",
            )
        acts = dict(sorted(genesis.values.items()))
        write_past(db, acts, prefix.height)
        db.executemany("INSERT OR REPLACE INTO state VALUES (?, ?)", acts.items())
        root = AuthMap.build(db.execute("SELECT key, value FROM all_state")).root
        if root != continues.begins:
            raise ProofError(
                "RECOVERY_ROOT", f"expected state root {continues.begins.hex()}, got {root.hex()}"
            )
        floor = codec.encode([prefix.height, continues.entries, genesis.network])
        rows = (("network", genesis.network), ("floor", floor))
        db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", rows)
        db.execute("COMMIT")


def _meta(db: sqlite3.Connection, name: str) -> bytes:
    row = db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
    return b"" if row is None else bytes(row[0])
