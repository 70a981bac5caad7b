"""One encoding per value: two encoders agree on it, and both decoders refuse every other."""

from collections.abc import Callable
from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from accord_ledger.codec import MAX_DEPTH, MAX_ENTRY_BYTES, Wire, decode, decode_plain, encode, encode_plain
from accord_ledger.errors import DecodeError


class Part(Wire):
    name: Annotated[str, msgspec.Meta(max_length=20)]
    digest: Annotated[bytes, msgspec.Meta(max_length=40)] = b""


class Whole(Wire, tag_field="kind", tag="whole"):
    zulu: int
    alpha: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 0
    parts: tuple[Part, ...] = ()
    table: dict[str, int] = msgspec.field(default_factory=dict)
    flag: bool | None = None


INTEGERS = st.integers(-(2**63), 2**64 - 1)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=40)
PLAIN = st.recursive(
    st.none() | st.booleans() | INTEGERS | TEXTS | st.binary(max_size=300),
    lambda inner: st.lists(inner, max_size=20) | st.dictionaries(TEXTS, inner, max_size=20),
    max_leaves=12,
)
PARTS = st.builds(
    Part, name=st.text(st.characters(codec="utf-8"), max_size=20), digest=st.binary(max_size=40)
)
WHOLES = st.builds(
    Whole,
    zulu=st.integers(-(2**63), 2**63 - 1),
    alpha=st.integers(0, 1000),
    parts=st.lists(PARTS, max_size=4).map(tuple),
    table=st.dictionaries(TEXTS, st.integers(0, 9), max_size=4),
    flag=st.none() | st.booleans(),
)
FORMS = {
    int: [(0xCC, 1), (0xCD, 2), (0xCE, 4), (0xCF, 8)],
    str: [(0xD9, 1), (0xDA, 2), (0xDB, 4)],
    bytes: [(0xC4, 1), (0xC5, 2), (0xC6, 4)],
    list: [(0xDC, 2), (0xDD, 4)],
    dict: [(0xDE, 2), (0xDF, 4)],
}
"""Type bytes and widths of the longer forms of MessagePack; negative numbers start at 0xD0."""


def head(draw: st.DrawFn, kind: type, number: int, shortest: bytes) -> bytes:
    """The shortest head, or any longer one for the same number."""
    forms = [
        bytes([code]) + number.to_bytes(width, "big")
        for code, width in FORMS[kind]
        if number < 256**width and len(shortest) <= 1 + width
    ]
    return draw(st.sampled_from([shortest, shortest, *forms]))


def map_head(size: int) -> bytes:
    return encode_plain({f"{at:04}": None for at in range(size)})[: -6 * size or None]


@st.composite
def any_spelling(draw: st.DrawFn, value: Any) -> bytes:
    """Some valid MessagePack of ``value``: any width, any order of keys, keys repeated."""
    spell: Callable[[Any], bytes] = lambda item: draw(any_spelling(item))  # noqa: E731 - the recursion's name
    match value:
        case None | bool():
            return encode_plain(value)
        case int() if value < 0:
            wide = [bytes([0xD0 + at]) for at in range(4) if value >= -(2 ** (8 * 2**at - 1))]
            forms = [code + value.to_bytes(2 ** (code[0] - 0xD0), "big", signed=True) for code in wide]
            return draw(st.sampled_from([encode_plain(value), *forms]))
        case int():
            return head(draw, int, value, encode_plain(value))
        case str() | bytes():
            data = value.encode() if isinstance(value, str) else value
            shortest = encode_plain(value)[: len(encode_plain(value)) - len(data)]
            return head(draw, type(value), len(data), shortest) + data
        case list():
            shortest = encode_plain([None] * len(value))[: -len(value) or None]
            return head(draw, list, len(value), shortest) + b"".join([spell(item) for item in value])
        case dict():
            items = draw(st.permutations(sorted(value.items(), key=lambda item: item[0].encode())))
            items += draw(st.sampled_from([[], [], items[:1]]))
            shortest = map_head(len(items))
            body = b"".join([spell(key) + spell(item) for key, item in items])
            return head(draw, dict, len(items), shortest) + body
    raise AssertionError(value)


def depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return max((1 + depth(item) for item in inner), default=1 if isinstance(value, dict | list) else 0)


def code_of(data: bytes, kind: Any = None, **options: int) -> str:
    with pytest.raises(DecodeError) as caught:
        decode_plain(data, **options) if kind is None else decode(data, kind, **options)
    return caught.value.code


@given(PLAIN)
def test_both_encoders_give_the_same_bytes(value: Any) -> None:
    assert encode(value) == encode_plain(value)


@given(PLAIN)
def test_plain_values_come_back(value: Any) -> None:
    assume(depth(value) <= MAX_DEPTH)
    data = encode(value)
    again = decode_plain(data)
    assert again == value
    assert encode_plain(again) == data


@given(WHOLES)
def test_typed_values_come_back_and_both_decoders_agree(value: Whole) -> None:
    data = encode(value)
    assert decode(data, Whole) == value
    plain = decode_plain(data)
    assert encode_plain(plain) == data
    assert plain["kind"] == "whole"
    assert list(plain) == sorted(plain)


