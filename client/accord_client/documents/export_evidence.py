"""Import: an Open Badge or CLR that somebody else issued is judged, and can be attached as evidence.

Nothing is fetched: keys come from ``did:key``, or from DID documents the caller obtained, and statuses from lists
the caller obtained. What cannot be judged is said to be unknown, never good: a badge whose status list is not here
may be revoked, and a transcript is as good as the worst credential in it. As evidence a document goes in by name and digest, so the badge it
is attached to commits to it without repeating what it says of the person.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
from accord_client.documents.status_bitstring import check_status_list, status_places
from accord_ledger.errors import AccordError, DecodeError, ProofError

Kind = Literal["open_badge", "clr"]
Verdict = Literal["good", "bad", "unknown"]

MAX_INNER: Final = 200
"""Most credentials of one CLR that are judged."""

_UNKNOWN: Final = frozenset({"PROOF_SUITE", "PROOF_METHOD", "PROOF_MISSING", "STATUS_UNCHECKED"})
"""Codes that say that something cannot be judged here, not that it is wrong."""

_WORST: Final[tuple[Verdict, ...]] = ("bad", "unknown", "good")
_SET: Final = {"revocation": "STATUS_REVOKED", "suspension": "STATUS_SUSPENDED"}
"""What a set bit means, by purpose; other purposes are not judged."""


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


@dataclass(frozen=True, slots=True)
class _Judge:
    """What is known of everybody."""

    resolve: Resolve
    at: int
    suites: Sequence[Cryptosuite]
    lists: Mapping[str, JsonObject]
    """Status lists, by address."""

    def badge(self, document: JsonObject) -> ForeignCredential:
        """An Open Badge."""

        def check() -> None:
            check_open_badge(document, contexts=KNOWN_CONTEXTS)
            self._common(document)

        return _found("open_badge", document, *_judge(check))

    def clr(self, document: JsonObject) -> ForeignCredential:
        """A transcript and everything in it."""
        subject = document.get("credentialSubject")
        given = subject.get("verifiableCredential", []) if isinstance(subject, dict) else []
        inner = given if isinstance(given, list) else [given]
        if len(inner) > MAX_INNER or not all(isinstance(item, dict) for item in inner):
            raise DecodeError(
                "EVIDENCE_KIND", f"expected up to {MAX_INNER} credentials", path="credentialSubject"
            )
        parts = tuple(self.badge(item) for item in inner)
        found = [_judge(lambda: self._common(document))]
        found += [
            (part.verdict, part.code, f"credential {place}: {part.detail}")
            for place, part in enumerate(parts)
        ]
        return _found("clr", document, *min(found, key=lambda item: _WORST.index(item[0])), parts)

    def _common(self, document: JsonObject) -> None:
        """Period, proof by the issuer, status."""
        check_period(document, self.at)
        check_issuer(verify_proof(document, self.resolve, at=self.at, suites=self.suites))
        self._status(document)

    def _status(self, document: JsonObject) -> None:
        """Raise ``STATUS_*`` unless every list is here and says nothing against the credential."""
        given = document.get("credentialStatus", [])
        absent = ""
        for entry in given if isinstance(given, list) else [given]:
            places = status_places({"credentialStatus": entry})
            place = places[0] if places and places[0].purpose in _SET else None
            listed = None if place is None else self.lists.get(place.url)
            if place is None or listed is None:
                absent = f"expected the list {place.url[:200]}" if place else "a status of another kind"
                continue
            issuer = str(_profile(document).get("id"))
            if check_status_list(listed, self.resolve, issuer=issuer, at=self.at).value(place):
                raise ProofError(_SET[place.purpose], "the issuer's list says so", path="credentialStatus")
        if absent:
            raise ProofError("STATUS_UNCHECKED", absent, path="credentialStatus")


def import_credential(
    data: bytes,
    resolve: Resolve,
    *,
    at: int,
    suites: Sequence[Cryptosuite] = SUITES,
    lists: Iterable[JsonObject] = (),
) -> ForeignCredential:
    """Judge a foreign Open Badge or CLR.

    Args:
        data: JSON.
        resolve: keys, as from :func:`resolver_of`.
        at: POSIX seconds for which validity is asked.
        suites: proofs that can be judged.
        lists: Bitstring Status Lists of issuers, each of ``at``.

    Raises:
        DecodeError: ``JSON_*``, or ``EVIDENCE_KIND``: neither an Open Badge nor a CLR.
    """
    document = load_object(data, limit=MAX_BYTES)
    judge = _Judge(resolve, at, suites, {str(item.get("id")): item for item in lists})
    types = document.get("type")
    named = types if isinstance(types, list) else [types]
    if "ClrCredential" in named:
        return judge.clr(document)
    if {"OpenBadgeCredential", "AchievementCredential"} & {item for item in named if isinstance(item, str)}:
        return judge.badge(document)
    raise DecodeError("EVIDENCE_KIND", "expected an Open Badge or a CLR", path="type")


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
    profile, name = _profile(document), document.get("name")
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


def _profile(document: JsonObject) -> JsonObject:
    issuer = document.get("issuer")
    return issuer if isinstance(issuer, dict) else {"id": issuer}


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
