"""``did:key`` of Ed25519 keys: a DID that is its own document; nothing is looked up.

The did:key method, for holders' keys and for self-issued statements; the key forms are
:mod:`accord_client.documents.multikey`.
"""

from __future__ import annotations

from typing import Final

from accord_client.documents.json_guard import JsonObject
from accord_client.documents.multikey import (
    DID_KEY_PURPOSES,
    did_key,
    did_key_method,
    did_key_public,
    encode_multikey,
)

DID_CONTEXTS: Final = ("https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1")
"""Contexts of every DID document made here, bundled like all others."""


def did_key_document(did: str) -> JsonObject:
    """The DID document that a did:key stands for.

    Raises:
        DecodeError: ``MULTIKEY_DID``, ``MULTIKEY_BASE58`` or ``MULTIKEY_TYPE``: no Ed25519 did:key.
    """
    public = did_key_public(did)
    method = did_key_method(public)
    return {
        "@context": list(DID_CONTEXTS),
        "id": did_key(public),
        "verificationMethod": [
            {
                "id": method,
                "type": "Multikey",
                "controller": did_key(public),
                "publicKeyMultibase": encode_multikey(public),
            }
        ],
    } | {purpose: [method] for purpose in sorted(DID_KEY_PURPOSES)}
