from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

import pytest

from accord_client.ids import LedgerReference
from accord_client.wallet import Wallet, credential_path, load_wallet, request_path, save_wallet
from accord_genesis.keyfiles import KeyFileError, read_private, replace_private
from accord_ledger.codec import decode_plain, encode_plain
from accord_ledger.errors import DecodeError
from accord_ledger.keys import SigningKey

NETWORK, OTHER = bytes([1]) * 32, bytes([2]) * 32
BATCH = bytes(range(16))
WALLET = Wallet(bytes(range(32)))
PASS = b"correct horse"


def test_derivation_is_hkdf_sha256_written_out() -> None:
    info = b"accord/wallet/holder/v1\x00" + NETWORK + b"\x02" + BATCH + b"\x00\x00\x00\x07"
    extracted = hmac.new(bytes(32), WALLET.seed, hashlib.sha256).digest()
    expanded = hmac.new(extracted, info + b"\x01", hashlib.sha256).digest()
    assert WALLET.holder_key(NETWORK, credential_path(BATCH, 7)).seed == expanded


def test_every_path_and_network_has_its_own_key() -> None:
    paths = [request_path(0), request_path(1), credential_path(BATCH, 0), credential_path(BATCH, 1)]
    keys = {WALLET.holder_key(network, path).public for network in (NETWORK, OTHER) for path in paths}
    assert len(keys) == 8
    assert Wallet(bytes(32)).holder_key(NETWORK, paths[0]).public not in keys


def test_requests_give_a_new_key_each_time() -> None:
    one, first = WALLET.request_key(NETWORK)
    two, second = one.request_key(NETWORK)
    assert (one.requests, two.requests) == (1, 2)
    assert first.public != second.public


def test_keys_are_found_again() -> None:
    reference = LedgerReference(NETWORK, BATCH, 3)
    made_by_issuer = SigningKey.from_seed(bytes([9]) * 32)
    wallet = WALLET.adopt(made_by_issuer.seed)
    own = wallet.holder_key(NETWORK, credential_path(BATCH, 3))
    asked = wallet.holder_key(NETWORK, request_path(40))
    for key in (own, asked, made_by_issuer):
        assert wallet.find_key(reference, key.public).seed == key.seed
    with pytest.raises(DecodeError) as caught:
        wallet.find_key(reference, wallet.holder_key(OTHER, request_path(0)).public)
    assert caught.value.code == "WALLET_NO_KEY"


def test_adopting_is_bounded_and_happens_once() -> None:
    wallet = WALLET.adopt(bytes(32))
    assert wallet.adopt(bytes(32)) == wallet
    with pytest.raises(DecodeError) as caught:
        wallet.adopt(bytes(31))
    assert caught.value.code == "WALLET_ADOPT"


def test_lengths_are_checked() -> None:
    for call in (
        lambda: Wallet(bytes(31)),
        lambda: credential_path(bytes(15), 0),
        lambda: WALLET.holder_key(bytes(31), request_path(0)),
    ):
        with pytest.raises(ValueError, match="expected"):
            call()
    assert Wallet.create() != Wallet.create()


def test_secrets_do_not_show() -> None:
    assert WALLET.seed.hex() not in repr(WALLET)
    assert repr(WALLET) == "Wallet(0 requests, 0 adopted)"


def test_file_round_trip(tmp_path: Path) -> None:
    path, wallet = tmp_path / "wallet", Wallet(WALLET.seed, 5, (bytes([7]) * 32,))
    save_wallet(path, wallet, PASS, new=True)
    assert path.stat().st_mode & 0o777 == 0o600
    assert wallet.seed not in path.read_bytes()
    assert load_wallet(path, PASS) == wallet
    with pytest.raises(KeyFileError) as caught:
        save_wallet(path, WALLET, PASS, new=True)
    assert caught.value.code == "KEYFILE_EXISTS"
    with pytest.raises(KeyFileError) as caught:
        load_wallet(path, b"wrong horse")
    assert caught.value.code == "WALLET_PASSPHRASE"


@pytest.mark.usefixtures("promised_cost")
def test_a_guess_costs_64_mib_twice(tmp_path: Path) -> None:
    save_wallet(tmp_path / "wallet", WALLET, PASS)
    header = decode_plain((tmp_path / "wallet").read_bytes())["header"]
    assert (header["n"], header["r"], header["p"]) == (2**16, 8, 2)
    assert load_wallet(tmp_path / "wallet", PASS) == WALLET


def test_an_exposed_or_weakly_locked_wallet_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "wallet"
    with pytest.raises(KeyFileError) as caught:
        save_wallet(path, WALLET, b"short")
    assert caught.value.code == "KEYFILE_WEAK"
    save_wallet(path, WALLET, PASS)
    path.chmod(0o644)
    with pytest.raises(KeyFileError) as caught:
        load_wallet(path, PASS)
    assert caught.value.code == "KEYFILE_EXPOSED"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"p": 1}, "WALLET_PASSPHRASE"),
        ({"n": 2**20}, "WALLET_MALFORMED"),
        ({"n": 2**16 - 1}, "WALLET_MALFORMED"),
        ({"r": 65}, "WALLET_MALFORMED"),
        ({"nonce": bytes(12)}, "WALLET_PASSPHRASE"),
        ({"kind": "accord/wallet-file/v2"}, "WALLET_MALFORMED"),
    ],
)
def test_changed_parameters_are_noticed_before_they_cost_much(
    tmp_path: Path, change: dict[str, object], code: str
) -> None:
    path = tmp_path / "wallet"
    save_wallet(path, WALLET, PASS)
    content = decode_plain(read_private(path))
    content["header"] |= change
    replace_private(path, encode_plain(content))
    with pytest.raises(KeyFileError) as caught:
        load_wallet(path, PASS)
    assert caught.value.code == code


def test_noise_is_no_wallet(tmp_path: Path) -> None:
    replace_private(tmp_path / "wallet", b"noise")
    with pytest.raises(KeyFileError) as caught:
        load_wallet(tmp_path / "wallet", PASS)
    assert caught.value.code == "WALLET_MALFORMED"
