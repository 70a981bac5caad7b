"""Many blocks written together: all or none of them, whenever the process dies."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from accord_ledger.errors import FatalError
from accord_ledger.execute import Executed
from accord_node.storage.intents import NAME, Intents
from accord_node.storage.store import Beginning, Store
from accord_node.workers import Workers
from final_blocks import bodies, chain_on, stretch_of
from node_network import Alliance, make_alliance
from spine import finalization


@pytest.fixture(scope="module")
def alliance() -> Alliance:
    return make_alliance(4)


@pytest.fixture
async def disk() -> AsyncIterator[Workers]:
    worker = Workers("disk")
    yield worker
    worker.close()


async def opened(alliance: Alliance, folder: Path, disk: Workers) -> Store:
    begin = Beginning.of(alliance.genesis)
    return await Store.open(folder, begin, disk)


@pytest.fixture
async def store(alliance: Alliance, tmp_path: Path, disk: Workers) -> AsyncIterator[Store]:
    made = await opened(alliance, tmp_path / "data", disk)
    yield made
    await made.close()


def chain(alliance: Alliance, store: Store, count: int = 5) -> list[Executed]:
    return chain_on(alliance, store.base, bodies(alliance, count))


async def dump(store: Store) -> list[tuple[object, ...]]:
    tables = ("state", "block", "record", "concern", "issued", "status_batch", "meta")
    return [tuple(row) for name in tables for row in await store.database._db.execute_fetchall(f"SELECT * FROM {name}")]  # fmt: skip # noqa: S608 - ours


async def test_together_they_leave_what_one_by_one_leaves(
    alliance: Alliance, store: Store, tmp_path: Path, disk: Workers
) -> None:
    blocks = chain(alliance, store)
    certificate = finalization(alliance, blocks[-1].sealed.hash, 6)
    stretch = stretch_of(alliance, store.base, blocks)
    await store.write_all(stretch, certificate)
    versions = store.adopt_all(stretch)
    other = await opened(alliance, tmp_path / "other", disk)
    for block in blocks:
        await other.write(block, certificate if block is blocks[-1] else None)
        other.adopt(block)
    assert await dump(store) == await dump(other)
    assert store.files.edge == other.files.edge
    assert [version.height for version in versions] == [1, 2, 3, 4, 5, 6]
    assert all(version.state is store.source for version in versions)
    assert (store.base.map.root, store.base.log) == (other.base.map.root, other.base.log)
    await other.close()


async def test_what_was_written_together_is_there_after_a_restart(
    alliance: Alliance, store: Store, tmp_path: Path, disk: Workers
) -> None:
    blocks = chain(alliance, store)
    stretch = stretch_of(alliance, store.base, blocks)
    await store.write_all(stretch, None)
    again = await opened(alliance, tmp_path / "data", disk)
    assert again.base.seal_hash == blocks[-1].sealed.hash
    record = blocks[0].prepared[0].record
    assert again.base.recent.holds(record.tx_id, record.tx.expires)
    assert await again.database.index_of(record.tx_id) == 0
    await again.close()


async def _die_before_the_commit(alliance: Alliance, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    async def dies(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(store.database, "commit_all", dies)
    with pytest.raises(KeyboardInterrupt):
        await store.write_all(stretch_of(alliance, store.base, chain(alliance, store)), None)
    monkeypatch.undo()


async def test_a_death_between_log_and_database_takes_them_all_back(
    alliance: Alliance, store: Store, tmp_path: Path, disk: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _die_before_the_commit(alliance, store, monkeypatch)
    again = await opened(alliance, tmp_path / "data", disk)
    assert (again.base.height, again.files.size) == (0, 0)
    stretch = stretch_of(alliance, again.base, chain(alliance, again))
    await again.write_all(stretch, None)  # and they can be written again
    again.adopt_all(stretch)
    assert again.base.height == 6
    await again.close()


@pytest.mark.parametrize("note", [None, b"", b"\xff", "older", "shorter"])
async def test_blocks_that_nobody_meant_to_write_are_a_loss_of_the_database(
    alliance: Alliance,
    store: Store,
    tmp_path: Path,
    disk: Workers,
    monkeypatch: pytest.MonkeyPatch,
    note: bytes | str | None,
) -> None:
    await _die_before_the_commit(alliance, store, monkeypatch)
    path, size = tmp_path / "data" / NAME, store.files.size
    if note is None:
        path.unlink()
    elif isinstance(note, bytes):
        path.write_bytes(note)
    else:
        Intents(path.parent).note(*((1, size) if note == "older" else (0, size - 1)))
    with pytest.raises(FatalError) as caught:
        await (await opened(alliance, tmp_path / "data", disk)).close()
    assert caught.value.code == "DATABASE_BEHIND"
