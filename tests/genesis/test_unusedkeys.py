"""The file beside a vote key that says it has never signed."""

from __future__ import annotations

from pathlib import Path

import pytest

from accord_genesis.keyfiles import KeyFileError, generate_key
from accord_genesis.keyset import make_keys, write_keys
from accord_genesis.unusedkeys import mark_unused, says_unused, unused_path

KEY, OTHER = generate_key(), generate_key()


@pytest.mark.parametrize("name", ["vote.pem", "vote-2.pem", "vote", "a.b.pem"])
def test_it_names_its_key_and_no_other(tmp_path: Path, name: str) -> None:
    path = mark_unused(tmp_path / name, KEY)
    assert path == unused_path(tmp_path / name)
    assert path.parent == tmp_path
    assert path.suffix == ".unused"
    assert says_unused(path, KEY.public)
    assert not says_unused(path, OTHER.public)
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_an_older_key_of_that_name_left_is_replaced(tmp_path: Path) -> None:
    mark_unused(tmp_path / "vote.pem", OTHER)
    path = mark_unused(tmp_path / "vote.pem", KEY)
    assert says_unused(path, KEY.public)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("damage", [lambda data: data[:-1], lambda data: data + b"x", lambda data: b""])
def test_a_damaged_one_says_nothing(tmp_path: Path, damage: object) -> None:
    path = mark_unused(tmp_path / "vote.pem", KEY)
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]  # parametrised
    assert not says_unused(path, KEY.public)


def test_one_of_any_size_and_one_others_may_write_are_refused(tmp_path: Path) -> None:
    path = mark_unused(tmp_path / "vote.pem", KEY)
    path.chmod(0o666)
    with pytest.raises(KeyFileError, match="KEYFILE_EXPOSED"):
        says_unused(path, KEY.public)
    path.chmod(0o600)
    path.write_bytes(bytes(10_000))
    with pytest.raises(KeyFileError, match="KEYFILE_TOO_LARGE"):
        says_unused(path, KEY.public)


def test_keys_that_are_made_together_leave_it(tmp_path: Path) -> None:
    keys = make_keys("a", ("institution",), node=True)
    write_keys(keys, tmp_path / "i", tmp_path / "n", passphrase=None)
    assert says_unused(tmp_path / "n" / "vote.unused", keys.node_key("vote").public)
    assert [path.name for path in tmp_path.rglob("*.unused")] == ["vote.unused"]
