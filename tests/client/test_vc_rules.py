"""Every rule of the table refuses what it forbids and accepts what it allows."""

from __future__ import annotations

from typing import Any

import pytest

from accord_client.documents.open_badge_check import VC1_CONTEXT, VC2_CONTEXT
from accord_client.gateway.vc_rules import (
    CREDENTIAL,
    ENVELOPED,
    PRESENTATION,
    STATUS_ENTRY,
    check_credential,
    check_presentation,
)
from accord_ledger.errors import AccordError
from gateway_desk import credential, old_credential

TYPED = {"type": "https://x.example/T", "id": "https://x.example/1"}
ENTRY = {
    "type": "BitstringStatusListEntry", "statusPurpose": "revocation", "statusListIndex": "7",
    "statusListCredential": "https://x.example/1",
}  # fmt: skip
RESOURCE = {"id": "https://x.example/r", "digestMultibase": "u" + "A" * 43, "mediaType": "text/plain"}
SRI = "sha384-" + "A" * 64


def typed_cases(name: str, code: str) -> list[tuple[str, str, list[Any], list[Any]]]:
    """Good and bad values of a member that says its type."""
    bad_type: list[Any] = [{}, {"id": "https://x.example/1"}, {"type": 2, "id": "https://x.example/1"}]
    bad_id: list[Any] = [TYPED | {"id": item} for item in (None, "no url", ["a:b", "c:d"], "https ://x")]
    return [
        (code, name, [TYPED, [TYPED, TYPED]], ["x", 1, [], [1]]),
        (f"{code}_TYPE", name, [TYPED | {"type": ["A", "B"]}], bad_type),
        (f"{code}_ID", name, [TYPED], bad_id),
    ]


LANGUAGE_GOOD = ["A", {"@value": "A", "@language": "en", "@direction": "ltr"}, [{"@value": "A"}, "B"]]
LANGUAGE_BAD = [1, {}, {"@value": "A", "url": "x"}, {"@value": "A", "@direction": "up"}, {"@value": 1}, {"@value": "A", "@language": "?"}]  # fmt: skip
DATES_GOOD = ["2024-01-01T00:00:00Z", "2024-01-01T00:00:00.5-02:00"]
DATES_BAD = ["2024-01-01", "Sat 25 Feb 2023", 1, "2024-13-01T00:00:00Z"]

