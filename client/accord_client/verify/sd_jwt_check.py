"""An SD-JWT VC of a bundle against the ledger: form, signature, holder, dates, and every claim it shows."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from accord_client.bundle import Bundle, BundleDocument
from accord_client.documents import sd_jwt
from accord_client.documents.json_guard import JsonObject
from accord_client.documents.multikey import Resolve
from accord_client.documents.sd_jwt_vc import VCT, verify_sd_jwt_vc
from accord_client.ids import LedgerReference
from accord_client.verify.ledger_facts import LedgerFacts
from accord_client.verify.position_check import check_token_position
from accord_client.verify.report import Report
from accord_ledger import rational
from accord_ledger.errors import AccordError, ProofError


def check_sd_jwt(
    report: Report,
    bundle: Bundle,
    document: BundleDocument,
    facts: LedgerFacts | None,
    resolve: Resolve | None,
    at: int,
) -> None:
    """Judge one token.

    Args:
        report: takes the findings.
        bundle: the credential.
        document: the token in it.
        facts: the ledger's side; without it only form is judged.
        resolve: keys the ledger knows, with ``facts``.
        at: POSIX seconds for which validity is asked.
    """
    try:
        token = sd_jwt.parse(sd_jwt.text_of(document.file()))
        claims = sd_jwt.disclosed(token)
        if claims.get("vct") != VCT:
            raise ProofError(
                "DOCUMENT_TYPE", f"expected {VCT}, got {str(claims.get('vct'))[:80]}", path="vct"
            )
    except AccordError as error:
        report.failed_by("badge", error)
        return
    report.passed("badge")
    report.passed("resources")  # a token names none
    report.judge("reference", lambda: _reference(bundle, claims))
    report.judge("holder", lambda: _holder(bundle, claims))
    report.judge("dates", lambda: _period(claims, at))
    if facts is not None and resolve is not None:
        report.judge("signature", lambda: verify_sd_jwt_vc(token, resolve))
        report.judge("claims", lambda: _claims(claims, facts))
        report.judge("position", lambda: check_token_position(claims, facts, bundle.index))


def token_key(document: BundleDocument) -> str:
    """``kid`` of a token as it stands there; raises ``DecodeError`` if it cannot be read."""
    return str(sd_jwt.header_of(sd_jwt.text_of(document.file())).get("kid"))


def _reference(bundle: Bundle, claims: JsonObject) -> None:
    said = LedgerReference.parse(str(claims.get("jti")))
    if said != bundle.reference:
        raise ProofError("DOCUMENT_REFERENCE", f"expected {bundle.reference.urn}, got {said.urn}", path="jti")


def _holder(bundle: Bundle, claims: JsonObject) -> None:
    if sd_jwt.holder_key(claims) != bundle.holder.key:
        raise ProofError("DOCUMENT_HOLDER", "expected the holder key of the batch", path="cnf")


def _period(claims: JsonObject, at: int) -> None:
    start = max(_moment(claims, "iat", at), _moment(claims, "nbf", at))
    if at < start:
        raise ProofError("TOKEN_NOT_YET_VALID", f"valid from {start}, asked for {at}", path="iat")
    if at >= _moment(claims, "exp", at + 1):
        raise ProofError("TOKEN_EXPIRED", f"valid until {claims['exp']}, asked for {at}", path="exp")


def _moment(claims: JsonObject, name: str, absent: int) -> int:
    value = claims.get(name, absent)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ProofError("TOKEN_DATE", f"expected seconds, got {str(value)[:40]!r}", path=name)
    return value


def _claims(claims: JsonObject, facts: LedgerFacts) -> None:
    terms = facts.programme.terms
    _expect(claims.get("title"), set(terms.title.values()), "title")
    programme = claims.get("programme")
    if isinstance(programme, dict):
        _expect(programme.get("code"), {terms.programme_id}, "programme.code")
        _expect(programme.get("version"), {str(terms.version)}, "programme.version")
    given = claims.get("credits")
    if given is None:
        return
    if not isinstance(given, dict):
        raise ProofError("DOCUMENT_CLAIM", "expected an object", path="credits")
    value = given.get("value")
    if not isinstance(value, str) or _fraction(value) != rational.parse_state(terms.credits):
        raise ProofError(
            "DOCUMENT_CLAIM", f"expected {terms.credits}, got {str(value)[:40]}", path="credits.value"
        )
    if "level" in given:
        _expect(given["level"], {str(terms.level)}, "credits.level")


def _fraction(text: str) -> Fraction | None:
    """Decimal text of bounded length as an exact number; None for anything else."""
    whole, _, rest = text.partition(".")
    if not (whole + rest).isdecimal() or not (whole + rest).isascii() or len(text) > 40 or not whole:
        return None
    return Fraction(int(whole + rest), 10 ** len(rest))


def _expect(value: Any, known: set[str], path: str) -> None:
    if not isinstance(value, str) or value not in known:
        shown = " or ".join(sorted(known))[:200]
        raise ProofError("DOCUMENT_CLAIM", f"expected {shown}, got {str(value)[:80]!r}", path=path)
