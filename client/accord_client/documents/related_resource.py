"""``relatedResource``: what a credential says of files it leans on, compared with the files at hand.

W3C VC Data Model 2.0, section 5.3. An entry has an ``id`` and a digest, as ``digestSRI`` (Subresource
Integrity) or ``digestMultibase`` (a multihash). Nothing is fetched: the files at hand are the bundled
contexts, byte for byte as published.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from hmac import compare_digest
from typing import Any, Final

from accord_client.documents.context_store import bundled
from accord_client.documents.json_guard import JsonObject
from accord_client.documents.multikey import base58_decode
from accord_client.documents.open_badge_check import is_uri
from accord_ledger.errors import DecodeError, ProofError

MAX_RESOURCES: Final = 64
"""Most entries of one credential."""

MAX_DIGEST: Final = 512
"""Longest digest text, in characters."""

_SRI: Final = {"sha512": hashlib.sha512, "sha384": hashlib.sha384, "sha256": hashlib.sha256}
"""From the strongest on: a verifier judges the strongest that is given (SRI, section 3.3.3)."""

_MULTIHASH: Final = {
    b"\x12\x20": hashlib.sha256,
    b"\x20\x30": hashlib.sha384,
    b"\x13\x40": hashlib.sha512,
}
"""Function and length, each a varint of one byte."""


def check_resources(document: JsonObject, at_hand: Mapping[str, bytes] | None = None) -> list[str]:
    """Compare every related resource that is at hand with its digest.

    Args:
        document: a credential or presentation.
        at_hand: files by URL; the bundled contexts if None.

    Returns:
        Addresses of those that are not at hand, so that nobody compared them.

    Raises:
        DecodeError: ``RESOURCE_MALFORMED``: no array of objects with ``id`` and a readable digest, or one
            ``id`` twice.
        ProofError: ``RESOURCE_DIGEST``: a file is not the one the signer meant.
    """
    given = document.get("relatedResource", [])
    entries = given if isinstance(given, list) else [given]
    if len(entries) > MAX_RESOURCES:
        raise DecodeError("RESOURCE_MALFORMED", f"expected at most {MAX_RESOURCES}, got {len(entries)}")
    files = bundled().texts if at_hand is None else at_hand
    seen: list[str] = []
    absent: list[str] = []
    for number, entry in enumerate(entries):
        path = f"relatedResource[{number}]"
        url = _url(entry, path, seen)
        digests = _digests(entry, path)
        if url not in files:
            absent.append(url)
        elif not all(_matches(files[url], *digest) for digest in digests):
            raise ProofError("RESOURCE_DIGEST", f"expected another file under {url[:200]}", path=path)
    return absent


def _url(entry: Any, path: str, seen: list[str]) -> str:
    url = entry.get("id") if isinstance(entry, dict) else None
    if not isinstance(url, str) or not is_uri(url) or url in seen:
        raise DecodeError("RESOURCE_MALFORMED", "expected an object with an id of its own", path=path)
    seen.append(url)
    return url


def _digests(entry: JsonObject, path: str) -> list[tuple[Any, list[bytes]]]:
    """(function, values of which one must fit) for each way in which a digest is given."""
    found = []
    for name, read in (("digestSRI", _sri), ("digestMultibase", _multibase)):
        if name not in entry:
            continue
        text = entry[name]
        known = read(text) if isinstance(text, str) and len(text) <= MAX_DIGEST else None
        if known is None:
            raise DecodeError("RESOURCE_MALFORMED", "expected SHA-256, -384 or -512", path=f"{path}.{name}")
        found.append(known)
    if not found:
        raise DecodeError("RESOURCE_MALFORMED", "expected digestSRI or digestMultibase", path=path)
    return found


def _sri(text: str) -> tuple[Any, list[bytes]] | None:
    """The strongest kind of digest, and every value of it."""
    parts = [part.partition("?")[0].partition("-") for part in text.split()]
    for name, function in _SRI.items():
        values = [_base64(value) for kind, _, value in parts if kind == name]
        if values:
            return (function, values) if all(_long(function, value) for value in values) else None
    return None


def _multibase(text: str) -> tuple[Any, list[bytes]] | None:
    try:
        data = base58_decode(text[1:]) if text[:1] == "z" else _base64(text[1:]) if text[:1] == "u" else b""
    except DecodeError:
        return None
    function = _MULTIHASH.get(data[:2])
    return (function, [data[2:]]) if function is not None and _long(function, data[2:]) else None


def _base64(text: str) -> bytes:
    """Base64 or base64url, padded or not; empty for anything else."""
    plain = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _long(function: Any, value: bytes) -> bool:
    size: int = function().digest_size
    return len(value) == size


def _matches(data: bytes, function: Any, values: list[bytes]) -> bool:
    found = function(data).digest()
    return any(compare_digest(found, value) for value in values)
