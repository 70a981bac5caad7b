"""Hand-offs: trust follows the members from the pin, each epoch answers for its own part of the log."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from msgspec.structs import replace

from accord_client.errors import ForkError, TrustError
from accord_client.proofs import check_seal, check_state
from accord_client.trust import Trust
from accord_ledger.block import SealedBytes
from accord_ledger.domain.kinds.version import VersionActivate
from accord_ledger.domain.model.epoch import EPOCHS
from accord_ledger.domain.model.party import PARTIES
from accord_ledger.errors import AccordError, DecodeError, FatalError, ProofError
from accord_ledger.handoff import Handoff, make_handoff
from accord_ledger.merkle.proof import consistency_proof
from client_ledger import genesis
from domain_alliance import SEATS, key_of
from epoch_ledger import EpochLedger
from epoch_world import QUORUM


@cache
def ledger() -> EpochLedger:
    """Two members got new keys, one after another: the old keys of the rest are three of six."""
    made = EpochLedger()
    made.seal()
    made.rekey("bcb")
    made.seal()
    made.rekey("hnrail")
    made.seal()
    return made


def followed(count: int = 2) -> Trust:
    trust = ledger().trust
    for handoff in ledger().handoffs[:count]:
        assert trust.follow(handoff)
    return trust


def refused(code: str, trust: Trust, note: bytes) -> None:
    with pytest.raises(AccordError) as caught:
        trust.open(note)
    assert caught.value.code == code, caught.value


def test_the_members_of_each_epoch_answer_for_their_part() -> None:
    trust = followed()
    for size in (1, *ledger().sizes, len(ledger().entries)):
        assert trust.open(ledger().note(size)).checkpoint.size == size
    assert trust.members == ledger().version.members


def test_without_the_hand_offs_the_present_is_not_believed() -> None:
    refused("CHECKPOINT_QUORUM", ledger().trust, ledger().note())
    refused("CHECKPOINT_QUORUM", followed(1), ledger().note())


def test_who_had_a_vote_has_none_for_what_came_later() -> None:
    trust = followed()
    refused("CHECKPOINT_QUORUM", trust, ledger().note(epoch=0))
    refused("CHECKPOINT_QUORUM", trust, ledger().note(ledger().sizes[0] + 1, epoch=0, cosigners=SEATS[:4]))


def test_who_has_a_vote_has_none_for_what_came_before() -> None:
    refused("CHECKPOINT_QUORUM", followed(), ledger().note(1, epoch=2))


def test_a_hand_off_is_followed_once_and_in_order() -> None:
    first, second = ledger().handoffs
    trust = ledger().trust
    with pytest.raises(TrustError, match="TRUST_EPOCH"):
        trust.follow(second)
    assert trust.follow(first)
    assert not trust.follow(first)
    assert trust.follow(second)
    assert trust.handoffs == (first, second)


def test_log_keys_come_with_the_hand_offs() -> None:
    trust = followed(1)
    publics = {key.public for key in trust.policy.logs}
    assert key_of("bcb", "new log").public in publics
    assert trust.open(ledger().note(ledger().sizes[1], log="bcb")).checkpoint.size == ledger().sizes[1]
    refused("CHECKPOINT_LOG", ledger().trust, ledger().note(ledger().sizes[0], epoch=1, log="bcb"))


def test_a_hand_off_by_others_is_refused() -> None:
    first = ledger().handoffs[0]
    forged = replace(first, finalization=replace(first.finalization, votes=first.finalization.votes[:4]))
    with pytest.raises(ProofError, match="CERTIFICATE_QUORUM"):
        ledger().trust.follow(forged)
    with pytest.raises(ProofError, match="HANDOFF_SEAL"):
        ledger().trust.follow(replace(first, seal=b"\x80"))


def twin() -> Handoff:
    """Another end of epoch 0 that the same members signed."""
    other = EpochLedger()
    other.seal()
    other.rekey("uu")
    return other.handoffs[0]


def test_two_ends_of_one_epoch_are_evidence() -> None:
    with pytest.raises(ForkError) as caught:
        followed().follow(twin())
    assert caught.value.believed == ledger().handoffs[0].encode()
    assert caught.value.conflicting == twin().encode()


def test_a_checkpoint_beyond_the_end_of_its_epoch_is_evidence() -> None:
    trust = ledger().trust
    note = ledger().note(epoch=0)
    trust.believe(trust.open(note))
    with pytest.raises(ForkError) as caught:
        trust.follow(ledger().handoffs[0])
    assert caught.value.believed == note


def test_seals_are_of_the_members_of_their_place() -> None:
    trust = followed()
    newest = ledger().seals[-1].seal
    trust.check_members(newest)
    for sealed in ledger().seals:
        trust.check_members(sealed.seal)
    for changed in ({"epoch": 1}, {"members": bytes(32)}, {"first": 0}):
        with pytest.raises(TrustError, match="TRUST_EPOCH"):
            trust.check_members(SealedBytes.of(replace(newest, **changed)).seal)


def test_state_is_proved_in_a_later_epoch() -> None:
    proof = ledger().state_proof(PARTIES.key("uu"))
    assert check_state(proof, followed(), PARTIES, "uu").seal.seal.epoch == 2
    with pytest.raises(ProofError, match="CHECKPOINT_QUORUM"):
        check_seal(proof.seal, ledger().trust)


def test_hand_offs_are_remembered_beside_the_checkpoint(tmp_path: Path) -> None:
    trust = Trust.of_genesis(genesis(), memory=tmp_path / "newest")
    for handoff in ledger().handoffs:
        trust.follow(handoff)
    trust.believe(trust.open(ledger().note()))
    again = Trust.of_genesis(genesis(), memory=tmp_path / "newest")
    assert again.newest == trust.newest
    assert again.handoffs == trust.handoffs
    (tmp_path / "newest.handoffs").write_bytes(b"\x81")
    with pytest.raises(DecodeError):
        Trust.of_genesis(genesis(), memory=tmp_path / "newest")


def test_one_verification_may_follow_without_remembering(tmp_path: Path) -> None:
    trust = Trust.of_genesis(genesis(), memory=tmp_path / "newest")
    other = trust.following(ledger().handoffs)
    assert other.open(ledger().note()).checkpoint.size == len(ledger().entries)
    assert trust.handoffs == ()
    assert list(tmp_path.iterdir()) == []


def test_hand_offs_that_are_no_news_keep_what_was_opened() -> None:
    trust = followed()
    assert trust.following(ledger().handoffs) is trust
    assert trust.following([]) is trust
    early = followed(1)
    later = early.following(ledger().handoffs)
    assert later is not early
    assert (len(early.epochs), len(later.epochs)) == (2, 3)


def test_a_policy_pin_cannot_follow() -> None:
    trust = Trust.from_policy(ledger().trust.policy.format(), genesis().network)
    with pytest.raises(TrustError, match="TRUST_HANDOFF"):
        trust.follow(ledger().handoffs[0])


def test_a_version_this_program_does_not_know_is_named() -> None:
    made = EpochLedger()
    made.do("version_activate", VersionActivate(version=2), *QUORUM)
    done = made.close()
    epoch = made.view().get(EPOCHS, 1)
    assert epoch is not None
    handoff = make_handoff(done.sealed, made.final(done), done.version.map, epoch)
    with pytest.raises(FatalError, match=r"VERSION_UNKNOWN.*release that knows version 2"):
        made.trust.follow(handoff)


def test_a_newer_checkpoint_continues_an_older_one() -> None:
    trust = followed()
    older, newer = trust.open(ledger().note(2)), trust.open(ledger().note())
    size = newer.checkpoint.size
    path = consistency_proof(ledger().leaves, 2, size)
    trust.check_continues(older, newer, path)
    with pytest.raises(ProofError, match="MERKLE_CONSISTENCY"):
        trust.check_continues(older, newer, [bytes(32), *path[1:]])
    forged = trust.open(ledger().note(2, root=bytes(32)))
    with pytest.raises(ProofError, match="MERKLE_CONSISTENCY"):
        trust.check_continues(forged, newer, path)
