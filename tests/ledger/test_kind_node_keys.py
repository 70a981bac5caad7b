"""T43 node_keys_set as a transaction: the keys of a node, and the epoch that ends with a seat's."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from accord_ledger.domain.kinds.network import NodeKey, NodeKeysSet
from accord_ledger.domain.kinds.seat import SeatRevoke
from accord_ledger.domain.model.party import KEYS, NODES
from domain_alliance import SEATS, key_of, node_keys
from domain_world import NETWORK, World
from epoch_world import QUORUM, other_node, step


@pytest.fixture
def world() -> World:
    return World()


def changed(body: NodeKeysSet, **changes: Any) -> NodeKeysSet:
    return msgspec.structs.replace(body, **changes)


def test_t43_an_observer_s_node_ends_no_epoch(world: World) -> None:
    world.do("node_keys_set", node_keys("bjou", network=NETWORK), "bjou")
    assert world.get(NODES, "bjou").vote == key_of("bjou", "node vote").public
    assert world.get(KEYS, key_of("bjou", "node log").key_id).valid_from == world.time
    assert not step(world).version.ends_epoch


def test_t43_a_seat_s_node_ends_the_epoch(world: World) -> None:
    world.do("node_keys_set", other_node("uu", "new"), "uu")
    done = step(world)
    assert done.version.ends_epoch
    voting = {member.party: member for member in done.version.members.members}
    assert voting["uu"].vote == key_of("uu", "new vote").public
    assert voting["uu"].witness == key_of("uu", "new witness").public
    assert done.version.members.epoch == 1


def test_t43_the_same_again_ends_nothing(world: World) -> None:
    world.do("node_keys_set", node_keys("uu", network=NETWORK), "uu")
    done = step(world)
    assert (done.version.ends_epoch, done.changes) == (
        False,
        {NODES.key("uu"): done.changes[NODES.key("uu")]},
    )


def test_t43_retired_keys_are_dated_and_never_come_back(world: World) -> None:
    world.do("node_keys_set", other_node("uu", "new"), "uu")
    old = world.get(KEYS, key_of("uu", "node vote").key_id)
    assert (old.valid_to, old.party) == (world.time, "uu")
    step(world)
    world.refused("E_KEY_REUSE", "node_keys_set", node_keys("uu", network=NETWORK), "uu")


def test_t43_link_keys_overlap_while_they_are_rotated(world: World) -> None:
    now = node_keys("uu", network=NETWORK)
    more = changed(now, link=(*now.link, *other_node("uu", "new").link))
    world.do("node_keys_set", more, "uu")
    assert world.execution.weight == 10 + 8 + 12
    step(world)
    world.do("node_keys_set", changed(more, link=more.link[1:]), "uu")
    assert world.get(NODES, "uu").link == (key_of("uu", "new link").public,)
    assert world.get(KEYS, key_of("uu", "node link").key_id).valid_to == world.time


def test_t43_a_key_changes_no_use(world: World) -> None:
    now = node_keys("uu", network=NETWORK)
    log = key_of("uu", "node vote")
    moved = NodeKey(public=log.public, proof=log.prove_possession(NETWORK, "uu", "log"))
    body = changed(now, vote=other_node("uu", "new").vote, log=moved)
    world.refused("E_KEY_REUSE", "node_keys_set", body, "uu")


def test_t43_own_errors(world: World) -> None:
    now = other_node("uu", "new")
    world.refused("E_SIG_MISSING", "node_keys_set", now, "um", detail="uu")
    world.refused(
        "E_KEY_REUSE", "node_keys_set", changed(now, vote=node_keys("um", network=NETWORK).vote), "uu"
    )
    world.refused("E_KEY_REUSE", "node_keys_set", changed(now, vote=now.log), "uu")
    institution = key_of("um", "institution")
    taken = NodeKey(public=institution.public, proof=institution.prove_possession(NETWORK, "uu", "vote"))
    world.refused("E_KEY_REUSE", "node_keys_set", changed(now, vote=taken), "uu")
    unproved = other_node("uu", "new", network=b"")
    world.refused("E_KEY_INVALID", "node_keys_set", changed(now, vote=unproved.vote), "uu")
    weak = NodeKey(public=b"\x01" + bytes(31), proof=bytes(64))
    world.refused("E_KEY_INVALID", "node_keys_set", changed(now, vote=weak), "uu")
    kept = changed(node_keys("uu", network=NETWORK), vote=node_keys("uu").vote)
    world.refused("E_KEY_INVALID", "node_keys_set", kept, "uu")


def test_t43_one_member_in_an_epoch_changes_its_keys(world: World) -> None:
    """Of six members, five must go on with keys that are known to work."""
    world.do("node_keys_set", other_node("uu", "new"), "uu")
    world.refused("E_STATE", "node_keys_set", other_node("um", "new"), "um")
    step(world)
    world.do("node_keys_set", other_node("um", "new"), "um")


def test_t43_who_has_just_lost_its_seat_changes_nothing_of_it(world: World) -> None:
    world.do("seat_revoke", SeatRevoke(party="uu"), *QUORUM)
    world.do("node_keys_set", other_node("uu", "new"), "uu")
    done = step(world)
    assert tuple(member.party for member in done.version.members.members) == SEATS[:5]
