"""Indexes and counts that questions need and the state does not hold (DOMAIN.md section 5).

    concern           subject to the records that name it: who used it, what a key signed
    issued            credentials issued by programme and block
    recognised        one row a recognition, as it stands now
    recognised_item   the credentials in it, with their programmes

Rows are written in the transaction that commits the block and follow from the log alone. What belongs to
one credential gets a row only when it is used. Rows say in which block they came about and ended, so counts are
exact as of any height, also where blocks share a time.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Final

from accord_ledger.domain.kinds.issue import IssueBody
from accord_ledger.domain.model.account import RECOGNITIONS, Recognition
from accord_ledger.domain.model.credential import BATCHES
from accord_ledger.domain.questions.concerns import concerns_of_all
from accord_ledger.domain.questions.reading import Act, Rounding
from accord_ledger.execute import Executed
from accord_node.storage.rows import insert_rows
from accord_node.storage.status_history import height_at

SCHEMA: Final = """
-- records by what they concern; of a batch low <= index < high, otherwise 0 and 0
CREATE TABLE IF NOT EXISTS concern (
    subject BLOB NOT NULL, idx INTEGER NOT NULL, low INTEGER NOT NULL, high INTEGER NOT NULL,
    PRIMARY KEY (subject, idx, low)
) WITHOUT ROWID;

-- credentials issued by programme and block
CREATE TABLE IF NOT EXISTS issued (
    programme TEXT NOT NULL, height INTEGER NOT NULL, credentials INTEGER NOT NULL, PRIMARY KEY (programme, height)
) WITHOUT ROWID;

