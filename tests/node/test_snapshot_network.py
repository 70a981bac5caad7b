"""Real nodes: snapshots are made and served while records come, and who joins from one gets to the same root."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from accord_client.audit.source import HttpSource
from accord_ledger.merkle.tiles import TILE_WIDTH, entries_path
from accord_node.http import HttpServer
from accord_node.joining import join
from accord_node.storage.handoffs import Handoffs
from accord_node.storage.snapshotting import make_snapshot
from node_network import Alliance, Network, issue_entry, make_alliance, programme_entries
from status_network import StatusNetwork, status_alliance
from waiting import until

FOUR = ("p0", "p1", "p2", "p3")


@pytest.fixture
def alliance() -> Alliance:
    return make_alliance(4, observers=1)


@asynccontextmanager
async def serving(network: Network, party: str) -> AsyncIterator[str]:
    """A node's HTTP interface; its address."""
    server = HttpServer(network.nodes[party])
    await server.start()
    try:
        yield server.url
    finally:
        await server.close()


async def submit(network: Network, *entries: bytes) -> None:
    results = await network.nodes["p0"].submissions.submit(list(entries), wait=True, timeout=60)
    assert {result.status for result in results} == {"final"}, results


async def filled(network: Network, entries: int) -> None:
    """A programme and so many issuances."""
    alliance = network.alliance
    members = [network.nodes[party] for party in FOUR if party in network.nodes]
    await until(lambda: all(len(node.network.linked()) >= 2 for node in members), "links")
    for entry in programme_entries(alliance, "p0", "prog"):
        await submit(network, entry)
    for first in range(0, entries, 100):
        await submit(network, *(issue_entry(alliance, "p0", "prog", first + at) for at in range(100)))


async def snapshot(network: Network, party: str) -> int:
    """A snapshot of a running node, made beside it; its height."""
    log = network.folder / party / "data" / "log"
    made = await asyncio.to_thread(make_snapshot, log.parent, log)
    size = made.entries // TILE_WIDTH * TILE_WIDTH
    node = network.nodes[party]
    await until(
        lambda: node.cosigners.newest is not None and node.cosigners.newest.size >= size, "served tiles"
    )
    return made.height


async def same(network: Network) -> None:
    def roots() -> set[tuple[int, bytes, bytes]]:
        bases = [node.chain.base for node in network.nodes.values()]
        return {(base.height, base.map.root, base.log.root()) for base in bases}

    await until(lambda: len(roots()) == 1, "one state on all nodes")


async def test_joining_under_load_leads_to_the_same_root(alliance: Alliance, tmp_path: Path) -> None:
    network = Network(alliance, tmp_path)
    await network.start(*FOUR)
    try:
        await filled(network, 300)
        height = await snapshot(network, "p1")
        more = asyncio.create_task(
            submit(network, *(issue_entry(alliance, "p0", "prog", 1000 + at) for at in range(200)))
        )
        async with serving(network, "p1") as url, HttpSource(url) as source:
            await join(tmp_path / "o0" / "data", alliance.genesis, source)
        await network.start("o0")
        joined = network.nodes["o0"]
        assert joined.chain.base.height >= height
        assert joined.catch_up.fetched < height
        await more
        await same(network)
        theirs = network.nodes["p0"].store.files
        assert joined.store.files.entries(0, 256) == theirs.entries(0, 256)
        async with (
            serving(network, "o0") as url,
            HttpSource(url) as source,
        ):  # it serves what it never executed
            await until(lambda: joined.cosigners.newest is not None, "a checkpoint")
            found = await source.read(entries_path(0), 1 << 24)
            assert found == (theirs.root / entries_path(0)).read_bytes()
    finally:
        await network.stop()


async def test_a_member_that_joined_follows_first_and_votes_later(alliance: Alliance, tmp_path: Path) -> None:
    network = Network(alliance, tmp_path)
    await network.start(*FOUR)
    try:
        await filled(network, 100)
        height = await snapshot(network, "p1")
        await network.stop("p3")
        (tmp_path / "p3" / "data").rename(tmp_path / "p3" / "lost")
        async with serving(network, "p1") as url, HttpSource(url) as source:
            await join(tmp_path / "p3" / "data", alliance.genesis, source)
        await network.start("p3")
        joined = network.nodes["p3"]
        assert joined.chain.base.height >= height
        assert not joined.epochs.voting
        assert not joined.readiness()[0]
        await until(lambda: not joined.epochs.abstaining, "finality past every old vote", 60)
        assert joined.epochs.voting
        await network.stop("p2")  # from here on nothing is final without p3
        before = joined.chain.base.height
        await submit(network, issue_entry(alliance, "p0", "prog", 5000))
        await until(lambda: joined.chain.base.height > before, "a block that p3 voted on")
        assert not joined.evidence
        assert not network.nodes["p0"].evidence
        await same(network)
    finally:
        await network.stop()


async def test_nothing_is_served_before_one_is_made(alliance: Alliance, tmp_path: Path) -> None:
    network = Network(alliance, tmp_path)
    await network.start(*FOUR)
    try:
        async with serving(network, "p0") as url, HttpSource(url) as source:
            with pytest.raises(Exception, match="SNAPSHOT_UNKNOWN"):
                await join(tmp_path / "o0" / "data", alliance.genesis, source)
        assert Handoffs(tmp_path / "o0" / "data" / "log").read(0) is None
    finally:
        await network.stop()


async def test_a_list_from_before_the_snapshot_is_refused_by_name(tmp_path: Path) -> None:
    alliance = status_alliance(make_alliance(4))
    network = StatusNetwork(alliance, tmp_path)
    await network.start(*FOUR)
    try:
        await filled(network, 100)
        before = network.nodes["p1"].chain.base.time
        await until(lambda: network.nodes["p1"].chain.base.time > before + 1, "later blocks")
        await snapshot(network, "p1")
        await network.stop("p0")
        (tmp_path / "p0" / "data").rename(tmp_path / "p0" / "lost")
        async with serving(network, "p1") as url, HttpSource(url) as source:
            await join(tmp_path / "p0" / "data", alliance.genesis, source)
        await network.start("p0")
        async with serving(network, "p0") as url, aiohttp.ClientSession(url) as client:
            async with client.get("/v1/status-lists/p0/p0-list/token") as answer:
                assert answer.status == 200, await answer.text()
            async with client.get(f"/v1/status-lists/p0/p0-list/token?time={before}") as answer:
                problem = await answer.json(content_type=None)
                assert (answer.status, problem["code"]) == (404, "STATUS_RETRIEVAL_ERROR")
                assert "joined at height" in problem["detail"]
    finally:
        await network.stop()
