from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from accord_client.documents.jcs import canonicalize, committed_content, is_json
from accord_client.documents.json_guard import load_json
from accord_ledger.errors import DecodeError

VECTORS = Path(__file__).resolve().parents[2].parent / "shared" / "vectors" / "rfc8785-jcs"
NAMES = ["arrays", "french", "structures", "unicode", "values", "weird"]


@pytest.mark.parametrize("name", NAMES)
def test_published_vectors(name: str) -> None:
    if not VECTORS.is_dir():
        pytest.skip("the RFC 8785 vectors are not here")
    canonical = canonicalize(load_json((VECTORS / "input" / f"{name}.json").read_bytes()))
    assert canonical == (VECTORS / "output" / f"{name}.json").read_bytes()
    assert canonical == bytes.fromhex((VECTORS / "outhex" / f"{name}.txt").read_text())


@pytest.mark.parametrize(
    ("number", "text"),
    [  # RFC 8785 appendix B
        (5e-324, "5e-324"),
        (-1.7976931348623157e308, "-1.7976931348623157e+308"),
        (9007199254740992.0, "9007199254740992"),
        (295147905179352830000.0, "295147905179352830000"),
        (9.999999999999997e22, "9.999999999999997e+22"),
        (1e21, "1e+21"),
        (999999999999999900000.0, "999999999999999900000"),
        (0.000001, "0.000001"),
        (1e-7, "1e-7"),
        (333333333.33333325, "333333333.33333325"),
        (-0.0, "0"),
    ],
)
def test_numbers_of_the_appendix(number: float, text: str) -> None:
    assert canonicalize(number) == text.encode()


def circle() -> list[Any]:
    value: list[Any] = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (math.nan, "JCS_NUMBER"),
        ([math.inf], "JCS_NUMBER"),
        ({"a": 2**53}, "JCS_NUMBER"),
        (-(2**53), "JCS_NUMBER"),
        ("\ud800", "JCS_TEXT"),
        ({"\udfff": 1}, "JCS_TEXT"),
        (b"bytes", "JCS_TYPE"),
        ({1: 2}, "JCS_TYPE"),
        ({"a": {1, 2}}, "JCS_TYPE"),
        (circle(), "JCS_DEPTH"),
    ],
)
def test_what_json_cannot_carry_is_refused(value: object, code: str) -> None:
    with pytest.raises(DecodeError) as caught:
        canonicalize(value)
    assert caught.value.code == code


def test_json_documents_are_committed_to_in_canonical_form_and_others_as_they_are() -> None:
    shown = b'{ "b": 1.0,\n  "a": "\\u00e9" }'
    assert committed_content("application/vc", shown) == '{"a":"é","b":1}'.encode()
    assert committed_content("application/ld+json", shown) == '{"a":"é","b":1}'.encode()
    assert committed_content("application/pdf", shown) == shown
    assert not is_json("application/dc+sd-jwt")


@pytest.mark.parametrize("media_type", ["application/pdf", "application/json"])
def test_documents_are_bounded(media_type: str) -> None:
    with pytest.raises(DecodeError) as caught:
        committed_content(media_type, b"[" + b" " * 9 + b"]", limit=10)
    assert caught.value.code == "JSON_TOO_LARGE"


_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from([1e-4, 99999e-9, 1e15, 999999999999999.9, 0.1]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(_json)
def test_the_fast_way_and_the_library_agree(value: Any) -> None:
    assert canonicalize(value) == rfc8785.dumps(value)


def test_of_an_sd_jwt_the_signed_part_counts() -> None:
    assert committed_content("application/dc+sd-jwt", b"a.b.c~d~e~") == b"a.b.c"
    assert committed_content("application/octet-stream", b"a~b") == b"a~b"
