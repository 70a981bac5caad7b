"""Many rows in one statement.

``executemany`` gives the interpreter's lock away and takes it back for every row; beside a thread that works it
waits for it every time. Rows that go together cost half as much alone, and far less in company. Every value handed
over costs about as much as a column written, so what the rows have in common is said once.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, Final

TOGETHER: Final = (1000, 256, 64, 16, 8, 7, 6, 5, 4, 3, 2, 1)
"""Rows of one statement, largest first: of a full block all, of a small one too. A size whose values are more than
SQLite was built to take is passed over."""
STATEMENTS: Final = 256
"""Statements a connection should keep compiled, so that those of all sizes stay."""

sqlite3.register_adapter(bytes, bytes.__bytes__)
"""Bytes are bound as they are. Told so, the ``sqlite3`` module does not search for it: it looks for an adapter of
every value of this type, and three failed look-ups took longer than binding and writing it."""


def insert_rows(
    db: sqlite3.Connection,
    into: str,
    rows: Sequence[Sequence[Any]],
    *,
    row: str | None = None,
    shared: tuple[Any, ...] = (),
    conflict: str = "",
) -> None:
    """Insert rows of one width, in order.

    Args:
        db: where; transactions are the caller's.
        into: a statement of ours up to the table's name or columns: ``INSERT OR IGNORE INTO concern``.
        rows: what stands for ``?`` in each, in order.
        row: one row as the statement has it, ``(?1, ?, 0)``; None: a ``?`` for each column.
        shared: what stands for ``?1``, ``?2`` and so on in all of them; the first row names each before its first
            ``?``, in this order.
        conflict: what stands after the values.
    """
    if not rows:
        return
    at, width = 0, len(rows[0])
    form = row or f"({', '.join('?' * width)})"
    most = (db.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER) - len(shared)) // width
    for count in TOGETHER:
        while len(rows) - at >= count and count <= most:
            end = at + count
            values = [*shared, *chain.from_iterable(rows[at:end])]
            db.execute(_statement(into, form, count, conflict), values)
            at = end


@lru_cache(maxsize=STATEMENTS)
def _statement(into: str, row: str, count: int, conflict: str) -> str:
    return f"{into} VALUES {', '.join([row] * count)} {conflict}".rstrip()
