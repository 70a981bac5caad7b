"""Two of four members are lost for ever; with two observers the others carry the ledger on."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from accord_client.audit.run import audit
from accord_client.audit.source import FolderSource
from accord_client.sdk import AccordClient
from accord_client.trust import Trust
from accord_ledger.domain.kinds.status import StatusBody
from accord_ledger.domain.model.account import ENROLMENTS
from accord_ledger.domain.model.credential import Interval
from accord_ledger.domain.model.epoch import RECOVERY
from accord_ledger.state import View
from accord_node.http import HttpServer
from accord_node.joining import join
from accord_node.node import Node
from accord_node.storage.snapshotting import make_snapshot
from domain_alliance import uid
from node_network import Alliance, Network, make_alliance
from recovery_network import (
    BATCH,
    LOST,
    accepted,
    carry_on,
    declare,
    founding_records,
    recognise,
    refused,
    signed,
)
from waiting import until


async def lose_quorum(folder: Path) -> tuple[Alliance, int]:
    """Records, one credential spent, then p2 and p3 are gone; the alliance and its last height."""
    alliance = make_alliance(4, 2)
    async with Network(alliance, folder) as net:
        await accepted(net, "p0", *founding_records(alliance))
        heights = await accepted(net, "p1", recognise(alliance, "r1", 0))
        p0 = net.nodes["p0"].chain
        await until(lambda: p0.base.height >= heights[0], "p0 has the newest block")
        await net.stop("p2", "p3")
    for party in LOST:
        shutil.rmtree(folder / party)
    return alliance, heights[0]


def revocation(alliance: Alliance, index: int) -> bytes:
    body = StatusBody(
        batch_id=BATCH.batch_id,
        ranges=(Interval(start=index, end=index + 1),),
        action="revoke",
        effect="reverse",
    )
    return signed(alliance, "credential_status", "p0", body, "p0 registrar", "p0 quality")


def published(node: Node) -> bool:
    """The newest checkpoint with its quorum is on disk."""
    newest, path = node.cosigners.newest, node.store.files.root / "checkpoint"
    return (
        newest is not None
        and newest.size == node.chain.base.log.size
        and path.exists()
        and f"\n{newest.size}\n".encode() in path.read_bytes()
    )


async def check_audit(carried: Alliance, data: Path) -> None:
    """From the first genesis to now, by the new genesis file alone."""
    report = await audit(FolderSource(data), carried.genesis_file)
    assert report.clean, (report.findings, report.failure)
    assert report.height > carried.genesis.document.continues.prefix.height  # type: ignore[union-attr]


async def check_second_life(carried: Alliance, folder: Path) -> None:
    """The new network stops and starts, serves clients what the old one recorded, and takes a newcomer in."""
    new = folder / "new"
    async with Network(carried, new) as net:
        await accepted(net, "p1", recognise(carried, "r4", 2))
        server = HttpServer(net.nodes["p0"])
        await server.start()
        trust = Trust.from_genesis(carried.genesis_file)
        async with AccordClient([server.url], trust) as client:
            programme = await client.programme("ds")
            first = await client.seal(1)
            assert programme.head.status == "active"
            assert first.network == carried.genesis.predecessor.network  # type: ignore[union-attr]
            _, proved, _ = await client.record(first.first)
            assert proved.record.tx.kind == "programme_register"
            assert (await client.account(uid("n1"))).value.recognised == "6/1"
        await server.close()
        make_snapshot(new / "p0" / "data", new / "p0" / "data" / "log")
    late = new / "late" / "data"
    late.mkdir(parents=True)
    joined = await join(late, carried.genesis, FolderSource(new / "p0" / "data" / "log"))
    assert joined is not None
    assert joined.sealed.seal.network == carried.genesis.network


@pytest.mark.timeout(240)
async def test_what_was_recorded_before_counts_after(tmp_path: Path) -> None:
    alliance, spent = await lose_quorum(tmp_path)
    carried = await carry_on(alliance, tmp_path, "p0")
    continues = carried.genesis.document.continues
    assert continues is not None
    assert continues.prefix.height >= spent
    async with Network(carried, tmp_path / "new") as net:
        assert await refused(net, "o0", recognise(carried, "early", 1)) == "E_STATE"
        (declared,) = await accepted(net, "o0", declare(carried))
        assert declared > continues.prefix.height
        p1 = net.nodes["p1"].chain
        await until(lambda: p1.base.height >= declared, "p1 has the declaration")
        assert await refused(net, "p1", recognise(carried, "r2", 0)) == "E_ALREADY_REDEEMED"
        await accepted(net, "p1", recognise(carried, "r3", 1))
        (revoked,) = await accepted(net, "p0", revocation(carried, 0))
        o1 = net.nodes["o1"]
        await until(lambda: o1.chain.base.height >= revoked and published(o1), "o1 has published it")
        state = View(o1.chain.base.state)
        account, recovery = state.get(ENROLMENTS, uid("n1")), state.get(RECOVERY)
    await check_audit(carried, tmp_path / "new" / "o1" / "data")
    await check_second_life(carried, tmp_path)
    assert account is not None
    assert account.recognised == "3/1"
    assert recovery is not None
    assert (recovery.count, recovery.lost, recovery.declared) == (1, LOST, declared)
