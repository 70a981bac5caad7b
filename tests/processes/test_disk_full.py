"""A disk that fills up: the node stops by name, the others go on, and with room again it catches up."""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from process_alliance import MEMBERS, ProcessAlliance
from process_load import Background, Receipts, nothing_lost, submit_to

pytestmark = [pytest.mark.processes, pytest.mark.asyncio(loop_scope="module")]

PARTY = "suny"
OTHERS = [party for party in MEMBERS if party != PARTY]
ROOM = 512 * 1024


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own; skipped without the right to mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no right to mount a small file system")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


async def ends_named(alliance: ProcessAlliance, receipts: Receipts, *codes: str) -> None:
    """Under load the node ends by itself and says why; the others make progress without it."""
    node = alliance.nodes[PARTY]
    before = len(alliance.log(PARTY))

    async def ended() -> bool:
        return not node.running

    async def others_go_on() -> bool:
        return len(receipts.final) >= wanted

    async with Background() as background:
        background.run(*(submit_to(alliance, party, receipts) for party in MEMBERS))
        await alliance.until(ended, "the node with the full disk stopped")
        wanted = len(receipts.final) + 40
        await alliance.until(others_go_on, "40 more records final without it")
    said = [line for line in alliance.log(PARTY)[before:].splitlines() if line.startswith("accord-node: ")]
    assert len(said) == 1, said
    assert said[0].removeprefix("accord-node: ").split(":")[0] in codes, said
    assert await node.ended() == 1
    assert all(fault.startswith(PARTY) for fault in receipts.faults), receipts.faults
    receipts.faults.clear()


async def test_a_full_disk(alliance: ProcessAlliance, small_disk: Path) -> None:
    node, data = alliance.nodes[PARTY], alliance.data(PARTY)
    await node.stop()
    small = small_disk / "data"
    await asyncio.to_thread(shutil.copytree, data, small)
    alliance.write_config(PARTY, alliance.folder(PARTY), data=str(small))
    await alliance.start(PARTY)
    filler = small_disk / "filler"
    fill(filler, leave=ROOM)
    receipts = Receipts()
    await ends_named(alliance, receipts, "DISK_FULL")
    filler.unlink()
    await alliance.start(PARTY)
    await nothing_lost(alliance, receipts)
    await node.stop()
    await asyncio.to_thread(shutil.rmtree, data)
    await asyncio.to_thread(shutil.copytree, small, data)  # never back to an older vote journal
    alliance.write_config(PARTY, alliance.folder(PARTY))


def fill(path: Path, *, leave: int) -> None:
    """Take all room of a file system but so many bytes."""
    found = os.statvfs(path.parent)
    with path.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, found.f_bavail * found.f_frsize - leave)


async def test_files_that_may_not_grow(alliance: ProcessAlliance) -> None:
    """The same without mounting: a limit on file size fails every kind of write, SQLite's included."""
    node = alliance.nodes[PARTY]
    largest = max(path.stat().st_size for path in alliance.data(PARTY).rglob("*") if path.is_file())
    resource.prlimit(node.pid, resource.RLIMIT_FSIZE, (largest + ROOM // 8, largest + ROOM // 8))
    receipts = Receipts()
    await ends_named(alliance, receipts, "DISK_FULL", "DISK_FAILED")
    await alliance.start(PARTY)
    await nothing_lost(alliance, receipts)
