from __future__ import annotations

import copy
import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accord_client.documents import cryptosuites, multikey
from accord_client.documents.data_integrity import add_proof, check_issuer, create_proof, verify_proof
from accord_client.documents.jcs import canonicalize
from accord_client.documents.json_guard import load_object
from accord_client.documents.timestamps import stamp_seconds, stamp_text
from accord_ledger.errors import DecodeError, ProofError
from accord_ledger.keys import SigningKey

VECTORS = Path(__file__).resolve().parents[2].parent / "shared" / "vectors" / "vc-di-eddsa"
NOW = 1_800_000_000
KEY, OTHER = SigningKey.from_seed(bytes([1]) * 32), SigningKey.from_seed(bytes([2]) * 32)
DOCUMENT: dict[str, Any] = {
    "@context": ["https://www.w3.org/ns/credentials/v2"],
    "issuer": {"id": multikey.did_key(KEY.public)},
    "credentialSubject": {"credits": 7.5},
}


def proof_by(key: SigningKey, document: dict[str, Any], **options: Any) -> dict[str, Any]:
    return create_proof(document, key, multikey.did_key_method(key.public), NOW, **options)


def signed(document: dict[str, Any] = DOCUMENT, key: SigningKey = KEY, **options: Any) -> dict[str, Any]:
    return add_proof(document, proof_by(key, document, **options))


def code_of(document: dict[str, Any], **expected: Any) -> str:
    with pytest.raises(ProofError) as caught:
        verify_proof(document, multikey.resolve_did_key, **({"at": NOW} | expected))
    return caught.value.code


def vector(name: str) -> bytes:
    if not VECTORS.is_dir():
        pytest.skip("the W3C vectors are not here")
    return (VECTORS / name).read_bytes()


def test_every_intermediate_value_of_the_published_vector() -> None:
    unsigned, config = (
        load_object(vector("unsigned.json")),
        load_object(vector("eddsa-jcs-2022/proofConfigJCS.json")),
    )
    assert canonicalize(unsigned) == vector("eddsa-jcs-2022/canonDocJCS.txt")
    assert canonicalize(config) == vector("eddsa-jcs-2022/proofCanonJCS.txt")
    assert sha256(canonicalize(unsigned)).hexdigest() == vector("eddsa-jcs-2022/docHashJCS.txt").decode()
    assert sha256(canonicalize(config)).hexdigest() == vector("eddsa-jcs-2022/proofHashJCS.txt").decode()
    combined = cryptosuites.jcs_hash_data(unsigned, config)
    assert combined.hex() == vector("eddsa-jcs-2022/combinedHashJCS.txt").decode()


def test_the_published_signature_is_made_again() -> None:
    unsigned, pair = load_object(vector("unsigned.json")), json.loads(vector("keyPair.json"))
    key = SigningKey.from_seed(multikey.multibase_decode(pair["privateKeyMultibase"])[2:])
    created = stamp_seconds("2023-02-24T23:36:38Z", code="", path="")
    proof = create_proof(unsigned, key, multikey.did_key_method(key.public), created)
    assert proof["proofValue"] == vector("eddsa-jcs-2022/sigBTC58JCS.txt").decode()
    signature = multikey.multibase_decode(proof["proofValue"])
    assert signature.hex() == vector("eddsa-jcs-2022/sigHexJCS.txt").decode()
    assert unsigned | {"proof": proof} == load_object(vector("eddsa-jcs-2022/signedJCS.json"))


def test_the_published_document_verifies_but_not_as_its_issuers() -> None:
    verified = verify_proof(
        load_object(vector("eddsa-jcs-2022/signedJCS.json")), multikey.resolve_did_key, at=NOW
    )
    assert verified.document == load_object(vector("unsigned.json"))
    with pytest.raises(ProofError) as caught:
        check_issuer(verified)
    assert caught.value.code == "PROOF_ISSUER"


def test_object_and_array_and_issuer() -> None:
    document = signed()
    alone = document | {"proof": document["proof"][0]}
    for shape in (document, alone):
        verified = verify_proof(shape, multikey.resolve_did_key, at=NOW)
        assert verified.document == DOCUMENT
        assert check_issuer(verified).method.public == KEY.public
        assert verified.proofs[0].created == NOW


