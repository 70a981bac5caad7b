from __future__ import annotations

from pathlib import Path

import pytest

from accord_client.errors import ForkError, TrustError
from accord_client.trust import Trust, load_trust
from accord_genesis.files import CeremonyError
from accord_ledger.block import SealedBytes
from accord_ledger.errors import DecodeError, ProofError
from accord_ledger.note import ED25519, VerifierKey
from accord_ledger.policy import parse_policy
from client_ledger import ORIGIN, ClientLedger, genesis, genesis_file, issued, stranger
from domain_alliance import SEATS


def ledger() -> ClientLedger:
    return issued()[0]


def test_a_genesis_file_gives_members_keys_and_quorum() -> None:
    trust = Trust.from_genesis(genesis_file())
    assert trust.network == genesis().network
    assert trust.origin == ORIGIN
    assert [key.name for key in trust.policy.logs] == [ORIGIN] * len(SEATS)
    assert set(trust.policy.witnesses) == {f"{ORIGIN}/{party}" for party in SEATS}
    assert trust.policy.groups["members"].threshold == 5


def test_a_policy_file_and_a_network_hash_give_the_same_pin(tmp_path: Path) -> None:
    policy = tmp_path / "policy"
    policy.write_bytes(ledger().trust.policy.format())
    trust = load_trust(None, policy=policy, network=genesis().network.hex())
    assert trust.policy == parse_policy(policy.read_bytes())
    note = ledger().note()
    assert trust.open(note).checkpoint == ledger().trust.open(note).checkpoint


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"cosigners": SEATS[:4]}, "CHECKPOINT_QUORUM"),
        ({"cosigners": ()}, "CHECKPOINT_QUORUM"),
        ({"cosigners": (*SEATS[:4], SEATS[0])}, "CHECKPOINT_QUORUM"),
        ({"cosigners": (*SEATS[:4], "nvao")}, "CHECKPOINT_QUORUM"),
        ({"log": "nvao"}, "CHECKPOINT_LOG"),
        ({"origin": "ledger.example/other"}, "CHECKPOINT_LOG"),
    ],
)
def test_a_checkpoint_needs_its_log_and_its_quorum(options: dict[str, object], code: str) -> None:
    with pytest.raises(ProofError) as caught:
        ledger().trust.open(ledger().note(**options))  # type: ignore[arg-type]
    assert caught.value.code == code


def test_a_changed_cosignature_spoils_the_note() -> None:
    note = bytearray(ledger().note())
    note[-8] ^= 1
    with pytest.raises((ProofError, DecodeError)):
        ledger().trust.open(bytes(note))


def test_the_newest_checkpoint_is_remembered_on_disk(tmp_path: Path) -> None:
    memory = tmp_path / "newest"
    trust = Trust.of_genesis(genesis(), memory=memory)
    trust.believe(trust.open(ledger().note()))
    again = Trust.of_genesis(genesis(), memory=memory)
    assert again.newest is not None
    assert again.newest.checkpoint == trust.open(ledger().note()).checkpoint
    memory.write_bytes(b"nonsense")
    with pytest.raises(DecodeError):
        Trust.of_genesis(genesis(), memory=memory)


def test_going_back_is_refused_but_an_old_note_can_be_opened() -> None:
    trust = ledger().trust
    old = ledger().note(ledger().seals[0].seal.count + 1)
    trust.believe(trust.open(ledger().note()))
    trust.open(old)
    with pytest.raises(TrustError) as caught:
        trust.believe(trust.open(old))
    assert caught.value.code == "TRUST_BACK"


def test_a_fork_is_evidence_with_both_notes(tmp_path: Path) -> None:
    trust = Trust.of_genesis(genesis(), memory=tmp_path / "newest")
    good, forged = ledger().note(), ledger().note(root=b"\x07" * 32)
    opened = trust.open(forged)
    trust.believe(trust.open(good))
    with pytest.raises(ForkError):
        trust.open(forged)
    with pytest.raises(ForkError) as caught:
        trust.believe(opened)
    assert caught.value.code == "TRUST_FORK"
    assert {caught.value.believed, caught.value.conflicting} == {good, forged}
    kept = {path.read_bytes() for path in tmp_path.glob("newest.fork-*")}
    assert kept == {good, forged}


def test_a_fork_is_named_the_first_time_it_is_seen() -> None:
    trust = ledger().trust
    trust.believe(trust.open(ledger().note()))
    with pytest.raises(ForkError):
        trust.open(ledger().note(root=b"\x08" * 32))


def test_a_policy_pins_one_log_and_needs_the_whole_hash(tmp_path: Path) -> None:
    policy, network = tmp_path / "policy", genesis().network.hex()
    text = ledger().trust.policy.format().decode()
    policy.write_text(text)
    for wrong in ("", network[:-2], network + "00", "not hex"):
        with pytest.raises(TrustError) as caught:
            load_trust(None, policy=policy, network=wrong)
        assert caught.value.code == "TRUST_POLICY"
    other = VerifierKey("ledger.example/other", ED25519, stranger().public)
    policy.write_text(f"log {other}\n{text}")
    with pytest.raises(TrustError) as caught:
        load_trust(None, policy=policy, network=network)
    assert (caught.value.code, "ledger.example/other" in caught.value.detail) == ("TRUST_POLICY", True)


def test_a_seal_of_other_members_asks_for_a_newer_pin() -> None:
    seal = ledger().seals[-1].seal
    ledger().trust.check_members(seal)
    from msgspec.structs import replace

    with pytest.raises(TrustError) as caught:
        ledger().trust.check_members(SealedBytes.of(replace(seal, epoch=1)).seal)
    assert caught.value.code == "TRUST_EPOCH"


def test_no_pin_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrustError) as caught:
        load_trust(None)
    assert caught.value.code == "TRUST_MISSING"
    with pytest.raises(CeremonyError):
        load_trust(tmp_path / "missing")
    broken = tmp_path / "genesis"
    broken.write_bytes(genesis_file()[:-1])
    with pytest.raises(DecodeError):
        load_trust(broken)


def test_a_genesis_that_a_founder_did_not_sign_is_no_pin() -> None:
    from accord_genesis.document import SignedDocument
    from accord_ledger import codec

    signed = codec.decode(genesis_file(), SignedDocument, limit=2**24)
    short = codec.encode(SignedDocument(document=signed.document, signatures=signed.signatures[1:]))
    with pytest.raises(ProofError) as caught:
        Trust.from_genesis(short)
    assert caught.value.code == "GENESIS_UNSIGNED"
    assert stranger().public not in {key.public for key in ledger().trust.policy.witnesses.values()}
