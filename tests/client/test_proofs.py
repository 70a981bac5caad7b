from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accord_client.api import InclusionProof, StateProof
from accord_client.proofs import (
    base64_text,
    check_entry,
    check_raw_state,
    check_record,
    check_seal,
    check_state,
)
from accord_ledger import codec
from accord_ledger.authmap.proof import MapProof
from accord_ledger.block import SealedBytes
from accord_ledger.domain.model.credential import BATCHES, CREDENTIALS
from accord_ledger.domain.model.party import PARTIES
from accord_ledger.errors import AccordError
from accord_ledger.transaction import parse_record
from client_ledger import ClientLedger, issued

Change = Callable[[Any], dict[str, Any]]


def ledger() -> ClientLedger:
    return issued()[0]


def altered(proof: Any, /, **changes: Any) -> Any:
    return msgspec.structs.replace(proof, **changes)


def test_presence_gives_the_typed_value() -> None:
    proved = check_state(ledger().state_proof(PARTIES.key("uu")), ledger().trust, PARTIES, "uu")
    assert proved.value is not None
    assert proved.value.country == "NL"
    assert proved.height == ledger().version.height
    assert proved.time == ledger().version.time


def test_absence_is_proved_too() -> None:
    _, batch, _ = issued()
    proof = ledger().state_proof(CREDENTIALS.key(batch.batch_id, 3))
    proved = check_state(proof, ledger().trust, CREDENTIALS, batch.batch_id, 3)
    assert proved.value is None


def test_a_record_is_proved_by_its_id() -> None:
    _, batch, index = issued()
    proved = check_record(ledger().inclusion(index), ledger().trust)
    assert batch.batch_id in proved.record.entry
    with pytest.raises(AccordError) as caught:
        check_record(ledger().inclusion(index), ledger().trust, tx_id=b"\x01" * 32)
    assert caught.value.code == "LEDGER_RECORD"


def refused(code: str, check: Callable[[], object]) -> None:
    with pytest.raises(AccordError) as caught:
        check()
    assert caught.value.code == code, caught.value


ENTRY_CHANGES: list[tuple[Change, str]] = [
    (lambda proof: {"index": proof.index + 1}, "MERKLE_INCLUSION"),
    (lambda proof: {"index": -1}, "MERKLE_INCLUSION"),
    (lambda proof: {"index": 10**30}, "MERKLE_INCLUSION"),
    (lambda proof: {"path": proof.path[:-1]}, "MERKLE_INCLUSION"),
    (lambda proof: {"path": [*proof.path, "00" * 32]}, "MERKLE_INCLUSION"),
    (lambda proof: {"path": ["00" * 32, *proof.path[1:]]}, "MERKLE_INCLUSION"),
    (lambda proof: {"path": ["00" * 32] * 65}, "LEDGER_HEX"),
    (lambda proof: {"path": ["00" * 31, *proof.path[1:]]}, "LEDGER_HEX"),
    (lambda proof: {"path": [proof.path[0].upper().replace("0", "A"), *proof.path[1:]]}, "LEDGER_HEX"),
    (lambda proof: {"path": ["no hex" + "0" * 58, *proof.path[1:]]}, "LEDGER_HEX"),
    (lambda proof: {"entry": proof.entry[:-4]}, "MERKLE_INCLUSION"),
    (lambda proof: {"entry": "AB=="}, "LEDGER_BASE64"),
    (lambda proof: {"entry": "?" + proof.entry[1:]}, "LEDGER_BASE64"),
    (lambda proof: {"entry": "A" * 200_000}, "LEDGER_BASE64"),
    (lambda proof: {"checkpoint": proof.checkpoint.replace("\n\n", "\n")}, "NOTE_MALFORMED"),
    (lambda proof: {"checkpoint": proof.checkpoint + "x" * 2**20}, "NOTE_TOO_LARGE"),
    (lambda proof: {"checkpoint": ""}, "NOTE_MALFORMED"),
]


@pytest.mark.parametrize(("change", "code"), ENTRY_CHANGES)
def test_every_part_of_an_entry_proof_matters(change: Change, code: str) -> None:
    proof = ledger().inclusion(2)
    check_entry(proof, ledger().trust)
    refused(code, lambda: check_entry(altered(proof, **change(proof)), ledger().trust))


def test_a_proof_by_too_few_members_is_refused() -> None:
    note = ledger().note(cosigners=("uu", "um", "uom", "suny"))
    refused("CHECKPOINT_QUORUM", lambda: check_entry(ledger().inclusion(2, note=note), ledger().trust))


def state_key() -> bytes:
    return BATCHES.key(issued()[1].batch_id)


