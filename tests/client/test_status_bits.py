"""Bits of status lists: places, both compressed forms, and bounded inflation."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord_client.documents.status_bits import (
    MAX_LIST_BYTES,
    MIN_BITS,
    StatusBits,
    base64url_text,
    decode_bitstring,
    encode_bitstring,
    inflate,
    list_length,
)
from accord_ledger.errors import DecodeError

PLACES = st.sets(st.integers(0, MIN_BITS - 1), max_size=30)


def bits_of(places: set[int]) -> StatusBits:
    bits = StatusBits(MIN_BITS)
    for place in places:
        bits.merge(place, 1)
    return bits


@given(PLACES)
def test_a_list_is_read_as_it_was_written(places: set[int]) -> None:
    found = decode_bitstring(encode_bitstring(bits_of(places)))
    assert list(found.positions()) == sorted(places)
    assert len(found) == MIN_BITS


def test_index_zero_is_leftmost() -> None:
    assert bits_of({0, 15}).leftmost_first()[:2] == b"\x80\x01"
    assert bits_of({0, 15}).to_bytes()[:2] == b"\x01\x80"


@given(PLACES, st.integers(0, MIN_BITS - 1100), st.integers(0, 2**1024 - 1))
def test_merging_adds_and_never_clears(places: set[int], start: int, more: int) -> None:
    bits = bits_of(places)
    bits.merge(start, more)
    assert set(bits.positions()) == places | {start + bit for bit in range(1024) if more >> bit & 1}


def test_merging_beyond_the_end_is_refused() -> None:
    with pytest.raises(ValueError, match="below"):
        StatusBits(MIN_BITS).merge(MIN_BITS - 1, 0b10)


def test_a_list_only_grows_by_doubling() -> None:
    assert [list_length(taken) for taken in (0, MIN_BITS, MIN_BITS + 1)] == [MIN_BITS, MIN_BITS, 2 * MIN_BITS]


def packed(data: bytes) -> str:
    return "u" + base64url_text(data)


WHOLE = gzip.compress(bytes(MIN_BITS // 8), mtime=0)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (packed(gzip.compress(bytes(100), mtime=0)), "STATUS_LIST_LENGTH_ERROR"),
        ("z" + base64url_text(WHOLE), "MALFORMED_VALUE_ERROR"),
        (packed(WHOLE) + "=", "MALFORMED_VALUE_ERROR"),
        (packed(WHOLE)[:-3] + "+/A", "MALFORMED_VALUE_ERROR"),
        (packed(WHOLE[:-1]), "MALFORMED_VALUE_ERROR"),
        (packed(WHOLE + b"x"), "MALFORMED_VALUE_ERROR"),
        (packed(WHOLE + WHOLE), "MALFORMED_VALUE_ERROR"),
        (packed(zlib.compress(bytes(MIN_BITS // 8))), "MALFORMED_VALUE_ERROR"),
        (packed(b"no compressed bits"), "MALFORMED_VALUE_ERROR"),
        ("u" + "A" * 4_000_000, "STATUS_LIST_LENGTH_ERROR"),
        (None, "MALFORMED_VALUE_ERROR"),
    ],
)
def test_what_is_no_list_is_refused(text: object, code: str) -> None:
    with pytest.raises(DecodeError) as failure:
        decode_bitstring(text)
    assert failure.value.code == code


@pytest.mark.parametrize("gzip_form", [True, False])
def test_a_bomb_is_refused_before_it_takes_memory(*, gzip_form: bool) -> None:
    bomb = zlib.compressobj(9, wbits=31 if gzip_form else 15)
    data = b"".join(bomb.compress(bytes(1 << 20)) for _ in range(200)) + bomb.flush()
    assert len(data) < 400_000
    tracemalloc.start()
    with pytest.raises(DecodeError, match="STATUS_LIST_LENGTH_ERROR"):
        inflate(data, gzip_form=gzip_form, path="encodedList")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * MAX_LIST_BYTES


@given(st.binary(max_size=200))
def test_any_bytes_give_bits_or_a_named_error(data: bytes) -> None:
    codes = set()
    for form in (True, False):
        try:
            inflate(data, gzip_form=form, path="x")
        except DecodeError as error:
            codes.add(error.code)
    assert codes <= {"MALFORMED_VALUE_ERROR"}
