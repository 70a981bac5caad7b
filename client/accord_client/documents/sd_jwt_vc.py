"""The same credential as an SD-JWT VC: what the ledger says is plain, what is personal can be shown or kept.

SD-JWT VC (IETF draft) on :mod:`~accord_client.documents.sd_jwt`. Plain are issuer, type, dates, title,
programme and credits, which everybody can read on the ledger for the whole batch. The names, the grade,
the outcomes, the student number and the email are disclosed one by one.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final

from accord_client.documents import sd_jwt
from accord_client.documents.json_guard import JsonObject
from accord_client.documents.multikey import Resolve, VerificationMethod
from accord_client.documents.open_badge_facts import BadgeDates, IssuerFacts, LearnerClaims, ProgrammeFacts
from accord_client.ids import LedgerReference
from accord_ledger.errors import AccordError, DecodeError, ProofError
from accord_ledger.keys import SigningKey

MEDIA_TYPE: Final = "application/dc+sd-jwt"
"""Media type; a document of it is committed to without its disclosures (FORMATS.md section 2)."""

TYPE: Final = "dc+sd-jwt"
"""``typ`` of the signed part; verifiers also take the older ``vc+sd-jwt``."""

VCT: Final = "urn:accord:micro-credential:1"
"""Type of the credential."""

SEED_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class TokenStatus:
    """Position in a Token Status List (IETF draft-ietf-oauth-status-list)."""

    uri: str
    index: int


@dataclass(frozen=True, slots=True)
class VerifiedVc:
    """An SD-JWT VC whose issuer's signature verified."""

    claims: JsonObject
    """Plain and disclosed claims."""
    method: VerificationMethod
    """The issuer's key."""
    holder: bytes
    """Key the credential is bound to (``cnf``)."""


def build_sd_jwt_vc(
    programme: ProgrammeFacts,
    issuer: IssuerFacts,
    learner: LearnerClaims,
    *,
    holder: bytes,
    reference: LedgerReference,
    dates: BadgeDates,
    seed: bytes,
    key: SigningKey,
    verification_method: str,
    status: TokenStatus | None = None,
) -> str:
    """The signed token with all its disclosures.

    Args:
        programme: what was achieved.
        issuer: who says so.
        learner: who achieved it.
        holder: the holder's public key for this credential.
        reference: the record on the ledger.
        dates: when.
        seed: 32 random bytes, from which the salts of the disclosures are derived.
        key: the issuer's.
        verification_method: URL of that key, becomes ``kid``.
        status: position in a status list.

    Raises:
        DecodeError: ``SDJWT_NUMBER``: credits that decimals cannot carry.
    """
    if len(seed) != SEED_BYTES:
        raise ValueError(f"expected a seed of {SEED_BYTES} bytes, got {len(seed)}")
    claims = {
        "iss": issuer.did,
        "vct": VCT,
        "jti": reference.urn,
        "iat": dates.valid_from,
        "exp": dates.valid_until,
        "title": programme.name,
        "programme": {"id": programme.id, "code": programme.code, "version": programme.version},
        "credits": _credits(programme),
        "cnf": sd_jwt.confirmation(holder),
        "status": None if status is None else {"status_list": {"idx": status.index, "uri": status.uri}},
    }
    hidden = [
        sd_jwt.disclosure(_salt(seed, name), value, name)
        for name, value in _personal(programme, learner).items()
    ]
    plain = {name: value for name, value in claims.items() if value is not None}
    return sd_jwt.issue({"typ": TYPE, "kid": verification_method}, plain, hidden, key)


def _salt(seed: bytes, name: str) -> bytes:
    return sha256(b"accord/disclosure/v1\x00" + seed + name.encode()).digest()[:16]


def _personal(programme: ProgrammeFacts, learner: LearnerClaims) -> JsonObject:
    members: JsonObject = {
        "family_name": learner.family_name,
        "given_name": learner.given_name,
        "grade": learner.result,
        "email": learner.email,
        "student_number": learner.identifier,
        "learning_outcomes": [{"name": item.name, "url": item.url} for item in programme.skills],
    }
    return {name: value for name, value in members.items() if value not in (None, [])}


def _credits(programme: ProgrammeFacts) -> JsonObject | None:
    """Value, unit and level; None where the programme has no credits."""
    if programme.credits is None:
        return None
    members: dict[str, Any] = {
        "value": decimal(programme.credits),
        "unit": programme.unit,
        "level": None if programme.level is None else programme.level.code,
        "framework": None if programme.level is None else programme.level.framework,
    }
    return {name: value for name, value in members.items() if value is not None}


@lru_cache(maxsize=256)
def decimal(value: Fraction) -> str:
    """Exact decimal text: ``"3.125"``; raises ``DecodeError`` ``SDJWT_NUMBER`` for thirds and the like."""
    digits = 0
    while digits <= 18 and value.denominator != 1 and (value * 10**digits).denominator != 1:
        digits += 1
    if digits > 18:
        raise DecodeError("SDJWT_NUMBER", f"expected a number that decimals carry, got {value}")
    if not digits:
        return str(value.numerator)
    whole, rest = divmod((value * 10**digits).numerator, 10**digits)
    return f"{whole}.{rest:0{digits}}"


def verify_sd_jwt_vc(
    text: str | sd_jwt.SdJwt, resolve: Resolve, *, binding: sd_jwt.Binding | None = None
) -> VerifiedVc:
    """Verify the issuer's signature, the disclosures, and the key binding if one is asked for.

    Dates and status are the caller's to judge.

    Args:
        text: the token, or one that was taken apart already.
        resolve: from ``kid`` to the key, as of the time that matters.
        binding: what the verifier asked for; without it a key binding is not looked at.

    Raises:
        DecodeError: as :func:`sd_jwt.parse`, :func:`sd_jwt.disclosed` and :func:`sd_jwt.holder_key`.
        ProofError: ``PROOF_METHOD``, ``PROOF_ISSUER``, and as :func:`sd_jwt.check_jwt` and
            :func:`sd_jwt.check_binding`.
    """
    token = sd_jwt.parse(text) if isinstance(text, str) else text
    typ = TYPE if token.header.get("typ") != "vc+sd-jwt" else "vc+sd-jwt"
    try:
        method = resolve(str(token.header.get("kid")))
    except AccordError as error:
        raise ProofError("PROOF_METHOD", str(error), path="kid") from error
    if "assertionMethod" not in method.purposes:
        raise ProofError("PROOF_PURPOSE", "expected a key for assertionMethod", path="kid")
    sd_jwt.check_signed(token, method.public, typ)
    claims = sd_jwt.disclosed(token)
    if token.payload.get("iss") != method.controller:
        raise ProofError(
            "PROOF_ISSUER", f"expected a key of {str(token.payload.get('iss'))[:80]}", path="iss"
        )
    for name in ("iss", "vct", "iat", "exp", "nbf", "cnf", "status"):
        if claims.get(name) != token.payload.get(name):
            raise DecodeError("SDJWT_CLAIM", f"expected {name} in the signed part (SD-JWT VC)", path=name)
    holder = sd_jwt.holder_key(claims)
    if binding is not None:
        sd_jwt.check_binding(token, holder, binding)
    return VerifiedVc(claims, method, holder)
