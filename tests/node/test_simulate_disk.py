"""A disk that keeps what was synced and nothing else for certain: appended, cut, renamed."""

from __future__ import annotations

from random import Random

import pytest

from accord_node.simulate.disk import Loss, SimulatedDisk


def held() -> SimulatedDisk:
    disk = SimulatedDisk()
    disk.append("file", b"durable")
    disk.sync("file")
    disk.sync_directory()
    return disk


@pytest.mark.parametrize("loss", list(Loss))
def test_what_was_synced_stays(loss: Loss) -> None:
    disk = held()
    disk.append("file", b" and not")
    disk.crash(loss, Random(1))
    assert disk.read("file").startswith(b"durable")
    assert (disk.read("file") == b"durable and not") == (loss is Loss.KEPT)


def test_torn_writes_come_in_every_length_and_with_zeros() -> None:
    found = set()
    for seed in range(300):
        disk = held()
        disk.append("file", b"abcd")
        disk.crash(Loss.TORN, Random(seed))
        found.add(disk.read("file")[len(b"durable") :])
    assert {b"", b"a", b"ab", b"abc", b"abcd", b"a\x00", b"\x00\x00"} <= found


def cut_and_crash(loss: Loss, seed: int, *, sync: bool) -> bytes:
    disk = held()
    disk.truncate("file", 3)
    if sync:
        disk.sync("file")
    disk.crash(loss, Random(seed))
    first = disk.read("file")
    disk.crash(Loss.LOST, Random(seed))  # a second one brings nothing back
    assert disk.read("file") in (first, b"dur")
    return first


def test_what_was_cut_off_may_be_there_again_unless_that_was_synced() -> None:
    assert cut_and_crash(Loss.KEPT, 1, sync=False) == b"dur"
    again = {cut_and_crash(Loss.TORN, seed, sync=False) for seed in range(100)}
    assert {b"dur", b"dura", b"durable"} <= again
    assert {cut_and_crash(loss, seed, sync=True) for loss in Loss for seed in range(20)} == {b"dur"}


def test_a_new_name_is_lost_unless_the_folder_was_synced() -> None:
    disk = held()
    disk.rename("file", "other")
    disk.crash(Loss.LOST, Random(1))
    assert disk.names() == ["file"]
    disk.rename("file", "other")
    disk.sync_directory()
    disk.crash(Loss.LOST, Random(1))
    assert disk.names() == ["other"]


def test_each_touch_is_a_place_to_die() -> None:
    words: list[str] = []
    disk = SimulatedDisk(words.append)
    disk.append("a", b"x")
    disk.sync("a")
    disk.truncate("a", 0)
    disk.rename("a", "b")
    disk.sync_directory()
    disk.remove("b")
    assert words == ["appended", "synced", "truncated", "renamed", "directory synced", "removed"]
