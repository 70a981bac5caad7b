"""Whether a credential or a presentation is what it claims to be: form, proofs, issuer, dates, status.

VC Data Model 2.0, section 7 (verification), with VC Data Integrity 1.0. Pure: contexts, keys, the time and
what is known of statuses are given. What could not be judged is said in ``warnings``, never passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from accord_client.documents.cryptosuites import ED25519_SIGNATURE_2020, Cryptosuite, with_contexts
from accord_client.documents.data_integrity import (
    AUTHENTICATION,
    VerifiedDocument,
    VerifiedProof,
    check_issuer,
    verify_proof,
)
from accord_client.documents.json_guard import JsonObject
from accord_client.documents.multikey import Resolve
from accord_client.documents.open_badge_check import VC1_CONTEXT
from accord_client.gateway import vc_values as v
from accord_client.gateway.foreign_status import issuer_name
from accord_client.gateway.open_contexts import OpenContexts, has_inline
from accord_client.gateway.vc_rules import check_credential, check_presentation
from accord_ledger.errors import AccordError, DecodeError, ProofError

MAX_CREDENTIALS: Final = 32
"""Most credentials of one presentation."""

CHECKS: Final = ("proof", "issuer", "validity", "status")
"""What a caller may ask for, all unless it says otherwise; form belongs to ``proof``, which is always judged.
Verification in the sense of the VC Data Model is ``proof``; the others are its appendix A, validation."""


@dataclass(frozen=True, slots=True)
class Verifier:
    """What a verifier knows."""

    contexts: OpenContexts
    resolve: Resolve
    at: int
    """POSIX seconds."""
    status: Callable[[JsonObject, str], AccordError | None]
    """Judges one entry of ``credentialStatus`` of a credential of this issuer: None if in order,
    ``STATUS_UNCHECKED`` if nobody can say here."""

    def suites_for(self, document: JsonObject) -> tuple[Cryptosuite, ...]:
        """The suites; a document with inline contexts gets a memory of its own, so that none ever grows."""
        return with_contexts(self.contexts.fresh() if has_inline(document) else self.contexts)


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found good."""

    document: JsonObject
    """As signed."""
    proofs: tuple[VerifiedProof, ...]
    warnings: list[AccordError] = field(default_factory=list)
    """What was not judged, and what a verifier may want to refuse."""
    credentials: tuple[Verified, ...] = ()
    """Of a presentation."""


def verify_credential(
    credential: JsonObject, verifier: Verifier, checks: Collection[str] = CHECKS
) -> Verified:
    """Judge a credential.

    Args:
        credential: from :func:`accord_client.documents.json_guard.load_object`.
        verifier: what is known.
        checks: which of :data:`CHECKS`; a signer who is not the issuer is then a warning.

    Raises:
        DecodeError: ``VC_*`` (:mod:`vc_rules`), ``VC_NOT_YET_VALID``, ``VC_EXPIRED``,
            ``VC_RESOURCE_MISMATCH``, and as :func:`verify_proof`.
        ProofError: as :func:`verify_proof` and :func:`check_issuer`; ``STATUS_REVOKED``, ``STATUS_SUSPENDED``.
    """
    model = check_credential(credential)
    verifier.contexts.check(credential["@context"])
    _check_created(credential)
    verified = verify_proof(
        credential, verifier.resolve, at=verifier.at, suites=verifier.suites_for(credential)
    )
    warnings = check_resources(verified.document, verifier.contexts)
    try:
        check_issuer(verified)
    except ProofError as error:
        if "issuer" in checks:
            raise
        warnings.append(error)
    if "validity" in checks:
        check_period(verified.document, model, verifier.at)
    if "status" in checks:
        warnings += _judge_status(verified.document, verifier)
    return Verified(verified.document, verified.proofs, warnings)


def _judge_status(credential: JsonObject, verifier: Verifier) -> list[AccordError]:
    warnings = []
    for entry in v.items(credential.get("credentialStatus", v.ABSENT)):
        found = verifier.status(entry, issuer_name(credential))
        if found is not None and found.code != "STATUS_UNCHECKED":
            raise found
        if found is not None:
            warnings.append(found)
    return warnings


def _check_created(document: JsonObject) -> None:
    """``created`` is required by Ed25519Signature2020 and optional in Data Integrity."""
    for place, proof in enumerate(v.items(document.get("proof", v.ABSENT))):
        if proof.get("type") == ED25519_SIGNATURE_2020.proof_type and "created" not in proof:
            raise ProofError("PROOF_MALFORMED", "expected a date", path=f"proof[{place}].created")


