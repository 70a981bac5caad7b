"""Accepted means durable: whatever the disk does, an answer that was given is not lost."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from accord_node.disk import DirectoryDisk
from accord_node.pending import PendingLog
from accord_node.records import entry_hash
from accord_node.simulate.disk import Loss, SimulatedDisk
from spine import FullDisk

ENTRIES = [bytes([number]) * 50 for number in range(1, 9)]


def reopened(folder: Path) -> list[bytes]:
    return PendingLog(DirectoryDisk(folder)).open()


def test_what_was_accepted_is_there_after_a_restart(tmp_path: Path) -> None:
    log = PendingLog(DirectoryDisk(tmp_path))
    log.append(ENTRIES[:2])
    log.append(ENTRIES[2:])
    assert reopened(tmp_path) == ENTRIES


def test_after_a_full_disk_nothing_is_written_behind_the_torn_entry(tmp_path: Path) -> None:
    disk = FullDisk(tmp_path)
    log = PendingLog(disk)
    log.append(ENTRIES[:2])
    disk.room = 20
    with pytest.raises(OSError, match="no space"):
        log.append(ENTRIES[2:3])
    disk.room = 10_000
    with pytest.raises(OSError, match="no further"):
        log.append(ENTRIES[3:4])
    assert reopened(tmp_path) == ENTRIES[:2]


def test_what_a_killed_process_left_unsynced_is_durable_before_it_is_vouched_for() -> None:
    written, disk = SimulatedDisk(), SimulatedDisk()
    PendingLog(written).append(ENTRIES[:2])
    (name,) = written.names()
    disk.append(name, written.read(name))
    assert PendingLog(disk).open() == ENTRIES[:2]
    disk.crash(Loss.LOST, Random(0))
    assert PendingLog(disk).open() == ENTRIES[:2]


def test_a_torn_tail_is_cut_and_the_log_goes_on(tmp_path: Path) -> None:
    PendingLog(DirectoryDisk(tmp_path)).append(ENTRIES[:2])
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-1])
    log = PendingLog(DirectoryDisk(tmp_path))
    assert log.open() == ENTRIES[:1]
    log.append(ENTRIES[5:6])
    assert reopened(tmp_path) == [ENTRIES[0], ENTRIES[5]]


def test_an_entry_accepted_twice_keeps_no_segment_alive(tmp_path: Path) -> None:
    log = PendingLog(DirectoryDisk(tmp_path), segment_bytes=1)
    log.append(ENTRIES[:1])
    log.append(ENTRIES[:1])
    log.append(ENTRIES[1:2])
    log.settle([entry_hash(ENTRIES[0])])
    assert len(list(tmp_path.iterdir())) == 1
    assert log.waiting == 1


def test_segments_go_when_nothing_in_them_waits(tmp_path: Path) -> None:
    log = PendingLog(DirectoryDisk(tmp_path), segment_bytes=1)
    for entry in ENTRIES:
        log.append([entry])
    log.settle(map(entry_hash, ENTRIES[:-1]))
    assert reopened(tmp_path) == ENTRIES[-1:]


def test_strange_files_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "pending-notes.txt").write_bytes(b"mine")
    assert reopened(tmp_path) == []
