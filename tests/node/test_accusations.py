"""A member that contradicts itself: seen, kept over a restart, put on the ledger, shown to everyone."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from msgspec.structs import replace

from accord_client.audit.run import audit
from accord_client.audit.source import FolderSource
from accord_ledger import codec
from accord_ledger.block import Vote, vote_message
from accord_ledger.consensus.evidence import Evidence
from accord_ledger.domain.model.epoch import EVIDENCE
from accord_ledger.state import View
from accord_node.accusations import MAX_OF_ONE
from accord_node.http import HttpServer
from accord_node.node import Node
from accord_node.peer import PeerNetwork, TlsIdentity, Topic
from epoch_network import Changing, make_epoch_alliance
from node_network import key, programme_entries
from waiting import until

HONEST = ("p0", "p1", "p2")


@pytest.fixture
async def network(tmp_path: Path) -> AsyncIterator[Changing]:
    running = Changing(make_epoch_alliance(4), tmp_path)
    await running.start(*HONEST)
    yield running
    await running.stop()


def vote(network: Changing, view: int, seal: bytes) -> Vote:
    message = vote_message(network.genesis.network, "notarize", 0, view, seal)
    signature = key("p3", "vote").sign(message)
    return Vote(kind="notarize", epoch=0, view=view, seal=seal, member="p3", signature=signature)


def contradiction(network: Changing, view: int) -> Evidence:
    return Evidence(first=vote(network, view, b"\1" * 32), second=vote(network, view, b"\2" * 32))


async def say_twice(network: Changing) -> int:
    """p3, which is nothing but a peer network with p3's keys, votes for two seals in one view."""
    liar = PeerNetwork(
        party="p3", network=network.genesis.network, key=key("p3", "link"),
        directory=network.nodes["p0"].directory, identity=TlsIdentity.load_or_create(network.folder / "p3"),
        rng=random.Random(3),
    )  # fmt: skip
    await liar.start("127.0.0.1", network.alliance.ports["p3"])
    await until(lambda: liar.linked() == set(HONEST), "linked")
    view = network.newest().driver.view + 4
    evidence = contradiction(network, view)
    for said in (evidence.first, evidence.second):
        liar.gossip.publish(Topic.VOTE, codec.encode(said))
    await until(lambda: all(node.evidence for node in network.nodes.values()), "seen by all")
    await liar.close()
    return view


def recorded(node: Node, view: int) -> bool:
    return View(node.chain.base.state).get(EVIDENCE, 0, "p3", view) is not None


async def test_seen_submitted_by_the_nodes_themselves_served_and_named_by_an_audit(network: Changing) -> None:
    view = await say_twice(network)
    node = network.nodes["p0"]
    await until(lambda: recorded(node, view), "on the ledger")
    server = HttpServer(node)
    await server.start()
    try:
        async with aiohttp.ClientSession(server.url) as client, client.get("/v1/evidence") as answer:
            found = await answer.json()
    finally:
        await server.close()
    assert [item["first"]["member"] for item in found["items"]] == ["p3"]
    assert [(item["first"]["member"], item["first"]["view"]) for item in found["recorded"]] == [("p3", view)]
    assert found["recorded"][0]["by"] in HONEST
    await audit_names(network, view)


async def audit_names(network: Changing, view: int) -> None:
    node, log = network.nodes["p0"], network.folder / "p0" / "data" / "log"
    height = node.chain.base.height
    await until(lambda: node.chain.base.height > height, "a block above it")
    size = node.chain.base.log.size
    await until(lambda: (log / "checkpoint").is_file() and published(log) >= size, "published")
    await network.stop("p0")
    report = await audit(FolderSource(log), network.alliance.genesis_file)
    assert report.clean, report.findings or report.failure
    assert [(item.member, item.epoch, item.view) for item in report.contradictions] == [("p3", 0, view)]


def published(log: Path) -> int:
    return int((log / "checkpoint").read_bytes().split(b"\n")[1])


async def test_evidence_outlives_a_restart_and_is_submitted_then(network: Changing) -> None:
    await network.stop("p1", "p2")  # nothing can become final meanwhile
    node = network.nodes["p0"]
    evidence = contradiction(network, 7)
    node.accusations.accuse(evidence)
    node.accusations.accuse(evidence)
    folder = network.folder / "p0" / "data" / "evidence"
    await until(lambda: folder.is_dir() and len(list(folder.iterdir())) == 1, "kept")
    await network.stop("p0")
    (folder / "torn").write_bytes(b"\x82")
    await network.start(*HONEST)
    assert network.nodes["p0"].evidence == [evidence]
    await until(lambda: recorded(network.nodes["p2"], 7), "on the ledger")


async def test_what_proves_nothing_is_not_submitted_for_ever(network: Changing) -> None:
    for entry in programme_entries(network.alliance, "p0", "prog"):
        await network.final(entry)
    node = network.nodes["p0"]
    false = Evidence(first=vote(network, 9, b"\1" * 32), second=vote(network, 9, b"\1" * 32))
    node.accusations.accuse(false)
    await until(lambda: not node.accusations._open, "given up")
    assert not recorded(node, 9)


async def test_what_one_member_gives_without_end_does_not_keep_out_another(network: Changing) -> None:
    node = network.nodes["p0"]
    for view in range(1, MAX_OF_ONE + 20):
        node.accusations.accuse(contradiction(network, view))
    other = [
        replace(said, member="p2") for said in (vote(network, 7, b"\1" * 32), vote(network, 7, b"\2" * 32))
    ]
    node.accusations.accuse(Evidence(first=other[0], second=other[1]))
    assert [item.member for item in node.evidence] == ["p3"] * MAX_OF_ONE + ["p2"]


async def test_no_more_evidence_is_kept_than_fits(network: Changing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accord_node.accusations.MAX_KEPT", 3)
    node = network.nodes["p0"]
    for view in range(1, 9):
        node.accusations.accuse(contradiction(network, view))
    assert [item.first.view for item in node.evidence] == [1, 2, 3]
    assert len(node.accusations._open) <= 3


async def test_what_only_an_observer_saw_reaches_the_ledger_too(tmp_path: Path) -> None:
    """It never leads, so others must take its record although its node's log key alone signed it."""
    running = Changing(make_epoch_alliance(4, 1), tmp_path)
    await running.start(*HONEST, "o0")
    try:
        watcher = running.nodes["o0"]
        await until(lambda: len(watcher.network.linked()) == 3, "linked")
        watcher.accusations.accuse(contradiction(running, 7))
        await until(lambda: recorded(running.nodes["p2"], 7), "on the ledger")
    finally:
        await running.stop()
