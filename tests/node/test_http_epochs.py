"""Hand-offs and consistency proofs as nodes serve them."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import convert

from accord_client.api import ConsistencyProof, Problem
from accord_client.trust import Trust
from accord_ledger.domain.kinds.seat import SeatRevoke
from accord_ledger.domain.model.epoch import EPOCHS
from accord_ledger.handoff import make_handoff, read_handoff
from accord_ledger.merkle.proof import check_consistency
from accord_ledger.merkle.tree import leaf_hash, root
from accord_node.storage.handoffs import Handoffs
from domain_world import NETWORK, World, members
from epoch_world import QUORUM, finalization, step

session = pytest.mark.asyncio(loop_scope="session")


@session
async def test_a_hand_off_is_served_as_it_is(served: Any) -> None:
    world = World()
    world.do("seat_revoke", SeatRevoke(party="uu"), *QUORUM)
    done = step(world)
    handoff = make_handoff(done.sealed, finalization(done), done.version.map, world.get(EPOCHS, 1))
    files = Handoffs(served.node.store.files.root)
    files.write(NETWORK, members(), handoff)
    try:
        async with served.client.get("/handoff/0") as answer:
            assert answer.status == 200
            assert answer.content_type == "application/vnd.msgpack"
            assert read_handoff(await answer.read()) == handoff
    finally:
        (served.node.store.files.root / "handoff" / "0").unlink()


@session
async def test_an_epoch_that_goes_on_has_no_hand_off(served: Any) -> None:
    problem = convert(await served.get("/handoff/0", 404), Problem)
    assert problem.code == "HANDOFF_UNKNOWN"
    assert convert(await served.get("/handoff/-1", 400), Problem).code == "HTTP_PATH"


@session
@pytest.mark.parametrize("size", [1, 2, 3, 5])
async def test_the_log_only_grew(served: Any, size: int) -> None:
    proof = convert(await served.get(f"/v1/consistency?size={size}"), ConsistencyProof)
    trust = Trust.of_genesis(served.alliance.genesis)
    newer = trust.open(proof.checkpoint.encode())
    leaves = served.node.store.files.entries(0, size)

    older = root([leaf_hash(entry) for entry in leaves])
    path = [bytes.fromhex(item) for item in proof.path]
    check_consistency(size, newer.checkpoint.size, path, older, newer.checkpoint.root)


@session
async def test_from_a_size_the_log_has_not_reached(served: Any) -> None:
    problem = convert(await served.get("/v1/consistency?size=1000000", 503), Problem)
    assert problem.code == "PROOF_NOT_READY"
    assert convert(await served.get("/v1/consistency?size=0", 400), Problem).code == "HTTP_QUERY"
