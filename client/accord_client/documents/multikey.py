"""Ed25519 keys as documents name them: Multikey, ``did:key`` and verification methods.

``publicKeyMultibase`` is ``z`` + base58btc(0xed01 || public key) (W3C Controlled Identifiers 1.0, section
2.2.2), which always begins with ``z6Mk``; ``did:key:<multikey>`` is a DID that is its own document.
Every text has one key and every key one text: base58 is decoded strictly and other prefixes are refused.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from accord_ledger.errors import DecodeError
from accord_ledger.keys import PUBLIC_BYTES

BASE58_ALPHABET: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
ED25519_PREFIX: Final = b"\xed\x01"
"""Multicodec ``ed25519-pub`` (0xed) as a varint."""

MAX_BASE58: Final = 256
"""Longest base58 text decoded; decoding takes quadratic time."""

_GROUP_DIGITS: Final = 10
_GROUP: Final = 58**_GROUP_DIGITS
"""Digits are made in groups whose value is a machine word."""

_PAIRS: Final = [first + second for first in BASE58_ALPHABET for second in BASE58_ALPHABET]
_FOREIGN: Final = 255
_VALUES: Final = bytes(BASE58_ALPHABET.encode().find(octet) % 256 for octet in range(256))
"""Of each character; ``_FOREIGN`` for one that is no digit."""

DID_KEY_PURPOSES: Final = frozenset(
    {"assertionMethod", "authentication", "capabilityDelegation", "capabilityInvocation"}
)
"""Relationships a did:key document declares for its signing key."""


@dataclass(frozen=True, slots=True)
class VerificationMethod:
    """A public key as a controlled identifier document presents it."""

    id: str
    """URL of the method: the controller's DID, ``#``, a fragment."""
    controller: str
    """Whose key it is: a DID or URL."""
    public: bytes
    """Ed25519 public key (32 bytes)."""
    purposes: frozenset[str]
    """Proof purposes the controller allows this key."""


Resolve = Callable[[str], VerificationMethod]
"""From the URL of a verification method to the method, or an ``AccordError``; never by the network."""


def base58_encode(data: bytes) -> str:
    """Base58btc, with one ``1`` for each leading zero byte."""
    number, groups = int.from_bytes(data, "big"), []
    while number:
        number, group = divmod(number, _GROUP)
        for _ in range(_GROUP_DIGITS // 2):
            group, pair = divmod(group, 58 * 58)
            groups.append(_PAIRS[pair])
    zeros = len(data) - len(data.lstrip(b"\x00"))
    return "1" * zeros + "".join(reversed(groups)).lstrip("1")


def base58_decode(text: str) -> bytes:
    """The bytes of base58btc text.

    Raises:
        DecodeError: ``MULTIKEY_BASE58`` (a foreign character, or longer than ``MAX_BASE58``).
    """
    if len(text) > MAX_BASE58:
        raise DecodeError("MULTIKEY_BASE58", f"expected at most {MAX_BASE58} characters, got {len(text)}")
    digits = text.encode("ascii", "replace").translate(_VALUES)
    if _FOREIGN in digits:
        wrong = text[digits.index(_FOREIGN)]
        raise DecodeError("MULTIKEY_BASE58", f"expected base58btc, got {wrong!r}")
    number = _number(digits)
    zeros = len(text) - len(text.lstrip("1"))
    return b"\x00" * zeros + number.to_bytes((number.bit_length() + 7) // 8, "big")


def _number(digits: bytes) -> int:
    """The value of base58 digits, read in groups of eight, whose own value is a machine word."""
    rest, number = len(digits) % 8, 0
    for digit in digits[:rest]:
        number = number * 58 + digit
    eight = [iter(digits[rest:])] * 8
    for a, b, c, d, e, f, g, h in zip(*eight, strict=True):
        group = ((((((a * 58 + b) * 58 + c) * 58 + d) * 58 + e) * 58 + f) * 58 + g) * 58 + h
        number = number * 58**8 + group
    return number


def multibase_encode(data: bytes) -> str:
    """Multibase base58btc: ``z`` and the text."""
    return "z" + base58_encode(data)


def multibase_decode(text: str) -> bytes:
    """The bytes of multibase base58btc text.

    Raises:
        DecodeError: ``MULTIKEY_BASE58``, also for every other base.
    """
    if not text.startswith("z"):
        raise DecodeError("MULTIKEY_BASE58", f"expected multibase prefix 'z', got {text[:1]!r}")
    return base58_decode(text[1:])


def encode_multikey(public: bytes) -> str:
    """``z6Mk...`` of an Ed25519 public key (32 bytes; ``ValueError`` for other lengths)."""
    if len(public) != PUBLIC_BYTES:
        raise ValueError(f"expected {PUBLIC_BYTES} bytes, got {len(public)}")
    return multibase_encode(ED25519_PREFIX + public)


def decode_multikey(text: str) -> bytes:
    """Ed25519 public key (32 bytes) of a Multikey.

    Raises:
        DecodeError: ``MULTIKEY_BASE58`` or ``MULTIKEY_TYPE`` (another kind of key, or a wrong length).
    """
    data = multibase_decode(text)
    if len(data) != len(ED25519_PREFIX) + PUBLIC_BYTES or not data.startswith(ED25519_PREFIX):
        raise DecodeError("MULTIKEY_TYPE", f"expected an Ed25519 public key, got {data[:2].hex()}...")
    return data[len(ED25519_PREFIX) :]


def did_key(public: bytes) -> str:
    """``did:key:z6Mk...`` of an Ed25519 public key."""
    return "did:key:" + encode_multikey(public)


def did_key_public(did: str) -> bytes:
    """Ed25519 public key of a ``did:key``.

    Raises:
        DecodeError: ``MULTIKEY_DID`` (no did:key, or with a path or fragment), ``MULTIKEY_BASE58`` or
            ``MULTIKEY_TYPE``.
    """
    method, _, multikey = did.partition("did:key:")
    if method or not multikey:
        raise DecodeError("MULTIKEY_DID", f"expected did:key:z6Mk..., got {did[:80]!r}")
    return decode_multikey(multikey)


def did_key_method(public: bytes) -> str:
    """``did:key:z6Mk...#z6Mk...``: the verification method of a did:key."""
    multikey = encode_multikey(public)
    return f"did:key:{multikey}#{multikey}"


def resolve_did_key(url: str) -> VerificationMethod:
    """The verification method a ``did:key`` URL names; a :data:`Resolve`.

    Raises:
        DecodeError: ``MULTIKEY_METHOD`` (the fragment does not repeat the key), and as
            :func:`did_key_public`.
    """
    did, _, fragment = url.partition("#")
    public = did_key_public(did)
    if did != "did:key:" + fragment:
        raise DecodeError("MULTIKEY_METHOD", f"expected the key as fragment, got {fragment[:80]!r}")
    return VerificationMethod(url, did, public, DID_KEY_PURPOSES)