@given(st.data())
def test_any_other_spelling_of_a_plain_value_is_refused(data: st.DataObject) -> None:
    value = data.draw(PLAIN)
    assume(depth(value) <= MAX_DEPTH)
    spelt = data.draw(any_spelling(value))
    if spelt == encode_plain(value):
        assert decode_plain(spelt) == value
    else:
        assert code_of(spelt) == "CODEC_NOT_CANONICAL"


@given(st.data())
def test_any_other_spelling_of_a_typed_value_is_refused(data: st.DataObject) -> None:
    value = data.draw(WHOLES)
    spelt = data.draw(any_spelling(decode_plain(encode(value))))
    if spelt == encode(value):
        assert decode(spelt, Whole) == value
    else:
        assert code_of(spelt, Whole) == "CODEC_NOT_CANONICAL"


@given(PLAIN)
def test_every_truncation_is_refused(value: Any) -> None:
    assume(depth(value) <= MAX_DEPTH)
    data = encode(value)
    for size in {*range(min(len(data), 40)), len(data) // 2, len(data) - 1}:
        assert code_of(data[:size]) == "CODEC_SCHEMA"
    assert code_of(data + b"\xc0") == "CODEC_SCHEMA"


@given(WHOLES)
def test_every_typed_truncation_is_refused(value: Whole) -> None:
    data = encode(value)
    for size in {*range(min(len(data), 40)), len(data) // 2, len(data) - 1}:
        assert code_of(data[:size], Whole) == "CODEC_SCHEMA"
    assert code_of(data + b"\xc0", Whole) == "CODEC_SCHEMA"


@given(st.binary(max_size=60))
def test_bytes_from_anyone_are_a_value_or_a_named_error(data: bytes) -> None:
    named = None
    try:
        value = decode_plain(data)
    except DecodeError as error:
        named = error.code
    assert named.startswith("CODEC_") if named else encode(value) == data
    assert code_of(data, Whole).startswith("CODEC_")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "CODEC_SCHEMA"),
        (b"\xc1", "CODEC_SCHEMA"),
        (b"\xca" + bytes(4), "CODEC_SCHEMA"),
        (b"\xcb\x3f\xf8" + bytes(6), "CODEC_SCHEMA"),
        (b"\xcb\x7f\xf8" + bytes(6), "CODEC_SCHEMA"),
        (b"\xd4\x01\x00", "CODEC_SCHEMA"),
        (b"\xd6\xff" + bytes(4), "CODEC_SCHEMA"),
        (b"\xc7\x00\x05", "CODEC_SCHEMA"),
        (b"\x81\x01\x01", "CODEC_SCHEMA"),
        (b"\x81\xc4\x01a\x01", "CODEC_SCHEMA"),
        (b"\x81\xc0\x01", "CODEC_SCHEMA"),
        (b"\x81\x90\x01", "CODEC_SCHEMA"),
        (b"\xa1\xff", "CODEC_SCHEMA"),
        (b"\xa3\xed\xa0\x80", "CODEC_SCHEMA"),
        (b"\x81\xa1\xff\x01", "CODEC_SCHEMA"),
        (b"\xdd\xff\xff\xff\xff", "CODEC_SCHEMA"),
        (b"\xdf\xff\xff\xff\xff", "CODEC_SCHEMA"),
        (b"\xc6\xff\xff\xff\xff", "CODEC_SCHEMA"),
        (b"\x82\xa1a\x01\xa1a\x01", "CODEC_NOT_CANONICAL"),
        (b"\x82\xa1b\x01\xa1a\x01", "CODEC_NOT_CANONICAL"),
        (b"\x82\xa2ab\x01\xa1a\x01", "CODEC_NOT_CANONICAL"),
        (b"\xcc\x7f", "CODEC_NOT_CANONICAL"),
        (b"\xd0\x01", "CODEC_NOT_CANONICAL"),
        (b"\xd9\x01a", "CODEC_NOT_CANONICAL"),
        (b"\xdc\x00\x00", "CODEC_NOT_CANONICAL"),
        (b"\x91" * (MAX_DEPTH + 1) + b"\xc0", "CODEC_DEPTH"),
        (b"\x81\xa1a" * (MAX_DEPTH + 1) + b"\xc0", "CODEC_DEPTH"),
        (b"\x91" * 900 + b"\xc0", "CODEC_DEPTH"),
        (b"\x91" * (MAX_ENTRY_BYTES - 1) + b"\xc0", "CODEC_SCHEMA"),
        (bytes(MAX_ENTRY_BYTES + 1), "CODEC_TOO_LARGE"),
    ],
)
def test_refused_plain_bytes(data: bytes, code: str) -> None:
    assert code_of(data) == code


