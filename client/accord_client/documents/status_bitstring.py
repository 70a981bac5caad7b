"""Bitstring Status List 1.0: an institution's signed list, and what it says of one credential.

FORMATS.md section 4. One list has one purpose; an institution signs its own lists, and a list by anybody
else than the credential's issuer is refused. What a verifier has to fetch is the list as a whole, so
whoever serves it does not learn which credential is looked at.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final, Literal

from accord_client.documents.data_integrity import check_issuer, verify_proof
from accord_client.documents.json_guard import JsonObject
from accord_client.documents.multikey import Resolve
from accord_client.documents.open_badge_check import VC2_CONTEXT, is_uri
from accord_client.documents.status_bits import (
    MALFORMED,
    MIN_BITS,
    RANGE_ERROR,
    StatusBits,
    decode_bitstring,
    encode_bitstring,
)
from accord_client.documents.timestamps import stamp_seconds, stamp_text
from accord_ledger.errors import AccordError, DecodeError, ProofError

Purpose = Literal["revocation", "suspension"]
PURPOSES: Final[tuple[Purpose, ...]] = ("revocation", "suspension")

ENTRY_TYPE: Final = "BitstringStatusListEntry"
LIST_TYPE: Final = "BitstringStatusListCredential"
VERIFICATION_ERROR: Final = "STATUS_VERIFICATION_ERROR"

_INDEX = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


@dataclass(frozen=True, slots=True)
class ListPeriod:
    """How long a list counts; POSIX seconds."""

    valid_from: int
    valid_until: int
    """After it the list proves nothing any more: what is withheld from a verifier goes stale."""
    ttl: int
    """Seconds for which a verifier may use its copy."""


def build_status_list(
    url: str, issuer: str, purpose: Purpose, bits: StatusBits, period: ListPeriod
) -> JsonObject:
    """The unsigned list credential.

    Args:
        url: where the list is served; entries name it.
        issuer: DID of the institution.
        purpose: what a set bit means.
        bits: one for each position.
        period: how long it counts.

    Raises:
        DecodeError: ``STATUS_LIST_LENGTH_ERROR``.
    """
    return {
        "@context": [VC2_CONTEXT],
        "id": url,
        "type": ["VerifiableCredential", LIST_TYPE],
        "issuer": issuer,
        "validFrom": stamp_text(period.valid_from),
        "validUntil": stamp_text(period.valid_until),
        "credentialSubject": {
            "id": f"{url}#list",
            "type": "BitstringStatusList",
            "statusPurpose": purpose,
            "encodedList": encode_bitstring(bits),
            "ttl": period.ttl * 1000,
        },
    }


@dataclass(frozen=True, slots=True)
class StatusPlace:
    """What a credential's ``credentialStatus`` points at."""

    url: str
    index: int
    purpose: str
    size: int = 1
    """Bits of one entry."""


def status_places(credential: JsonObject) -> list[StatusPlace]:
    """Every Bitstring Status List entry of a credential.

    Raises:
        DecodeError: ``MALFORMED_VALUE_ERROR``: an entry of this type that cannot be read.
    """
    given = credential.get("credentialStatus", [])
    entries = given if isinstance(given, list) else [given]
    return [
        _place(entry, f"credentialStatus[{number}]")
        for number, entry in enumerate(entries)
        if isinstance(entry, dict) and entry.get("type") == ENTRY_TYPE
    ]


def _place(entry: JsonObject, path: str) -> StatusPlace:
    index, url, purpose = (
        entry.get(name) for name in ("statusListIndex", "statusListCredential", "statusPurpose")
    )
    size = entry.get("statusSize", 1)
    good = isinstance(index, str) and _INDEX.fullmatch(index) and is_uri(url) and isinstance(purpose, str)
    if not good or not isinstance(size, int) or isinstance(size, bool) or not 1 <= size <= 8:
        raise DecodeError(MALFORMED, "expected an index in decimals, an URL and a purpose", path=path)
    return StatusPlace(str(url), int(str(index)), str(purpose), size)


