from __future__ import annotations

from typing import Any

import pytest

from accord_client.documents import multikey
from accord_client.documents.cryptosuites import EDDSA_JCS_2022, EDDSA_RDFC_2022
from accord_client.documents.data_integrity import add_proof, create_proof
from accord_client.documents.presentation import create_presentation, verify_presentation
from accord_ledger.errors import AccordError, DecodeError
from accord_ledger.keys import SigningKey
from badge_documents import HOLDER, ISSUER_KEY, NOW, badge

OTHER = SigningKey.from_seed(bytes([3]) * 32)
ASKED: dict[str, Any] = {"at": NOW, "domain": ["bank.example"], "challenge": "c-1"}


def credential(**options: Any) -> dict[str, Any]:
    made = badge(**options)
    method = multikey.did_key_method(ISSUER_KEY.public)
    return add_proof(made, create_proof(made, ISSUER_KEY, method, NOW, suite=EDDSA_RDFC_2022))


def shown(*credentials: dict[str, Any], key: SigningKey = HOLDER, **options: Any) -> dict[str, Any]:
    options = {"domain": "bank.example", "challenge": "c-1"} | options
    return create_presentation(list(credentials) or [credential()], key, NOW, **options)


def code_of(presentation: dict[str, Any], **asked: Any) -> tuple[str, str]:
    with pytest.raises(AccordError) as caught:
        verify_presentation(presentation, multikey.resolve_did_key, **(ASKED | asked))
    return caught.value.code, caught.value.path


@pytest.mark.parametrize("suite", [EDDSA_RDFC_2022, EDDSA_JCS_2022])
def test_a_holder_shows_two_credentials(suite: Any) -> None:
    made = shown(credential(), credential(identity_salt=bytes([1]) * 16), suite=suite)
    verified = verify_presentation(made, multikey.resolve_did_key, **ASKED)
    assert verified.holder == multikey.did_key(HOLDER.public)
    assert verified.proof.cryptosuite == suite.name
    assert [item.proofs[0].method.public for item in verified.credentials] == [ISSUER_KEY.public] * 2


def test_it_is_for_one_verifier_and_one_question() -> None:
    assert code_of(shown(challenge="c-2"))[0] == "PROOF_CHALLENGE"
    assert code_of(shown(domain="other.example"))[0] == "PROOF_DOMAIN"
    assert code_of(shown(), domain=["bank.example", "other.example"])[0] == "PROOF_DOMAIN"
    made = shown(challenge="c-2")
    made["proof"]["challenge"] = "c-1"
    assert code_of(made) == ("PROOF_SIGNATURE", "proof[0]")


def test_only_the_subject_shows_a_credential() -> None:
    assert code_of(shown(key=OTHER)) == ("PRESENTATION_HOLDER", "verifiableCredential[0]")
    mixed = shown(credential(), credential(holder=OTHER.public))
    assert code_of(mixed) == ("PRESENTATION_HOLDER", "verifiableCredential[1]")
    unsigned = {name: value for name, value in shown().items() if name != "proof"} | {"holder": "did:x:1"}
    proof = create_proof(
        unsigned, HOLDER, multikey.did_key_method(HOLDER.public), NOW, "authentication",
        domain="bank.example", challenge="c-1", suite=EDDSA_RDFC_2022,
    )  # fmt: skip
    assert code_of(unsigned | {"proof": proof}) == ("PRESENTATION_HOLDER", "holder")
    assert code_of(shown() | {"proof": [shown()["proof"]] * 2})[0] == "PRESENTATION_HOLDER"


def test_a_changed_credential_is_found_inside() -> None:
    changed = credential()
    changed["name"] = "Another"
    assert code_of(shown(changed)) == ("PROOF_SIGNATURE", "verifiableCredential[0].proof[0]")
    made = shown()
    made["verifiableCredential"][0]["name"] = "Another"
    assert code_of(made) == ("PROOF_SIGNATURE", "proof[0]")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"type": "VerifiableCredential"}, "PRESENTATION_FORM"),
        ({"@context": ["https://evil.example/c"]}, "PRESENTATION_FORM"),
        ({"verifiableCredential": ["x"]}, "PRESENTATION_FORM"),
        ({"verifiableCredential": []}, "PRESENTATION_COUNT"),
        ({"verifiableCredential": [{}] * 33}, "PRESENTATION_COUNT"),
        ({"proof": []}, "PROOF_MISSING"),
        ({"extra": "x"}, "JSONLD_UNDEFINED"),
    ],
)
def test_what_is_no_presentation_is_named(change: dict[str, Any], code: str) -> None:
    assert code_of(shown() | change)[0] == code


def test_nothing_to_show() -> None:
    with pytest.raises(DecodeError) as caught:
        create_presentation([], HOLDER, NOW, domain="d", challenge="c")
    assert caught.value.code == "PRESENTATION_COUNT"
