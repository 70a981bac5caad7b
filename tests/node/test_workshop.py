"""Blocks asked for by name: whole when that is the way to them, their seal alone when ranges are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from accord_ledger import codec
from accord_ledger.consensus import inputs as on
from accord_ledger.consensus.config import Config as CoreConfig
from accord_ledger.consensus.core import Consensus
from accord_ledger.consensus.effects import BuildBlock
from accord_node import workshop
from accord_node.chain import Limits
from accord_node.disk import DirectoryDisk
from accord_node.electorates import Electorates
from accord_node.journalwriter import JournalWriter
from accord_node.messages import Block, Request
from accord_node.services import Services
from accord_node.wal import Wal
from accord_node.workshop import Workshop
from final_blocks import bodies, chain_on
from node_network import Alliance, issue_entry, make_alliance, programme_entries
from peer_mesh import Mesh
from spine import Spine, finalization, prepared


@pytest.fixture(scope="module")
def alliance() -> Alliance:
    return make_alliance(4)


@pytest.fixture
async def mesh(tmp_path: Path) -> AsyncIterator[Mesh]:
    async with Mesh(tmp_path / "mesh", ["p0", "p1"]) as made:
        yield made


@pytest.fixture
async def spine(alliance: Alliance, tmp_path: Path, mesh: Mesh) -> AsyncIterator[Spine]:
    made = await Spine.open(alliance, tmp_path, mesh, "p0")
    yield made
    await made.close()


def workshop_of(spine: Spine, disk: DirectoryDisk, given: list[on.Input], **options: Any) -> Workshop:
    network, members = spine.alliance.genesis.network, spine.chain.base.members
    services = Services(
        party=spine.party, network_hash=network, members=members, vote_key=None,
        electorates=Electorates(spine.chain, spine.cache), chain=spine.chain, mempool=spine.mempool,
        bodies=spine.bodies, reader=spine.reader, cache=spine.cache, network=spine.network,
        journal=JournalWriter(Wal(disk, bytes(16)), spine.workers), clock=spine.clock, limits=Limits(),
        on_final=spine.finaliser.finalised, on_refused=spine.submissions.on_refused,
        on_accused=lambda _: None, on_fatal=spine.fatal.append, **options,
    )  # fmt: skip
    core = Consensus(network, members, None, CoreConfig())
    return Workshop(
        core, services, give=given.append, peers=lambda: ["p1"], check_certificate=spine.certifies
    )


@pytest.mark.parametrize(
    ("far", "flow", "whole"), [(24, False, True), (24, True, False), (0, False, False), (0, True, False)]
)
async def test_of_a_block_that_comes_in_a_range_only_the_seal_is_kept(
    spine: Spine,
    alliance: Alliance,
    mesh: Mesh,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    far: int,
    flow: bool,
    whole: bool,
) -> None:
    block = chain_on(alliance, spine.chain.base, bodies(alliance, 1))[0]

    async def serve(_: str, __: bytes) -> bytes:
        return codec.encode(Block(seal=block.sealed.entry, entries=block.entries))

    mesh.nodes["p1"].network.serve(Request.BLOCK, serve)
    monkeypatch.setattr(workshop, "FAR_BLOCKS", far)
    disk, given = DirectoryDisk(tmp_path / "journal"), list[on.Input]()
    await workshop_of(spine, disk, given, ranges_flow=lambda: flow).request_block(block.sealed.hash)
    disk.close()
    assert given == [on.BlockReceived(block.sealed)]
    assert (spine.bodies.get(block.sealed.hash) is not None) == whole
    assert (spine.cache.checked > 0) == whole


async def test_a_block_under_load_waits_for_its_turn_and_a_full_one_does_not(
    spine: Spine, alliance: Alliance, tmp_path: Path
) -> None:
    await spine.grow(programme_entries(alliance, "p0", "prog"))
    parent = await spine.execute(spine.block([issue_entry(alliance, "p0", "prog", n) for n in range(2)]))
    disk, given = DirectoryDisk(tmp_path / "journal"), list[on.Input]()
    shop = workshop_of(spine, disk, given)
    shop._on = replace(shop._on, limits=Limits(records=4, pace_seconds=60))
    shop._block_seen()
    certificate = finalization(alliance, parent.sealed.hash, parent.sealed.seal.view, "notarize")
    wanted = BuildBlock(view=9, parent=parent.sealed.hash, parent_certificate=certificate, empty_only=False)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(shop.build(wanted), 0.2)
    assert given == []
    for item in prepared(*(issue_entry(alliance, "p0", "prog", n) for n in range(10, 16))):
        assert spine.mempool.add(item, local=False, arrived=0)
    async with asyncio.timeout(10):
        await shop.build(wanted)
    disk.close()
    assert [type(one) for one in given] == [on.BlockBuilt]
