"""T42 seat_grant and seat_revoke: who votes in the next epoch."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from accord_ledger.block import SealedBytes
from accord_ledger.domain import epochs
from accord_ledger.domain.kinds.seat import SeatGrant, SeatRevoke
from accord_ledger.domain.model.epoch import EPOCHS
from accord_ledger.domain.model.party import SEATS as SEATS_TABLE
from accord_ledger.domain.readiness import Readiness, make_readiness, readiness_message
from accord_ledger.execute import Executed
from domain_alliance import SEATS, key_of, node_keys
from domain_world import NETWORK, World
from epoch_world import QUORUM, certificate, finalization, other_node, ready, step


@pytest.fixture
def world() -> World:
    """The alliance with a node of bjou, which has no seat, and one block behind it."""
    world = World()
    world.do("node_keys_set", node_keys("bjou", network=NETWORK), "bjou")
    return world


def grant(done: Executed, party: str = "bjou", **how: Any) -> SeatGrant:
    return SeatGrant(party=party, ready=ready(done, party, **how))


def parties(world: World) -> tuple[str, ...]:
    return tuple(member.party for member in world.version.members.members)


def test_t42_grant_ends_the_epoch(world: World) -> None:
    done = step(world)
    world.do("seat_grant", grant(done), *QUORUM, "bjou")
    assert parties(world) == SEATS
    change = step(world)
    assert (change.sealed.seal.epoch, change.version.ends_epoch) == (0, True)
    assert change.sealed.seal.members == done.version.members.digest()
    assert parties(world) == tuple(sorted((*SEATS, "bjou")))
    known = world.get(EPOCHS, 1)
    assert (known.members, known.version, known.first) == (world.version.members, 1, 3)
    place = parties(world).index("bjou")
    assert known.logs[place] == key_of("bjou", "node log").public
    first = step(world)
    assert (first.sealed.seal.epoch, first.version.ends_epoch) == (1, False)
    assert first.sealed.seal.members == change.version.members.digest()


def test_t42_revoke_ends_the_epoch(world: World) -> None:
    world.do("seat_revoke", SeatRevoke(party="uu"), *QUORUM)
    step(world)
    assert parties(world) == SEATS[:5]
    assert world.get(SEATS_TABLE).epoch == 1
    assert world.get(EPOCHS, 0).members.size == 6


def test_t42_no_more_seats_than_there_may_be(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    done = step(world)
    monkeypatch.setattr(epochs, "MAX_MEMBERS", 6)
    world.refused("E_STATE", "seat_grant", grant(done), *QUORUM, "bjou")
    monkeypatch.setattr(epochs, "MAX_MEMBERS", 7)
    world.do("seat_grant", grant(done), *QUORUM, "bjou")


def test_t42_signers_are_n_minus_f_of_the_running_epoch(world: World) -> None:
    done = step(world)
    missing = "5 of (um governance, uu governance)"
    world.refused("E_SIG_MISSING", "seat_grant", grant(done), *QUORUM[:4], "bjou")
    world.refused("E_SIG_MISSING", "seat_grant", grant(done), *QUORUM, detail="bjou")
    for kind, body in (("seat_revoke", SeatRevoke(party="uu")),):
        found = world.refused("E_SIG_MISSING", kind, body, *QUORUM[:4])
        assert found.detail == missing.replace("um governance, uu", "uom governance, uu")


def test_t42_grant_own_errors(world: World) -> None:
    done = step(world)
    world.refused("E_ROLE", "seat_grant", grant(done, "crrc-eval"), *QUORUM, "crrc-eval")
    world.refused("E_NOT_READY", "seat_grant", grant(done, "moe-cn"), *QUORUM, "moe-cn")
    world.refused("E_NOT_READY", "seat_grant", SeatGrant(party="bjou"), *QUORUM, "bjou")
    world.refused("E_STATE", "seat_grant", grant(done, "uu"), *QUORUM, "uu")


def _over(sealed: SealedBytes) -> bytes:
    """The newcomer's signature for this network, whatever the seal says."""
    seal = sealed.seal
    message = readiness_message(NETWORK, "bjou", seal.height, seal.state_root)
    return key_of("bjou", "node vote").sign(message)


