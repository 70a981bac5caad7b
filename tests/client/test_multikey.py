from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord_client.documents import multikey
from accord_ledger.errors import DecodeError
from accord_ledger.keys import SigningKey

KEY_PAIR = Path(__file__).resolve().parents[2].parent / "shared" / "vectors" / "vc-di-eddsa" / "keyPair.json"
KNOWN = "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"


@pytest.mark.parametrize(
    ("hexes", "text"),
    [  # draft-msporny-base58-03, section 5
        (b"Hello World!".hex(), "2NEpo7TZRRrLZSi2U"),
        (
            b"The quick brown fox jumps over the lazy dog.".hex(),
            "USm3fpXnKG5EUBx2ndxBDMPVciP5hGey2Jh4NDv6gmeo1LkMeiKrLJUUBk6Z",
        ),
        ("0000287fb4cd", "11233QC4"),
        ("", ""),
    ],
)
def test_published_base58(hexes: str, text: str) -> None:
    assert multikey.base58_encode(bytes.fromhex(hexes)) == text
    assert multikey.base58_decode(text) == bytes.fromhex(hexes)


@given(st.binary(max_size=80))
def test_base58_round_trip(data: bytes) -> None:
    assert multikey.base58_decode(multikey.base58_encode(data)) == data


@given(st.text(multikey.BASE58_ALPHABET, max_size=60))
def test_every_base58_text_is_the_only_one_for_its_bytes(text: str) -> None:
    assert multikey.base58_encode(multikey.base58_decode(text)) == text


def test_published_key_pair() -> None:
    if not KEY_PAIR.is_file():
        pytest.skip("the W3C key pair is not here")
    pair = json.loads(KEY_PAIR.read_text())
    secret = multikey.multibase_decode(pair["privateKeyMultibase"])
    assert secret[:2].hex() == "8026"  # multicodec ed25519-priv (0x1300) as a varint
    public = SigningKey.from_seed(secret[2:]).public
    assert multikey.encode_multikey(public) == pair["publicKeyMultibase"] == KNOWN
    assert multikey.decode_multikey(KNOWN) == public


@given(st.binary(min_size=32, max_size=32))
def test_did_key_round_trip(public: bytes) -> None:
    did = multikey.did_key(public)
    assert did.startswith("did:key:z6Mk")
    assert multikey.did_key_public(did) == public
    method = multikey.resolve_did_key(multikey.did_key_method(public))
    assert (method.public, method.controller) == (public, did)


P256 = "zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169"


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("did:web:example.org#key", "MULTIKEY_DID"),
        (f"xdid:key:{KNOWN}#{KNOWN}", "MULTIKEY_DID"),
        ("did:key:", "MULTIKEY_DID"),
        (f"did:key:{KNOWN}", "MULTIKEY_METHOD"),
        (f"did:key:{KNOWN}#key-1", "MULTIKEY_METHOD"),
        (f"did:key:{P256}#{P256}", "MULTIKEY_TYPE"),
        (f"did:key:{KNOWN}1#{KNOWN}1", "MULTIKEY_TYPE"),
        (f"did:key:{KNOWN[:-1]}0#x", "MULTIKEY_BASE58"),
        (f"did:key:m{KNOWN[1:]}#x", "MULTIKEY_BASE58"),
        (f"did:key:z{'2' * 100_000}#x", "MULTIKEY_BASE58"),
    ],
)
def test_other_methods_are_refused(url: str, code: str) -> None:
    with pytest.raises(DecodeError) as caught:
        multikey.resolve_did_key(url)
    assert caught.value.code == code


def test_only_ed25519_keys_have_a_multikey_here() -> None:
    with pytest.raises(ValueError, match="expected 32 bytes"):
        multikey.encode_multikey(bytes(33))
