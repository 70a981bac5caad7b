"""European Learning Model 3: a badge as a European Digital Credential in JSON-LD, unsealed.

For Europass wallets and services. The seal is an eIDAS matter of the institution and is not made here; the
signed badge travels inside as an attachment. Validated against the published SHACL shapes in the tests.
"""

from __future__ import annotations

import base64
from typing import Any, Final

import msgspec

from accord_client.documents.elm_codes import AUTHORITY, country_code, language_code
from accord_client.documents.export_facts import BadgeFacts, Exported, Loss, decimal_text
from accord_client.documents.export_links import qr_code
from accord_client.documents.jcs import canonicalize
from accord_client.documents.json_guard import JsonObject
from accord_client.documents.open_badge_facts import ESCO_SKILL, Alignment
from accord_client.documents.timestamps import stamp_text

CONTEXTS: Final = ("https://www.w3.org/2018/credentials/v1", "http://data.europa.eu/snb/model/context/edc-ap")
SHAPES: Final = "http://data.europa.eu/snb/model/ap/edc-generic-no-cv"
MEDIA_TYPE: Final = "application/ld+json"
EIDAS: Final = "eidas"
"""Name of the external id that is the institution's legal identifier."""

_SNB: Final = "http://data.europa.eu/snb"
_CARRIES: Final = frozenset(
    {
        "title", "description", "criteria", "issuer", "issuer_did", "issuer_url", "issuer_ids", "learner_name", "holder_key", "language",
        "credits", "level", "skills", "result", "valid_from", "valid_until", "awarded", "ledger_reference", "programme_code",
        "programme_version", "signature", "status", "learner_ids", "field",
    }
)  # fmt: skip
"""The last four inside the attached badge only."""

_REASONS: Final = {"ledger_proof": "the attachment is the badge, not the bundle; keep the bundle beside it"}


def export_elm(badge: BadgeFacts, *, country: str | None = None) -> Exported:
    """The badge as a European Digital Credential.

    Args:
        badge: what it says.
        country: of the issuer, ISO 3166-1 alpha-2, as its party record has it; ELM wants one.

    Raises:
        DecodeError: ``ELM_COUNTRY``, ``ELM_LANGUAGE``, ``EXPORT_NUMBER`` or ``QR_SIZE``.
    """
    document = _Elm(badge, country).document()
    content = msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"
    return Exported(MEDIA_TYPE, ".elm.jsonld", content, (*_losses(badge, country),))


def _losses(badge: BadgeFacts, country: str | None) -> list[Loss]:
    carried = set(_CARRIES)
    if badge.credits is not None and _credit_framework(badge) is None:
        carried.discard("credits")
    reasons = _REASONS | {"credits": "ELM counts credits in a named framework, and the badge names none"}
    losses = list(badge.losses(carried, reasons))
    losses.append(Loss("seal", "unsealed: an eIDAS seal is for the institution to make"))
    if country is None:
        losses.append(Loss("country", "the badge does not say where the issuer is; ELM wants it"))
    if not any(system == EIDAS for system, _ in badge.issuer_ids):
        losses.append(Loss("legal_identifier", "the issuer has no external id 'eidas'; ELM wants one"))
    return losses


def _credit_framework(badge: BadgeFacts) -> str | None:
    return None if badge.level is None else badge.level.framework


def _present(members: dict[str, Any]) -> JsonObject:
    return {name: value for name, value in members.items() if value not in (None, [], {})}


def _concept(identifier: str, label: str, scheme: str | None = None) -> JsonObject:
    within = None if scheme is None else {"id": scheme, "type": "ConceptScheme"}
    return _present({"id": identifier, "type": "Concept", "inScheme": within, "prefLabel": {"en": label}})


def _authority(table: str, code: str) -> JsonObject:
    return _concept(f"{AUTHORITY}/{table}/{code}", code, f"{AUTHORITY}/{table}")


