"""State values for the rules: what is remembered after a block, and that it is what the newest block wrote."""

import sqlite3
from contextlib import closing
from pathlib import Path

from accord_ledger import codec
from accord_ledger.authmap.map import AuthMap
from accord_ledger.domain.model.credential import ROOTS, RootUse
from accord_ledger.domain.model.programme import YEAR_COUNTS, YearCount
from accord_node.storage.schema import SCHEMA
from accord_node.storage.source import DurableState

ROOT, COUNT = ROOTS.key(b"r" * 32), YEAR_COUNTS.key("course", 2026)
OLD, NEW = RootUse(batch_id=b"o" * 16), RootUse(batch_id=b"n" * 16)


def store(path: Path, key: bytes, value: codec.Wire | None) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.executescript(SCHEMA)
        if value is None:
            db.execute("DELETE FROM state WHERE key = ?", (key,))
        else:
            db.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", (key, codec.encode(value)))


def map_of(key: bytes, value: codec.Wire) -> AuthMap:
    return AuthMap.build([(key, codec.encode(value))])


def test_what_ordinary_records_share_is_remembered(tmp_path: Path) -> None:
    path, value = tmp_path / "state.sqlite", YearCount(entrants=5)
    store(path, COUNT, value)
    with closing(DurableState(path, AuthMap.empty())) as source:
        source.advance(map_of(COUNT, value), {COUNT: value})
        assert source.load(YEAR_COUNTS, COUNT) is value


def test_rows_of_an_issuance_are_read_when_they_are_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    store(path, ROOT, NEW)
    with closing(DurableState(path, AuthMap.empty())) as source:
        source.advance(map_of(ROOT, NEW), {ROOT: NEW})
        assert source.has(ROOT)
        found = source.load(ROOTS, ROOT)
        assert found == NEW
        assert found is not NEW
        assert source.load(ROOTS, ROOT) is found


def test_a_remembered_row_that_is_written_again_is_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    store(path, ROOT, OLD)
    for capacity in (100, 2):  # read lately, or before the values read lately
        with closing(DurableState(path, map_of(ROOT, OLD), capacity=capacity)) as source:
            assert source.load(ROOTS, ROOT) == OLD
            source.advance(map_of(ROOT, OLD), {COUNT: YearCount(entrants=1)})
            store(path, ROOT, NEW)
            source.advance(map_of(ROOT, NEW), {ROOT: NEW})
            assert source.load(ROOTS, ROOT) == NEW
        store(path, ROOT, OLD)


def test_what_was_removed_is_gone(tmp_path: Path) -> None:
    path, value = tmp_path / "state.sqlite", YearCount(entrants=5)
    store(path, COUNT, value)
    with closing(DurableState(path, map_of(COUNT, value))) as source:
        assert source.load(YEAR_COUNTS, COUNT) == value
        store(path, COUNT, None)
        source.advance(AuthMap.empty(), {COUNT: None})
        assert not source.has(COUNT)
        assert source.load(YEAR_COUNTS, COUNT) is None


def test_issuances_drive_nothing_out_of_memory(tmp_path: Path) -> None:
    path, value = tmp_path / "state.sqlite", YearCount(entrants=5)
    store(path, COUNT, value)
    state = map_of(COUNT, value)
    with closing(DurableState(path, state, capacity=20)) as source:
        source.advance(state, {COUNT: value})
        for number in range(60):
            source.advance(state, {ROOTS.key(bytes([number]) * 32): NEW})
        assert source.load(YEAR_COUNTS, COUNT) is value
        assert source.remembered == 1


def test_what_is_remembered_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    store(path, COUNT, None)
    with closing(DurableState(path, AuthMap.empty(), capacity=20)) as source:
        for number in range(60):
            source.advance(AuthMap.empty(), {YEAR_COUNTS.key("course", number): YearCount(entrants=1)})
        assert 10 <= source.remembered <= 20
