"""RFC 8785: the one serialization of a JSON value, by the ``rfc8785`` library, and what it cannot carry.

Two parties that agree on the value agree on the bytes, so hashes and signatures survive re-indenting,
reordering and other escapes. Values that JSON readers would understand differently are refused.
"""

from __future__ import annotations

from typing import Final

import rfc8785

from accord_client.documents.json_guard import MAX_BYTES, load_json
from accord_ledger.errors import DecodeError

_JSON_TYPES: Final = frozenset({"application/json", "application/vc", "application/vp"})


def canonicalize(value: object) -> bytes:
    """Canonical UTF-8 bytes of a JSON value.

    Raises:
        DecodeError: ``JCS_NUMBER`` (NaN, infinity, an int beyond 2**53 - 1), ``JCS_TEXT`` (a lone
            surrogate), ``JCS_DEPTH`` (too deep, or a value that contains itself) or ``JCS_TYPE``
            (not a JSON value, or a member name that is no text).
    """
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


def is_json(media_type: str) -> bool:
    """Whether documents of this type are committed to in their canonical form."""
    return media_type in _JSON_TYPES or media_type.endswith("+json")


def committed_content(media_type: str, data: bytes, *, limit: int = MAX_BYTES) -> bytes:
    """The bytes of a document that its commitment covers (FORMATS.md section 2).

    JSON is brought to its canonical form, so that any indentation of it verifies; everything else stands
    for itself. Of an SD-JWT the caller passes the issuer-signed part.

    Raises:
        DecodeError: as :func:`accord_client.documents.json_guard.load_json`.
    """
    if is_json(media_type):
        return canonicalize(load_json(data, limit=limit))
    if len(data) > limit:
        raise DecodeError("JSON_TOO_LARGE", f"expected at most {limit} bytes, got {len(data)}")
    return data
