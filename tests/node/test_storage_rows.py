"""Many rows in one statement are the same rows one by one."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from accord_node.storage.rows import TOGETHER, insert_rows

COUNTS = sorted({0, 1, *TOGETHER, *(count - 1 for count in TOGETHER), 2 * TOGETHER[0] + TOGETHER[1] + 3})


@pytest.fixture
def db() -> sqlite3.Connection:
    made = sqlite3.connect(":memory:")
    made.execute("CREATE TABLE seen (number INTEGER PRIMARY KEY, text TEXT)")
    return made


@pytest.mark.parametrize("count", COUNTS)
def test_every_row_once_and_in_order(db: sqlite3.Connection, count: int) -> None:
    rows = [(number, f"row {number}") for number in range(count)]
    with closing(db):
        insert_rows(db, "INSERT INTO seen", rows)
        assert db.execute("SELECT number, text FROM seen ORDER BY rowid").fetchall() == rows


def test_an_sqlite_that_takes_few_values_gets_smaller_statements(db: sqlite3.Connection) -> None:
    fit = TOGETHER[0] // TOGETHER[1] + 1
    rows = [(number, f"row {number}") for number in range(fit * TOGETHER[1] + TOGETHER[-1])]
    statements: list[str] = []
    with closing(db):
        db.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 2 * TOGETHER[1])
        db.set_trace_callback(statements.append)
        insert_rows(db, "INSERT INTO seen", rows)
        db.set_trace_callback(None)
        assert db.execute("SELECT number, text FROM seen ORDER BY rowid").fetchall() == rows
    written = [statement.count("row ") for statement in statements if statement.startswith("INSERT")]
    assert written == [TOGETHER[1]] * fit + [TOGETHER[-1]]


def traced(db: sqlite3.Connection, rows: list[tuple[int, str]]) -> list[str]:
    """The statements that these rows take."""
    statements: list[str] = []
    db.set_trace_callback(statements.append)
    insert_rows(db, "INSERT INTO seen", rows)
    db.set_trace_callback(None)
    return [statement for statement in statements if statement.startswith("INSERT")]


def test_a_few_rows_take_one_statement_and_none_takes_none(db: sqlite3.Connection) -> None:
    with closing(db):
        assert [len(traced(db, [(10 * n + k, "few") for k in range(n)])) for n in range(9)] == [0] + [1] * 8
        assert len(traced(db, [(1000 + k, "some") for k in range(15)])) == 2
        assert len(traced(db, [(2000 + k, "block") for k in range(1000)])) == 1


@pytest.mark.parametrize("count", [1, 5, TOGETHER[0] + TOGETHER[1] + 3])
def test_what_rows_have_in_common_is_said_once(db: sqlite3.Connection, count: int) -> None:
    rows = [(number, b"%d" % number) for number in range(count)]
    with closing(db):
        db.execute("CREATE TABLE other (height INTEGER, kind TEXT, number INTEGER, low INTEGER, id BLOB)")
        into = "INSERT INTO other (height, kind, number, low, id)"
        insert_rows(db, into, rows, row="(?1, ?2, ?, 0, ?)", shared=(7, "issue"))
        assert db.execute("SELECT * FROM other ORDER BY rowid").fetchall() == [
            (7, "issue", number, 0, name) for number, name in rows
        ]


def test_what_is_said_once_counts_among_the_values_of_a_statement(db: sqlite3.Connection) -> None:
    rows = [(number, f"row {number}") for number in range(9)]
    with closing(db):
        db.execute("CREATE TABLE other (height INTEGER, number INTEGER, text TEXT)")
        db.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 8)
        insert_rows(db, "INSERT INTO other", rows, row="(?1, ?, ?)", shared=(7,))
        assert db.execute("SELECT number, text FROM other WHERE height = 7").fetchall() == rows


def test_bytes_are_bound_as_they_are_without_a_search(db: sqlite3.Connection) -> None:
    told = sqlite3.adapters[bytes, sqlite3.PrepareProtocol]
    every = bytes(range(256))
    assert told(every) is every
    with closing(db):
        assert db.execute("SELECT ?1, typeof(?1), length(?1)", (every,)).fetchone() == (every, "blob", 256)


def test_conflicts_are_settled_as_said(db: sqlite3.Connection) -> None:
    count = TOGETHER[0] + 1
    with closing(db):
        db.execute("INSERT INTO seen VALUES (5, 'old'), (128, 'old')")
        insert_rows(db, "INSERT OR IGNORE INTO seen", [(number, "new") for number in range(count)])
        assert db.execute("SELECT number FROM seen WHERE text = 'old'").fetchall() == [(5,), (128,)]
        again = "ON CONFLICT (number) DO UPDATE SET text = excluded.text"
        insert_rows(db, "INSERT INTO seen", [(number, "newest") for number in range(count)], conflict=again)
        assert db.execute("SELECT DISTINCT text FROM seen").fetchall() == [("newest",)]


def test_a_row_that_breaks_a_rule_is_not_swallowed(db: sqlite3.Connection) -> None:
    with closing(db), pytest.raises(sqlite3.IntegrityError):
        insert_rows(db, "INSERT INTO seen", [(7, "a")] * TOGETHER[1])
