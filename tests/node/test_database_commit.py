"""What making a block durable asks of the database: one visit to its thread, and no statement that writes nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiosqlite
import pytest

from accord_ledger.domain.questions.concerns import concerns
from accord_ledger.execute import Executed
from accord_node.storage.database import result_of
from accord_node.storage.store import Beginning, Store
from accord_node.workers import Workers
from final_blocks import bodies, chain_on
from node_network import Alliance, issue_entry, make_alliance


@pytest.fixture(scope="module")
def alliance() -> Alliance:
    return make_alliance(4)


@pytest.fixture
async def store(alliance: Alliance, tmp_path: Path) -> AsyncIterator[Store]:
    disk = Workers("disk")
    made = await Store.open(tmp_path / "data", Beginning.of(alliance.genesis), disk)
    yield made
    await made.close()
    disk.close()


async def commit(store: Store, block: Executed) -> list[str]:
    """Write a block and adopt it; the statements it took."""
    statements: list[str] = []
    await store.database._db.set_trace_callback(statements.append)
    await store.write(block, None)
    await store.database._db.set_trace_callback(None)  # type: ignore[arg-type]  # none is allowed
    store.adopt(block)
    return statements


async def test_an_issuance_alone_takes_ten_statements_in_one_transaction(
    alliance: Alliance, store: Store
) -> None:
    begun, *issued = chain_on(alliance, store.base, bodies(alliance, 2))
    await commit(store, begun)
    for block in issued:
        assert len(block.prepared) == 1
        first, *between, last = await commit(store, block)
        assert (first, last) == ("BEGIN IMMEDIATE", "COMMIT")
        written = [statement.split(" INTO ")[1].split()[0] for statement in between]
        assert written == [
            "state", "unsettled", "status_batch", "concern", "issued", "record", "block", "meta",
        ]  # fmt: skip
    found = await store.database.records("idx >= ?", (0,), 100)
    assert [row.height for row in found][-2:] == [
        issued[-2].sealed.seal.height,
        issued[-1].sealed.seal.height,
    ]


async def test_an_empty_block_writes_itself_and_the_floor(alliance: Alliance, store: Store) -> None:
    (block,) = chain_on(alliance, store.base, [[]])
    statements = [statement.split(" VALUES")[0] for statement in await commit(store, block)]
    assert statements == ["BEGIN IMMEDIATE", "INSERT INTO block", "INSERT OR REPLACE INTO meta", "COMMIT"]


@pytest.mark.parametrize("count", [3, 40])
async def test_a_block_of_any_size_has_a_row_for_each_thing(
    alliance: Alliance, store: Store, count: int
) -> None:
    entries = [issue_entry(alliance, "p0", "prog", number) for number in range(count)]
    first, block = chain_on(alliance, store.base, [*bodies(alliance, 0), entries])
    await commit(store, first)
    statements = await commit(store, block)
    assert len([one for one in statements if "INTO concern" in one]) <= 6
    begin = block.sealed.seal.first
    found = await store.database._db.execute_fetchall("SELECT * FROM concern WHERE idx >= ?", (begin,))
    assert sorted(tuple(row) for row in found) == sorted(
        (one.subject, index, one.low, one.high)
        for index, item in enumerate(block.prepared, begin)
        for one in concerns(item)
    )
    rows = await store.database.records("idx >= ?", (begin,), 100)
    assert [(row.index, row.tx_id, row.author, row.kind, row.result) for row in rows] == [
        (index, item.record.tx_id, "p0", "credential_issue", result_of(receipt))
        for index, (item, receipt) in enumerate(zip(block.prepared, block.receipts, strict=True), begin)
    ]
    issued = await store.database._db.execute_fetchall("SELECT * FROM issued")
    assert [tuple(row) for row in issued] == [("prog", 2, sum(item.body.count for item in block.prepared))]  # type: ignore[attr-defined]


async def test_one_visit_writes_a_block_and_one_answers_a_query(
    alliance: Alliance, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, block, *_ = chain_on(alliance, store.base, bodies(alliance, 1))
    await commit(store, first)
    visits: list[str] = []
    execute = aiosqlite.Connection._execute

    async def counted(self: aiosqlite.Connection, *args: Any, **named: Any) -> Any:
        visits.append("visit")
        return await execute(self, *args, **named)  # type: ignore[no-untyped-call]

    monkeypatch.setattr(aiosqlite.Connection, "_execute", counted)
    await store.write(block, None)
    assert len(visits) == 1
    database, height = store.database, block.sealed.seal.height
    assert await database.height_at(block.sealed.seal.time) == height
    assert (await database.floor()) is not None
    assert await database.index_of(bytes(32)) is None
    for sought in (first, block):
        found = await database.block_by_hash(sought.sealed.hash)
        assert found is not None
        assert found.height == sought.sealed.seal.height
    assert len(visits) == 6
