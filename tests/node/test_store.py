"""Durable storage as a whole: whatever is damaged is named at start, and the node refuses to guess."""

from __future__ import annotations

import dataclasses
import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from accord_ledger.domain.model.party import PARTIES
from accord_ledger.domain.pipeline import prepare
from accord_ledger.errors import FatalError
from accord_ledger.execute import Executed, Execution, Version
from accord_ledger.keys import verifies
from accord_ledger.state import View
from accord_node.storage.store import Beginning, Store
from accord_node.workers import Workers
from node_network import Alliance, issue_entry, make_alliance, programme_entries


@pytest.fixture(scope="module")
def alliance() -> Alliance:
    return make_alliance(4)


@pytest.fixture
async def disk() -> AsyncIterator[Workers]:
    worker = Workers("disk")
    yield worker
    worker.close()


def beginning(alliance: Alliance) -> Beginning:
    return Beginning.of(alliance.genesis)


def block(alliance: Alliance, base: Version, entries: list[bytes]) -> Executed:
    execution = Execution(alliance.genesis.network, base, base.time + 5, verifies)
    for entry in entries:
        execution.add(prepare(entry))
    return execution.close(proposer="p0", view=base.height + 1, parent_certificate=None)


async def filled(alliance: Alliance, folder: Path, disk: Workers, blocks: int = 3) -> bytes:
    store = await Store.open(folder, beginning(alliance), disk)
    entries = programme_entries(alliance, "p0", "prog")
    for number in range(blocks):
        done = block(
            alliance, store.base, entries if number == 0 else [issue_entry(alliance, "p0", "prog", number)]
        )
        await store.write(done, None)
        store.adopt(done)
    root = store.base.map.root
    await store.close()
    return root


async def test_reopening_gives_the_same_ledger(alliance: Alliance, tmp_path: Path, disk: Workers) -> None:
    root = await filled(alliance, tmp_path, disk)
    store = await Store.open(tmp_path, beginning(alliance), disk)
    assert store.base.map.root == root
    assert store.base.height == 3
    entry = store.files.entries(0, 1)[0]
    record = prepare(entry).record
    assert store.base.recent.holds(record.tx_id, record.tx.expires)
    assert await store.database.index_of(record.tx_id) == 0
    await store.close()


async def test_log_written_and_database_not_is_cut_back(
    alliance: Alliance, tmp_path: Path, disk: Workers
) -> None:
    root = await filled(alliance, tmp_path, disk)
    store = await Store.open(tmp_path, beginning(alliance), disk)
    lost = block(alliance, store.base, [issue_entry(alliance, "p0", "prog", 50)])
    store.files.append(
        [*lost.entries, lost.sealed.entry],
        [item.record.leaf_hash for item in lost.prepared] + [lost.sealed.leaf_hash],
    )
    await store.close()  # the crash comes before the database commit
    again = await Store.open(tmp_path, beginning(alliance), disk)
    assert (again.base.height, again.base.map.root) == (3, root)
    assert again.files.size == again.base.log.size
    await again.close()


def _sql(path: Path, statement: str) -> None:
    with sqlite3.connect(path / "state.sqlite") as connection:
        connection.execute(statement)
    connection.close()


def _flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a state value changed": (lambda path: _sql(path, "UPDATE state SET value = x'80' WHERE substr(key, 1, 6) = x'62617463682f'"), "STATE_CORRUPT"),
    "a state row lost": (lambda path: _sql(path, "DELETE FROM state WHERE substr(key, 1, 6) = x'70617274792f'"), "STATE_CORRUPT"),
    "an entry changed": (lambda path: _flip(path / "log" / "tail" / "0", 40), "LOG_CORRUPT"),
    "the seal changed": (lambda path: _flip(path / "log" / "tail" / "0", -10), "LOG_CORRUPT"),
    "the log gone": (lambda path: (path / "log" / "tail" / "0").unlink(), "LOG_CORRUPT"),
    "the database overwritten": (lambda path: (path / "state.sqlite").write_bytes(b"not a database" * 400), "DATABASE_CORRUPT"),
}  # fmt: skip


@pytest.mark.parametrize("what", DAMAGES)
async def test_damage_is_named_and_refused(
    alliance: Alliance, tmp_path: Path, disk: Workers, what: str
) -> None:
    await filled(alliance, tmp_path, disk)
    damage, code = DAMAGES[what]
    damage(tmp_path)
    with pytest.raises(FatalError) as caught:
        await Store.open(tmp_path, beginning(alliance), disk)
    assert caught.value.code == code


async def test_another_networks_database_is_refused(
    alliance: Alliance, tmp_path: Path, disk: Workers
) -> None:
    await filled(alliance, tmp_path, disk)
    other = make_alliance(5)
    with pytest.raises(FatalError) as caught:
        await Store.open(tmp_path, beginning(other), disk)
    assert caught.value.code == "DATABASE_NETWORK"


async def test_a_row_being_deleted_can_be_read_until_the_base_moves(
    alliance: Alliance, tmp_path: Path, disk: Workers
) -> None:
    await filled(alliance, tmp_path, disk)
    store = await Store.open(tmp_path, beginning(alliance), disk)
    key = PARTIES.key("p1")
    done = block(alliance, store.base, [])
    assert isinstance(done.version.state, View)
    done.version.state.delete(PARTIES, "p1")
    changed = dataclasses.replace(done, changes={**done.changes, key: None})
    await store.write(changed, None)
    assert store.source.load(PARTIES, key) is not None
    store.adopt(
        dataclasses.replace(
            changed, version=dataclasses.replace(done.version, map=store.base.map.update({key: None}))
        )
    )
    assert store.source.load(PARTIES, key) is None
    await store.close()
