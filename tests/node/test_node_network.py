"""Real nodes, real TLS, real disks: the alliance as its members would live it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from accord_client.api import SubmitResult
from node_network import Alliance, Network, issue_entry, make_alliance, programme_entries
from waiting import until

FOUR = ("p0", "p1", "p2", "p3")


async def final(network: Network, party: str, entry: bytes) -> SubmitResult:
    result = (await network.nodes[party].submissions.submit([entry], wait=True, timeout=30))[0]
    assert result.status == "final", result
    return result


async def linked(network: Network) -> None:
    members = [node for party, node in network.nodes.items() if party.startswith("p")]
    await until(lambda: all(len(node.network.linked()) >= len(members) - 1 for node in members), "links")


async def programme(network: Network) -> None:
    for entry in programme_entries(network.alliance, "p0", "prog"):
        await final(network, "p0", entry)


def roots(network: Network) -> set[tuple[int, bytes, bytes]]:
    return {
        (node.chain.base.height, node.chain.base.map.root, node.chain.base.log.root())
        for node in network.nodes.values()
    }


async def settled(network: Network) -> None:
    """Every node at one height with one state and one log, and its checkpoint cosigned by a quorum."""
    await until(lambda: len(roots(network)) == 1, "one state on all nodes")


@pytest.fixture
def alliance() -> Alliance:
    return make_alliance(4)


@pytest.fixture
async def network(alliance: Alliance, tmp_path: Path) -> AsyncIterator[Network]:
    running = Network(alliance, tmp_path)
    await running.start()
    yield running
    await running.stop()


async def test_a_transaction_becomes_final_and_every_node_holds_the_same_state(network: Network) -> None:
    await programme(network)
    result = await final(network, "p2", issue_entry(network.alliance, "p0", "prog", 0))
    assert result.index is not None
    await settled(network)
    entries = {party: node.store.files.entries(result.index, 1) for party, node in network.nodes.items()}
    assert len({tuple(entry) for entry in entries.values()}) == 1


async def test_a_checkpoint_of_every_final_block_reaches_a_quorum_on_every_node(network: Network) -> None:
    await programme(network)
    size = network.nodes["p0"].chain.base.log.size
    await until(
        lambda: all(
            (node.cosigners.newest is not None and node.cosigners.newest.size >= size)
            for node in network.nodes.values()
        ),
        "cosigned checkpoints",
    )


async def test_refused_by_code_and_signed_by_the_node(network: Network) -> None:
    await programme(network)
    entry = issue_entry(network.alliance, "p0", "prog", 7)
    await final(network, "p0", entry)
    again = (await network.nodes["p0"].submissions.submit([entry], wait=True, timeout=10))[0]
    assert again.status == "final"  # the sender gets the first receipt again
    other = issue_entry(network.alliance, "p1", "prog", 8)
    refused = (await network.nodes["p1"].submissions.submit([other], wait=True, timeout=10))[0]
    assert (refused.status, refused.code) == ("rejected", "E_SIG_MISSING")
    assert refused.rejection is not None
    assert refused.rejection.party == "p1"


async def test_of_two_conflicting_records_sent_to_two_nodes_one_is_final(network: Network) -> None:
    await programme(network)
    await linked(network)
    first = issue_entry(network.alliance, "p0", "prog", 0)
    second = issue_entry(network.alliance, "p0", "prog", 0, count=2)  # the same status position and root
    answers = await asyncio.gather(
        network.nodes["p1"].submissions.submit([first], wait=True, timeout=30),
        network.nodes["p2"].submissions.submit([second], wait=True, timeout=30),
    )
    assert sorted(answer[0].status for answer in answers) == ["final", "rejected"]
    await settled(network)


async def test_one_node_down_the_alliance_goes_on_and_the_node_catches_up(network: Network) -> None:
    await programme(network)
    await network.stop("p3")
    for number in range(6):
        await final(network, "p0", issue_entry(network.alliance, "p0", "prog", number))
    await network.start("p3")
    await settled(network)
    await until(lambda: network.nodes["p3"].readiness()[0], "p3 ready")


async def test_two_nodes_down_no_finality_a_clear_signal_and_recovery(network: Network) -> None:
    await programme(network)
    await network.stop("p2", "p3")
    await until(lambda: len(network.nodes["p0"].network.linked()) == 1, "links noticed")
    entry = issue_entry(network.alliance, "p0", "prog", 0)
    waiting = (await network.nodes["p0"].submissions.submit([entry], wait=True, timeout=1))[0]
    assert waiting.status == "accepted"
    ready, reason = network.nodes["p0"].readiness()
    assert not ready
    assert "3 are needed" in reason
    await network.start("p2")
    await final(network, "p0", entry)


async def test_all_nodes_stop_at_once_and_what_was_accepted_becomes_final(network: Network) -> None:
    await programme(network)
    await network.stop("p1", "p2", "p3")
    entry = issue_entry(network.alliance, "p0", "prog", 0)
    result = (await network.nodes["p0"].submissions.submit([entry], wait=False, timeout=0))[0]
    assert result.status == "accepted"
    await network.stop("p0")
    await network.start()
    await final(network, "p1", entry)
    await settled(network)


@pytest.mark.parametrize("shape", ["ring", "line"])
async def test_links_cut_to_a_ring_or_a_line(alliance: Alliance, tmp_path: Path, shape: str) -> None:
    running = Network(alliance, tmp_path)
    for place, party in enumerate(FOUR):
        around = [FOUR[(place - 1) % 4], FOUR[(place + 1) % 4]]
        if shape == "line":
            around = [other for other in around if abs(FOUR.index(other) - place) == 1]
        await running.start(party, links=sorted(set(around)))
    try:
        await programme(running)
        await final(running, "p3", issue_entry(alliance, "p0", "prog", 0))
        await settled(running)
    finally:
        await running.stop()


async def test_an_observer_follows_without_a_vote(tmp_path: Path) -> None:
    async with Network(make_alliance(4, 1), tmp_path) as network:
        await programme(network)
        await settled(network)
        observer = network.nodes["o0"]
        assert observer.keys.vote is None
        await final(network, "o0", issue_entry(network.alliance, "p0", "prog", 0))
        await settled(network)


async def test_an_idle_network_is_silent_but_for_heartbeats(network: Network) -> None:
    await programme(network)
    height = network.nodes["p0"].chain.base.height
    await until(
        lambda: all(node.chain.base.height > height for node in network.nodes.values()), "a heartbeat"
    )
    await settled(network)
    assert network.nodes["p0"].chain.base.height <= height + 2
