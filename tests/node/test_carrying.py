"""The data folder of a node whose network carries another on: verified whole, or not there."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from accord_client.audit.source import FolderSource
from accord_genesis.document import Document, Genesis, SignedDocument, open_genesis, sign_document
from accord_ledger import codec
from accord_ledger.domain.model.party import KEYS, SEATS
from accord_ledger.errors import AccordError
from accord_ledger.state import View
from accord_node.carrying import MARK, carry, serves_predecessor
from accord_node.storage.handoffs import Handoffs
from accord_node.storage.history import find_other_history
from accord_node.storage.past import PastState
from accord_node.storage.settling import value_of
from accord_node.storage.snapshotting import make_snapshot
from accord_node.storage.store import Beginning, Store
from accord_node.workers import Workers
from node_network import Alliance, key, make_alliance
from recovery_network import SEATS as GO_ON
from recovery_network import document, plan, sign_all
from snapshot_ledger import Donor, fresh_node, make_donor


@pytest.fixture(scope="module")
def alliance() -> Alliance:
    return make_alliance(4, 2)


async def made(alliance: Alliance, folder: Path, **how: Any) -> tuple[Donor, Genesis]:
    """A survivor's folder, and the genesis that carries it on."""
    donor = await make_donor(alliance, folder / "p0", records=3, **how)
    file = sign_all(await document(alliance, donor.log, folder / "scratch", plan(alliance)))
    return donor, open_genesis(file)


async def opened(genesis: Genesis, data: Path) -> Store:
    workers = Workers("carried")
    try:
        return await Store.open(data, Beginning.of(genesis), workers)
    finally:
        workers.close()


async def refused(code: str, genesis: Genesis, data: Path, log: Path) -> None:
    with pytest.raises(AccordError) as caught:
        await carry(data, genesis, FolderSource(log))
    assert caught.value.code == code, caught.value


async def test_a_carried_folder_opens_where_the_old_network_ended(alliance: Alliance, tmp_path: Path) -> None:
    donor, genesis = await made(alliance, tmp_path, change=lambda number: number == 0)
    assert await serves_predecessor(FolderSource(donor.log), genesis)
    assert not await serves_predecessor(FolderSource(donor.log), alliance.genesis)
    await carry(tmp_path / "new", genesis, FolderSource(donor.log))
    store = await opened(genesis, tmp_path / "new")
    base = store.base
    await store.close()
    seats = View(store.source).get(SEATS)
    assert (base.height, base.begins, base.ends_epoch) == (donor.manifest.height, True, False)
    assert base.seal_hash == genesis.network
    assert base.log.size == donor.manifest.entries
    assert seats is not None
    assert (seats.parties, seats.epoch, base.members.epoch) == (GO_ON, 2, 2)
    assert Handoffs(tmp_path / "new" / "log").read(0) is None
    assert not (tmp_path / "new" / MARK).exists()


async def test_it_opens_again_and_gives_no_snapshot_before_its_first_block(
    alliance: Alliance, tmp_path: Path
) -> None:
    donor, genesis = await made(alliance, tmp_path)
    await carry(tmp_path / "new", genesis, FolderSource(donor.log))
    with pytest.raises(AccordError) as caught:
        make_snapshot(tmp_path / "new", tmp_path / "new" / "log")
    assert caught.value.code == "SNAPSHOT_NONE"
    again = await opened(genesis, tmp_path / "new")
    await again.close()
    assert again.base.map.root == genesis.document.continues.begins  # type: ignore[union-attr]


async def test_a_survivor_keeps_what_only_its_own_folder_holds(alliance: Alliance, tmp_path: Path) -> None:
    donor, genesis = await made(alliance, tmp_path)
    with closing(sqlite3.connect(donor.data / "state.sqlite", isolation_level=None)) as db:
        db.execute("INSERT INTO meta VALUES ('journal', x'01'), ('token', x'02')")
        db.execute("UPDATE record SET result = x'90' WHERE idx = 0")
    await carry(tmp_path / "new", genesis, donor.data)
    with closing(sqlite3.connect(tmp_path / "new" / "state.sqlite")) as db:
        assert db.execute("SELECT result FROM record WHERE idx = 0").fetchone() == (b"\x90",)
        assert not db.execute(
            "SELECT 1 FROM meta WHERE name IN ('journal', 'token', 'known_from')"
        ).fetchall()
    store = await opened(genesis, tmp_path / "new")
    await store.close()
    assert store.base.map.root == genesis.document.continues.begins  # type: ignore[union-attr]
    assert not (tmp_path / "new" / "log" / "snapshot").exists()


async def test_what_the_new_genesis_wrote_is_not_the_past_of_the_old_network(
    alliance: Alliance, tmp_path: Path
) -> None:
    donor = await make_donor(alliance, tmp_path / "p0", records=3)
    renewed = plan(alliance, nodes=(fresh_node(alliance, "p1"),))
    genesis = open_genesis(sign_all(await document(alliance, donor.log, tmp_path / "scratch", renewed)))
    await carry(tmp_path / "new", genesis, donor.data)
    height = donor.manifest.height
    kept = [key for key in genesis.values if key.startswith(KEYS.prefix)]
    with (
        closing(sqlite3.connect(donor.data / "state.sqlite")) as old,
        closing(sqlite3.connect(tmp_path / "new" / "state.sqlite")) as new,
    ):
        rows = {key: (value_of(old, key), value_of(new, key)) for key in kept}
        changed = [key for key, (before, after) in rows.items() if before != after]
        assert changed
        for key in changed:
            before, after = rows[key]
            assert (PastState(new, height - 1).value(key), PastState(new, height).value(key)) == (
                before,
                after,
            )
    assert find_other_history(tmp_path / "new", genesis) == []


