"""The database schema. Everything here can be rebuilt from the log."""

from __future__ import annotations

from typing import Final

from accord_node.storage import past, settling, status_history, tallies

SCHEMA_VERSION: Final = 4

KNOWN_FROM: Final = "known_from"
"""Row of ``meta``: height a node joined at from a snapshot (:mod:`accord_node.storage.rebuild`)."""

SCHEMA: Final = (
    """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;

-- authenticated state: key and canonical value; its root is in the newest seal
CREATE TABLE IF NOT EXISTS state (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;

-- one row a block; certificate is the finalization that covers it, if one was made for it
CREATE TABLE IF NOT EXISTS block (
    height INTEGER PRIMARY KEY, first INTEGER NOT NULL, count INTEGER NOT NULL, time INTEGER NOT NULL,
    seal_hash BLOB NOT NULL, certificate BLOB
);

-- one row a record, by log index; result is what execution computed (canonical), if anything
CREATE TABLE IF NOT EXISTS record (
    idx INTEGER PRIMARY KEY, height INTEGER NOT NULL, kind TEXT NOT NULL, author TEXT NOT NULL,
    tx_id BLOB NOT NULL, result BLOB
);
CREATE INDEX IF NOT EXISTS record_by_author ON record (author, idx);
CREATE INDEX IF NOT EXISTS record_by_kind ON record (kind, idx);

-- transaction id to log index, filled in sorted runs (settling.py)
CREATE TABLE IF NOT EXISTS tx_index (tx_id BLOB PRIMARY KEY, idx INTEGER NOT NULL) WITHOUT ROWID;
"""
    + status_history.SCHEMA
    + tallies.SCHEMA
    + past.SCHEMA
    + settling.SCHEMA
)

PRAGMAS: Final = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA wal_autocheckpoint = 4000",
)
