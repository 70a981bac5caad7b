"""History of status changes: what any height saw, and nothing but standings changes it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accord_ledger.domain.model.credential import (
    PAGE,
    Batch,
    Standing,
    StandingPage,
    StandingSpan,
)
from accord_node.storage.schema import SCHEMA
from accord_node.storage.status_history import height_at, read_status, write_status

BATCH_ID, OTHER = b"\x01" * 16, b"\x02" * 16


@pytest.fixture
def db() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:")
    connection.executescript(SCHEMA)
    yield connection
    connection.close()


def batch(start: int, count: int = 2000) -> Batch:
    return Batch(
        programme=("ds", 1), count=count, merkle_root=bytes(32), issuers=("uu",), keys=(bytes(32),), status_list="l",
        status_owner="uu", status_start=start, completed_from="2026-01-01", completed_to="2026-01-01",
        issued_height=1, issued_at=1,
    )  # fmt: skip


def page(number: int, statuses: dict[int, str]) -> StandingPage | None:
    spans = tuple(
        StandingSpan(start=index, end=index + 1, standing=Standing(status=status, since=1))  # type: ignore[arg-type]
        for index, status in sorted(statuses.items())
        if index // PAGE == number and status != "valid"
    )
    return StandingPage(spans=spans) if spans else None


def seen(db: sqlite3.Connection, height: int) -> tuple[set[int], set[int]]:
    """Positions revoked and suspended as of a height."""
    sets: tuple[set[int], set[int]] = (set(), set())
    for item in read_status(db, "uu", "l", height).pages:
        for found, bits in zip(sets, (item.revoked, item.suspended), strict=True):
            found |= {item.start + place for place in range(PAGE) if bits >> place & 1}
    return sets


CHANGES = st.lists(
    st.dictionaries(
        st.integers(0, 1999), st.sampled_from(["valid", "suspended", "revoked"]), min_size=1, max_size=4
    ),
    max_size=8,
)


@settings(max_examples=30)
@given(CHANGES)
def test_every_height_sees_what_stood_then(changes: list[dict[int, str]]) -> None:
    db = sqlite3.connect(":memory:")
    db.executescript(SCHEMA)
    write_status(db, [(BATCH_ID, batch(100))], [], 1)
    statuses: dict[int, str] = {}
    expected = [(set[int](), set[int]())]
    for height, change in enumerate(changes, 2):
        statuses |= change
        touched = {index // PAGE for index in change}
        write_status(db, [], [(BATCH_ID, number, page(number, statuses)) for number in touched], height)
        revoked, suspended = (
            {100 + index for index, status in statuses.items() if status == wanted}
            for wanted in ("revoked", "suspended")
        )
        expected.append((revoked, suspended))
    assert [seen(db, height) for height in range(1, len(changes) + 2)] == expected
    db.close()


def test_a_block_without_standings_changes_no_bit(db: sqlite3.Connection) -> None:
    write_status(db, [(BATCH_ID, batch(0))], [], 1)
    write_status(db, [], [(BATCH_ID, 0, page(0, {3: "revoked"}))], 2)
    write_status(db, [], [], 3)
    assert seen(db, 3) == seen(db, 2) == ({3}, set())
    assert read_status(db, "uu", "l", 3).changed == 2


def test_lists_and_batches_are_kept_apart(db: sqlite3.Connection) -> None:
    write_status(db, [(BATCH_ID, batch(0)), (OTHER, batch(2000))], [], 1)
    write_status(db, [], [(OTHER, 1, page(1, {1030: "suspended"}))], 2)
    assert seen(db, 2) == (set(), {2000 + 1030})
    assert read_status(db, "uu", "l", 0).end == 0
    assert read_status(db, "uu", "l", 1).end == 4000
    assert read_status(db, "uu", "m", 2).end == read_status(db, "nl", "l", 2).end == 0


@given(st.lists(st.integers(0, 5), min_size=1, max_size=12), st.integers(-1, 40))
def test_the_newest_block_at_a_time(steps: list[int], time: int) -> None:
    db = sqlite3.connect(":memory:")
    db.executescript(SCHEMA)
    times = [sum(steps[: place + 1]) for place in range(len(steps))]
    db.executemany("INSERT INTO block VALUES (?, 0, 0, ?, x'', NULL)", list(enumerate(times, 1)))
    assert height_at(db, len(times), time) == sum(moment <= time for moment in times)
    db.close()
