"""Files replaced together: each whole and synced before it has its name, and all handed over before the first sync."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from accord_node.storage.durable import SYNCS, replace_files


class Watching:
    """Notes what stands where when a file is synced (``accord_node.storage.durable.Syncs``)."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.fails_at = -1
        self.seen: list[tuple[bytes, list[str], list[int]]] = []
        """Content of the synced file, names in the folder, sizes of those."""

    def file(self, descriptor: int) -> None:
        if len(self.seen) == self.fails_at:
            raise OSError(errno.ENOSPC, "full")
        content = Path(f"/proc/self/fd/{descriptor}").read_bytes()
        there = sorted(path for path in self.root.rglob("*") if path.is_file())
        self.seen.append((content, [path.name for path in there], [path.stat().st_size for path in there]))
        os.fdatasync(descriptor)

    def directory(self, path: Path) -> None:
        pass


@pytest.fixture
def syncs(tmp_path: Path) -> Iterator[Watching]:
    watching = Watching(tmp_path)
    token = SYNCS.set(watching)
    yield watching
    SYNCS.reset(token)


def test_all_are_written_before_the_first_is_synced_and_named_after_the_last(
    tmp_path: Path, syncs: Watching
) -> None:
    files = [(tmp_path / f"x{number % 2}" / f"{number}", b"%d" % number * 9) for number in range(5)]
    (tmp_path / "x0").mkdir()
    (tmp_path / "x0" / "0").write_bytes(b"old")
    replace_files(files)
    assert [content for content, _, _ in syncs.seen] == [data for _, data in files]
    for _, names, sizes in syncs.seen:
        assert sorted(names) == sorted(["0", *(f"{number}.new" for number in range(5))])
        assert sorted(sizes) == [3, 9, 9, 9, 9, 9]
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == dict(files)


def test_so_many_are_open_at_a_time_and_no_more(tmp_path: Path, syncs: Watching) -> None:
    files = [(tmp_path / str(number), b"x") for number in range(130)]
    replace_files(files)
    assert max(sum(name.endswith(".new") for name in names) for _, names, _ in syncs.seen) == 64
    assert len(list(tmp_path.iterdir())) == len(syncs.seen) == 130


@pytest.mark.parametrize("fails_at", [0, 2])
def test_none_has_its_name_when_one_cannot_be_synced(tmp_path: Path, syncs: Watching, fails_at: int) -> None:
    (tmp_path / "0").write_bytes(b"old")
    syncs.fails_at = fails_at
    with pytest.raises(OSError, match="full"):
        replace_files([(tmp_path / str(number), b"new") for number in range(3)])
    assert (tmp_path / "0").read_bytes() == b"old"
    assert not (tmp_path / "1").exists()


def test_where_the_disk_cannot_be_told_to_begin_the_sync_does_all(
    tmp_path: Path, syncs: Watching, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "posix_fadvise")
    replace_files([(tmp_path / "a", b"1"), (tmp_path / "b", b"2" * 100_000)])
    assert (tmp_path / "b").read_bytes() == b"2" * 100_000
    assert len(syncs.seen) == 2
