"""Open Badges 3.0: from the facts of a programme, an issuer and a learner to the learner's credential.

FORMATS.md section 3. Plain facts in, an unsigned JSON object out; the same facts always give the same
object. ``credentialSubject.id`` is the holder's fresh ``did:key``, so a presentation can be signed with it.

Where the ledger record is: in the credential's own ``id``, ``urn:accord:<network>:<batch>:<index>``. Open
Badges require ``id`` as the "unambiguous reference to the credential", and on the ledger a credential *is*
``(batch_id, index)``; so every wallet keeps the reference and every proof covers it, without a context of
our own. The other places would say something else: ``evidence`` is the learner's work, ``termsOfUse`` a
policy, ``relatedResource`` needs the digest of a record that commits to this very document, and
``credentialSubject.identifier`` names the person.
"""

from __future__ import annotations

from fractions import Fraction
from hashlib import sha256
from typing import Any, Final

from accord_client.documents.json_guard import MAX_SAFE_INTEGER, JsonObject
from accord_client.documents.multikey import did_key
from accord_client.documents.open_badge_check import CONTEXTS, check_open_badge
from accord_client.documents.open_badge_facts import (
    Alignment,
    BadgeDates,
    IssuerFacts,
    LearnerClaims,
    ProgrammeFacts,
    StatusEntry,
)
from accord_client.documents.timestamps import stamp_text
from accord_client.ids import LedgerReference
from accord_ledger.errors import DecodeError

MEDIA_TYPE: Final = "application/vc"
"""Media type of a credential secured by embedded proofs (VC Data Model 2.0, section 6.2)."""


def build_open_badge(
    programme: ProgrammeFacts,
    issuer: IssuerFacts,
    learner: LearnerClaims,
    *,
    holder: bytes,
    reference: LedgerReference,
    dates: BadgeDates,
    identity_salt: bytes,
    status: tuple[StatusEntry, ...] = (),
) -> JsonObject:
    """The unsigned credential.

    Args:
        programme: what was achieved.
        issuer: who says so.
        learner: who achieved it.
        holder: the holder's public key for this credential (32 bytes).
        reference: the record on the ledger, which becomes the ``id``.
        dates: when.
        identity_salt: random bytes that salt the hashed identifiers of this badge only.
        status: positions in status lists.

    Raises:
        DecodeError: ``BADGE_*``: the facts make no Open Badge (:func:`check_open_badge`), credits that
            decimals cannot carry (``BADGE_CREDITS``) or a result outside the scale (``BADGE_RESULT``).
    """
    own = learner_parts(programme, learner, holder, reference, identity_salt, status)
    document: JsonObject = {
        "@context": list(CONTEXTS),
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": programme.name,
        "description": programme.description,
        "issuer": _profile(issuer),
        "validFrom": stamp_text(dates.valid_from),
        "validUntil": None if dates.valid_until is None else stamp_text(dates.valid_until),
        "awardedDate": None if dates.awarded is None else stamp_text(dates.awarded),
        **own,
        "credentialSubject": own["credentialSubject"]
        | _present(
            {
                "type": ["AchievementSubject"],
                "creditsEarned": _decimal(programme.credits),
                "achievement": _achievement(programme, issuer),
            }
        ),
    }
    badge = _present(document)
    check_open_badge(badge)
    return badge


def learner_parts(
    programme: ProgrammeFacts,
    learner: LearnerClaims,
    holder: bytes,
    reference: LedgerReference,
    identity_salt: bytes,
    status: tuple[StatusEntry, ...] = (),
) -> JsonObject:
    """All members in which badges of one programme differ, where they stand in the badge.

    Raises:
        DecodeError: ``BADGE_RESULT``: a result outside the scale.
    """
    subject = {
        "id": did_key(holder),
        "identifier": _identities(learner, identity_salt.hex()),
        "result": _result(programme, learner),
    }
    own = {"id": reference.urn, "credentialSubject": _present(subject), "credentialStatus": _status(status)}
    return _present(own)


def ledger_reference(document: JsonObject) -> LedgerReference:
    """The ledger record a badge of ours names; ``DecodeError`` ``LEDGER_REFERENCE`` for other badges."""
    return LedgerReference.parse(str(document.get("id")))


def identity_hash(identity: str, salt: str) -> str:
    """``sha256$<hex>`` over the identity followed by the salt (Open Badges 3.0, IdentityHash)."""
    return "sha256$" + sha256((identity + salt).encode()).hexdigest()


def _present(members: dict[str, Any]) -> JsonObject:
    return {name: value for name, value in members.items() if value is not None and value not in ([], ())}


