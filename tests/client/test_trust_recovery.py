"""A verifier that holds the genesis of a network that carries another on: what either signed, and no more."""

from __future__ import annotations

from functools import cache

import pytest

from accord_client.bundle import Bundle
from accord_client.errors import TrustError
from accord_client.trust import Trust
from accord_client.verify import verify_bundle
from accord_genesis.ceremony import merge
from accord_genesis.document import Genesis, open_genesis
from accord_genesis.recovery import OldNetwork, countersign, recover
from accord_ledger.errors import AccordError
from audit_world import notarized
from client_ledger import ISSUE_TIME, ORIGIN, ClientLedger, genesis_file, issued
from domain_alliance import SEATS, key_of
from epoch_ledger import EpochLedger
from recovery_world import NEW_ORIGIN, REMAIN, plan


def carried_on(ledger: ClientLedger) -> bytes:
    """The genesis file of the network that goes on from a ledger's newest block."""
    sealed = ledger.seals[-1]
    final = notarized(ledger.network, sealed.seal.view, sealed.hash, SEATS[:5], "finalize")
    old = OldNetwork(genesis_file(), (), sealed.entry, final, ledger.version.map, ledger.version.state)
    file = recover(plan(ledger), old)  # type: ignore[arg-type]
    return merge(file, [countersign(file, party, key_of(party, "governance")) for party in REMAIN])


@cache
def file() -> bytes:
    return carried_on(issued()[0])


@cache
def bundle() -> Bundle:
    ledger, batch, record = issued()
    return ledger.export(batch, 0, record)


def test_a_bundle_of_the_old_network_verifies_under_the_new_pin() -> None:
    trust = Trust.from_genesis(file())
    assert verify_bundle(bundle(), trust, at=ISSUE_TIME + 100).verdict == "valid"
    assert verify_bundle(bundle(), issued()[0].trust, at=ISSUE_TIME + 100).verdict == "valid"


def test_the_old_pin_does_not_lead_to_the_new_network() -> None:
    ledger = issued()[0]
    assert ledger.trust.of_network(open_genesis(file()).network) is not Trust.from_genesis(file())
    assert ledger.trust.of_network(open_genesis(file()).network).network == ledger.network


def test_what_the_old_network_signed_after_its_end_does_not_count() -> None:
    ledger = ClientLedger()
    ledger.seal()
    trust = Trust.from_genesis(carried_on(ledger)).of_network(ledger.network)
    ended = len(ledger.entries)
    assert trust.open(ledger.note(ended)).checkpoint.size == ended
    ledger.seal()
    with pytest.raises(TrustError) as caught:
        trust.open(ledger.note())
    assert caught.value.code == "TRUST_ENDED"


def test_the_new_network_is_judged_by_its_own_members() -> None:
    trust, genesis = Trust.from_genesis(file()), open_genesis(file())
    assert (trust.origin, trust.members, trust.epochs[0].begins) == (
        NEW_ORIGIN,
        genesis.members,
        genesis.entries,
    )
    assert trust.policy.groups["members"].threshold == 3
    with pytest.raises(AccordError):
        trust.open(issued()[0].note())


def test_an_entry_belongs_to_the_network_that_made_it() -> None:
    trust, genesis = Trust.from_genesis(file()), open_genesis(file())
    assert trust.network_of(genesis.entries - 1) == issued()[0].network
    assert trust.network_of(genesis.entries) == genesis.network
    assert issued()[0].trust.network_of(genesis.entries) == issued()[0].network


def test_log_keys_of_every_node_go_on() -> None:
    genesis = open_genesis(file())
    old = genesis.predecessor
    assert isinstance(old, Genesis)
    assert set(old.log_keys) <= set(genesis.log_keys)
    assert {key.name for key in Trust.from_genesis(file()).policy.logs} == {NEW_ORIGIN}
    assert ORIGIN != NEW_ORIGIN


def test_epochs_of_the_old_network_lead_to_its_end() -> None:
    ledger = EpochLedger()
    ledger.rekey("bcb")
    done = ledger.seal()
    old = OldNetwork(
        genesis_file(), tuple(ledger.handoffs), done.sealed.entry, ledger.final(done), done.version.map,
        done.version.state,
    )  # fmt: skip
    made = recover(plan(ledger), old)  # type: ignore[arg-type]
    signed = merge(made, [countersign(made, party, key_of(party, "governance")) for party in REMAIN])
    assert open_genesis(signed).members.epoch == 2
    with pytest.raises(AccordError) as caught:
        recover(plan(ledger), OldNetwork(genesis_file(), (), *_rest(old)))  # type: ignore[arg-type]
    assert caught.value.code == "RECOVERY_FINALITY"


def _rest(old: OldNetwork) -> tuple[object, ...]:
    return old.seal, old.finalization, old.map, old.state
