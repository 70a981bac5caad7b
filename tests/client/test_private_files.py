from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from accord_client import private_files
from accord_client.private_files import (
    TOGETHER,
    fresh_name,
    fresh_token,
    is_left_over,
    publish,
    sync_file,
    write_new,
    write_private_together,
)
from accord_genesis.keyfiles import KeyFileError, read_private


@pytest.fixture(params=["together", "one by one"])
def syncing(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """With the system's call for it, and as on a system that has none."""
    if request.param == "one by one":
        monkeypatch.setattr(private_files, "SYNCFS", None)
    return str(request.param)


def published(folder: Path, files: dict[str, bytes]) -> None:
    """Written under fresh names, then given their own."""
    token = fresh_token()
    for name, data in files.items():
        write_new(str(folder / fresh_name(name, token)), data)
    publish(folder, [fresh_name(name, token) for name in files], list(files), token)


def test_files_are_private_and_whole(tmp_path: Path, syncing: str) -> None:
    old = os.umask(0o000)
    try:
        write_private_together(tmp_path, ((tmp_path / f"{n}", b"%d" % n * 70_000) for n in range(3)))
        published(tmp_path, {"1": b"new", "2": b""})
    finally:
        os.umask(old)
    assert {path.name for path in tmp_path.iterdir()} == {"0", "1", "2"}, syncing
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in tmp_path.iterdir())
    found = [read_private(tmp_path / f"{n}", limit=10**6) for n in range(3)]
    assert found == [b"0" * 70_000, b"new", b""]


def test_more_files_than_are_written_together(tmp_path: Path) -> None:
    names = [tmp_path / f"{number}" for number in range(TOGETHER + 3)]
    write_private_together(tmp_path, ((path, path.name.encode()) for path in names))
    assert all(path.read_bytes() == path.name.encode() for path in names)
    assert len(list(tmp_path.iterdir())) == len(names)


def test_a_file_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(b"mine")
    with pytest.raises(KeyFileError) as caught:
        write_private_together(tmp_path, [(tmp_path / "a", b"1"), (tmp_path / "b", b"2")])
    assert (caught.value.code, caught.value.path) == ("KEYFILE_EXISTS", str(tmp_path / "b"))
    assert (tmp_path / "b").read_bytes() == b"mine"


def test_what_cannot_have_its_name_is_said(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    with pytest.raises(KeyFileError) as caught:
        published(tmp_path, {"a": b"1", "b": b"2"})
    assert caught.value.code == "KEYFILE_IO"
    assert (tmp_path / "a").read_bytes() == b"1"
    assert [is_left_over(path.name) for path in tmp_path.iterdir() if path.name not in "ab"] == [True]


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    folder = tmp_path / "none"
    writes: list[Callable[[], None]] = [
        lambda: write_private_together(folder, [(folder / "a", b"")]),
        lambda: publish(folder, [], [], fresh_token()),
        lambda: sync_file(folder),
    ]
    for write in writes:
        with pytest.raises(KeyFileError) as caught:
            write()
        assert caught.value.code == "KEYFILE_IO"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (".0001.accord.json.0123456789abcdef", True),
        (".batch.json.0123456789abcdef", True),
        ("0001.accord.json.0123456789abcdef", False),
        (".0001.accord.json.0123456789abcdeg", False),
        (".profile", False),
        ("thesis.txt", False),
    ],
)
def test_what_is_left_over_is_known_by_its_name(name: str, expected: bool) -> None:
    assert is_left_over(name) is expected
