"""The one verification rule, held to published vectors, and the admission of keys."""

import json
from hashlib import sha512
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl import bindings

from accord_ledger.errors import ProofError, Rejection
from accord_ledger.keys import (
    SigningKey,
    admissible,
    check_possession,
    check_signature,
    key_id,
    possession_message,
    verifies,
)
from accord_ledger.tags import Tag

VECTORS = Path(__file__).resolve().parents[2].parent / "shared" / "vectors"
WYCHEPROOF_CASES = 151
EDGE_CASES = 12
NETWORK = bytes([7]) * 32

RFC8032 = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
]
"""Seed, public key, message and signature: RFC 8032 section 7.1, tests 1 and 2."""


def load(name: str) -> Any:
    path = VECTORS / name
    if not path.is_file():
        pytest.skip(f"third-party vectors are not at {path}")
    return json.loads(path.read_bytes())


@pytest.mark.parametrize(("seed", "public", "message", "signature"), RFC8032)
def test_signatures_of_rfc_8032(seed: str, public: str, message: str, signature: str) -> None:
    key = SigningKey.from_seed(bytes.fromhex(seed))
    assert key.public.hex() == public
    assert key.seed.hex() == seed
    assert key.sign(bytes.fromhex(message)).hex() == signature
    assert verifies(key.public, bytes.fromhex(message), bytes.fromhex(signature))


def test_all_wycheproof_cases() -> None:
    cases = [
        (bytes.fromhex(group["publicKey"]["pk"]), test)
        for group in load("wycheproof-ed25519/ed25519_test.json")["testGroups"]
        for test in group["tests"]
    ]
    assert len(cases) == WYCHEPROOF_CASES
    assert {test["result"] for _, test in cases} == {"valid", "invalid"}
    for public, test in cases:
        verdict = verifies(public, bytes.fromhex(test["msg"]), bytes.fromhex(test["sig"]))
        assert verdict == (test["result"] == "valid"), f"case {test['tcId']}: {test['comment']}"


def test_all_edge_cases() -> None:
    """The cases on which Ed25519 libraries disagree; admission keeps even the accepted one out."""
    cases = load("ed25519-edge-cases.json")["cases"]
    assert [case["number"] for case in cases] == list(range(EDGE_CASES))
    accepted = []
    for case in cases:
        public, message, signature = (
            bytes.fromhex(case[name]) for name in ("public_key", "message", "signature")
        )
        assert verifies(public, message, signature) == case["libsodium_accepts"], case["what"]
        if verifies(public, message, signature):
            accepted.append(case["number"])
            assert not admissible(public)
    assert accepted == [3]


@given(st.binary(max_size=80), st.binary(max_size=40), st.binary(max_size=80))
def test_bytes_from_anyone_verify_or_do_not(public: bytes, message: bytes, signature: bytes) -> None:
    assert not verifies(public, message, signature)
    assert admissible(public) in {True, False}


@given(st.binary(max_size=200), st.integers(0, 511))
def test_a_signature_is_for_one_message_and_one_key(message: bytes, bit: int) -> None:
    key, other = SigningKey(bytes([1]) * 32), SigningKey(bytes([2]) * 32)
    signature = key.sign(message)
    assert verifies(key.public, message, signature)
    assert not verifies(other.public, message, signature)
    assert not verifies(key.public, message + b"\x00", signature)
    flipped = (int.from_bytes(signature, "big") ^ (1 << bit)).to_bytes(64, "big")
    assert not verifies(key.public, message, flipped)


@pytest.mark.parametrize("cut", [0, 31, 33, 63, 65])
def test_wrong_lengths_are_a_plain_no(cut: int) -> None:
    key = SigningKey(bytes(32))
    signature = key.sign(b"message")
    assert not verifies((key.public * 3)[:cut], b"message", signature)
    assert not verifies(key.public, b"message", (signature * 2)[:cut])
    assert not admissible((key.public * 3)[:cut])


def test_no_byte_moves_between_signature_and_message() -> None:
    """The library checks the two joined; cut elsewhere, they would make a second signature of other words."""
    key = SigningKey(bytes(32))
    signature = key.sign(b"message")
    for cut in (1, 3):
        assert not verifies(key.public, b"message"[cut:], signature + b"message"[:cut])
        assert not verifies(key.public, signature[-cut:] + b"message", signature[:-cut])


