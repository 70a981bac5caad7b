"""Blocks executed together come out as one by one, whatever they are cut into."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from accord_ledger.domain.model.party import PARTIES
from accord_ledger.execute import Executed, InvalidBlock, RecentTransactions, Version
from accord_ledger.keys import verifies
from accord_ledger.state import MemorySource
from accord_node.storage.store import Beginning, Store
from accord_node.stretch import Layer, execute_stretch
from accord_node.workers import Workers
from final_blocks import bodies, chain_on, stretch_of
from node_network import Alliance, make_alliance


@pytest.fixture(scope="module")
def alliance() -> Alliance:
    return make_alliance(4)


@pytest.fixture
async def base(alliance: Alliance, tmp_path: Path) -> AsyncIterator[Version]:
    worker = Workers("disk")
    begin = Beginning.of(alliance.genesis)
    store = await Store.open(tmp_path, begin, worker)
    yield store.base
    await store.close()
    worker.close()


@pytest.fixture
def chain(alliance: Alliance, base: Version) -> list[Executed]:
    return chain_on(alliance, base, bodies(alliance, 8))


@pytest.mark.parametrize("cut", [1, 2, 4, 9])
def test_the_same_blocks_whatever_they_are_cut_into(
    alliance: Alliance, base: Version, chain: list[Executed], cut: int
) -> None:
    version, done = base, list[Executed]()
    for at in range(0, len(chain), cut):
        stretch = stretch_of(alliance, version, chain[at : at + cut])
        assert stretch.parent == version.seal_hash
        done += stretch.blocks
        version = stretch.version
    assert [block.sealed.entry for block in done] == [block.sealed.entry for block in chain]
    assert [block.changes for block in done] == [block.changes for block in chain]
    assert [block.receipts for block in done] == [block.receipts for block in chain]
    last = chain[-1].version
    assert (version.map.root, version.log, version.height) == (last.map.root, last.log, last.height)
    recorded = [item.record for block in chain for item in block.prepared]
    assert all(version.recent.holds(record.tx_id, record.tx.expires) for record in recorded)
    assert not any(base.recent.holds(record.tx_id, record.tx.expires) for record in recorded)


def test_everything_written_is_in_the_layer_and_the_start_is_untouched(
    alliance: Alliance, base: Version, chain: list[Executed]
) -> None:
    root = base.map.root
    stretch = stretch_of(alliance, base, chain)
    written: dict[bytes, bytes | None] = {}
    for block in chain:
        written |= block.changes
    assert stretch.layer.values.keys() == written.keys()
    assert base.map.root == root


def test_a_bad_block_is_named_when_it_is_the_first_and_those_before_it_come_out(
    alliance: Alliance, base: Version, chain: list[Executed]
) -> None:
    wrong = dataclasses.replace(chain[3], prepared=chain[1].prepared)  # another body under its seal
    given = [*chain[:3], wrong, *chain[4:]]
    stretch = stretch_of(alliance, base, given)
    assert [block.sealed.hash for block in stretch.blocks] == [block.sealed.hash for block in chain[:3]]
    with pytest.raises(InvalidBlock):
        stretch_of(alliance, stretch.version, given[3:])


def test_a_transaction_of_an_earlier_stretch_is_not_taken_again(
    alliance: Alliance, base: Version, chain: list[Executed]
) -> None:
    stretch = stretch_of(alliance, base, chain[:2])
    again = dataclasses.replace(chain[2], prepared=chain[1].prepared)
    with pytest.raises(InvalidBlock) as caught:
        execute_stretch(alliance.genesis.network, stretch.version, [(again.sealed, again.prepared)], verifies)
    assert caught.value.code == "E_DUPLICATE_TX"


def test_a_stretch_comes_to_rest_only_on_what_it_continues(
    alliance: Alliance, base: Version, chain: list[Executed]
) -> None:
    first = stretch_of(alliance, base, chain[:3])
    second = stretch_of(alliance, first.version, chain[3:])
    with pytest.raises(ValueError, match="continues"):
        second.rest_on(base)
    durable = dataclasses.replace(first.version, state=MemorySource(), recent=RecentTransactions())
    second.rest_on(durable)
    assert second.recent.parent is durable.recent
    assert second.layer.load(PARTIES, PARTIES.key("p1")) is None  # read from below, and it has none


def test_a_removed_value_is_gone_whatever_stands_below(base: Version) -> None:
    layer = Layer(base.state)
    key = PARTIES.key("p1")
    assert layer.has(key)
    assert layer.load(PARTIES, key) is not None
    layer.values[key] = None
    assert not layer.has(key)
    assert layer.load(PARTIES, key) is None
