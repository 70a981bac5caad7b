"""Past values of state: any height sees what its blocks had written, and ordinary issuances write nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accord_ledger import codec
from accord_ledger.domain.kinds.refusal import REFUSALS, Refusals
from accord_ledger.domain.model.account import RECOGNITIONS
from accord_ledger.domain.model.credential import BATCHES, ROOTS
from accord_ledger.domain.model.party import PARTIES
from accord_ledger.state import table_types
from accord_node.storage.past import KEPT, PastState, kept_keys, write_past
from accord_node.storage.schema import SCHEMA

NAMES = ["a", "b", "c", "d"]
KEYS = {name: REFUSALS.key(name) for name in NAMES}
BEGIN, END = REFUSALS.prefix, REFUSALS.prefix[:-1] + b"0"

Changes = dict[str, int | None]


@pytest.fixture
def db() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.executescript(SCHEMA)
    yield connection
    connection.close()


def commit(db: sqlite3.Connection, changes: Mapping[bytes, bytes | None], height: int) -> None:
    """As a block is committed."""
    ordered = dict(sorted(changes.items()))
    write_past(db, ordered, height)
    for key, value in ordered.items():
        db.execute("DELETE FROM state WHERE key = ?", (key,))
        if value is not None:
            db.execute("INSERT INTO state VALUES (?, ?)", (key, value))


def raw(count: int | None) -> bytes | None:
    return None if count is None else codec.encode(Refusals(count=count))


@settings(max_examples=60)
@given(
    st.lists(st.dictionaries(st.sampled_from(NAMES), st.none() | st.integers(0, 9), max_size=3), max_size=8)
)
def test_every_height_sees_what_stood_then(blocks: list[Changes]) -> None:
    db = sqlite3.connect(":memory:", isolation_level=None)
    db.executescript(SCHEMA)
    state: dict[bytes, bytes] = {}
    seen = [dict(state)]
    for height, block in enumerate(blocks, 1):
        changes = {KEYS[name]: raw(count) for name, count in block.items()}
        commit(db, changes, height)
        state = {key: value for key, value in (state | changes).items() if value is not None}
        seen.append(dict(sorted(state.items())))
    for height, then in enumerate(seen):
        past = PastState(db, height)
        assert {key: past.value(key) for key in KEYS.values()} == {
            key: then.get(key) for key in KEYS.values()
        }
        assert past.rows(BEGIN, END, 10) == then
        assert list(past.rows(BEGIN, END, 10)) == list(then)
        assert past.rows(BEGIN, END, 2) == dict(list(then.items())[:2])
        assert past.rows(KEYS["b"], KEYS["d"], 10) == {
            key: value for key, value in then.items() if KEYS["b"] <= key < KEYS["d"]
        }
    db.close()


def test_what_says_itself_when_it_was_made_needs_no_row(db: sqlite3.Connection) -> None:
    batch, root = BATCHES.key(bytes(16)), ROOTS.key(bytes(32))
    made = {batch: codec.encode({"issued_height": 5}), root: codec.encode({"batch_id": bytes(16)})}
    commit(db, made, 5)
    entered = RECOGNITIONS.key(bytes(16))
    commit(db, {entered: codec.encode({"height": 6, "status": "live"})}, 6)
    assert db.execute("SELECT COUNT(*) FROM past").fetchone() == (0,)
    commit(db, {entered: codec.encode({"height": 6, "status": "reversed"})}, 8)
    assert (PastState(db, 4).value(batch), PastState(db, 5).value(batch)) == (None, made[batch])
    found = [PastState(db, height).value(entered) for height in (5, 6, 7, 8)]
    assert [value and codec.decode_plain(value)["status"] for value in found] == [
        None, "live", "live", "reversed",
    ]  # fmt: skip


def test_a_block_of_issuances_leaves_no_trace() -> None:
    tables = [b"batch/", b"root/", b"status_ranges/", b"year_count/"]
    keys = sorted(table + bytes([number]) for table in tables for number in range(250))
    assert list(kept_keys(dict.fromkeys(keys, b""))) == []
    party = PARTIES.key("uu")
    [(prefix, found)] = kept_keys(dict.fromkeys(sorted([*keys, party]), b""))
    assert (prefix, found) == (PARTIES.prefix, [party])


def test_what_is_not_kept_is_not_guessed(db: sqlite3.Connection) -> None:
    for key in (ROOTS.key(bytes(32)), b"nothing"):
        with pytest.raises(LookupError):
            PastState(db, 1).value(key)
    for prefix in (ROOTS.prefix, BATCHES.prefix, RECOGNITIONS.prefix):
        with pytest.raises(LookupError):
            PastState(db, 1).rows(prefix, prefix[:-1] + b"0", 1)
    assert {table.name for table in KEPT} < set(table_types())
