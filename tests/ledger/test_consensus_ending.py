"""The end of an epoch: the same seal again until it is final, nothing behind it, and then only answers."""

from __future__ import annotations

from accord_ledger.block import SealedBytes
from accord_ledger.consensus import effects as do
from accord_ledger.consensus import inputs as on
from accord_ledger.consensus.inputs import TimerKind
from accord_ledger.consensus.journal import Proposed, Voted
from consensus_script import Seat, block, certificate, names, nullify, only, proposal, said, vote

CHANGE = block(1)
"""Seal of a block that carries a change; m1 proposed it in view 1."""
AFTER = block(2, CHANGE)
"""A block behind it, which nobody may vote for."""


def executed(sealed: SealedBytes, view: int = 1, *, ends: bool = True) -> on.BlockExecuted:
    return on.BlockExecuted(view, sealed.hash, on.Verdict.VALID, ends)


def changing(party: str = "m0") -> Seat:
    """A seat in view 2: the change is notarized and not final."""
    seat = Seat(party)
    seat.give(proposal(CHANGE), executed(CHANGE))
    seat.certify("notarize", 1, CHANGE.hash)
    assert (seat.core.view, seat.core.over) == (2, False)
    return seat


def test_the_leader_proposes_the_same_seal_again() -> None:
    seat = changing("m2")
    said_now = seat.give(on.WorkChanged(pending=True))
    assert names(said_now) == ["ScheduleTimer", "ScheduleTimer", "Persist", "SendProposal"]
    assert only(said_now, do.SendProposal) == [do.SendProposal(2, CHANGE)]
    (kept,) = only(said_now, do.Persist)
    assert kept.records == (
        Proposed(epoch=0, view=2, entry=CHANGE.entry, vote=None),
        Voted(epoch=0, view=2, kind="notarize", seal=CHANGE.hash),
    )


def test_a_leader_that_has_not_executed_it_yet_asks_first() -> None:
    seat = Seat("m2")
    seat.give(proposal(CHANGE))
    seat.certify("notarize", 1, CHANGE.hash)
    assert len(only(seat.give(on.WorkChanged(pending=True)), do.BuildBlock)) == 1
    answer = seat.give(on.BlockBuilt(2, CHANGE, ends_epoch=True))
    assert only(answer, do.SendProposal) == [do.SendProposal(2, CHANGE)]


def test_a_leader_proposes_its_own_change_again() -> None:
    seat = Seat("m1")
    seat.give(on.WorkChanged(pending=True), on.BlockBuilt(1, CHANGE, ends_epoch=True))
    seat.certify("notarize", 1, CHANGE.hash)
    for view in (2, 3, 4):
        seat.certify("nullify", view)
    again = seat.give(on.WorkChanged(pending=True))
    assert only(again, do.BuildBlock) == []
    assert only(again, do.SendProposal) == [do.SendProposal(5, CHANGE)]


def test_members_vote_for_it_again_without_executing_it_into_something_else() -> None:
    seat = changing()
    assert only(seat.give(proposal(CHANGE, 2)), do.ExecuteBlock) == [do.ExecuteBlock(2, CHANGE)]
    assert said(seat.give(executed(CHANGE, 2))) == [("notarize", 2)]
    done = seat.certify("notarize", 2, CHANGE.hash)
    assert said(done) == [("finalize", 2)]
    assert only(done, do.SendVote)[0].seal == CHANGE.hash


def test_nothing_is_voted_for_that_follows_it() -> None:
    seat = changing()
    answer = seat.give(proposal(AFTER))
    assert (said(answer), only(answer, do.ExecuteBlock)) == ([("nullify", 2)], [])


def test_what_follows_is_refused_even_if_it_was_proposed_before_we_knew() -> None:
    seat = Seat("m0")
    seat.give(proposal(CHANGE))
    seat.certify("notarize", 1, CHANGE.hash)
    assert len(only(seat.give(proposal(AFTER)), do.ExecuteBlock)) == 1
    seat.give(executed(CHANGE))
    assert said(seat.give(executed(AFTER, 2, ends=False))) == []
    assert "nullify" in seat.core._memory.current.own


def test_another_branch_may_win() -> None:
    """The change was notarized, then its view nullified too: what is built beside it is as good."""
    seat = changing()
    seat.certify("nullify", 1)
    beside = block(2)
    assert len(only(seat.give(proposal(beside)), do.ExecuteBlock)) == 1
    assert said(seat.give(executed(beside, 2, ends=False))) == [("notarize", 2)]


