from __future__ import annotations

import base64
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed448
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from accord_genesis import keyfiles
from accord_genesis.keyfiles import KeyFileError, find_passphrase, load_key, write_key
from accord_ledger.keys import SigningKey

KEY = SigningKey.from_seed(bytes(range(32)))
PASS = b"correct horse"


def code_of(path: Path, passphrase: bytes | None = None) -> str:
    with pytest.raises(KeyFileError) as caught:
        load_key(path, passphrase=passphrase)
    return caught.value.code


@pytest.mark.parametrize("passphrase", [None, PASS])
def test_round_trip(tmp_path: Path, passphrase: bytes | None) -> None:
    path = tmp_path / "key.pem"
    write_key(path, KEY, passphrase=passphrase)
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_key(path, passphrase=passphrase).seed == KEY.seed
    assert (b"ENCRYPTED" in path.read_bytes()) == (passphrase is not None)


def test_mode_does_not_depend_on_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o277)
    try:
        write_key(tmp_path / "key.pem", KEY, passphrase=None)
    finally:
        os.umask(before)
    assert (tmp_path / "key.pem").stat().st_mode & 0o777 == 0o600


@pytest.mark.usefixtures("promised_cost")
def test_a_guess_costs_16_mib_five_times(tmp_path: Path) -> None:
    write_key(tmp_path / "key.pem", KEY, passphrase=PASS)
    text = (tmp_path / "key.pem").read_text().splitlines()
    scrypt = bytes.fromhex("02024000020108020105")  # N = 2**14, r = 8, p = 5
    assert scrypt in base64.b64decode("".join(text[1:-1]))
    assert load_key(tmp_path / "key.pem", passphrase=PASS).seed == KEY.seed


def test_openssl_reads_our_encrypted_files(tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("no openssl here")
    write_key(tmp_path / "key.pem", KEY, passphrase=PASS)
    command = ["openssl", "pkey", "-in", str(tmp_path / "key.pem"), "-passin", "env:PW", "-outform", "DER"]
    made = subprocess.run(command, env={"PW": PASS.decode()}, capture_output=True, check=True)
    loaded = serialization.load_der_private_key(made.stdout, None)
    assert isinstance(loaded, Ed25519PrivateKey)
    assert loaded.private_bytes_raw() == KEY.seed


def test_files_of_other_tools_are_read(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    pem = Ed25519PrivateKey.from_private_bytes(KEY.seed).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(PASS),
    )
    keyfiles.write_private(path, pem)
    assert load_key(path, passphrase=PASS).public == KEY.public


def test_passphrase_errors(tmp_path: Path) -> None:
    locked, plain = tmp_path / "locked.pem", tmp_path / "plain.pem"
    write_key(locked, KEY, passphrase=PASS)
    write_key(plain, KEY, passphrase=None)
    assert code_of(locked) == "KEYFILE_PASSPHRASE"
    assert code_of(locked, b"wrong") == "KEYFILE_PASSPHRASE"
    assert code_of(plain, PASS) == "KEYFILE_PASSPHRASE"
    with pytest.raises(KeyFileError) as caught:
        write_key(tmp_path / "weak.pem", KEY, passphrase=b"1234567")
    assert caught.value.code == "KEYFILE_WEAK"
    assert not (tmp_path / "weak.pem").exists()


def test_nothing_is_overwritten_and_no_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "target")
    (tmp_path / "key.pem").write_bytes(b"old")
    for name in ("key.pem", "link"):
        with pytest.raises(KeyFileError) as caught:
            write_key(tmp_path / name, KEY, passphrase=None)
        assert caught.value.code == "KEYFILE_EXISTS"
    assert (tmp_path / "key.pem").read_bytes() == b"old"
    assert not (tmp_path / "target").exists()


@pytest.mark.parametrize(
    ("mode", "code"), [(0o644, "KEYFILE_EXPOSED"), (0o660, "KEYFILE_EXPOSED"), (0o604, "KEYFILE_EXPOSED")]
)
def test_exposed_files_are_refused(tmp_path: Path, mode: int, code: str) -> None:
    path = tmp_path / "key.pem"
    write_key(path, KEY, passphrase=None)
    path.chmod(mode)
    assert code_of(path) == code
    path.chmod(0o440)
    assert load_key(path).public == KEY.public


def test_what_is_no_key_file(tmp_path: Path) -> None:
    assert code_of(tmp_path / "none.pem") == "KEYFILE_MISSING"
    assert code_of(tmp_path) == "KEYFILE_IO"
    os.mkfifo(tmp_path / "pipe", 0o600)
    assert code_of(tmp_path / "pipe") == "KEYFILE_IO"
    keyfiles.write_private(tmp_path / "noise", b"noise")
    assert code_of(tmp_path / "noise") == "KEYFILE_MALFORMED"
    keyfiles.write_private(tmp_path / "large", bytes(keyfiles.MAX_KEY_FILE + 1))
    assert code_of(tmp_path / "large") == "KEYFILE_TOO_LARGE"
    with pytest.raises(KeyFileError) as caught:
        write_key(tmp_path / "no" / "such" / "folder", KEY, passphrase=None)
    assert caught.value.code == "KEYFILE_IO"


def test_other_kinds_of_keys_are_refused(tmp_path: Path) -> None:
    pem = ed448.Ed448PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    keyfiles.write_private(tmp_path / "key.pem", pem)
    assert code_of(tmp_path / "key.pem") == "KEYFILE_ALGORITHM"


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "wallet"
    keyfiles.write_private(path, b"one")
    keyfiles.replace_private(path, b"two")
    assert keyfiles.read_private(path) == b"two"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_replacement_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "full").touch()
    with pytest.raises(KeyFileError) as caught:
        keyfiles.replace_private(tmp_path / "folder", b"one")
    assert caught.value.code == "KEYFILE_IO"
    assert list(tmp_path.iterdir()) == [tmp_path / "folder"]


def test_passphrase_comes_from_the_first_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "passphrase"
    keyfiles.write_private(file, b"from file\r\nnot this\n")
    monkeypatch.setenv("ACCORD_TEST_PASSPHRASE", "from environment")
    sources = {"variable": "ACCORD_TEST_PASSPHRASE", "file": file}
    assert find_passphrase("given", **sources) == b"given"  # type: ignore[arg-type]  # a mixed mapping
    assert find_passphrase(None, **sources) == b"from environment"  # type: ignore[arg-type]  # likewise
    assert find_passphrase(None, variable="ACCORD_UNSET", file=file) == b"from file"
    assert find_passphrase() is None
    keyfiles.write_private(tmp_path / "empty", b"\n")
    with pytest.raises(KeyFileError) as caught:
        find_passphrase(file=tmp_path / "empty")
    assert caught.value.code == "KEYFILE_PASSPHRASE"


def test_a_new_key_is_new() -> None:
    assert keyfiles.generate_key().seed != keyfiles.generate_key().seed
