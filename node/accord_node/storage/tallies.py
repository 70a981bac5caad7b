"""Indexes and counts that questions need and the state does not hold (DOMAIN.md section 5).

    concern           subject to the records that name it: who used it, what a key signed
    issued            credentials issued by programme and block time
    recognised        one row a recognition, as it stands now
    recognised_item   the credentials in it, with their programmes

Rows are written in the transaction that commits the block and follow from the log alone. What belongs to
one credential gets a row only when it is used.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from accord_ledger.domain.kinds.issue import IssueBody
from accord_ledger.domain.model.account import RECOGNITIONS, Recognition
from accord_ledger.domain.model.credential import BATCHES
from accord_ledger.domain.questions.concerns import concerns
from accord_ledger.domain.questions.reading import Act, Rounding
from accord_ledger.execute import Executed
from accord_node.storage.rows import insert_rows

SCHEMA: Final = """
-- records by what they concern; of a batch low <= index < high, otherwise 0 and 0
CREATE TABLE IF NOT EXISTS concern (
    subject BLOB NOT NULL, idx INTEGER NOT NULL, low INTEGER NOT NULL, high INTEGER NOT NULL,
    PRIMARY KEY (subject, idx, low)
) WITHOUT ROWID;

-- credentials issued by programme and block time (UTC seconds)
CREATE TABLE IF NOT EXISTS issued (
    programme TEXT NOT NULL, time INTEGER NOT NULL, credentials INTEGER NOT NULL, PRIMARY KEY (programme, time)
) WITHOUT ROWID;

