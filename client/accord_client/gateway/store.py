"""What the gateway must not forget: positions in its status lists, offers, codes and requests.

One SQLite file beside the keys, written durably before an answer leaves. Codes and tokens are kept by their
hash. Everything but statuses has an end, and what ended is removed; every kind is bounded, so that nobody
can fill the disk.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from accord_client.documents.json_guard import JsonObject
from accord_client.documents.status_bits import MIN_BITS, StatusBits
from accord_client.gateway.problems import GatewayError

MAX_ITEMS: Final = 10_000
"""Most offers, tokens, nonces or requests at a time, of each kind."""

FULL: Final = MIN_BITS // 2
"""Positions taken in a list before the next one begins: free ones stay easy to find at random."""

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS item (
    kind TEXT NOT NULL, key BLOB NOT NULL, expires INTEGER NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY (kind, key)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS item_expires ON item (expires);
CREATE TABLE IF NOT EXISTS position (
    list INTEGER NOT NULL, position INTEGER NOT NULL, credential TEXT NOT NULL,
    revocation INTEGER NOT NULL DEFAULT 0, suspension INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (list, position)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS position_credential ON position (credential);
"""


@dataclass(frozen=True, slots=True)
class Position:
    """One place in the gateway's own status lists."""

    list: int
    position: int


class Store:
    """The file; every method may be called from any thread."""

    def __init__(self, path: Path | str) -> None:
        """Open or create it; ``:memory:`` forgets everything at the end."""
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;" + _SCHEMA)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                self._db.execute("ROLLBACK")
                raise

    # ---- things with an end ----------------------------------------------------------------------

    def put(self, kind: str, secret: str, value: JsonObject, *, expires: int, now: int) -> None:
        """Keep a value under a secret until ``expires`` (POSIX seconds).

        Raises:
            GatewayError: ``BUSY``: too many of this kind.
        """
        with self._transaction() as db:
            db.execute("DELETE FROM item WHERE expires <= ?", (now,))
            [count] = db.execute("SELECT count(*) FROM item WHERE kind = ?", (kind,)).fetchone()
            if count >= MAX_ITEMS:
                raise GatewayError("BUSY", f"expected at most {MAX_ITEMS} of {kind}")
            row = (kind, _hash(secret), expires, json.dumps(value))
            db.execute("INSERT OR REPLACE INTO item VALUES (?, ?, ?, ?)", row)

    def get(self, kind: str, secret: str, *, now: int) -> JsonObject | None:
        """The value under a secret, unless there is none or it ended."""
        with self._lock:
            found = self._db.execute(
                "SELECT value FROM item WHERE kind = ? AND key = ? AND expires > ?",
                (kind, _hash(secret), now),
            ).fetchone()
        return None if found is None else dict(json.loads(found[0]))

    def take(self, kind: str, secret: str, *, now: int) -> JsonObject | None:
        """The value, which is then gone: of several who ask at once, one gets it."""
        with self._transaction() as db:
            found = db.execute(
                "DELETE FROM item WHERE kind = ? AND key = ? RETURNING value, expires", (kind, _hash(secret))
            ).fetchone()
        return None if found is None or found[1] <= now else dict(json.loads(found[0]))

    # ---- positions in status lists ---------------------------------------------------------------

    def allocate(self, credential: str) -> Position:
        """A free position at random for a credential; on disk when this returns."""
        with self._transaction() as db:
            [last] = db.execute("SELECT coalesce(max(list), 0) FROM position").fetchone()
            [taken] = db.execute("SELECT count(*) FROM position WHERE list = ?", (last,)).fetchone()
            number = last + 1 if taken >= FULL else last
            while True:
                position = secrets.randbelow(MIN_BITS)
                row = (number, position, credential)
                made = db.execute(
                    "INSERT OR IGNORE INTO position (list, position, credential) VALUES (?, ?, ?)", row
                )
                if made.rowcount:
                    return Position(number, position)

    def of_credential(self, credential: str) -> list[Position]:
        """Every position of a credential's ``id``."""
        with self._lock:
            rows = self._db.execute("SELECT list, position FROM position WHERE credential = ?", (credential,))
            return [Position(*row) for row in rows.fetchall()]

    def set_status(self, places: list[Position], purpose: str, *, value: bool) -> None:
        """Set or clear bits.

        Raises:
            GatewayError: ``STATUS_CREDENTIAL_UNKNOWN``, or ``STATUS_FINAL``: a revocation is never undone.
        """
        column = {"revocation": "revocation", "suspension": "suspension"}[purpose]
        with self._transaction() as db:
            for place in places:
                row = db.execute(
                    f"SELECT {column} FROM position WHERE list = ? AND position = ?",  # noqa: S608 - a column name of ours
                    (place.list, place.position),
                ).fetchone()
                if row is None:
                    raise GatewayError("STATUS_CREDENTIAL_UNKNOWN", "expected a position in use")
                if purpose == "revocation" and row[0] and not value:
                    raise GatewayError("STATUS_FINAL", "a revoked credential stays revoked")
                db.execute(
                    f"UPDATE position SET {column} = ? WHERE list = ? AND position = ?",  # noqa: S608 - as above
                    (int(value), place.list, place.position),
                )

    def status(self, place: Position, purpose: str) -> bool | None:
        """Whether a bit is set; None for a position not in use."""
        with self._lock:
            row: Any = self._db.execute(
                "SELECT revocation, suspension FROM position WHERE list = ? AND position = ?",
                (place.list, place.position),
            ).fetchone()
        return None if row is None else bool(row[purpose == "suspension"])

    def bits(self, number: int, purpose: str) -> StatusBits | None:
        """A whole list; None if there is none of this number."""
        with self._lock:
            [last] = self._db.execute("SELECT coalesce(max(list), 0) FROM position").fetchone()
            rows = self._db.execute(
                "SELECT position, revocation, suspension FROM position WHERE list = ? AND (revocation OR suspension)",
                (number,),
            ).fetchall()
        if not 0 <= number <= last:
            return None
        bits = StatusBits(MIN_BITS)
        for position, *flags in rows:
            if flags[purpose == "suspension"]:
                bits.merge(position, 1)
        return bits


def _hash(secret: str) -> bytes:
    return sha256(secret.encode()).digest()


def fresh_secret() -> str:
    """256 random bits as text."""
    return secrets.token_urlsafe(32)
