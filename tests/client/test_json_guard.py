from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord_client.documents.jcs import canonicalize
from accord_client.documents.json_guard import load_json, load_object
from accord_ledger.errors import DecodeError

scalars = st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
safe_integers = st.integers(-(2**53) + 1, 2**53 - 1)
values = st.recursive(
    scalars | safe_integers,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def code_of(data: bytes, **bounds: int) -> str:
    with pytest.raises(DecodeError) as caught:
        load_json(data, **bounds)
    return caught.value.code


@given(values)
def test_canonical_bytes_load_to_a_value_with_the_same_canonical_bytes(value: Any) -> None:
    data = canonicalize(value)
    assert canonicalize(load_json(data)) == data


@given(values, st.integers(0, 4))
def test_indentation_and_escapes_do_not_matter(value: Any, indent: int) -> None:
    shown = json.dumps(value, indent=indent, ensure_ascii=True).encode()
    assert canonicalize(load_json(shown)) == canonicalize(value)


@given(st.binary(max_size=60))
def test_any_bytes_give_a_value_or_a_named_error(data: bytes) -> None:
    with contextlib.suppress(DecodeError):
        assert canonicalize(load_json(data))


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b'{"a":1,"a":1}', "JSON_DUPLICATE"),
        (b'[{"b":{"\\u0061":1,"a":2}}]', "JSON_DUPLICATE"),
        (b"\xff\xfe1\x00", "JSON_ENCODING"),
        (b'"\xed\xa0\x80"', "JSON_ENCODING"),
        (b'"\\ud800"', "JSON_ENCODING"),
        (b'{"\\udfff":1}', "JSON_ENCODING"),
        (b'["a",{"b":["\\ud83d x"]}]', "JSON_ENCODING"),
        (b"NaN", "JSON_NUMBER"),
        (b"[-Infinity]", "JSON_NUMBER"),
        (b"1e400", "JSON_NUMBER"),
        (b"9007199254740993", "JSON_NUMBER"),
        (b"1" * 5000, "JSON_NUMBER"),
        (b"0." + b"1" * 5000, "JSON_NUMBER"),
        (b"", "JSON_SYNTAX"),
        (b"\xef\xbb\xbf{}", "JSON_SYNTAX"),
        (b"{} {}", "JSON_SYNTAX"),
        (b"01", "JSON_SYNTAX"),
        (b'"\x01"', "JSON_SYNTAX"),
        (b"{'a':1}", "JSON_SYNTAX"),
    ],
)
def test_ambiguous_json_is_refused(data: bytes, code: str) -> None:
    assert code_of(data) == code


def test_size_is_bounded() -> None:
    assert load_json(b"[1]", limit=3) == [1]
    assert code_of(b"[1] ", limit=3) == "JSON_TOO_LARGE"


@pytest.mark.parametrize("opened", [b"[", b'{"a":'])
def test_depth_is_bounded(opened: bytes) -> None:
    closed = b"]" if opened == b"[" else b"}"
    assert load_json(opened * 5 + b"1" + closed * 5, depth=5) is not None
    assert code_of(opened * 6 + b"1" + closed * 6, depth=5) == "JSON_DEPTH"
    assert code_of(b"[" * 6 + b"]" * 6, depth=5) == "JSON_DEPTH"
    assert code_of(opened * 150_000 + b"1" + closed * 150_000, limit=10**7) == "JSON_DEPTH"


def test_large_integers_that_doubles_carry_stay_what_they_are() -> None:
    assert canonicalize(load_json(b"100000000000000000000")) == b"100000000000000000000"
    assert canonicalize(load_json(b"-9007199254740992")) == b"-9007199254740992"


def test_a_document_must_be_an_object() -> None:
    assert load_object(b'{"a":[]}') == {"a": []}
    with pytest.raises(DecodeError) as caught:
        load_object(b"[]")
    assert caught.value.code == "JSON_TYPE"
