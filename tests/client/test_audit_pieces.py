"""Pieces of a log, read here or by another process: the same entries, and hints that decide nothing."""

from __future__ import annotations

import pytest

from accord_client.audit.pieces import Look, Piece, look, read_piece, reopen
from accord_client.audit.signers import GoodSignatures, Signers
from accord_ledger import codec
from accord_ledger.blockreader import BlockReader, Item, Malformed
from accord_ledger.domain.pipeline import Prepared
from accord_ledger.keys import verifies
from accord_ledger.merkle.tree import leaf_hash
from accord_ledger.replay import BlockReplayed, Replay
from audit_world import bad_signature
from long_log import ALTERED, LATE_KEY, bundles, long_log, long_world, record_at


def everybody() -> Signers:
    """Who knows all that the whole log registers."""
    world = long_world()
    signers, replay = Signers(), Replay(world.network, world.genesis.version())
    signers.begin(world.genesis.values, replay)
    for block in replay.feed(world.log, BlockReader()):
        signers.after(block, replay)
    return signers


def beginning() -> Signers:
    """Who knows genesis."""
    world = long_world()
    signers = Signers()
    signers.begin(world.genesis.values, Replay(world.network, world.genesis.version()))
    return signers


def seen(entries: list[bytes], signers: Signers) -> Look:
    found = look(entries, signers)
    assert found is not None
    return found


def said(item: Item) -> object:
    """What an item says, whatever it was decoded by."""
    if not isinstance(item, Prepared):
        return item
    record = item.record
    plain = (record.entry, record.entry_hash, record.leaf_hash, record.tx_id, record.signatures, item.holders)
    return (*plain, codec.encode(record.tx), item.kind.name, codec.encode(item.body))


def test_another_process_says_the_same() -> None:
    signers = everybody()
    for entries in bundles(long_log()):
        here = read_piece(entries, signers)
        there = reopen(entries, seen(entries, signers), signers)
        assert list(map(said, there.items)) == list(map(said, here.items))
        assert (there.good, there.leaf_hashes) == (here.good, [leaf_hash(entry) for entry in entries])
        assert len(here.good) == len(list(signers.signatures(here.items)))


@pytest.mark.parametrize(
    "name", ["a record in another encoding", "a record that is none", "an entry that is empty"]
)
def test_a_piece_that_is_not_all_good_is_left_to_whoever_asked(name: str) -> None:
    signers = everybody()
    whole = [look(entries, signers) is not None for entries in bundles(ALTERED[name]())]
    assert whole.count(False) == 1
    bad = read_piece(bundles(ALTERED[name]())[whole.index(False)], signers)
    assert [type(item) for item in bad.items].count(Malformed) == 1
    assert bad.good


def folded(pieces: list[Piece]) -> tuple[GoodSignatures, list[BlockReplayed]]:
    """Replay of pieces, believing what is said to be good."""
    world = long_world()
    checker, reader = GoodSignatures(), BlockReader()
    replay = Replay(world.network, world.genesis.version())
    for piece in pieces:
        checker.learn(piece.good)
    blocks = [reader.take(item) for piece in pieces for item in piece.items]
    return checker, [replay.fold(block, checker) for block in blocks if block is not None]


def test_a_key_that_was_not_known_is_asked_for_on_the_spot() -> None:
    signers = beginning()
    pieces = [reopen(entries, seen(entries, signers), signers) for entries in bundles(long_log())]
    assert LATE_KEY.public not in {public for piece in pieces for public, _, _ in piece.good}
    checker, blocks = folded(pieces)
    assert not any(block.findings for block in blocks)
    late = [prepared for block in blocks if block.executed for prepared in block.executed.prepared]
    assert (
        checker.late
        == sum(row[0] == LATE_KEY.key_id for item in late for row in item.record.signatures)
        > 100
    )


def test_a_signature_that_fails_is_not_among_the_good() -> None:
    signers, log = everybody(), long_log()
    at = record_at(60)
    log[at] = bad_signature(log[at])
    for piece in ([reopen(log, seen(log, signers), signers)], [read_piece(log, signers)]):
        assert all(verifies(*job) for job in piece[0].good)
        _, blocks = folded(piece)
        assert [one.code for block in blocks for one in block.findings][:1] == ["E_SIG_INVALID"]


def test_no_word_of_another_process_makes_a_key_known() -> None:
    """A verdict on a signature whose key is not known here is worth nothing."""
    entries = bundles(long_log())[-1]
    there = seen(entries, everybody())
    assert set(there.verdicts) == {1}
    assert [public for public, _, _ in reopen(entries, there, beginning()).good].count(LATE_KEY.public) == 0
    assert reopen(entries, there, Signers()).good == []


def test_verdicts_of_other_entries_are_an_error() -> None:
    first, second = bundles(long_log()[:200], 100)
    signers = everybody()
    fewer = seen(first, signers)._replace(verdicts=seen(second, signers).verdicts[1:])
    with pytest.raises(ValueError, match="zip"):
        reopen(first, fewer, signers)