@settings(max_examples=60)
@given(st.data())
def test_any_change_is_noticed(data: st.DataObject) -> None:
    document = copy.deepcopy(signed())
    place = data.draw(st.sampled_from([document, document["credentialSubject"], document["proof"][0]]))
    name = data.draw(st.sampled_from([*place, "new"]).filter(lambda item: item != "proof"))
    value: Any = data.draw(st.sampled_from(["other", 1, None, [], {}, "2020-01-01T00:00:00Z"]))
    place[name] = value
    with pytest.raises(ProofError):
        verify_proof(document, multikey.resolve_did_key, at=NOW)


def test_contexts_added_after_signing_are_cut_off() -> None:
    document = signed()
    document["@context"] = [*document["@context"], "https://example.org/redefines-everything"]
    assert verify_proof(document, multikey.resolve_did_key, at=NOW).document == DOCUMENT
    document["@context"] = ["https://example.org/first", *DOCUMENT["@context"]]
    assert code_of(document) == "PROOF_CONTEXT"
    document["@context"] = []
    assert code_of(document) == "PROOF_CONTEXT"


def test_plain_json_without_contexts() -> None:
    document = signed({"statement": 1})
    assert "@context" not in document["proof"][0]
    assert verify_proof(document, multikey.resolve_did_key, at=NOW).document == {"statement": 1}
    assert code_of(document | {"@context": ["https://example.org/later"]}) == "PROOF_SIGNATURE"


def test_true_is_not_one_in_a_context() -> None:
    document = signed(DOCUMENT | {"@context": ["https://www.w3.org/ns/credentials/v2", {"@protected": True}]})
    document["@context"] = ["https://www.w3.org/ns/credentials/v2", {"@protected": 1}]
    assert code_of(document) == "PROOF_CONTEXT"


def test_proof_set_needs_every_signature() -> None:
    document = signed(signed(), OTHER)
    verified = verify_proof(document, multikey.resolve_did_key, at=NOW)
    assert [item.method.public for item in verified.proofs] == [KEY.public, OTHER.public]
    document["proof"][1]["proofValue"] = document["proof"][0]["proofValue"]
    assert code_of(document) == "PROOF_SIGNATURE"


def test_proof_chain_covers_the_proof_it_names() -> None:
    first = signed(proof_id="urn:uuid:1")
    chained = signed(first, OTHER, previous="urn:uuid:1")
    assert len(verify_proof(chained, multikey.resolve_did_key, at=NOW).proofs) == 2
    assert code_of(chained | {"proof": chained["proof"][1:]}) == "PROOF_CHAIN"
    other_first = proof_by(KEY, DOCUMENT, proof_id="urn:uuid:1", expires=NOW + 9)
    assert code_of(chained | {"proof": [other_first, chained["proof"][1]]}) == "PROOF_SIGNATURE"
    assert code_of(chained | {"proof": [*chained["proof"], first["proof"][0]]}) == "PROOF_CHAIN"
    with pytest.raises(ProofError) as caught:
        proof_by(OTHER, first, previous=["urn:uuid:1", "urn:uuid:2"])
    assert caught.value.code == "PROOF_CHAIN"


def test_expiry_purpose_domain_and_challenge() -> None:
    document = signed(expires=NOW + 10)
    assert verify_proof(document, multikey.resolve_did_key, at=NOW + 9)
    assert code_of(document, at=NOW + 10) == "PROOF_EXPIRED"
    assert code_of(document, purpose="authentication", challenge="c") == "PROOF_PURPOSE"
    shown = signed(purpose="authentication", domain="bank.example", challenge="c")
    expected: dict[str, Any] = {"purpose": "authentication", "domain": {"bank.example"}, "challenge": "c"}
    assert verify_proof(shown, multikey.resolve_did_key, at=NOW, **expected)
    assert code_of(shown, **expected | {"challenge": "d"}) == "PROOF_CHALLENGE"
    assert code_of(shown, **expected | {"domain": {"bank.example", "more"}}) == "PROOF_DOMAIN"
    assert code_of(document, domain=["bank.example"]) == "PROOF_DOMAIN"
    with pytest.raises(ValueError, match="challenge"):
        verify_proof(shown, multikey.resolve_did_key, at=NOW, purpose="authentication")


