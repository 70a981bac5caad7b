"""Token Status List: the status of the SD-JWT form of a credential, as a signed JWT.

IETF Token Status List, sections 4, 5 and 8 (FORMATS.md section 4). Two bits a position: valid, invalid
(revoked) or suspended, at the same positions as in the institution's bitstring lists.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import msgspec

from accord_client.documents.json_guard import JsonObject, load_object
from accord_client.documents.multikey import Resolve
from accord_client.documents.status_bits import (
    LENGTH_ERROR,
    MALFORMED,
    MAX_ENCODED,
    RANGE_ERROR,
    StatusBits,
    base64url_bytes,
    base64url_text,
    deflate,
    inflate,
)
from accord_client.documents.status_bitstring import VERIFICATION_ERROR, ListPeriod
from accord_ledger.errors import AccordError, DecodeError, ProofError
from accord_ledger.keys import SigningKey, verifies

MEDIA_TYPE: Final = "application/statuslist+jwt"
TYPE: Final = "statuslist+jwt"

VALID: Final = 0
INVALID: Final = 1
SUSPENDED: Final = 2
BITS: Final = 2
"""Bits a position: suspension needs the second one."""

MAX_TOKEN: Final = 2 * MAX_ENCODED
"""Longest token read, in bytes: the list is in base64url twice."""

_SPREAD: Final = tuple(sum((byte >> bit & 1) << 2 * bit for bit in range(8)) for byte in range(256))
"""Every byte with a zero between any two of its bits (16 bits)."""


def pack_statuses(revoked: StatusBits, suspended: StatusBits) -> bytes:
    """Two bits a position, from the least significant bit of each byte (section 4.1)."""
    if len(revoked) != len(suspended):
        raise ValueError("expected lists of one length")
    packed = bytearray()
    for low, high in zip(revoked.to_bytes(), suspended.to_bytes(), strict=True):
        # a revoked credential that was suspended before is revoked: 3 is a value without a meaning
        packed += (_SPREAD[low] | _SPREAD[high & ~low] << 1).to_bytes(2, "little")
    return bytes(packed)


def sign_status_token(
    url: str, statuses: bytes, period: ListPeriod, key: SigningKey, verification_method: str
) -> bytes:
    """The signed token.

    Args:
        url: where it is served; ``status.status_list.uri`` of credentials names it.
        statuses: from :func:`pack_statuses`.
        period: how long it counts.
        key: the institution's ``status`` key.
        verification_method: URL of that key in the institution's DID document.
    """
    header = {"alg": "EdDSA", "kid": verification_method, "typ": TYPE}
    claims = {
        "iss": verification_method.partition("#")[0],  # optional; verifiers that resolve keys by it need it
        "sub": url,
        "iat": period.valid_from,
        "exp": period.valid_until,
        "ttl": period.ttl,
        "status_list": {"bits": BITS, "lst": base64url_text(deflate(statuses))},
    }
    signed = b".".join(base64url_text(msgspec.json.encode(part)).encode() for part in (header, claims))
    return signed + b"." + base64url_text(key.sign(signed)).encode()


@dataclass(frozen=True, slots=True)
class CheckedToken:
    """A token whose signature, subject and period were found good."""

    url: str
    bits: int
    statuses: bytes
    expires: int | None

    def status(self, index: int) -> int:
        """The status at an index; raises ``DecodeError`` ``RANGE_ERROR``."""
        place, shift = divmod(index * self.bits, 8)
        if index < 0 or place >= len(self.statuses):
            raise DecodeError(RANGE_ERROR, f"expected an entry in {len(self.statuses)} bytes, got {index}")
        return self.statuses[place] >> shift & (1 << self.bits) - 1


def check_status_token(token: bytes, resolve: Resolve, *, url: str, issuer: str, at: int) -> CheckedToken:
    """Judge a token somebody served.

    Args:
        token: compact JWT.
        resolve: from ``kid`` to key.
        url: the ``uri`` the credential names.
        issuer: DID of the credential's issuer; the token must be its own.
        at: POSIX seconds.

    Raises:
        ProofError: ``STATUS_VERIFICATION_ERROR``: type, signature, issuer, subject or period.
        DecodeError: ``MALFORMED_VALUE_ERROR`` or ``STATUS_LIST_LENGTH_ERROR``.
    """
    if len(token) > MAX_TOKEN:
        raise DecodeError(LENGTH_ERROR, f"expected at most {MAX_TOKEN} bytes, got {len(token)}")
    parts = token.split(b".")
    if len(parts) != 3:
        raise DecodeError(MALFORMED, f"expected three parts, got {len(parts)}")
    header, claims = _object(parts[0], "header"), _object(parts[1], "claims")
    _check_signature(token, header, _bytes(parts[2], "signature"), resolve, issuer)
    if claims.get("iss", issuer) != issuer:
        raise ProofError(VERIFICATION_ERROR, f"expected a token of {issuer[:200]}", path="iss")
    if claims.get("sub") != url:
        raise ProofError(
            VERIFICATION_ERROR, f"expected {url[:200]}, got {str(claims.get('sub'))[:200]}", path="sub"
        )
    expires = _check_times(claims, at)
    bits, statuses = _statuses(claims.get("status_list"))
    return CheckedToken(url, bits, statuses, expires)


def _check_signature(
    token: bytes, header: JsonObject, signature: bytes, resolve: Resolve, issuer: str
) -> None:
    if header.get("typ") != TYPE or header.get("alg") not in ("EdDSA", "Ed25519") or "crit" in header:
        raise ProofError(VERIFICATION_ERROR, f"expected {TYPE} signed with EdDSA", path="header")
    try:
        method = resolve(str(header.get("kid")))
    except AccordError as error:
        raise ProofError(VERIFICATION_ERROR, f"{error.code}: {error.detail}", path="kid") from error
    if method.controller != issuer or "assertionMethod" not in method.purposes:
        raise ProofError(VERIFICATION_ERROR, f"expected a key of {issuer[:200]}", path="kid")
    if not verifies(method.public, token.rpartition(b".")[0], signature):
        raise ProofError(VERIFICATION_ERROR, "expected a valid signature", path="signature")


def _check_times(claims: JsonObject, at: int) -> int | None:
    issued, expires = _seconds(claims.get("iat"), "iat"), claims.get("exp")
    if at < issued:
        raise ProofError(VERIFICATION_ERROR, f"issued at {issued}, asked for {at}", path="iat")
    if expires is None:
        return None
    if at >= _seconds(expires, "exp"):
        raise ProofError(VERIFICATION_ERROR, f"expired at {expires}, asked for {at}", path="exp")
    return int(expires)


def _seconds(value: Any, path: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise DecodeError(MALFORMED, "expected whole seconds", path=path)
    return value


def _statuses(given: Any) -> tuple[int, bytes]:
    bits, packed = (given.get("bits"), given.get("lst")) if isinstance(given, dict) else (None, None)
    if bits not in (1, 2, 4, 8) or isinstance(bits, bool) or not isinstance(packed, str):
        raise DecodeError(MALFORMED, "expected bits (1, 2, 4 or 8) and lst", path="status_list")
    return bits, inflate(base64url_bytes(packed, "lst"), gzip_form=False, path="lst")


def _object(part: bytes, path: str) -> JsonObject:
    return load_object(_bytes(part, path), limit=MAX_TOKEN)


def _bytes(part: bytes, path: str) -> bytes:
    try:
        return base64url_bytes(part.decode("ascii"), path, limit=MAX_TOKEN)
    except UnicodeDecodeError as error:
        raise DecodeError(MALFORMED, "expected ASCII", path=path) from error
