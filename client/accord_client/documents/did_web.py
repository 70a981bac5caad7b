"""``did:web``: an institution's DID document, made from the keys the ledger knows, with their history.

    did:web:uu.example                         https://uu.example/.well-known/did.json
    did:web:node.example%3A8443:parties:uu     https://node.example:8443/parties/uu/did.json

A document lists the keys that speak for the institution in documents: ``issuance``, ``status`` and
``endorse`` make assertions, ``institution`` authenticates. Keys that only sign records of the ledger are not
in it. A key that was replaced stays, with ``expires``: what it signed before is still to be verified. A key
that was compromised stays with ``revoked`` and may do nothing. Which institution a DID is, the ledger says:
its external id ``did`` if it has one, else the path form on the node's host.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from accord_client.documents.did_key import DID_CONTEXTS
from accord_client.documents.json_guard import JsonObject
from accord_client.documents.multikey import (
    Resolve,
    VerificationMethod,
    decode_multikey,
    encode_multikey,
    resolve_did_key,
)
from accord_client.documents.timestamps import stamp_seconds, stamp_text
from accord_ledger.domain.model.party import KeyRecord, Party
from accord_ledger.errors import DecodeError, ProofError

DID_SYSTEM: Final = "did"
"""Name of the external id under which a party's own DID stands on the ledger (DOMAIN.md 2.1)."""

MEDIA_TYPE: Final = "application/did+json"

RELATIONSHIPS: Final[dict[str, str]] = {
    "issuance": "assertionMethod",
    "status": "assertionMethod",
    "endorse": "assertionMethod",
    "institution": "authentication",
}
"""Key purpose on the ledger to what the key may do in documents."""

MAX_METHODS: Final = 1000
"""Most keys read out of a DID document."""

_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DID = re.compile(
    rf"did:web:({_LABEL}(?:\.{_LABEL})*)(?:%3A([1-9][0-9]{{0,4}}))?((?::[A-Za-z0-9._-]{{1,128}}){{0,16}})",
    re.ASCII,
)


def did_web_url(did: str) -> str:
    """Where the document of a did:web is found: always https.

    Raises:
        DecodeError: ``DID_WEB``.
    """
    host, port, path = _parts(did)
    authority = host if port is None else f"{host}:{port}"
    where = "/".join(path) if path else ".well-known"
    return f"https://{authority}/{where}/did.json"


def _parts(did: str) -> tuple[str, str | None, list[str]]:
    found = _DID.fullmatch(did) if len(did) <= 1024 else None
    path = [] if found is None else found[3].split(":")[1:]
    if found is None or len(found[1]) > 253 or any(item in (".", "..") for item in path):
        raise DecodeError("DID_WEB", f"expected did:web:HOST or did:web:HOST:PATH, got {did[:120]!r}")
    return found[1], found[2], path


def did_web(base_url: str, *path: str) -> str:
    """The did:web of a host, or of a path on it.

    Args:
        base_url: ``https://node.example`` or with a port; nothing after it.
        path: segments; without them the DID is the host's own.

    Raises:
        DecodeError: ``DID_WEB``.
    """
    try:
        parts = urlsplit(base_url)
        port = parts.port
    except ValueError as error:
        raise DecodeError("DID_WEB", f"expected a host and a port, got {base_url[:120]!r}") from error
    if (
        parts.scheme != "https"
        or not parts.hostname
        or parts.path not in ("", "/")
        or parts.query
        or parts.username
    ):
        raise DecodeError("DID_WEB", f"expected https://HOST, got {base_url[:120]!r}")
    host = parts.hostname if port is None else f"{parts.hostname}%3A{port}"
    did = ":".join(("did:web", host, *path))
    _parts(did)
    return did


def party_did(party: Party, base_url: str) -> str:
    """The DID of a party: the one it registered, else the path form on a node's host.

    Raises:
        DecodeError: ``DID_WEB``: neither can be used.
    """
    own = party.external_ids.get(DID_SYSTEM)
    if own is not None:
        _parts(own)
        return own
    return did_web(base_url, "parties", party.party_id)


