"""Blocks across an epoch change: what a voter refuses, and what replay finds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace as changed_version
from functools import cache
from typing import Any

import pytest
from msgspec.structs import replace

from accord_ledger import keys
from accord_ledger.block import Certificate, Seal, SealedBytes
from accord_ledger.blockreader import BlockReader
from accord_ledger.domain.epochs import newest, voters
from accord_ledger.domain.kinds.seat import SeatRevoke
from accord_ledger.domain.pipeline import prepare
from accord_ledger.execute import Executed, Execution, InvalidBlock, Version, execute_block
from accord_ledger.replay import Replay
from accord_ledger.state import MemorySource, View
from domain_alliance import SEATS, genesis_state
from domain_world import NETWORK, World, first_version
from epoch_world import QUORUM, certificate, finalization

REMAIN = SEATS[:4]
"""A quorum of the five members of epoch 1: uu is gone."""


def close(execution: Execution, view: int, held: Certificate | None) -> Executed:
    return execution.close(proposer=execution.parent.members.leader(view), view=view, parent_certificate=held)


@cache
def story() -> tuple[Executed, ...]:
    """An ordinary block, one that ends epoch 0, and two of epoch 1; with real certificates."""
    world = World()
    first = close(world.execution, 1, None)
    world.version = first.version
    world.open(first.version.time + 1)
    world.do("seat_revoke", SeatRevoke(party="uu"), *QUORUM)
    change = close(world.execution, 4, certificate("notarize", 2, first.sealed.hash))
    world.version = change.version
    world.open(change.version.time + 1)
    third = close(world.execution, 1, finalization(change, SEATS[1:], later=3))
    world.version = third.version
    world.open(third.version.time + 1)
    held = certificate("notarize", 1, third.sealed.hash, epoch=1, parties=REMAIN)
    return first, change, third, close(world.execution, 2, held)


def log(blocks: tuple[Executed, ...] | None = None) -> list[bytes]:
    return [entry for block in blocks or story() for entry in (*block.entries, block.sealed.entry)]


def again(parent: Version, block: Executed, sealed: SealedBytes | None = None) -> Executed:
    records = [prepare(entry) for entry in block.entries]
    return execute_block(NETWORK, parent, sealed or block.sealed, records, keys.verifies)


def test_a_voter_finds_the_same_bytes_across_the_change() -> None:
    parent = first_version(genesis_state())
    for block in story():
        done = again(parent, block)
        assert done.sealed.entry == block.sealed.entry
        parent = done.version
    assert [block.sealed.seal.epoch for block in story()] == [0, 0, 1, 1]
    assert [block.version.ends_epoch for block in story()] == [False, True, False, False]


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("SEAL_EPOCH", {"epoch": 0}),
        ("SEAL_MEMBERS", {"members": story()[0].version.members.digest()}),
        ("SEAL_VERSION", {"version": 2}),
        ("SEAL_PARENT_CERTIFICATE", {"parent_certificate": None}),
        ("SEAL_PARENT_CERTIFICATE", {"kind": "notarize"}),
        ("SEAL_PARENT_CERTIFICATE", {"epoch_of_certificate": 1}),
    ],
)
def test_the_first_block_of_an_epoch(code: str, change: dict[str, Any]) -> None:
    _, before, third, _ = story()
    held = third.sealed.seal.parent_certificate
    assert held is not None
    seal = third.sealed.seal
    if "kind" in change:
        change = {"parent_certificate": replace(held, **change)}
    if "epoch_of_certificate" in change:
        change = {"parent_certificate": replace(held, epoch=1)}
    with pytest.raises(InvalidBlock) as caught:
        again(before.version, third, SealedBytes.of(replace(seal, **change)))
    assert caught.value.code == code


def test_nothing_of_the_old_epoch_follows_its_last_block() -> None:
    first, change, _, _ = story()
    seal = replace(
        first.sealed.seal,
        height=3,
        parent=change.sealed.hash,
        first=change.version.log.size,
        time=change.version.time,
        parent_certificate=finalization(change),
    )
    with pytest.raises(InvalidBlock) as caught:
        again(change.version, first, SealedBytes.of(seal))
    assert caught.value.code == "SEAL_EPOCH"


def test_later_blocks_rest_on_certificates_of_their_epoch() -> None:
    _, _, third, fourth = story()
    held = certificate("notarize", 1, third.sealed.hash)
    bent = SealedBytes.of(replace(fourth.sealed.seal, parent_certificate=held))
    with pytest.raises(InvalidBlock, match="certificate of epoch 1, got 0"):
        again(third.version, fourth, bent)


def replayed(entries: list[bytes]) -> tuple[Replay, list[tuple[str, int]]]:
    found = Replay(NETWORK, first_version(genesis_state()))
    blocks = list(found.feed(entries, BlockReader()))
    return found, [(one.code, one.height) for block in blocks for one in block.findings]


def test_replay_judges_every_epoch_by_its_own_members() -> None:
    found, codes = replayed(log())
    assert codes == []
    last = story()[-1]
    assert (found.version.members, found.version.seal_hash) == (last.version.members, last.sealed.hash)
    assert found.sealed_by == last.version.members


def test_who_cosigns_the_last_block_of_an_epoch() -> None:
    found, codes = replayed(log(story()[:2]))
    assert codes == []
    assert (found.sealed_by.epoch, found.version.members.epoch) == (0, 1)


def test_replay_goes_on_from_the_end_of_an_epoch() -> None:
    _, change, third, fourth = story()
    start = changed_version(change.version, state=MemorySource(_values(change)))
    found = Replay(NETWORK, start, view=4)
    blocks = list(found.feed(log((third, fourth)), BlockReader(start.log.size)))
    assert [one for block in blocks for one in block.findings] == []


def _values(upto: Executed) -> dict[bytes, bytes]:
    values: dict[bytes, bytes | None] = dict(genesis_state())
    for block in story():
        values |= block.changes
        if block is upto:
            break
    return {key: value for key, value in values.items() if value is not None}


Bend = Callable[[Certificate], Certificate]
THIRD, FOURTH = 2, 3


@pytest.mark.parametrize(
    ("place", "code", "bend"),
    [
        (THIRD, "CERTIFICATE_KIND", lambda one: _certified("notarize", one, 0, SEATS[:5])),
        (THIRD, "CERTIFICATE_EPOCH", lambda one: _certified("finalize", one, 1, REMAIN)),
        (THIRD, "CERTIFICATE_QUORUM", lambda one: _certified("finalize", one, 0, REMAIN)),
        (THIRD, "CERTIFICATE_VIEW", lambda one: _certified("finalize", replace(one, view=3), 0, SEATS[:5])),
        (FOURTH, "CERTIFICATE_EPOCH", lambda one: _certified("notarize", one, 0, SEATS[:5])),
        (FOURTH, "CERTIFICATE_MEMBER", lambda one: _certified("notarize", one, 1, (*SEATS[:3], "uu"))),
        (FOURTH, "CERTIFICATE_QUORUM", lambda one: _certified("notarize", one, 1, SEATS[:3])),
        (FOURTH, "CERTIFICATE_ORDER", lambda one: _certified("notarize", one, 1, (SEATS[0], *SEATS[:3]))),
    ],
)
def test_replay_names_a_bad_certificate(place: int, code: str, bend: Bend) -> None:
    blocks = list(story())
    seal = blocks[place].sealed.seal
    assert seal.parent_certificate is not None
    bent = SealedBytes.of(replace(seal, parent_certificate=bend(seal.parent_certificate)))
    blocks[place] = changed_version(blocks[place], sealed=bent)
    assert replayed(log(tuple(blocks[: place + 1])))[1] == [(code, place + 1)]


def _certified(kind: Any, one: Certificate, epoch: int, parties: tuple[str, ...]) -> Certificate:
    return certificate(kind, one.view, one.seal, epoch=epoch, parties=parties)


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("SEAL_EPOCH", {"epoch": 0}),
        ("SEAL_MEMBERS", {"members": bytes(32)}),
        ("SEAL_PROPOSER", {"proposer": "uu"}),
        ("SEAL_STATE_ROOT", {"state_root": bytes(32)}),
        ("SEAL_VIEW", {"view": 0, "proposer": SEATS[0]}),
    ],
)
def test_replay_names_a_first_seal_that_says_something_else(code: str, change: dict[str, Any]) -> None:
    blocks = list(story()[:3])
    seal: Seal = replace(blocks[2].sealed.seal, **change)
    blocks[2] = changed_version(blocks[2], sealed=SealedBytes.of(seal))
    assert (code, 3) in replayed(log(tuple(blocks)))[1]


def test_who_votes_is_not_guessed_once_execution_has_ended() -> None:
    entries = log()
    entries[1] = entries[1][:-1]
    found, codes = replayed(entries)
    assert (found.halted, found.lost) == (2, 3)
    assert {code for code, _ in codes} == {"E_SCHEMA", "SEAL_BODY_HASH", "SEAL_LOG_ROOT"}


def test_state_answers_who_votes_in_any_epoch() -> None:
    last = View(MemorySource(_values(story()[-1])))
    assert newest(last).members == story()[-1].version.members
    assert voters(last, 0) == story()[0].version.members
    assert voters(last, 2) is None
