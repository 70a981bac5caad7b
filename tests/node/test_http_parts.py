"""Parts of the interface that need no network: keys, JSON forms, the read model, parameters."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord_ledger import codec
from accord_ledger.domain.model.credential import CREDENTIALS, Standing, StandingSpan
from accord_ledger.domain.model.framework import LEVEL_MAPS
from accord_ledger.domain.model.party import KEYS, PARTIES, SEATS
from accord_ledger.domain.rules import FixedRatio
from accord_ledger.errors import DecodeError
from accord_node import readmodel
from accord_node.http.plain import plain, plain_bytes
from accord_node.http.problems import CODES
from accord_node.http.state_keys import KEY_PARTS, read_part, split_key, state_key, table_range, tables
from accord_node.readmodel import QueryTooLongError, ReadModel
from accord_node.storage.schema import SCHEMA


def test_every_table_of_the_ledger_has_an_address() -> None:
    assert set(KEY_PARTS) == set(tables())


def test_keys_are_built_as_tables_build_them() -> None:
    one, two = b"\x01" * 16, b"\x02" * 32
    assert state_key("party", "p0") == PARTIES.key("p0")
    assert state_key("seats") == SEATS.key()
    assert state_key("credential", one, 7) == CREDENTIALS.key(one, 7)
    assert state_key("key", two) == KEYS.key(two)
    assert state_key("level_map", "a", 1, "b", 2) == LEVEL_MAPS.key("a", 1, "b", 2)


VALUES: dict[str, Any] = {
    "text": st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=20),
    "number": st.integers(0, 2**53),
    "digest": st.binary(min_size=32, max_size=32),
    "id": st.binary(min_size=16, max_size=16),
}


@given(st.data(), st.sampled_from(sorted(KEY_PARTS)))
def test_a_key_is_shown_as_its_address_spells_it(data: st.DataObject, table: str) -> None:
    parts = [data.draw(VALUES[part.kind]) for part in KEY_PARTS[table]]
    key = state_key(table, *parts)
    shown = split_key(table, key)
    assert [read_part(part, str(text)) for part, text in zip(KEY_PARTS[table], shown, strict=True)] == parts
    start, end = table_range(table)
    assert start <= key < end


@given(st.text(max_size=80), st.sampled_from(sorted(KEY_PARTS)))
def test_a_part_is_read_or_refused(text: str, table: str) -> None:
    codes = set()
    for part in KEY_PARTS[table]:
        try:
            read_part(part, text)
        except DecodeError as error:
            codes.add(error.code)
    assert codes <= {"STATE_KEY"}


def test_values_are_shown_whole_with_bytes_in_hex() -> None:
    span = StandingSpan(start=1, end=2, standing=Standing())
    assert plain(span)["standing"] == {
        "status": "valid", "effect": None, "since": None, "confirmed_at": None, "replaced": False,
    }  # fmt: skip
    assert plain({"k": (b"\x0a", [1, None, True])}) == {"k": ["0a", [1, None, True]]}
    assert plain(msgspec.Raw(codec.encode({"a": b"\xff"}))) == {"a": "ff"}
    assert plain_bytes(b"\xc1") == "c1"


def test_tagged_values_show_their_tag() -> None:
    terms = {"rule_id": "r", "source": ["a", 1], "target": ["b", 1], "ratio": "1/1"}
    shown = plain(msgspec.convert({"kind": "fixed_ratio", **terms}, FixedRatio))
    assert shown["kind"] == "fixed_ratio"
    assert msgspec.convert(shown, FixedRatio).ratio == "1/1"


def test_codes_say_what_they_mean() -> None:
    for code, (status, meaning) in CODES.items():
        assert code == code.upper()
        assert 400 <= status < 600
        assert meaning.endswith(".")


def database(path: Path, rows: int) -> Path:
    file = path / "state.sqlite"
    with sqlite3.connect(file) as connection:
        connection.executescript(SCHEMA)
        connection.execute("INSERT INTO meta VALUES ('floor', ?)", (codec.encode([3, 9, b"\x01" * 32]),))
        connection.executemany(
            "INSERT INTO state VALUES (?, ?)",
            ((state_key("party", f"p{n:06d}"), b"\x01") for n in range(rows)),
        )
    connection.close()
    return file


async def test_a_visit_sees_one_height(tmp_path: Path) -> None:
    reads = ReadModel(database(tmp_path, 5))
    found = await reads.visit(lambda now: (now.height, now.log_size, now.count(*table_range("party"), 10)))
    reads.close()
    assert found == (3, 9, 5)


async def test_a_query_that_takes_too_long_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = ReadModel(database(tmp_path, 50_000))
    monkeypatch.setattr(readmodel, "QUERY_SECONDS", -1.0)
    with pytest.raises(QueryTooLongError):
        await reads.visit(lambda now: now.count(*table_range("party"), 50_000))
    monkeypatch.setattr(readmodel, "QUERY_SECONDS", 30.0)
    assert await reads.visit(lambda now: now.count(*table_range("party"), 50_000)) == 50_000
    reads.close()


async def test_the_read_model_cannot_write(tmp_path: Path) -> None:
    reads = ReadModel(database(tmp_path, 1))
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        await reads.visit(lambda now: now._db.execute("DELETE FROM state"))
    reads.close()
