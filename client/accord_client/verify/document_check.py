"""The documents of a bundle against the ledger: form, signature, holder, dates, and every claim.

What a document says about credits, level, title or issuer counts for nothing; it must agree with the
ledger (DOMAIN.md 0.6), and what is shown to people comes from there.
"""

from __future__ import annotations

from fractions import Fraction

from accord_client.bundle import Bundle, BundleDocument
from accord_client.documents.data_integrity import check_issuer, verify_proof
from accord_client.documents.jcs import is_sd_jwt
from accord_client.documents.json_guard import JsonObject
from accord_client.documents.multikey import Resolve, VerificationMethod, decode_multikey, did_key_public
from accord_client.documents.open_badge import ledger_reference
from accord_client.documents.open_badge_check import check_open_badge, check_period
from accord_client.documents.related_resource import check_resources
from accord_client.verify.authority_check import check_issuance_key
from accord_client.verify.ledger_facts import LedgerFacts
from accord_client.verify.position_check import check_badge_position
from accord_client.verify.report import Report
from accord_client.verify.sd_jwt_check import check_sd_jwt
from accord_ledger import rational
from accord_ledger.errors import AccordError, ProofError
from accord_ledger.keys import key_id


def check_documents(report: Report, bundle: Bundle, facts: LedgerFacts | None, at: int) -> None:
    """Judge every opened badge and token; what is neither is covered by its commitment alone.

    Args:
        report: takes the findings.
        bundle: the credential.
        facts: the ledger's side, if the evidence gives it; without it only form is judged.
        at: POSIX seconds for which validity is asked.
    """
    resolve = None if facts is None else issuer_keys(facts)
    badges = [document for document in bundle.documents if _is_badge(document)]
    tokens = [document for document in bundle.documents if is_sd_jwt(document.media_type or "")]
    if not badges and not tokens:
        for name in ("badge", "reference", "signature", "holder", "claims", "dates", "position", "resources"):
            report.open(name, "DOCUMENT_NONE", "no Open Badge or SD-JWT VC is disclosed")
        return
    for document in badges:
        _check_badge(report, bundle, document.content, facts, at)
    for document in tokens:
        check_sd_jwt(report, bundle, document, facts, resolve, at)


def _is_badge(document: BundleDocument) -> bool:
    return document.opened and isinstance(document.content, dict)


def _check_badge(
    report: Report, bundle: Bundle, badge: JsonObject, facts: LedgerFacts | None, at: int
) -> None:
    try:
        check_open_badge(badge)
    except AccordError as error:
        report.failed_by("badge", error)
        return
    report.passed("badge", _other_files(bundle))
    report.judge("reference", lambda: _reference(bundle, badge))
    report.judge("holder", lambda: _holder(bundle, badge))
    report.judge("dates", lambda: check_period(badge, at))
    _judge_resources(report, badge)
    if facts is not None:
        report.judge("position", lambda: check_badge_position(badge, facts, bundle.index))
        _judge_signature(report, badge, facts, at)
        report.judge("claims", lambda: _claims(badge, facts))


def _other_files(bundle: Bundle) -> str:
    """Documents whose words nobody compared with the ledger, so that a report does not hide them."""
    count = sum(
        document.opened and not _is_badge(document) and not is_sd_jwt(document.media_type or "")
        for document in bundle.documents
    )
    return f"{count} other documents are covered by their commitment only" if count else ""


def issuer_keys(facts: LedgerFacts) -> Resolve:
    """Keys that may sign documents of this batch: issuance keys of its issuers, in force when it was issued."""
    batch = facts.batch

    def resolve(url: str) -> VerificationMethod:
        controller, _, fragment = url.partition("#")
        public = decode_multikey(fragment)
        check_issuance_key(facts.keys.get(key_id(public)), batch.issuers, batch.issued_at)
        return VerificationMethod(url, controller, public, frozenset({"assertionMethod"}))

    return resolve


def _reference(bundle: Bundle, badge: JsonObject) -> None:
    said = ledger_reference(badge)
    if said != bundle.reference:
        raise ProofError("DOCUMENT_REFERENCE", f"expected {bundle.reference.urn}, got {said.urn}", path="id")


