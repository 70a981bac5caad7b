from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from accord_client.errors import RefusedError
from accord_client.keyring import PURPOSES, Keyring
from accord_client.plain import from_plain
from accord_genesis.keyfiles import KeyFileError
from accord_ledger.domain.kinds.party import NewKey
from accord_ledger.keys import check_possession
from client_cli import Desk


def test_new_keys_come_with_statements_that_register_them(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    made = desk.json("keys", "new", "uni", "issuance", "registrar", "--unencrypted")
    assert [item["purpose"] for item in made] == ["issuance", "registrar"]
    for item in made:
        key = from_plain(item["statement"], NewKey)
        check_possession(b"", "uni", "institution", key.public, key.proof, "key")
        assert Keyring(tmp_path / "keys").signer("uni", item["purpose"]).public == key.public
        assert stat.S_IMODE(Path(item["file"]).stat().st_mode) == 0o600
    listed = desk.json("keys", "list")
    assert [(item["party"], item["purpose"]) for item in listed] == [
        ("uni", "issuance"),
        ("uni", "registrar"),
    ]
    assert "issuance" in desk.run("keys", "list").stdout


def test_keys_are_encrypted_unless_said(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.refused("KEYFILE_PASSPHRASE", "keys", "new", "uni", "quality")
    desk.run("keys", "new", "uni", "quality", ACCORD_PASSPHRASE="correct horse")
    with pytest.raises(KeyFileError):
        Keyring(tmp_path / "keys").signer("uni", "quality")
    assert Keyring(tmp_path / "keys", b"correct horse").signer("uni", "quality").public
    desk.refused("KEYFILE_EXISTS", "keys", "new", "uni", "quality", ACCORD_PASSPHRASE="correct horse")


@pytest.mark.parametrize("party", ["../uu", "UU", "", "a/b", "x" * 65])
def test_names_cannot_leave_the_folder(tmp_path: Path, party: str) -> None:
    with pytest.raises(RefusedError) as caught:
        Keyring(tmp_path).path(party, "issuance")
    assert caught.value.code == "KEYRING_NAME"
    with pytest.raises(RefusedError):
        Keyring(tmp_path).path("uu", "../issuance")
    assert "issuance" in PURPOSES


def test_failures_are_json_where_json_is_asked_for(tmp_path: Path) -> None:
    result = Desk(tmp_path).run("keys", "new", "../x", "issuance", "--unencrypted", "--json", code=1)
    assert json.loads(result.stderr)["code"] == "KEYRING_NAME"
    assert result.stdout == ""
