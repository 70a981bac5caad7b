"""T01 party_register, and what genesis makes of T42 and T43."""

from __future__ import annotations

from typing import Any

import pytest

from accord_ledger import codec
from accord_ledger.domain.authority import REGULATORS
from accord_ledger.domain.kind import Body
from accord_ledger.domain.kinds import party
from accord_ledger.domain.kinds.approval import ProgrammeStep
from accord_ledger.domain.kinds.network import NodeKeysSet
from accord_ledger.domain.kinds.party import PartyRegister
from accord_ledger.domain.kinds.seat import SeatGrant
from accord_ledger.domain.model.party import KEYS, NODES, PARTIES, KeyRecord, Party
from accord_ledger.domain.model.party import SEATS as SEATS_TABLE
from accord_ledger.domain.pipeline import run_genesis
from accord_ledger.errors import Rejection
from accord_ledger.keys import SigningKey
from accord_ledger.state import MemorySource, View
from domain_alliance import (
    GENESIS_TIME,
    SEATS,
    TWO_THIRDS,
    genesis_context,
    genesis_state,
    key_of,
    new_key,
    node_keys,
    party_body,
)
from domain_world import NETWORK, World, plain

EAST_INFINITY = bytes([1]) + bytes(31)
"""The neutral element: an encoding that is canonical but of small order."""


@pytest.fixture
def world() -> World:
    return World()


def fudan(**changes: Any) -> PartyRegister:
    body = party_body(
        "fudan", "CN-SH", "university", "registrar issuance", network=NETWORK, member_of=("bcb",)
    )
    return PartyRegister(**{name: getattr(body, name) for name in body.__struct_fields__} | changes)


def test_t01_by_the_regulator(world: World) -> None:
    world.do("party_register", fudan(), "moe-cn governance")
    known: Party = world.get(PARTIES, "fudan")
    assert (known.status, known.registered_at, known.member_of) == ("active", GENESIS_TIME, ("bcb",))
    record: KeyRecord = world.get(KEYS, key_of("fudan", "issuance").key_id)
    assert (record.party, record.purposes, record.valid_from) == ("fudan", ("issuance",), GENESIS_TIME)
    assert "fudan" not in world.get(SEATS_TABLE).parties


def test_t01_by_two_thirds_of_the_validators(world: World) -> None:
    detail = "1 of (moe-cn governance, 4 of (um governance, uom governance, uu governance))"
    world.refused("E_SIG_MISSING", "party_register", fudan(), *TWO_THIRDS[:3], detail=detail)
    world.do("party_register", fudan(), *TWO_THIRDS)


def test_t01_not_by_another_countrys_regulator_or_by_itself(world: World) -> None:
    body = party_body("mit", "US-MA", "university", network=NETWORK)
    world.refused("E_SIG_MISSING", "party_register", body, "moe-cn governance")
    world.refused("E_SIG_INVALID", "party_register", body, "mit")


def test_t01_a_regulator_signs_for_its_country_at_once(world: World) -> None:
    world.do(
        "party_register",
        party_body("ny-ed", "US-NY", "regulator", "governance", network=NETWORK),
        *TWO_THIRDS,
    )
    assert world.get(REGULATORS, "US").parties == ("ny-ed",)
    body = party_body("mit", "US-MA", "university", network=NETWORK)
    world.do("party_register", body, "ny-ed governance")


def test_t01_id_used_before(world: World) -> None:
    body = party_body("uu", "CN-SH", "university", network=NETWORK)
    assert world.refused("E_DUPLICATE", "party_register", body, "moe-cn governance").path == "body.party_id"


def test_t01_key_used_anywhere_or_twice(world: World) -> None:
    for public in (key_of("uu"), key_of("uu", "node vote")):
        stolen = fudan(keys=(new_key(public, "fudan", "institution", network=NETWORK),))
        world.refused("E_KEY_REUSE", "party_register", stolen, "moe-cn governance")
    twice = fudan(keys=(fudan().keys[0], fudan().keys[0]))
    assert world.refused("E_KEY_REUSE", "party_register", twice, "moe-cn governance").path == "body.keys[1]"


@pytest.mark.parametrize(
    ("owner", "use", "network"),
    [("uu", "institution", NETWORK), ("fudan", "vote", NETWORK), ("fudan", "institution", b"")],
)
def test_t01_proof_of_possession_is_for_owner_use_and_network(
    world: World, owner: str, use: str, network: bytes
) -> None:
    key = key_of("fudan")
    made = new_key(key, "fudan", "institution")
    forged = codec.decode(
        codec.encode_plain(plain(made) | {"proof": key.prove_possession(network, owner, use)}), type(made)
    )
    world.refused("E_KEY_INVALID", "party_register", fudan(keys=(forged,)), "moe-cn governance")


def test_t01_key_of_small_order(world: World) -> None:
    made = codec.decode(
        codec.encode_plain(plain(fudan().keys[0]) | {"public": EAST_INFINITY}), type(fudan().keys[0])
    )
    world.refused("E_KEY_INVALID", "party_register", fudan(keys=(made,)), "moe-cn governance")


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("E_UNKNOWN_REF", {"member_of": ("nobody",)}),
        ("E_UNKNOWN_REF", {"controlled_by": ("nobody",)}),
        ("E_ROLE", {"member_of": ("uu",)}),
        ("E_VALUE", {"region": "NL-UT"}),
        ("E_VALUE", {"roles": ("university", "university")}),
        ("E_VALUE", {"party_id": "alliance"}),
        ("E_VALUE", {"member_of": ("bcb", "bcb")}),
        ("E_VALUE", {"controlled_by": ("uu", "um", "bjou")}),
        ("E_SCHEMA", {"legal_name": {"en": "Fu\u200bdan"}}),
        ("E_SCHEMA", {"party_id": "Fudan"}),
        ("E_SCHEMA", {"country": "cn"}),
        ("E_SCHEMA", {"keys": ()}),
    ],
)
def test_t01_values_and_names(world: World, code: str, changes: dict[str, Any]) -> None:
    world.refused(code, "party_register", fudan(**changes), "moe-cn governance")