def test_the_deepest_and_the_largest_values_pass() -> None:
    deepest = b"\x91" * MAX_DEPTH + b"\xc0"
    assert encode_plain(decode_plain(deepest)) == deepest
    largest = encode(bytes(MAX_ENTRY_BYTES - 3))
    assert len(largest) == MAX_ENTRY_BYTES
    assert decode_plain(largest) == decode(largest, bytes) == bytes(MAX_ENTRY_BYTES - 3)
    assert code_of(encode(bytes(MAX_ENTRY_BYTES - 2))) == "CODEC_TOO_LARGE"
    assert code_of(encode(bytes(MAX_ENTRY_BYTES - 2)), bytes) == "CODEC_TOO_LARGE"
    assert code_of(largest, bytes, limit=100) == "CODEC_TOO_LARGE"
    assert code_of(largest, limit=100) == "CODEC_TOO_LARGE"


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"kind": "whole", "zulu": 1, "other": 1}, ""),
        ({"kind": "whole"}, ""),
        ({"kind": "part", "zulu": 1}, "kind"),
        ({"kind": "whole", "zulu": "1"}, "zulu"),
        ({"kind": "whole", "zulu": True}, "zulu"),
        ({"kind": "whole", "zulu": None}, "zulu"),
        ({"kind": "whole", "zulu": 1, "alpha": 1001}, "alpha"),
        ({"kind": "whole", "zulu": 1, "alpha": -1}, "alpha"),
        ({"kind": "whole", "zulu": 1, "parts": [{"name": "a"}, {"name": "b" * 21}]}, "parts[1].name"),
        ({"kind": "whole", "zulu": 1, "parts": [{"name": b"a"}]}, "parts[0].name"),
        ({"kind": "whole", "zulu": 1, "parts": [{"name": "a", "digest": "text"}]}, "parts[0].digest"),
        ([1], ""),
    ],
)
def test_the_schema_is_closed_and_errors_say_where(value: Any, path: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decode(encode(value), Whole)
    assert (caught.value.code, caught.value.path) == ("CODEC_SCHEMA", path)


@pytest.mark.parametrize("default", [{"alpha": 0}, {"parts": []}, {"table": {}}, {"flag": None}])
def test_a_default_is_never_written(default: dict[str, Any]) -> None:
    assert code_of(encode({"kind": "whole", "zulu": 1, **default}), Whole) == "CODEC_NOT_CANONICAL"
    assert encode(Whole(zulu=1)) == encode({"kind": "whole", "zulu": 1})


class Defaults(Wire):
    text: str = "a word"
    large: int = 100_000
    negative: int = -7
    octets: bytes = b"some"
    numbers: tuple[int, ...] = (1, 2)
    part: Part = Part(name="part")


def fresh(value: Any) -> Any:
    """An equal value that is another object, as one that was read or computed would be."""
    match value:
        case int():
            return int(str(value))
        case str():
            return "".join(list(value))
        case bytes():
            return bytes(bytearray(value))
        case tuple():
            return tuple(iter(value))
        case _:
            return Part(name=fresh(value.name))


@pytest.mark.parametrize("name", Defaults.__struct_fields__)
def test_a_value_that_only_equals_its_default_is_left_out(name: str) -> None:
    value = fresh(getattr(Defaults(), name))
    assert encode(Defaults(**{name: value})) == encode(Defaults()) == b"\x80"
    spelt = encode({name: value if isinstance(value, int | str | bytes) else msgspec.to_builtins(value)})
    assert code_of(spelt, Defaults) == "CODEC_NOT_CANONICAL"


class MoreDefaults(Defaults):
    other: str = "another word"


def test_inherited_defaults_are_left_out_too() -> None:
    value = MoreDefaults(text=fresh("a word"), other=fresh("another word"))
    assert encode(value) == encode(MoreDefaults()) == b"\x80"


def test_a_tag_is_always_written() -> None:
    assert code_of(encode({"zulu": 1}), Whole) == "CODEC_NOT_CANONICAL"


@pytest.mark.parametrize("data", [b"\xcb\x3f\xf8" + bytes(6), b"\xd6\xff" + bytes(4), b"\xd4\x01\x00"])
def test_no_floats_and_no_extensions_in_place_of_numbers(data: bytes) -> None:
    assert code_of(b"\x82\xa4kind\xa5whole\xa4zulu" + data, Whole) == "CODEC_SCHEMA"


@pytest.mark.parametrize("value", [2**64, -(2**63) - 1, "\ud800", {1: 2}, object()])
def test_what_has_no_canonical_form(value: object) -> None:
    with pytest.raises(ValueError, match="no canonical form"):
        encode(value)


def test_the_bytes_of_a_known_value() -> None:
    value = Whole(
        zulu=-1, alpha=300, parts=(Part(name="é", digest=b"\x00"),), table={"b": 1, "a": 128}, flag=False
    )
    assert encode(value).hex(" ") == (
        "86 a5 61 6c 70 68 61 cd 01 2c a4 66 6c 61 67 c2 a4 6b 69 6e 64 a5 77 68 6f 6c 65 "
        "a5 70 61 72 74 73 91 82 a6 64 69 67 65 73 74 c4 01 00 a4 6e 61 6d 65 a2 c3 a9 "
        "a5 74 61 62 6c 65 82 a1 61 cc 80 a1 62 01 a4 7a 75 6c 75 ff"
    )