def test_check_signature_names_its_error() -> None:
    key = SigningKey(bytes(32))
    check_signature(key.public, b"message", key.sign(b"message"), "a seal")
    with pytest.raises(ProofError) as caught:
        check_signature(key.public, b"other", key.sign(b"message"), "a seal")
    assert caught.value.code == "SIGNATURE_INVALID"
    assert "a seal" in caught.value.detail


def test_key_ids_name_algorithm_and_key() -> None:
    key = SigningKey(bytes(32))
    assert key.key_id == key_id(key.public) == Tag.KEY_ID.digest(b"ed25519\x00" + key.public)


def test_a_private_key_does_not_show_itself() -> None:
    key = SigningKey(bytes(range(32)))
    assert key.seed.hex() not in repr(key)
    assert key.key_id.hex()[:16] in repr(key)


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_a_seed_has_32_bytes(size: int) -> None:
    with pytest.raises(ValueError, match="32"):
        SigningKey(bytes(size))


SMALL_ORDER = [
    bytes(32),
    bytes([1]) + bytes(31),
    bytes.fromhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"),
]
NOT_CANONICAL = bytes.fromhex("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")
NOT_ON_THE_CURVE = bytes([2]) + bytes(31)


@pytest.mark.parametrize("public", [*SMALL_ORDER, NOT_CANONICAL, NOT_ON_THE_CURVE])
def test_keys_that_are_no_points_of_prime_order_are_not_admitted(public: bytes) -> None:
    assert not admissible(public)
    with pytest.raises(Rejection) as caught:
        check_possession(NETWORK, "party", "vote", public, bytes(64), "keys[0]")
    assert (caught.value.code, caught.value.path) == ("E_KEY_INVALID", "keys[0]")


POINT_OF_ORDER_8 = bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")


def proof_of_a_mixed_key() -> tuple[bytes, bytes]:
    """A key with a part of order 8, and a possession proof by it that verifies all the same.

    The equation S B = R + h A leaves the small part h T over; it is nothing where 8 divides h.
    """
    secret = (7).to_bytes(32, "little")
    public = bindings.crypto_core_ed25519_add(
        bindings.crypto_scalarmult_ed25519_base_noclamp(secret), POINT_OF_ORDER_8
    )
    message = possession_message(NETWORK, "party", "vote", public)
    for number in range(1, 500):
        once = number.to_bytes(32, "little")
        point = bindings.crypto_scalarmult_ed25519_base_noclamp(once)
        digest = bindings.crypto_core_ed25519_scalar_reduce(sha512(point + public + message).digest())
        if not digest[0] & 7:
            product = bindings.crypto_core_ed25519_scalar_mul(digest, secret)
            return public, point + bindings.crypto_core_ed25519_scalar_add(once, product)
    raise AssertionError("one in eight should do")


def test_a_key_of_mixed_order_is_not_admitted_though_its_proof_verifies() -> None:
    public, proof = proof_of_a_mixed_key()
    assert verifies(public, possession_message(NETWORK, "party", "vote", public), proof)
    assert not admissible(public)
    with pytest.raises(Rejection, match="prime order"):
        check_possession(NETWORK, "party", "vote", public, proof, "keys[0]")


def test_possession_is_proved_for_one_owner_one_use_one_network() -> None:
    key, other = SigningKey(bytes([1]) * 32), SigningKey(bytes([2]) * 32)
    proof = key.prove_possession(NETWORK, "party", "vote")
    check_possession(NETWORK, "party", "vote", key.public, proof, "path")
    for claim in (
        (bytes(32), "party", "vote", key.public),
        (b"", "party", "vote", key.public),
        (NETWORK, "other", "vote", key.public),
        (NETWORK, "party", "link", key.public),
        (NETWORK, "party", "vote", other.public),
    ):
        with pytest.raises(Rejection) as caught:
            check_possession(*claim, proof, "path")
        assert caught.value.code == "E_KEY_INVALID"


def test_possession_is_signed_under_its_tag() -> None:
    message = possession_message(NETWORK, "party", "vote", bytes(32))
    assert message == b"accord/sign/possession/v1\x00" + NETWORK + b"\x00party\x00vote\x00" + bytes(32)
