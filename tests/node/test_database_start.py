"""A first start that was cut off anywhere can be started again."""

from __future__ import annotations

import shutil
from pathlib import Path

from accord_node.storage.database import Database

NETWORK = bytes(32)
FRAME = 24 + 4096
"""Bytes that SQLite's write-ahead log grows by for each page, after 32 for its header."""


async def test_a_database_of_which_only_a_part_was_made_is_made_whole(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    database = await Database.open(path, NETWORK)
    await database.write_genesis({b"key": b"\x01"}, NETWORK)
    left = {name: (tmp_path / name).read_bytes() for name in ("state.sqlite", "state.sqlite-wal")}
    await database.close()
    wal = left["state.sqlite-wal"]
    assert len(wal) > 10 * FRAME
    for frames in range((len(wal) - 32) // FRAME + 1):
        folder = tmp_path / str(frames)
        folder.mkdir()
        (folder / "state.sqlite").write_bytes(left["state.sqlite"])
        (folder / "state.sqlite-wal").write_bytes(wal[: 32 + frames * FRAME])
        again = await Database.open(folder / "state.sqlite", NETWORK)
        assert await again.meta("network") == NETWORK
        await again.close()
        shutil.rmtree(folder)
