"""Whether a document is an Open Badge that can be read: members, types, dates, known contexts.

Open Badges 3.0 on VC Data Model 2.0, and on 1.1 for badges that are around (FORMATS.md section 3). The
check is of form only: signatures are :mod:`accord_client.documents.data_integrity`, status and authority
are the ledger's. What is not described here may be present and means nothing to us.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any, Final

from accord_client.documents.json_guard import JsonObject
from accord_client.documents.timestamps import stamp_seconds
from accord_ledger.errors import DecodeError

VC2_CONTEXT: Final = "https://www.w3.org/ns/credentials/v2"
VC1_CONTEXT: Final = "https://www.w3.org/2018/credentials/v1"
OB_CONTEXT: Final = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
CONTEXTS: Final = (VC2_CONTEXT, OB_CONTEXT)
"""The exact pair of every badge made here; another URL would change the signed N-Quads."""

KNOWN_CONTEXTS: Final = frozenset(
    {
        "https://purl.imsglobal.org/spec/ob/v3p0/extensions.json",
        "https://w3id.org/security/data-integrity/v2",
        "https://w3id.org/security/multikey/v1",
        "https://w3id.org/security/suites/ed25519-2020/v1",
    }
)
"""What may follow the pair in badges of others."""

DATE_MEMBERS: Final = {
    VC2_CONTEXT: ("validFrom", "validUntil"),
    VC1_CONTEXT: ("issuanceDate", "expirationDate"),
}
"""Names of the period of validity, by data model."""

_OB_CONTEXT = re.compile(r"https://purl\.imsglobal\.org/spec/ob/v3p0/context(-3\.\d\.\d)?\.json", re.ASCII)
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+", re.ASCII)
IDENTITY_HASH: Final = re.compile(r"(sha256\$[0-9a-fA-F]{64}|md5\$[0-9a-fA-F]{32})", re.ASCII)
"""A hashed identity (Open Badges 3.0, IdentityHash)."""

_LIST_INDEX = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


def check_open_badge(document: JsonObject, *, contexts: Collection[str] = KNOWN_CONTEXTS) -> None:
    """Check the form of an Open Badge.

    Args:
        document: as loaded, with or without ``proof``.
        contexts: URLs that may follow the pair; others could give members another meaning.

    Raises:
        DecodeError: ``BADGE_CONTEXT`` (an unknown or misplaced context), ``BADGE_MISSING`` (a required
            member), ``BADGE_TYPE`` (``type`` lacks a required entry), ``BADGE_VALUE`` (another kind of
            value), ``BADGE_DATE`` (no date, or ends before it begins), ``BADGE_SUBJECT`` (nobody is
            named) or ``BADGE_RESULT`` (a result of nothing described); ``path`` says where.
    """
    model = _check_contexts(document, contexts)
    _types(document, "", "VerifiableCredential")
    if not {"OpenBadgeCredential", "AchievementCredential"} & set(_names(document, "")):
        raise DecodeError("BADGE_TYPE", "expected OpenBadgeCredential", path="type")
    _uri(document, "", "id")
    for name in ("name", "description"):
        if name in document:
            _text(document, "", name)
    _check_issuer(document)
    period(document)
    if "awardedDate" in document:
        stamp_seconds(document["awardedDate"], code="BADGE_DATE", path="awardedDate")
    _check_subject(_object(document, "", "credentialSubject"))
    for path, item in _objects(document, "", "evidence"):
        _types(item, path, "Evidence")
    _check_services(document, required_id=model == VC1_CONTEXT)


def period(document: JsonObject) -> tuple[int, int | None]:
    """When a badge says it is valid: POSIX seconds from and, if it says so, until (exclusive).

    Raises:
        DecodeError: ``BADGE_MISSING``, ``BADGE_CONTEXT`` or ``BADGE_DATE``.
    """
    first = (_array(document, "", "@context") or [None])[0]
    if not isinstance(first, str) or first not in DATE_MEMBERS:
        raise DecodeError("BADGE_CONTEXT", f"expected {VC2_CONTEXT} first", path="@context[0]")
    begins, ends = DATE_MEMBERS[first]
    start = stamp_seconds(_present(document, "", begins), code="BADGE_DATE", path=begins)
    if ends not in document:
        return start, None
    end = stamp_seconds(document[ends], code="BADGE_DATE", path=ends)
    if end <= start:
        raise DecodeError("BADGE_DATE", f"expected an end after {document[begins]}", path=ends)
    return start, end


def check_period(document: JsonObject, at: int) -> None:
    """Raise ``DecodeError`` ``BADGE_NOT_YET_VALID`` or ``BADGE_EXPIRED`` unless valid at POSIX ``at``."""
    start, end = period(document)
    if at < start:
        raise DecodeError("BADGE_NOT_YET_VALID", f"valid from {start}, asked for {at}")
    if end is not None and at >= end:
        raise DecodeError("BADGE_EXPIRED", f"valid until {end}, asked for {at}")


def is_uri(text: object) -> bool:
    """Whether a value has the form of an absolute URI of at most 2,048 characters."""
    return isinstance(text, str) and len(text) <= 2048 and _URI.fullmatch(text) is not None


def _check_contexts(document: JsonObject, known: Collection[str]) -> str:
    contexts = _array(document, "", "@context")
    if len(contexts) < 2 or contexts[0] not in (VC2_CONTEXT, VC1_CONTEXT):
        raise DecodeError("BADGE_CONTEXT", f"expected {VC2_CONTEXT} first", path="@context")
    if not isinstance(contexts[1], str) or not _OB_CONTEXT.fullmatch(contexts[1]):
        raise DecodeError("BADGE_CONTEXT", f"expected {OB_CONTEXT} second", path="@context[1]")
    for position, context in enumerate(contexts[2:], 2):
        if not isinstance(context, str) or context not in known:
            raise DecodeError(
                "BADGE_CONTEXT",
                f"expected a known context, got {str(context)[:120]}",
                path=f"@context[{position}]",
            )
    signed_apart = {"@context", "proof", "endorsement"}
    _no_context({name: value for name, value in document.items() if name not in signed_apart}, "")
    return str(contexts[0])


def _no_context(value: object, path: str) -> None:
    """Data Integrity section 4.6: a context inside the tree would give its members other meanings."""
    if isinstance(value, dict):
        if "@context" in value:
            raise DecodeError("BADGE_CONTEXT", "expected no context inside", path=path.lstrip("."))
        for name, item in value.items():
            if name not in ("proof", "endorsement"):
                _no_context(item, f"{path}.{name}")
    elif isinstance(value, list):
        for position, item in enumerate(value):
            _no_context(item, f"{path}[{position}]")


def _check_issuer(document: JsonObject) -> None:
    issuer = _present(document, "", "issuer")
    if is_uri(issuer):
        return
    _check_profile(_object(document, "", "issuer"), "issuer")


def _check_profile(profile: JsonObject, path: str) -> None:
    _uri(profile, path, "id")
    _types(profile, path, "Profile")
    for name in ("name", "description", "email", "phone"):
        if name in profile:
            _text(profile, path, name)
    if "url" in profile:
        _uri(profile, path, "url")
    for place, item in _objects(profile, path, "otherIdentifier"):
        _types(item, place, "IdentifierEntry")
        _text(item, place, "identifier")
        _text(item, place, "identifierType")


def _check_subject(subject: JsonObject) -> None:
    path = "credentialSubject"
    _types(subject, path, "AchievementSubject")
    if "id" in subject:
        _uri(subject, path, "id")
    elif not subject.get("identifier"):
        raise DecodeError("BADGE_SUBJECT", "expected id or identifier", path=path)
    for place, item in _objects(subject, path, "identifier"):
        _check_identity(item, place)
    for name in ("activityStartDate", "activityEndDate"):
        if name in subject:
            stamp_seconds(subject[name], code="BADGE_DATE", path=f"{path}.{name}")
    _number(subject, path, "creditsEarned")
    achievement = _object(subject, path, "achievement")
    described = _check_achievement(achievement, f"{path}.achievement")
    for place, item in _objects(subject, path, "result"):
        _types(item, place, "Result")
        if "resultDescription" in item and item["resultDescription"] not in described:
            raise DecodeError(
                "BADGE_RESULT", "expected a described result", path=f"{place}.resultDescription"
            )


def _check_identity(item: JsonObject, path: str) -> None:
    _types(item, path, "IdentityObject")
    _text(item, path, "identityType")
    identity = _text(item, path, "identityHash")
    hashed = _present(item, path, "hashed")
    if not isinstance(hashed, bool):
        raise DecodeError("BADGE_VALUE", "expected true or false", path=f"{path}.hashed")
    if hashed and not IDENTITY_HASH.fullmatch(identity):
        raise DecodeError("BADGE_VALUE", "expected sha256$<hex>", path=f"{path}.identityHash")


def _check_achievement(achievement: JsonObject, path: str) -> list[str]:
    """Checks the achievement and gives the ids of the results it describes."""
    _uri(achievement, path, "id")
    _types(achievement, path, "Achievement")
    for name in ("name", "description"):
        _text(achievement, path, name)
    criteria = _object(achievement, path, "criteria")
    for name, check in (("id", _uri), ("narrative", _text)):
        if name in criteria:
            check(criteria, f"{path}.criteria", name)
    for name in ("achievementType", "humanCode", "fieldOfStudy", "inLanguage", "version"):
        if name in achievement:
            _text(achievement, path, name)
    _number(achievement, path, "creditsAvailable")
    if "creator" in achievement:
        _check_profile(_object(achievement, path, "creator"), f"{path}.creator")
    for place, item in _objects(achievement, path, "alignment"):
        _types(item, place, "Alignment")
        _text(item, place, "targetName")
        _uri(item, place, "targetUrl")
    return [_check_result_description(*found) for found in _objects(achievement, path, "resultDescription")]


def _check_result_description(path: str, item: JsonObject) -> str:
    _types(item, path, "ResultDescription")
    _text(item, path, "name")
    _text(item, path, "resultType")
    return _uri(item, path, "id")


def _check_services(document: JsonObject, *, required_id: bool) -> None:
    """Members whose ``type`` decides what a verifier must do (VC Data Model 2.0, sections 4.10 to 5.5)."""
    for name in ("credentialStatus", "credentialSchema", "termsOfUse", "refreshService"):
        for path, item in _objects(document, "", name):
            if not _names(item, path):
                raise DecodeError("BADGE_TYPE", "expected a type", path=f"{path}.type")
            if "id" in item or name == "credentialSchema" or (required_id and name != "termsOfUse"):
                _uri(item, path, "id")
            if "BitstringStatusListEntry" in _names(item, path):
                _check_status(item, path)


def _check_status(item: JsonObject, path: str) -> None:
    """Bitstring Status List 1.0, section 2.1."""
    _text(item, path, "statusPurpose")
    _uri(item, path, "statusListCredential")
    if not _LIST_INDEX.fullmatch(_text(item, path, "statusListIndex")):
        raise DecodeError("BADGE_VALUE", "expected a decimal number as text", path=f"{path}.statusListIndex")


# ---- members of objects ------------------------------------------------------------------------------


def _place(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _present(holder: JsonObject, path: str, name: str) -> Any:
    if name not in holder:
        raise DecodeError("BADGE_MISSING", "expected this member", path=_place(path, name))
    return holder[name]


def _text(holder: JsonObject, path: str, name: str) -> str:
    value = _present(holder, path, name)
    if not isinstance(value, str) or not value.strip():
        raise DecodeError("BADGE_VALUE", f"expected text, got {str(value)[:40]!r}", path=_place(path, name))
    return value


def _uri(holder: JsonObject, path: str, name: str) -> str:
    value = _present(holder, path, name)
    if not is_uri(value):
        raise DecodeError("BADGE_VALUE", f"expected a URI, got {str(value)[:80]!r}", path=_place(path, name))
    return str(value)


def _number(holder: JsonObject, path: str, name: str) -> None:
    value = holder.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise DecodeError(
            "BADGE_VALUE", f"expected a number from 0, got {str(value)[:40]!r}", path=_place(path, name)
        )


def _object(holder: JsonObject, path: str, name: str) -> JsonObject:
    value = _present(holder, path, name)
    if not isinstance(value, dict):
        raise DecodeError("BADGE_VALUE", "expected an object", path=_place(path, name))
    return value


def _array(holder: JsonObject, path: str, name: str) -> list[Any]:
    value = _present(holder, path, name)
    if not isinstance(value, list):
        raise DecodeError("BADGE_VALUE", "expected an array", path=_place(path, name))
    return value


def _objects(holder: JsonObject, path: str, name: str) -> Iterator[tuple[str, JsonObject]]:
    """Path and value of each object of a member that is one object, an array of them, or absent."""
    value = holder.get(name, [])
    for position, item in enumerate(value if isinstance(value, list) else [value]):
        place = f"{_place(path, name)}[{position}]"
        if not isinstance(item, dict):
            raise DecodeError("BADGE_VALUE", "expected an object", path=place)
        yield place, item


def _names(holder: JsonObject, path: str) -> list[str]:
    value = _present(holder, path, "type")
    names = value if isinstance(value, list) else [value]
    if not all(isinstance(name, str) for name in names):
        raise DecodeError("BADGE_VALUE", "expected text or an array of text", path=_place(path, "type"))
    return names


def _types(holder: JsonObject, path: str, expected: str) -> None:
    names = _names(holder, path)
    if expected not in names:
        raise DecodeError("BADGE_TYPE", f"expected {expected}, got {names[:8]}", path=_place(path, "type"))
