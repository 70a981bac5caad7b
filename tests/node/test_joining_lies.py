"""A snapshot that lies is named for what is wrong with it, and nothing of it is stored."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from accord_ledger import codec
from accord_ledger.handoff import read_handoff
from accord_ledger.merkle.tiles import entries_path, pack_entries, unpack_entries
from accord_node.joining import FOLDER, join
from accord_node.storage.snapshot import MANIFEST, Manifest, SnapshotError
from node_network import Alliance, make_alliance
from snapshot_ledger import Donor, certificate, make_donor


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


def _changed(donor: Donor, **fields: Any) -> Manifest:
    return msgspec.structs.replace(donor.manifest, **fields)


def _tail(donor: Donor) -> list[bytes]:
    piece = donor.manifest.tail
    assert piece is not None
    return codec.decode((donor.log / piece.path).read_bytes(), list[bytes], limit=1 << 24)


def _altered_chunk(donor: Donor) -> None:
    path = donor.log / donor.manifest.state[0].path
    path.write_bytes(path.read_bytes()[:-1] + b"!")


def _state(donor: Donor, change: Callable[[list[Any]], None]) -> None:
    """Other rows, with pieces and manifest to match: only the root can tell."""
    data = (donor.log / donor.manifest.state[0].path).read_bytes()
    found = codec.decode(data, list[list[bytes]], limit=1 << 24)
    change(found)
    donor.publish(_changed(donor, state=(donor.piece(codec.encode(found)),), rows=len(found)))


def _other_value(donor: Donor) -> None:
    _state(donor, lambda found: found[3].__setitem__(1, b"\x01"))


def _row_left_out(donor: Donor) -> None:
    _state(donor, lambda found: found.pop())


def _row_added(donor: Donor) -> None:
    _state(donor, lambda found: found.append([b"zz/more", b"\x01"]))


def _row_twice(donor: Donor) -> None:
    _state(donor, lambda found: found.insert(1, found[0]))


def _rows_out_of_order(donor: Donor) -> None:
    _state(donor, lambda found: found.reverse())


def _no_rows(donor: Donor) -> None:
    donor.publish(_changed(donor, state=(donor.piece(b"\xc0"),)))


def _rows_miscounted(donor: Donor) -> None:
    donor.publish(_changed(donor, rows=donor.manifest.rows + 1))


def _another_entry(donor: Donor) -> None:
    """A log that reads well and is another one."""
    path = donor.log / entries_path(0)
    entries = unpack_entries(path.read_bytes(), 256)
    entries[7], entries[8] = entries[8], entries[7]
    path.write_bytes(pack_entries(entries))


def _no_bundle(donor: Donor) -> None:
    (donor.log / entries_path(0)).write_bytes(b"\x00")


def _unreadable_entry(donor: Donor) -> None:
    path = donor.log / entries_path(0)
    entries = unpack_entries(path.read_bytes(), 256)
    path.write_bytes(pack_entries([b"\x82", *entries[1:]]))


def _no_seal(donor: Donor) -> None:
    path = donor.log / entries_path(0)
    entries = unpack_entries(path.read_bytes(), 256)
    path.write_bytes(pack_entries([b"?", *entries[1:]]))


def _short_tail(donor: Donor) -> None:
    tail = _tail(donor)
    donor.publish(_changed(donor, tail=donor.piece(codec.encode(tail[1:]))))


def _no_tail(donor: Donor) -> None:
    donor.publish(_changed(donor, tail=None))


def _another_tail(donor: Donor) -> None:
    tail = _tail(donor)
    donor.publish(_changed(donor, tail=donor.piece(codec.encode([*tail[1:-1], tail[0], tail[-1]]))))


def _log_shorter(donor: Donor) -> None:
    (donor.log / entries_path(0)).unlink()


def _counts_more(donor: Donor) -> None:
    donor.publish(_changed(donor, entries=donor.manifest.entries + 256))


def _counts_fewer(donor: Donor) -> None:
    donor.publish(_changed(donor, entries=donor.manifest.entries - 1))


def _another_network(donor: Donor) -> None:
    donor.publish(_changed(donor, network=bytes(32)))


def _another_height(donor: Donor) -> None:
    donor.publish(_changed(donor, height=donor.manifest.height + 1))


def _another_seal(donor: Donor) -> None:
    """The seal before, which the finalization is not of."""
    with closing(sqlite3.connect(donor.data / "state.sqlite")) as db:
        first, count = db.execute("SELECT first, count FROM block WHERE height = 2").fetchone()
    entries = unpack_entries((donor.log / entries_path(0)).read_bytes(), 256)
    donor.publish(_changed(donor, seal=entries[first + count], height=2))


def _notarized_only(donor: Donor) -> None:
    network, members = donor.manifest.network, donor.alliance.genesis.members
    final = donor.manifest.finalization
    donor.publish(
        _changed(donor, finalization=certificate(network, members, final.seal, final.view, kind="notarize"))
    )


def _too_few_votes(donor: Donor) -> None:
    final = donor.manifest.finalization
    donor.publish(_changed(donor, finalization=msgspec.structs.replace(final, votes=final.votes[:-1])))


def _forged_vote(donor: Donor) -> None:
    final = donor.manifest.finalization
    (party, _), *others = final.votes
    votes = ((party, bytes(64)), *others)
    donor.publish(_changed(donor, finalization=msgspec.structs.replace(final, votes=votes)))


def _no_manifest(donor: Donor) -> None:
    (donor.log / MANIFEST).write_bytes(b"\x80")


def _nothing_served(donor: Donor) -> None:
    (donor.log / MANIFEST).unlink()


def _chunk_gone(donor: Donor) -> None:
    (donor.log / donor.manifest.state[0].path).unlink()


def _chunk_too_long(donor: Donor) -> None:
    path = donor.log / donor.manifest.state[0].path
    path.write_bytes(path.read_bytes() + bytes(1))


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (_altered_chunk, "SNAPSHOT_CHUNK"),
        (_chunk_gone, "SNAPSHOT_GONE"),
        (_chunk_too_long, "SNAPSHOT_CUT"),
        (_other_value, "SNAPSHOT_ROOT"),
        (_row_left_out, "SNAPSHOT_ROOT"),
        (_row_added, "SNAPSHOT_ROOT"),
        (_row_twice, "SNAPSHOT_ROWS"),
        (_rows_out_of_order, "SNAPSHOT_ROWS"),
        (_no_rows, "SNAPSHOT_ROWS"),
        (_rows_miscounted, "SNAPSHOT_ROWS"),
        (_another_entry, "SNAPSHOT_LOG"),
        (_no_bundle, "SNAPSHOT_LOG"),
        (_unreadable_entry, "SNAPSHOT_LOG"),
        (_no_seal, "SNAPSHOT_LOG"),
        (_another_tail, "SNAPSHOT_LOG"),
        (_short_tail, "SNAPSHOT_TAIL"),
        (_no_tail, "SNAPSHOT_MANIFEST"),
        (_no_manifest, "SNAPSHOT_MANIFEST"),
        (_nothing_served, "SNAPSHOT_UNKNOWN"),
        (_log_shorter, "SNAPSHOT_AHEAD"),
        (_counts_more, "SNAPSHOT_AHEAD"),
        (_counts_fewer, "SNAPSHOT_BEHIND"),
        (_another_network, "SNAPSHOT_NETWORK"),
        (_another_height, "SNAPSHOT_FINALITY"),
        (_another_seal, "SNAPSHOT_FINALITY"),
        (_notarized_only, "SNAPSHOT_FINALITY"),
        (_too_few_votes, "SNAPSHOT_FINALITY"),
        (_forged_vote, "SNAPSHOT_FINALITY"),
    ],
)
async def test_a_lie_is_named_and_nothing_is_stored(
    made: Donor, donor: Donor, tmp_path: Path, spoil: Callable[[Donor], None], code: str
) -> None:
    spoil(donor)
    with pytest.raises(SnapshotError) as caught:
        await join(tmp_path / "new", donor.alliance.genesis, donor.source())
    assert caught.value.code == code
    assert {path.name for path in (tmp_path / "new").iterdir()} == {FOLDER}
    await join(tmp_path / "new", made.alliance.genesis, made.source())  # a lie poisons no later attempt


@pytest.mark.parametrize("kept", [0, 1])
async def test_without_every_hand_off_the_pin_does_not_reach(
    alliance: Alliance, tmp_path: Path, kept: int
) -> None:
    donor = await make_donor(alliance, tmp_path, records=2, change=lambda number: number in (0, 2))
    first = donor.manifest.handoffs[0]
    assert read_handoff((donor.log / first.path).read_bytes()).epoch.members.epoch == 1
    donor.publish(_changed(donor, handoffs=(first, first)[: 2 * kept]))
    with pytest.raises(SnapshotError) as caught:
        await join(tmp_path / "new", donor.alliance.genesis, donor.source())
    assert caught.value.code == "SNAPSHOT_FINALITY"