async def test_without_the_old_ledger_a_node_does_not_begin(alliance: Alliance, tmp_path: Path) -> None:
    _, genesis = await made(alliance, tmp_path)
    with pytest.raises(AccordError) as caught:
        await opened(genesis, tmp_path / "empty")
    assert caught.value.code == "RECOVERY_UNCARRIED"


async def test_a_snapshot_of_another_block_is_refused_and_leaves_nothing(
    alliance: Alliance, tmp_path: Path
) -> None:
    _, genesis = await made(alliance, tmp_path)
    older = await make_donor(alliance, tmp_path / "older", records=3, blocks=2)
    await refused("RECOVERY_END", genesis, tmp_path / "new", older.log)
    right = tmp_path / "p0" / "data" / "log"
    await carry(tmp_path / "new", genesis, FolderSource(right))


def altered(genesis: Genesis, file: bytes, **changes: Any) -> Genesis:
    """Signed by everybody, and not what the acts give."""
    one = codec.decode(file, SignedDocument, limit=2**24)
    continues = msgspec.structs.replace(genesis.document.continues, **changes)  # type: ignore[type-var]
    data = codec.encode(msgspec.structs.replace(genesis.document, continues=continues))
    assert codec.decode(data, Document, limit=2**24)
    rows = tuple(sign_document(data, party, key(party, "governance")) for party in GO_ON)
    return open_genesis(codec.encode(msgspec.structs.replace(one, document=data, signatures=rows)))


async def test_a_document_that_says_another_state_is_refused(alliance: Alliance, tmp_path: Path) -> None:
    donor = await make_donor(alliance, tmp_path / "p0", records=3)
    file = sign_all(await document(alliance, donor.log, tmp_path / "scratch", plan(alliance)))
    wrong = altered(open_genesis(file), file, begins=b"\1" * 32)
    await refused("RECOVERY_ROOT", wrong, tmp_path / "new", donor.log)


async def test_an_altered_row_of_the_old_state_is_refused(alliance: Alliance, tmp_path: Path) -> None:
    donor, genesis = await made(alliance, tmp_path)
    pieces = donor.manifest.state
    rows = codec.decode((donor.log / pieces[-1].path).read_bytes(), list[tuple[bytes, bytes]], limit=2**25)
    other = donor.piece(codec.encode([*rows[:-1], (rows[-1][0], b"\x80")]))
    donor.publish(msgspec.structs.replace(donor.manifest, state=(*pieces[:-1], other)))
    await refused("SNAPSHOT_ROOT", genesis, tmp_path / "new", donor.log)


async def test_a_node_of_an_ordinary_network_carries_nothing(alliance: Alliance, tmp_path: Path) -> None:
    donor = await make_donor(alliance, tmp_path / "p0", records=3)
    await refused("RECOVERY_END", alliance.genesis, tmp_path / "new", donor.log)


async def test_what_was_cut_off_is_gone_on_with(alliance: Alliance, tmp_path: Path) -> None:
    donor, genesis = await made(alliance, tmp_path)
    source = donor.source()
    source.after = 2
    with pytest.raises(AccordError) as caught:
        await carry(tmp_path / "new", genesis, source)
    assert caught.value.code == "SNAPSHOT_CUT"
    await carry(tmp_path / "new", genesis, donor.source())
    (tmp_path / "new" / MARK).write_bytes(b"")  # cut off after the database had its new name
    await carry(tmp_path / "new", genesis, donor.source())
    await (await opened(genesis, tmp_path / "new")).close()


async def test_a_folder_that_was_a_nodes_is_not_touched(alliance: Alliance, tmp_path: Path) -> None:
    donor, genesis = await made(alliance, tmp_path)
    await refused("SNAPSHOT_DATA", genesis, donor.data, donor.log)


@pytest.mark.parametrize("change", [(-1, 0), (0, -1)])
async def test_a_database_that_begins_elsewhere_is_named(
    alliance: Alliance, tmp_path: Path, change: tuple[int, int]
) -> None:
    donor, genesis = await made(alliance, tmp_path)
    await carry(tmp_path / "new", genesis, FolderSource(donor.log))
    height, entries = donor.manifest.height + change[0], donor.manifest.entries + change[1]
    floor = codec.encode([height, entries, genesis.network])
    with closing(sqlite3.connect(tmp_path / "new" / "state.sqlite", isolation_level=None)) as db:
        db.execute("UPDATE meta SET value = ? WHERE name = 'floor'", (floor,))
    with pytest.raises(AccordError) as caught:
        await opened(genesis, tmp_path / "new")
    assert caught.value.code == "RECOVERY_END"