-- one row a recognition; reversed_at is NULL while it is live
CREATE TABLE IF NOT EXISTS recognised (
    recognition BLOB PRIMARY KEY, enrolment BLOB NOT NULL, receiver TEXT NOT NULL, agreement TEXT NOT NULL,
    version INTEGER NOT NULL, rule TEXT NOT NULL, dropped TEXT NOT NULL, items INTEGER NOT NULL,
    at INTEGER NOT NULL, reversed_at INTEGER
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS recognised_by_enrolment ON recognised (enrolment, recognition);
CREATE INDEX IF NOT EXISTS recognised_by_rule ON recognised (agreement, version, rule, dropped, reversed_at, items);

CREATE TABLE IF NOT EXISTS recognised_item (
    recognition BLOB NOT NULL, place INTEGER NOT NULL, programme TEXT NOT NULL, batch_id BLOB NOT NULL,
    idx INTEGER NOT NULL, PRIMARY KEY (recognition, place)
) WITHOUT ROWID;
"""

_RECOGNITION: Final = len(RECOGNITIONS.prefix)


def write_tallies(db: sqlite3.Connection, block: Executed) -> None:
    """Add what a block brought; for use inside the transaction that commits it, after its state."""
    first = block.sealed.seal.first
    insert_rows(
        db,
        "INSERT OR IGNORE INTO concern",
        [
            (one.subject, first + place, one.low, one.high)
            for place, item in enumerate(block.prepared)
            for one in concerns(item)
        ],
    )
    issued = Counter[str]()
    for item in block.prepared:
        if isinstance(item.body, IssueBody):
            issued[item.body.programme[0]] += item.body.count
    db.executemany(
        "INSERT INTO issued VALUES (?, ?, ?) ON CONFLICT (programme, time)"
        " DO UPDATE SET credentials = credentials + excluded.credentials",
        [(programme, block.sealed.seal.time, count) for programme, count in sorted(issued.items())],
    )
    changed = [(key[_RECOGNITION:], block.changes[key]) for key in block.written(RECOGNITIONS)]
    if changed:
        _write_recognitions(
            db, [(name, RECOGNITIONS.decode(raw)) for name, raw in changed if raw is not None]
        )


def write_recognised(db: sqlite3.Connection) -> None:
    """Every recognition as state holds it now; for a database that is made without executing blocks."""
    end = RECOGNITIONS.prefix[:-1] + b"0"
    rows = db.execute("SELECT key, value FROM state WHERE key >= ? AND key < ?", (RECOGNITIONS.prefix, end))
    while group := rows.fetchmany(4096):
        _write_recognitions(
            db, [(bytes(key)[_RECOGNITION:], RECOGNITIONS.decode(bytes(raw))) for key, raw in group]
        )


def _write_recognitions(db: sqlite3.Connection, rows: Sequence[tuple[bytes, Recognition]]) -> None:
    db.executemany(
        "INSERT OR REPLACE INTO recognised VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                name, row.enrolment, row.receiver, *row.agreement, row.rule, row.dropped, len(row.items), row.at,
                row.reversed_at,
            )
            for name, row in rows
        ],
    )  # fmt: skip
    programmes: dict[bytes, str] = {}
    for batch_id in {item.batch_id for _, row in rows for item in row.items}:
        raw = db.execute("SELECT value FROM state WHERE key = ?", (BATCHES.key(batch_id),)).fetchone()
        programmes[batch_id] = BATCHES.decode(bytes(raw[0])).programme[0]
    db.executemany(
        "INSERT OR REPLACE INTO recognised_item VALUES (?, ?, ?, ?, ?)",
        [
            (name, place, programmes[item.batch_id], item.batch_id, item.index)
            for name, row in rows
            for place, item in enumerate(row.items)
        ],
    )


class SqlTallies:
    """Log and tallies over one snapshot (``accord_ledger.domain.questions.reading``)."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def acts(self, subject: bytes, position: int | None, since: int, limit: int) -> Sequence[Act]:
        """See ``Log``."""
        where, values = "", [subject]
        if position is not None:
            where, values = " AND c.low <= ? AND c.high > ?", [subject, position, position]  # type: ignore[list-item]
        rows = self._db.execute(
            "SELECT DISTINCT r.idx, r.height, b.time, r.kind, r.author, r.tx_id FROM concern c"  # noqa: S608 - ours
            " JOIN record r ON r.idx = c.idx JOIN block b ON b.height = r.height"
            f" WHERE c.subject = ?{where} AND b.time >= ? ORDER BY c.idx LIMIT ?",
            (*values, since, limit),
        )
        return [
            Act(index, height, time, kind, author, bytes(tx_id))
            for index, height, time, kind, author, tx_id in rows
        ]

    def recognitions_of(self, enrolment: bytes, limit: int) -> Sequence[bytes]:
        """See ``Log``."""
        rows = self._db.execute(
            "SELECT recognition FROM recognised WHERE enrolment = ? ORDER BY recognition LIMIT ?",
            (enrolment, limit),
        )
        return [bytes(row[0]) for row in rows]

    def issued(self, until: int) -> Mapping[str, int]:
        """See ``Tallies``."""
        rows = self._db.execute(
            "SELECT programme, SUM(credentials) FROM issued WHERE time <= ? GROUP BY programme", (until,)
        )
        return dict(rows.fetchall())

    def recognised(self, until: int) -> Mapping[str, int]:
        """See ``Tallies``."""
        rows = self._db.execute(
            "SELECT i.programme, COUNT(DISTINCT i.batch_id || CAST(i.idx AS TEXT)) FROM recognised_item i"
            " JOIN recognised r ON r.recognition = i.recognition"
            " WHERE r.at <= ? AND (r.reversed_at IS NULL OR r.reversed_at > ?) GROUP BY i.programme",
            (until, until),
        )
        return dict(rows.fetchall())

    def recognitions(self, until: int) -> Mapping[str, int]:
        """See ``Tallies``."""
        rows = self._db.execute(
            "SELECT receiver, COUNT(*) FROM recognised"
            " WHERE at <= ? AND (reversed_at IS NULL OR reversed_at > ?) GROUP BY receiver",
            (until, until),
        )
        return dict(rows.fetchall())

    def redeemed(self, agreement: str) -> int:
        """See ``Tallies``."""
        row = self._db.execute(
            "SELECT SUM(items) FROM recognised WHERE agreement = ? AND reversed_at IS NULL", (agreement,)
        ).fetchone()
        return int(row[0] or 0)

    def roundings(self) -> Sequence[Rounding]:
        """See ``Tallies``."""
        rows = self._db.execute(
            "SELECT agreement, version, rule, dropped, COUNT(*) FROM recognised WHERE reversed_at IS NULL"
            " GROUP BY agreement, version, rule, dropped ORDER BY agreement, version, rule, dropped"
        )
        return [Rounding(*row) for row in rows]
