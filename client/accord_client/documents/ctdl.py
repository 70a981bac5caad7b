"""CTDL (Credential Transparency Description Language): programmes and agreements of the ledger as JSON-LD.

Both are public, so nothing here is of a person. A programme becomes a ``ceterms:MicroCredential``; of an
agreement every rule becomes a ``ceterms:TransferValueProfile``, tied together by a ``ceterms:TransferAgreement``
(a proposal, not a published class). Ids follow from the ledger's ids, so the same object has the same CTID.
"""

from __future__ import annotations

from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

import msgspec

from accord_client.documents.export_facts import Exported, Loss, decimal_text
from accord_client.documents.json_guard import JsonObject
from accord_ledger import rational
from accord_ledger.domain.model.agreement import AgreementTerms
from accord_ledger.domain.model.framework import Framework
from accord_ledger.domain.model.programme import ProgrammeTerms
from accord_ledger.errors import DecodeError

CONTEXT: Final = "https://credreg.net/ctdl/schema/context/json"
MEDIA_TYPE: Final = "application/ld+json"

PROGRAMME_CARRIES: Final = frozenset(
    {
        "programme_id", "version", "title", "outcomes", "framework", "level", "credits", "total_hours", "assessment_type", "field",
        "occupations", "issuers", "audience",
    }
)  # fmt: skip
"""Members of the programme's terms that CTDL has a place for here."""

AGREEMENT_CARRIES: Final = frozenset({"senders", "receivers", "rules", "valid_from", "valid_to"})
"""Members of an agreement's terms that CTDL has a place for here."""

RULE_CARRIES: Final = frozenset({"kind", "rule_id", "source", "target", "ratio"})
"""Members of a rule that CTDL has a place for here."""


def ctid(uri: str) -> str:
    """Credential Transparency id of a URI: ``ce-`` and a UUID that follows from it."""
    return f"ce-{uuid5(NAMESPACE_URL, uri)}"


def export_programme(
    terms: ProgrammeTerms, framework: Framework, *, base_url: str, status: str | None = None
) -> Exported:
    """A programme version.

    Args:
        terms: from the ledger.
        framework: of its credits.
        base_url: of a node; addresses begin with it.
        status: of the programme, if known.

    Raises:
        DecodeError: ``EXPORT_NUMBER``.
    """
    base = base_url.rstrip("/")
    page = f"{base}/v1/programmes/{terms.programme_id}/{terms.version}"
    document: JsonObject = {
        "@context": CONTEXT,
        "@type": "ceterms:MicroCredential",
        "@id": page,
        "ceterms:ctid": ctid(page),
        "ceterms:name": dict(terms.title),
        "ceterms:identifier": [_identifier("Programme", terms.programme_id)],
        "ceterms:versionIdentifier": [_identifier("Version", str(terms.version))],
        "ceterms:subjectWebpage": page,
        "ceterms:inLanguage": list(terms.title),
        "ceterms:ownedBy": [_party(base, party) for party in terms.issuers],
        "ceterms:offeredBy": [_party(base, party) for party in terms.issuers],
        "ceterms:credentialStatusType": None if status is None else _status(status),
        "ceterms:subject": None if terms.field is None else [_node("Field of study", terms.field)],
        "ceterms:occupationType": [_node("ESCO", uri, target=uri) for uri in terms.occupations],
        "ceterms:audienceType": [_node("Audience", word) for word in terms.audience],
        "ceterms:assessmentMethodDescription": None
        if terms.assessment_type is None
        else {"en": terms.assessment_type},
        "ceterms:teaches": [_outcome(item.text, item.esco) for item in terms.outcomes],
        "ceterms:requires": [_requires(terms, framework)],
    }
    return Exported(MEDIA_TYPE, ".ctdl.jsonld", _encode(document), _losses(terms, PROGRAMME_CARRIES))


def _present(members: dict[str, Any]) -> JsonObject:
    return {name: value for name, value in members.items() if value not in (None, [], {})}


def _encode(document: JsonObject) -> bytes:
    return msgspec.json.format(msgspec.json.encode(_present(document)), indent=1) + b"\n"


def _losses(terms: msgspec.Struct, carried: frozenset[str]) -> tuple[Loss, ...]:
    """Every member that says something other than its default and has no place."""
    said = msgspec.to_builtins(terms)
    defaults = {
        field.name: msgspec.to_builtins(
            field.default if field.default is not msgspec.NODEFAULT
            else field.default_factory() if field.default_factory is not msgspec.NODEFAULT
            else None
        )
        for field in msgspec.structs.fields(terms)
    }  # fmt: skip
    return tuple(
        Loss(name, "no property of CTDL says this")
        for name, value in said.items()
        if name not in carried and value != defaults.get(name)
    )


def _identifier(kind: str, value: str) -> JsonObject:
    return {
        "@type": "ceterms:IdentifierValue",
        "ceterms:identifierTypeName": {"en": kind},
        "ceterms:identifierValueCode": value,
    }


