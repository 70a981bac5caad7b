"""Import: an Open Badge or CLR that somebody else issued is judged, and can be attached as evidence.

Nothing is fetched: keys come from ``did:key``, or from DID documents the caller obtained. What cannot be
judged is said to be unknown, never good. As evidence a document goes in by name and digest, so the badge it
is attached to commits to it without repeating what it says of the person.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, Literal

from accord_client.documents.cryptosuites import SUITES, Cryptosuite
from accord_client.documents.data_integrity import check_issuer, verify_proof
from accord_client.documents.did_web import did_resolver
from accord_client.documents.jcs import canonicalize
from accord_client.documents.json_guard import MAX_BYTES, JsonObject, load_object
from accord_client.documents.multikey import Resolve, VerificationMethod, resolve_did_key
from accord_client.documents.open_badge_check import KNOWN_CONTEXTS, check_open_badge, check_period
from accord_client.documents.timestamps import stamp_seconds
from accord_ledger.errors import AccordError, DecodeError, ProofError

Kind = Literal["open_badge", "clr"]
Verdict = Literal["good", "bad", "unknown"]

MAX_INNER: Final = 200
"""Most credentials of one CLR that are judged."""

_UNKNOWN: Final = frozenset({"PROOF_SUITE", "PROOF_METHOD", "PROOF_MISSING"})
"""Codes that say that something cannot be judged here, not that it is wrong."""


@dataclass(frozen=True, slots=True)
class ForeignCredential:
    """What was found of a document that somebody else issued."""

    kind: Kind
    document: JsonObject
    name: str
    issuer: str
    verdict: Verdict
    code: str
    """Why it is not good; empty if it is."""
    detail: str
    inner: tuple[ForeignCredential, ...] = ()
    """Credentials of a CLR, each judged by itself."""

    @property
    def digest(self) -> str:
        """``sha256-<hex>`` of the canonical document, signatures included."""
        return f"sha256-{sha256(canonicalize(self.document)).hexdigest()}"


def resolver_of(documents: Iterable[JsonObject], *, at: int) -> Resolve:
    """A :data:`Resolve` over ``did:key`` and these DID documents, by the DID each is of."""
    known = {str(document.get("id")): did_resolver(document, at=at) for document in documents}

    def resolve(url: str) -> VerificationMethod:
        if url.startswith("did:key:"):
            return resolve_did_key(url)
        found = known.get(url.partition("#")[0])
        if found is None:
            raise ProofError("EVIDENCE_KEY", f"expected a DID document for {url[:200]}")
        return found(url)

    return resolve


def import_credential(
    data: bytes, resolve: Resolve, *, at: int, suites: Sequence[Cryptosuite] = SUITES
) -> ForeignCredential:
    """Judge a foreign Open Badge or CLR.

    Args:
        data: JSON.
        resolve: keys, as from :func:`resolver_of`.
        at: POSIX seconds for which validity is asked.
        suites: proofs that can be judged.

    Raises:
        DecodeError: ``JSON_*``, or ``EVIDENCE_KIND``: neither an Open Badge nor a CLR.
    """
    document = load_object(data, limit=MAX_BYTES)
    types = document.get("type")
    named = types if isinstance(types, list) else [types]
    if "ClrCredential" in named:
        return _clr(document, resolve, at, suites)
    if {"OpenBadgeCredential", "AchievementCredential"} & {item for item in named if isinstance(item, str)}:
        return _badge(document, resolve, at, suites)
    raise DecodeError("EVIDENCE_KIND", "expected an Open Badge or a CLR", path="type")


def _badge(
    document: JsonObject, resolve: Resolve, at: int, suites: Sequence[Cryptosuite]
) -> ForeignCredential:
    def check() -> None:
        check_open_badge(document, contexts=KNOWN_CONTEXTS)
        check_period(document, at)
        check_issuer(verify_proof(document, resolve, at=at, suites=suites))

    return _found("open_badge", document, *_judge(check))


def _clr(document: JsonObject, resolve: Resolve, at: int, suites: Sequence[Cryptosuite]) -> ForeignCredential:
    subject = document.get("credentialSubject")
    given = subject.get("verifiableCredential", []) if isinstance(subject, dict) else []
    inner = given if isinstance(given, list) else [given]
    if len(inner) > MAX_INNER or not all(isinstance(item, dict) for item in inner):
        raise DecodeError(
            "EVIDENCE_KIND", f"expected up to {MAX_INNER} credentials", path="credentialSubject"
        )

    def check() -> None:
        begins = stamp_seconds(document.get("validFrom"), code="BADGE_DATE", path="validFrom")
        if at < begins:
            raise DecodeError("BADGE_NOT_YET_VALID", f"valid from {begins}, asked for {at}")
        check_issuer(verify_proof(document, resolve, at=at, suites=suites))

    parts = tuple(_badge(item, resolve, at, suites) for item in inner)
    return _found("clr", document, *_judge(check), parts)


def _judge(check: Any) -> tuple[Verdict, str, str]:
    try:
        check()
    except AccordError as error:
        return ("unknown" if error.code in _UNKNOWN else "bad"), error.code, error.detail
    return "good", "", ""


def _found(
    kind: Kind,
    document: JsonObject,
    verdict: Verdict,
    code: str,
    detail: str,
    inner: tuple[ForeignCredential, ...] = (),
) -> ForeignCredential:
    issuer = document.get("issuer")
    profile = issuer if isinstance(issuer, dict) else {"id": issuer}
    name = document.get("name")
    return ForeignCredential(
        kind=kind,
        document=document,
        name=name[:300] if isinstance(name, str) and name.strip() else "Credential",
        issuer=str(profile.get("name") or profile.get("id"))[:300],
        verdict=verdict,
        code=code,
        detail=detail,
        inner=inner,
    )


def as_evidence(found: ForeignCredential) -> JsonObject:
    """The document as an ``Evidence`` of Open Badges 3.0: by name and digest.

    Raises:
        ProofError: ``EVIDENCE_VERDICT``: it was not found good.
    """
    if found.verdict != "good":
        raise ProofError(
            "EVIDENCE_VERDICT", f"expected a credential that verifies: {found.code} {found.detail}"
        )
    return {
        "id": f"urn:sha256:{found.digest.removeprefix('sha256-')}",
        "type": ["Evidence"],
        "name": found.name,
        "description": f"Issued by {found.issuer}; verified before it was attached.",
        "genre": "Comprehensive Learner Record" if found.kind == "clr" else "Open Badge",
    }


def with_evidence(badge: JsonObject, evidence: Sequence[JsonObject]) -> JsonObject:
    """An unsigned badge with evidence added; sign it afterwards.

    Raises:
        ProofError: ``EVIDENCE_SIGNED``: a signature would no longer hold.
        DecodeError: ``BADGE_*``.
    """
    if "proof" in badge:
        raise ProofError("EVIDENCE_SIGNED", "expected a badge that is not signed yet", path="proof")
    given = badge.get("evidence", [])
    made = badge | {"evidence": [*(given if isinstance(given, list) else [given]), *evidence]}
    check_open_badge(made)
    return made