@dataclass(frozen=True, slots=True)
class CheckedList:
    """A list whose proof, issuer and period were found good."""

    url: str
    purposes: tuple[str, ...]
    bits: StatusBits
    valid_until: int | None

    def value(self, place: StatusPlace) -> int:
        """What the list says of a place: 0, or for a list of single bits 1 where the bit is set.

        Raises:
            ProofError: ``STATUS_VERIFICATION_ERROR``: another list, or one of another purpose.
            DecodeError: ``RANGE_ERROR`` or ``STATUS_LIST_LENGTH_ERROR``.
        """
        if place.url != self.url or place.purpose not in self.purposes:
            raise ProofError(
                VERIFICATION_ERROR,
                f"expected a list for {place.purpose} at {place.url[:200]}, got {self.url[:200]}",
            )
        if len(self.bits) < MIN_BITS * place.size:
            raise DecodeError("STATUS_LIST_LENGTH_ERROR", f"expected {MIN_BITS} entries of {place.size} bits")
        first = place.index * place.size
        if first + place.size > len(self.bits):
            raise DecodeError(RANGE_ERROR, f"expected an entry in {len(self.bits)} bits, got {place.index}")
        return sum(self.bits[first + bit] << (place.size - 1 - bit) for bit in range(place.size))


def check_status_list(document: JsonObject, resolve: Resolve, *, issuer: str, at: int) -> CheckedList:
    """Judge a list credential somebody served.

    Args:
        document: from :func:`accord_client.documents.json_guard.load_object`.
        resolve: from verification method to key.
        issuer: of the credential whose status is asked for; the list must be its own.
        at: POSIX seconds.

    Raises:
        ProofError: ``STATUS_VERIFICATION_ERROR`` with what is wrong: proof, issuer, type or period.
        DecodeError: ``MALFORMED_VALUE_ERROR`` or ``STATUS_LIST_LENGTH_ERROR``.
    """
    try:
        verified = verify_proof(document, resolve, at=at, ignore_unknown_suites=True)
        check_issuer(verified)
    except AccordError as error:
        raise ProofError(VERIFICATION_ERROR, f"{error.code}: {error.detail}", path="proof") from error
    signed = verified.document
    types, subject = signed.get("type"), signed.get("credentialSubject")
    if not isinstance(types, list) or LIST_TYPE not in types or not isinstance(subject, dict):
        raise ProofError(VERIFICATION_ERROR, f"expected a {LIST_TYPE}", path="type")
    if _name(signed.get("issuer")) != issuer:
        raise ProofError(VERIFICATION_ERROR, f"expected a list of {issuer[:200]}", path="issuer")
    until = _check_period(signed, at)
    purposes = subject.get("statusPurpose")
    named: list[Any] = purposes if isinstance(purposes, list) else [purposes]
    if subject.get("type") != "BitstringStatusList" or not all(isinstance(item, str) for item in named):
        raise ProofError(VERIFICATION_ERROR, "expected a BitstringStatusList", path="credentialSubject")
    bits = decode_bitstring(subject.get("encodedList"))
    return CheckedList(str(signed.get("id")), tuple(named), bits, until)


def _name(issuer: Any) -> Any:
    return issuer.get("id") if isinstance(issuer, dict) else issuer


def _check_period(document: JsonObject, at: int) -> int | None:
    since = stamp_seconds(document.get("validFrom"), code=MALFORMED, path="validFrom")
    if at < since:
        raise ProofError(VERIFICATION_ERROR, f"valid from {since}, asked for {at}", path="validFrom")
    if "validUntil" not in document:
        return None
    until = stamp_seconds(document["validUntil"], code=MALFORMED, path="validUntil")
    if at >= until:
        raise ProofError(VERIFICATION_ERROR, f"valid until {until}, asked for {at}", path="validUntil")
    return until
