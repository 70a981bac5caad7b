"""Presentations: a holder shows credentials to one verifier, who asked with a domain and a challenge.

W3C VC Data Model 2.0, section 4.13. The presentation is signed for ``authentication`` by the key that the
credentials name as their subject, so a copy is of no use to anybody else. Each credential inside keeps its
own proofs and is judged on its own.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from accord_client.documents.cryptosuites import EDDSA_RDFC_2022, SUITES, Cryptosuite
from accord_client.documents.data_integrity import (
    AUTHENTICATION,
    VerifiedDocument,
    VerifiedProof,
    create_proof,
    verify_proof,
)
from accord_client.documents.json_guard import JsonObject
from accord_client.documents.multikey import Resolve, did_key, did_key_method, resolve_did_key
from accord_client.documents.open_badge_check import VC1_CONTEXT, VC2_CONTEXT
from accord_ledger.errors import DecodeError, ProofError
from accord_ledger.keys import SigningKey

MEDIA_TYPE: Final = "application/vp"

MAX_CREDENTIALS: Final = 32
"""Most credentials in one presentation; each costs a signature and two canonical forms."""


@dataclass(frozen=True, slots=True)
class VerifiedPresentation:
    """A presentation that its holder made for this verifier."""

    holder: str
    """DID of the key that signed."""
    proof: VerifiedProof
    credentials: tuple[VerifiedDocument, ...]
    """Each with at least one proof that verified; whether by its issuer, and still valid, is not said here."""


def create_presentation(
    credentials: Sequence[JsonObject],
    key: SigningKey,
    created: int,
    *,
    domain: str,
    challenge: str,
    suite: Cryptosuite = EDDSA_RDFC_2022,
) -> JsonObject:
    """A signed presentation.

    Args:
        credentials: complete, with their proofs; all name this key's ``did:key`` as subject.
        key: the holder's, for these credentials (:meth:`accord_client.wallet.Wallet.find_key`).
        created: POSIX seconds.
        domain: the verifier's.
        challenge: what the verifier asked.
        suite: how to sign.

    Raises:
        DecodeError: ``PRESENTATION_COUNT``, and as :func:`create_proof`.
    """
    _check_count(credentials)
    presentation: JsonObject = {
        "@context": [VC2_CONTEXT],
        "type": ["VerifiablePresentation"],
        "holder": did_key(key.public),
        "verifiableCredential": list(credentials),
    }
    proof = create_proof(
        presentation, key, did_key_method(key.public), created, AUTHENTICATION,
        domain=domain, challenge=challenge, suite=suite,
    )  # fmt: skip
    return presentation | {"proof": proof}


def verify_presentation(
    presentation: JsonObject,
    resolve_issuer: Resolve,
    *,
    at: int,
    domain: Collection[str],
    challenge: str,
    resolve_holder: Resolve = resolve_did_key,
    suites: Sequence[Cryptosuite] = SUITES,
) -> VerifiedPresentation:
    """Verify a presentation and every proof of every credential in it.

    Args:
        presentation: from :func:`accord_client.documents.json_guard.load_object`.
        resolve_issuer: from a verification method to the key of an issuer.
        at: POSIX seconds.
        domain: the verifier's own domains; the proof must name exactly these.
        challenge: what the verifier asked, used once.
        resolve_holder: the same for holders.
        suites: those to judge.

    Raises:
        DecodeError: ``PRESENTATION_FORM`` (no presentation), ``PRESENTATION_COUNT``.
        ProofError: ``PRESENTATION_HOLDER`` (signed by somebody else than the subject of a credential, or
            than ``holder``), and as :func:`verify_proof`, with the place of the credential in ``path``.
    """
    credentials = _credentials(presentation)
    shown = verify_proof(
        presentation, resolve_holder, at=at, purpose=AUTHENTICATION,
        domain=domain, challenge=challenge, suites=suites,
    )  # fmt: skip
    if len(shown.proofs) != 1:
        raise ProofError("PRESENTATION_HOLDER", f"expected one proof, got {len(shown.proofs)}", path="proof")
    signer = shown.proofs[0].method.controller
    said = presentation.get("holder", signer)
    if (said.get("id") if isinstance(said, dict) else said) != signer:
        raise ProofError("PRESENTATION_HOLDER", f"expected {signer[:80]} as holder", path="holder")
    verified = []
    for place, credential in enumerate(credentials):
        path = f"verifiableCredential[{place}]"
        try:
            verified.append(verify_proof(credential, resolve_issuer, at=at, suites=suites))
        except ProofError as error:
            raise ProofError(error.code, error.detail, path=f"{path}.{error.path}") from error
        if signer not in _subjects(verified[-1].document):
            raise ProofError("PRESENTATION_HOLDER", f"expected {signer[:80]} as subject", path=path)
    return VerifiedPresentation(signer, shown.proofs[0], tuple(verified))


def _credentials(presentation: JsonObject) -> list[JsonObject]:
    types, contexts = presentation.get("type"), presentation.get("@context")
    first = contexts[0] if isinstance(contexts, list) and contexts else contexts
    names = types if isinstance(types, list) else [types]
    if "VerifiablePresentation" not in names or first not in (VC1_CONTEXT, VC2_CONTEXT):
        raise DecodeError("PRESENTATION_FORM", "expected a VerifiablePresentation", path="type")
    value: Any = presentation.get("verifiableCredential", [])
    credentials = value if isinstance(value, list) else [value]
    _check_count(credentials)
    for place, item in enumerate(credentials):
        if not isinstance(item, dict):
            raise DecodeError(
                "PRESENTATION_FORM", "expected an object", path=f"verifiableCredential[{place}]"
            )
    return credentials


def _check_count(credentials: Sequence[JsonObject]) -> None:
    if not 1 <= len(credentials) <= MAX_CREDENTIALS:
        raise DecodeError(
            "PRESENTATION_COUNT",
            f"expected 1 to {MAX_CREDENTIALS}, got {len(credentials)}",
            path="verifiableCredential",
        )


def _subjects(credential: JsonObject) -> list[str]:
    value = credential.get("credentialSubject", [])
    items = value if isinstance(value, list) else [value]
    return [str(item.get("id")) for item in items if isinstance(item, dict)]