CASES: list[tuple[str, str, list[Any], list[Any]]] = [
    ("VC_CONTEXT_ITEM", "@context", [[VC2_CONTEXT, {"a": "https://x.example/a"}], [VC2_CONTEXT, "https://x.example"]], [[VC2_CONTEXT, 1], [VC2_CONTEXT, "https ://x"], [VC2_CONTEXT, None]]),
    ("VC_ID", "id", ["https://x.example/1", "urn:uuid:1"], ["x", 1, ["https://x.example/1"]]),
    ("VC_TYPE", "type", [["VerifiableCredential", "https://x.example/T"]], [[], 4, [None], ["VerifiableCredential", 1], True]),
    ("VC_TYPE_BASE", "type", ["VerifiableCredential", ["A", "VerifiableCredential"]], ["A", ["A"]]),
    ("VC_NAME", "name", LANGUAGE_GOOD, LANGUAGE_BAD),
    ("VC_DESCRIPTION", "description", LANGUAGE_GOOD, LANGUAGE_BAD),
    ("VC_ISSUER", "issuer", ["https://x.example", {"id": "did:x:1"}], [None, "x", {}, {"id": None}, [], 4, True]),
    ("VC_ISSUER_NAME", "issuer", [{"id": "did:x:1", "name": item} for item in LANGUAGE_GOOD], [{"id": "did:x:1", "name": item} for item in LANGUAGE_BAD]),
    ("VC_ISSUER_DESCRIPTION", "issuer", [{"id": "did:x:1", "description": "A"}], [{"id": "did:x:1", "description": 1}]),
    ("VC_SUBJECT", "credentialSubject", [{"id": "did:x:1"}, [{"id": "did:x:1"}, {"name": "A"}]], [None, "did:x:1", [], 4, [4]]),
    ("VC_SUBJECT_CLAIMS", "credentialSubject", [{"name": "A"}], [{}, [{"name": "A"}, {}]]),
    ("VC_SUBJECT_ID", "credentialSubject", [{"id": "did:x:1"}], [{"id": ["did:x:1", "did:x:2"]}, {"id": "x"}, {"id": None}]),
    ("VC_VALID_FROM", "validFrom", DATES_GOOD, DATES_BAD),
    ("VC_VALID_UNTIL", "validUntil", DATES_GOOD, DATES_BAD),
    *typed_cases("credentialStatus", "VC_STATUS"),
    *typed_cases("credentialSchema", "VC_SCHEMA"),
    ("VC_SCHEMA_ID_REQUIRED", "credentialSchema", [TYPED], [{"type": "A"}]),
    *typed_cases("refreshService", "VC_REFRESH"),
    *typed_cases("termsOfUse", "VC_TERMS"),
    *typed_cases("evidence", "VC_EVIDENCE"),
    ("VC_STATUS_PURPOSE", "credentialStatus", [ENTRY], [ENTRY | {"statusPurpose": 1}]),
    ("VC_STATUS_INDEX", "credentialStatus", [ENTRY], [ENTRY | {"statusListIndex": item} for item in (7, "07", "-1", "")]),
    ("VC_STATUS_LIST", "credentialStatus", [ENTRY], [ENTRY | {"statusListCredential": "x"}]),
    ("VC_RESOURCE", "relatedResource", [RESOURCE, [RESOURCE]], ["https://x.example/r", [], ["https://x.example/r"]]),
    ("VC_RESOURCE_ID", "relatedResource", [RESOURCE], [{"digestSRI": SRI}, RESOURCE | {"id": "x"}]),
    ("VC_RESOURCE_UNIQUE", "relatedResource", [[RESOURCE, RESOURCE | {"id": "https://x.example/2"}]], [[RESOURCE, RESOURCE]]),
    ("VC_RESOURCE_DIGEST", "relatedResource", [{"id": "https://x.example/r", "digestSRI": SRI}], [{"id": "https://x.example/r"}]),
    ("VC_RESOURCE_SRI", "relatedResource", [RESOURCE | {"digestSRI": SRI}], [RESOURCE | {"digestSRI": item} for item in (1, "md5-AAAA", "sha384-AAAA", "sha384-é")]),
    ("VC_RESOURCE_MULTIBASE", "relatedResource", [RESOURCE], [RESOURCE | {"digestMultibase": item} for item in (1, "zAAA", "uAAA", "u" + "?" * 43)]),
    ("VC_RESOURCE_MEDIA_TYPE", "relatedResource", [RESOURCE], [RESOURCE | {"mediaType": item} for item in (1, "text")]),
    ("VC_PROOF", "proof", [{"type": "A"}, [{"type": "A"}]], ["x", 1, [], [1]]),
    ("VC_PROOF_TYPE", "proof", [{"type": "A"}], [{}, {"type": 1}, [{"type": "A"}, {}]]),
]  # fmt: skip
OLD_CASES: list[tuple[str, str, list[Any], list[Any]]] = [
    ("VC_ISSUANCE_DATE", "issuanceDate", [*DATES_GOOD, "2024-01-01T00:00:00"], DATES_BAD),
    ("VC_EXPIRATION_DATE", "expirationDate", [*DATES_GOOD, "2024-01-01T00:00:00"], DATES_BAD),
    ("VC_STATUS_ID_REQUIRED", "credentialStatus", [TYPED], [{"type": "A"}]),
    ("VC_REFRESH_ID_REQUIRED", "refreshService", [TYPED], [{"type": "A"}]),
]
ORDERS = [
    ("VC_VALID_ORDER", credential, "validFrom", "validUntil"),
    ("VC_EXPIRATION_ORDER", old_credential, "issuanceDate", "expirationDate"),
]
ELSEWHERE = {"VC_CONTEXT", "VP_ENVELOPE_CONTEXT", "VP_ENVELOPE_ID"}
"""Tested below, in tests of their own."""


def code_of(document: dict[str, Any], check: Any = check_credential) -> str | None:
    try:
        check(document)
    except AccordError as error:
        return error.code
    return None


@pytest.mark.parametrize(("code", "name", "good", "bad"), CASES, ids=[case[0] for case in CASES])
def test_a_rule_of_the_new_model(code: str, name: str, good: list[Any], bad: list[Any]) -> None:
    for value in good:
        assert code_of(credential(**{name: value})) is None, value
    for value in bad:
        assert code_of(credential() | {name: value}) == code, value


@pytest.mark.parametrize(("code", "name", "good", "bad"), OLD_CASES, ids=[case[0] for case in OLD_CASES])
def test_a_rule_of_the_old_model(code: str, name: str, good: list[Any], bad: list[Any]) -> None:
    for value in good:
        assert code_of(old_credential(**{name: value})) is None, value
    for value in bad:
        assert code_of(old_credential() | {name: value}) == code, value


