"""What the ledger made of credentials over time, kept so that a status list can be shown as of any moment.

State holds how a credential stands now; a suspension that ended has left no trace in it. So every block
also appends, for each page of a batch whose standings it changed, which indexes are revoked and which are
suspended from then on (two bitmaps, at most 256 bytes), and for each issuance where its positions lie. Rows
are only ever added, in the transaction that commits the block, and follow from the log alone.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from accord_ledger.domain.model.credential import BATCHES, PAGE, STANDING_PAGES, Batch, StandingPage
from accord_ledger.execute import Executed
from accord_node.storage.rows import insert_rows

SCHEMA: Final = """
-- where the credentials of a batch lie in a status list of its author
CREATE TABLE IF NOT EXISTS status_batch (
    owner TEXT NOT NULL, list TEXT NOT NULL, start INTEGER NOT NULL, count INTEGER NOT NULL,
    batch_id BLOB NOT NULL, height INTEGER NOT NULL, PRIMARY KEY (owner, list, start)
) WITHOUT ROWID;

-- one row for each page of a batch and block that changed it; bit i (least first) is index page * 1024 + i
CREATE TABLE IF NOT EXISTS status_change (
    batch_id BLOB NOT NULL, page INTEGER NOT NULL, height INTEGER NOT NULL,
    revoked BLOB NOT NULL, suspended BLOB NOT NULL, PRIMARY KEY (batch_id, page, height)
) WITHOUT ROWID;
"""

_BATCH: Final = BATCHES.prefix
_STANDING: Final = STANDING_PAGES.prefix


@dataclass(frozen=True, slots=True)
class PageStatus:
    """Where a page of a batch begins in its list, and which of its indexes are revoked or suspended."""

    start: int
    """Position of the page's first index."""
    revoked: int
    """Bit i, least first, is position ``start`` + i."""
    suspended: int
    height: int
    """Block that made it so."""


@dataclass(frozen=True, slots=True)
class ListStatus:
    """One status list as of a height."""

    end: int
    """First position that no batch has taken by then; 0 if the list does not exist yet."""
    changed: int
    """Height of the newest block that changed it."""
    pages: tuple[PageStatus, ...]


def write_block_status(db: sqlite3.Connection, block: Executed) -> None:
    """Append what a block changed; for use inside the transaction that commits it."""
    state = block.version.state  # what the block wrote stands there as it was made: nothing is decoded
    batches = [(key[len(_BATCH) :], state.load(BATCHES, key)) for key in block.written(BATCHES)]
    pages = [
        (key[len(_STANDING) : -8], int.from_bytes(key[-8:], "big"), state.load(STANDING_PAGES, key))
        for key in block.written(STANDING_PAGES)
    ]
    write_status(db, batches, pages, block.sealed.seal.height)


def write_status(
    db: sqlite3.Connection,
    batches: Sequence[tuple[bytes, Batch | None]],
    pages: Sequence[tuple[bytes, int, StandingPage | None]],
    height: int,
) -> None:
    """Append batches issued and pages of standings changed at a height.

    Args:
        db: inside the transaction that commits the block.
        batches: (batch id, batch).
        pages: (batch id, page, standings; None: all untouched).
        height: of the block.
    """
    insert_rows(
        db,
        "INSERT OR IGNORE INTO status_batch (height, owner, list, start, count, batch_id)",
        [
            (one.status_owner, one.status_list, one.status_start, one.count, batch_id)
            for batch_id, one in batches
            if one is not None
        ],
        row="(?1, ?, ?, ?, ?, ?)",
        shared=(height,),
    )
    insert_rows(db, "INSERT INTO status_change", [_page(*page, height) for page in pages])


def _page(
    batch_id: bytes, number: int, page: StandingPage | None, height: int
) -> tuple[bytes, int, int, bytes, bytes]:
    page = page or StandingPage(spans=())
    revoked, suspended = (_bits(page, number, status) for status in ("revoked", "suspended"))
    return batch_id, number, height, revoked, suspended


def _bits(page: StandingPage, number: int, status: str) -> bytes:
    bits, first = 0, number * PAGE
    for span in page.spans:
        if span.standing.status == status:
            bits |= (1 << span.end - span.start) - 1 << span.start - first
    return bits.to_bytes(-(-bits.bit_length() // 8), "little")


def read_status(db: sqlite3.Connection, owner: str, name: str, height: int) -> ListStatus:
    """A status list as the blocks up to a height made it."""
    row = db.execute(
        "SELECT MAX(start + count), MAX(height) FROM status_batch WHERE owner = ? AND list = ? AND height <= ?",
        (owner, name, height),
    ).fetchone()
    if row[0] is None:
        return ListStatus(0, 0, ())
    # SQLite: beside MAX(), bare columns are those of the row that has the maximum
    rows = db.execute(
        "SELECT b.start + c.page * ?, c.revoked, c.suspended, MAX(c.height) FROM status_batch b"
        " JOIN status_change c ON c.batch_id = b.batch_id"
        " WHERE b.owner = ? AND b.list = ? AND c.height <= ? GROUP BY c.batch_id, c.page",
        (PAGE, owner, name, height),
    )
    pages = tuple(
        PageStatus(start, int.from_bytes(revoked, "little"), int.from_bytes(suspended, "little"), changed)
        for start, revoked, suspended, changed in rows
    )
    return ListStatus(int(row[0]), max((int(row[1]), *(page.height for page in pages))), pages)


def height_at(db: sqlite3.Connection, newest: int, time: int) -> int:
    """Height of the newest block at or before a time, 0 if there is none; block times never fall."""
    low, high = 0, newest
    while low < high:
        middle = (low + high + 1) // 2
        if time_of(db, middle) <= time:
            low = middle
        else:
            high = middle - 1
    return low


def time_of(db: sqlite3.Connection, height: int) -> int:
    """Block time (UTC seconds) of a height from 1 on; 0 for genesis."""
    row = db.execute("SELECT time FROM block WHERE height = ?", (height,)).fetchone()
    return 0 if row is None else int(row[0])
