"""Signed status lists in both forms: what they say, and what a verifier refuses."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accord_client.documents.data_integrity import add_proof, create_proof
from accord_client.documents.multikey import did_key, did_key_method, resolve_did_key
from accord_client.documents.status_bits import MIN_BITS, StatusBits, base64url_text
from accord_client.documents.status_bitstring import (
    ListPeriod,
    StatusPlace,
    build_status_list,
    check_status_list,
    status_places,
)
from accord_client.documents.status_token import check_status_token, pack_statuses, sign_status_token
from accord_ledger.errors import AccordError
from accord_ledger.keys import SigningKey

KEY, OTHER = SigningKey(b"\x01" * 32), SigningKey(b"\x02" * 32)
ISSUER, URL = did_key(KEY.public), "https://uu.example/v1/status-lists/uu/ds/revocation"
NOW, PERIOD = 1_800_000_100, ListPeriod(1_800_000_000, 1_800_086_400, 300)


def signed(key: SigningKey = KEY, **changes: Any) -> dict[str, Any]:
    bits = StatusBits(MIN_BITS)
    bits.merge(70, 0b101)
    document = build_status_list(URL, ISSUER, "revocation", bits, PERIOD) | changes
    return add_proof(document, create_proof(document, key, did_key_method(key.public), NOW))


def place(index: int, **changes: Any) -> StatusPlace:
    given: dict[str, Any] = {"url": URL, "index": index, "purpose": "revocation"} | changes
    return StatusPlace(**given)


def test_what_a_list_says() -> None:
    found = check_status_list(signed(), resolve_did_key, issuer=ISSUER, at=NOW)
    assert [found.value(place(index)) for index in (69, 70, 71, 72)] == [0, 1, 0, 1]
    assert found.valid_until == PERIOD.valid_until


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"purpose": "suspension"}, "STATUS_VERIFICATION_ERROR"),
        ({"url": URL + "2"}, "STATUS_VERIFICATION_ERROR"),
        ({"index": MIN_BITS}, "RANGE_ERROR"),
        ({"size": 2}, "STATUS_LIST_LENGTH_ERROR"),
    ],
)
def test_a_place_must_fit_the_list(wrong: dict[str, Any], code: str) -> None:
    found = check_status_list(signed(), resolve_did_key, issuer=ISSUER, at=NOW)
    with pytest.raises(AccordError) as failure:
        found.value(place(**({"index": 1} | wrong)))
    assert failure.value.code == code


@pytest.mark.parametrize(
    "document",
    [
        signed(OTHER),
        signed() | {"validUntil": "2099-01-01T00:00:00Z"},
        signed(issuer=did_key(OTHER.public)),
        signed(type=["VerifiableCredential"]),
        {name: value for name, value in signed().items() if name != "proof"},
        signed(credentialSubject={"type": "BitstringStatusList", "statusPurpose": 5, "encodedList": "u"}),
    ],
)
def test_a_list_nobody_should_believe(document: dict[str, Any]) -> None:
    with pytest.raises(AccordError, match="STATUS_VERIFICATION_ERROR"):
        check_status_list(document, resolve_did_key, issuer=ISSUER, at=NOW)


def test_a_list_of_another_issuer_is_refused() -> None:
    with pytest.raises(AccordError, match="STATUS_VERIFICATION_ERROR"):
        check_status_list(signed(), resolve_did_key, issuer="did:web:uu.example", at=NOW)


@pytest.mark.parametrize("at", [PERIOD.valid_from - 1, PERIOD.valid_until])
def test_a_list_counts_for_its_period_only(at: int) -> None:
    with pytest.raises(AccordError, match="STATUS_VERIFICATION_ERROR"):
        check_status_list(signed(), resolve_did_key, issuer=ISSUER, at=at)


def test_entries_of_a_credential() -> None:
    entry = {"type": "BitstringStatusListEntry", "statusPurpose": "revocation", "statusListIndex": "7",
             "statusListCredential": URL}  # fmt: skip
    assert status_places({"credentialStatus": entry}) == [place(7)]
    assert status_places({"credentialStatus": [entry, {"type": "Other"}]}) == [place(7)]
    assert status_places({}) == []
    for wrong in (
        {"statusListIndex": 7},
        {"statusListIndex": "07"},
        {"statusSize": 0},
        {"statusListCredential": "x"},
    ):
        with pytest.raises(AccordError, match="MALFORMED_VALUE_ERROR"):
            status_places({"credentialStatus": entry | wrong})


# ---- tokens ------------------------------------------------------------------------------------------


def token(key: SigningKey = KEY) -> bytes:
    revoked, suspended = StatusBits(MIN_BITS), StatusBits(MIN_BITS)
    revoked.merge(5, 0b1)
    suspended.merge(5, 0b11)
    return sign_status_token(URL, pack_statuses(revoked, suspended), PERIOD, key, did_key_method(key.public))


def parts(data: bytes) -> list[Any]:
    return [json.loads(base64.urlsafe_b64decode(part + b"==")) for part in data.split(b".")[:2]]


def forged(header: dict[str, Any], claims: dict[str, Any], key: SigningKey = KEY) -> bytes:
    text = ".".join(base64url_text(json.dumps(part).encode()) for part in (header, claims)).encode()
    return text + b"." + base64url_text(key.sign(text)).encode()


def test_a_token_says_valid_revoked_suspended() -> None:
    found = check_status_token(token(), resolve_did_key, url=URL, issuer=ISSUER, at=NOW)
    assert [found.status(index) for index in (4, 5, 6, 7)] == [0, 1, 2, 0]
    with pytest.raises(AccordError, match="RANGE_ERROR"):
        found.status(MIN_BITS)


def test_a_token_names_its_issuer_but_need_not() -> None:
    header, claims = parts(token())
    assert claims.pop("iss") == ISSUER
    found = check_status_token(forged(header, claims), resolve_did_key, url=URL, issuer=ISSUER, at=NOW)
    assert found.status(5) == 1


@settings(max_examples=20)
@given(st.sets(st.integers(0, MIN_BITS - 1), max_size=10), st.sets(st.integers(0, MIN_BITS - 1), max_size=10))
def test_packing_keeps_every_place(revoked: set[int], suspended: set[int]) -> None:
    lists = []
    for places in (revoked, suspended):
        bits = StatusBits(MIN_BITS)
        for item in places:
            bits.merge(item, 1)
        lists.append(bits)
    packed = pack_statuses(*lists)
    for item in revoked | suspended | {0}:
        value = packed[item >> 2] >> 2 * (item & 3) & 3
        assert value == (1 if item in revoked else 2 if item in suspended else 0)


def wrong_tokens() -> list[tuple[bytes, str]]:
    header, claims = parts(token())
    lst = base64url_text(zlib.compress(bytes(3 << 20)))
    return [
        (token(OTHER), "STATUS_VERIFICATION_ERROR"),
        (token()[:-4] + b"AAAA", "STATUS_VERIFICATION_ERROR"),
        (forged(header | {"typ": "JWT"}, claims), "STATUS_VERIFICATION_ERROR"),
        (forged(header | {"alg": "none"}, claims), "STATUS_VERIFICATION_ERROR"),
        (forged(header | {"crit": ["x"]}, claims), "STATUS_VERIFICATION_ERROR"),
        (forged(header, claims | {"sub": "https://other.example"}), "STATUS_VERIFICATION_ERROR"),
        (forged(header, claims | {"iss": "did:web:other.example"}), "STATUS_VERIFICATION_ERROR"),
        (forged(header, claims | {"exp": NOW}), "STATUS_VERIFICATION_ERROR"),
        (forged(header, claims | {"iat": NOW + 1}), "STATUS_VERIFICATION_ERROR"),
        (forged(header, claims | {"iat": "now"}), "MALFORMED_VALUE_ERROR"),
        (forged(header, claims | {"status_list": {"bits": 3, "lst": ""}}), "MALFORMED_VALUE_ERROR"),
        (forged(header, claims | {"status_list": {"bits": 1, "lst": lst}}), "STATUS_LIST_LENGTH_ERROR"),
        (b"a.b", "MALFORMED_VALUE_ERROR"),
        ("ü.a.b".encode(), "MALFORMED_VALUE_ERROR"),
    ]


@pytest.mark.parametrize(("data", "code"), wrong_tokens())
def test_a_token_nobody_should_believe(data: bytes, code: str) -> None:
    with pytest.raises(AccordError) as failure:
        check_status_token(data, resolve_did_key, url=URL, issuer=ISSUER, at=NOW)
    assert failure.value.code == code
