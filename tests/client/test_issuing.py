from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from accord_client.claims_csv import MAX_LINE, read_claims_csv
from accord_client.documents.data_integrity import check_issuer, verify_proof
from accord_client.documents.jcs import canonicalize, committed_content
from accord_client.documents.json_guard import load_object
from accord_client.documents.multikey import VerificationMethod, did_key, encode_multikey
from accord_client.documents.open_badge import ledger_reference
from accord_client.documents.open_badge_facts import (
    BadgeDates,
    IssuerFacts,
    LearnerClaims,
    ProgrammeFacts,
    ResultScale,
)
from accord_client.issuing import BadgeMaker, JcsSigner, PreparedBatch, StatusRange, prepare_batch
from accord_ledger.credential import check_credential, document_commitment, documents_root, holder_commitment
from accord_ledger.errors import DecodeError, ProofError
from accord_ledger.keys import SigningKey

NETWORK, BATCH, NOW = bytes([7]) * 32, bytes.fromhex("018f3a5e0000700080000000000000ff"), 1_800_000_000
ISSUER = IssuerFacts("did:web:bjou.example", "Open University of Beijing")
PROGRAMME = ProgrammeFacts(
    id="https://bjou.example/programmes/data-analysis/2",
    code="data-analysis",
    version="2",
    name="Data Analysis",
    description="Analyse and present data of a small business.",
    criteria="Complete six projects, two of them with a company.",
    result=ResultScale("Final grade", "LetterGrade"),
)
LEARNER = LearnerClaims("Doe", "Jane", email="jane@example.org")
KEY = SigningKey.from_seed(bytes([5]) * 32)
METHOD = f"{ISSUER.did}#{encode_multikey(KEY.public)}"
MAKER = BadgeMaker(
    PROGRAMME,
    ISSUER,
    BadgeDates(NOW),
    JcsSigner(KEY, METHOD, NOW),
    (StatusRange("https://bjou.example/status/1", 1000),),
)
CLASS = [LearnerClaims("Doe", f"Learner {number}", result="A") for number in range(13)]


def prepared(claims: list[LearnerClaims] = CLASS, seed: int = 1) -> PreparedBatch:
    return prepare_batch(NETWORK, BATCH, claims, MAKER, rng=random.Random(seed))


def resolve(url: str) -> VerificationMethod:
    assert url == METHOD
    return VerificationMethod(url, ISSUER.did, KEY.public, frozenset({"assertionMethod"}))


def test_every_credential_proves_itself_against_root_and_count() -> None:
    batch = prepared()
    assert batch.count == 13
    for index, item in enumerate(batch.credentials):
        document = item.documents[0]
        commitment = document_commitment(document.media_type, document.salt, document.content)
        check_credential(
            BATCH,
            index,
            documents_root([commitment]),
            holder_commitment(item.holder_salt, item.holder_public),
            path=batch.inclusion_path(index),
            count=batch.count,
            merkle_root=batch.root,
        )


def test_the_document_is_a_signed_badge_of_its_place_and_holder() -> None:
    batch = prepared()
    for index, item in enumerate(batch.credentials):
        badge = load_object(item.documents[0].content)
        verified = verify_proof(badge, resolve, at=NOW)
        assert check_issuer(verified).method.id == METHOD
        assert ledger_reference(verified.document) == item.reference
        assert item.reference.index == index
        assert badge["credentialStatus"]["statusListIndex"] == str(1000 + index)
        assert badge["credentialSubject"]["id"] == did_key(item.holder_public)
        assert canonicalize(badge) == item.documents[0].content


def test_a_changed_document_opens_nothing() -> None:
    batch = prepared()
    item = batch.credentials[4]
    changed = item.documents[0].content.replace(b'"value":"A"', b'"value":"B"')
    assert changed != item.documents[0].content
    commitment = document_commitment("application/vc", item.documents[0].salt, changed)
    holder = holder_commitment(item.holder_salt, item.holder_public)
    with pytest.raises(ProofError):
        check_credential(
            BATCH,
            4,
            documents_root([commitment]),
            holder,
            path=batch.inclusion_path(4),
            count=13,
            merkle_root=batch.root,
        )


def test_indentation_does_not_matter() -> None:
    document = prepared().credentials[0].documents[0]
    shown = document.content.replace(b'","', b'",\n  "').replace(b":{", b": {")
    assert committed_content(document.media_type, shown) == document.content


def test_order_salts_and_keys_are_fresh() -> None:
    one, two = prepare_batch(NETWORK, BATCH, CLASS, MAKER), prepare_batch(NETWORK, BATCH, CLASS, MAKER)
    assert one.root != two.root
    assert {item.claims.given_name for item in one.credentials} == {item.given_name for item in CLASS}
    salts = {document.salt for item in one.credentials for document in item.documents}
    salts |= {item.holder_salt for item in one.credentials}
    assert len(salts) == 26
    assert len({item.holder_public for item in one.credentials}) == 13


