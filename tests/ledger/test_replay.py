"""Replay: the same ledger again from the log alone, from any version, and never an exception."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accord_ledger import blockreader
from accord_ledger.authmap.map import AuthMap
from accord_ledger.blockreader import Block, BlockReader, Malformed
from accord_ledger.divergence import Area
from accord_ledger.domain.model.credential import BATCHES
from accord_ledger.execute import Version
from accord_ledger.replay import BlockReplayed, Replay
from accord_ledger.replayedstate import ReplayedState
from accord_ledger.state import MemorySource
from accord_ledger.transaction import parse_record
from audit_world import Forger, bad_signature, forged


@cache
def honest() -> Forger:
    """Four blocks with a recognition in the last, and two empty ones."""
    world, batch = forged()
    world.do(*world.use("r1", "n1", "a1", [batch[0]], "2/1"))
    world.close()
    world.more()
    return world


def replayed(world: Forger, log: list[bytes] | None = None) -> tuple[Replay, list[BlockReplayed]]:
    found = Replay(world.network, world.genesis.version())
    return found, list(found.feed(world.log if log is None else log, BlockReader()))


def test_the_log_gives_the_same_ledger_again() -> None:
    world = honest()
    found, blocks = replayed(world)
    assert [block.height for block in blocks] == list(range(1, world.version.height + 1))
    assert not any(block.findings for block in blocks)
    ours, theirs = found.version, world.version
    assert (ours.seal_hash, ours.log, ours.map.root, ours.time) == (
        theirs.seal_hash, theirs.log, theirs.map.root, theirs.time,
    )  # fmt: skip


def test_neither_the_start_nor_its_state_is_changed() -> None:
    world = honest()
    start = world.genesis.version()
    assert isinstance(start.state, MemorySource)
    before = dict(start.state.values)
    list(Replay(world.network, start).feed(world.log, BlockReader()))
    assert start.state.values == before
    assert start.recent._minutes == {}


def version_at(world: Forger, height: int) -> tuple[Version, int]:
    """A checkpointed version: plain canonical bytes, as a snapshot has them; and where its log ends."""
    end = world.heights[height] + 1
    found = Replay(world.network, world.genesis.version())
    values = dict(world.genesis.values)
    for block in found.feed(world.log[:end], BlockReader()):
        assert block.executed is not None
        for key, value in block.executed.changes.items():
            if value is None:
                values.pop(key, None)
            else:
                values[key] = value
    state = AuthMap.build(values.items())
    assert state.root == found.version.map.root
    return replace(found.version, state=MemorySource(values), map=state), end


def test_replay_goes_on_from_any_version() -> None:
    world = honest()
    for height in range(1, world.version.height):
        start, end = version_at(world, height)
        found = Replay(world.network, start, view=height)
        blocks = list(found.feed(world.log[end:], BlockReader(end)))
        assert not any(block.findings for block in blocks)
        assert found.version.map.root == world.version.map.root
        assert found.version.log == world.version.log


def test_a_transaction_repeated_after_a_version_is_known() -> None:
    """What may still be repeated comes with the version (``recent``), not with its state."""
    world, batch = forged()
    world.do("credential_status", world.status(batch, "suspend", (0, 1)), "uu registrar")
    again = world.execution._prepared[0]
    world.close()
    start, end = version_at(world, world.version.height)
    found = Replay(world.network, start)
    world.reopen()
    world.close()
    block = Block(end, (again,), _block(world, end).sealed)
    (first, *_) = found.fold(block).findings
    assert (first.area, first.code, first.entry) == (Area.RULES, "E_DUPLICATE_TX", end)


def _block(world: Forger, first: int) -> Block:
    reader = BlockReader(first)
    blocks = [block for entry in world.log[first:] if (block := reader.add(entry)) is not None]
    return blocks[0]


def test_a_refused_record_ends_execution_and_nothing_else() -> None:
    world, batch = forged()
    entry = world.entry("credential_status", world.status(batch, "suspend", (0, 1)), "uu registrar")
    world.add(entry)
    world.close()
    world.more()
    log = list(world.log)
    at = log.index(entry)
    log[at] = world.entry("credential_status", world.status(batch, "reinstate", (0, 1)), "uu registrar")
    found, blocks = replayed(world, log)
    codes = [(one.code, one.entry) for block in blocks for one in block.findings]
    assert codes == [("E_STATE", at), ("SEAL_BODY_HASH", at + 1), ("SEAL_LOG_ROOT", at + 1)] + [
        ("SEAL_LOG_ROOT", index) for index in (at + 2, at + 3)
    ]
    assert found.halted == 4
    assert [block.executed is None for block in blocks] == [False] * 3 + [True] * 3


def test_a_bad_signature_is_one_finding_and_execution_goes_on() -> None:
    world, batch = forged()
    good = world.entry("credential_status", world.status(batch, "suspend", (0, 1)), "uu registrar")
    world.force(bad_signature(good))
    world.close()
    world.more()
    found, blocks = replayed(world)
    assert [str(one).split(":")[0] for block in blocks for one in block.findings] == [
        f"E_SIG_INVALID at entry {world.heights[4] - 1}, height 4"
    ]
    assert found.halted is None
    assert found.version.map.root == world.version.map.root


def test_the_reader_says_why_it_stops() -> None:
    reader = BlockReader(7)
    assert reader.add(honest().log[-1]) is not None
    assert (reader.first, reader.pending, reader.broken) == (8, 0, None)
    reader.add(b"\x8e\x00")
    assert reader.broken is not None
    assert reader.broken[0] == "ENTRY_FORM"
    assert reader.add(honest().log[-1]) is None


def test_a_block_without_end_is_given_up() -> None:
    reader = BlockReader()
    size = blockreader.MAX_BLOCK_RECORDS
    for _ in range(size):
        reader.add(b"\x82")
    assert reader.broken is None
    reader.add(b"\x82")
    assert reader.broken == ("BLOCK_TOO_LARGE", f"no seal after {size} records")


def test_a_block_of_too_many_bytes_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blockreader, "MAX_BLOCK_BYTES", 8)
    reader = BlockReader()
    for _ in range(2):
        reader.add(b"\x82abc")
    assert reader.broken is None
    reader.add(b"\x82")
    assert reader.broken == ("BLOCK_TOO_LARGE", "no seal after 2 records")


@settings(max_examples=60)
@given(st.data())
def test_no_log_makes_replay_raise(data: st.DataObject) -> None:
    """Entries dropped, repeated, swapped, cut and flipped, in any order."""
    log = list(honest().log)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(log) - 1))
        entry = log[at]
        match data.draw(st.sampled_from(["drop", "repeat", "swap", "cut", "flip", "noise"])):
            case "drop":
                del log[at]
            case "repeat":
                log.insert(at, entry)
            case "swap":
                log[at], log[0] = log[0], entry
            case "cut":
                log[at] = entry[: data.draw(st.integers(0, len(entry)))]
            case "flip":
                bit = data.draw(st.integers(0, len(entry) * 8 - 1)) if entry else 0
                log[at] = bytes(
                    byte ^ (1 << bit % 8 if place == bit // 8 else 0) for place, byte in enumerate(entry)
                )
            case _:
                log[at] = data.draw(st.binary(max_size=64))
        if not log:
            return
    found = Replay(honest().network, honest().genesis.version())
    reader = BlockReader()
    blocks = list(found.feed(log, reader))
    whole = log == honest().log[: len(log)] and reader.pending == 0
    assert whole or reader.broken or reader.pending or any(block.findings for block in blocks)


def test_a_malformed_entry_still_has_its_hashes() -> None:
    entry = honest().log[0]
    for one in (entry, honest().log[1]):
        if one[:1] == blockreader.RECORD_START:
            record = parse_record(one)
            malformed = Malformed(one, "E_SCHEMA", "")
            assert (malformed.entry_hash, malformed.leaf_hash) == (record.entry_hash, record.leaf_hash)


def test_state_is_read_through_and_removed_keys_are_gone() -> None:
    key = BATCHES.key(bytes(16))
    base = MemorySource({key: b"x"})
    state = ReplayedState(base)
    assert state.has(key)
    state.values[key] = None
    assert not state.has(key)
    assert state.load(BATCHES, key) is None
