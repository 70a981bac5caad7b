"""The deep check finds whatever was changed in a data folder, and changes nothing itself."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest

from accord_ledger.merkle.tiles import entries_path, tile_path
from accord_node.storage import bundles
from accord_node.storage.checking import find_damage
from node_network import Alliance, make_alliance
from snapshot_ledger import Donor, make_donor


@pytest.fixture(scope="module")
def alliance() -> Alliance:
    return make_alliance(4)


@pytest.fixture(scope="module")
def made(alliance: Alliance, tmp_path_factory: pytest.TempPathFactory) -> Donor:
    folder = tmp_path_factory.mktemp("sound")
    return asyncio.run(make_donor(alliance, folder, blocks=4, change=lambda number: number == 1))


@pytest.fixture
def data(made: Donor, tmp_path: Path) -> Path:
    """A copy that the test may spoil."""
    shutil.copytree(made.data, tmp_path / "data")
    return tmp_path / "data"


def codes(data: Path) -> set[str]:
    return {finding.code for finding in find_damage(data)}


def content(data: Path) -> dict[str, bytes]:
    files = (path for path in data.rglob("*") if path.is_file())
    return {str(path): sha256(path.read_bytes()).digest() for path in files if path.suffix != ".sqlite-shm"}


@pytest.mark.parametrize("few", [bundles.FEW, 1])
def test_sound_data_are_left_as_they_are(data: Path, few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundles, "FEW", few)  # 1: in processes
    before = content(data)
    assert find_damage(data) == []
    assert content(data) == before
    assert not list(data.glob("checking-*"))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE record SET author = 'p1' WHERE idx = (SELECT MAX(idx) FROM record)",
        "UPDATE record SET tx_id = zeroblob(32) WHERE idx = 7",
        "DELETE FROM record WHERE idx = 7",
        "UPDATE block SET time = time + 1 WHERE height = 2",
        "UPDATE block SET certificate = (SELECT certificate FROM block WHERE height = 1) WHERE height = 2",
        "UPDATE block SET certificate = x'80' WHERE height = 2",
        "DELETE FROM concern WHERE idx = 9",
        "INSERT INTO concern VALUES (x'00', 9, 0, 0)",
        "UPDATE issued SET credentials = credentials + 1",
        "UPDATE status_batch SET start = start + 1000000 WHERE start = 5",
        "INSERT INTO recognised_item VALUES (x'00', 0, 'prog', x'00', 0)",
        "INSERT INTO tx_index VALUES (x'00', 5)",
        "UPDATE state SET value = 'text' WHERE key = (SELECT MAX(key) FROM state)",
    ],
)
def test_a_row_that_does_not_follow_from_the_log(data: Path, statement: str) -> None:
    with closing(sqlite3.connect(data / "state.sqlite")) as db:
        assert db.execute(statement).rowcount > 0
        db.commit()
    found = find_damage(data)
    assert {finding.code for finding in found} == {"DATABASE_CORRUPT"}
    assert any(statement.split()[1 if statement[:6] == "UPDATE" else 2] in str(item) for item in found) or (
        "certificate" in statement
    )


def test_transaction_ids_as_far_as_they_are_indexed(data: Path) -> None:
    with closing(sqlite3.connect(data / "state.sqlite", isolation_level=None)) as db:
        db.execute("INSERT INTO tx_index SELECT tx_id, idx FROM record WHERE idx < 50")
        db.execute("INSERT INTO meta VALUES ('tx_indexed', x'3530')")  # "50"
        assert find_damage(data) == []
        db.execute("UPDATE tx_index SET idx = 8 WHERE idx = 7")
    (found,) = find_damage(data)
    assert "tx_index" in found.detail


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE state SET value = CAST(value || x'01' AS BLOB) WHERE key = (SELECT MIN(key) FROM state)",
        "DELETE FROM state WHERE key = (SELECT MAX(key) FROM state)",
        "UPDATE state SET value = x'80' WHERE substr(key, 1, 5) = x'6261746368'",
    ],
)
def test_a_state_of_another_root(data: Path, statement: str) -> None:
    with closing(sqlite3.connect(data / "state.sqlite")) as db:
        db.execute(statement)
        db.commit()
    assert codes(data) == {"STATE_CORRUPT"}


def test_a_floor_that_names_another_seal(data: Path) -> None:
    with closing(sqlite3.connect(data / "state.sqlite")) as db:
        (raw,) = db.execute("SELECT value FROM meta WHERE name = 'floor'").fetchone()
        db.execute("UPDATE meta SET value = ? WHERE name = 'floor'", (raw[:-1] + bytes([raw[-1] ^ 1]),))
        db.commit()
    assert codes(data) == {"LOG_CORRUPT"}


def _flip(path: Path, at: int) -> None:
    raw = bytearray(path.read_bytes())
    raw[at] ^= 1
    path.write_bytes(raw)


def test_one_bit_in_a_page_of_the_database(data: Path) -> None:
    path = data / "state.sqlite"
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (tx_id,) = db.execute("SELECT tx_id FROM record WHERE idx = 7").fetchone()
        (page,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'record_by_author'").fetchone()
        (size,) = db.execute("PRAGMA page_size").fetchone()
    whole = path.read_bytes()
    _flip(path, whole.index(tx_id))
    assert codes(data) == {"DATABASE_CORRUPT"}
    path.write_bytes(whole)
    _flip(path, page * size - 1)  # the last cell of an index page: the table itself is sound
    assert codes(data) == {"DATABASE_CORRUPT"}


@pytest.mark.parametrize("name", [entries_path(0), tile_path(0, 0), "tail/1"])
def test_one_bit_in_a_file_of_the_log(data: Path, name: str) -> None:
    _flip(data / "log" / name, 40)
    assert codes(data) == {"LOG_CORRUPT"}


GONE: list[Callable[[Path], None]] = [
    lambda log: (log / tile_path(0, 0)).unlink(),
    lambda log: (log / "tail" / "1").unlink(),
    lambda log: (log / entries_path(0)).unlink(),
    lambda log: (log / "handoff" / "0").unlink(),
]


@pytest.mark.parametrize("lose", GONE)
def test_a_file_that_is_gone(data: Path, lose: Callable[[Path], None]) -> None:
    lose(data / "log")
    assert codes(data) <= {"LOG_CORRUPT", "HANDOFF_CORRUPT"}
    assert find_damage(data)


def test_what_a_crash_leaves_beyond_the_floor_is_no_damage(data: Path) -> None:
    with (data / "log" / "tail" / "1").open("ab") as file:
        file.write(b"\x00\x05torn")
    assert find_damage(data) == []
