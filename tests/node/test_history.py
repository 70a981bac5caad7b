"""What only execution makes is compared with what executing the log gives."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from accord_ledger.domain.kinds.status import StatusBody
from accord_ledger.domain.model.credential import Interval
from accord_ledger.domain.pipeline import prepare
from accord_node.joining import join
from accord_node.storage.checking import find_damage
from accord_node.storage.history import find_other_history
from accord_node.storage.store import Store
from accord_node.workers import Workers
from node_network import issue_entry, make_alliance, programme_entries
from snapshot_ledger import Donor, Growing, beginning, make_donor


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Donor:
    alliance = make_alliance(4)
    folder = tmp_path_factory.mktemp("executed")
    donor = asyncio.run(make_donor(alliance, folder, blocks=3, change=lambda number: number == 1))
    asyncio.run(go_on(donor, donor.data, "weaving"))
    return donor


async def go_on(donor: Donor, data: Path, programme: str) -> None:
    """Two more blocks: a programme, and credentials suspended."""
    workers = Workers("going on")
    store = await Store.open(data, beginning(donor.alliance), workers)
    try:
        growing = Growing(donor.alliance, store)
        await growing.block(programme_entries(donor.alliance, "p0", programme))
        issue = issue_entry(donor.alliance, "p0", programme, 900 + len(programme), count=12)
        batch = issued_by(issue)
        body = StatusBody(batch_id=batch, ranges=(Interval(start=0, end=2),), action="suspend")
        suspend = donor.alliance.entry("credential_status", "p0", body, "registrar")
        await growing.block([issue, suspend])
    finally:
        await store.close()
        workers.close()


def issued_by(entry: bytes) -> bytes:
    """Batch of an issuance."""
    return prepare(entry).body.batch_id  # type: ignore[attr-defined, no-any-return]


@pytest.fixture
def data(made: Donor, tmp_path: Path) -> Path:
    """A copy that the test may spoil."""
    shutil.copytree(made.data, tmp_path / "data")
    return tmp_path / "data"


def test_an_executed_history_is_as_it_must_be(made: Donor, data: Path) -> None:
    assert find_damage(data) == []
    assert find_other_history(data, made.alliance.genesis) == []
    assert not list(data.glob("checking-*"))
    assert find_other_history(data / "nothing", made.alliance.genesis) == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE past SET value = x'80' WHERE value IS NOT NULL",
        "UPDATE past SET value = x'80' WHERE value IS NULL",
        "UPDATE past SET until = until - 1",
        "DELETE FROM past WHERE key = (SELECT MAX(key) FROM past)",
        "INSERT INTO past VALUES (x'00', 2, NULL)",
        "UPDATE status_change SET suspended = x'01'",
        "DELETE FROM status_change",
        "INSERT INTO recognised VALUES (x'00', x'00', '', '', 1, '', '', 1, 1, 1, 1, 2)",
        "UPDATE record SET result = x'92' WHERE idx = 3",
    ],
)
def test_what_execution_does_not_give_is_named(made: Donor, data: Path, statement: str) -> None:
    with closing(sqlite3.connect(data / "state.sqlite")) as db:
        assert db.execute(statement).rowcount > 0
        db.commit()
    found = find_other_history(data, made.alliance.genesis)
    assert [finding.code for finding in found] == ["DATABASE_CORRUPT"]
    table = statement.split()[1 if statement[:6] == "UPDATE" else 2]
    assert f"in table {table}" in found[0].detail


def test_another_networks_log_is_not_executed(data: Path) -> None:
    other = make_alliance(5).genesis
    [found] = find_other_history(data, other)
    assert found.code == "DATABASE_NETWORK"
    with closing(sqlite3.connect(data / "state.sqlite")) as db:
        db.execute("UPDATE meta SET value = ? WHERE name = 'network'", (other.network,))
        db.commit()
    [found] = find_other_history(data, other)
    assert found.code == "LOG_CORRUPT"


async def test_a_joined_node_is_judged_from_where_it_joined(made: Donor, tmp_path: Path) -> None:
    await join(tmp_path / "new", made.alliance.genesis, made.source())
    await go_on(made, tmp_path / "new", "dyeing")
    assert find_other_history(tmp_path / "new", made.alliance.genesis) == []
    with closing(sqlite3.connect(tmp_path / "new" / "state.sqlite")) as db:
        assert db.execute("DELETE FROM past WHERE until = (SELECT MAX(until) FROM past)").rowcount > 0
        db.commit()
    [found] = find_other_history(tmp_path / "new", made.alliance.genesis)
    assert "in table past" in found.detail
