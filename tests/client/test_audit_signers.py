"""Signatures that can be checked ahead: exactly those that execution asks for, wherever that is known."""

from __future__ import annotations

import pytest

from accord_client.audit.signers import GoodSignatures, Job, Signers
from accord_ledger.blockreader import Block, BlockReader
from accord_ledger.domain.kinds.key import KeyRotate
from accord_ledger.keys import SigningKey
from accord_ledger.replay import Replay
from audit_world import QUORUM, Forger, folded, forged
from domain_alliance import key_of, new_key

NEW = SigningKey.from_seed(b"\x41" * 32)


def begun(world: Forger) -> Signers:
    """Who knows genesis."""
    signers = Signers()
    signers.begin(world.genesis.values, Replay(world.network, world.genesis.version()))
    return signers


def blocks_of(world: Forger) -> list[Block]:
    reader = BlockReader()
    return [block for entry in world.log if (block := reader.add(entry)) is not None]


def listed(signers: Signers, block: Block) -> list[Job | None]:
    return list(signers.signatures([*block.records, block.sealed]))


def test_what_is_listed_is_exactly_what_folding_asks() -> None:
    world, batch = forged()
    world.do(
        *world.use("r1", "n1", "a1", [batch[0]], "2/1")
    )  # a holder signs with a key that nobody registered
    world.close()
    world.more()
    for block, signers, asked in folded(world):
        expected = set(listed(signers, block))
        assert asked() == expected


def rotated() -> Forger:
    """The third block but one registers a key, the last but one is signed with it."""
    world, batch = forged()
    old = key_of("uu", "registrar")
    fresh = new_key(NEW, "uu", "registrar", network=world.network)
    world.do("key_rotate", KeyRotate(party="uu", replaces=old.key_id, key=fresh), old, author="uu")
    world.close()
    world.reopen()
    world.do("credential_status", world.status(batch, "suspend", (0, 1)), NEW, author="uu")
    world.close()
    world.more(1)
    return world


def test_a_key_is_known_once_its_block_was_folded() -> None:
    world = rotated()
    signed = blocks_of(world)[-2]
    for block, signers, asked in folded(world):
        job = listed(signers, signed)[0]
        assert (job is None) == (block.first < signed.first)
        assert job in asked() or block.first != signed.first


def test_another_process_that_hears_lists_the_same() -> None:
    world = rotated()
    other = Signers()
    heard: list[int] = []
    for block, signers, asked in folded(world):
        told = signers.known
        assert signers.known is told  # until there is more
        heard.append(len(told.keys))
        other.hear(told)
        other.hear(told)
        assert listed(other, block) == listed(signers, block)
        assert other.known == told
        asked()
    assert heard == [heard[0]] * 4 + [heard[0] + 32] * 2


def test_where_nobody_asks_only_votes_are_listed() -> None:
    world, _ = forged()
    signers = begun(world)
    block = blocks_of(world)[1]
    everything = listed(signers, block)
    assert signers.known.executing
    signers.executing = False
    votes = len(block.sealed.seal.parent_certificate.votes if block.sealed.seal.parent_certificate else ())
    other = Signers()
    other.hear(signers.known)
    for one in (signers, other):
        left = listed(one, block)
        assert left[:-votes] == [None] * (len(everything) - votes)
        assert left[-votes:] == everything[-votes:]


def test_voters_of_another_network_are_not_those_of_this_one() -> None:
    world, _ = forged()
    block = blocks_of(world)[1]
    signers = Signers()
    signers.begin({}, Replay(b"\1" * 32, world.genesis.version()))
    assert set(listed(signers, block)) == {None}
    signers.begin({}, Replay(world.network, world.genesis.version()))
    assert None not in listed(signers, block)[-QUORUM:]


def test_voters_of_long_ago_are_forgotten() -> None:
    world, _ = forged()
    signers = begun(world)
    for number in range(5):
        signers.begin({}, Replay(bytes([number]) * 32, world.genesis.version()))
    assert [network for network, _ in signers.known.votes] == [b"\3" * 32, b"\4" * 32]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_only_what_was_learnt_is_believed(place: int) -> None:
    job = (NEW.public, b"message", NEW.sign(b"message"))
    checker = GoodSignatures()
    checker.learn([job])
    assert (checker(*job), checker.late) == (True, 0)
    other = [*job]
    other[place] = other[place][::-1]
    assert (checker(*other), checker.late) == (False, 1)
    checker.forget([job])
    assert (checker(*job), checker.late) == (True, 2)
