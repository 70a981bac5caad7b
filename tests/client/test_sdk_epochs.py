"""The SDK across epoch changes: it learns the new members from a node, and believes only what follows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from aiohttp import web

from accord_client.api import ConsistencyProof
from accord_client.errors import TrustError
from accord_client.sdk import AccordClient
from accord_client.trust import Trust
from accord_ledger.errors import ProofError
from accord_ledger.merkle.proof import consistency_proof
from client_ledger import genesis
from epoch_ledger import EpochLedger
from ledger_server import LedgerServer, problem


class EpochServer(LedgerServer):
    """A node with hand-offs and consistency proofs."""

    ledger: EpochLedger

    def add_routes(self, app: web.Application) -> None:
        app.router.add_get("/handoff/{epoch}", self._handoff)
        app.router.add_get("/v1/consistency", self._consistency)

    async def _handoff(self, request: web.Request) -> web.Response:
        epoch = int(request.match_info["epoch"])
        if epoch >= len(self.ledger.handoffs):
            return problem(404, "HANDOFF_UNKNOWN")
        return web.Response(body=self.ledger.handoffs[epoch].encode())

    async def _consistency(self, request: web.Request) -> web.Response:
        size, newest = int(request.query["size"]), len(self.ledger.entries)
        proof = ConsistencyProof(
            size=size,
            path=[item.hex() for item in consistency_proof(self.ledger.leaves, size, newest)],
            checkpoint=self.ledger.note().decode(),
        )
        return web.json_response(body=msgspec.json.encode(proof))


def a_ledger() -> EpochLedger:
    ledger = EpochLedger()
    ledger.seal()
    ledger.rekey("bcb")
    ledger.seal()
    ledger.rekey("hnrail")
    ledger.seal()
    return ledger


@pytest_asyncio.fixture
async def server() -> AsyncIterator[EpochServer]:
    async with EpochServer(a_ledger()) as running:
        yield running


def client(*servers: LedgerServer, **options: Any) -> AccordClient:
    options = {"max_age": None, "patience": 0.3} | options
    return AccordClient([one.url for one in servers], Trust.of_genesis(genesis()), **options)


async def test_a_read_follows_the_members_by_itself(server: EpochServer) -> None:
    async with client(server) as accord:
        answer = await accord.party("uu")
        assert answer.proved
        assert len(accord.trust.epochs) == 3
        asked = server.requests.total()
        await accord.party("um")
        assert server.requests.total() == asked + 1


async def test_proved_absence_follows_too(server: EpochServer) -> None:
    async with client(server) as accord:
        assert (await accord.party("nobody")).value is None
        assert len(accord.trust.epochs) == 3


async def test_an_epoch_that_ends_between_two_reads(server: EpochServer) -> None:
    async with client(server) as accord:
        await accord.party("uu")
        server.ledger.rekey("suny")
        server.ledger.seal()
        await accord.party("uu")
        assert len(accord.trust.epochs) == 4


async def test_hand_offs_by_others_teach_nothing(server: EpochServer) -> None:
    first = server.ledger.handoffs[0]
    forged = msgspec.structs.replace(first.finalization, votes=first.finalization.votes[:4])
    server.ledger.handoffs[0] = msgspec.structs.replace(first, finalization=forged)
    async with client(server) as accord:
        with pytest.raises(ProofError, match="CHECKPOINT_QUORUM"):
            await accord.party("uu")
        assert len(accord.trust.epochs) == 1


async def test_a_node_without_hand_offs_is_passed_over(server: EpochServer) -> None:
    async with EpochServer(a_ledger()) as poor:
        poor.ledger.handoffs = []
        async with client(poor, server) as accord:
            assert (await accord.party("uu")).proved
            assert len(accord.trust.epochs) == 3


async def test_asked_for_it_follows_everybody(server: EpochServer) -> None:
    async with client(server) as accord:
        assert await accord.follow_members() == 2
        assert await accord.follow_members() == 0


async def test_a_newer_checkpoint_is_proved_to_continue_the_older(server: EpochServer) -> None:
    async with client(server) as accord:
        first = await accord.follow_log()
        assert first.checkpoint.size == len(server.ledger.entries)
        assert (await accord.follow_log()) == first
        server.ledger.seal()
        newer = await accord.follow_log()
        assert newer.checkpoint.size == first.checkpoint.size + 1
        assert accord.trust.newest == newer


async def test_a_log_that_was_rewritten_is_refused(server: EpochServer) -> None:
    async with client(server) as accord:
        older = await accord.follow_log()
        server.ledger.leaves[0] = bytes(32)
        server.ledger.seal()
        with pytest.raises(ProofError, match="MERKLE_CONSISTENCY"):
            await accord.follow_log()
        assert accord.trust.newest == older


async def test_a_proof_from_another_size_is_refused(server: EpochServer) -> None:
    async with client(server) as accord:
        await accord.follow_log()
        accord.trust.newest = accord.trust.open(server.ledger.note(2))

        async def other(request: web.Request) -> web.Response:
            return await server._consistency(request.clone(rel_url="/v1/consistency?size=1"))

        server.faults.append(other)
        with pytest.raises(TrustError, match="LEDGER_PROOF_MISSING"):
            await accord.follow_log()
