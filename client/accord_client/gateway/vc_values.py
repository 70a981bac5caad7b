"""What the values of a credential may be, as predicates that the rules of :mod:`vc_rules` name.

Each takes any JSON value, or :data:`ABSENT`, and says whether it is good. None raises.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from hashlib import sha256, sha384, sha512
from typing import Any, Final

from accord_client.documents.open_badge_check import is_uri
from accord_client.documents.timestamps import stamp_seconds
from accord_ledger.errors import DecodeError

ABSENT: Final = object()
"""Stands for a member that is not there."""

Check = Callable[[Any], bool]

MAX_LISTED: Final = 64
"""Most items of any member that may be one object or several."""

_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*", re.ASCII)
_INDEX = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_MEDIA_TYPE = re.compile(
    r"[a-z0-9!#$&^_.+-]{1,127}/[a-z0-9!#$&^_.+-]{1,127}(;.{1,200})?", re.ASCII | re.IGNORECASE
)
_DATA_URL = re.compile(r"data:[a-z0-9.+-]+/[a-z0-9.+-]+(;[a-z0-9=-]+)*,.+", re.ASCII | re.DOTALL)
_ZONE = re.compile(r".*(Z|[+-]\d\d:\d\d)", re.ASCII)
_HASHES: Final = {"sha256": sha256, "sha384": sha384, "sha512": sha512}


def items(value: Any) -> list[Any]:
    """A member that is one value or an array of them; absent is none."""
    if value is ABSENT:
        return []
    return value if isinstance(value, list) else [value]


def optional(check: Check) -> Check:
    """Absent, or good."""
    return lambda value: value is ABSENT or check(value)


def present(value: Any) -> bool:
    """There at all."""
    return value is not ABSENT


def is_text(value: Any) -> bool:
    """Text with something in it."""
    return isinstance(value, str) and bool(value.strip())


def is_url(value: Any) -> bool:
    """One absolute URL."""
    return is_uri(value)


def is_object(value: Any) -> bool:
    """An object."""
    return isinstance(value, dict)


def is_array(value: Any) -> bool:
    """An array with something in it, of bounded length."""
    return isinstance(value, list) and 1 <= len(value) <= MAX_LISTED


def is_url_or_object(value: Any) -> bool:
    """What an item of ``@context`` may be."""
    return is_url(value) or isinstance(value, dict)


def is_term(value: Any) -> bool:
    """A term or a URL: whether a context defines it is found out when it is read as JSON-LD."""
    return is_text(value) and len(value) <= 2048 and not value.startswith("@")


def has_terms(value: Any) -> bool:
    """One term, or an array of one or more."""
    return value is not ABSENT and 1 <= len(items(value)) <= MAX_LISTED and all(map(is_term, items(value)))


def includes(name: str) -> Check:
    """One of the types is this."""
    return lambda value: name in items(value)


def is_one_of(*names: str) -> Check:
    """One of these texts."""
    return lambda value: isinstance(value, str) and value in names


def is_objects(value: Any) -> bool:
    """One object, or an array of one or more."""
    return 1 <= len(items(value)) <= MAX_LISTED and all(map(is_object, items(value)))


def has_claims(value: Any) -> bool:
    """An object with something in it."""
    return not isinstance(value, dict) or bool(value)


def is_identified(value: Any) -> bool:
    """A URL, or an object whose ``id`` is one."""
    return is_url(value.get("id") if isinstance(value, dict) else value)


def is_language_text(value: Any) -> bool:
    """Text, a language value object, or an array of these (VC Data Model 2.0, section 11.1)."""
    listed = items(value)
    return 1 <= len(listed) <= MAX_LISTED and all(isinstance(item, str) or _tagged(item) for item in listed)


def _tagged(value: Any) -> bool:
    if not isinstance(value, dict) or not set(value) <= {"@value", "@language", "@direction"}:
        return False
    language = value.get("@language", "en")
    return (
        isinstance(value.get("@value"), str)
        and isinstance(language, str)
        and _LANGUAGE.fullmatch(language) is not None
        and value.get("@direction", "ltr") in ("ltr", "rtl")
    )


def moment(value: Any) -> int | None:
    """POSIX seconds of an XML Schema ``dateTimeStamp``; None for anything else."""
    try:
        return stamp_seconds(value, code="VC_DATE", path="")
    except DecodeError:
        return None


def is_moment(value: Any) -> bool:
    """A date and time with a zone."""
    return moment(value) is not None


def old_moment(value: Any) -> int | None:
    """The same for VC Data Model 1.1, where the zone may be left out and is UTC."""
    zoned = isinstance(value, str) and len(value) <= 64 and _ZONE.fullmatch(value) is not None
    return moment(value if zoned or not isinstance(value, str) else f"{value}Z")


def is_old_moment(value: Any) -> bool:
    """A date and time (VC Data Model 1.1)."""
    return old_moment(value) is not None


def in_order(first: str, last: str, read: Callable[[Any], int | None]) -> Check:
    """The one date is not after the other, where both are there and can be read."""

    def check(document: Any) -> bool:
        begin, end = read(document.get(first)), read(document.get(last))
        return begin is None or end is None or begin <= end

    return check


def is_list_index(value: Any) -> bool:
    """A position in decimals, as text (Bitstring Status List 1.0, section 2.1)."""
    return isinstance(value, str) and _INDEX.fullmatch(value) is not None


def is_media_type(value: Any) -> bool:
    """A media type."""
    return isinstance(value, str) and _MEDIA_TYPE.fullmatch(value) is not None


def is_data_url(value: Any) -> bool:
    """A ``data:`` URL (RFC 2397)."""
    return isinstance(value, str) and _DATA_URL.fullmatch(value) is not None


def unique_ids(value: Any) -> bool:
    """No two objects with one ``id``."""
    ids = [item.get("id") for item in items(value) if isinstance(item, dict) and "id" in item]
    return len({str(item) for item in ids}) == len(ids)


def has_digest(value: Any) -> bool:
    """An object with ``digestSRI`` or ``digestMultibase``."""
    return isinstance(value, dict) and bool({"digestSRI", "digestMultibase"} & set(value))


# ---- digests of related resources --------------------------------------------------------------------


def sri_digest(value: Any) -> tuple[str, bytes] | None:
    """Name and value of a ``digestSRI`` (W3C Subresource Integrity); None if it is none."""
    name, _, text = value.partition("-") if isinstance(value, str) else ("", "", "")
    if name not in _HASHES:
        return None
    data = _base64(text.replace("-", "+").replace("_", "/"))
    return (name, data) if data is not None and len(data) == _HASHES[name]().digest_size else None


def multibase_digest(value: Any) -> tuple[str, bytes] | None:
    """Name and value of a ``digestMultibase``: base64url of a multihash, or of a bare SHA-256 or SHA-384."""
    if not isinstance(value, str) or not value.startswith("u"):
        return None
    data = _base64(value[1:].replace("-", "+").replace("_", "/"))
    if data is None:
        return None
    for header, name in ((b"\x12\x20", "sha256"), (b"\x20\x30", "sha384"), (b"\x13\x40", "sha512")):
        if data.startswith(header) and len(data) == 2 + header[1]:
            return name, data[2:]
    bare = {32: "sha256", 48: "sha384"}.get(len(data))
    return None if bare is None else (bare, data)


def matches(found: tuple[str, bytes], content: bytes) -> bool:
    """Whether a digest is of these bytes."""
    return _HASHES[found[0]](content).digest() == found[1]


def _base64(text: str) -> bytes | None:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True) if len(text) <= 128 else None
    except (binascii.Error, ValueError):
        return None
