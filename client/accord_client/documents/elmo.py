"""ELMO XML (EMREX), schema 1.x namespace of ELMO 2.0: a learner's results for another university's system.

One report for each issuer. The signed badge travels inside as an attachment, so the receiver can still
verify it; ELMO's own enveloped signature (XML-DSig) is not made.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Sequence
from typing import Final
from xml.etree import ElementTree as ET

from accord_client.documents.did_web import did_web_url
from accord_client.documents.export_facts import BadgeFacts, Exported, Loss, decimal_text
from accord_client.documents.jcs import canonicalize
from accord_client.documents.open_badge import MEDIA_TYPE as BADGE
from accord_client.documents.open_badge_facts import LearnerClaims
from accord_client.documents.timestamps import stamp_text
from accord_ledger.errors import AccordError, DecodeError

NAMESPACE: Final = "https://github.com/emrex-eu/elmo-schemas/tree/v1"
MEDIA_TYPE: Final = "application/xml"

CARRIES: Final = frozenset(
    {
        "title", "description", "criteria", "issuer", "issuer_did", "issuer_url", "issuer_ids", "learner_name", "programme_code",
        "programme_version", "language", "field", "credits", "level", "skills", "result", "valid_from", "awarded", "ledger_reference",
        "learner_ids", "holder_key", "valid_until", "status", "signature",
    }
)  # fmt: skip
"""The last five, and the signature, inside the attached badge only."""

_REASONS: Final = {"ledger_proof": "an attachment holds the badge, not the bundle; keep the bundle beside it"}
_XML_LANG: Final = "{http://www.w3.org/XML/1998/namespace}lang"
_CONTROL = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def export_elmo(badges: Sequence[BadgeFacts], *, given_names: str, family_name: str, at: int) -> Exported:
    """ELMO XML of these badges.

    Args:
        badges: of one learner.
        given_names: ELMO wants the name in two parts, and the badge has it in one.
        family_name: the other part; together they must be the name in every badge.
        at: POSIX seconds of the export.

    Raises:
        DecodeError: ``ELMO_NAME`` (not the learner's name), ``EXPORT_NUMBER`` or ``CLAIM_TEXT``.
    """
    full = LearnerClaims(family_name=family_name, given_name=given_names).full_name
    if not badges or any(item.learner_name not in (None, full) for item in badges):
        raise DecodeError("ELMO_NAME", "expected the two parts of the name that every badge states")
    ET.register_namespace("", NAMESPACE)
    root = ET.Element(_tag("elmo"))
    _add(root, "generatedDate", stamp_text(at))
    learner = _add(root, "learner")
    _add(learner, "givenNames", given_names)
    _add(learner, "familyName", family_name)
    for issuer in dict.fromkeys(item.issuer_did for item in badges):
        _report(root, [item for item in badges if item.issuer_did == issuer], at)
    content = ET.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"
    return Exported(MEDIA_TYPE, ".elmo.xml", content, tuple(dict.fromkeys(_losses(badges))))


def _losses(badges: Sequence[BadgeFacts]) -> Iterator[Loss]:
    for item in badges:
        yield from item.losses(CARRIES, _REASONS)
    yield Loss("elmo_signature", "the file has no XML signature; the attached badges keep theirs")


def _tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"


def _add(parent: ET.Element, name: str, text: str | None = None, **attributes: str) -> ET.Element:
    child = ET.SubElement(parent, _tag(name), attributes)
    if text is not None:
        child.text = _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)
    return child


def _report(root: ET.Element, badges: Sequence[BadgeFacts], at: int) -> None:
    first = badges[0]
    report = _add(root, "report")
    issuer = _add(report, "issuer")
    for system, identifier in (("did", first.issuer_did), *first.issuer_ids):
        _add(issuer, "identifier", identifier, type=system)
    _add(issuer, "title", first.issuer)
    _add(issuer, "url", first.issuer_url or _did_page(first.issuer_did))
    for item in badges:
        _specification(report, item)
    _add(report, "issueDate", stamp_text(at))
    for item in badges:
        _attachment(report, item)


def _did_page(did: str) -> str:
    """ELMO insists on an address; the DID document is one that certainly is the issuer's."""
    try:
        return did_web_url(did)
    except AccordError:
        return did


def _specification(report: ET.Element, item: BadgeFacts) -> None:
    spec = _add(report, "learningOpportunitySpecification")
    if item.code is not None:
        _add(spec, "identifier", f"{item.code}@{item.version}" if item.version else item.code, type="local")
    title = _add(spec, "title", item.title)
    title.set(_XML_LANG, item.language)
    _add(spec, "type", "Course")
    if item.field is not None:
        _add(spec, "subjectArea", item.field)
    _add(spec, "url", item.achievement_id)
    for text in (item.description, item.criteria, *(f"{skill.name} <{skill.url}>" for skill in item.skills)):
        if text:
            _add(spec, "description", text).set(_XML_LANG, item.language)
    _instance(_add(_add(spec, "specifies"), "learningOpportunityInstance"), item)


def _instance(instance: ET.Element, item: BadgeFacts) -> None:
    """Elements in the order of the schema."""
    _add(instance, "identifier", item.reference, type="ledger")
    day = stamp_text(item.awarded if item.awarded is not None else item.valid_from)[:10]
    _add(instance, "date", day)
    _add(instance, "status", "passed")
    if item.result is not None:
        _add(instance, "resultLabel", item.result)
    if item.credits is not None:
        credit = _add(instance, "credit")
        scheme = item.level.framework if item.level is not None and item.level.framework else "local"
        _add(credit, "scheme", scheme.lower())
        _add(credit, "value", decimal_text(item.credits))
    if item.level is not None:
        level = _add(instance, "level")
        _add(level, "type", item.level.framework or item.level.name)
        _add(level, "description", item.level.name)
        if item.level.code is not None:
            _add(level, "value", item.level.code)
    _add(instance, "languageOfInstruction", item.language)
    _add(_add(instance, "attachments"), "ref", item.reference)


def _attachment(report: ET.Element, item: BadgeFacts) -> None:
    attachment = _add(report, "attachment")
    _add(attachment, "identifier", item.reference, type="ref")
    _add(attachment, "title", item.title)
    _add(attachment, "type", "Micro Credential")
    data = base64.b64encode(canonicalize(item.document)).decode()
    _add(attachment, "content", f"data:{BADGE};base64,{data}")
