"""Who lives in another epoch is told or asked how one ended: within bounds, and never in answer to an answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from accord_ledger import codec
from accord_ledger.block import Certificate
from accord_ledger.consensus import inputs as on
from accord_ledger.handoff import read_handoff
from accord_node.messages import CertificatesWanted, Request
from accord_node.peer import Outcome, Topic
from epoch_network import Changing, make_epoch_alliance
from node_network import programme_entries
from spine import finalization
from waiting import until


@pytest.fixture
async def network(tmp_path: Path) -> AsyncIterator[Changing]:
    """Four members in epoch 1, and an observer."""
    async with Changing(make_epoch_alliance(4, 1), tmp_path) as running:
        await running.rekey("p1", "vote")
        for _ in range(20):  # which three members an observer links to is chance
            await until(lambda: len(running.nodes["o0"].network.linked()) >= 3, "o0 linked")
            if "p0" in running.nodes["o0"].network.linked():
                break
            await running.stop("o0")
            await running.start("o0")
        await until(lambda: "o0" in running.nodes["p0"].network.linked(), "o0 linked to p0")
        yield running


def end_of_first(network: Changing) -> Certificate:
    data = (network.folder / "p0" / "data" / "log" / "handoff" / "0").read_bytes()
    return read_handoff(data).finalization


async def told(network: Changing, party: str) -> list[Certificate]:
    """What p0 is handed from now on."""
    found: list[Certificate] = []

    async def take(_: str, payload: bytes) -> bytes:
        found.append(codec.decode(payload, Certificate))
        return b""

    network.nodes[party].network.serve(Request.CERTIFICATE, take)
    return found


async def test_who_asks_about_an_epoch_that_is_over_is_told_how_it_ended(network: Changing) -> None:
    found = await told(network, "o0")
    wanted = codec.encode(CertificatesWanted(epoch=0, from_view=1, to_view=9))
    await network.nodes["o0"].network.request("p0", Request.CERTIFICATES, wanted, timeout=5.0)
    await until(lambda: bool(found), "told")
    assert found == [end_of_first(network)]


async def test_a_peer_is_told_once_a_second_however_often_it_asks(network: Changing) -> None:
    found, node = await told(network, "o0"), network.nodes["p0"]
    node.epochs._others._said.clear()
    for _ in range(50):
        node.epochs.heard("o0", 0)
    await until(lambda: bool(found), "told")
    await asyncio.gather(*list(node._tasks))
    assert len(found) == 1


async def test_a_certificate_of_an_epoch_that_is_over_is_not_answered(network: Changing) -> None:
    found, node = await told(network, "o0"), network.nodes["p0"]
    payload = codec.encode(end_of_first(network))
    assert node.epochs.on_certificate(Topic.CERTIFICATE, payload, "o0") is Outcome.IGNORE
    node.epochs.heard("p1", 0)  # what is answered to p1 comes after anything that would go to o0
    await asyncio.gather(*list(node._tasks))
    assert found == []


async def test_nobody_is_punished_for_speaking_of_an_epoch_that_has_not_begun_here(network: Changing) -> None:
    node = network.nodes["p0"]
    later = finalization(network.alliance, b"\5" * 32, 3)
    for epoch in (2, 7):
        strange = Certificate(kind="finalize", epoch=epoch, view=3, seal=later.seal, votes=later.votes)
        assert node.epochs.on_certificate(Topic.CERTIFICATE, codec.encode(strange), "p1") is Outcome.IGNORE
    for entry in programme_entries(network.alliance, "p0", "prog"):
        await network.final(entry)
    assert node.network.counters["bans"] == 0


async def test_an_epoch_nobody_knows_the_end_of_is_not_told(network: Changing) -> None:
    found, node = await told(network, "o0"), network.nodes["p0"]
    node.epochs.on_certificates_wanted("o0", on.CertificatesRequested("o0", 1, 1), 1)
    (network.folder / "p0" / "data" / "log" / "handoff" / "0").unlink()
    node.epochs._others._ends.clear()  # o0 may have asked before
    node.epochs.heard("o0", 0)
    await asyncio.gather(*list(node._tasks))
    assert [item.epoch for item in found if item.epoch == 0] == []
