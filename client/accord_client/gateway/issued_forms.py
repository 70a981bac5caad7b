"""What a wallet gets: a template of the institution, bound to the wallet's key, as SD-JWT VC or credential.

A template is checked when it is offered, so that a wallet is never refused for the institution's mistake.
A *document* is a credential that was prepared for one key, such as those of a batch on the ledger; it is
given out as it is, and to that key only.
"""

from __future__ import annotations

import secrets
from typing import Any, Final

from accord_client.documents import sd_jwt, sd_jwt_vc
from accord_client.documents.json_guard import JsonObject
from accord_client.documents.multikey import did_key
from accord_client.gateway.config import CredentialType
from accord_client.gateway.problems import GatewayError
from accord_client.gateway.signing import ISSUING, Issuer
from accord_client.gateway.vc_rules import check_credential
from accord_client.gateway.verification import Verifier, subjects
from accord_client.gateway.web import members
from accord_ledger.errors import DecodeError

SALT_BYTES: Final = 16
MAX_CLAIMS: Final = 64

RESERVED: Final = frozenset({"iss", "vct", "cnf", "iat", "status", "_sd", "_sd_alg", "..."})
"""Claims that are the issuer's to set (SD-JWT VC, section 3.2.2)."""


def check_template(kind: CredentialType, template: JsonObject, issuer: Issuer) -> None:
    """Refuse what could not be issued.

    Raises:
        GatewayError: ``OFFER_TEMPLATE``, ``OFFER_TYPES``, ``ISSUER_FOREIGN``.
        DecodeError: ``VC_*``, ``CONTEXT_*``, ``SDJWT_*``.
    """
    if set(template) == {"document"}:
        _check_document(kind, template["document"], issuer)
    elif kind.format == "dc+sd-jwt":
        members(template, {}, {"claims": dict, "disclosable": dict})
        _check_claims(template.get("claims", {}), template.get("disclosable", {}))
    else:
        members(template, {"credential": dict}, {})
        credential = template["credential"]
        _check_kind(kind, check_and_type(credential))
        issuer.contexts.check(credential["@context"])
        issuer.check_issuer(credential)
        if "proof" in credential or not isinstance(credential["credentialSubject"], dict):
            raise GatewayError("OFFER_TEMPLATE", "expected one subject and no proof", path="credential")


def check_and_type(credential: JsonObject) -> list[str]:
    """The types of a credential whose form is good."""
    check_credential(credential)
    types = credential["type"]
    return types if isinstance(types, list) else [types]


def _check_kind(kind: CredentialType, types: list[str]) -> None:
    if missing := set(kind.types) - set(types):
        raise GatewayError("OFFER_TYPES", f"expected {sorted(missing)[:4]} too", path="credential.type")


def _check_claims(claims: JsonObject, disclosable: JsonObject) -> None:
    if taken := (RESERVED & (set(claims) | set(disclosable))) | (set(claims) & set(disclosable)):
        raise GatewayError("OFFER_TEMPLATE", f"expected other names than {sorted(taken)[:4]}", path="claims")
    if len(claims) > MAX_CLAIMS or len(disclosable) > MAX_CLAIMS:
        raise GatewayError("OFFER_TEMPLATE", f"expected at most {MAX_CLAIMS} claims", path="claims")
    for name in ("exp", "nbf"):
        if (
            name in disclosable
            or isinstance(claims.get(name), bool)
            or not isinstance(claims.get(name, 0), int)
        ):
            raise GatewayError(
                "OFFER_TEMPLATE", "expected seconds, for everybody to see", path=f"claims.{name}"
            )


def _check_document(kind: CredentialType, document: Any, issuer: Issuer) -> None:
    """A prepared document is of its kind and the institution's own."""
    if kind.format == "dc+sd-jwt":
        payload = sd_jwt.parse(_text(document)).payload
        sd_jwt.holder_key(payload)
        if (payload.get("iss"), payload.get("vct")) != (issuer.did, kind.vct):
            raise GatewayError("OFFER_TEMPLATE", f"expected {kind.vct} of {issuer.did}", path="document")
    else:
        if not isinstance(document, dict):
            raise GatewayError("OFFER_TEMPLATE", "expected a credential", path="document")
        _check_kind(kind, check_and_type(document))
        issuer.check_issuer(document)
        if "proof" not in document or len(subjects(document)) != 1:
            raise GatewayError("OFFER_TEMPLATE", "expected one subject and a proof", path="document")


def _text(document: Any) -> str:
    if not isinstance(document, str):
        raise GatewayError("OFFER_TEMPLATE", "expected an SD-JWT", path="document")
    return document


def make(
    kind: CredentialType, template: JsonObject, holder: bytes, issuer: Issuer, verifier: Verifier
) -> JsonObject | str:
    """The credential for a wallet.

    Args:
        kind: what was offered.
        template: as :func:`check_template` found good.
        holder: the Ed25519 key whose possession the wallet proved.
        issuer: signs.
        verifier: judges what was signed.

    Raises:
        GatewayError: ``HOLDER_OTHER``: it was prepared for another key.
        AccordError: it cannot be signed.
    """
    if "document" in template:
        _check_key(kind, template["document"], holder)
        document: JsonObject | str = template["document"]
        return document
    if kind.format == "dc+sd-jwt":
        return _sd_jwt(kind, template, holder, issuer)
    credential = template["credential"]
    subject = credential["credentialSubject"]
    if subject.get("id", did_key(holder)) != did_key(holder):
        raise GatewayError("HOLDER_OTHER", f"expected the key of {str(subject['id'])[:80]}")
    bound = credential | {"credentialSubject": subject | {"id": did_key(holder)}}
    return issuer.issue(bound, ISSUING[0], verifier)


def _check_key(kind: CredentialType, document: Any, holder: bytes) -> None:
    if kind.format == "dc+sd-jwt":
        own = sd_jwt.holder_key(sd_jwt.parse(document).payload) == holder
    else:
        own = subjects(document) == [did_key(holder)]
    if not own:
        raise GatewayError("HOLDER_OTHER", "expected the key it was prepared for")


def _sd_jwt(kind: CredentialType, template: JsonObject, holder: bytes, issuer: Issuer) -> str:
    claims = {
        "iss": issuer.did,
        "vct": kind.vct,
        "iat": issuer.clock(),
        "cnf": sd_jwt.confirmation(holder),
        **template.get("claims", {}),
    }
    hidden = [
        sd_jwt.disclosure(secrets.token_bytes(SALT_BYTES), value, name)
        for name, value in template.get("disclosable", {}).items()
    ]
    header = {"typ": sd_jwt_vc.TYPE, "kid": issuer.method}
    token = sd_jwt.issue(header, claims, hidden, issuer.key)
    if len(token) > sd_jwt.MAX_BYTES:
        raise DecodeError("SDJWT_MALFORMED", f"expected at most {sd_jwt.MAX_BYTES} characters")
    return token
