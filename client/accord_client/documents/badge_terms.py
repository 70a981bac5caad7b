"""What the members of our badge and of its proof mean: the part of two contexts that they use, as a table.

These are the definitions of ``https://www.w3.org/ns/credentials/v2`` and of Open Badges 3.0.3, nothing
else; the tests derive every row anew from the pinned contexts with the ``pyld`` library. A member or type
that is missing here is not undefined: it goes through the library.
"""

from __future__ import annotations

from typing import Final

Rule = tuple[str, str]
"""Predicate as a term, and how values are read: ``""`` text or node, ``@id`` IRI or node, ``@list`` a list
of texts, ``@vocab`` a proof purpose, or the IRI of a datatype."""

_VC: Final = "https://www.w3.org/2018/credentials#"
_OB: Final = "https://purl.imsglobal.org/spec/vc/ob/vocab.html#"
_SCHEMA: Final = "https://schema.org/"
_STATUS: Final = "https://www.w3.org/ns/credentials/status#"
_SEC: Final = "https://w3id.org/security#"
_XSD: Final = "http://www.w3.org/2001/XMLSchema#"
_XSD_TLS: Final = "https://www.w3.org/2001/XMLSchema#"
"""As Open Badges spell it; a datatype IRI like any other."""


def _rules(vocabulary: str, plain: str = "", **others: str) -> dict[str, Rule]:
    """Rules of one vocabulary whose terms are called as its members."""
    return {name: (f"<{vocabulary}{name}>", others.get(name, "")) for name in (*plain.split(), *others)}


COMMON: Final[dict[str, Rule]] = {
    **_rules(_SCHEMA, "name description inLanguage", url=_XSD_TLS + "anyURI"),
    **_rules(_OB, "narrative", awardedDate="xsd:dateTime"),
}
"""Members of every object, with or without a type."""

TYPES: Final[dict[str, tuple[str, dict[str, Rule]]]] = {
    "VerifiableCredential": (
        f"<{_VC}VerifiableCredential>",
        {
            **_rules(_VC, credentialStatus="@id", credentialSubject="@id", issuer="@id"),
            **_rules(_VC, validFrom=_XSD + "dateTime", validUntil=_XSD + "dateTime"),
        },
    ),
    "OpenBadgeCredential": (f"<{_OB}OpenBadgeCredential>", {}),
    "Profile": (
        f"<{_OB}Profile>",
        {**_rules(_SCHEMA, "email"), **_rules(_OB, "otherIdentifier")},
    ),
    "IdentifierEntry": (f"<{_OB}IdentifierEntry>", _rules(_OB, "identifier identifierType")),
    "AchievementSubject": (
        f"<{_OB}AchievementSubject>",
        {
            **_rules(_OB, "achievement identifier result", creditsEarned=_XSD_TLS + "float"),
            **_rules(_OB, activityStartDate=_XSD_TLS + "date", activityEndDate=_XSD_TLS + "date"),
        },
    ),
    "IdentityObject": (
        f"<{_OB}IdentityObject>",
        _rules(_OB, "identityHash identityType salt", hashed=_XSD_TLS + "boolean"),
    ),
    "Achievement": (
        f"<{_OB}Achievement>",
        {
            **_rules(
                _OB, "achievementType alignment creator fieldOfStudy humanCode resultDescription version"
            ),
            **_rules(_OB, creditsAvailable=_XSD_TLS + "float"),
            "criteria": (f"<{_OB}Criteria>", "@id"),
            "tag": (f"<{_SCHEMA}keywords>", ""),
        },
    ),
    "Alignment": (
        f"<{_SCHEMA}AlignmentObject>",
        {
            **_rules(_OB, "targetCode targetType"),
            **_rules(_SCHEMA, "targetDescription targetFramework targetName", targetUrl=_XSD_TLS + "anyURI"),
        },
    ),
    "Result": (
        f"<{_OB}Result>",
        {**_rules(_OB, resultDescription=_XSD_TLS + "anyURI"), **_rules(_SCHEMA, "value")},
    ),
    "ResultDescription": (
        f"<{_OB}ResultDescription>",
        _rules(_OB, "requiredValue resultType", allowedValue="@list"),
    ),
    "BitstringStatusListEntry": (
        f"<{_STATUS}BitstringStatusListEntry>",
        _rules(_STATUS, "statusListIndex statusPurpose", statusListCredential="@id"),
    ),
    "DataIntegrityProof": (
        f"<{_SEC}DataIntegrityProof>",
        {
            **_rules(_SEC, "challenge domain nonce", proofPurpose="@vocab", verificationMethod="@id"),
            **_rules(_SEC, cryptosuite=_SEC + "cryptosuiteString"),
            "created": ("<http://purl.org/dc/terms/created>", _XSD + "dateTime"),
            "expires": (f"<{_SEC}expiration>", _XSD + "dateTime"),
        },
    ),
}
"""Type to its term, and the members an object of that type has besides the common ones."""

PURPOSES: Final = {
    "assertionMethod": f"<{_SEC}assertionMethod>",
    "authentication": f"<{_SEC}authenticationMethod>",
}
"""Terms of ``proofPurpose``."""