def did_document(
    did: str, keys: Iterable[KeyRecord], *, at: int | None = None, also_known_as: Iterable[str] = ()
) -> JsonObject:
    """The DID document of an institution.

    Args:
        did: its DID.
        keys: every key the ledger has of it, in any order; others' keys are the caller's mistake.
        at: POSIX seconds; the document as it was then (``versionTime``), or of now.
        also_known_as: other URIs of the institution.
    """
    listed = sorted(
        (key for key in keys if key.use == "institution" and RELATIONSHIPS.keys() & set(key.purposes)),
        key=lambda key: (key.valid_from, key.public),
    )
    known = [key for key in listed if at is None or key.valid_from <= at]
    document: JsonObject = {
        "@context": list(DID_CONTEXTS),
        "id": did,
        "alsoKnownAs": list(also_known_as),
        "verificationMethod": [_method(did, key, at) for key in known],
    }
    for relationship in sorted(set(RELATIONSHIPS.values())):
        document[relationship] = [
            _method_id(did, key)
            for key in known
            if not _compromised(key, at) and relationship in _relationships(key)
        ]
    return {name: value for name, value in document.items() if value != []}


def _method_id(did: str, key: KeyRecord) -> str:
    return f"{did}#{encode_multikey(key.public)}"


def _relationships(key: KeyRecord) -> set[str]:
    return {RELATIONSHIPS[purpose] for purpose in key.purposes if purpose in RELATIONSHIPS}


def _compromised(key: KeyRecord, at: int | None) -> bool:
    """Whether it was known by then that somebody else may use the key."""
    return key.compromised_since is not None and (at is None or (key.revoked_at or 0) <= at)


def _method(did: str, key: KeyRecord, at: int | None) -> JsonObject:
    method: JsonObject = {
        "id": _method_id(did, key),
        "type": "Multikey",
        "controller": did,
        "publicKeyMultibase": encode_multikey(key.public),
    }
    if _compromised(key, at):
        return method | {"revoked": stamp_text(key.compromised_since or 0)}
    revoked = key.revoked_at if at is None or (key.revoked_at or 0) <= at else None
    ends = [moment for moment in (key.valid_to, revoked) if moment is not None]
    return method | ({"expires": stamp_text(min(ends))} if ends else {})


# ---- reading -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Key:
    public: bytes
    purposes: frozenset[str]
    expires: int | None


def did_resolver(document: JsonObject, *, at: int) -> Resolve:
    """A :data:`Resolve` over one DID document that the caller obtained and trusts.

    ``did:key`` URLs resolve too, since they need no document. The document must be that of the DID a
    method names; a method with ``revoked`` never resolves, one with ``expires`` only before that.

    Args:
        document: the DID document.
        at: POSIX seconds for which the keys are wanted: when the signature was made.

    Raises:
        DecodeError: ``DID_DOCUMENT``: not a document of Multikeys.
    """
    did = document.get("id")
    if not isinstance(did, str):
        raise DecodeError("DID_DOCUMENT", "expected an id", path="id")
    keys = _read_keys(document, did)

    def resolve(url: str) -> VerificationMethod:
        if url.startswith("did:key:"):
            return resolve_did_key(url)
        found = keys.get(url)
        if found is None:
            raise ProofError("DID_METHOD", f"expected a method of {did[:120]}, got {url[:200]!r}")
        if found.expires is not None and at >= found.expires:
            raise ProofError("DID_METHOD_EXPIRED", f"expected use before {stamp_text(found.expires)}")
        return VerificationMethod(url, did, found.public, found.purposes)

    return resolve


def _read_keys(document: JsonObject, did: str) -> dict[str, _Key]:
    methods = document.get("verificationMethod", [])
    if not isinstance(methods, list) or len(methods) > MAX_METHODS:
        raise DecodeError(
            "DID_DOCUMENT", f"expected at most {MAX_METHODS} methods", path="verificationMethod"
        )
    allowed = {name: _references(document, name) for name in ("assertionMethod", "authentication")}
    keys: dict[str, _Key] = {}
    for place, method in enumerate(methods):
        path = f"verificationMethod[{place}]"
        if not isinstance(method, dict) or not isinstance(method.get("id"), str):
            raise DecodeError("DID_DOCUMENT", "expected an object with an id", path=path)
        if method.get("type") != "Multikey" or method.get("controller") != did or "revoked" in method:
            continue  # other kinds of keys, keys of others, and compromised ones verify nothing here
        public = decode_multikey(str(method.get("publicKeyMultibase")))
        expires = method.get("expires")
        until = (
            None if expires is None else stamp_seconds(expires, code="DID_DOCUMENT", path=f"{path}.expires")
        )
        purposes = frozenset(name for name, ids in allowed.items() if method["id"] in ids)
        keys[method["id"]] = _Key(public, purposes, until)
    return keys


def _references(document: JsonObject, name: str) -> set[Any]:
    given = document.get(name, [])
    if not isinstance(given, list):
        raise DecodeError("DID_DOCUMENT", "expected an array", path=name)
    return {item for item in given if isinstance(item, str)}
