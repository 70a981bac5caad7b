"""The signature suites: how each turns a document and a proof into the bytes that are signed.

- ``eddsa-rdfc-2022`` (VC Data Integrity EdDSA 1.0, section 3.2): RDF, for credentials that learners carry.
- ``eddsa-jcs-2022`` (section 3.3): JSON, for objects of the ledger's own making.
- ``Ed25519Signature2020``: RDF, read only, for badges that are around.

Each signs ``SHA-256(proof configuration) || SHA-256(document)`` over canonical forms. Badges of our own
shape are canonicalized without a JSON-LD processor, all others by one; the result is the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from hashlib import sha256
from typing import Final

from accord_client.documents.badge_quads import known_shape_quads
from accord_client.documents.context_store import Contexts
from accord_client.documents.jcs import canonicalize
from accord_client.documents.json_guard import JsonObject
from accord_client.documents.json_ld import canonicalize_rdf
from accord_client.documents.rdf_canon import canonical_nquads

PROOF_TYPE: Final = "DataIntegrityProof"
"""Type of every proof that names a ``cryptosuite``."""

MAX_KEPT: Final = 2048
"""Longest configuration, in characters, whose hash is kept; ours have about 400."""


@dataclass(frozen=True, slots=True)
class Cryptosuite:
    """How one suite turns a document and a proof configuration into the bytes to sign."""

    name: str
    """Value of ``cryptosuite``, or the ``type`` of a proof that has none."""
    hash_data: Callable[[JsonObject, JsonObject], bytes]
    """From (document without its own proof, proof without its value) to the signed bytes (64)."""
    proof_type: str = PROOF_TYPE
    """Value of ``type``."""
    own_context: bool = False
    """Whether a proof carries the contexts it signed (JCS), or has those of the document (RDF)."""


def jcs_hash_data(document: JsonObject, config: JsonObject) -> bytes:
    """SHA-256 of the canonical configuration, then of the canonical document (64 bytes)."""
    return sha256(canonicalize(config)).digest() + sha256(canonicalize(document)).digest()


def canonical_document(document: JsonObject, contexts: Contexts | None = None) -> str:
    """Canonical N-Quads of a JSON-LD document; raises as :func:`canonicalize_rdf`."""
    quads = known_shape_quads(document)
    return canonicalize_rdf(document, contexts) if quads is None else canonical_nquads(quads)


def rdfc_hash_data(document: JsonObject, config: JsonObject, contexts: Contexts | None = None) -> bytes:
    """The same over canonical N-Quads; the configuration is read with the document's contexts.

    Raises:
        DecodeError: as :func:`accord_client.documents.json_ld.canonicalize_rdf`.
    """
    known = _config_key(config, document) if contexts is None else None
    if known is not None:
        first = _config_hash(*known)
    else:
        whole = config | {"@context": document.get("@context")}
        first = sha256(canonical_document(whole, contexts).encode()).digest()
    return first + sha256(canonical_document(document, contexts).encode()).digest()


_Texts = tuple[tuple[str, str], ...]


def _config_key(config: JsonObject, document: JsonObject) -> tuple[_Texts, tuple[str, ...]] | None:
    """A configuration of texts only, with its contexts, small enough to be kept; None for any other."""
    urls = document.get("@context")
    if not isinstance(urls, list):
        return None
    texts = [*config, *config.values(), *urls]
    if not all(isinstance(text, str) for text in texts) or sum(map(len, texts)) > MAX_KEPT:
        return None
    return tuple(config.items()), tuple(urls)


@lru_cache(maxsize=128)
def _config_hash(config: _Texts, urls: tuple[str, ...]) -> bytes:
    """SHA-256 of a configuration's canonical form: all proofs of a batch have the same."""
    return sha256(canonical_document({**dict(config), "@context": list(urls)}).encode()).digest()


EDDSA_JCS_2022: Final = Cryptosuite("eddsa-jcs-2022", jcs_hash_data, own_context=True)
EDDSA_RDFC_2022: Final = Cryptosuite("eddsa-rdfc-2022", rdfc_hash_data)
ED25519_SIGNATURE_2020: Final = Cryptosuite(
    "Ed25519Signature2020", rdfc_hash_data, proof_type="Ed25519Signature2020"
)

SUITES: Final = (EDDSA_RDFC_2022, EDDSA_JCS_2022, ED25519_SIGNATURE_2020)
"""All that are verified."""


def with_contexts(contexts: Contexts) -> tuple[Cryptosuite, ...]:
    """The same suites for a verifier that vouches for more contexts than the bundled ones."""
    hash_data = partial(rdfc_hash_data, contexts=contexts)
    return tuple(
        suite
        if suite.own_context
        else Cryptosuite(suite.name, hash_data, suite.proof_type, own_context=False)
        for suite in SUITES
    )
