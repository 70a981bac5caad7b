"""A link to one credential: it names the place on the ledger, and no person unless the learner says so.

    https://node.example/share#1.<base64url(batch_id || index as u32)>[.<base64url(name)>]

All of it stands in the fragment, which browsers never send: the node that serves the page learns nothing,
and keeps nothing. What the page shows it takes from the ledger.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlsplit

from accord_ledger.credential import BATCH_ID_BYTES, MAX_INDEX
from accord_ledger.errors import DecodeError

PATH: Final = "/share"
VERSION: Final = "1"
MAX_NAME: Final = 300
MAX_LINK: Final = 4096


@dataclass(frozen=True, slots=True)
class SharedCredential:
    """What a link says."""

    batch_id: bytes
    """16 bytes."""
    index: int
    name: str | None = None
    """What the learner wants to be called; nobody has checked it."""


def share_link(base_url: str, shared: SharedCredential) -> str:
    """The link.

    Args:
        base_url: of a node that serves the issuer's status lists.
        shared: what it names.

    Raises:
        DecodeError: ``SHARE_LINK``.
    """
    parts = _split(base_url)
    if parts.scheme not in ("https", "http") or not parts.netloc or parts.query or parts.fragment:
        raise DecodeError("SHARE_LINK", f"expected the address of a node, got {base_url[:120]!r}")
    if shared.name is not None and not 1 <= len(shared.name) <= MAX_NAME:
        raise DecodeError("SHARE_LINK", f"expected a name of 1 to {MAX_NAME} characters", path="name")
    place = _encode(shared.batch_id + shared.index.to_bytes(4, "big"))
    name = "" if shared.name is None else f".{_encode(shared.name.encode())}"
    return f"{base_url.rstrip('/')}{PATH}#{VERSION}.{place}{name}"


def parse_share_link(link: str) -> SharedCredential:
    """What a link says; raises ``DecodeError`` ``SHARE_LINK``."""
    fragment = _split(link).fragment if len(link) <= MAX_LINK else ""
    version, *rest = fragment.split(".")
    if version != VERSION or not 1 <= len(rest) <= 2:
        raise DecodeError("SHARE_LINK", f"expected {PATH}#{VERSION}.<credential>, got {link[:120]!r}")
    place = _decode(rest[0])
    index = int.from_bytes(place[BATCH_ID_BYTES:], "big")
    if len(place) != BATCH_ID_BYTES + 4 or index > MAX_INDEX:
        raise DecodeError("SHARE_LINK", "expected a batch id and an index", path="credential")
    try:
        name = _decode(rest[1]).decode() if len(rest) == 2 else None
    except UnicodeDecodeError as error:
        raise DecodeError("SHARE_LINK", "expected UTF-8", path="name") from error
    return SharedCredential(place[:BATCH_ID_BYTES], index, name)


def _split(address: str) -> SplitResult:
    try:
        return urlsplit(address)
    except ValueError as error:  # such as an IPv6 host without its end
        raise DecodeError("SHARE_LINK", f"expected an address, got {address[:120]!r}") from error


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise DecodeError("SHARE_LINK", "expected base64url without padding") from error
    if _encode(data) != text:
        raise DecodeError("SHARE_LINK", "expected base64url in its one spelling")
    return data
