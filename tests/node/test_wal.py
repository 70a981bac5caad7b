"""The vote journal: on the real disk, on one that dies, and damaged."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accord_ledger.block import NO_SEAL
from accord_ledger.consensus.journal import Body, Record, Voted
from accord_ledger.errors import FatalError
from accord_node.disk import DirectoryDisk
from accord_node.seams import Disk
from accord_node.simulate.disk import Loss, SimulatedDisk
from accord_node.wal import Wal
from accord_node.wal_frames import SEGMENT_HEADER_BYTES, encode_frame

IDENTITY = bytes(range(16))


def voted(view: int) -> Voted:
    return Voted(epoch=0, view=view, kind="nullify", seal=NO_SEAL)


def body(view: int, data: bytes) -> Body:
    return Body(epoch=0, view=view, seal=bytes(32), body=data)


def filled(disk: Disk, views: int = 5, segment_bytes: int = 10**6) -> list[Record]:
    wal = Wal(disk, IDENTITY, segment_bytes=segment_bytes)
    records: list[Record] = []
    for view in range(1, views + 1):
        batch: list[Record] = [body(view, b"x" * 50), voted(view)]
        wal.append(batch)
        records += batch
    return records


@pytest.fixture(params=["directory", "simulated"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Disk:
    return DirectoryDisk(tmp_path / "journal") if request.param == "directory" else SimulatedDisk()


def test_what_was_appended_comes_back_in_order(disk: Disk) -> None:
    records = filled(disk)
    again = Wal(disk, b"another identity")
    assert list(again.recovered()) == records
    assert again.recovered() == ()
    assert (again.identity, again.notes, again.created) == (IDENTITY, [], False)


def test_a_new_journal_is_empty_and_keeps_its_identity(disk: Disk) -> None:
    assert Wal(disk, IDENTITY).created
    assert Wal(disk, bytes(16)).identity == IDENTITY


def test_segments_follow_one_another_and_are_dropped_behind_finality(disk: Disk) -> None:
    records = filled(disk, 12, segment_bytes=400)
    wal = Wal(disk, IDENTITY, segment_bytes=400)
    assert list(wal.recovered()) == records
    before = len(disk.names())
    wal.compact(0, 8)
    assert 1 < len(disk.names()) < before
    wal.append([voted(13)])
    kept = list(Wal(disk, IDENTITY).recovered())
    assert kept == [*records, voted(13)][-len(kept) :]
    assert all(record in kept for record in records if record.view > 8)


def test_compaction_never_drops_the_segment_in_use(disk: Disk) -> None:
    filled(disk)
    wal = Wal(disk, IDENTITY)
    wal.compact(9, 999)
    assert len(disk.names()) == 1
    wal.append([voted(6)])
    assert Wal(disk, IDENTITY).recovered()[-1] == voted(6)


@pytest.mark.parametrize("cut", range(1, 60))
def test_a_torn_tail_is_cut_and_noted(cut: int) -> None:
    disk = SimulatedDisk()
    records = filled(disk)
    name = disk.names()[0]
    frame = len(encode_frame(IDENTITY, 0, b""))
    disk.truncate(name, len(disk.read(name)) - cut)
    wal = Wal(disk, IDENTITY)
    assert cut < frame + 100
    assert list(wal.recovered()) == records[:-2]
    assert len(wal.notes) == 1
    wal.append([voted(9)])
    assert list(Wal(disk, IDENTITY).recovered()) == [*records[:-2], voted(9)]


def test_a_tail_of_zeros_is_torn() -> None:
    disk = SimulatedDisk()
    records = filled(disk)
    disk.append(disk.names()[0], bytes(300))
    assert list(Wal(disk, IDENTITY).recovered()) == records


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 255))
def test_damage_anywhere_is_found(place: int, flip: int) -> None:
    disk = SimulatedDisk()
    records = filled(disk)
    name = disk.names()[0]
    data = bytearray(disk.read(name))
    place %= len(data)
    data[place] ^= flip
    disk.truncate(name, 0)
    disk.append(name, bytes(data))
    last_frame = SEGMENT_HEADER_BYTES + (len(data) - SEGMENT_HEADER_BYTES) * 4 // 5
    if place < last_frame:
        with pytest.raises(FatalError, match="JOURNAL_CORRUPT"):
            Wal(disk, IDENTITY)
    else:  # cannot be told from a torn write
        wal = Wal(disk, IDENTITY)
        assert list(wal.recovered()) == records[:-2]
        assert len(wal.notes) == 1


def test_a_missing_segment_is_corruption() -> None:
    disk = SimulatedDisk()
    filled(disk, 12, segment_bytes=400)
    disk.remove(disk.names()[1])
    with pytest.raises(FatalError, match="JOURNAL_CORRUPT"):
        Wal(disk, IDENTITY)


def test_what_follows_the_last_record_of_an_older_segment_is_no_torn_write() -> None:
    disk = SimulatedDisk()
    filled(disk, 12, segment_bytes=400)
    disk.append(disk.names()[0], bytes(20))
    with pytest.raises(FatalError, match="torn tail in the last segment only"):
        Wal(disk, IDENTITY)


def test_a_frame_inside_a_body_is_no_frame() -> None:
    disk = SimulatedDisk()
    wal = Wal(disk, IDENTITY)
    wal.append([voted(1)])
    wal.append([body(2, encode_frame(b"f" * 16, 2, b"forged"))])
    name = disk.names()[0]
    disk.truncate(name, len(disk.read(name)) - 1)
    assert list(Wal(disk, IDENTITY).recovered()) == [voted(1)]


def test_a_disk_that_failed_is_not_written_again() -> None:
    def fail(word: str) -> None:
        if word == failing[0]:
            raise OSError("no space")

    failing = [""]
    disk = SimulatedDisk(fail)
    wal = Wal(disk, IDENTITY)
    failing[0] = "synced"
    with pytest.raises(OSError, match="no space"):
        wal.append([voted(1)])
    failing[0] = ""
    with pytest.raises(OSError, match="no further writes"):
        wal.append([voted(2)])


class Died(Exception):
    pass


@pytest.mark.parametrize("loss", list(Loss))
def test_dying_at_every_boundary_keeps_what_was_acknowledged(loss: Loss) -> None:
    boundary, died = 0, True
    while died:
        boundary, died = boundary + 1, False
        left = [boundary]

        def maybe_die(_: str, left: list[int] = left) -> None:
            left[0] -= 1
            if left[0] == 0:
                raise Died

        disk = SimulatedDisk(maybe_die)
        acknowledged: list[Record] = []
        try:
            wal = Wal(disk, IDENTITY, segment_bytes=300)
            for view in range(1, 10):
                wal.append([voted(view)])
                acknowledged.append(voted(view))
        except Died:
            died = True
            disk.crash(loss, Random(boundary))
        left[0] = 0
        recovered = list(Wal(disk, IDENTITY).recovered())
        assert recovered[: len(acknowledged)] == acknowledged
        assert len(recovered) <= len(acknowledged) + 1
    assert boundary > 20


def test_names_are_plain(tmp_path: Path) -> None:
    disk = DirectoryDisk(tmp_path)
    for name in ("", "../x", "a/b", ".."):
        with pytest.raises(ValueError, match="plain file name"):
            disk.append(name, b"")
    disk.close()
