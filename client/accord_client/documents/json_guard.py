"""Strict JSON from untrusted bytes: one meaning per input, or a named error.

What comes out is I-JSON (RFC 7493): valid UTF-8 without lone surrogates, no duplicate member, only numbers
that a double carries, bounded size and depth. Its canonical form (RFC 8785) loads again to the same value,
so re-indenting by a wallet changes nothing.
"""

from __future__ import annotations

import json
import math
from itertools import chain
from typing import Any, Final, NoReturn

import rfc8785

from accord_ledger.errors import DecodeError

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
"""A JSON value."""

JsonObject = dict[str, Any]
"""A JSON object; members are checked where they are read."""

MAX_BYTES: Final = 1024 * 1024
"""Largest document unless the caller says otherwise."""

MAX_DEPTH: Final = 32
"""Deepest nesting of arrays and objects; credentials need about eight."""

MAX_NUMBER: Final = 128
"""Longest number literal, in characters."""

MAX_SAFE_INTEGER: Final = 2**53 - 1
"""Largest integer that every JSON reader carries exactly (RFC 7493 section 2.2)."""


def load_json(data: bytes, *, limit: int = MAX_BYTES, depth: int = MAX_DEPTH) -> Json:
    """The value of a JSON text.

    Args:
        data: UTF-8 without a byte order mark.
        limit: largest accepted length in bytes.
        depth: deepest accepted nesting.

    Raises:
        DecodeError: ``JSON_TOO_LARGE``, ``JSON_ENCODING`` (not UTF-8, or a lone surrogate by escape),
            ``JSON_SYNTAX``, ``JSON_DUPLICATE`` (a member twice), ``JSON_NUMBER`` (not carried by a
            double) or ``JSON_DEPTH``.
    """
    if len(data) > limit:
        raise DecodeError("JSON_TOO_LARGE", f"expected at most {limit} bytes, got {len(data)}")
    try:
        text = data.decode("utf-8")
        value: Json = _decoder.decode(text)
    except UnicodeDecodeError as error:
        raise DecodeError("JSON_ENCODING", f"expected UTF-8: {error.reason} at byte {error.start}") from error
    except json.JSONDecodeError as error:
        raise DecodeError("JSON_SYNTAX", f"{error.msg} at character {error.pos}") from error
    except RecursionError as error:
        raise DecodeError("JSON_DEPTH", f"expected at most {depth} levels") from error
    _check_depth(value, depth)
    if "\\u" in text:  # UTF-8 has no surrogates: a lone one comes by an escape
        _check_texts(value)
    return value


def load_object(data: bytes, *, limit: int = MAX_BYTES, depth: int = MAX_DEPTH) -> JsonObject:
    """The object of a JSON text; raises as :func:`load_json`, and ``JSON_TYPE`` for anything else."""
    value = load_json(data, limit=limit, depth=depth)
    if not isinstance(value, dict):
        raise DecodeError("JSON_TYPE", f"expected an object, got {type(value).__name__}")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise DecodeError("JSON_DUPLICATE", f"expected each member once, got {name[:60]!r} again")
            seen.add(name)
    return members


def _integer(text: str) -> int | float:
    """An int where doubles are exact; beyond, only literals that are their own canonical form."""
    _check_literal(text)
    value = int(text)
    if -MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER:
        return value
    double = _finite(text)
    if rfc8785.dumps(double) != text.encode():
        raise DecodeError("JSON_NUMBER", f"expected a number that a double carries, got {text[:40]}")
    return double


def _finite(text: str) -> float:
    _check_literal(text)
    value = float(text)
    if not math.isfinite(value):
        raise DecodeError("JSON_NUMBER", f"expected a number that a double carries, got {text[:40]}")
    return value


def _check_literal(text: str) -> None:
    if len(text) > MAX_NUMBER:
        raise DecodeError("JSON_NUMBER", f"expected at most {MAX_NUMBER} characters, got {len(text)}")


def _no_constant(name: str) -> NoReturn:
    raise DecodeError("JSON_NUMBER", f"expected a number, got {name}")


def _check_depth(value: Json, depth: int) -> None:
    level, row = 0, [value] if isinstance(value, list | dict) else []
    while row:
        if level == depth:
            raise DecodeError("JSON_DEPTH", f"expected at most {depth} levels")
        items = chain.from_iterable(item.values() if isinstance(item, dict) else item for item in row)
        level, row = level + 1, [item for item in items if isinstance(item, list | dict)]


def _check_texts(value: Json) -> None:
    row = [value]
    while row:
        below: list[Json] = []
        for item in row:
            if isinstance(item, str):
                _check_text(item)
            elif isinstance(item, dict):
                below.extend(item.keys())
                below.extend(item.values())
            elif isinstance(item, list):
                below.extend(item)
        row = below


def _check_text(text: str) -> None:
    if text.isascii():
        return
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise DecodeError("JSON_ENCODING", "expected text without lone surrogates") from error


_decoder: Final = json.JSONDecoder(
    object_pairs_hook=_unique, parse_int=_integer, parse_float=_finite, parse_constant=_no_constant
)
