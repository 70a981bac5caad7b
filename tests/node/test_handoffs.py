"""Hand-off files: written once verified, read whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from accord_ledger.block import Members
from accord_ledger.domain.kinds.seat import SeatRevoke
from accord_ledger.domain.model.epoch import EPOCHS
from accord_ledger.errors import FatalError
from accord_ledger.handoff import Handoff, make_handoff, read_handoff
from accord_node.storage.handoffs import Handoffs
from domain_world import NETWORK, World, members
from epoch_world import QUORUM, finalization, step


def ended() -> Handoff:
    world = World()
    world.do("seat_revoke", SeatRevoke(party="uu"), *QUORUM)
    done = step(world)
    return make_handoff(done.sealed, finalization(done), done.version.map, world.get(EPOCHS, 1))


def test_what_was_written_is_read(tmp_path: Path) -> None:
    files, handoff = Handoffs(tmp_path), ended()
    assert files.read(0) is None
    files.write(NETWORK, members(), handoff)
    data = files.read(0)
    assert data is not None
    assert read_handoff(data) == handoff
    assert [path.name for path in (tmp_path / "handoff").iterdir()] == ["0"]
    assert Handoffs(tmp_path).read(0) == data
    assert files.read(1) is None


@pytest.mark.parametrize(
    ("network", "voters"), [(bytes(32), members()), (NETWORK, replace(members(), epoch=1))]
)
def test_what_does_not_verify_is_not_written(tmp_path: Path, network: bytes, voters: Members) -> None:
    with pytest.raises(FatalError, match="HANDOFF_BAD"):
        Handoffs(tmp_path).write(network, voters, ended())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("damage", [b"", b"\x80", bytes(200_000)])
def test_a_damaged_file_is_named(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "handoff").mkdir()
    (tmp_path / "handoff" / "3").write_bytes(damage)
    with pytest.raises(FatalError, match="HANDOFF_CORRUPT"):
        Handoffs(tmp_path).read(3)
