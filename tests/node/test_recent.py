"""Ids that may come again are found in the tail of the log, and only those."""

from __future__ import annotations

from pathlib import Path

import pytest

from accord_ledger.block import SealedBytes
from accord_ledger.domain.pipeline import prepare
from accord_ledger.errors import FatalError
from accord_ledger.merkle.tree import leaf_hash
from accord_ledger.transaction import MAX_LIFETIME_SECONDS
from accord_node.storage.logfiles import LogFiles
from accord_node.storage.recent import recent_transactions
from accord_node.storage.store import Store
from accord_node.workers import Workers
from node_network import Alliance, issue_entry, make_alliance, programme_entries
from snapshot_ledger import Growing, beginning


@pytest.fixture
async def grown(tmp_path: Path) -> tuple[LogFiles, int, int]:
    """A log of several bundles; its size and its newest block time."""
    alliance: Alliance = make_alliance(4)
    workers = Workers("recent")
    store = await Store.open(tmp_path / "data", beginning(alliance), workers)
    growing = Growing(alliance, store, seconds=100)
    await growing.block(programme_entries(alliance, "p0", "prog"))
    for first in range(0, 500, 100):
        entries = [issue_entry(alliance, "p0", "prog", number) for number in range(first, first + 100)]
        await growing.block(entries)
    size, time = store.base.log.size, store.base.time
    await store.close()
    workers.close()
    return store.files, size, time


async def test_every_id_that_has_not_expired(grown: tuple[LogFiles, int, int]) -> None:
    files, size, time = grown
    entries = files.entries(0, size)
    recent = recent_transactions(files, size, time)
    records = [prepare(entry).record for entry in entries if entry[:1] == b"\x82"]
    assert len(records) == 505
    for record in records:
        assert recent.holds(record.tx_id, record.tx.expires) == (record.tx.expires > time)
    later = max(record.tx.expires for record in records)
    assert not any(
        recent_transactions(files, size, later).holds(record.tx_id, record.tx.expires) for record in records
    )


async def test_blocks_too_old_to_matter_are_not_read(
    grown: tuple[LogFiles, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    files, size, time = grown
    read: list[int] = []
    entries = files.entries

    def counted(first: int, count: int) -> list[bytes]:
        read.append(first)
        return entries(first, count)

    monkeypatch.setattr(files, "entries", counted)
    newest = SealedBytes.parse(entries(size - 1, 1)[0]).seal
    recent_transactions(files, size, newest.time + MAX_LIFETIME_SECONDS + 1)
    assert read == [(size - 1) // 256 * 256]
    read.clear()
    recent_transactions(files, size, time)
    assert read == [256, 0]


def test_what_is_neither_record_nor_seal_is_named(tmp_path: Path) -> None:
    files = LogFiles(tmp_path)
    files.open(0)
    files.append([b"\x82neither"], [leaf_hash(b"\x82neither")])
    with pytest.raises(FatalError, match="LOG_CORRUPT"):
        recent_transactions(files, 1, 0)
    files.close()
