"""Data Integrity proofs: made, and checked against what the signer really signed.

W3C VC Data Integrity 1.0 (sections 4.2 to 4.5: proofs, sets, chains) with the suites of
:mod:`accord_client.documents.cryptosuites`; another suite is another :class:`Cryptosuite` value and changes
nothing else here. ``Ed25519Signature2020`` is verified and never made.

:func:`verify_proof` returns the document *as signed*. Use that and not the input: a proof of
``eddsa-jcs-2022`` allows contexts to be appended after signing, and they are cut off here. A suite over RDF
covers what the document says, not its bytes: the order of an array, or one item without its brackets, is
not signed. What must not change at all is covered by the commitment of the batch.
Who may sign for whom, and when, is asked of ``resolve``; whether the signer is the document's issuer is
:func:`check_issuer`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from accord_client.documents.cryptosuites import (
    EDDSA_JCS_2022,
    PROOF_TYPE,
    SUITES,
    Cryptosuite,
)
from accord_client.documents.jcs import canonicalize
from accord_client.documents.json_guard import JsonObject
from accord_client.documents.multikey import (
    Resolve,
    VerificationMethod,
    multibase_decode,
    multibase_encode,
)
from accord_client.documents.timestamps import stamp_seconds, stamp_text
from accord_ledger.errors import AccordError, ProofError
from accord_ledger.keys import SIGNATURE_BYTES, SigningKey, verifies

ASSERTION: Final = "assertionMethod"
"""Purpose of a proof that makes a claim: every credential."""
AUTHENTICATION: Final = "authentication"
"""Purpose of a proof that answers a challenge: every presentation."""

MAX_PROOFS: Final = 8
"""Most proofs on one document; each costs a canonicalization of all of it."""

_TEXT_MEMBERS: Final = ("id", "type", "verificationMethod", "proofPurpose", "proofValue")


@dataclass(frozen=True, slots=True)
class VerifiedProof:
    """One proof that verified."""

    method: VerificationMethod
    """The key, whose it is, and what it may be used for."""
    cryptosuite: str
    """Suite it verified under."""
    purpose: str
    """``proofPurpose``, already allowed for the key."""
    created: int | None
    """The signer's claim, POSIX seconds; authority comes from the ledger's time only."""


@dataclass(frozen=True, slots=True)
class VerifiedDocument:
    """A document all of whose judged proofs verified."""

    document: JsonObject
    """What every signer signed: without proofs, with the contexts that all proofs cover."""
    proofs: tuple[VerifiedProof, ...]
    """At least one."""
    unknown: tuple[str, ...]
    """Suites of the proofs that were not judged, if the caller allowed any."""


# ---- making ------------------------------------------------------------------------------------------


def create_proof(
    document: JsonObject,
    key: SigningKey,
    verification_method: str,
    created: int,
    purpose: str = ASSERTION,
    *,
    expires: int | None = None,
    domain: str | list[str] | None = None,
    challenge: str | None = None,
    proof_id: str | None = None,
    previous: str | list[str] | None = None,
    suite: Cryptosuite = EDDSA_JCS_2022,
) -> JsonObject:
    """A proof over ``document``; proofs it already has are covered only as far as ``previous`` names them.

    Args:
        document: with or without ``proof``; not changed.
        key: the signer.
        verification_method: URL under which verifiers find the public key.
        created: POSIX seconds.
        purpose: ``assertionMethod``, ``authentication`` ...
        expires: POSIX seconds from which the proof no longer counts.
        domain: where the proof is meant to be used.
        challenge: the verifier's, for an authentication.
        proof_id: a URL, for later proofs to name this one.
        previous: ``id`` of proofs on the document that this one builds on (a proof chain).
        suite: how to canonicalize.

    Raises:
        ProofError: ``PROOF_CHAIN`` (``previous`` names no proof) or ``PROOF_MALFORMED``.
        DecodeError: ``JCS_*``, or ``CONTEXT_*``, ``JSONLD_*`` and ``RDF_*``: no canonical form.
        ValueError: the suite is for reading only.
    """
    if suite.proof_type != PROOF_TYPE:
        raise ValueError(f"expected a suite of today, got {suite.name}")
    members: JsonObject = {
        "id": proof_id,
        "type": PROOF_TYPE,
        "cryptosuite": suite.name,
        "created": stamp_text(created),
        "expires": None if expires is None else stamp_text(expires),
        "verificationMethod": verification_method,
        "proofPurpose": purpose,
        "domain": domain,
        "challenge": challenge,
        "previousProof": previous,
        "@context": document.get("@context") if suite.own_context else None,
    }
    config = {name: value for name, value in members.items() if value is not None}
    signature = key.sign(suite.hash_data(_input_document(document, config), config))
    return config | {"proofValue": multibase_encode(signature)}


def add_proof(document: JsonObject, proof: JsonObject) -> JsonObject:
    """The document with one more proof; ``proof`` becomes an array, as Open Badges ask (FORMATS.md 3)."""
    return document | {"proof": [*_proofs(document), proof]}


# ---- checking ----------------------------------------------------------------------------------------


def verify_proof(
    document: JsonObject,
    resolve: Resolve,
    *,
    at: int,
    purpose: str = ASSERTION,
    domain: Collection[str] | None = None,
    challenge: str | None = None,
    suites: Sequence[Cryptosuite] = SUITES,
    ignore_unknown_suites: bool = False,
) -> VerifiedDocument:
    """Verify every proof of a document: one, a set, or a chain.

    Args:
        document: from :func:`accord_client.documents.json_guard.load_object`.
        resolve: from the URL of a verification method to the key, as of the time that matters.
        at: POSIX seconds at which ``expires`` is judged.
        purpose: what every proof must have been made for.
        domain: the verifier's own domains; if given, the proof must name exactly these.
        challenge: what the verifier asked; if given, the proof must repeat it.
        suites: those to judge; all that are known unless the caller wants fewer.
        ignore_unknown_suites: accept proofs of other suites beside one that verifies; they are listed
            in the result and prove nothing.

    Raises:
        ProofError: ``PROOF_MISSING``, ``PROOF_COUNT``, ``PROOF_MALFORMED``, ``PROOF_SUITE``,
            ``PROOF_PURPOSE``, ``PROOF_DOMAIN``, ``PROOF_CHALLENGE``, ``PROOF_EXPIRED``,
            ``PROOF_CONTEXT``, ``PROOF_CHAIN``, ``PROOF_METHOD`` (no such key) or ``PROOF_SIGNATURE``.
        DecodeError: ``JCS_*``, or ``CONTEXT_*``, ``JSONLD_*`` and ``RDF_*``: no canonical form, or one
            that would not cover everything the document says.
    """
    if purpose == AUTHENTICATION and challenge is None:
        raise ValueError("an authentication proves nothing without the challenge it answers")
    known = {suite.name: suite for suite in suites}
    judged, unknown = _partition(_proofs(document), known, ignore_unknown_suites)
    verified = []
    for path, proof in judged:
        _check_options(proof, path, at=at, purpose=purpose, domain=domain, challenge=challenge)
        _check_chain(proof, path, [other for _, other in judged])
        verified.append(_verify_one(document, proof, path, resolve, known[_suite_name(proof)]))
    return VerifiedDocument(_as_signed(document, [proof for _, proof in judged]), tuple(verified), unknown)


def check_issuer(verified: VerifiedDocument) -> VerifiedProof:
    """The proof made by the credential's own issuer; who else signed does not matter here.

    Raises:
        ProofError: ``PROOF_ISSUER``: no verified proof is by a key of the document's ``issuer``.
    """
    issuer = verified.document.get("issuer")
    name = issuer.get("id") if isinstance(issuer, dict) else issuer
    for proof in verified.proofs:
        if isinstance(name, str) and proof.method.controller == name and proof.purpose == ASSERTION:
            return proof
    signers = ", ".join(proof.method.controller[:80] for proof in verified.proofs)
    raise ProofError("PROOF_ISSUER", f"expected a proof by {str(name)[:80]}, got {signers}", path="issuer")


def _proofs(document: JsonObject) -> list[JsonObject]:
    value = document.get("proof", [])
    proofs = value if isinstance(value, list) else [value]
    if len(proofs) > MAX_PROOFS:
        raise ProofError("PROOF_COUNT", f"expected at most {MAX_PROOFS}, got {len(proofs)}", path="proof")
    for position, proof in enumerate(proofs):
        if not isinstance(proof, dict):
            raise ProofError("PROOF_MALFORMED", "expected an object", path=f"proof[{position}]")
    return proofs


def _suite_name(proof: JsonObject) -> str:
    """``cryptosuite``, or the type of a proof that has none."""
    return str(proof.get("cryptosuite", proof.get("type")))


def _partition(
    proofs: list[JsonObject], known: dict[str, Cryptosuite], ignore: bool
) -> tuple[list[tuple[str, JsonObject]], tuple[str, ...]]:
    judged: list[tuple[str, JsonObject]] = []
    unknown: list[str] = []
    for position, proof in enumerate(proofs):
        path, suite = f"proof[{position}]", _suite_name(proof)
        if suite in known and proof.get("type") == known[suite].proof_type:
            judged.append((path, proof))
        elif ignore:
            unknown.append(suite[:80])
        else:
            raise ProofError("PROOF_SUITE", f"expected one of {sorted(known)}, got {suite[:80]}", path=path)
    if not judged:
        raise ProofError("PROOF_MISSING", f"expected a proof of {sorted(known)}, got {unknown}", path="proof")
    return judged, tuple(unknown)


def _check_options(
    proof: JsonObject,
    path: str,
    *,
    at: int,
    purpose: str,
    domain: Collection[str] | None,
    challenge: str | None,
) -> None:
    """Data Integrity section 4.4, steps 4 to 7, and the dates of section 2.1."""
    for name in _TEXT_MEMBERS:
        if not isinstance(proof.get(name, "" if name == "id" else None), str):
            raise ProofError("PROOF_MALFORMED", "expected text", path=f"{path}.{name}")
    if proof["proofPurpose"] != purpose:
        got = proof["proofPurpose"][:80]
        raise ProofError("PROOF_PURPOSE", f"expected {purpose}, got {got}", path=f"{path}.proofPurpose")
    if domain is not None and set(_texts(proof, "domain", path)) != set(domain):
        raise ProofError("PROOF_DOMAIN", f"expected {sorted(domain)}", path=f"{path}.domain")
    if challenge is not None and proof.get("challenge") != challenge:
        raise ProofError("PROOF_CHALLENGE", f"expected {challenge!r}", path=f"{path}.challenge")
    _moment(proof, "created", path)
    expires = _moment(proof, "expires", path)
    if expires is not None and at >= expires:
        raise ProofError("PROOF_EXPIRED", f"expired at {proof['expires']}", path=f"{path}.expires")


def _texts(proof: JsonObject, name: str, path: str) -> list[str]:
    """A member that is one text or an array of texts; absent is empty."""
    value: Any = proof.get(name, [])
    values = value if isinstance(value, list) else [value]
    if not all(isinstance(item, str) for item in values):
        raise ProofError("PROOF_MALFORMED", "expected text or an array of text", path=f"{path}.{name}")
    return values


def _moment(proof: JsonObject, name: str, path: str) -> int | None:
    if name not in proof:
        return None
    try:
        return stamp_seconds(proof[name], code="PROOF_MALFORMED", path=f"{path}.{name}")
    except AccordError as error:
        raise ProofError(error.code, error.detail, path=error.path) from error


def _check_chain(proof: JsonObject, path: str, judged: list[JsonObject]) -> None:
    """A proof counts only if all it builds on count too (Data Integrity section 4.5)."""
    for name in _texts(proof, "previousProof", path):
        matching = [other for other in judged if other.get("id") == name]
        if len(matching) != 1:
            raise ProofError(
                "PROOF_CHAIN",
                f"expected one verified proof {name[:80]}, got {len(matching)}",
                path=f"{path}.previousProof",
            )


def _input_document(document: JsonObject, config: JsonObject) -> JsonObject:
    """The document a proof covers: without proofs, or with just those it builds on (section 4.3 step 6)."""
    unsecured = {name: value for name, value in document.items() if name != "proof"}
    names = _texts(config, "previousProof", "proof")
    if not names:
        return unsecured
    matching = [other for other in _proofs(document) if other.get("id") in names]
    if len({other["id"] for other in matching}) != len(set(names)):
        raise ProofError("PROOF_CHAIN", f"expected proofs {names}, got {len(matching)}", path="previousProof")
    return unsecured | {"proof": matching}


def _verify_one(
    document: JsonObject, proof: JsonObject, path: str, resolve: Resolve, suite: Cryptosuite
) -> VerifiedProof:
    """VC Data Integrity EdDSA, sections 3.2.2 and 3.3.2."""
    signature = _signature(proof, path)
    method = _method(proof, path, resolve)
    signed = _input_document(document, proof)
    if "@context" in proof:
        _check_context(document, proof, path, whole=not suite.own_context)
        signed["@context"] = proof["@context"]
    config = {name: value for name, value in proof.items() if name != "proofValue"}
    if not verifies(method.public, suite.hash_data(signed, config), signature):
        raise ProofError("PROOF_SIGNATURE", f"expected a valid signature of {method.id[:120]}", path=path)
    created = _moment(proof, "created", path)
    return VerifiedProof(method, suite.name, proof["proofPurpose"], created)


def _signature(proof: JsonObject, path: str) -> bytes:
    place = f"{path}.proofValue"
    try:
        signature = multibase_decode(proof["proofValue"])
    except AccordError as error:
        raise ProofError("PROOF_MALFORMED", error.detail, path=place) from error
    if len(signature) != SIGNATURE_BYTES:
        got = len(signature)
        raise ProofError("PROOF_MALFORMED", f"expected {SIGNATURE_BYTES} bytes, got {got}", path=place)
    return signature


def _method(proof: JsonObject, path: str, resolve: Resolve) -> VerificationMethod:
    place = f"{path}.verificationMethod"
    try:
        method = resolve(proof["verificationMethod"])
    except AccordError as error:
        raise ProofError("PROOF_METHOD", str(error), path=place) from error
    if proof["proofPurpose"] not in method.purposes:
        raise ProofError(
            "PROOF_PURPOSE",
            f"expected a key for {proof['proofPurpose']}, got {sorted(method.purposes)}",
            path=place,
        )
    return method


def _contexts(holder: JsonObject) -> list[Any]:
    value = holder.get("@context", [])
    return value if isinstance(value, list) else [value]


def _check_context(document: JsonObject, proof: JsonObject, path: str, *, whole: bool) -> None:
    """The document's contexts start with all of the proof's, in order (section 3.3.2 step 4.1).

    A proof over RDF is read with the document's own contexts; if it names some, they are just those.
    """
    signed, given = _contexts(proof), _contexts(document)
    if canonicalize(given if whole else given[: len(signed)]) != canonicalize(signed):
        raise ProofError(
            "PROOF_CONTEXT", "expected contexts that begin with the signed ones", path=f"{path}.@context"
        )


def _as_signed(document: JsonObject, proofs: list[JsonObject]) -> JsonObject:
    unsecured = {name: value for name, value in document.items() if name != "proof"}
    signed = [proof["@context"] for proof in proofs if "@context" in proof]
    if signed:
        unsecured["@context"] = min(signed, key=lambda value: len(value) if isinstance(value, list) else 1)
    return unsecured