def test_it_is_over_when_the_seal_is_final() -> None:
    seat = changing()
    final = certificate("finalize", 1, CHANGE.hash)
    said_now = seat.give(on.CertificateReceived(final))
    assert names(said_now) == ["Persist", "SendCertificate", "Finalised"]
    assert seat.core.over
    assert seat.core.view == 2
    still = (
        on.WorkChanged(pending=True),
        on.HeartbeatDue(),
        proposal(CHANGE, 2),
        proposal(AFTER),
        on.CertificateReceived(certificate("notarize", 2, CHANGE.hash)),
        on.TimeoutElapsed(2, TimerKind.ADVANCE),
        on.TimeoutElapsed(2, TimerKind.SETTLE),
        on.BlockBuilt(2, AFTER),
        executed(AFTER, 2, ends=False),
    )
    spoken = seat.give(*still)
    assert [one for one in spoken if not isinstance(one, do.SendCertificate | do.ScheduleTimer)] == []
    assert {one.certificate for one in only(spoken, do.SendCertificate)} <= {final}


def test_a_finalization_of_a_later_view_ends_it_as_well() -> None:
    seat = changing()
    seat.give(on.CertificateReceived(certificate("finalize", 9, CHANGE.hash)))
    assert (seat.core.over, seat.core.view) == (True, 2)


def test_final_before_it_was_executed_here() -> None:
    seat = Seat()
    seat.give(on.CertificateReceived(certificate("finalize", 1, CHANGE.hash)))
    assert (seat.core.over, seat.core.view) == (False, 2)
    assert said(seat.give(executed(CHANGE))) == []
    assert seat.core.over


def test_nothing_is_said_once_it_is_known_to_be_over() -> None:
    """Of what waited in the view for this very execution, either."""
    seat = Seat()
    seat.give(on.CertificateReceived(certificate("finalize", 1, CHANGE.hash)), on.WorkChanged(pending=True))
    assert len(only(seat.give(proposal(AFTER)), do.ExecuteBlock)) == 1
    assert seat.give(executed(CHANGE)) == []
    assert seat.core.over


def test_finality_of_another_seal_ends_nothing() -> None:
    seat = changing()
    seat.certify("nullify", 1)
    beside = block(2)
    seat.give(proposal(beside), executed(beside, 2, ends=False))
    seat.certify("notarize", 2, beside.hash)
    seat.give(on.CertificateReceived(certificate("finalize", 2, beside.hash)))
    assert not seat.core.over
    assert seat.core._ending._seals == set()


def over() -> Seat:
    seat = changing()
    seat.give(on.CertificateReceived(certificate("finalize", 1, CHANGE.hash)))
    return seat


def test_who_still_votes_gets_the_finalization_once_in_a_while() -> None:
    seat = over()
    final = do.SendCertificate(certificate("finalize", 1, CHANGE.hash), "m3")
    assert only(seat.give(nullify(2, "m3")), do.SendCertificate) == [final]
    assert seat.give(nullify(3, "m3")) == []
    seat.give(on.TimeoutElapsed(2, TimerKind.HELP))
    assert seat.give(nullify(2, "m3")) != []


def test_who_asks_or_proposes_gets_the_finalization() -> None:
    final = certificate("finalize", 1, CHANGE.hash)
    asked = over().give(on.CertificatesRequested("guest", 1, 9))
    assert only(asked, do.SendCertificate) == [do.SendCertificate(final, "guest")]
    proposed = over().give(proposal(CHANGE, 2))
    assert only(proposed, do.SendCertificate) == [do.SendCertificate(final, "m2")]


def test_others_than_members_and_other_epochs_get_nothing() -> None:
    seat = over()
    assert seat.give(nullify(2, "stranger")) == []
    assert seat.give(on.VoteReceived(vote("nullify", 2, bytes(32), "m3", epoch=1))) == []
    assert seat.give(nullify(2, "m0")) == []


def test_after_a_restart_the_change_is_still_proposed_again() -> None:
    first = changing("m2")
    kept = [record for one in only(_history(), do.Persist) for record in one.records]
    seat = Seat("m2", records=tuple(kept))
    assert seat.core.view == first.core.view == 2
    assert only(seat.first, do.ExecuteBlock) == [do.ExecuteBlock(1, CHANGE)]
    seat.give(executed(CHANGE))
    again = seat.give(on.WorkChanged(pending=True))
    assert only(again, do.SendProposal) == [do.SendProposal(2, CHANGE)]


def _history() -> list[do.Effect]:
    seat = Seat("m2")
    return [
        *seat.give(proposal(CHANGE), executed(CHANGE)),
        *seat.certify("notarize", 1, CHANGE.hash),
    ]
