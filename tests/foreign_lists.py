"""Another issuer: its status lists, and credentials that name them."""

from __future__ import annotations

import time
from typing import Any

from accord_client.documents import multikey
from accord_client.documents.data_integrity import add_proof, create_proof
from accord_client.documents.status_bits import StatusBits
from accord_client.documents.status_bitstring import ListPeriod, build_status_list
from accord_ledger.keys import SigningKey
from gateway_desk import credential

OTHER = SigningKey.from_seed(bytes([51]) * 32)
OTHER_DID = multikey.did_key(OTHER.public)
HOST = "lists.other.example"
NOW = int(time.time())
SET = 7
"""The position that is revoked, and suspended."""


def url(purpose: str, number: int = 1, host: str = HOST) -> str:
    """Where a list is found; ``host`` may have a port."""
    return f"https://{host}/{number}/{purpose}"


def signed(document: dict[str, Any], key: SigningKey = OTHER) -> dict[str, Any]:
    """With a proof by a ``did:key``."""
    return add_proof(document, create_proof(document, key, multikey.did_key_method(key.public), NOW - 60))


def listed(
    address: str, *, issuer: str = OTHER_DID, key: SigningKey = OTHER, until: int = 600
) -> dict[str, Any]:
    """The list of an address; the last part of that is its purpose."""
    bits = StatusBits(131_072)
    bits.merge(SET, 1)
    purpose: Any = address.rpartition("/")[2]
    period = ListPeriod(NOW - 600, NOW + until, 60)
    return signed(build_status_list(address, issuer, purpose, bits, period), key)


def shown(position: int, *purposes: str, number: int = 1, host: str = HOST) -> dict[str, Any]:
    """A credential of the other issuer."""
    entries = [
        {
            "type": "BitstringStatusListEntry", "statusPurpose": purpose, "statusListIndex": str(position),
            "statusListCredential": url(purpose, number, host),
        }
        for purpose in purposes or ("revocation",)
    ]  # fmt: skip
    return signed(credential(issuer=OTHER_DID, credentialStatus=entries))