def test_t01_key_period_is_not_empty(world: World) -> None:
    key = new_key(key_of("fudan"), "fudan", "institution", network=NETWORK, valid_from=9, valid_to=9)
    world.refused("E_VALUE", "party_register", fudan(keys=(key,)), "moe-cn governance")


def test_t01_purposes_stand_in_order(world: World) -> None:
    made = plain(new_key(key_of("fudan"), "fudan", "institution", "registrar", network=NETWORK))
    made["purposes"].reverse()
    world.refused(
        "E_VALUE",
        "party_register",
        codec.encode_plain(plain(fudan()) | {"keys": [made]}),
        "moe-cn governance",
    )


def test_t01_controllers_are_bounded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(party, "MAX_CONTROLLERS", 2)
    for name, above in (("one", ()), ("two", ("one",)), ("three", ("two",))):
        body = party_body(name, "CN-SH", "university", network=NETWORK, controlled_by=above)
        world.do("party_register", body, "moe-cn governance")
    world.refused("E_VALUE", "party_register", fudan(controlled_by=("three",)), "moe-cn governance")


def test_t01_regulators_are_bounded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(party, "MAX_REGULATORS", 1)
    body = party_body("moe-2", "CN-BJ", "regulator", "governance", network=NETWORK)
    world.refused("E_VALUE", "party_register", body, "moe-cn governance")


def test_t01_has_no_place_for_more(world: World) -> None:
    body = codec.encode_plain(plain(fudan()) | {"dean": "A. Person"})
    world.refused("E_SCHEMA", "party_register", body, "moe-cn governance")


def test_t01_weight_grows_by_twelve_a_key(world: World) -> None:
    before = world.execution.weight
    world.do("party_register", fudan(), "moe-cn governance")
    assert world.execution.weight - before == 10 + 8 + 12 * 3


def genesis(view: View, name: str, body: Body) -> None:
    run_genesis(genesis_context(view), name, codec.encode(body))


def test_genesis_holds_seats_of_parties_with_nodes() -> None:
    view = View(MemorySource(genesis_state()))
    seats = view.get(SEATS_TABLE)
    assert seats is not None
    assert seats.parties == SEATS
    node = view.get(NODES, "uu")
    assert node is not None
    vote = view.get(KEYS, key_of("uu", "node vote").key_id)
    assert vote is not None
    assert (vote.party, vote.use, vote.public) == ("uu", "vote", node.vote)


@pytest.mark.parametrize(
    ("code", "name"),
    [("E_ROLE", "nvao"), ("E_NOT_READY", "bjou"), ("E_STATE", "uu"), ("E_UNKNOWN_REF", "nobody")],
)
def test_t42_in_genesis(code: str, name: str) -> None:
    with pytest.raises(Rejection, match=code):
        genesis(View(MemorySource(genesis_state())), "seat_grant", SeatGrant(party=name))


def changed_node(name: str, **changes: Any) -> NodeKeysSet:
    body = node_keys(name)
    return NodeKeysSet(**{field: getattr(body, field) for field in body.__struct_fields__} | changes)


@pytest.mark.parametrize(
    ("code", "body"),
    [
        ("E_DUPLICATE", node_keys("uu")),
        ("E_UNKNOWN_REF", node_keys("nobody")),
        ("E_KEY_REUSE", changed_node("bjou", vote=node_keys("uu").vote)),
        ("E_KEY_REUSE", changed_node("bjou", vote=node_keys("bjou").log)),
        ("E_KEY_INVALID", changed_node("bjou", vote=node_keys("bjou", network=b"x").vote)),
        ("E_SCHEMA", changed_node("bjou", endpoint="ws://plain.example")),
    ],
)
def test_t43_in_genesis(code: str, body: NodeKeysSet) -> None:
    with pytest.raises(Rejection, match=code):
        genesis(View(MemorySource(genesis_state())), "node_keys_set", body)


def test_genesis_refuses_what_it_may_not_hold() -> None:
    for name in ("programme_submit", "programme_delete"):
        with pytest.raises(Rejection, match="E_SCHEMA at kind"):
            genesis(View(MemorySource()), name, ProgrammeStep(programme=("uu-ds", 1)))


def test_a_key_signs_only_in_its_period(world: World) -> None:
    later = SigningKey.from_seed(b"\x07" * 32)
    made = new_key(
        later,
        "fudan",
        "institution",
        network=NETWORK,
        valid_from=GENESIS_TIME + 60,
        valid_to=GENESIS_TIME + 120,
    )
    world.do("party_register", fudan(keys=(made,)), "moe-cn governance")
    body = party_body("sjtu", "CN-SH", "university", network=NETWORK)
    for seconds, code in (
        (59, "E_KEY_REVOKED"),
        (60, "E_SIG_MISSING"),
        (119, "E_SIG_MISSING"),
        (120, "E_KEY_REVOKED"),
    ):
        world.at("2026-03-01", seconds=seconds)
        world.refused(code, "party_register", body, later, author="fudan")
