"""Many values decoded together: what comes out, and what is refused, is as if each had been decoded alone."""

from __future__ import annotations

from hashlib import sha256
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta

from accord_ledger import codec
from accord_ledger.bulk import Bulk
from accord_ledger.domain.kind import kinds
from accord_ledger.domain.pipeline import Prepared, prepare, prepare_again, prepare_all
from accord_ledger.errors import DecodeError, Rejection
from accord_ledger.fields import DateText, Slug
from domain_world import World
from good_bodies import SAMPLES, spoilt

WORLD = World()
GOOD = [WORLD.entry(kind, body, "uu") for kind, body in SAMPLES.items()]


class Row(codec.Wire):
    """Texts with patterns, alone, in rows and where there may be none."""

    name: Slug
    pair: tuple[Slug, int]
    many: tuple[Slug, ...] = ()
    day: DateText | None = None
    nick: Slug = "nobody"
    size: Annotated[int, Meta(ge=0, le=9)] = 0
    table: dict[Slug, int] = {}  # noqa: RUF012 - msgspec copies it


BULK = Bulk(Row)
SLUGS = st.sampled_from(["a", "b-c", "uu", "nobody", "x" * 64])
ROWS = st.builds(
    Row,
    name=SLUGS,
    pair=st.tuples(SLUGS, st.integers(0, 9)),
    many=st.lists(SLUGS, max_size=3).map(tuple),
    day=st.none() | st.just("2026-03-02"),
    nick=SLUGS,
    size=st.integers(0, 9),
    table=st.dictionaries(SLUGS, st.integers(0, 9), max_size=2),
)


def names_of(entries: list[bytes]) -> list[bytes]:
    return [sha256(entry).digest() for entry in entries]


def together(entries: list[bytes]) -> list[Prepared]:
    return prepare_all(entries, names_of(entries))


def same(found: list[Prepared], entries: list[bytes]) -> None:
    """What was prepared together holds what each entry gives alone."""
    for one, alone in zip(found, map(prepare, entries), strict=True):
        assert one.record.signatures == alone.record.signatures
        for name in ("entry", "entry_hash", "leaf_hash", "tx_id", "body_hash"):
            assert getattr(one.record, name) == getattr(alone.record, name)
        assert codec.encode(one.record.tx) == codec.encode(alone.record.tx)
        assert codec.encode(one.body) == codec.encode(alone.body)
        assert isinstance(one.body, type(alone.body))
        assert (one.kind, one.holders) == (alone.kind, alone.holders)


@given(rows=st.lists(ROWS, max_size=5))
def test_values_come_out_as_they_went_in(rows: list[Row]) -> None:
    parts = list(map(codec.encode, rows))
    for found in (BULK.decode(parts), BULK.decode_known(parts)):
        assert list(map(codec.encode, found)) == parts
        assert [one.name for one in found] == [row.name for row in rows]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "A"), ("name", ""), ("name", 1), ("pair", ("A", 1)), ("pair", ("a", True)), ("many", ("a", "-")),
        ("day", "2026-3-02"), ("day", "2026-03-02\n"), ("nick", "-"), ("nick", None), ("size", 10),
        ("table", {"A": 1}), ("other", 1),
    ],
)  # fmt: skip
def test_one_bad_value_among_good_ones_is_refused(field: str, value: object) -> None:
    good = {"name": "a", "pair": ("a", 1)}
    bad = codec.encode_plain({**good, field: list(value) if isinstance(value, tuple) else value})
    with pytest.raises(DecodeError):
        codec.decode(bad, Row)
    with pytest.raises(DecodeError):
        BULK.decode([codec.encode_plain(good), bad])


def test_the_same_bytes_with_other_borders_are_refused() -> None:
    parts = [codec.encode(Row(name=name, pair=("a", 1))) for name in ("a", "b")]
    moved = [parts[0] + parts[1][:3], parts[1][3:]]
    assert BULK.decode_known(moved)  # together they are the two rows
    with pytest.raises(DecodeError, match="canonical"):
        BULK.decode(moved)


def test_other_encodings_and_defaults_written_out_are_refused() -> None:
    row = codec.encode(Row(name="a", pair=("a", 1)))
    for part in (b"\xde\x00" + row[:1].replace(b"\x82", b"\x02") + row[1:], row + b"\x00", row[:-1]):
        with pytest.raises(DecodeError):
            BULK.decode([row, part])
    with pytest.raises(DecodeError, match="CODEC_NOT_CANONICAL"):
        BULK.decode([codec.encode_plain({"name": "a", "nick": "nobody", "pair": ["a", 1]})])


def test_a_value_larger_than_an_entry_is_refused() -> None:
    table = {f"a{number}": number for number in range(9_000)}
    with pytest.raises(DecodeError, match="CODEC_TOO_LARGE"):
        BULK.decode([codec.encode(Row(name="a", pair=("a", 1), table=table))])


def test_records_of_all_kinds_prepared_together_are_those_prepared_alone() -> None:
    entries = [*GOOD, *GOOD[::-1]]
    found = together(entries)
    same(found, entries)
    columns = ([getattr(one.record, name) for one in found] for name in ("entry_hash", "leaf_hash", "tx_id"))
    same(prepare_again(entries, *columns), entries)
    assert together([]) == []


@pytest.mark.parametrize("kind", sorted(SAMPLES))
def test_a_body_with_a_bad_text_is_refused_whatever_its_kind(kind: str) -> None:
    bulk = Bulk(kinds()[kind].body)
    for name in bulk._texts:
        for value in ("BAD TEXT", ["BAD TEXT", 1]):
            entry = WORLD.entry(kind, spoilt(kind, name, value), "uu")
            with pytest.raises(Rejection, match="E_SCHEMA"):
                together([*GOOD, entry])


@given(data=st.data())
def test_any_damage_is_refused_together_where_it_is_alone(data: st.DataObject) -> None:
    entry = data.draw(st.sampled_from(GOOD))
    at = data.draw(st.integers(0, len(entry) - 1))
    damaged = entry[:at] + bytes([data.draw(st.integers(0, 255))]) + entry[at + 1 :]
    try:
        prepare(damaged)
    except Rejection:
        with pytest.raises(Rejection):
            together([GOOD[0], damaged])
    else:
        same(together([GOOD[0], damaged]), [GOOD[0], damaged])
