"""What an instance does with its journal."""

from __future__ import annotations

from msgspec.structs import replace

from accord_ledger.consensus import effects as do
from accord_ledger.consensus import inputs as on
from accord_ledger.consensus.inputs import TimerKind
from accord_ledger.consensus.journal import Record
from consensus_script import GENESIS, Seat, block, certificate, names, nullify, only, proposal, said, vote

B1 = block(1)


def journal_of(effects: list[do.Effect]) -> tuple[Record, ...]:
    return tuple(record for effect in only(effects, do.Persist) for record in effect.records)


def voted() -> tuple[Record, ...]:
    """Journal of a member that notarized B1."""
    seat = Seat()
    return journal_of(seat.give(proposal(B1)) + seat.execute(B1))


def test_a_notarize_is_said_again_and_never_another() -> None:
    seat = Seat(records=voted())
    assert said(seat.first) == [("notarize", 1)]
    other = block(1, time=9)
    assert said(seat.give(proposal(other)) + seat.execute(other)) == []


def test_a_leader_proposes_the_same_block_again() -> None:
    leader = Seat("m1")
    leader.give(on.WorkChanged(pending=True))
    again = Seat("m1", records=journal_of(leader.give(on.BlockBuilt(1, B1))))
    assert only(again.first, do.SendProposal) == [do.SendProposal(1, B1)]
    assert only(again.give(on.WorkChanged(pending=True)), do.BuildBlock) == []


def test_nullify_survives_and_still_excludes_finalize() -> None:
    first = Seat()
    effects = first.give(on.WorkChanged(pending=True), on.TimeoutElapsed(1, TimerKind.LEADER))
    seat = Seat(records=journal_of(effects))
    assert said(seat.first) == [("nullify", 1)]
    assert said(seat.certify("notarize", 1, B1.hash)) == []


def test_finalize_survives_with_the_notarization_it_rests_on() -> None:
    first = Seat()
    seat = Seat(records=journal_of(first.give(proposal(B1)) + first.certify("notarize", 1, B1.hash)))
    assert seat.core.view == 2
    assert said(seat.first) == [("finalize", 1)]
    assert [held.certificate.kind for held in only(seat.first, do.SendCertificate)] == ["notarize"]
    assert only(seat.first, do.RequestBlock) == [do.RequestBlock(1, B1.hash)]


def test_who_follows_in_doubt_says_none_of_its_old_votes_again() -> None:
    """It has no key to sign them with; the driver would stop."""
    seat = Seat(None, records=voted())
    assert said(seat.first) == []
    assert only(seat.first, do.SendProposal) == []


def test_finality_that_was_not_committed_is_reported_again() -> None:
    first = Seat()
    records = journal_of(first.certify("finalize", 7, B1.hash))
    seat = Seat(records=records)
    assert seat.first[0] == do.Finalised(certificate("finalize", 7, B1.hash), B1.hash)
    assert seat.core.view == 8
    committed = on.Finality(1, B1.hash, 7, certificate("finalize", 7, B1.hash))
    assert only(Seat(records=records, finalised=committed).first, do.Finalised) == []


def test_nothing_is_written_at_a_restart() -> None:
    assert "Persist" not in names(Seat(records=voted()).first)


def test_votes_that_met_their_purpose_are_not_said_again() -> None:
    first = Seat()
    effects = first.give(on.WorkChanged(pending=True), on.TimeoutElapsed(1, TimerKind.LEADER))
    effects += first.certify("nullify", 1)
    assert said(Seat(records=journal_of(effects)).first) == []


def test_a_vote_of_ours_that_we_do_not_know_makes_us_abstain() -> None:
    seat = Seat()
    effects = seat.give(on.VoteReceived(vote("notarize", 3, B1.hash, "m0")), on.WorkChanged(pending=True))
    assert only(effects, do.RestoreSuspected) == [do.RestoreSuspected(vote("notarize", 3, B1.hash, "m0"))]
    assert said(seat.give(on.TimeoutElapsed(1, TimerKind.ADVANCE))) == []
    seat.certify("finalize", 3, B1.hash)
    seat.give(on.WorkChanged(pending=True))
    assert said(seat.give(on.TimeoutElapsed(4, TimerKind.ADVANCE))) == [("nullify", 4)]


def test_our_own_votes_are_not_suspicious() -> None:
    seat = Seat()
    seat.give(on.WorkChanged(pending=True), on.TimeoutElapsed(1, TimerKind.LEADER))
    assert only(seat.give(nullify(1, "m0")), do.RestoreSuspected) == []


def test_a_restored_node_abstains_as_told() -> None:
    seat = Seat(abstain_through=1)
    assert said(seat.give(proposal(B1)) + seat.execute(B1)) == []
    assert said(seat.certify("notarize", 1, B1.hash)) == []


def test_records_of_another_epoch_are_skipped() -> None:
    first = Seat()
    held = certificate("nullify", 5)
    records = journal_of(first.give(on.CertificateReceived(held)))
    old = tuple(replace(record, epoch=9) for record in records)
    assert Seat(records=old, finalised=GENESIS).core.view == 1
