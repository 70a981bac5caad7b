"""T44 version_activate, and a program that does not know the version in force."""

from __future__ import annotations

import msgspec
import pytest

from accord_ledger import keys
from accord_ledger.block import Seal, SealedBytes
from accord_ledger.blockreader import BlockReader
from accord_ledger.domain.kinds.version import VersionActivate
from accord_ledger.domain.model.epoch import EPOCHS
from accord_ledger.errors import FatalError
from accord_ledger.execute import Execution, execute_block
from accord_ledger.replay import Replay
from domain_world import NETWORK, World, first_version, notarization
from epoch_world import QUORUM


@pytest.fixture
def world() -> World:
    return World()


def test_t44_it_is_in_force_from_the_next_epoch(world: World) -> None:
    world.do("version_activate", VersionActivate(version=2), *QUORUM)
    assert world.execution.weight == 10 * 5 + 8
    assert world.get(EPOCHS, 1).version == 2
    done = world.close()
    assert (done.sealed.seal.version, done.version.protocol, done.version.ends_epoch) == (1, 2, True)
    assert done.version.members.members == first_version(world.values).members.members


def test_t44_own_errors_and_signers(world: World) -> None:
    for version in (1, 3):
        world.refused("E_VERSION", "version_activate", VersionActivate(version=version), *QUORUM)
    world.refused("E_SIG_MISSING", "version_activate", VersionActivate(version=2), *QUORUM[:4])
    world.do("version_activate", VersionActivate(version=2), *QUORUM)
    for version in (2, 3):
        world.refused("E_VERSION", "version_activate", VersionActivate(version=version), *QUORUM)


def following(world: World, seal: Seal) -> SealedBytes:
    """An empty block of version 2 on the one that activated it."""
    parent = world.version
    changed = msgspec.structs.replace(
        seal, version=2, epoch=1, height=2, parent=parent.seal_hash, first=parent.log.size, count=0,
        members=parent.members.digest(), parent_certificate=notarization(parent),
    )  # fmt: skip
    return SealedBytes.of(changed)


def test_a_version_this_program_does_not_know_stops_it(world: World) -> None:
    world.do("version_activate", VersionActivate(version=2), *QUORUM)
    done = world.close()
    with pytest.raises(FatalError, match=r"VERSION_UNKNOWN.*got 2 in force from height 2") as caught:
        Execution(NETWORK, world.version, world.version.time, keys.verifies)
    assert "release that knows version 2" in caught.value.detail
    with pytest.raises(FatalError, match="VERSION_UNKNOWN"):
        execute_block(NETWORK, world.version, following(world, done.sealed.seal), [], keys.verifies)


def test_replay_says_which_version_it_needs(world: World) -> None:
    start = world.version
    world.do("version_activate", VersionActivate(version=2), *QUORUM)
    done = world.close()
    after = following(world, done.sealed.seal)
    replay = Replay(NETWORK, start)
    list(replay.feed([*done.entries, done.sealed.entry, after.entry], BlockReader()))
    assert replay.stopped is not None
    assert (replay.stopped.code, replay.halted) == ("VERSION_UNKNOWN", 2)