def unready(world: World, done: Executed) -> list[Readiness]:
    good = ready(done, "bjou")
    seal = done.sealed
    other = replace(seal.seal, state_root=bytes(32))
    foreign = type(seal).of(replace(seal.seal, network=bytes(32)))
    ahead = type(seal).of(replace(seal.seal, height=world.execution.parent.height + 1))
    later = type(seal).of(replace(seal.seal, epoch=1))

    def signed(one: Any, **how: Any) -> Readiness:
        how.setdefault("epoch", one.seal.epoch)
        final = certificate("finalize", one.seal.view, one.hash, **how)
        return make_readiness(one, final, one.seal.state_root, "bjou", key_of("bjou", "node vote"))

    return [
        replace(good, seal=b"\x80"),
        replace(good, seal=type(seal).of(other).entry),
        replace(good, finalization=certificate("notarize", seal.seal.view, seal.hash)),
        replace(good, finalization=finalization(done, SEATS[:4])),
        replace(good, signature=bytes(64)),
        ready(done, "bjou", key=key_of("uu", "node vote")),
        replace(good, signature=ready(done, "uu", key=key_of("bjou", "node vote")).signature),
        replace(signed(foreign), signature=_over(foreign)),
        signed(ahead),
        signed(later),
        signed(seal, epoch=1),
    ]


def test_t42_the_newcomer_must_follow(world: World) -> None:
    done = step(world)
    for body in unready(world, done):
        world.refused("E_NOT_READY", "seat_grant", SeatGrant(party="bjou", ready=body), *QUORUM, "bjou")


def test_t42_the_block_is_at_most_seven_days_old(world: World) -> None:
    done = step(world)
    limit = done.version.time + 7 * 86_400
    world.close()
    world.open(limit + 1)
    world.refused("E_NOT_READY", "seat_grant", grant(done), *QUORUM, "bjou")
    world.open(limit)
    world.do("seat_grant", grant(done), *QUORUM, "bjou")


def test_t42_a_block_of_an_earlier_epoch_is_as_good(world: World) -> None:
    done = step(world)
    world.do("seat_revoke", SeatRevoke(party="uu"), *QUORUM)
    step(world)
    remaining = [f"{party} governance" for party in SEATS[:4]]
    world.do("seat_grant", grant(done), *remaining, "bjou")


def test_t42_a_retired_quorum_finalises_nothing_of_the_next_epoch(world: World) -> None:
    step(world)
    world.do("seat_revoke", SeatRevoke(party="uu"), *QUORUM)
    step(world)
    done = step(world)
    late = type(done.sealed).of(replace(done.sealed.seal, epoch=0))
    final = certificate("finalize", late.seal.view, late.hash)
    forged = make_readiness(late, final, late.seal.state_root, "bjou", key_of("bjou", "node vote"))
    remaining = [f"{party} governance" for party in SEATS[:4]]
    world.refused("E_NOT_READY", "seat_grant", SeatGrant(party="bjou", ready=forged), *remaining, "bjou")


def test_t42_revoke_own_errors(world: World) -> None:
    world.refused("E_UNKNOWN_REF", "seat_revoke", SeatRevoke(party="nobody"), *QUORUM)
    world.refused("E_STATE", "seat_revoke", SeatRevoke(party="bjou"), *QUORUM)


def test_t42_four_members_remain(world: World) -> None:
    for gone in ("uu", "uom"):
        signers = [f"{name} governance" for name in parties(world)][: world.version.members.quorum]
        world.do("seat_revoke", SeatRevoke(party=gone), *signers)
        step(world)
    signers = [f"{name} governance" for name in parties(world)][:3]
    found = world.refused("E_STATE", "seat_revoke", SeatRevoke(party="um"), *signers)
    assert found.detail == "expected 4 to 100 seats, got 3"


def test_t42_a_quorum_goes_on_with_its_keys(world: World) -> None:
    """Of six members one may change; then a newcomer would leave five of seven, which still are n - f."""
    done = step(world)
    world.do("node_keys_set", other_node("uu", "new"), "uu")
    world.do("seat_grant", grant(done), *QUORUM, "bjou")
    second = SeatRevoke(party="bcb")
    found = world.refused("E_STATE", "seat_revoke", second, *QUORUM)
    assert found.detail == "expected 5 of 6 members to stay with their keys, got 4"


def test_t42_several_changes_make_one_epoch(world: World) -> None:
    done = step(world)
    world.do("seat_grant", grant(done), *QUORUM, "bjou")
    world.do("seat_revoke", SeatRevoke(party="uu"), *QUORUM)
    step(world)
    assert (world.version.members.epoch, parties(world)) == (1, tuple(sorted((*SEATS[:5], "bjou"))))


def test_t42_weight(world: World) -> None:
    done = step(world)
    world.do("seat_grant", grant(done), *QUORUM, "bjou")
    assert world.execution.weight == 10 * 6 + 8 + 6
    before = world.execution.weight
    world.do("seat_revoke", SeatRevoke(party="uu"), *QUORUM)
    assert world.execution.weight - before == 10 * 5 + 8 + 6


def test_a_node_that_computed_another_root_gives_no_proof(world: World) -> None:
    done = step(world)
    with pytest.raises(ValueError, match="expected state root"):
        make_readiness(done.sealed, finalization(done), bytes(32), "bjou", key_of("bjou", "node vote"))