STATE_CHANGES: list[tuple[Change, str]] = [
    (lambda proof: {"key": PARTIES.key("um").hex()}, "LEDGER_KEY"),
    (lambda proof: {"value": None}, "MAP_ABSENCE"),
    (lambda proof: {"value": base64_text(b"\x80")}, "MAP_PRESENCE"),
    (lambda proof: {"value": "%"}, "LEDGER_BASE64"),
    (lambda proof: {"proof": base64_text(codec.encode(MapProof()))}, "MAP_PRESENCE"),
    (lambda proof: {"proof": base64_text(b"\x81")}, "CODEC_SCHEMA"),
    (lambda proof: {"proof": "AAAA" * 40_000}, "LEDGER_BASE64"),
    (lambda proof: {"proof": ledger().state_proof(PARTIES.key("uu")).proof}, "MAP_PRESENCE"),
]


@pytest.mark.parametrize(("change", "code"), STATE_CHANGES)
def test_every_part_of_a_state_proof_matters(change: Change, code: str) -> None:
    proof = ledger().state_proof(state_key())
    check_raw_state(proof, state_key(), ledger().trust)
    refused(code, lambda: check_raw_state(altered(proof, **change(proof)), state_key(), ledger().trust))


def test_a_value_that_is_there_cannot_be_shown_absent() -> None:
    proof = altered(ledger().state_proof(state_key()), value=None)
    refused("MAP_ABSENCE", lambda: check_raw_state(proof, state_key(), ledger().trust))


def test_state_is_proved_at_the_last_entry_only() -> None:
    first = ledger().seals[0].seal
    old = first.first + first.count
    seal = ledger().inclusion(old)
    refused("LEDGER_SEAL_PLACE", lambda: check_seal(seal, ledger().trust))
    check_seal(ledger().inclusion(old, size=old + 1), ledger().trust)


def test_a_record_is_no_seal_and_a_seal_no_record() -> None:
    _, _, index = issued()
    refused("LEDGER_SEAL", lambda: check_seal(ledger().inclusion(index, size=index + 1), ledger().trust))
    last = len(ledger().entries) - 1
    refused("LEDGER_RECORD", lambda: check_record(ledger().inclusion(last), ledger().trust))


def test_an_old_root_does_not_prove_new_state() -> None:
    first = ledger().seals[0].seal
    size = first.first + first.count + 1
    seal = ledger().inclusion(size - 1, size=size)
    proof = ledger().state_proof(state_key(), seal=seal)
    refused("MAP_PRESENCE", lambda: check_raw_state(proof, state_key(), ledger().trust))


def test_a_seal_of_another_network_or_epoch_is_refused() -> None:
    for change, code in (({"network": b"\x01" * 32}, "LEDGER_NETWORK"), ({"epoch": 7}, "TRUST_EPOCH")):
        other = ClientLedger()
        seal = other.close().sealed.seal
        sealed = SealedBytes.of(msgspec.structs.replace(seal, **change))
        other.entries[-1], other.leaves[-1] = sealed.entry, sealed.leaf_hash
        refused(code, lambda ledger=other: check_seal(ledger.seal_proof(), ledger.trust))  # type: ignore[misc]


def test_a_value_of_another_table_is_refused() -> None:
    class Impostor:
        """Batches under the keys of parties."""

        name = "batch"
        key = PARTIES.key
        decode = BATCHES.decode

    proof, table = ledger().state_proof(PARTIES.key("uu")), cast("Any", Impostor())
    refused("LEDGER_VALUE", lambda: check_state(proof, ledger().trust, table, "uu"))


@settings(max_examples=60)
@given(st.binary(max_size=300), st.lists(st.binary(max_size=40), max_size=5), st.binary(max_size=300))
def test_noise_gets_a_named_error(entry: bytes, path: list[bytes], note: bytes) -> None:
    proof = InclusionProof(
        index=0,
        entry=base64_text(entry),
        path=[item.hex() for item in path],
        checkpoint=note.decode("latin-1"),
    )
    state = StateProof(key=state_key().hex(), value=None, proof=base64_text(entry), seal=proof)
    for check in (
        lambda: check_entry(proof, ledger().trust),
        lambda: check_raw_state(state, state_key(), ledger().trust),
    ):
        with pytest.raises(AccordError):
            check()


def test_the_record_in_the_proof_is_what_was_signed() -> None:
    _, batch, index = issued()
    record = parse_record(ledger().entries[index])
    proved = check_record(ledger().inclusion(index), ledger().trust, tx_id=record.tx_id)
    assert proved.record.signatures == record.signatures
    assert proved.index == index
    assert batch.count == 12
