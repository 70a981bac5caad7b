"""Joining: everything is verified before anything is stored; what is wrong is named; cuts are made good."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from accord_ledger import codec
from accord_ledger.errors import AccordError
from accord_ledger.merkle.tiles import entries_path
from accord_ledger.transaction import parse_record
from accord_node.joining import FOLDER, check_joined, join
from accord_node.storage.handoffs import Handoffs
from accord_node.storage.snapshot import MANIFEST, Manifest, SnapshotError
from accord_node.storage.snapshotting import make_snapshot
from accord_node.storage.store import Store
from accord_node.workers import Workers
from node_network import Alliance, make_alliance
from snapshot_ledger import Broken, Donor, Growing, beginning, make_donor

SAME = (
    "SELECT key, value FROM state ORDER BY key",
    "SELECT height, first, count, time, seal_hash FROM block ORDER BY height",
    "SELECT idx, height, kind, author, tx_id FROM record ORDER BY idx",
    "SELECT subject, idx, low, high FROM concern ORDER BY subject, idx, low",
    "SELECT * FROM issued ORDER BY programme, height",
    "SELECT * FROM status_batch ORDER BY owner, list, start",
)
"""What a joined database holds as if it had executed everything."""


@pytest.fixture(scope="module")
def alliance() -> Alliance:
    return make_alliance(4)


@pytest.fixture(scope="module")
def made(alliance: Alliance, tmp_path_factory: pytest.TempPathFactory) -> Donor:
    return asyncio.run(make_donor(alliance, tmp_path_factory.mktemp("donor")))


@pytest.fixture
def donor(made: Donor, tmp_path: Path) -> Donor:
    """A copy that the test may spoil."""
    shutil.copytree(made.data, tmp_path / "donor")
    return Donor(made.alliance, tmp_path / "donor", made.root)


@pytest.fixture(scope="module")
def epochs(alliance: Alliance, tmp_path_factory: pytest.TempPathFactory) -> Donor:
    """Two epochs have ended, the second with the newest block."""
    folder = tmp_path_factory.mktemp("epochs")
    return asyncio.run(make_donor(alliance, folder, records=2, change=lambda number: number in (0, 2)))


def rows(data: Path, query: str) -> list[Any]:
    with closing(sqlite3.connect(data / "state.sqlite")) as db:
        return db.execute(query).fetchall()


async def opened(data: Path, alliance: Alliance) -> Any:
    """The version a start finds, every file verified against every other."""
    workers = Workers("joined")
    store = await Store.open(data, beginning(alliance), workers)
    await store.close()
    workers.close()
    return store.base


async def test_a_joined_folder_is_as_if_it_had_executed_everything(made: Donor, tmp_path: Path) -> None:
    trusted = await join(tmp_path / "new", made.alliance.genesis, made.source())
    assert trusted is not None
    assert trusted.bundles == 1
    ours, theirs = await opened(tmp_path / "new", made.alliance), await opened(made.data, made.alliance)
    assert (ours.height, ours.map.root, ours.log.root()) == (
        theirs.height,
        theirs.map.root,
        theirs.log.root(),
    )
    assert ours.recent.holds(*_newest_transaction(made))
    for query in SAME:
        assert rows(tmp_path / "new", query) == rows(made.data, query), query
    assert rows(tmp_path / "new", "SELECT value FROM meta WHERE name = 'known_from'") == [(b"4",)]
    assert rows(tmp_path / "new", "SELECT value FROM meta WHERE name = 'restored'") == [(b"\x01",)]
    assert not (tmp_path / "new" / FOLDER).exists()


def _changed(donor: Donor, **fields: Any) -> Manifest:
    return msgspec.structs.replace(donor.manifest, **fields)


def _newest_transaction(donor: Donor) -> tuple[bytes, int]:
    tail = codec.decode((donor.log / donor.manifest.tail.path).read_bytes(), list[bytes], limit=1 << 24)  # type: ignore[union-attr]
    record = parse_record(tail[-2])
    return record.tx_id, record.tx.expires


async def test_trust_goes_through_every_epoch_and_hand_offs_are_kept(epochs: Donor, tmp_path: Path) -> None:
    trusted = await join(tmp_path / "new", epochs.alliance.genesis, epochs.source())
    assert trusted is not None
    assert trusted.members.epoch == 1
    version = await opened(tmp_path / "new", epochs.alliance)
    assert (version.members.epoch, version.ends_epoch) == (2, True)
    for epoch in (0, 1):
        ours, theirs = Handoffs(tmp_path / "new" / "log").read(epoch), Handoffs(epochs.log).read(epoch)
        assert ours == theirs is not None


async def test_a_joined_folder_goes_on_with_blocks(epochs: Donor, alliance: Alliance, tmp_path: Path) -> None:
    await join(tmp_path / "new", alliance.genesis, epochs.source())
    workers = Workers("joined")
    store = await Store.open(tmp_path / "new", beginning(alliance), workers)
    await Growing(alliance, store).block([])
    size = store.base.log.size
    await store.close()
    workers.close()
    assert (await opened(tmp_path / "new", alliance)).log.size == size


# ---- cuts --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("after", [0, 1, 2])
async def test_cut_off_it_goes_on_where_it_was(donor: Donor, tmp_path: Path, after: int) -> None:
    with pytest.raises(SnapshotError) as caught:
        await join(tmp_path / "new", donor.alliance.genesis, Broken(donor.log, after))
    assert caught.value.code == "SNAPSHOT_CUT"
    with pytest.raises(SnapshotError, match="SNAPSHOT_UNFINISHED"):
        check_joined(tmp_path / "new")
    source = donor.source()
    await join(tmp_path / "new", donor.alliance.genesis, source)
    assert len(source.asked) == 4 - max(0, after - 1)  # the manifest is always asked for
    check_joined(tmp_path / "new")


async def test_a_piece_damaged_on_disk_is_fetched_again(donor: Donor, tmp_path: Path) -> None:
    with pytest.raises(SnapshotError):
        await join(tmp_path / "new", donor.alliance.genesis, Broken(donor.log, 3))
    for path in (tmp_path / "new" / FOLDER / "chunk").iterdir():
        path.write_bytes(bytes(path.stat().st_size))
    await join(tmp_path / "new", donor.alliance.genesis, donor.source())
    assert (await opened(tmp_path / "new", donor.alliance)).map.root == donor.root


async def test_cut_between_two_renames_it_is_put_in_place(donor: Donor, tmp_path: Path) -> None:
    new = tmp_path / "new"
    await join(new, donor.alliance.genesis, donor.source())
    (new / FOLDER).mkdir()
    (new / FOLDER / "verified").touch()
    (new / "state.sqlite").replace(new / FOLDER / "state.sqlite")
    assert await join(new, donor.alliance.genesis, Broken(donor.log, 0)) is None
    assert (await opened(new, donor.alliance)).map.root == donor.root


async def test_a_source_that_went_back_is_refused(donor: Donor, tmp_path: Path) -> None:
    later = tmp_path / "new" / FOLDER / "log" / entries_path(1)
    later.parent.mkdir(parents=True)
    later.write_bytes(b"of a newer snapshot")
    with pytest.raises(SnapshotError) as caught:
        await join(tmp_path / "new", donor.alliance.genesis, donor.source())
    assert caught.value.code == "SNAPSHOT_BEHIND"


@pytest.mark.parametrize("name", ["log", "state.sqlite", "journal", "pending"])
async def test_only_a_new_folder_is_joined_into(made: Donor, tmp_path: Path, name: str) -> None:
    (tmp_path / "new" / name).mkdir(parents=True)
    with pytest.raises(SnapshotError) as caught:
        await join(tmp_path / "new", made.alliance.genesis, made.source())
    assert caught.value.code == "SNAPSHOT_DATA"


async def test_a_disk_without_room_is_said_before_anything_is_fetched(donor: Donor, tmp_path: Path) -> None:
    huge = msgspec.structs.replace(donor.manifest.state[0], size=1 << 25)
    donor.publish(_changed(donor, state=(huge,) * 65_536))
    source = donor.source()
    with pytest.raises(AccordError) as caught:
        await join(tmp_path / "new", donor.alliance.genesis, source)
    assert caught.value.code == "DISK_FULL"
    assert source.asked == [MANIFEST]


# ---- making ------------------------------------------------------------------------------------------


async def test_the_snapshot_before_stays_and_older_ones_go(donor: Donor) -> None:
    first = {piece.path for piece in donor.manifest.pieces()}
    for number in range(2):
        workers = Workers("donor")
        store = await Store.open(donor.data, beginning(donor.alliance), workers)
        await Growing(donor.alliance, store).block([])
        await store.close()
        workers.close()
        make_snapshot(donor.data, donor.log)
        there = {f"snapshot/chunk/{path.name}" for path in (donor.log / "snapshot" / "chunk").iterdir()}
        assert {piece.path for piece in donor.manifest.pieces()} <= there
        assert (first <= there) == (number == 0)


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        ("UPDATE state SET value = x'01' WHERE key = (SELECT MIN(key) FROM state)", "SNAPSHOT_ROOT"),
        ("UPDATE block SET certificate = NULL", "SNAPSHOT_FINALITY"),
        ("DELETE FROM meta WHERE name = 'floor'", "SNAPSHOT_NONE"),
    ],
)
async def test_what_cannot_be_joined_from_is_not_made(donor: Donor, damage: str, code: str) -> None:
    before = donor.manifest
    with closing(sqlite3.connect(donor.data / "state.sqlite")) as db:
        db.execute(damage)
        db.commit()
    with pytest.raises(SnapshotError) as caught:
        make_snapshot(donor.data, donor.log)
    assert caught.value.code == code
    assert donor.manifest == before