def _party(base: str, party: str) -> str:
    return f"{base}/v1/parties/{party}"


def _node(framework: str, name: str, *, target: str | None = None) -> JsonObject:
    return _present(
        {
            "@type": "ceterms:CredentialAlignmentObject",
            "ceterms:frameworkName": {"en": framework},
            "ceterms:targetNode": target,
            "ceterms:targetNodeName": {"en": name},
        }
    )


def _status(status: str) -> JsonObject:
    named = {"active": "Active", "paused": "Suspended", "suspended": "Suspended"}.get(status, "Ceased")
    return _node("Credential Status", named, target=f"credentialStat:{named}")


def _outcome(text: dict[str, str], esco: str | None) -> JsonObject:
    return _present(
        {
            "@type": "ceterms:CredentialAlignmentObject",
            "ceterms:targetNode": esco,
            "ceterms:targetNodeName": dict(text),
        }
    )


def _requires(terms: ProgrammeTerms, framework: Framework) -> JsonObject:
    credit = {
        "@type": "schema:QuantitativeValue",
        "schema:value": float(decimal_text(rational.parse_state(terms.credits))),
        "schema:unitText": framework.terms.framework_id.upper(),
        "ceterms:creditUnitType": [_node("Credit unit", next(iter(framework.terms.unit.values())))],
    }
    if terms.level is not None:
        credit["ceterms:creditLevelType"] = [
            _node(framework.terms.framework_id.upper(), f"Level {terms.level}")
        ]
    hours = decimal_text(rational.parse_state(terms.total_hours))
    return {
        "@type": "ceterms:ConditionProfile",
        "ceterms:description": {"en": f"{hours} hours of learning"},
        "ceterms:creditValue": [credit],
    }


# ---- agreements --------------------------------------------------------------------------------------


def export_agreement(agreement_id: str, version: int, terms: AgreementTerms, *, base_url: str) -> Exported:
    """One version of an agreement.

    Args:
        agreement_id: on the ledger.
        version: of the terms.
        terms: what the parties sign.
        base_url: of a node; addresses begin with it.
    """
    base = base_url.rstrip("/")
    page = f"{base}/v1/agreements/{agreement_id}/{version}/terms"
    profiles, losses = [], list(_losses(terms, AGREEMENT_CARRIES))
    for rule in terms.rules:
        profile, lost = _profile(rule, page, base, terms)
        profiles.append(profile)
        losses += lost
    agreement = {
        "@type": "ceterms:TransferAgreement",
        "@id": page,
        "ceterms:ctid": ctid(page),
        "ceterms:name": {"en": f"{agreement_id}@{version}"},
        "ceterms:subjectWebpage": page,
        "ceterms:ownedBy": [_party(base, party) for party in (*terms.senders, *terms.receivers)],
        "ceterms:startDate": terms.valid_from,
        "ceterms:endDate": terms.valid_to,
        "ceterms:hasPart": [profile["@id"] for profile in profiles],
    }
    losses.append(
        Loss("class", "ceterms:TransferAgreement is a proposal; readers may know the profiles only")
    )
    content = _encode({"@context": CONTEXT, "@id": page, "@graph": [agreement, *profiles]})
    return Exported(MEDIA_TYPE, ".ctdl.jsonld", content, tuple(dict.fromkeys(losses)))


def _profile(rule: Any, page: str, base: str, terms: AgreementTerms) -> tuple[JsonObject, list[Loss]]:
    said = msgspec.to_builtins(rule)
    url, kind = f"{page}#{rule.rule_id}", str(rule.__struct_config__.tag)
    value, losses = None, [Loss(f"rules.{item.fact}", item.reason) for item in _losses(rule, RULE_CARRIES)]
    if "ratio" in said:
        try:
            value = float(decimal_text(rational.parse_state(said["ratio"])))
        except DecodeError:
            losses.append(
                Loss("rules.ratio", "CTDL counts in decimals, and this ratio is none; it is in the text")
            )
    text = f"Rule {kind}: {'@'.join(map(str, rule.source))} to {'@'.join(map(str, rule.target))}"
    text += f", {said['ratio']} credits for each" if "ratio" in said else ""
    worth = _present(
        {
            "@type": "schema:QuantitativeValue",
            "schema:value": value,
            "schema:unitText": str(rule.target[0]).upper(),
            "schema:description": {"en": text},
        }
    )
    return (
        {
            "@type": "ceterms:TransferValueProfile",
            "@id": url,
            "ceterms:ctid": ctid(url),
            "ceterms:name": {"en": rule.rule_id},
            "ceterms:description": {"en": text},
            "ceterms:subjectWebpage": page,
            "ceterms:ownedBy": [_party(base, party) for party in terms.receivers],
            "ceterms:startDate": terms.valid_from,
            "ceterms:endDate": terms.valid_to,
            "ceterms:transferValue": [worth],
            "ceterms:transferValueFrom": [_party(base, party) for party in terms.senders],
            "ceterms:transferValueFor": [_party(base, party) for party in terms.receivers],
        },
        losses,
    )
