"""Rows with random keys: where they wait, how they are settled, and that nobody sees a difference."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from hashlib import sha256

import pytest

from accord_ledger.domain.model.credential import BATCHES, ROOTS
from accord_node.storage.schema import SCHEMA
from accord_node.storage.settling import StateRun, TransactionIndex, scattered, settle_all, value_of

LENGTH = 16


def roots(first: int, end: int) -> list[tuple[bytes, bytes]]:
    """Rows of merkle roots, in key order as a block has them."""
    return sorted((ROOTS.key(sha256(bytes([n])).digest()), bytes([n])) for n in range(first, end))


@pytest.fixture
def db() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as made:
        made.executescript(SCHEMA)
        yield made


def everything(db: sqlite3.Connection) -> list[tuple[bytes, bytes]]:
    return db.execute("SELECT key, value FROM all_state ORDER BY key").fetchall()


def counts(db: sqlite3.Connection) -> tuple[int, int]:
    """Rows of ``state`` and of ``unsettled``."""
    (settled,) = db.execute("SELECT COUNT(*) FROM state").fetchone()
    (waiting,) = db.execute("SELECT COUNT(*) FROM unsettled").fetchone()
    return settled, waiting


def test_only_hashes_are_scattered() -> None:
    rows = sorted([(BATCHES.key(bytes(16)), b"b"), *roots(0, 3), (b"status_range/x", b"s")])
    first, end = scattered(rows)
    assert rows[first:end] == roots(0, 3)
    assert scattered([(b"batch/", b""), (b"zone/", b"")]) == (1, 1)
    assert scattered([]) == (0, 0)


def test_rows_wait_and_are_settled_a_slice_with_each_block(db: sqlite3.Connection) -> None:
    run = StateRun(LENGTH).wrote(db, roots(0, 15))
    assert counts(db) == (0, 15)
    run = run.wrote(db, roots(15, 17))  # the run is full: sorted, nothing settled yet
    assert counts(db) == (0, 17)
    run = run.wrote(db, roots(17, 20))
    assert counts(db) == (6, 20)
    while counts(db)[0] < 17:
        run = run.wrote(db, [])
    assert counts(db) == (17, 3)  # what came meanwhile waits for the next run
    assert run == StateRun(LENGTH, 3)


def test_rows_are_settled_in_their_order(db: sqlite3.Connection) -> None:
    run = StateRun(LENGTH).wrote(db, roots(0, 10)).wrote(db, roots(10, 20))
    for settled in (2, 4, 6):
        run = run.wrote(db, roots(20 + settled, 21 + settled))
        assert db.execute("SELECT key, value FROM state ORDER BY key").fetchall() == roots(0, 20)[:settled]


def test_at_every_moment_each_row_is_seen_once_and_found(db: sqlite3.Connection) -> None:
    run, seen = StateRun(LENGTH), 0
    for block in (5, 9, 2, 4, 0, 0, 30, 1, 1, 0, 0, 40, 7, 0, 0, 0):
        run = run.wrote(db, roots(seen, seen + block))
        seen += block
        assert everything(db) == roots(0, seen)
        assert all(value_of(db, key) == value for key, value in roots(0, seen))
    assert counts(db)[0] > LENGTH
    assert value_of(db, roots(seen, seen + 1)[0][0]) is None
    assert value_of(db, b"party/none") is None


def test_a_block_taken_back_leaves_the_run_where_it_was(db: sqlite3.Connection) -> None:
    run = StateRun(LENGTH).wrote(db, roots(0, 20))
    db.execute("BEGIN")
    run.wrote(db, roots(20, 24))
    db.execute("ROLLBACK")
    while run.rows:
        run = run.wrote(db, [])
    assert everything(db) == roots(0, 20)
    assert counts(db) == (20, 0)


def test_a_run_gathered_in_a_block_taken_back_is_gathered_again(db: sqlite3.Connection) -> None:
    waiting = StateRun(LENGTH).wrote(db, roots(0, 15))
    db.execute("BEGIN")
    assert waiting.wrote(db, roots(20, 28)).rows == 23
    db.execute("ROLLBACK")
    run = waiting.wrote(db, roots(15, 18))
    assert (run.rows, run.waiting) == (18, 0)
    db.execute("BEGIN")
    run.wrote(db, roots(18, 40))  # settles all of it, and is taken back
    db.execute("ROLLBACK")
    while run.rows:
        assert everything(db) == roots(0, 18)
        run = run.wrote(db, [])
    assert counts(db) == (18, 0)
    assert everything(db) == roots(0, 18)


def test_a_run_begins_with_nothing_of_one_that_was_given_up(db: sqlite3.Connection) -> None:
    StateRun(LENGTH).wrote(db, roots(0, 20)).wrote(db, [])
    run = StateRun(LENGTH, 20).wrote(db, roots(20, 22))
    assert run.rows == 22
    while run.rows:
        run = run.wrote(db, [])
    assert counts(db) == (22, 0)
    assert everything(db) == roots(0, 22)


def test_a_run_that_is_settled_leaves_nothing_in_memory(db: sqlite3.Connection) -> None:
    run, index = StateRun(LENGTH).wrote(db, roots(0, 20)), TransactionIndex({}, LENGTH)
    write(db, index, 0, [sha256(bytes([n])).digest() for n in range(20)])
    write(db, index, 20, [])
    kept = "SELECT COUNT(*) FROM temp."
    assert db.execute(f"{kept}state_run").fetchone() == db.execute(f"{kept}id_run").fetchone() == (20,)
    while run.rows or index.find(sha256(bytes([19])).digest()) is not None:
        run = run.wrote(db, [])
        write(db, index, 20, [])
    assert db.execute(f"{kept}state_run").fetchone() == db.execute(f"{kept}id_run").fetchone() == (0,)


@pytest.mark.parametrize("blocks", range(6))
def test_a_start_settles_what_a_crash_left_in_both_tables(db: sqlite3.Connection, blocks: int) -> None:
    run = StateRun(LENGTH).wrote(db, roots(0, 20))
    for _ in range(blocks):
        run = run.wrote(db, [])
    settle_all(db)
    assert counts(db) == (20, 0)
    assert everything(db) == roots(0, 20)


# -- transaction ids ---------------------------------------------------------------------------------------


def write(db: sqlite3.Connection, index: TransactionIndex, first: int, ids: Sequence[bytes]) -> None:
    """A block of these transactions, as :class:`Database` commits it."""
    added = {name: first + place for place, name in enumerate(ids)}
    db.executemany(
        "INSERT INTO record VALUES (?, 1, 'k', 'a', ?, NULL)", [(at, name) for name, at in added.items()]
    )
    index.wrote(index.write(db, len(ids)), added, first + len(ids))


def found(db: sqlite3.Connection, index: TransactionIndex, name: bytes) -> int | None:
    at = index.find(name)
    if at is None and (row := db.execute("SELECT idx FROM tx_index WHERE tx_id = ?", (name,)).fetchone()):
        at = row[0]
    return at


def test_a_transaction_is_found_wherever_it_is_and_after_a_start(db: sqlite3.Connection) -> None:
    names = [sha256(bytes([n])).digest() for n in range(120)]
    index, done = TransactionIndex({}, LENGTH), 0
    for block in (7, 8, 3, 1, 1, 1, 20, 2, 1, 1, 1, 40, 1, 0, 1, 1, 20):
        write(db, index, done, names[done : done + block])
        done += block
        for known in (index, TransactionIndex.load(db, LENGTH)):
            assert [found(db, known, name) for name in names[:done]] == list(range(done))
            assert found(db, known, names[done]) is None
    (indexed,) = db.execute("SELECT value FROM meta WHERE name = 'tx_indexed'").fetchone()
    assert LENGTH < int(indexed) <= done


def test_ids_are_settled_in_their_order_a_slice_at_a_time(db: sqlite3.Connection) -> None:
    names = [sha256(bytes([n])).digest() for n in range(200)]
    index = TransactionIndex({}, 150)
    write(db, index, 0, names[:150])
    settled: list[bytes] = []
    while len(settled) < 150:
        write(db, index, 150, names[150:155] if not settled else [])
        rows = [name for (name,) in db.execute("SELECT tx_id FROM tx_index ORDER BY tx_id")]
        assert rows == sorted(names[:150])[: len(rows)]
        assert len(settled) < len(rows) <= len(settled) + 10
        settled = rows
    write(db, index, 155, names[155:160])
    assert [found(db, index, name) for name in names[:160]] == list(range(160))


def test_a_block_taken_back_settles_the_same_ids_again(db: sqlite3.Connection) -> None:
    names = [sha256(bytes([n])).digest() for n in range(20)]
    index = TransactionIndex({}, LENGTH)
    write(db, index, 0, names)
    db.execute("BEGIN")
    done = index.write(db, 3)
    db.execute("ROLLBACK")
    assert index.write(db, 3) == done == 6
    assert [name for (name,) in db.execute("SELECT tx_id FROM tx_index ORDER BY tx_id")] == sorted(names)[:6]


def test_ids_of_a_run_settled_in_a_block_taken_back_are_found_and_settled(db: sqlite3.Connection) -> None:
    names = [sha256(bytes([n])).digest() for n in range(30)]
    index = TransactionIndex({}, LENGTH)
    write(db, index, 0, names[:20])
    db.execute("BEGIN")
    assert index.write(db, 20) == 20
    db.execute("ROLLBACK")
    assert [found(db, index, name) for name in names[:20]] == list(range(20))
    write(db, index, 20, names[20:])
    assert [index.find(name) for name in names[:20]] == [None] * 20
    assert [found(db, index, name) for name in names] == list(range(30))


@pytest.mark.parametrize("started_anew", [False, True])
def test_a_run_holds_only_ids_that_are_not_settled(db: sqlite3.Connection, started_anew: bool) -> None:
    names = [sha256(bytes([n])).digest() for n in range(60)]
    index = TransactionIndex({}, LENGTH)
    write(db, index, 0, names[:20])
    write(db, index, 20, names[20:50])  # settles the first 20
    if started_anew:
        index = TransactionIndex.load(db, LENGTH)
        index.wrote(0, {}, 50)
    write(db, index, 50, names[50:52])
    assert db.execute("SELECT COUNT(*) FROM temp.id_run").fetchone() == (30,)
    assert [found(db, index, name) for name in names[:52]] == list(range(52))


def test_a_start_goes_on_where_the_last_whole_run_ended(db: sqlite3.Connection) -> None:
    names = [sha256(bytes([n])).digest() for n in range(80)]
    index = TransactionIndex({}, LENGTH)
    write(db, index, 0, names[:20])
    write(db, index, 20, names[20:24])  # settles 8 of the 20, and dies
    index = TransactionIndex.load(db, LENGTH)
    write(db, index, 24, names[24:40])
    while found(db, index, names[0]) is None or index.find(names[0]) is not None:
        write(db, index, 40, [])
    assert sorted(db.execute("SELECT idx FROM tx_index").fetchall()) == [(n,) for n in range(40)]
