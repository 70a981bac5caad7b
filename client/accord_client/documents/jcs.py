"""RFC 8785: the one serialization of a JSON value, by the ``rfc8785`` library, and what it cannot carry.

Two parties that agree on the value agree on the bytes, so hashes and signatures survive re-indenting,
reordering and other escapes. Values that JSON readers would understand differently are refused.
"""

from __future__ import annotations

import json
from json.encoder import encode_basestring
from typing import Final

import rfc8785

from accord_client.documents.json_guard import MAX_BYTES, MAX_SAFE_INTEGER, load_json
from accord_ledger.errors import DecodeError

_PLAIN_DEPTH: Final = 32
_encoder: Final = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, allow_nan=False, sort_keys=True, separators=(",", ":")
)
_SD_JWT_TYPES: Final = frozenset({"application/dc+sd-jwt", "application/vc+sd-jwt", "application/sd-jwt"})
_JSON_TYPES: Final = frozenset({"application/json", "application/vc", "application/vp"})


def canonicalize(value: object) -> bytes:
    """Canonical UTF-8 bytes of a JSON value.

    Raises:
        DecodeError: ``JCS_NUMBER`` (NaN, infinity, an int beyond 2**53 - 1), ``JCS_TEXT`` (a lone
            surrogate), ``JCS_DEPTH`` (too deep, or a value that contains itself) or ``JCS_TYPE``
            (not a JSON value, or a member name that is no text).
    """
    if _is_plain(value):
        try:
            return _encoder.encode(value).encode()
        except UnicodeEncodeError:
            pass  # a lone surrogate; the library says where
    try:
        return rfc8785.dumps(value)  # type: ignore[arg-type]  # the library refuses what is no JSON value
    except (rfc8785.IntegerDomainError, rfc8785.FloatDomainError) as error:
        raise DecodeError("JCS_NUMBER", f"expected a number that a double carries: {error}") from error
    except UnicodeEncodeError as error:
        raise DecodeError("JCS_TEXT", "expected member names without lone surrogates") from error
    except rfc8785.CanonicalizationError as error:
        code = "JCS_TEXT" if isinstance(error.__cause__, UnicodeEncodeError) else "JCS_TYPE"
        raise DecodeError(code, str(error)) from error
    except RecursionError as error:
        raise DecodeError("JCS_DEPTH", "expected a value of bounded depth") from error


def escaped(text: str) -> str:
    """A text as it stands between its quotation marks in canonical JSON."""
    return encode_basestring(text)[1:-1]


def _is_plain(value: object) -> bool:
    """Whether the standard encoder writes the canonical form: ASCII names, and no number near an edge.

    It is some ten times as fast, and most documents are of this kind; the tests compare the two.
    """
    row: list[object] = [value]
    for _ in range(_PLAIN_DEPTH):
        below: list[object] = []
        for item in row:
            if isinstance(item, str):
                continue
            if isinstance(item, dict):
                if not all(isinstance(name, str) and name.isascii() for name in item):
                    return False
                below += item.values()
            elif isinstance(item, list):
                below += item
            elif not _is_plain_scalar(item):
                return False
        if not below:
            return True
        row = below
    return False


def _is_plain_scalar(value: object) -> bool:
    if value is None or isinstance(value, bool):
        return True
    if isinstance(value, int):
        return -MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER
    return isinstance(value, float) and 1e-4 <= abs(value) < 1e15 and not value.is_integer()


def is_json(media_type: str) -> bool:
    """Whether documents of this type are committed to in their canonical form."""
    return media_type in _JSON_TYPES or media_type.endswith("+json")


def committed_content(media_type: str, data: bytes, *, limit: int = MAX_BYTES) -> bytes:
    """The bytes of a document that its commitment covers (FORMATS.md section 2).

    JSON is brought to its canonical form, so that any indentation of it verifies; of an SD-JWT only the
    issuer-signed part counts, so that disclosures may be left out; everything else stands for itself.

    Raises:
        DecodeError: as :func:`accord_client.documents.json_guard.load_json`.
    """
    if is_json(media_type):
        return canonicalize(load_json(data, limit=limit))
    if len(data) > limit:
        raise DecodeError("JSON_TOO_LARGE", f"expected at most {limit} bytes, got {len(data)}")
    return covered_part(media_type, data)


def is_sd_jwt(media_type: str) -> bool:
    """Whether documents of this type are SD-JWTs, of which only the issuer-signed part is committed to."""
    return media_type in _SD_JWT_TYPES


def covered_part(media_type: str, content: bytes) -> bytes:
    """What the commitment covers of a document that is in its canonical form already."""
    return content.partition(b"~")[0] if is_sd_jwt(media_type) else content
