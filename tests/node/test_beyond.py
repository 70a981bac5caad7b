"""What a stopped node knows beyond the block that is carried on, under the place that matters most."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import pytest

from accord_genesis.continuation import Continuation
from accord_genesis.document import open_unfinished
from accord_ledger import codec
from accord_ledger.consensus import journal
from accord_ledger.domain.pipeline import prepare
from accord_ledger.errors import AccordError
from accord_ledger.execute import Executed, Execution
from accord_ledger.keys import verifies
from accord_ledger.transaction import parse_record
from accord_node.beyond import Beyond, look
from accord_node.disk import DirectoryDisk
from accord_node.messages import Batch
from accord_node.pending import PendingLog
from accord_node.storage.store import Store
from accord_node.wal import Wal
from accord_node.workers import Workers
from node_network import Alliance, issue_entry, make_alliance
from recovery_network import document, plan
from snapshot_ledger import beginning, certificate, make_donor


@pytest.fixture(scope="module")
def alliance() -> Alliance:
    return make_alliance(4, 2)


async def survivor(alliance: Alliance, folder: Path) -> tuple[Path, Continuation]:
    """p0's folder, and what a recovery from it says."""
    donor = await make_donor(alliance, folder / "p0", records=3)
    file = await document(alliance, donor.log, folder / "scratch", plan(alliance))
    continues = open_unfinished(file).document.continues
    assert continues is not None
    return donor.data, continues


async def next_block(alliance: Alliance, data: Path, entries: list[bytes]) -> Executed:
    """A block on the newest one, executed and written nowhere."""
    workers = Workers("next")
    store = await Store.open(data, beginning(alliance), workers)
    execution = Execution(alliance.genesis.network, store.base, store.base.time + 1, verifies)
    for entry in entries:
        execution.add(prepare(entry))
    final = certificate(alliance.genesis.network, store.base.members, store.base.seal_hash, 4, "notarize")
    done = execution.close(proposer="p0", view=9, parent_certificate=final)
    await store.close()
    workers.close()
    return done


def voted(data: Path, block: Executed, *kinds: str) -> None:
    """The journal of a node that was shown this block, and voted for it so."""
    disk = DirectoryDisk(data / "journal")
    body = codec.encode(Batch(entries=block.entries))
    hashed, seal = block.sealed.hash, block.sealed.entry
    Wal(disk, b"j" * 16).append(
        [
            journal.Body(epoch=0, view=9, seal=hashed, body=body),
            journal.Proposed(epoch=0, view=9, entry=seal, vote=None),
            *(journal.Voted(epoch=0, view=9, kind=kind, seal=hashed) for kind in kinds),  # type: ignore[arg-type]
        ]
    )
    disk.close()


def waiting(data: Path, *entries: bytes) -> None:
    disk = DirectoryDisk(data / "pending")
    log = PendingLog(disk)
    log.open()
    log.append(entries)
    disk.close()


def places(found: Beyond) -> list[tuple[str, int, bytes]]:
    return [(row.place, row.height, row.entry) for row in found.records]


async def test_nothing_beyond_it(alliance: Alliance, tmp_path: Path) -> None:
    data, continues = await survivor(alliance, tmp_path)
    assert look(data, continues) == Beyond(4, 0, ())


@pytest.mark.parametrize(
    ("kinds", "place"), [(("notarize",), "proposed"), (("notarize", "finalize"), "votedfor")]
)
async def test_blocks_that_were_voted_on(
    alliance: Alliance, tmp_path: Path, kinds: tuple[str, ...], place: str
) -> None:
    data, continues = await survivor(alliance, tmp_path)
    entry = issue_entry(alliance, "p0", "prog", 500)
    voted(data, await next_block(alliance, data, [entry]), *kinds)
    waiting(data, entry)
    before = {path: path.read_bytes() for path in (data / "journal").iterdir()}
    found = look(data, continues)
    assert places(found) == [(place, 5, entry)]
    assert found.records[0].tx_id == parse_record(entry).tx_id
    assert {path: path.read_bytes() for path in (data / "journal").iterdir()} == before


async def test_what_is_carried_is_not_listed(alliance: Alliance, tmp_path: Path) -> None:
    data, continues = await survivor(alliance, tmp_path)
    entry = issue_entry(alliance, "p0", "prog", 501)
    shutil.rmtree(data / "log" / "snapshot")
    workers = Workers("carried")
    store = await Store.open(data, beginning(alliance), workers)
    old = store.files.entries(store.base.log.size - 2, 1)[0]
    await store.close()
    workers.close()
    waiting(data, old, entry)
    assert places(look(data, continues)) == [("pending", 0, entry)]


async def test_final_blocks_that_are_not_carried_come_first(alliance: Alliance, tmp_path: Path) -> None:
    data, continues = await survivor(alliance, tmp_path)
    prefix = msgspec.structs.replace(continues.prefix, height=3, seal=await seal_at(alliance, data, 3))
    older = msgspec.structs.replace(continues, prefix=prefix)
    found = look(data, older)
    assert (found.height, found.ahead) == (4, 1)
    assert [row.place for row in found.records] == ["final"] * 3
    assert {row.height for row in found.records} == {4}


async def seal_at(alliance: Alliance, data: Path, height: int) -> bytes:
    workers = Workers("seal")
    store = await Store.open(data, beginning(alliance), workers)
    row = await store.database.block(height)
    await store.close()
    workers.close()
    assert row is not None
    return row.seal_hash


@pytest.mark.parametrize("change", [{"network": bytes(32)}, {"seal": bytes(32)}])
async def test_another_ledger_is_named(alliance: Alliance, tmp_path: Path, change: dict[str, bytes]) -> None:
    data, continues = await survivor(alliance, tmp_path)
    other = msgspec.structs.replace(continues, prefix=msgspec.structs.replace(continues.prefix, **change))
    with pytest.raises(AccordError) as caught:
        look(data, other)
    assert caught.value.code == "RECOVERY_END"
