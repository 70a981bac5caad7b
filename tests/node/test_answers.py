"""What a peer may ask is answered in bounded size, and what it pushes is checked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from accord_ledger import codec
from accord_ledger.block import Certificate
from accord_node import answers as answers_module
from accord_node.chain import Limits
from accord_node.messages import Batch, Block, Range, RangeWanted, RecordsWanted, Request
from accord_node.peer import PeerError
from accord_node.records import readable
from node_network import Network, issue_entry, make_alliance, programme_entries
from waiting import until


@pytest.fixture
async def network(tmp_path: Path) -> AsyncIterator[Network]:
    async with Network(make_alliance(4), tmp_path) as running:
        for entry in programme_entries(running.alliance, "p0", "prog"):
            answers = await running.nodes["p0"].submissions.submit([entry], wait=True, timeout=30)
            assert answers[0].status == "final", answers
        await until(lambda: all(node.chain.base.height >= 5 for node in running.nodes.values()), "height")
        yield running


async def ask(network: Network, kind: Request, payload: codec.Wire) -> bytes:
    return await network.nodes["p1"].network.request("p0", kind, codec.encode(payload), timeout=10)


async def unfinalised(network: Network, count: int) -> bytes:
    """A block of ours above p0's base that nobody proposes."""
    node = network.nodes["p0"]
    entries = [issue_entry(network.alliance, "p0", "prog", number) for number in range(count)]
    records = [readable(answer) for answer in await node.reader.read(entries)]
    done, refused = await node.chain.build(
        node.chain.base.seal_hash, None, records, proposer="p0", view=node.driver.view + 1,
        time=node.clock.now(), limits=Limits(),
    )  # fmt: skip
    assert not refused
    return done.sealed.hash


async def test_records_are_given_once_each_and_the_first_of_too_many(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    seal = await unfinalised(network, 10)
    everything = RecordsWanted(seal=seal, places=tuple(range(10)))
    assert len(codec.decode(await ask(network, Request.RECORDS, everything), Batch).entries) == 10
    monkeypatch.setattr(answers_module, "RECORDS_BYTES", 1500)
    some = codec.decode(await ask(network, Request.RECORDS, everything), Batch).entries
    assert 0 < len(some) < 10
    with pytest.raises(PeerError) as refused:
        await ask(network, Request.RECORDS, RecordsWanted(seal=seal, places=(1,) * 60_000))
    assert refused.value.detail == "PEER_PLACES"


async def test_a_range_ends_in_a_finalization_although_that_makes_it_longer(network: Network) -> None:
    found = codec.decode(await ask(network, Request.RANGE, RangeWanted(first=1, max_bytes=1)), Range)
    assert found.certificate is not None
    assert found.blocks
    assert network.nodes["p1"].driver.hearing.check_certificate(found.certificate)


async def test_a_range_beyond_the_tip_is_empty(network: Network) -> None:
    found = codec.decode(await ask(network, Request.RANGE, RangeWanted(first=10**9)), Range)
    assert found == Range(blocks=(), certificate=None)


async def test_ranges_of_small_bundles_give_whole_blocks(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers_module, "ENTRIES_AT_ONCE", 2)
    found = codec.decode(await ask(network, Request.RANGE, RangeWanted(first=1)), Range)
    assert len(found.blocks) >= 4
    assert all(isinstance(block, Block) for block in found.blocks)
    assert sum(len(block.entries) for block in found.blocks) == 5


async def test_a_false_certificate_costs_its_giver_the_link(network: Network) -> None:
    votes = tuple((party, bytes(64)) for party in ("p0", "p1", "p2"))
    false = Certificate(kind="notarize", epoch=0, view=10**6, seal=b"\1" * 32, votes=votes)
    with pytest.raises(PeerError):
        await ask(network, Request.CERTIFICATE, false)
    assert network.nodes["p0"].network.counters["bans"] == 1
