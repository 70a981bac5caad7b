"""Many rows in one statement.

``executemany`` gives the interpreter's lock away and takes it back for every row; beside a thread that works it
waits for it every time. Rows that go together cost half as much alone, and far less in company.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, Final

TOGETHER: Final = (128, 16)
"""Rows of one statement, largest first; of seven columns they stay below 999 values, which every SQLite takes."""


def insert_rows(
    db: sqlite3.Connection, into: str, rows: Sequence[Sequence[Any]], *, conflict: str = ""
) -> None:
    """Insert rows of one width, in order.

    Args:
        db: where; transactions are the caller's.
        into: a statement of ours up to the table's name: ``INSERT OR IGNORE INTO concern``.
        rows: at most seven columns wide.
        conflict: what stands after the values.
    """
    at, width = 0, len(rows[0]) if rows else 0
    for count in TOGETHER:
        while len(rows) - at >= count:
            end = at + count
            db.execute(_statement(into, width, count, conflict), list(chain.from_iterable(rows[at:end])))
            at = end
    if at < len(rows):
        db.executemany(_statement(into, width, 1, conflict), rows[at:])


@lru_cache(maxsize=64)
def _statement(into: str, width: int, count: int, conflict: str) -> str:
    row = f"({', '.join('?' * width)})"
    return f"{into} VALUES {', '.join([row] * count)} {conflict}".rstrip()
