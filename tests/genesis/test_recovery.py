"""A genesis that carries on a network whose quorum is lost: what it begins with, and what is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import msgspec
import pytest

from accord_genesis.ceremony import merge
from accord_genesis.document import Act, SignedDocument, open_genesis, open_unfinished
from accord_genesis.recovery import carry_on, competing, countersign, declaration, recover
from accord_ledger import codec
from accord_ledger.block import Certificate, SealedBytes, vote_message
from accord_ledger.domain.context import Context
from accord_ledger.domain.epochs import founding
from accord_ledger.domain.kinds.party import PartyRegister
from accord_ledger.domain.kinds.seat import SeatGrant, SeatRevoke
from accord_ledger.domain.model.epoch import EPOCHS, RECOVERY
from accord_ledger.domain.model.party import KEYS, NODES, SEATS, Seats
from accord_ledger.errors import AccordError
from accord_ledger.state import View
from audit_world import Forger, genesis_file, notarized
from domain_alliance import SEATS as MEMBERS
from domain_alliance import key_of, party_body
from recovery_world import (
    LOST,
    REMAIN,
    CarriedOn,
    altered,
    document,
    lost,
    new_node,
    old,
    plan,
    recovery,
    signed,
)


@cache
def world() -> Forger:
    return lost()[0]


@cache
def good() -> bytes:
    return signed(recovery(world()))


def refused(code: str, file: Callable[[], object]) -> AccordError:
    with pytest.raises(AccordError) as caught:
        file()
    assert caught.value.code == code, caught.value
    return caught.value


# ---- what it begins with -------------------------------------------------------------------------------


def test_it_begins_with_the_old_state_but_for_seats_and_nodes() -> None:
    genesis = open_genesis(good(), signed_by="uu")
    version = carry_on(genesis, world().version)
    state = View(version.state)
    before = {key.split(b"/")[0] for key in genesis.values}
    assert before == {b"seats", b"epoch", b"recovery"}
    assert (version.height, version.seal_hash) == (world().version.height, genesis.network)
    assert version.log == world().version.log
    seats = state.get(SEATS)
    assert seats is not None
    assert (seats.parties, seats.epoch) == (REMAIN, 1)
    assert version.members.epoch == 1
    assert version.members.quorum == 3


def test_epochs_and_heights_go_on() -> None:
    again = CarriedOn(world(), good())
    height = world().version.height
    first = View(again.version.state).get(EPOCHS, 1)
    assert first is not None
    assert first.first == height + 1
    again.declare()
    done = again.close()
    assert (done.sealed.seal.height, done.sealed.seal.parent) == (height + 1, again.network)
    assert done.sealed.seal.parent_certificate is None
    stored = View(done.version.state).get(RECOVERY)
    assert stored is not None
    assert (stored.count, stored.lost, stored.declared, stored.epoch) == (1, LOST, height + 1, 1)


def test_empty_blocks_may_come_before_the_declaration() -> None:
    again = CarriedOn(world(), good())
    again.close()
    again.more(1)
    again.reopen()
    again.refused("E_STATE", "seat_revoke", SeatRevoke(party="uu"), "bcb governance")
    again.declare()
    assert again.get(RECOVERY).declared == world().version.height + 3


def test_the_protocol_in_force_goes_on() -> None:
    state = View(world().version.state)
    before = state.get(EPOCHS, 0)
    assert before is not None
    state.put(EPOCHS, msgspec.structs.replace(before, version=2), 0)
    state.put(SEATS, Seats(parties=(), epoch=1))
    ctx = Context(state=state, network=b"", height=9, time=0, genesis=True)
    epoch = founding(ctx, REMAIN)
    assert (epoch.version, epoch.first, epoch.members.epoch) == (2, 10, 1)


def test_a_credential_spent_before_is_spent_after() -> None:
    old_world, batch = lost()
    again = CarriedOn(old_world, signed(recovery(old_world)))
    again.declare()
    again.refused("E_ALREADY_REDEEMED", *again.use("r2", "n1", "a1", [batch[0]], "2/1"))
    again.do(*again.use("r3", "n1", "a1", [batch[1]], "2/1"))
    again.revoke(batch, 1, "reverse")
    assert again.account("n1").recognised == "2/1"


def test_new_node_keys_are_in_it_and_retire_the_old_ones() -> None:
    file = signed(recovery(world(), nodes=(new_node(world(), "uu"),)))
    state = open_genesis(file).state
    node = state.get(NODES, "uu")
    assert node is not None
    assert node.vote == new_node(world(), "uu").vote.public
    assert open_genesis(file).members.vote_key("uu") == node.vote


def test_a_lost_member_may_come_back_with_other_keys() -> None:
    seats = tuple(sorted((*REMAIN, "um")))
    file = signed(recovery(world(), seats=seats, nodes=(new_node(world(), "um"),)), seats)
    assert document(file).continues.lost == ("uom",)  # type: ignore[union-attr]


def test_the_same_recovery_gives_the_same_network() -> None:
    assert recovery(world()) == recovery(world())


def test_a_recovered_network_can_be_carried_on_again() -> None:
    again = CarriedOn(world(), good())
    again.declare()
    again.close()
    again.reopen()
    again.close()
    final = finalized(again)
    file = recover(
        plan(again, origin="ledger.example/third"),
        old(again, file=good(), finalization=final, seal=again.log[-1]),
    )
    third = open_genesis(signed(file))
    assert [item.network for item in third.lineage()][:2] == [world().network, again.network]
    state = carry_on(third, again.version).state
    stored = View(state).get(RECOVERY)
    assert stored is not None
    assert (stored.count, stored.epoch, stored.declared) == (2, 2, 0)


def finalized(again: CarriedOn) -> Certificate:
    members = again.version.members
    message = vote_message(again.network, "finalize", members.epoch, again.last_view, again.version.seal_hash)
    votes = tuple((item.party, key_of(item.party, "node vote").sign(message)) for item in members.members[:3])
    return Certificate(
        kind="finalize", epoch=members.epoch, view=again.last_view, seal=again.version.seal_hash, votes=votes
    )


# ---- who signs -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", REMAIN)
def test_everybody_with_a_seat_signs(missing: str) -> None:
    file = signed(recovery(world()), tuple(party for party in REMAIN if party != missing))
    refused("GENESIS_UNSIGNED", lambda: open_genesis(file))


def test_whoever_gets_other_node_keys_signs() -> None:
    file = signed(recovery(world(), nodes=(new_node(world(), "bjou"),)))
    assert "bjou" in refused("GENESIS_UNSIGNED", lambda: open_genesis(file)).detail


def test_a_node_refuses_what_its_institution_did_not_sign() -> None:
    assert "um" in refused("GENESIS_UNSIGNED", lambda: open_genesis(good(), signed_by="um")).detail


def test_nobody_signs_who_is_not_named() -> None:
    refused("RECOVERY_SEAT", lambda: countersign(recovery(world()), "um", key_of("um", "governance")))


def test_a_stranger_cannot_sign_for_a_member() -> None:
    refused("GENESIS_SIGNATURE", lambda: countersign(recovery(world()), "uu", key_of("bcb", "governance")))


def test_two_recoveries_of_one_network_are_seen() -> None:
    other = signed(recovery(world(), origin="ledger.example/other"))
    assert competing(open_genesis(good()), open_genesis(other)) == REMAIN
    assert competing(open_genesis(good()), open_genesis(good())) is None
    assert competing(open_genesis(good()), open_genesis(genesis_file())) is None


# ---- tampering -----------------------------------------------------------------------------------------


def continues(**changes: Any) -> Any:
    return msgspec.structs.replace(document(good()).continues, **changes)  # type: ignore[type-var]


def prefix(**changes: Any) -> Any:
    return continues(prefix=msgspec.structs.replace(continues().prefix, **changes))


def certificate(**changes: Any) -> Any:
    return continues(finalization=msgspec.structs.replace(continues().finalization, **changes))


def other_parties() -> tuple[Act, ...]:
    body = party_body("fudan", "CN-SH", "university", network=world().network)
    assert isinstance(body, PartyRegister)
    return (*document(good()).acts, Act(kind="party_register", body=msgspec.Raw(codec.encode(body))))


def twice() -> tuple[Act, ...]:
    body = codec.encode(SeatGrant(party="uu"))
    return (*document(good()).acts, Act(kind="seat_grant", body=msgspec.Raw(body)))


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("RECOVERY_PREFIX", lambda: {"continues": prefix(height=3)}),
        ("RECOVERY_PREFIX", lambda: {"continues": prefix(seal=bytes(32))}),
        ("RECOVERY_PREFIX", lambda: {"continues": prefix(log_root=bytes(32))}),
        ("RECOVERY_PREFIX", lambda: {"continues": prefix(state_root=bytes(32))}),
        ("RECOVERY_PREFIX", lambda: {"continues": prefix(network=bytes(32))}),
        ("RECOVERY_PREFIX", lambda: {"continues": continues(seal=b"\x80")}),
        ("RECOVERY_FINALITY", lambda: {"continues": continues(finalization=_of_another_block())}),
        ("RECOVERY_FINALITY", lambda: {"continues": certificate(kind="notarize")}),
        ("RECOVERY_FINALITY", lambda: {"continues": certificate(votes=continues().finalization.votes[:4])}),
        ("RECOVERY_COUNT", lambda: {"continues": continues(count=2)}),
        ("RECOVERY_LOST", lambda: {"continues": continues(lost=("um",))}),
        ("RECOVERY_LOST", lambda: {"continues": continues(lost=("bjou", "um", "uom"))}),
        ("RECOVERY_ORIGIN", lambda: {"origin": "ledger.example/forged"}),
        ("RECOVERY_TIME", lambda: {"created": world().version.time - 1}),
        ("RECOVERY_CLOCK", lambda: {"scripted_clock": key_of("uu", "registrar").public}),
        ("RECOVERY_ACT", lambda: {"acts": other_parties()}),
        ("RECOVERY_ACT", lambda: {"acts": twice()}),
        ("GENESIS_MEMBERS", lambda: {"acts": document(good()).acts[:3]}),
        ("E_SCHEMA", lambda: {"continues": continues(reason="two\nlines")}),
    ],
)
def test_what_a_document_may_not_say(code: str, changes: Callable[[], dict[str, Any]]) -> None:
    file = altered(good(), **changes())
    refused(code, lambda: open_genesis(file))


def _of_another_block() -> Certificate:
    return notarized(world().network, world().last_view, b"\1" * 32, MEMBERS[:5], "finalize")


def carried(**changes: Any) -> bytes:
    one = codec.decode(good(), SignedDocument, limit=2**24)
    assert one.carried is not None
    return codec.encode(msgspec.structs.replace(one, carried=msgspec.structs.replace(one.carried, **changes)))


def test_every_value_it_needs_is_proved() -> None:
    one = codec.decode(good(), SignedDocument, limit=2**24)
    assert one.carried is not None
    rows = one.carried.rows
    for place, row in enumerate(rows):
        less = (*rows[:place], *rows[place + 1 :])
        assert "proof of" in refused("RECOVERY_EVIDENCE", lambda: open_genesis(carried(rows=less))).detail  # noqa: B023
        value = None if row.value is not None else b"\x80"
        lie = (*rows[:place], msgspec.structs.replace(row, value=value), *rows[place + 1 :])
        refused("RECOVERY_EVIDENCE", lambda: open_genesis(carried(rows=lie)))  # noqa: B023
        lie = (*rows[:place], msgspec.structs.replace(row, value=b"\x81"), *rows[place + 1 :])
        refused("RECOVERY_EVIDENCE", lambda: open_genesis(carried(rows=lie)))  # noqa: B023
    refused("RECOVERY_EVIDENCE", lambda: open_genesis(carried(rows=rows[::-1])))
    refused(
        "RECOVERY_EVIDENCE", lambda: open_genesis(codec.encode(msgspec.structs.replace(one, carried=None)))
    )


def test_the_old_genesis_must_be_the_one_it_names() -> None:
    other = genesis_file(data=codec.encode(msgspec.structs.replace(_old_document(), name="Another")))
    refused("RECOVERY_PREFIX", lambda: open_genesis(carried(predecessor=other)))
    refused("GENESIS_UNSIGNED", lambda: open_genesis(carried(predecessor=genesis_file(("uu",)))))


def _old_document() -> Any:
    return document(genesis_file())


def test_an_ordinary_genesis_carries_nothing() -> None:
    one = codec.decode(genesis_file(), SignedDocument, limit=2**24)
    more = codec.decode(good(), SignedDocument, limit=2**24).carried
    refused(
        "RECOVERY_EVIDENCE", lambda: open_genesis(codec.encode(msgspec.structs.replace(one, carried=more)))
    )


def test_networks_one_after_another_are_bounded() -> None:
    refused("RECOVERY_COUNT", lambda: open_genesis(good(), depth=0))


def test_at_least_one_honest_old_member_goes_on() -> None:
    newcomers = ("bjou", "fix-u", "moe-cn")
    nodes = tuple(new_node(world(), party) for party in newcomers)
    seats = tuple(sorted((*newcomers, "suny")))
    refused("RECOVERY_MINORITY", lambda: recovery(world(), seats=seats, nodes=nodes))
    assert recovery(world(), seats=tuple(sorted((*seats, "uu"))), nodes=nodes)
    refused("GENESIS_MEMBERS", lambda: recovery(world(), seats=("suny", "uu")))


def test_a_suspended_party_takes_no_seat() -> None:
    old_world, _ = lost()
    old_world.reopen()
    old_world.set_party("suny", "suspended")
    old_world.close()
    refused("RECOVERY_SEAT", lambda: recovery(old_world))


def changed_keys(party: str, names: tuple[str, ...], **changes: Any) -> Forger:
    """An old network in which these keys of a party became others."""
    old_world, _ = lost()
    old_world.reopen()
    for name in names:
        key_id = key_of(party, name).key_id
        found = old_world.get(KEYS, key_id)
        old_world.view.put(KEYS, msgspec.structs.replace(found, **changes), key_id)
    old_world.close()
    return old_world


@pytest.mark.parametrize("changes", [{"purposes": ("registrar",)}, {"revoked_at": 1}])
def test_whoever_takes_a_seat_has_a_key_to_sign_with(changes: dict[str, Any]) -> None:
    keyless = changed_keys("suny", ("governance", "institution"), **changes)
    refused("RECOVERY_SEAT", lambda: recovery(keyless))
    assert recovery(changed_keys("suny", ("governance",), **changes))


def test_a_revoked_key_signs_no_recovery() -> None:
    file = recovery(changed_keys("suny", ("governance",), revoked_at=1))
    refused("GENESIS_SIGNATURE", lambda: countersign(file, "suny", key_of("suny", "governance")))
    assert countersign(file, "suny", key_of("suny", "institution"))


@pytest.mark.parametrize("change", [{"members": b"\1" * 32}, {"epoch": 1}])
def test_the_last_block_is_of_the_members_that_are_followed_to(change: dict[str, Any]) -> None:
    seal = SealedBytes.parse(world().log[-1]).seal
    bent = SealedBytes.of(msgspec.structs.replace(seal, **change))
    final = notarized(world().network, world().last_view, bent.hash, MEMBERS[:5], "finalize")
    network = old(world(), seal=bent.entry, finalization=final)
    refused("RECOVERY_FINALITY", lambda: recover(plan(world()), network))


def test_the_state_is_that_of_the_block() -> None:
    longer, _ = lost()
    longer.reopen()
    longer.do("seat_revoke", SeatRevoke(party="uom"), *(f"{party} governance" for party in MEMBERS[:5]))
    longer.close()
    network = old(world(), map=longer.version.map, state=longer.version.state)
    refused("RECOVERY_END", lambda: recover(plan(world()), network))


def test_another_state_or_block_is_not_carried_on() -> None:
    genesis = open_genesis(good())
    longer, _ = lost()
    longer.more(1)
    refused("RECOVERY_END", lambda: carry_on(genesis, longer.version))
    wrong = open_genesis(altered(good(), continues=continues(begins=bytes(32))))
    refused("RECOVERY_ROOT", lambda: carry_on(wrong, world().version))
    refused("RECOVERY_END", lambda: carry_on(open_genesis(genesis_file()), world().version))
    refused("RECOVERY_END", lambda: declaration(open_genesis(genesis_file())))
    refused("RECOVERY_UNCARRIED", genesis.version)


def test_signatures_are_kept_when_more_are_merged() -> None:
    file = signed(recovery(world()), REMAIN[:2])
    more = merge(file, [countersign(file, party, key_of(party, "governance")) for party in REMAIN[2:]])
    assert {row.party for row in open_genesis(more).signatures} == set(REMAIN)
    assert open_unfinished(file).network == open_genesis(more).network