def test_learners_are_shuffled() -> None:
    claims = [LearnerClaims("Doe", f"Learner {number}") for number in range(40)]
    names = [item.claims.given_name for item in prepared(claims).credentials]
    assert names != [item.given_name for item in claims]
    assert names != [item.claims.given_name for item in prepared(claims, seed=2).credentials]


def test_a_learners_own_key_is_used() -> None:
    holder = SigningKey.from_seed(bytes([6]) * 32)
    item = prepared([replace(LEARNER, holder=holder.public)]).credentials[0]
    assert (item.holder_public, item.holder_seed) == (holder.public, None)
    made = prepared([LEARNER]).credentials[0]
    assert made.holder_seed is not None
    assert SigningKey.from_seed(made.holder_seed).public == made.holder_public
    assert made.holder_seed.hex() not in repr(made)


def test_holder_keys_are_checked() -> None:
    holder = SigningKey.from_seed(bytes([6]) * 32).public
    twice = [replace(LEARNER, holder=holder), replace(LEARNER, holder=holder)]
    small_order = [replace(LEARNER, holder=b"\x01" + bytes(31))]
    for claims, code in [
        (twice, "ISSUING_HOLDER_REUSED"),
        (small_order, "ISSUING_HOLDER_KEY"),
        ([], "ISSUING_COUNT"),
    ]:
        with pytest.raises(DecodeError) as caught:
            prepared(claims)
        assert caught.value.code == code


@pytest.mark.parametrize("index", [-1, 13])
def test_there_is_no_path_outside_the_batch(index: int) -> None:
    with pytest.raises(ValueError, match="expected an index below 13"):
        prepared().inclusion_path(index)


# ---- CSV ---------------------------------------------------------------------------------------------

HOLDER_DID = did_key(SigningKey.from_seed(bytes([6]) * 32).public)


def test_csv_in_full(tmp_path: Path) -> None:
    path = tmp_path / "class.csv"
    text = f'Family_Name,given_name,email,grade,holder\r\n"Doe, Jr.",Jane,j@x.example,B,{HOLDER_DID}\r\n\r\n张, 伟 ,,,\r\n'
    path.write_text("\ufeff" + text, encoding="utf-8", newline="")
    first, second = read_claims_csv(path)
    assert (first.family_name, first.email, first.result) == ("Doe, Jr.", "j@x.example", "B")
    assert first.holder == SigningKey.from_seed(bytes([6]) * 32).public
    assert second == LearnerClaims("张", "伟")


def test_csv_is_normalised(tmp_path: Path) -> None:
    path = tmp_path / "class.csv"
    path.write_text("family_name,given_name\nMu\u0308ller,Zoe\u0308\n", encoding="utf-8")
    assert next(read_claims_csv(path)) == LearnerClaims("M\u00fcller", "Zo\u00eb")


@pytest.mark.parametrize(
    ("data", "code", "path"),
    [
        (b"", "CSV_HEADER", ""),
        (b"family_name\nDoe\n", "CSV_HEADER", "line 1"),
        (b"family_name,given_name,colour\n", "CSV_HEADER", "line 1"),
        (b"family_name,given_name,grade,result\n", "CSV_HEADER", "line 1"),
        (b"family_name,given_name\nDoe\n", "CSV_ROW", "line 2"),
        (b"family_name,given_name\nDoe,Jane\nDoe,Jane,x\n", "CSV_ROW", "line 3"),
        (b"family_name,given_name\nDoe,\n", "CLAIM_TEXT", "line 2, given_name"),
        (b"family_name,given_name,email\nDoe,Jane,a\x00b\n", "CLAIM_TEXT", "line 2, email"),
        (b"family_name,given_name,holder\nDoe,Jane,did:web:x\n", "MULTIKEY_DID", "line 2, holder"),
        (b'family_name,given_name\n"Doe"x,Jane\n', "CSV_SYNTAX", "line 2"),
        (b'family_name,given_name\n"Doe,Jane\n', "CSV_SYNTAX", "line 2"),
        (b"family_name,given_name\n" + b"x" * (MAX_LINE + 1), "CSV_TOO_LARGE", ""),
    ],
)
def test_faulty_rows_are_named(tmp_path: Path, data: bytes, code: str, path: str) -> None:
    (tmp_path / "class.csv").write_bytes(data)
    with pytest.raises(DecodeError) as caught:
        list(read_claims_csv(tmp_path / "class.csv"))
    assert (caught.value.code, caught.value.path) == (code, path)


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    (tmp_path / "latin.csv").write_bytes(b"family_name,given_name\nM\xfcller,Eva\n")
    for name, code in [("latin.csv", "CSV_ENCODING"), ("none.csv", "CSV_IO"), (".", "CSV_IO")]:
        with pytest.raises(DecodeError) as caught:
            list(read_claims_csv(tmp_path / name))
        assert caught.value.code == code


def test_rows_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "class.csv"
    path.write_text("family_name,given_name\n" + "Doe,Jane\n" * 3)
    assert len(list(read_claims_csv(path, limit=3))) == 3
    with pytest.raises(DecodeError) as caught:
        list(read_claims_csv(path, limit=2))
    assert (caught.value.code, caught.value.path) == ("CSV_TOO_LARGE", "line 4")
