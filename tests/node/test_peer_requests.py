"""Requests between linked nodes: answers, refusals, limits of time and size."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from accord_ledger.errors import Rejection
from accord_node.peer import Outcome, PeerError, Topic
from accord_node.peer.frames import MAX_PAYLOAD_BYTES
from peer_mesh import Mesh
from waiting import until

ECHO, FAIL, HUGE, HANG = range(4)


@pytest.fixture
async def mesh(tmp_path: Path) -> AsyncIterator[Mesh]:
    async with Mesh(tmp_path, ["anna", "bert"], request_queue=2, request_slots=1) as made:
        network = made.nodes["bert"].network

        async def echo(party: str, payload: bytes) -> bytes:
            return party.encode() + payload

        async def fail(party: str, payload: bytes) -> bytes:
            raise Rejection("E_SCHEMA", "not this one")

        async def huge(party: str, payload: bytes) -> bytes:
            return bytes(MAX_PAYLOAD_BYTES + 1)

        async def hang(party: str, payload: bytes) -> bytes:
            await asyncio.get_running_loop().create_future()
            return b""

        for kind, handler in enumerate([echo, fail, huge, hang]):
            network.serve(kind, handler)
        yield made


async def _refused(mesh: Mesh, kind: int) -> str:
    with pytest.raises(PeerError) as caught:
        await mesh.nodes["anna"].network.request("bert", kind, b"", 5.0)
    assert caught.value.code == "PEER_REFUSED"
    return caught.value.detail


async def test_an_answer_of_any_size_comes_back(mesh: Mesh) -> None:
    for size in (0, 100, 60_000, MAX_PAYLOAD_BYTES - 4):
        answer = await mesh.nodes["anna"].network.request("bert", ECHO, bytes(size), 10.0)
        assert answer == b"anna" + bytes(size)


async def test_refusals_carry_the_code(mesh: Mesh) -> None:
    assert await _refused(mesh, FAIL) == "E_SCHEMA"
    assert await _refused(mesh, HUGE) == "PEER_TOO_LARGE"
    assert await _refused(mesh, 99) == "PEER_UNSERVED"


async def test_no_answer_in_time_is_a_timeout_and_the_link_lives(mesh: Mesh) -> None:
    anna = mesh.nodes["anna"].network
    with pytest.raises(PeerError, match="PEER_TIMEOUT"):
        await anna.request("bert", HANG, b"", 0.05)
    assert anna.linked() == {"bert"}


async def test_a_lost_link_fails_what_was_asked(mesh: Mesh) -> None:
    anna, bert = mesh.nodes["anna"].network, mesh.nodes["bert"].network
    asked = asyncio.create_task(anna.request("bert", HANG, b"", 10.0))
    await until(lambda: bert._requests._exchanges[bert._table.links["anna"]].serving)
    bert._table.links["anna"].stop()
    with pytest.raises(PeerError, match="PEER_GONE"):
        await asked
    with pytest.raises(PeerError, match="PEER_GONE"):
        await anna.request("nobody", ECHO, b"", 1.0)


async def test_more_open_requests_than_allowed_are_refused_at_home(mesh: Mesh) -> None:
    anna = mesh.nodes["anna"].network
    asked = [asyncio.create_task(anna.request("bert", HANG, b"", 10.0)) for _ in range(2)]
    await until(lambda: anna.counters["requests_sent"] == 2)
    assert "PEER_BUSY" in await _refused(mesh, ECHO)
    for task in asked:
        task.cancel()
    await asyncio.gather(*asked, return_exceptions=True)


async def test_a_vote_overtakes_a_large_answer(mesh: Mesh) -> None:
    anna, bert = mesh.nodes["anna"], mesh.nodes["bert"]
    finished: list[str] = []

    def verdict(_: bytes) -> Outcome:
        finished.append("vote")
        return Outcome.ACCEPT

    async def large(party: str, payload: bytes) -> bytes:
        asyncio.get_running_loop().call_soon(bert.network.gossip.publish, Topic.VOTE, b"vote")
        return bytes(MAX_PAYLOAD_BYTES)

    anna.verdict = verdict
    bert.network.serve(7, large)
    await anna.network.request("bert", 7, b"", 10.0)
    finished.append("answer")
    assert finished == ["vote", "answer"]
