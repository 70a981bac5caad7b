"""The suites over RDF: published vectors, a badge signed by somebody else's program, chains, hostile input."""

from __future__ import annotations

import copy
import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accord_client.documents import multikey
from accord_client.documents.context_store import Contexts, bundled
from accord_client.documents.cryptosuites import (
    ED25519_SIGNATURE_2020,
    EDDSA_JCS_2022,
    EDDSA_RDFC_2022,
    canonical_document,
    rdfc_hash_data,
    with_contexts,
)
from accord_client.documents.data_integrity import add_proof, check_issuer, create_proof, verify_proof
from accord_client.documents.json_guard import load_object
from accord_client.documents.timestamps import stamp_seconds
from accord_ledger.errors import AccordError, DecodeError, ProofError
from accord_ledger.keys import SigningKey
from badge_documents import ISSUER_KEY, badge

VECTORS = Path(__file__).resolve().parents[2].parent / "shared" / "vectors"
NOW = 1_800_000_000
OTHER = SigningKey.from_seed(bytes([2]) * 32)
METHOD = multikey.did_key_method(ISSUER_KEY.public)


def vector(name: str) -> bytes:
    if not VECTORS.is_dir():
        pytest.skip("the W3C vectors are not here")
    return (VECTORS / "vc-di-eddsa" / name).read_bytes()


def example_contexts() -> Contexts:
    """The bundled contexts and the one of the W3C's examples."""
    vector("unsigned.json")
    text = (VECTORS / "jsonld-contexts" / "credentials-examples-v2.jsonld").read_bytes()
    return bundled().having("https://www.w3.org/ns/credentials/examples/v2", text)


def signed(
    document: dict[str, Any] | None = None, key: SigningKey = ISSUER_KEY, **options: Any
) -> dict[str, Any]:
    document = badge() if document is None else document
    options = {"suite": EDDSA_RDFC_2022} | options
    return add_proof(
        document, create_proof(document, key, multikey.did_key_method(key.public), NOW, **options)
    )


def code_of(document: dict[str, Any], **options: Any) -> str:
    with pytest.raises(AccordError) as caught:
        verify_proof(document, multikey.resolve_did_key, at=NOW, **options)
    return caught.value.code


def test_every_intermediate_value_of_the_published_vector() -> None:
    known = example_contexts()
    unsigned = load_object(vector("unsigned.json"))
    config = load_object(vector("eddsa-rdfc-2022/proofConfigDataInt.json"))
    document, proof = canonical_document(unsigned, known), canonical_document(config, known)
    assert document.encode() == vector("eddsa-rdfc-2022/canonDocDataInt.txt")
    assert proof.encode() == vector("eddsa-rdfc-2022/proofCanonDataInt.txt")
    assert sha256(document.encode()).hexdigest() == vector("eddsa-rdfc-2022/docHashDataInt.txt").decode()
    assert sha256(proof.encode()).hexdigest() == vector("eddsa-rdfc-2022/proofHashDataInt.txt").decode()
    combined = rdfc_hash_data(unsigned, config, known)
    assert combined.hex() == vector("eddsa-rdfc-2022/combinedHashDataInt.txt").decode()


def test_the_published_signature_is_made_again_and_verifies() -> None:
    suites = with_contexts(example_contexts())
    unsigned, pair = load_object(vector("unsigned.json")), json.loads(vector("keyPair.json"))
    key = SigningKey.from_seed(multikey.multibase_decode(pair["privateKeyMultibase"])[2:])
    created = stamp_seconds("2023-02-24T23:36:38Z", code="", path="")
    proof = create_proof(unsigned, key, multikey.did_key_method(key.public), created, suite=suites[0])
    assert proof["proofValue"] == vector("eddsa-rdfc-2022/sigBTC58DataInt.txt").decode()
    assert (
        multikey.multibase_decode(proof["proofValue"]).hex()
        == vector("eddsa-rdfc-2022/sigHexDataInt.txt").decode()
    )
    published = load_object(vector("eddsa-rdfc-2022/signedDataInt.json"))
    assert unsigned | {"proof": proof} == published
    verified = verify_proof(published, multikey.resolve_did_key, at=NOW, suites=suites)
    assert (verified.document, verified.proofs[0].cryptosuite) == (unsigned, "eddsa-rdfc-2022")