def check_period(credential: JsonObject, model: str, at: int) -> None:
    """Raise ``VC_NOT_YET_VALID`` or ``VC_EXPIRED`` unless valid at ``at`` (section 4.9)."""
    old = model == VC1_CONTEXT
    names = ("issuanceDate", "expirationDate") if old else ("validFrom", "validUntil")
    read = v.old_moment if old else v.moment
    begin, end = (read(credential.get(name)) for name in names)
    if begin is not None and at < begin:
        raise DecodeError("VC_NOT_YET_VALID", f"valid from {credential[names[0]]}", path=names[0])
    if end is not None and at > end:
        raise DecodeError("VC_EXPIRED", f"valid until {credential[names[1]]}", path=names[1])


def check_resources(credential: JsonObject, contexts: OpenContexts) -> list[AccordError]:
    """Judge the digests of resources that are here; nothing is fetched (section 5.3).

    Raises:
        DecodeError: ``VC_RESOURCE_MISMATCH``: a digest is of something else.
    """
    warnings: list[AccordError] = []
    for place, item in enumerate(v.items(credential.get("relatedResource", v.ABSENT))):
        path, content = f"relatedResource[{place}]", contexts.texts.get(item["id"])
        if content is None:
            warnings.append(ProofError("VC_RESOURCE_UNCHECKED", f"{item['id'][:120]} is not here", path=path))
            continue
        for found in (v.sri_digest(item.get("digestSRI")), v.multibase_digest(item.get("digestMultibase"))):
            if found is not None and not v.matches(found, content):
                raise DecodeError(
                    "VC_RESOURCE_MISMATCH", f"expected the digest of {item['id'][:120]}", path=path
                )
    return warnings


def verify_shown(
    presentation: JsonObject,
    verifier: Verifier,
    *,
    challenge: str,
    domain: Sequence[str] | None,
    checks: Collection[str] = CHECKS,
) -> Verified:
    """Judge a presentation and every credential in it.

    Args:
        presentation: from :func:`accord_client.documents.json_guard.load_object`.
        verifier: what is known.
        challenge: what the verifier asked.
        domain: the verifier's own; None if it named none.
        checks: which of :data:`CHECKS`, for the credentials.

    Raises:
        DecodeError: ``VC_*``, ``VP_*``, and as :func:`verify_credential` with the place in ``path``.
        ProofError: ``VP_HOLDER_PROOF`` (``holder`` is somebody who did not sign), and as :func:`verify_proof`.
    """
    check_presentation(presentation)
    verifier.contexts.check(presentation["@context"])
    _check_created(presentation)
    credentials = v.items(presentation.get("verifiableCredential", v.ABSENT))
    if len(credentials) > MAX_CREDENTIALS:
        raise DecodeError(
            "VP_CREDENTIAL_COUNT", f"expected at most {MAX_CREDENTIALS}", path="verifiableCredential"
        )
    shown = verify_proof(
        presentation, verifier.resolve, at=verifier.at, purpose=AUTHENTICATION,
        domain=domain, challenge=challenge, suites=verifier.suites_for(presentation),
    )  # fmt: skip
    signers = {proof.method.controller for proof in shown.proofs}
    _check_holder(shown, signers)
    warnings: list[AccordError] = []
    verified = []
    for place, credential in enumerate(credentials):
        path = f"verifiableCredential[{place}]"
        found = _located(credential, verifier, checks, path)
        if not signers & set(subjects(found.document)):
            warnings.append(ProofError("VP_SUBJECT", "shown by somebody else than its subject", path=path))
        warnings += [
            type(item)(item.code, item.detail, path=f"{path}.{item.path}") for item in found.warnings
        ]
        verified.append(found)
    return Verified(shown.document, shown.proofs, warnings, tuple(verified))


def _located(credential: JsonObject, verifier: Verifier, checks: Collection[str], path: str) -> Verified:
    try:
        return verify_credential(credential, verifier, checks)
    except AccordError as error:
        raise type(error)(error.code, error.detail, path=f"{path}.{error.path}".rstrip(".")) from error


def _check_holder(shown: VerifiedDocument, signers: set[str]) -> None:
    said = shown.document.get("holder")
    name = said.get("id") if isinstance(said, dict) else said
    if name is not None and name not in signers:
        raise ProofError("VP_HOLDER_PROOF", f"expected a proof by {str(name)[:80]}", path="holder")


def subjects(credential: JsonObject) -> list[str]:
    """Who a credential is about, by ``id``."""
    value: Any = credential.get("credentialSubject", v.ABSENT)
    return [
        item["id"] for item in v.items(value) if isinstance(item, dict) and isinstance(item.get("id"), str)
    ]
