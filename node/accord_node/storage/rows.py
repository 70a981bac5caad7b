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

TOGETHER: Final = (1000, 256, 64, 16, 4)
"""Rows of one statement, largest first: of a full block all. A size whose values are more than SQLite was built to
take is passed over."""


def insert_rows(
    db: sqlite3.Connection, into: str, rows: Sequence[Sequence[Any]], *, conflict: str = ""
) -> None:
    """Insert rows of one width, in order.

    Args:
        db: where; transactions are the caller's.
        into: a statement of ours up to the table's name: ``INSERT OR IGNORE INTO concern``.
        rows: in the order of the table's columns.
        conflict: what stands after the values.
    """
    at, width = 0, len(rows[0]) if rows else 0
    values = db.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER)
    for count in TOGETHER:
        while len(rows) - at >= count and count * width <= values:
            end = at + count
            db.execute(_statement(into, width, count, conflict), list(chain.from_iterable(rows[at:end])))
            at = end
    if at < len(rows):
        db.executemany(_statement(into, width, 1, conflict), rows[at:])


@lru_cache(maxsize=64)
def _statement(into: str, width: int, count: int, conflict: str) -> str:
    row = f"({', '.join('?' * width)})"
    return f"{into} VALUES {', '.join([row] * count)} {conflict}".rstrip()