def _holder(bundle: Bundle, badge: JsonObject) -> None:
    subject = str(badge["credentialSubject"].get("id"))
    if did_key_public(subject) != bundle.holder.key:
        raise ProofError(
            "DOCUMENT_HOLDER", "expected the holder key of the batch", path="credentialSubject.id"
        )


UNREADABLE = ("CONTEXT_UNKNOWN", "RDF_TOO_COMPLEX", "RDF_TOO_LARGE", "JSONLD_TOO_LARGE")
"""Codes of documents whose signature nobody can judge here, which does not make it false."""


def _judge_signature(report: Report, badge: JsonObject, facts: LedgerFacts, at: int) -> None:
    try:
        report.passed("signature", _signature(badge, facts, at))
    except AccordError as error:
        if error.code in UNREADABLE:
            report.open("signature", error.code, error.detail)
        else:
            report.failed_by("signature", error)


def _judge_resources(report: Report, badge: JsonObject) -> None:
    """Files that are not here are nobody's fault, and nobody has looked at them."""
    try:
        absent = check_resources(badge)
    except AccordError as error:
        report.failed_by("resources", error)
        return
    report.passed("resources")
    if absent:
        report.open("resources", "RESOURCE_ABSENT", f"not at hand: {', '.join(absent)[:200]}")


def _signature(badge: JsonObject, facts: LedgerFacts, at: int) -> str:
    """Every judged proof verifies, and one is by the issuer with a key the ledger knows."""
    verified = verify_proof(badge, issuer_keys(facts), at=at, ignore_unknown_suites=True)
    suite = check_issuer(verified).cryptosuite
    return f"{suite}; not judged: {', '.join(verified.unknown)}" if verified.unknown else suite


# ---- claims ------------------------------------------------------------------------------------------


def _claims(badge: JsonObject, facts: LedgerFacts) -> None:
    terms = facts.programme.terms
    subject = badge["credentialSubject"]
    achievement = subject["achievement"]
    titles = set(terms.title.values())
    _expect(badge.get("name"), titles, "name", optional=True)
    _expect(achievement.get("name"), titles, "credentialSubject.achievement.name")
    _expect(achievement.get("humanCode"), {terms.programme_id}, "achievement.humanCode", optional=True)
    _expect(achievement.get("version"), {str(terms.version)}, "achievement.version", optional=True)
    _credits(subject, "creditsEarned", terms.credits)
    _credits(achievement, "creditsAvailable", terms.credits)
    _level(achievement, facts)
    _issuer_name(badge, facts)


def _expect(value: object, known: set[str], path: str, *, optional: bool = False) -> None:
    if value is None and optional:
        return
    if not isinstance(value, str) or value not in known:
        raise ProofError(
            "DOCUMENT_CLAIM",
            f"expected {' or '.join(sorted(known))[:200]}, got {str(value)[:80]!r}",
            path=path,
        )


def _credits(holder: JsonObject, name: str, known: str) -> None:
    if name not in holder:
        return
    value = holder[name]
    if Fraction(repr(value)) != rational.parse_state(known):
        raise ProofError("DOCUMENT_CLAIM", f"expected {known} credits, got {value}", path=name)


def _level(achievement: JsonObject, facts: LedgerFacts) -> None:
    """An alignment with the programme's framework states the level; it must be the ledger's."""
    terms = facts.programme.terms
    given = achievement.get("alignment", [])
    for item in given if isinstance(given, list) else [given]:
        framework = str(item.get("targetFramework", "")).lower()
        if framework in {terms.framework[0], facts.framework.root[0]} and item.get("targetCode") != (
            str(terms.level) if terms.level is not None else None
        ):
            code = str(item.get("targetCode"))[:40]
            raise ProofError("DOCUMENT_CLAIM", f"expected level {terms.level}, got {code}", path="alignment")


def _issuer_name(badge: JsonObject, facts: LedgerFacts) -> None:
    names = {name for party in facts.parties.values() for name in party.legal_name.values()}
    for place, profile in (
        ("issuer.name", badge["issuer"]),
        ("achievement.creator.name", badge["credentialSubject"]["achievement"].get("creator")),
    ):
        if isinstance(profile, dict):
            _expect(profile.get("name"), names, place, optional=True)