def test_a_key_is_used_only_for_what_its_owner_allows() -> None:
    def resolve(url: str) -> multikey.VerificationMethod:
        return multikey.VerificationMethod(
            url, "did:web:x.example", KEY.public, frozenset({"authentication"})
        )

    with pytest.raises(ProofError) as caught:
        verify_proof(signed(), resolve, at=NOW)
    assert (caught.value.code, caught.value.path) == ("PROOF_PURPOSE", "proof[0].verificationMethod")


def test_unknown_suites_prove_nothing() -> None:
    foreign = {"type": "DataIntegrityProof", "cryptosuite": "ecdsa-sd-2023"}
    both = add_proof(signed(), foreign)
    assert code_of(both) == "PROOF_SUITE"
    verified = verify_proof(both, multikey.resolve_did_key, at=NOW, ignore_unknown_suites=True)
    assert verified.unknown == ("ecdsa-sd-2023",)
    assert code_of(DOCUMENT | {"proof": foreign}, ignore_unknown_suites=True) == "PROOF_MISSING"
    assert code_of(DOCUMENT) == "PROOF_MISSING"
    assert code_of(DOCUMENT | {"proof": signed()["proof"] * 17}) == "PROOF_COUNT"


@pytest.mark.parametrize(
    ("member", "value", "code"),
    [
        ("proofValue", "zz", "PROOF_MALFORMED"),
        ("proofValue", "uAAAA", "PROOF_MALFORMED"),
        ("proofValue", 1, "PROOF_MALFORMED"),
        ("verificationMethod", "did:web:x.example#key", "PROOF_METHOD"),
        ("verificationMethod", ["did:key:z"], "PROOF_MALFORMED"),
        ("created", "2023-02-24T23:36:38", "PROOF_MALFORMED"),
        ("created", "2023-02-30T00:00:00Z", "PROOF_MALFORMED"),
        ("expires", 17, "PROOF_MALFORMED"),
        ("previousProof", {"id": 1}, "PROOF_MALFORMED"),
        ("previousProof", "urn:uuid:none", "PROOF_CHAIN"),
        ("cryptosuite", ["eddsa-jcs-2022"], "PROOF_SUITE"),
        ("type", "Ed25519Signature2020", "PROOF_SUITE"),
        ("id", None, "PROOF_MALFORMED"),
    ],
)
def test_malformed_proofs_are_named(member: str, value: object, code: str) -> None:
    document = signed()
    document["proof"][0][member] = value
    assert code_of(document) == code


def test_no_proof_object() -> None:
    assert code_of(DOCUMENT | {"proof": "x"}) == "PROOF_MALFORMED"


@given(st.integers(-62_135_596_800, 253_402_300_799))
def test_stamps_round_trip(seconds: int) -> None:
    text = stamp_text(seconds)
    assert stamp_seconds(text, code="", path="") == seconds


@pytest.mark.parametrize("seconds", [-62_135_596_801, 253_402_300_800, 10**30])
def test_stamps_have_four_digits_for_the_year(seconds: int) -> None:
    with pytest.raises(ValueError, match="years 1 to 9999"):
        stamp_text(seconds)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1970-01-01T00:00:00.999Z", 0), ("1969-12-31T23:59:59.5Z", -1), ("1970-01-01T09:30:00+09:30", 0)],
)
def test_stamps_with_fraction_and_zone(text: str, seconds: int) -> None:
    assert stamp_seconds(text, code="", path="") == seconds


@pytest.mark.parametrize(
    "text", ["2026-01-01", "2026-01-01T00:00:60Z", "2026-01-01T00:00:00+15:00", None, "٢" * 20]
)
def test_other_stamps_are_refused(text: object) -> None:
    with pytest.raises(DecodeError) as caught:
        stamp_seconds(text, code="X", path="here")
    assert (caught.value.code, caught.value.path) == ("X", "here")
