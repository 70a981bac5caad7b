from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
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


@pytest.mark.parametrize("size", [0, 1, 4095, 4096, 4097, 100_000])
def test_what_is_there_is_read_whole_up_to_the_bound(tmp_path: Path, size: int) -> None:
    path, data = tmp_path / "some", bytes(range(256)) * (size // 256) + bytes(size % 256)
    path.write_bytes(data)
    for limit in (size, size + 1, 10**6):
        assert read_public(path, limit=limit) == data
    if size:
        with pytest.raises(CeremonyError) as caught:
            read_public(path, limit=size - 1)
        assert caught.value.code == "FILE_TOO_LARGE"


def test_a_pipe_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with ThreadPoolExecutor(1) as pool:
        written = pool.submit(path.write_bytes, b"12345" * 10_000)
        assert read_public(path, limit=50_000) == b"12345" * 10_000
        assert written.result() == 50_000
