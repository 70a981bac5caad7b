"""What a power cut leaves on the disk of a simulated host."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from accord_node.disk import DirectoryDisk
from accord_node.simulate.disk import Loss
from accord_node.simulate.nodes.disk import HostDisk
from accord_node.storage.durable import SYNCS, make_directory, replace_file


@pytest.fixture
def host(tmp_path: Path) -> Iterator[HostDisk]:
    root = tmp_path / "0"
    (root / "data").mkdir(parents=True)
    disk = HostDisk(root, lambda _: None)
    token = SYNCS.set(disk)
    yield disk
    SYNCS.reset(token)


@pytest.fixture
def data(host: HostDisk) -> Path:
    return host.root / "data"


def crash(host: HostDisk, loss: Loss, seed: int = 0) -> HostDisk:
    target = host.root.parent / f"{host.root.name}.{loss.value}.{seed}"
    host.crash(target, loss, Random(seed))
    host.frozen = False  # one life is looked at several times
    return host.after_crash(target, loss, lambda _: None)


def files(host: HostDisk) -> dict[str, bytes]:
    return {
        str(path.relative_to(host.root / "data")): path.read_bytes()
        for path in (host.root / "data").rglob("*")
        if path.is_file()
    }


def test_what_was_synced_is_there(host: HostDisk, data: Path) -> None:
    disk = DirectoryDisk(data / "journal")
    disk.append("one", b"synced")
    disk.sync("one")
    disk.sync_directory()
    disk.append("one", b" and not")
    assert host.durable("data/journal") == b"synced"
    assert files(crash(host, Loss.LOST)) == {"journal/one": b"synced"}
    assert files(crash(host, Loss.KEPT)) == {"journal/one": b"synced and not"}
    disk.close()


def test_a_torn_write_is_a_beginning_or_zeros(host: HostDisk, data: Path) -> None:
    disk = DirectoryDisk(data)
    disk.append("one", b"synced")
    disk.sync("one")
    disk.sync_directory()
    disk.append("one", b"torn")
    found = {files(crash(host, Loss.TORN, seed))["one"] for seed in range(40)}
    assert all(left.startswith(b"synced") for left in found)
    assert all(b"torn".startswith(left[6:].rstrip(b"\x00")) for left in found)
    assert len(found) > 4
    disk.close()


def test_a_name_is_there_only_after_its_folder_was_synced(host: HostDisk, data: Path) -> None:
    disk = DirectoryDisk(data)
    disk.append("new", b"content")
    disk.sync("new")
    assert files(crash(host, Loss.LOST)) == {}
    disk.sync_directory()
    disk.rename("new", "renamed")
    assert files(crash(host, Loss.LOST)) == {"new": b"content"}
    disk.remove("renamed")
    assert files(crash(host, Loss.LOST)) == {"new": b"content"}
    disk.close()


def test_a_folder_is_there_only_after_the_one_above_was_synced(host: HostDisk, data: Path) -> None:
    (data / "careless").mkdir()
    replace_file(data / "careless" / "file", b"x")
    make_directory(data / "careful" / "inner")
    replace_file(data / "careful" / "inner" / "file", b"y")
    host._names["data"].pop("careless")  # the sync for its neighbour named it too
    assert files(crash(host, Loss.LOST)) == {"careful/inner/file": b"y"}


def test_a_folder_that_a_killed_process_made_is_made_durable_by_the_next(host: HostDisk, data: Path) -> None:
    (data / "journal").mkdir()
    killed = crash(host, Loss.KEPT)
    SYNCS.set(killed)
    disk = DirectoryDisk(killed.root / "data" / "journal")
    disk.append("one", b"x")
    disk.sync("one")
    disk.sync_directory()
    assert files(crash(killed, Loss.LOST)) == {"journal/one": b"x"}
    disk.close()


def test_what_a_process_left_unsynced_is_still_not_durable(host: HostDisk, data: Path) -> None:
    disk = DirectoryDisk(data)
    disk.append("one", b"never synced")
    disk.sync_directory()
    killed = crash(host, Loss.KEPT)
    assert files(killed) == {"one": b"never synced"}
    assert files(crash(killed, Loss.LOST)) == {"one": b""}
    disk.close()


def statement(host: HostDisk, db: sqlite3.Connection, sql: str, *values: Any) -> None:
    run: Callable[[], object] = lambda: db.execute(sql, values)  # noqa: E731
    host.statement(run)


def test_a_commit_whose_answer_is_out_is_there_and_the_last_may_be_lost(host: HostDisk, data: Path) -> None:
    db = sqlite3.connect(data / "state.sqlite", isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    statement(host, db, "CREATE TABLE t (n INTEGER)")
    statement(host, db, "INSERT INTO t VALUES (1)")
    host.answered()
    statement(host, db, "INSERT INTO t VALUES (2)")
    for loss, expected in ((Loss.LOST, [1]), (Loss.KEPT, [1, 2]), (Loss.TORN, [1])):
        left = sqlite3.connect(crash(host, loss, 3).root / "data" / "state.sqlite")
        assert [row[0] for row in left.execute("SELECT n FROM t ORDER BY n")] == expected
        left.close()
    db.close()
