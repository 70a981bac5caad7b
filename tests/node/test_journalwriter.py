"""Votes are written on the event loop while the disk is quick, large bodies never."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from accord_ledger.consensus import journal
from accord_node.disk import DirectoryDisk
from accord_node.journalwriter import SHORT_BYTES, JournalWriter
from accord_node.wal import Wal
from accord_node.workers import Workers


class WatchedDisk(DirectoryDisk):
    """Notes which thread waited for it."""

    def sync(self, name: str) -> None:
        super().sync(name)
        self.waited = threading.current_thread()


@pytest.mark.parametrize(("size", "here"), [(SHORT_BYTES, True), (SHORT_BYTES + 1, False)])
async def test_what_is_written_where(tmp_path: Path, size: int, here: bool) -> None:
    disk, thread = WatchedDisk(tmp_path), Workers("journal", elapsed=lambda: 0.0)
    body = journal.Body(epoch=0, view=1, seal=bytes(32), body=bytes(size))
    vote = journal.Voted(epoch=0, view=1, kind="notarize", seal=bytes(32))
    await JournalWriter(Wal(disk, bytes(16)), thread).write((body, vote))
    assert (disk.waited is threading.main_thread()) == here
    thread.close()
    disk.close()
    assert Wal(DirectoryDisk(tmp_path), bytes(16)).recovered() == (body, vote)
