"""What the VC Data Model allows and forbids, as one table: place, clause, code, and what is expected there.

VC Data Model 2.0 and, for documents that are around, 1.1; Bitstring Status List 1.0 for entries of its type.
A document is judged by the rules of its model, from top to bottom; the first that fails is the answer.
Whether every term is defined is found out when the document is read as JSON-LD, not here.

A place is written ``member.member``; ``member[]`` is each of one object or several. A rule is asked about
every place that can be reached; :data:`~accord_client.gateway.vc_values.ABSENT` where the last member lacks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from accord_client.documents.json_guard import JsonObject
from accord_client.documents.open_badge_check import VC1_CONTEXT, VC2_CONTEXT
from accord_client.gateway import vc_values as v
from accord_client.gateway.vc_values import ABSENT, Check, optional
from accord_ledger.errors import DecodeError

V2: Final = frozenset({VC2_CONTEXT})
V1: Final = frozenset({VC1_CONTEXT})
BOTH: Final = V1 | V2


@dataclass(frozen=True, slots=True)
class Rule:
    """One sentence of a specification."""

    code: str
    """Error code of a document that breaks it."""
    clause: str
    """Where it is written; VC Data Model 2.0 unless another is named."""
    place: str
    """What it speaks of; empty for the whole document."""
    check: Check
    expected: str
    models: frozenset[str] = BOTH


def _typed(name: str, code: str, clause: str, models: frozenset[str] = BOTH) -> tuple[Rule, ...]:
    """A member of one or more objects that each say their type."""
    return (
        Rule(code, clause, name, optional(v.is_objects), "an object, or an array of objects", models),
        Rule(f"{code}_TYPE", clause, f"{name}[].type", v.has_terms, "a type", models),
        Rule(f"{code}_ID", "4.4", f"{name}[].id", optional(v.is_url), "one URL", models),
    )


_COMMON: Final = (
    Rule("VC_CONTEXT", "4.3", "@context", v.is_array, "an array of contexts"),
    Rule("VC_CONTEXT_ITEM", "4.3", "@context[]", v.is_url_or_object, "a URL or an object"),
    Rule("VC_ID", "4.4", "id", optional(v.is_url), "one URL"),
    Rule("VC_TYPE", "4.5", "type", v.has_terms, "one or more types"),
)
_PROOF: Final = (
    Rule("VC_PROOF", "4.12", "proof", optional(v.is_objects), "an object, or an array of objects"),
    Rule("VC_PROOF_TYPE", "4.5", "proof[].type", v.is_text, "a type"),
)

CREDENTIAL: Final = (
    *_COMMON,
    Rule("VC_TYPE_BASE", "4.5", "type", v.includes("VerifiableCredential"), "VerifiableCredential"),
    Rule("VC_NAME", "4.6, 11.1", "name", optional(v.is_language_text), "text, or value, language and direction", V2),
    Rule("VC_DESCRIPTION", "4.6, 11.1", "description", optional(v.is_language_text), "text, or value, language and direction", V2),
    Rule("VC_ISSUER", "4.7", "issuer", v.is_identified, "a URL, or an object whose id is a URL"),
    Rule("VC_ISSUER_NAME", "4.6, 11.1", "issuer.name", optional(v.is_language_text), "text, or value, language and direction", V2),
    Rule("VC_ISSUER_DESCRIPTION", "4.6, 11.1", "issuer.description", optional(v.is_language_text), "text, or value, language and direction", V2),
    Rule("VC_SUBJECT", "4.8", "credentialSubject", v.is_objects, "an object, or an array of objects"),
    Rule("VC_SUBJECT_CLAIMS", "4.8", "credentialSubject[]", v.has_claims, "one or more claims"),
    Rule("VC_SUBJECT_ID", "4.4", "credentialSubject[].id", optional(v.is_url), "one URL"),
    Rule("VC_VALID_FROM", "4.9", "validFrom", optional(v.is_moment), "a date and time with a zone", V2),
    Rule("VC_VALID_UNTIL", "4.9", "validUntil", optional(v.is_moment), "a date and time with a zone", V2),
    Rule("VC_VALID_ORDER", "4.9", "", v.in_order("validFrom", "validUntil", v.moment), "validUntil not before validFrom", V2),
    Rule("VC_ISSUANCE_DATE", "VC Data Model 1.1, 4.6", "issuanceDate", v.is_old_moment, "a date and time", V1),
    Rule("VC_EXPIRATION_DATE", "VC Data Model 1.1, 4.8", "expirationDate", optional(v.is_old_moment), "a date and time", V1),
    Rule("VC_EXPIRATION_ORDER", "VC Data Model 1.1, 4.8", "", v.in_order("issuanceDate", "expirationDate", v.old_moment), "expirationDate not before issuanceDate", V1),
    *_typed("credentialStatus", "VC_STATUS", "4.10"),
    Rule("VC_STATUS_ID_REQUIRED", "VC Data Model 1.1, 4.9", "credentialStatus[].id", v.present, "a URL", V1),
    *_typed("credentialSchema", "VC_SCHEMA", "4.11"),
    Rule("VC_SCHEMA_ID_REQUIRED", "4.11", "credentialSchema[].id", v.present, "a URL"),
    *_typed("refreshService", "VC_REFRESH", "5.4"),
    Rule("VC_REFRESH_ID_REQUIRED", "VC Data Model 1.1, 5.4", "refreshService[].id", v.present, "a URL", V1),
    *_typed("termsOfUse", "VC_TERMS", "5.5"),
    *_typed("evidence", "VC_EVIDENCE", "5.6"),
    Rule("VC_RESOURCE", "5.3", "relatedResource", optional(v.is_objects), "an object, or an array of objects", V2),
    Rule("VC_RESOURCE_ID", "5.3", "relatedResource[].id", v.is_url, "one URL", V2),
    Rule("VC_RESOURCE_UNIQUE", "5.3", "relatedResource", v.unique_ids, "each resource once", V2),
    Rule("VC_RESOURCE_DIGEST", "5.3", "relatedResource[]", v.has_digest, "digestSRI or digestMultibase", V2),
    Rule("VC_RESOURCE_SRI", "5.3", "relatedResource[].digestSRI", optional(lambda item: v.sri_digest(item) is not None), "a digest of Subresource Integrity", V2),
    Rule("VC_RESOURCE_MULTIBASE", "5.3", "relatedResource[].digestMultibase", optional(lambda item: v.multibase_digest(item) is not None), "base64url of a SHA-2 digest", V2),
    Rule("VC_RESOURCE_MEDIA_TYPE", "5.3", "relatedResource[].mediaType", optional(v.is_media_type), "a media type", V2),
    *_PROOF,
)  # fmt: skip
"""A credential, before or after it is signed."""

STATUS_ENTRY: Final = (
    Rule("VC_STATUS_PURPOSE", "Bitstring Status List 1.0, 2.1", "statusPurpose", v.is_text, "a purpose"),
    Rule("VC_STATUS_INDEX", "Bitstring Status List 1.0, 2.1", "statusListIndex", v.is_list_index, "decimals as text"),
    Rule("VC_STATUS_LIST", "Bitstring Status List 1.0, 2.1", "statusListCredential", v.is_url, "one URL"),
)  # fmt: skip
"""An entry of ``credentialStatus`` whose type is ``BitstringStatusListEntry``."""

PRESENTATION: Final = (
    *_COMMON,
    Rule("VP_TYPE_BASE", "4.13", "type", v.includes("VerifiablePresentation"), "VerifiablePresentation"),
    Rule("VP_HOLDER", "4.13", "holder", optional(v.is_identified), "a URL, or an object whose id is a URL"),
    Rule("VP_CREDENTIAL", "4.13", "verifiableCredential", optional(v.is_objects), "an object, or an array of objects"),
    *_typed("termsOfUse", "VC_TERMS", "5.5"),
    *_PROOF,
)  # fmt: skip
"""A presentation; the credentials in it are judged by their own rules."""

ENVELOPED: Final = (
    Rule("VP_ENVELOPE_CONTEXT", "4.13.2", "@context", lambda value: VC2_CONTEXT in v.items(value), "the base context", V2),
    Rule("VP_ENVELOPE_ID", "4.13.2", "id", v.is_data_url, "a data: URL", V2),
)  # fmt: skip
"""An ``EnvelopedVerifiableCredential``."""


def model_of(document: JsonObject) -> str:
    """The base context of a document, which says by which version it is judged.

    Raises:
        DecodeError: ``VC_CONTEXT_BASE``: the first context is none of the known ones (2.0, section 4.3).
    """
    contexts = document.get("@context")
    first = contexts[0] if isinstance(contexts, list) and contexts else None
    if not isinstance(first, str) or first not in BOTH:
        raise DecodeError("VC_CONTEXT_BASE", f"expected {VC2_CONTEXT} first", path="@context")
    return first


def check_credential(credential: JsonObject) -> str:
    """Judge a credential, signed or not; returns its base context.

    Raises:
        DecodeError: the code of the first rule it breaks, with the place.
    """
    model = model_of(credential)
    check(credential, CREDENTIAL, model)
    for number, entry in enumerate(v.items(credential.get("credentialStatus", ABSENT))):
        if "BitstringStatusListEntry" in v.items(entry.get("type")):
            check(entry, STATUS_ENTRY, model, f"credentialStatus[{number}].")
    return model


def check_presentation(presentation: JsonObject) -> str:
    """Judge a presentation, signed or not, and the form of every credential in it.

    Raises:
        DecodeError: as :func:`check_credential`; ``VP_ENVELOPE_UNSUPPORTED`` for a credential in an
            envelope: those are shown by OpenID4VP.
    """
    model = model_of(presentation)
    check(presentation, PRESENTATION, model)
    for number, credential in enumerate(v.items(presentation.get("verifiableCredential", ABSENT))):
        path = f"verifiableCredential[{number}]"
        try:
            if "EnvelopedVerifiableCredential" in v.items(credential.get("type")):
                check(credential, ENVELOPED, VC2_CONTEXT)
                raise DecodeError("VP_ENVELOPE_UNSUPPORTED", "expected a credential with a proof of its own")
            check_credential(credential)
        except DecodeError as error:
            place = f"{path}.{error.path}" if error.path else path
            raise DecodeError(error.code, error.detail, path=place) from error
    return model


def check(document: JsonObject, rules: tuple[Rule, ...], model: str, prefix: str = "") -> None:
    """Raise ``DecodeError`` with the code of the first rule that the document breaks."""
    for rule in rules:
        if model not in rule.models:
            continue
        for path, value in _places(document, rule.place):
            if not rule.check(value):
                got = "nothing" if value is ABSENT else f"{str(value)[:60]!r}"
                detail = f"expected {rule.expected}" + (f", got {got}" if rule.place else "")
                raise DecodeError(rule.code, f"{detail} ({_cited(rule.clause)})", path=prefix + path)


def _cited(clause: str) -> str:
    return f"VC Data Model 2.0, {clause}" if clause[0].isdigit() else clause


def _places(document: JsonObject, place: str) -> Iterator[tuple[str, Any]]:
    """Every place of this name, with what stands there."""
    found: list[tuple[str, Any]] = [("", document)]
    for step in place.split(".") if place else []:
        name, each, _ = step.partition("[]")
        reached: list[tuple[str, Any]] = []
        for path, value in found:
            if not isinstance(value, dict):
                continue
            inner, here = value.get(name, ABSENT), f"{path}.{name}".lstrip(".")
            if not each:
                reached.append((here, inner))
            elif isinstance(inner, list):
                reached.extend((f"{here}[{number}]", item) for number, item in enumerate(inner))
            elif inner is not ABSENT:
                reached.append((here, inner))
        found = reached
    yield from found