def test_a_published_document_in_an_unbundled_context_is_refused_by_name() -> None:
    employment = load_object(vector("eddsa-rdfc-2022/employ/signedDataInt.json"))
    assert code_of(employment) == "CONTEXT_UNKNOWN"
    assert code_of(load_object(vector("eddsa-rdfc-2022/signedDataInt.json"))) == "CONTEXT_UNKNOWN"


FOREIGN: dict[str, Any] = {
    "@context": [
        "https://www.w3.org/2018/credentials/v1",
        "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
        "https://w3id.org/security/suites/ed25519-2020/v1",
    ],
    "id": "urn:uuid:1b2c",
    "type": ["VerifiableCredential", "OpenBadgeCredential"],
    "issuer": {"id": multikey.did_key(ISSUER_KEY.public), "type": ["Profile"], "name": "Example University"},
    "issuanceDate": "2024-01-01T00:00:00Z",
    "name": "Data",
    "credentialSubject": {
        "id": "did:example:1",
        "type": ["AchievementSubject"],
        "achievement": {
            "id": "urn:uuid:2",
            "type": ["Achievement"],
            "name": "Data",
            "description": "d",
            "criteria": {"narrative": "n"},
        },
    },
    "proof": {
        "type": "Ed25519Signature2020",
        "created": "2024-01-02T00:00:00Z",
        "verificationMethod": METHOD,
        "proofPurpose": "assertionMethod",
        "proofValue": "z2wRqUCiKugnZAtG53Nof9uuSmKpgEU63YBE7cgamy2ABfDFTv6d4sLq5EAiPXCrKre9hKF8MH6fvUjc3Lz7Q6XTs",
    },
}
"""Signed by ``@digitalbazaar/vc`` 7.3.0 with ``@digitalbazaar/ed25519-signature-2020`` 5.4.0."""


def test_a_badge_signed_by_another_program_with_the_suite_of_2020() -> None:
    verified = verify_proof(FOREIGN, multikey.resolve_did_key, at=NOW)
    assert check_issuer(verified).cryptosuite == "Ed25519Signature2020"
    for place, value in (("name", "Other"), ("issuanceDate", "2023-01-01T00:00:00Z")):
        assert code_of(FOREIGN | {place: value}) == "PROOF_SIGNATURE"
    dated = FOREIGN["proof"] | {"created": "2024-01-03T00:00:00Z"}
    assert code_of(FOREIGN | {"proof": dated}) == "PROOF_SIGNATURE"


def test_the_suite_of_2020_is_not_made() -> None:
    with pytest.raises(ValueError, match="Ed25519Signature2020"):
        signed(FOREIGN, suite=ED25519_SIGNATURE_2020)


def test_a_badge_is_signed_and_verifies_as_its_issuers() -> None:
    document = signed(badge() | {"issuer": {"id": multikey.did_key(ISSUER_KEY.public), "type": ["Profile"]}})
    assert set(document["proof"][0]) == {
        "type", "cryptosuite", "created", "verificationMethod", "proofPurpose", "proofValue",
    }  # fmt: skip
    verified = verify_proof(document, multikey.resolve_did_key, at=NOW)
    assert check_issuer(verified).method.public == ISSUER_KEY.public


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_any_other_statement_is_noticed(data: st.DataObject) -> None:
    document = copy.deepcopy(signed())
    subject = document["credentialSubject"]
    place = data.draw(st.sampled_from([document, subject, subject["achievement"], document["proof"][0]]))
    name = data.draw(st.sampled_from([*place, "new"]).filter(lambda item: item not in ("proof", "@context")))
    place[name] = data.draw(st.sampled_from(["other", "urn:x:other", 1, None, {}, "2020-01-01T00:00:00Z"]))
    with pytest.raises(AccordError):
        verify_proof(document, multikey.resolve_did_key, at=NOW)


