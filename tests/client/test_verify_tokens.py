"""Bundles whose credential exists as a badge and as an SD-JWT VC, judged together and apart."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from functools import cache
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace as change

from accord_client.bundle import Bundle, BundleDocument, parse_bundle
from accord_client.documents import sd_jwt
from accord_client.documents.open_badge_facts import BadgeDates
from accord_client.issuing import JcsSigner
from accord_client.verify import Report, verify_bundle
from accord_ledger.errors import DecodeError
from client_ledger import ISSUE_TIME, ClientLedger, stranger
from domain_alliance import key_of

AT = ISSUE_TIME + 100


@cache
def issued() -> tuple[ClientLedger, Bundle]:
    return fresh()


def fresh(**options: Any) -> tuple[ClientLedger, Bundle]:
    ledger = ClientLedger()
    ledger.programme()
    batch = ledger.prepare(10, tokens=True, **options)
    return ledger, ledger.export(batch, 2, ledger.issue(batch))


def verify(bundle: Bundle, ledger: ClientLedger | None = None, *, at: int = AT) -> Report:
    return verify_bundle(parse_bundle(bundle.to_json()), (ledger or issued()[0]).trust, at=at)


def code(report: Report, name: str) -> str:
    return report.checks[name].code


def token_of(bundle: Bundle) -> str:
    return bundle.documents[1].file().decode()


def with_token(bundle: Bundle, text: str) -> Bundle:
    data = base64.b64encode(text.encode()).decode()
    return change(bundle, documents=(bundle.documents[0], change(bundle.documents[1], data=data)))


def test_both_forms_pass_every_check() -> None:
    _, bundle = issued()
    assert [item.media_type for item in bundle.documents] == ["application/vc", "application/dc+sd-jwt"]
    report = verify(bundle)
    assert report.verdict == "valid", report.to_plain()
    assert report.checks["signature"].detail == "eddsa-rdfc-2022"


def test_each_form_alone_passes_too() -> None:
    _, bundle = issued()
    for position in (0, 1):
        assert verify(bundle.share([position])).verdict == "valid"


def test_fewer_claims_prove_the_same() -> None:
    _, bundle = issued()
    shown = bundle.share([1]).disclose(1, ["family_name"])
    text = shown.to_json().decode()
    assert verify(shown).verdict == "valid"
    assert shown.documents_root() == bundle.documents_root()
    claims = sd_jwt.disclosed(sd_jwt.parse(token_of(shown)))
    assert claims["family_name"] == "Doe"
    assert "given_name" not in claims
    assert "Learner" not in text
    with pytest.raises(DecodeError):
        bundle.disclose(1, ["grade"])
    with pytest.raises(DecodeError):
        bundle.disclose(0, [])


def test_a_disclosure_of_somebody_else_is_refused() -> None:
    _, bundle = issued()
    other = sd_jwt.disclosure(bytes(16), "Another", "family_name").text
    assert code(verify(with_token(bundle, f"{token_of(bundle)}{other}~")), "badge") == "SDJWT_DIGEST"


def test_another_token_is_not_the_one_of_the_batch() -> None:
    _, bundle = issued()
    token = sd_jwt.parse(token_of(bundle))
    key = stranger()
    payload = token.payload | {
        "title": "Doctor",
        "exp": ISSUE_TIME,
        "jti": "urn:accord:x",
        "credits": {"value": "30"},
    }
    report = verify(with_token(bundle, sd_jwt.sign(token.header, payload, key) + "~"))
    assert code(report, "batch") == "MERKLE_INCLUSION"
    assert code(report, "signature") == "SDJWT_SIGNATURE"
    assert code(report, "claims") == "DOCUMENT_CLAIM"
    assert code(report, "dates") == "TOKEN_EXPIRED"
    assert code(report, "reference") == "LEDGER_REFERENCE"
    assert report.verdict == "invalid"


@pytest.mark.parametrize(
    ("claims", "name", "wanted"),
    [
        ({"vct": "urn:other"}, "badge", "DOCUMENT_TYPE"),
        ({"jti": f"urn:accord:{bytes(32).hex()}:{UUID(int=1)}:2"}, "reference", "DOCUMENT_REFERENCE"),
        ({"iat": True}, "dates", "TOKEN_DATE"),
        ({"credits": {"value": "3" + "0" * 60}}, "claims", "DOCUMENT_CLAIM"),
        ({"credits": {"value": "\u0663"}}, "claims", "DOCUMENT_CLAIM"),
        (
            {"status": {"status_list": {"idx": True, "uri": "https://x.example"}}},
            "position",
            "MALFORMED_VALUE_ERROR",
        ),
        (
            {"status": {"status_list": {"idx": "1", "uri": "https://x.example"}}},
            "position",
            "MALFORMED_VALUE_ERROR",
        ),
        ({"status": {"status_list": {"idx": 1, "uri": 5}}}, "position", "MALFORMED_VALUE_ERROR"),
        ({"status": {"status_list": [1]}}, "position", "MALFORMED_VALUE_ERROR"),
        ({"cnf": sd_jwt.confirmation(stranger().public)}, "holder", "DOCUMENT_HOLDER"),
        ({"cnf": None}, "holder", "SDJWT_HOLDER"),
        ({"iat": AT + 1}, "dates", "TOKEN_NOT_YET_VALID"),
        ({"nbf": AT + 1}, "dates", "TOKEN_NOT_YET_VALID"),
        ({"exp": AT}, "dates", "TOKEN_EXPIRED"),
        ({"exp": "soon"}, "dates", "TOKEN_DATE"),
        ({"title": ["x"]}, "claims", "DOCUMENT_CLAIM"),
        ({"programme": {"code": "uu-phd", "version": "1"}}, "claims", "DOCUMENT_CLAIM"),
        ({"programme": {"code": "uu-ds", "version": "2"}}, "claims", "DOCUMENT_CLAIM"),
        ({"credits": {"value": 3}}, "claims", "DOCUMENT_CLAIM"),
        ({"credits": {"value": "1e999999999"}}, "claims", "DOCUMENT_CLAIM"),
        ({"credits": {"value": "3", "level": "8"}}, "claims", "DOCUMENT_CLAIM"),
        ({"credits": "3"}, "claims", "DOCUMENT_CLAIM"),
        ({"iss": "did:web:other.example"}, "signature", "PROOF_ISSUER"),
    ],
)
def test_each_claim_has_its_check(claims: dict[str, Any], name: str, wanted: str) -> None:
    _, bundle = issued()
    token = sd_jwt.parse(token_of(bundle))
    text = sd_jwt.sign(token.header, token.payload | claims, key_of("uu", "issuance")) + "~"
    text += "".join(f"{item.text}~" for item in token.disclosures)
    assert code(verify(with_token(bundle, text)), name) == wanted


def test_only_an_issuance_key_of_the_issuer_signs_tokens() -> None:
    ledger, bundle = fresh(signer=key_of("um", "issuance"))
    report = verify(bundle.share([1]), ledger)
    assert code(report, "signature") == "PROOF_METHOD"
    assert report.verdict == "invalid"


def test_tokens_end_with_their_credential() -> None:
    ledger, bundle = fresh(dates=BadgeDates(ISSUE_TIME, valid_until=ISSUE_TIME + 1000))
    assert verify(bundle, ledger, at=ISSUE_TIME + 999).verdict == "valid"
    assert code(verify(bundle.share([1]), ledger, at=ISSUE_TIME + 1000), "dates") == "TOKEN_EXPIRED"


def test_a_token_that_cannot_be_read_is_named_and_fetches_no_key() -> None:
    _, bundle = issued()
    for text, wanted in (("x", "SDJWT_MALFORMED"), ("a.b.c~", "SDJWT_MALFORMED"), ("é~", "SDJWT_MALFORMED")):
        assert code(verify(with_token(bundle, text)), "badge") == wanted


def test_the_older_suite_still_verifies_and_is_named() -> None:
    ledger, bundle = fresh(sign=JcsSigner)
    report = verify(bundle, ledger)
    assert (report.verdict, report.checks["signature"].detail) == ("valid", "eddsa-jcs-2022")


def test_a_badge_in_an_unbundled_context_is_not_called_false() -> None:
    ledger, bundle = issued()
    whole = json.loads(bundle.to_json())
    badge = whole["documents"][0]["content"]
    badge["@context"][1] = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.1.json"
    report = verify_bundle(parse_bundle(json.dumps(whole).encode()), ledger.trust, at=AT)
    assert (report.checks["signature"].outcome, code(report, "signature")) == (
        "not_checked",
        "CONTEXT_UNKNOWN",
    )
    assert code(report, "batch") == "MERKLE_INCLUSION"


def test_what_nobody_judged_is_named() -> None:
    ledger, bundle = issued()
    proof = {"type": "DataIntegrityProof", "cryptosuite": "ecdsa-sd-2023"}
    whole = json.loads(bundle.to_json())
    whole["documents"][0]["content"]["proof"].append(proof)
    report = verify_bundle(parse_bundle(json.dumps(whole).encode()), ledger.trust, at=AT)
    assert report.checks["signature"].detail == "eddsa-rdfc-2022; not judged: ecdsa-sd-2023"
    paper = BundleDocument(media_type="application/pdf", salt=bytes(32), data="AAAA")
    report = verify(change(bundle, documents=(*bundle.documents, paper)))
    assert report.checks["badge"].detail == "1 other documents are covered by their commitment only"
    assert code(report, "batch") == "MERKLE_INCLUSION"
    assert replace(report.checks["badge"], detail="").outcome == "passed"
