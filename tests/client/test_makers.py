from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from accord_client.bundle import draft_bundle, parse_bundle
from accord_client.documents import sd_jwt
from accord_client.documents.data_integrity import check_issuer, verify_proof
from accord_client.documents.json_guard import load_object
from accord_client.documents.multikey import VerificationMethod, encode_multikey
from accord_client.documents.open_badge_facts import BadgeDates, LearnerClaims
from accord_client.documents.sd_jwt_vc import verify_sd_jwt_vc
from accord_client.issuing import (
    BadgeMaker,
    EveryMaker,
    LearnerDocument,
    PreparedBatch,
    RdfcSigner,
    SdJwtMaker,
    StatusRange,
    prepare_batch,
)
from accord_ledger.credential import document_commitment
from accord_ledger.errors import DecodeError
from badge_documents import ISSUER, ISSUER_KEY, NOW, PROGRAMME

NETWORK, BATCH = bytes([7]) * 32, bytes.fromhex("018f3a5e0000700080000000000000ff")
METHOD = f"{ISSUER.did}#{encode_multikey(ISSUER_KEY.public)}"
STATUS = StatusRange("https://bjou.example/status/1", 1000)
BADGE = BadgeMaker(PROGRAMME, ISSUER, BadgeDates(NOW), RdfcSigner(ISSUER_KEY, METHOD, NOW), (STATUS,))
TOKEN = SdJwtMaker(PROGRAMME, ISSUER, BadgeDates(NOW), ISSUER_KEY, METHOD, STATUS)
BOTH = EveryMaker((BADGE, TOKEN))
CLASS = [LearnerClaims("Doe", f"Learner {number}", result="A") for number in range(70)]


def prepared(claims: list[LearnerClaims] = CLASS[:4], workers: int = 1) -> PreparedBatch:
    return prepare_batch(NETWORK, BATCH, claims, BOTH, rng=random.Random(1), workers=workers)


def resolve(url: str) -> VerificationMethod:
    assert url == METHOD
    return VerificationMethod(url, ISSUER.did, ISSUER_KEY.public, frozenset({"assertionMethod"}))


def test_one_leaf_commits_to_badge_and_token() -> None:
    for item in prepared().credentials:
        badge, token = item.documents
        verified = verify_proof(load_object(badge.content), resolve, at=NOW)
        assert check_issuer(verified).cryptosuite == "eddsa-rdfc-2022"
        vc = verify_sd_jwt_vc(token.content.decode(), resolve)
        assert (vc.holder, vc.claims["jti"]) == (item.holder_public, item.reference.urn)
        assert vc.claims["status"]["status_list"]["idx"] == 1000 + item.reference.index
        assert vc.claims["given_name"] == item.claims.given_name
        signed = sd_jwt.issuer_signed(token.content.decode()).encode()
        assert token.commitment == document_commitment(token.media_type, token.salt, signed)


def test_a_bundle_carries_all_disclosures_and_the_same_root() -> None:
    batch = prepared()
    for item, bundle in zip(
        batch.credentials, (draft_bundle(batch, index) for index in range(4)), strict=True
    ):
        read = parse_bundle(bundle.to_json())
        assert read.documents_root() == item.documents_root
        assert read.documents[1].file() == item.documents[1].content


def test_salts_of_disclosures_are_fresh_for_each_credential() -> None:
    tokens = [sd_jwt.parse(item.documents[1].content.decode()) for item in prepared().credentials]
    digests = [digest for token in tokens for digest in token.payload["_sd"]]
    assert len(digests) == len(set(digests)) == 4 * 4


def test_other_processes_make_the_same_batch() -> None:
    alone, together = prepared(CLASS), prepared(CLASS, workers=2)
    assert alone.root == together.root
    assert [item.documents for item in alone.credentials] == [item.documents for item in together.credentials]


def test_documents_are_seen_as_they_are_made() -> None:
    seen: list[int] = []

    def watch(made: Iterator[Sequence[LearnerDocument]]) -> Iterator[Sequence[LearnerDocument]]:
        for documents in made:
            seen.append(len(documents))
            yield documents

    assert prepare_batch(NETWORK, BATCH, CLASS[:3], BOTH, watch=watch).count == 3
    assert seen == [2, 2, 2]


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_keeps_its_name_across_processes(workers: int) -> None:
    wrong = [*CLASS, replace(CLASS[0], result="Z")]
    with pytest.raises(DecodeError) as caught:
        prepared(wrong, workers)
    assert (caught.value.code, caught.value.path) == ("BADGE_RESULT", "result")


def test_secrets_do_not_show() -> None:
    assert ISSUER_KEY.seed.hex() not in repr(BOTH)