@pytest.mark.parametrize(("code", "make", "first", "last"), ORDERS)
def test_an_end_is_not_before_the_beginning(code: str, make: Any, first: str, last: str) -> None:
    early, late = "2024-01-01T00:00:00Z", "2024-01-01T00:00:01Z"
    assert code_of(make(**{first: early, last: late})) is None
    assert code_of(make(**{first: early, last: early})) is None
    assert code_of(make(**{first: late, last: early})) == code


def test_required_members_are_required() -> None:
    for name, code in (("type", "VC_TYPE"), ("issuer", "VC_ISSUER"), ("credentialSubject", "VC_SUBJECT")):
        assert code_of(credential(**{name: None})) == code
    contexts: list[Any] = [None, [], VC2_CONTEXT, {}, 4, ["https://x.example", VC2_CONTEXT], [{"a": "b:c"}]]
    for context in contexts:
        assert code_of(credential() | {"@context": context}) == "VC_CONTEXT_BASE"
    assert code_of(old_credential(issuanceDate=None)) == "VC_ISSUANCE_DATE"
    assert code_of(credential(**{"@context": [VC2_CONTEXT] * 65})) == "VC_CONTEXT"


def test_the_models_are_kept_apart() -> None:
    assert code_of(old_credential(validFrom="x")) is None  # refused as undefined where it is read as JSON-LD
    assert code_of(credential(credentialStatus={"type": "A"})) is None
    assert code_of(credential(expirationDate="x")) is None


def presentation(**members: Any) -> dict[str, Any]:
    return {"@context": [VC2_CONTEXT], "type": ["VerifiablePresentation"]} | members


PRESENTED: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("VP_TYPE_BASE", {"type": "VerifiablePresentation"}, {"type": ["A"]}),
    ("VP_HOLDER", {"holder": {"id": "did:x:1"}}, {"holder": {"name": "A"}}),
    ("VP_HOLDER", {"holder": "did:x:1"}, {"holder": "z6Mk"}),
    ("VP_CREDENTIAL", {"verifiableCredential": [credential()]}, {"verifiableCredential": ["eyJ"]}),
    ("VC_ID", {"id": "urn:x:1"}, {"id": "x"}),
    (
        "VC_TYPE_BASE",
        {"verifiableCredential": credential()},
        {"verifiableCredential": credential(type=["A"])},
    ),
    ("VC_TYPE", {"verifiableCredential": credential()}, {"verifiableCredential": credential(type=[])}),
    ("VC_CONTEXT_BASE", {"@context": [VC1_CONTEXT]}, {"@context": ["https://x.example"]}),
]
ENVELOPE = {
    "@context": VC2_CONTEXT,
    "type": "EnvelopedVerifiableCredential",
    "id": "data:application/vc+jwt,eyJ",
}


@pytest.mark.parametrize(("code", "good", "bad"), PRESENTED)
def test_a_rule_of_presentations(code: str, good: dict[str, Any], bad: dict[str, Any]) -> None:
    assert code_of(presentation(**good), check_presentation) is None
    assert code_of(presentation(**bad), check_presentation) == code


def test_envelopes_are_read_as_such_and_refused_by_name() -> None:
    for change, code in (
        ({}, "VP_ENVELOPE_UNSUPPORTED"),
        ({"id": "eyJ"}, "VP_ENVELOPE_ID"),
        ({"@context": "https://x.example"}, "VP_ENVELOPE_CONTEXT"),
    ):
        shown = presentation(verifiableCredential=[ENVELOPE | change])
        assert code_of(shown, check_presentation) == code


def test_every_rule_of_the_table_is_tested_here() -> None:
    table = {rule.code for rule in (*CREDENTIAL, *STATUS_ENTRY, *PRESENTATION, *ENVELOPED)}
    tested = {case[0] for case in (*CASES, *OLD_CASES, *ORDERS, *PRESENTED)} | ELSEWHERE
    assert table <= tested
    assert all(rule.clause and rule.expected for rule in (*CREDENTIAL, *PRESENTATION))


def test_the_place_is_named() -> None:
    with pytest.raises(AccordError) as caught:
        check_credential(credential(credentialStatus=[ENTRY, ENTRY | {"statusListIndex": 1}]))
    assert caught.value.path == "credentialStatus[1].statusListIndex"
    with pytest.raises(AccordError) as caught:
        check_presentation(presentation(verifiableCredential=[credential(), credential(id="x")]))
    assert caught.value.path == "verifiableCredential[1].id"