def test_sets_and_chains() -> None:
    both = signed(signed(suite=EDDSA_JCS_2022), OTHER)
    assert [proof.cryptosuite for proof in verify_proof(both, multikey.resolve_did_key, at=NOW).proofs] == [
        "eddsa-jcs-2022",
        "eddsa-rdfc-2022",
    ]
    first = signed(proof_id="urn:uuid:first")
    chained = signed(first, OTHER, previous="urn:uuid:first")
    assert len(verify_proof(chained, multikey.resolve_did_key, at=NOW).proofs) == 2
    assert code_of(chained | {"proof": chained["proof"][1:]}) == "PROOF_CHAIN"
    again = signed(proof_id="urn:uuid:first", expires=NOW + 9)["proof"][0]
    assert code_of(chained | {"proof": [again, chained["proof"][1]]}) == "PROOF_SIGNATURE"


def test_a_proof_says_nothing_of_contexts_but_the_documents() -> None:
    document = signed()
    proof = document["proof"][0]
    same = document | {"proof": proof | {"@context": document["@context"]}}
    assert verify_proof(same, multikey.resolve_did_key, at=NOW)
    fewer = document | {"proof": proof | {"@context": document["@context"][:1]}}
    assert code_of(fewer) == "PROOF_CONTEXT"
    assert (
        code_of(document | {"@context": [*document["@context"], "https://evil.example/c"]})
        == "CONTEXT_UNKNOWN"
    )
    assert (
        code_of({name: value for name, value in document.items() if name != "@context"}) == "CONTEXT_MISSING"
    )


def test_members_that_no_context_defines_are_not_passed_over() -> None:
    document = signed()
    assert code_of(document | {"grade": "A"}) == "JSONLD_UNDEFINED"
    proof = document["proof"][0] | {"note": "A"}
    assert code_of(document | {"proof": proof}) == "JSONLD_UNDEFINED"
    with pytest.raises(DecodeError):
        signed(badge() | {"grade": "A"})


def test_one_suite_does_not_stand_for_another() -> None:
    document = signed()
    for member, value in (("cryptosuite", "eddsa-jcs-2022"), ("type", "Ed25519Signature2020")):
        changed = document | {"proof": [document["proof"][0] | {member: value}]}
        assert code_of(changed) in {"PROOF_SIGNATURE", "PROOF_SUITE"}
    with pytest.raises(ProofError) as caught:
        verify_proof(document, multikey.resolve_did_key, at=NOW, suites=(EDDSA_JCS_2022,))
    assert caught.value.code == "PROOF_SUITE"


def test_every_member_of_a_configuration_is_covered_whether_its_hash_is_kept_or_not() -> None:
    document = badge()
    config = {
        "type": "DataIntegrityProof", "cryptosuite": "eddsa-rdfc-2022", "created": "2027-01-15T08:00:00Z",
        "verificationMethod": "did:web:x.example#1", "proofPurpose": "assertionMethod",
    }  # fmt: skip
    known = rdfc_hash_data(document, config)
    assert known == rdfc_hash_data(document, config, bundled())  # the way that keeps nothing
    for name, value in {
        "created": "2027-01-15T08:00:01Z", "verificationMethod": "did:web:x.example#2", "proofPurpose": "authentication",
        "expires": "2099-01-15T08:00:00Z", "domain": ["https://a.example", "https://b.example"],
    }.items():  # fmt: skip
        other = rdfc_hash_data(document, config | {name: value})
        assert other[:32] != known[:32], name
        assert other[32:] == known[32:]
        assert other == rdfc_hash_data(document, config | {name: value}, bundled())
