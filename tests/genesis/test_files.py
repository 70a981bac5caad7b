from __future__ import annotations

from pathlib import Path

import pytest

from accord_genesis.files import CeremonyError, read_public, write_public


def test_written_once_then_only_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.statement"
    write_public(path, b"one")
    with pytest.raises(CeremonyError) as caught:
        write_public(path, b"two")
    assert (caught.value.code, path.read_bytes()) == ("FILE_EXISTS", b"one")
    write_public(path, b"two", replace=True)
    assert read_public(path, limit=3) == b"two"
    assert [item.name for item in tmp_path.iterdir()] == ["a.statement"]


def test_reading_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "big"
    path.write_bytes(b"1234")
    for target, limit, code in (
        (path, 3, "FILE_TOO_LARGE"),
        (tmp_path / "no", 3, "FILE_MISSING"),
        (tmp_path, 3, "FILE_IO"),
    ):
        with pytest.raises(CeremonyError) as caught:
            read_public(target, limit=limit)
        assert (caught.value.code, caught.value.path) == (code, str(target))


def test_a_missing_folder_is_an_error_not_a_fault(tmp_path: Path) -> None:
    with pytest.raises(CeremonyError) as caught:
        write_public(tmp_path / "none" / "x", b"")
    assert caught.value.code == "FILE_IO"