-- one row a recognition; reversed_at and reversed (the block) are NULL while it is live. Of what was reversed
-- before a node joined, reversed is the height it joined at
CREATE TABLE IF NOT EXISTS recognised (
    recognition BLOB PRIMARY KEY, enrolment BLOB NOT NULL, receiver TEXT NOT NULL, agreement TEXT NOT NULL,
    version INTEGER NOT NULL, rule TEXT NOT NULL, dropped TEXT NOT NULL, items INTEGER NOT NULL,
    at INTEGER NOT NULL, reversed_at INTEGER, height INTEGER NOT NULL, reversed INTEGER
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS recognised_by_enrolment ON recognised (enrolment, recognition);
CREATE INDEX IF NOT EXISTS recognised_by_rule
    ON recognised (agreement, version, rule, dropped, reversed_at, items, height, reversed);

CREATE TABLE IF NOT EXISTS recognised_item (
    recognition BLOB NOT NULL, place INTEGER NOT NULL, programme TEXT NOT NULL, batch_id BLOB NOT NULL,
    idx INTEGER NOT NULL, PRIMARY KEY (recognition, place)
) WITHOUT ROWID;
"""

_RECOGNITION: Final = len(RECOGNITIONS.prefix)
_NEWEST: Final = 2**62
"""Above every height."""
_FEW: Final = 16
"""Of fewer records the concerns go together: a statement less."""


def write_tallies(db: sqlite3.Connection, block: Executed) -> None:
    """Add what a block brought; for use inside the transaction that commits it, after its state."""
    seal = block.sealed.seal
    concerns = concerns_of_all(block.prepared, seal.first)
    if len(block.prepared) < _FEW:
        alone = [(subject, index, 0, 0) for subject, index in concerns.alone]
        insert_rows(db, "INSERT OR IGNORE INTO concern", [*alone, *concerns.credentials])
    else:
        insert_rows(db, "INSERT OR IGNORE INTO concern", concerns.alone, row="(?, ?, 0, 0)")
        insert_rows(db, "INSERT OR IGNORE INTO concern", concerns.credentials)
    issued = dict[str, int]()
    for item in block.prepared:
        if isinstance(body := item.body, IssueBody):
            programme = body.programme[0]
            issued[programme] = issued.get(programme, 0) + body.count
    rows = sorted(issued.items())
    insert_rows(
        db,
        "INSERT INTO issued (height, programme, credentials)",
        rows,
        row="(?1, ?, ?)",
        shared=(seal.height,),
    )
    changed = [(key[_RECOGNITION:], block.changes[key]) for key in block.written(RECOGNITIONS)]
    if changed:
        found = [(name, RECOGNITIONS.decode(raw)) for name, raw in changed if raw is not None]
        _write_recognitions(db, found, seal.height)


def write_recognised(db: sqlite3.Connection, height: int) -> None:
    """Every recognition as state holds it at a height; for a database that is made without executing blocks."""
    end = RECOGNITIONS.prefix[:-1] + b"0"
    rows = db.execute("SELECT key, value FROM state WHERE key >= ? AND key < ?", (RECOGNITIONS.prefix, end))
    while group := rows.fetchmany(4096):
        found = [(bytes(key)[_RECOGNITION:], RECOGNITIONS.decode(bytes(raw))) for key, raw in group]
        _write_recognitions(db, found, height)


def _write_recognitions(
    db: sqlite3.Connection, rows: Sequence[tuple[bytes, Recognition]], height: int
) -> None:
    db.executemany(
        "INSERT INTO recognised VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (recognition) DO UPDATE SET"
        " items = excluded.items, reversed_at = excluded.reversed_at, reversed = excluded.reversed",
        [
            (
                name, row.enrolment, row.receiver, *row.agreement, row.rule, row.dropped, len(row.items), row.at,
                row.reversed_at, row.height, None if row.reversed_at is None else height,
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
    """Log and tallies over one snapshot (``accord_ledger.domain.questions.reading``).

    Args:
        db: the snapshot.
        height: of the block after which the ledger is looked at; None: the newest, and earlier moments by the
            times that rows carry.
    """

    def __init__(self, db: sqlite3.Connection, height: int | None = None) -> None:
        self._db = db
        self._height = height

    def acts(self, subject: bytes, position: int | None, since: int, limit: int) -> Sequence[Act]:
        """See ``Log``."""
        where, values = "", [subject]
        if position is not None:
            where, values = " AND c.low <= ? AND c.high > ?", [subject, position, position]  # type: ignore[list-item]
        rows = self._db.execute(
            "SELECT DISTINCT r.idx, r.height, b.time, r.kind, r.author, r.tx_id FROM concern c"  # noqa: S608 - ours
            " JOIN record r ON r.idx = c.idx JOIN block b ON b.height = r.height"
            f" WHERE c.subject = ?{where} AND b.time >= ? AND r.height <= ? ORDER BY c.idx LIMIT ?",
            (*values, since, self._last, limit),
        )
        return [
            Act(index, height, time, kind, author, bytes(tx_id))
            for index, height, time, kind, author, tx_id in rows
        ]

    @property
    def _last(self) -> int:
        """Height of the last block that counts."""
        return _NEWEST if self._height is None else self._height

    def recognitions_of(self, enrolment: bytes, limit: int) -> Sequence[bytes]:
        """See ``Log``."""
        rows = self._db.execute(
            "SELECT recognition FROM recognised WHERE enrolment = ? AND height <= ? ORDER BY recognition LIMIT ?",
            (enrolment, self._last, limit),
        )
        return [bytes(row[0]) for row in rows]

    def issued(self, until: int) -> Mapping[str, int]:
        """See ``Tallies``."""
        newest = self._db.execute("SELECT MAX(height) FROM block").fetchone()[0] or 0
        last = min(height_at(self._db, newest, until), self._last)
        rows = self._db.execute(
            "SELECT programme, SUM(credentials) FROM issued WHERE height <= ? GROUP BY programme", (last,)
        )
        return dict(rows.fetchall())

    def recognised(self, until: int) -> Mapping[str, int]:
        """See ``Tallies``."""
        live, values = self._live(until)
        rows = self._db.execute(
            "SELECT i.programme, COUNT(DISTINCT i.batch_id || CAST(i.idx AS TEXT)) FROM recognised_item i"  # noqa: S608 - ours
            f" JOIN recognised r ON r.recognition = i.recognition WHERE {live} GROUP BY i.programme",
            values,
        )
        return dict(rows.fetchall())

    def recognitions(self, until: int) -> Mapping[str, int]:
        """See ``Tallies``."""
        live, values = self._live(until)
        rows = self._db.execute(
            f"SELECT receiver, COUNT(*) FROM recognised r WHERE {live} GROUP BY receiver",  # noqa: S608 - ours
            values,
        )
        return dict(rows.fetchall())

    def redeemed(self, agreement: str) -> int:
        """See ``Tallies``."""
        live, values = self._live()
        row = self._db.execute(
            f"SELECT SUM(items) FROM recognised r WHERE agreement = ? AND {live}",  # noqa: S608 - ours
            (agreement, *values),
        ).fetchone()
        return int(row[0] or 0)

    def roundings(self) -> Sequence[Rounding]:
        """See ``Tallies``."""
        live, values = self._live()
        rows = self._db.execute(
            f"SELECT agreement, version, rule, dropped, COUNT(*) FROM recognised r WHERE {live}"  # noqa: S608 - ours
            " GROUP BY agreement, version, rule, dropped ORDER BY agreement, version, rule, dropped",
            values,
        )
        return [Rounding(*row) for row in rows]

    def _live(self, until: int | None = None) -> tuple[str, tuple[int, ...]]:
        """Condition on recognitions ``r`` that count: of a height by blocks, else by the times they carry."""
        if self._height is not None:
            return "r.height <= ? AND (r.reversed IS NULL OR r.reversed > ?)", (self._height, self._height)
        if until is None:
            return "r.reversed_at IS NULL", ()
        return "r.at <= ? AND (r.reversed_at IS NULL OR r.reversed_at > ?)", (until, until)
