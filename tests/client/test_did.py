"""DID documents: did:key is its own, did:web comes from the ledger's keys with their history."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord_client.documents.did_key import did_key_document
from accord_client.documents.did_web import (
    RELATIONSHIPS,
    did_document,
    did_resolver,
    did_web,
    did_web_url,
    party_did,
)
from accord_client.documents.multikey import did_key, did_key_method, encode_multikey
from accord_ledger.domain.model.party import KeyRecord, Party
from accord_ledger.errors import AccordError
from accord_ledger.keys import SigningKey

DID = "did:web:uu.example"


def public(number: int) -> bytes:
    return SigningKey(bytes([number]) * 32).public


def record(number: int, purpose: Any = "issuance", **options: Any) -> KeyRecord:
    given: dict[str, Any] = {"valid_from": 100, "use": "institution"} | options
    return KeyRecord(party="uu", alg="ed25519", public=public(number), purposes=(purpose,), **given)


def method(number: int) -> str:
    return f"{DID}#{encode_multikey(public(number))}"


@pytest.mark.parametrize(
    ("did", "url"),
    [
        ("did:web:uu.example", "https://uu.example/.well-known/did.json"),
        ("did:web:node.example%3A8443:parties:uu", "https://node.example:8443/parties/uu/did.json"),
        ("did:web:a-b.uu.example:x:y.z", "https://a-b.uu.example/x/y.z/did.json"),
    ],
)
def test_where_a_document_is_found(did: str, url: str) -> None:
    assert did_web_url(did) == url


@pytest.mark.parametrize(
    "did",
    ["did:web:", "did:web:UU.example", "did:web:uu.example:..", "did:web:uu.example/x", "did:web:a:b/../c", "did:web:uu.example%2Fx",
     "did:web:uu.example#k", "did:web:user@uu.example", "did:web:uu.example:", "did:key:z6Mk", "did:web:" + "a" * 2000],
)  # fmt: skip
def test_what_is_no_did_web_is_refused(did: str) -> None:
    with pytest.raises(AccordError, match="DID_WEB"):
        did_web_url(did)


@given(st.text(max_size=60))
def test_any_text_is_a_did_or_refused(text: str) -> None:
    try:
        answer = did_web_url(f"did:web:{text}")
    except AccordError as error:
        answer = error.code
    assert answer == "DID_WEB" or answer.startswith("https://")


def test_a_did_of_a_host() -> None:
    assert did_web("https://node.example:8443", "parties", "uu") == "did:web:node.example%3A8443:parties:uu"
    for wrong in (
        "http://node.example",
        "https://node.example/x",
        "https://",
        "https://a:b",
        "https://[",
        "https://u@node.example",
    ):
        with pytest.raises(AccordError, match="DID_WEB"):
            did_web(wrong)


def test_the_ledger_says_which_did_is_whose() -> None:
    party = Party(party_id="uu", roles=("university",), legal_name={"en": "UU"}, country="NL", region="NL-UT")
    assert party_did(party, "https://node.example") == "did:web:node.example:parties:uu"
    own = Party(
        **{name: getattr(party, name) for name in party.__struct_fields__} | {"external_ids": {"did": DID}}
    )
    assert party_did(own, "https://node.example") == DID


def test_only_keys_that_speak_in_documents_are_listed() -> None:
    keys = [
        record(1),
        record(2, "status"),
        record(3, "registrar"),
        record(4, "institution"),
        record(5, use="vote"),
    ]
    document = did_document(DID, keys)
    assert {item["id"] for item in document["verificationMethod"]} == {method(1), method(2), method(4)}
    assert set(document["assertionMethod"]) == {method(1), method(2)}
    assert document["authentication"] == [method(4)]
    assert set(RELATIONSHIPS) == {"issuance", "status", "endorse", "institution"}


def test_a_replaced_key_verifies_what_it_signed_before() -> None:
    document = did_document(DID, [record(1, valid_to=500), record(2, valid_from=500)])
    assert did_resolver(document, at=499)(method(1)).public == public(1)
    with pytest.raises(AccordError, match="DID_METHOD_EXPIRED"):
        did_resolver(document, at=500)(method(1))
    assert did_resolver(document, at=500)(method(2)).controller == DID


def test_a_compromised_key_verifies_nothing() -> None:
    document = did_document(DID, [record(1, revoked_at=900, compromised_since=300), record(2)])
    shown = {item["id"]: item for item in document["verificationMethod"]}
    assert shown[method(1)]["revoked"] == "1970-01-01T00:05:00Z"
    assert document["assertionMethod"] == [method(2)]
    with pytest.raises(AccordError, match="DID_METHOD"):
        did_resolver(document, at=200)(method(1))


def test_the_document_as_of_a_time() -> None:
    keys = [record(1, revoked_at=900, compromised_since=300), record(2, valid_from=600)]
    before = did_document(DID, keys, at=599)
    assert [item["id"] for item in before["verificationMethod"]] == [method(1)]
    assert "revoked" not in before["verificationMethod"][0]
    assert did_document(DID, keys, at=900)["assertionMethod"] == [method(2)]


def test_a_did_key_is_its_own_document() -> None:
    did = did_key(public(1))
    document = did_key_document(did)
    assert document["id"] == did
    found = did_resolver(document, at=0)(did_key_method(public(1)))
    assert (found.public, found.controller) == (public(1), did)
    assert "assertionMethod" in found.purposes
    for wrong in ("did:key:z6Mk", "did:web:x", did + "#x"):
        with pytest.raises(AccordError, match="MULTIKEY_"):
            did_key_document(wrong)


@pytest.mark.parametrize(
    "document",
    [{}, {"id": 5}, {"id": DID, "verificationMethod": 5}, {"id": DID, "verificationMethod": [5]},
     {"id": DID, "verificationMethod": [], "assertionMethod": {}}, {"id": DID, "verificationMethod": [{}] * 1001}],
)  # fmt: skip
def test_what_is_no_document_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(AccordError, match="DID_DOCUMENT"):
        did_resolver(document, at=0)
