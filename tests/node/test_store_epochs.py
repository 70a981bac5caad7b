"""Storage across an epoch change: who votes comes out of state, not out of genesis."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from accord_ledger.domain.kinds.network import NodeKey, NodeKeysSet
from accord_ledger.domain.pipeline import prepare
from accord_ledger.execute import Executed, Execution, Version
from accord_ledger.keys import verifies
from accord_node.storage.store import Beginning, Store
from accord_node.workers import Workers
from node_network import Alliance, key, make_alliance


@pytest.fixture(scope="module")
def alliance() -> Alliance:
    return make_alliance(4)


@pytest.fixture
async def disk() -> AsyncIterator[Workers]:
    worker = Workers("disk")
    yield worker
    worker.close()


def new_keys(alliance: Alliance, party: str) -> NodeKeysSet:
    def made(use: str) -> NodeKey:
        fresh = key(party, "fresh", use)
        proof = fresh.prove_possession(alliance.genesis.network, party, use)
        return NodeKey(public=fresh.public, proof=proof)

    return NodeKeysSet(
        party=party, endpoint="wss://new.example", link=(made("link"),), vote=made("vote"), log=made("log"),
        witness=made("witness"),
    )  # fmt: skip


def change(alliance: Alliance, base: Version) -> Executed:
    """The block in which p1 gets new node keys."""
    execution = Execution(alliance.genesis.network, base, base.time + 5, verifies)
    execution.add(prepare(alliance.entry("node_keys_set", "p1", new_keys(alliance, "p1"), "institution")))
    return execution.close(proposer="p1", view=1, parent_certificate=None)


async def test_after_a_restart_the_next_epoch_votes(
    alliance: Alliance, tmp_path: Path, disk: Workers
) -> None:
    genesis = alliance.genesis
    beginning = Beginning.of(genesis)
    store = await Store.open(tmp_path, beginning, disk)
    assert store.base.members == genesis.members
    done = change(alliance, store.base)
    await store.write(done, None)
    adopted = store.adopt(done)
    await store.close()
    again = await Store.open(tmp_path, beginning, disk)
    assert again.base.members == adopted.members != genesis.members
    assert again.base.members.vote_key("p1") == key("p1", "fresh", "vote").public
    assert (again.base.ends_epoch, again.base.epoch_first, again.base.protocol) == (True, 2, 1)
    await again.close()