def _media(data: bytes, file_type: str, identifier: str) -> JsonObject:
    encoding = _concept(f"{_SNB}/encoding/6146cde7dd", "base64", f"{_SNB}/encoding/25831c2")
    return {
        "id": identifier,
        "type": "MediaObject",
        "content": base64.b64encode(data).decode(),
        "contentEncoding": encoding,
        "contentType": _authority("file-type", file_type),
    }


class _Elm:
    """Makes the parts; every node has an id, as the shapes expect of JSON-LD that is read as a graph."""

    def __init__(self, badge: BadgeFacts, country: str | None) -> None:
        self._badge = badge
        self._country = country
        self._language = language_code(badge.language)

    def _id(self, name: str) -> str:
        return f"urn:epass:{name}"

    def _said(self, text: str) -> dict[str, str]:
        return {self._badge.language: text}

    def document(self) -> JsonObject:
        """The whole credential."""
        badge = self._badge
        return _present(
            {
                "@context": list(CONTEXTS),
                "id": badge.reference,
                "type": ["VerifiableCredential", "EuropeanDigitalCredential"],
                "credentialSchema": [{"id": SHAPES, "type": "ShaclValidator2017"}],
                "credentialProfiles": [
                    _concept(f"{_SNB}/credential/e34929035b", "Generic", f"{_SNB}/credential/25831c2")
                ],
                "displayParameter": self._display(),
                "issuer": self._organisation(),
                "issued": stamp_text(badge.valid_from),
                "issuanceDate": stamp_text(badge.valid_from),
                "validFrom": stamp_text(badge.valid_from),
                "validUntil": None if badge.valid_until is None else stamp_text(badge.valid_until),
                "expirationDate": None if badge.valid_until is None else stamp_text(badge.valid_until),
                "credentialSubject": self._person(),
                "attachment": [_media(canonicalize(badge.document), "JSON", self._id("media:badge"))],
            }
        )

    def _display(self) -> JsonObject:
        """ELM wants a picture; a code with the credential's name is one that says something."""
        language = _authority("language", self._language)
        detail = {
            "id": self._id("displayDetail:1"),
            "type": "DisplayDetail",
            "page": 1,
            "image": _media(qr_code(self._badge.reference, form="png"), "PNG", self._id("media:page")),
        }
        shown = {
            "id": self._id("individualDisplay:1"),
            "type": "IndividualDisplay",
            "language": language,
            "displayDetail": [detail],
        }
        return {
            "id": self._id("displayParameter:1"),
            "type": "DisplayParameter",
            "title": self._said(self._badge.title),
            "description": self._said(self._badge.description or self._badge.title),
            "language": [language],
            "primaryLanguage": language,
            "individualDisplay": [shown],
        }

    def _organisation(self) -> JsonObject:
        badge = self._badge
        page = None
        if badge.issuer_url is not None:
            page = {"id": self._id("web:1"), "type": "WebResource", "contentURL": badge.issuer_url}
        return _present(
            {
                "id": badge.issuer_did,
                "type": "Organisation",
                "legalName": self._said(badge.issuer),
                "eIDASIdentifier": self._legal_identifier(),
                "identifier": [
                    self._identifier(system, value, f"issuer:{place}")
                    for place, (system, value) in enumerate(badge.issuer_ids)
                    if system != EIDAS
                ],
                "homepage": page,
                "location": self._location(),
            }
        )

    def _identifier(self, scheme: str, notation: str, name: str) -> JsonObject:
        return {
            "id": self._id(f"identifier:{name}"),
            "type": "Identifier",
            "schemeName": scheme,
            "notation": notation,
        }

    def _legal_identifier(self) -> JsonObject | None:
        notation = next((value for system, value in self._badge.issuer_ids if system == EIDAS), None)
        if notation is None or self._country is None:
            return None
        country = _authority("country", country_code(self._country))
        return {
            "id": self._id("legal:1"),
            "type": "LegalIdentifier",
            "notation": notation,
            "spatial": country,
        }

    def _location(self) -> list[JsonObject]:
        if self._country is None:
            return []
        country = _authority("country", country_code(self._country))
        address = {"id": self._id("address:1"), "type": "Address", "countryCode": country}
        return [{"id": self._id("location:1"), "type": "Location", "address": [address]}]

    def _person(self) -> JsonObject:
        name = self._badge.learner_name
        return _present(
            {
                "id": self._badge.holder or self._id("person:1"),
                "type": "Person",
                "fullName": None if name is None else self._said(name),
                "hasClaim": [self._achievement()],
            }
        )

    def _awarding(self, name: str) -> JsonObject:
        badge = self._badge
        moment = badge.awarded if badge.awarded is not None else badge.valid_from
        return {
            "id": self._id(f"awarding:{name}"),
            "type": "AwardingProcess",
            "awardingBody": [{"id": badge.issuer_did, "type": "Organisation"}],
            "awardingDate": stamp_text(moment),
        }

    def _achievement(self) -> JsonObject:
        badge = self._badge
        return _present(
            {
                "id": self._id("achievement:1"),
                "type": "LearningAchievement",
                "title": self._said(badge.title),
                "description": self._said(badge.description) if badge.description else None,
                "awardedBy": self._awarding("achievement"),
                "creditReceived": self._credits(),
                "provenBy": self._assessment(),
                "specifiedBy": self._specification(),
            }
        )

    def _credits(self) -> list[JsonObject]:
        badge, framework = self._badge, _credit_framework(self._badge)
        if badge.credits is None or framework is None:
            return []
        ects = framework.lower() == "ects"
        identifier = (
            f"{_SNB}/education-credit/6fcec5c5af" if ects else f"urn:accord:framework:{framework.lower()}"
        )
        return [
            {
                "id": self._id("credit:1"),
                "type": "CreditPoint",
                "framework": _concept(identifier, framework),
                "point": decimal_text(badge.credits),
            }
        ]

    def _assessment(self) -> list[JsonObject]:
        badge = self._badge
        if badge.result is None:
            return []
        note = {"id": self._id("note:grade"), "type": "Note", "noteLiteral": self._said(badge.result)}
        return [
            {
                "id": self._id("assessment:1"),
                "type": "LearningAssessment",
                "title": self._said(badge.title),
                "grade": note,
                "awardedBy": self._awarding("assessment"),
            }
        ]

    def _specification(self) -> JsonObject:
        badge = self._badge
        note = {"id": self._id("note:criteria"), "type": "Note", "noteLiteral": self._said(badge.criteria)}
        code = badge.code and (f"{badge.code}@{badge.version}" if badge.version else badge.code)
        return _present(
            {
                "id": badge.achievement_id,
                "type": "LearningAchievementSpecification",
                "title": self._said(badge.title),
                "language": [_authority("language", self._language)],
                "identifier": [self._identifier("programme", code, "programme")] if code else [],
                "additionalNote": [note] if badge.criteria else [],
                "learningOutcome": [self._outcome(place, item) for place, item in enumerate(badge.skills)],
            }
            | self._level()
        )

    def _level(self) -> JsonObject:
        level = self._badge.level
        if level is None:
            return {}
        if (level.framework or "").upper() == "EQF":
            return {"eqfLevel": _concept(f"{_SNB}/eqf/{level.code}", level.name, f"{_SNB}/eqf/25831c2")}
        return {"nqfLevel": [_concept(level.url, level.name)]}

    def _outcome(self, place: int, item: Alignment) -> JsonObject:
        skill = _concept(item.url, item.name)
        return {
            "id": self._id(f"outcome:{place}"),
            "type": "LearningOutcome",
            "title": self._said(item.name),
            ("relatedESCOSkill" if item.target_type == ESCO_SKILL else "relatedSkill"): [skill],
        }
