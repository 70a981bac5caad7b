"""Many entries read at a time say what each says alone."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from accord_ledger import codec
from accord_ledger.block import SealedBytes
from accord_ledger.blockreader import (
    BlockReader,
    Item,
    Malformed,
    entry_bytes,
    leaf_hash,
    read_again,
    read_entries,
    read_entry,
)
from accord_ledger.domain.pipeline import Prepared
from accord_ledger.merkle import tree
from audit_world import forged, looser

WORLD, _ = forged()
LOG = WORLD.log
RECORD = next(entry for entry in LOG if entry[:1] == b"\x82")
SPOILT = [b"", b"\x82", b"\x8e\x00", LOG[-1][:-1], RECORD[:-1], looser(RECORD), b"\xde\x00\x0e" + LOG[-1][1:]]


def said(item: Item) -> object:
    """What an item says, whatever it was decoded by."""
    if not isinstance(item, Prepared):
        return item
    record = item.record
    plain = (record.entry, record.entry_hash, record.leaf_hash, record.tx_id, record.signatures, item.holders)
    return (*plain, codec.encode(record.tx), item.kind.name, codec.encode(item.body))


@settings(max_examples=40)
@given(st.lists(st.sampled_from([*LOG, *SPOILT]), max_size=12))
def test_entries_read_together_say_what_each_says_alone(entries: list[bytes]) -> None:
    together = read_entries(entries)
    assert list(map(said, together)) == [said(read_entry(entry)) for entry in entries]
    assert list(map(entry_bytes, together)) == entries
    assert list(map(leaf_hash, together)) == [tree.leaf_hash(entry) for entry in entries]


def test_what_is_spoilt_is_malformed_and_nothing_else_is() -> None:
    assert [type(item) for item in read_entries(SPOILT)] == [Malformed] * len(SPOILT)
    assert {type(item) for item in read_entries(LOG)} == {Prepared, SealedBytes}


def test_good_entries_are_opened_again_by_their_hashes() -> None:
    items = read_entries(LOG)
    records = [item.record for item in items if isinstance(item, Prepared)]
    again = read_again(
        LOG,
        [record.entry_hash for record in records],
        [record.leaf_hash for record in records],
        [record.tx_id for record in records],
    )
    assert list(map(said, again)) == list(map(said, items))
    assert list(map(leaf_hash, again)) == [tree.leaf_hash(entry) for entry in LOG]


def test_a_reader_cuts_what_was_read_into_the_same_blocks() -> None:
    one, other = BlockReader(5), BlockReader(5)
    blocks = [one.add(entry) for entry in LOG]
    taken = [other.take(item) for item in read_entries(LOG)]
    assert [(block.first, len(block.records), block.sealed) for block in blocks if block] == [
        (block.first, len(block.records), block.sealed) for block in taken if block
    ]
    assert (one.index, one.pending) == (other.index, other.pending)