def _profile(issuer: IssuerFacts) -> JsonObject:
    entries = [
        {"type": "IdentifierEntry", "identifier": value, "identifierType": f"ext:{system}"}
        for system, value in issuer.external_ids
    ]
    return _present(
        {
            "id": issuer.did,
            "type": ["Profile"],
            "name": issuer.name,
            "url": issuer.url,
            "email": issuer.email,
            "otherIdentifier": entries,
        }
    )


def _identities(learner: LearnerClaims, salt: str) -> list[JsonObject]:
    """The name as it is, since a credential of nobody is of no use; the rest as salted hashes."""
    kind = "IdentityObject"
    name = {"type": kind, "hashed": False, "identityHash": learner.full_name, "identityType": "name"}
    hashed = [("emailAddress", learner.email and learner.email.lower()), ("identifier", learner.identifier)]
    return [name] + [
        {
            "type": kind,
            "hashed": True,
            "identityHash": identity_hash(value, salt),
            "identityType": identity_type,
            "salt": salt,
        }
        for identity_type, value in hashed
        if value
    ]


def _achievement(programme: ProgrammeFacts, issuer: IssuerFacts) -> JsonObject:
    levels = () if programme.level is None else (programme.level,)
    return _present(
        {
            "id": programme.id,
            "type": ["Achievement"],
            "achievementType": programme.achievement_type,
            "name": programme.name,
            "description": programme.description,
            "criteria": _criteria(programme),
            "creator": {"id": issuer.did, "type": ["Profile"], "name": issuer.name},
            "humanCode": programme.code,
            "version": programme.version,
            "inLanguage": programme.language,
            "fieldOfStudy": programme.field,
            "creditsAvailable": _decimal(programme.credits),
            "tag": list(programme.tags),
            "alignment": [_alignment(item) for item in (*levels, *programme.skills)],
            "resultDescription": _result_description(programme),
        }
    )


def _criteria(programme: ProgrammeFacts) -> JsonObject:
    narrative = programme.criteria
    if programme.hours is not None:
        narrative += f"\n\nWorkload: {_decimal(programme.hours)} hours."
    if programme.assessment is not None:
        narrative += f"\n\nAssessment: {programme.assessment}."
    if programme.quality:
        narrative += f"\n\nQuality assurance: {'; '.join(programme.quality)}."
    return _present({"id": programme.criteria_url, "narrative": narrative})


def _alignment(item: Alignment) -> JsonObject:
    return _present(
        {
            "type": ["Alignment"],
            "targetName": item.name,
            "targetUrl": item.url,
            "targetFramework": item.framework,
            "targetCode": item.code,
            "targetType": item.target_type,
        }
    )


def _result_id(programme: ProgrammeFacts) -> str:
    return f"{programme.id}#result"


def _result_description(programme: ProgrammeFacts) -> list[JsonObject]:
    scale = programme.result
    if scale is None:
        return []
    described = {
        "id": _result_id(programme),
        "type": ["ResultDescription"],
        "name": scale.name,
        "resultType": scale.kind,
        "allowedValue": list(scale.allowed),
        "requiredValue": scale.required,
    }
    return [_present(described)]


def _result(programme: ProgrammeFacts, learner: LearnerClaims) -> list[JsonObject]:
    scale = programme.result
    if learner.result is None:
        return []
    if scale is None or (scale.allowed and learner.result not in scale.allowed):
        allowed = "no result" if scale is None else f"one of {list(scale.allowed)[:20]}"
        raise DecodeError("BADGE_RESULT", f"expected {allowed}, got {learner.result[:40]!r}", path="result")
    return [{"type": ["Result"], "resultDescription": _result_id(programme), "value": learner.result}]


def _status(entries: tuple[StatusEntry, ...]) -> JsonObject | list[JsonObject] | None:
    """One object where one is enough, as Open Badges have it; several as VC Data Model 2.0 allows."""
    made = [
        {
            "id": f"{entry.list_url}#{entry.index}",
            "type": "BitstringStatusListEntry",
            "statusPurpose": entry.purpose,
            "statusListIndex": str(entry.index),
            "statusListCredential": entry.list_url,
        }
        for entry in entries
    ]
    return made[0] if len(made) == 1 else made


def _decimal(value: Fraction | None) -> int | float | None:
    """The number a JSON reader gets back exactly, in as many decimals as it shows."""
    if value is None:
        return None
    if value.denominator == 1 and abs(value.numerator) <= MAX_SAFE_INTEGER:
        return value.numerator
    number = float(value) if abs(value) <= MAX_SAFE_INTEGER else 0.0
    if Fraction(repr(number)) != value:
        raise DecodeError("BADGE_CREDITS", f"expected a number that decimals carry, got {value}")
    return number
