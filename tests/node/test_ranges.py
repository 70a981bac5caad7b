"""What a range says by itself: cut where it stops being a chain, read where it is what was sealed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from accord_ledger import codec
from accord_ledger.block import SealedBytes, body_hash
from accord_ledger.domain.model.party import KEYS
from accord_ledger.errors import DecodeError
from accord_ledger.execute import Executed
from accord_ledger.state import View
from accord_node.messages import Block, Range
from accord_node.ranges import Place, RangeBlock, check_range, open_range, read_range, records_of
from accord_node.records import UnreadableBody, entry_hash
from accord_node.storage.store import Beginning, Store
from accord_node.workers import Workers
from final_blocks import bodies, chain_on
from node_network import Alliance, make_alliance
from spine import finalization


@pytest.fixture(scope="module")
def alliance() -> Alliance:
    return make_alliance(4)


@pytest.fixture
async def store(alliance: Alliance, tmp_path: Path) -> AsyncIterator[Store]:
    worker = Workers("disk")
    made = await Store.open(tmp_path, Beginning.of(alliance.genesis), worker)
    yield made
    await made.close()
    worker.close()


@pytest.fixture
def start(store: Store) -> Place:
    return Place(store.base.seal_hash, 0)


@pytest.fixture
def chain(alliance: Alliance, store: Store) -> list[Executed]:
    return chain_on(alliance, store.base, bodies(alliance, 6))


def block(executed: Executed, *entries: bytes) -> Block:
    return Block(seal=executed.sealed.entry, entries=entries or executed.entries)


def sent(*blocks: Block) -> bytes:
    return codec.encode(Range(blocks=blocks, certificate=None))


def test_a_chain_is_opened_whole(alliance: Alliance, start: Place, chain: list[Executed]) -> None:
    certificate = finalization(alliance, chain[-1].sealed.hash, 7)
    payload = codec.encode(Range(blocks=tuple(map(block, chain)), certificate=certificate))
    blocks, count, found = open_range(payload, start)
    assert (len(blocks), count, found) == (7, 7, certificate)
    assert [one.place for one in blocks] == [Place(one.sealed.hash, one.version.height) for one in chain]


@pytest.mark.parametrize(
    ("order", "kept"), [((0, 2), 1), ((1, 2), 0), ((0, 1, 1), 2), ((1, 0), 0), ((0, 1, 2), 3)]
)
def test_a_range_is_cut_at_the_first_seal_that_does_not_continue_the_chain(
    start: Place, chain: list[Executed], order: tuple[int, ...], kept: int
) -> None:
    blocks, count, _ = open_range(sent(*(block(chain[place]) for place in order)), start)
    assert (len(blocks), count) == (kept, len(order))


def test_what_is_no_seal_cuts_it_and_what_is_no_range_is_refused(start: Place, chain: list[Executed]) -> None:
    broken = Block(seal=chain[1].sealed.entry[:-1], entries=())
    assert len(open_range(sent(block(chain[0]), broken), start)[0]) == 1
    for payload in (b"", b"\x80", sent(block(chain[0]))[:-1], sent(block(chain[0])) + b"\x00"):
        with pytest.raises(DecodeError):
            open_range(payload, start)


def test_records_come_out_as_if_they_had_been_parsed_here(store: Store, chain: list[Executed]) -> None:
    read = read_range(sent(*map(block, chain)))
    state = View(store.base.state)
    keys = {signer: key.public for signer in read.signers if (key := state.get(KEYS, signer)) is not None}
    found = check_range(read, keys)
    for executed, one in zip(chain, found, strict=True):
        records = records_of(RangeBlock(executed.sealed, executed.entries), one)
        for item, known in zip(records, executed.prepared, strict=True):
            assert (item.record.entry, item.record.tx_id) == (known.record.entry, known.record.tx_id)
            assert (item.record.entry_hash, item.record.leaf_hash) == (
                known.record.entry_hash,
                known.record.leaf_hash,
            )
            assert item.record.signatures == known.record.signatures
            assert codec.encode(item.body) == codec.encode(known.body)
        signatures = sum(len(item.record.signatures) for item in executed.prepared)
        assert len(one.good) == signatures


def test_blocks_can_be_checked_some_at_a_time(chain: list[Executed]) -> None:
    read = read_range(sent(*map(block, chain)))
    whole = check_range(read, {})
    assert check_range(read, {}, begin=0, enough=1) == whole[:1]
    assert check_range(read, {}, begin=1, enough=3) == whole[1:5]
    assert check_range(read, {}, begin=5, enough=9) == whole[5:]
    assert not any(one.good for one in whole)


def test_reading_ends_before_a_body_that_was_not_sealed(chain: list[Executed]) -> None:
    swapped = block(chain[1], *chain[2].entries)
    assert len(read_range(sent(block(chain[0]), swapped, block(chain[2]))).blocks) == 1


def test_a_sealed_entry_that_is_no_record_is_named_and_what_stands_before_it_read(
    chain: list[Executed],
) -> None:
    """No honest quorum seals one; that a dishonest one did is execution's to say."""
    entries = (chain[0].entries[0], b"\x82\x01", chain[0].entries[1])
    names = [entry_hash(entry) for entry in entries]
    seal = SealedBytes.of(msgspec.structs.replace(chain[0].sealed.seal, body_hash=body_hash(names)))
    (one,) = check_range(read_range(sent(Block(seal=seal.entry, entries=entries))), {})
    assert one.formed == 1
    assert one.names == b"".join(names)
    with pytest.raises(UnreadableBody):
        records_of(RangeBlock(seal, entries), one)
