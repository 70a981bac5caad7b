"""What a stopped node knows beyond the block at which another network carries its own on.

    final       blocks that are final here and not carried: the recovery takes too old a block
    votedfor    a block this node voted to finalise: a member that is lost may have told somebody it was final
    proposed    a block it voted for, or was shown
    pending     acknowledged by this node: durable and gossiped, in no block it knows

The first must not be; the others are lost to the ledger unless their senders sign them again, since every
signature names the old network. A final block is durable with a quorum before anybody says so, and at least one
of f + 1 members that go on voted to finalise it: so whoever of them lists nothing under ``votedfor`` has nothing
that was final to lose. The folder is only read.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from accord_genesis.continuation import Continuation
from accord_ledger import codec
from accord_ledger.block import SealedBytes
from accord_ledger.consensus import journal
from accord_ledger.errors import FatalError, Rejection
from accord_ledger.transaction import parse_record
from accord_node.disk import DirectoryDisk
from accord_node.messages import Batch
from accord_node.pending import PendingLog
from accord_node.records import entry_hash
from accord_node.storage.logfiles import LogFiles
from accord_node.wal import Wal

FINAL, VOTED_FOR, PROPOSED, PENDING = "final", "votedfor", "proposed", "pending"
PLACES: Final = (FINAL, VOTED_FOR, PROPOSED, PENDING)
"""In the order of how much may depend on them."""
MAX_BODY_BYTES: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Known:
    """One record beyond the block that is carried on."""

    place: str
    """One of ``PLACES``."""
    height: int
    """Of its block; 0 where it is in none."""
    kind: str
    author: str
    tx_id: bytes
    entry: bytes


@dataclass(frozen=True, slots=True)
class Beyond:
    """What a node's folder holds."""

    height: int
    """Of its newest final block."""
    ahead: int
    """Final blocks that are not carried."""
    records: tuple[Known, ...]
    """Each once, under the place that matters most."""


def look(data: Path, continues: Continuation) -> Beyond:
    """Everything in a node's folder beyond the block that a recovery continues.

    Args:
        data: of a node that does not run.
        continues: what the new genesis says.

    Raises:
        FatalError: ``RECOVERY_END``: another block is final here at that height, or another network's data
            are here; ``JOURNAL_CORRUPT``.
        OSError: the disk.
    """
    prefix = continues.prefix
    with closing(sqlite3.connect(f"file:{data / 'state.sqlite'}?mode=ro", uri=True)) as db:
        network, floor = (_meta(db, name) for name in ("network", "floor"))
        height = codec.decode(floor, tuple[int, int, bytes])[0] if floor else 0
        seal = db.execute("SELECT seal_hash FROM block WHERE height = ?", (prefix.height,)).fetchone()
        if network != prefix.network or (seal is not None and seal[0] != prefix.seal):
            raise FatalError("RECOVERY_END", f"expected the network of block {prefix.seal.hex()} in {data}")
        settled = _settled(db, prefix.height)
        found = [
            *_final(db, data, prefix.height),
            *_journalled(data, height),
            *((PENDING, 0, entry) for entry in _pending(data)),
        ]
    return Beyond(height, max(0, height - prefix.height), tuple(_each_once(found, settled)))


def _meta(db: sqlite3.Connection, name: str) -> bytes:
    row = db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
    return b"" if row is None else bytes(row[0])


def _settled(db: sqlite3.Connection, height: int) -> set[bytes]:
    """Transactions of the newest blocks that are carried: whatever waits was submitted within the hour."""
    times = db.execute("SELECT time FROM block WHERE height = ?", (height,)).fetchone()
    since = (times[0] if times else 0) - 2 * 3600
    rows = db.execute(
        "SELECT tx_id FROM record JOIN block USING (height) WHERE time >= ? AND height <= ?", (since, height)
    )
    return {bytes(row[0]) for row in rows}


def _final(db: sqlite3.Connection, data: Path, height: int) -> Iterator[tuple[str, int, bytes]]:
    files = LogFiles(data / "log")
    for at, first, count in db.execute(
        "SELECT height, first, count FROM block WHERE height > ? ORDER BY height", (height,)
    ):
        for place, entry in enumerate(files.beyond(first)):
            if place == count:
                break
            yield FINAL, at, entry


def _journalled(data: Path, height: int) -> Iterator[tuple[str, int, bytes]]:
    """Records of blocks above the newest final one that this node voted for."""
    records = _read_journal(data / "journal")
    ours = {item.seal for item in records if isinstance(item, journal.Voted) and item.kind == "finalize"}
    bodies = {item.seal: item.body for item in records if isinstance(item, journal.Body)}
    for item in records:
        if not isinstance(item, journal.Proposed):
            continue
        sealed = SealedBytes.parse(item.entry)
        if sealed.seal.height <= height or sealed.hash not in bodies:
            continue
        place = VOTED_FOR if sealed.hash in ours else PROPOSED
        for entry in codec.decode(bodies[sealed.hash], Batch, limit=MAX_BODY_BYTES).entries:
            yield place, sealed.seal.height, entry


def _read_journal(folder: Path) -> tuple[journal.Record, ...]:
    """Opening a journal writes to it, so a copy is opened."""
    if not folder.exists():
        return ()
    with TemporaryDirectory(prefix="accord-beyond-") as name:
        shutil.copytree(folder, Path(name) / "journal")
        with closing(DirectoryDisk(Path(name) / "journal")) as disk:
            return Wal(disk, bytes(16)).recovered()


def _pending(data: Path) -> list[bytes]:
    if not (data / "pending").exists():
        return []
    with TemporaryDirectory(prefix="accord-beyond-") as name:
        shutil.copytree(data / "pending", Path(name) / "pending")
        with closing(DirectoryDisk(Path(name) / "pending")) as disk:
            return PendingLog(disk).open()


def _each_once(found: Iterable[tuple[str, int, bytes]], settled: set[bytes]) -> Iterator[Known]:
    seen: set[bytes] = set()
    for place, height, entry in sorted(found, key=lambda row: PLACES.index(row[0])):
        name = entry_hash(entry)
        if name in seen:
            continue
        seen.add(name)
        try:
            record = parse_record(entry)
        except Rejection:
            continue  # nothing that could ever have entered the log
        if record.tx_id not in settled:
            yield Known(place, height, record.tx.kind, record.tx.author, record.tx_id, entry)
