from __future__ import annotations

from pathlib import Path

import pytest

from accord_genesis.files import CeremonyError
from accord_genesis.keyfiles import KeyFileError, load_key
from accord_genesis.keyset import NODE_USES, default_purposes, load_founding_key, make_keys, write_keys
from accord_ledger.keys import check_possession


def test_every_use_has_a_key_of_its_own() -> None:
    keys = make_keys("a", default_purposes(("university",), seat=True), node=True)
    publics = [key.public for key in keys.new_keys()] + [keys.node_key(use).public for use in NODE_USES]
    assert len(set(publics)) == len(publics) == 9 + 4
    for key in keys.new_keys():
        check_possession(b"", "a", "institution", key.public, key.proof, "")


@pytest.mark.parametrize(
    ("role", "purposes"),
    [
        ("credit_bank", {"registrar", "agreements"}),
        ("provider", {"registrar", "issuance", "quality", "agreements"}),
        ("quality_agency", {"quality"}),
        ("regulator", {"governance"}),
        ("employer_body", set()),
        ("auditor", set()),
    ],
)
def test_roles_have_their_purposes(role: str, purposes: set[str]) -> None:
    assert set(default_purposes((role,), seat=False)) == {"institution", *purposes}  # type: ignore[arg-type]  # parametrised


def test_files_are_private_and_apart(tmp_path: Path) -> None:
    keys = make_keys("a", ("institution", "governance"), node=True)
    institution, node = tmp_path / "i", tmp_path / "n"
    write_keys(keys, institution, node, passphrase=b"long enough")
    assert sorted(path.name for path in institution.iterdir()) == ["governance.pem", "institution.pem"]
    pems = [f"{use}.pem" for use in NODE_USES]
    assert {path.name for path in node.iterdir()} == {*pems, "vote.unused"}
    assert institution.stat().st_mode & 0o777 == 0o700
    assert b"ENCRYPTED" in (institution / "institution.pem").read_bytes()
    assert load_key(node / "vote.pem").public == keys.node_key("vote").public
    founding = load_founding_key(institution, passphrase=b"long enough")
    assert founding.public == keys.institution["governance"].public


@pytest.mark.parametrize(("institution", "node"), [("k", "k"), ("k", "k/node"), ("k/inst", "k")])
def test_institution_keys_never_share_the_nodes_folder(tmp_path: Path, institution: str, node: str) -> None:
    keys = make_keys("a", ("institution",), node=True)
    with pytest.raises(CeremonyError) as caught:
        write_keys(keys, tmp_path / institution, tmp_path / node, passphrase=None)
    assert caught.value.code == "KEYS_TOGETHER"
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    keys = make_keys("a", ("institution",), node=False)
    write_keys(keys, tmp_path / "i", tmp_path / "n", passphrase=None)
    with pytest.raises(KeyFileError) as caught:
        write_keys(
            make_keys("a", ("institution",), node=False), tmp_path / "i", tmp_path / "n", passphrase=None
        )
    assert caught.value.code == "KEYFILE_EXISTS"
    assert load_founding_key(tmp_path / "i", passphrase=None).public == keys.institution["institution"].public
    assert not (tmp_path / "n").exists()


def test_a_folder_without_founding_key_is_named(tmp_path: Path) -> None:
    with pytest.raises(CeremonyError) as caught:
        load_founding_key(tmp_path, passphrase=None)
    assert (caught.value.code, caught.value.path) == ("STATEMENT_KEY", str(tmp_path))
