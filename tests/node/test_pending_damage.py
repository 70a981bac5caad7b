"""Accepted transactions at rest: a torn tail is cut off, damage before it is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from accord_ledger.errors import FatalError
from accord_node.disk import DirectoryDisk
from accord_node.pending import PendingLog


def written(folder: Path) -> Path:
    log = PendingLog(DirectoryDisk(folder))
    log.open()
    log.append([b"first entry", b"second entry"])
    return next(folder.glob("pending-*"))


def test_a_torn_tail_is_cut_off(tmp_path: Path) -> None:
    path = written(tmp_path)
    path.write_bytes(path.read_bytes()[:-3])
    assert PendingLog(DirectoryDisk(tmp_path)).open() == [b"first entry"]


def test_damage_before_the_tail_is_named(tmp_path: Path) -> None:
    path = written(tmp_path)
    data = bytearray(path.read_bytes())
    data[10] ^= 1
    path.write_bytes(data)
    with pytest.raises(FatalError) as caught:
        PendingLog(DirectoryDisk(tmp_path)).open()
    assert caught.value.code == "PENDING_CORRUPT"
