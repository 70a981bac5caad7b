"""The rules of DESIGN.md section 4, one script of steps for each."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from accord_ledger.block import NO_SEAL
from accord_ledger.consensus import effects as do
from accord_ledger.consensus import inputs as on
from accord_ledger.consensus.config import Config
from accord_ledger.consensus.core import Consensus
from accord_ledger.consensus.inputs import TimerKind
from consensus_script import (
    NETWORK,
    Seat,
    block,
    certificate,
    members,
    names,
    nullify,
    only,
    proposal,
    said,
    vote,
)

B1 = block(1)


def timers(effects: list[do.Effect]) -> dict[TimerKind, int]:
    return {effect.kind: effect.delay for effect in only(effects, do.ScheduleTimer)}


def test_an_idle_network_is_silent() -> None:
    seat = Seat()
    assert seat.first == [do.EnteredView(1, "m1")]
    assert seat.give(on.WorkChanged(pending=False)) == []


@pytest.mark.parametrize("work", [on.WorkChanged(pending=True), on.HeartbeatDue()])
def test_rule_1_work_starts_the_timers_once(work: on.Input) -> None:
    seat = Seat()
    assert timers(seat.give(work)) == {TimerKind.LEADER: 200, TimerKind.ADVANCE: 300}
    assert seat.give(work) == []


@pytest.mark.parametrize("kind", ["notarize", "finalize"])
def test_a_heartbeat_is_over_with_its_block_however_we_hear_of_it(
    kind: Literal["notarize", "finalize"],
) -> None:
    seat = Seat()
    seat.give(on.HeartbeatDue())
    assert timers(seat.certify(kind, 1, B1.hash)).keys() <= {TimerKind.SETTLE}
    assert seat.core.view == 2
    assert timers(seat.give(on.WorkChanged(pending=False))) == {}


def test_rule_1_f_plus_one_nullify_are_work() -> None:
    seat = Seat()
    assert timers(seat.give(nullify(1, "m1"))) == {}
    assert TimerKind.ADVANCE in timers(seat.give(nullify(1, "m2")))


def test_rule_1_the_leader_builds_then_persists_then_proposes() -> None:
    seat = Seat("m1")
    assert only(seat.give(on.WorkChanged(pending=True)), do.BuildBlock) == [
        do.BuildBlock(1, NETWORK, None, False)
    ]
    assert names(seat.give(on.BlockBuilt(1, B1))) == ["Persist", "SendProposal"]


def test_rule_1_a_block_built_too_late_is_not_proposed() -> None:
    seat = Seat("m1")
    seat.give(on.WorkChanged(pending=True), on.TimeoutElapsed(1, TimerKind.LEADER))
    assert seat.give(on.BlockBuilt(1, B1)) == []


def test_rule_1_the_leader_builds_on_the_newest_notarized_parent() -> None:
    seat = Seat("m3")
    seat.give(proposal(B1))
    seat.certify("notarize", 1, B1.hash)
    seat.certify("nullify", 2)
    build = only(seat.give(on.WorkChanged(pending=True)), do.BuildBlock)
    assert [(held.view, held.parent) for held in build] == [(3, B1.hash)]


def test_rule_1_a_leader_that_misses_a_nullification_asks_for_it_and_waits() -> None:
    seat = Seat("m3")
    effects = seat.certify("nullify", 2) + seat.give(on.WorkChanged(pending=True))
    assert only(effects, do.RequestCertificates) == [do.RequestCertificates(1, 1)]
    assert only(effects, do.BuildBlock) == []
    assert len(only(seat.certify("nullify", 1), do.BuildBlock)) == 1


def test_rule_1_at_the_bound_of_unfinalised_blocks_only_empty_ones_are_built() -> None:
    seat = Seat("m3", config=Config(depth=2))
    b2 = block(2, B1)
    for held in (B1, b2):
        seat.give(proposal(held))
        seat.certify("notarize", held.seal.view, held.hash)
    assert [build.empty_only for build in only(seat.give(on.WorkChanged(pending=True)), do.BuildBlock)] == [
        True
    ]


def test_rule_2_execute_then_persist_then_notarize() -> None:
    seat = Seat()
    assert only(seat.give(proposal(B1)), do.ExecuteBlock) == [do.ExecuteBlock(1, B1)]
    assert names(seat.execute(B1)) == ["Persist", "SendVote"]
    assert seat.execute(B1) == []


def test_rule_2_an_invalid_block_is_nullified_at_once() -> None:
    seat = Seat()
    seat.give(proposal(B1))
    assert said(seat.execute(B1, on.Verdict.INVALID)) == [("nullify", 1)]


def test_rule_2_only_the_first_proposal_counts() -> None:
    seat, other = Seat(), block(1, time=9)
    seat.give(proposal(B1))
    effects = seat.give(proposal(other)) + seat.execute(other)
    assert said(effects) == []
    assert said(seat.execute(B1)) == [("notarize", 1)]


def test_rule_2_a_proposal_waits_for_the_nullifications_its_parent_needs() -> None:
    seat = Seat()
    seat.certify("nullify", 2)
    effects = seat.give(proposal(block(3, None)))
    assert only(effects, do.ExecuteBlock) == []
    assert said(effects) == []
    assert len(only(seat.certify("nullify", 1), do.ExecuteBlock)) == 1


def test_rule_2_a_proposal_that_steps_around_a_notarized_view_waits() -> None:
    seat = Seat()
    seat.certify("notarize", 1, B1.hash)
    effects = seat.give(proposal(block(2, None)))
    assert only(effects, do.ExecuteBlock) == []
    assert said(effects) == []


def test_rule_2_a_proposal_beside_finality_is_invalid() -> None:
    seat = Seat()
    seat.certify("finalize", 1, B1.hash)
    assert said(seat.give(proposal(block(2, None)))) == [("nullify", 2)]


@pytest.mark.parametrize(
    "changed", [{"network": bytes(32)}, {"epoch": 1}, {"proposer": "m2"}, {"members": bytes(32)}]
)
def test_rule_2_a_seal_of_somewhere_else_is_invalid(changed: dict[str, Any]) -> None:
    sealed = block(1, None, **changed)
    assert said(Seat().give(proposal(sealed))) == [("nullify", 1)]


def test_rule_2_a_relay_that_lies_about_the_leader_achieves_nothing() -> None:
    seat = Seat()
    assert seat.give(on.ProposalReceived(B1, vote("notarize", 1, B1.hash, "m2"))) == []
    assert seat.give(on.ProposalReceived(B1, vote("notarize", 1, bytes(32), "m1"))) == []


@pytest.mark.parametrize(("ends_epoch", "kind"), [(True, "notarize"), (False, "nullify")])
def test_rule_2_only_a_seal_that_ends_the_epoch_is_proposed_again(ends_epoch: bool, kind: str) -> None:
    seat = Seat()
    seat.give(proposal(B1))
    seat.certify("notarize", 1, B1.hash)
    assert only(seat.give(proposal(B1, 2)), do.ExecuteBlock) == [do.ExecuteBlock(2, B1)]
    executed = on.BlockExecuted(2, B1.hash, on.Verdict.VALID, ends_epoch)
    assert said(seat.give(executed)) == [(kind, 2)]


def test_rule_3_a_notarization_is_passed_on_and_finalized_and_enters_the_next_view() -> None:
    seat = Seat()
    seat.give(proposal(B1))
    votes = [on.VoteReceived(vote("notarize", 1, B1.hash, member)) for member in ("m2", "m3")]
    assert names(seat.give(*votes))[:4] == ["Persist", "SendCertificate", "SendVote", "EnteredView"]
    assert seat.core.view == 2


def test_rule_3_five_members_need_four_votes() -> None:
    seat, sealed = Seat(size=5), block(1, None, 5)
    votes = [on.VoteReceived(vote("notarize", 1, sealed.hash, f"m{at}")) for at in range(1, 5)]
    assert only(seat.give(*votes[:3]), do.SendCertificate) == []
    assert len(only(seat.give(votes[3]), do.SendCertificate)) == 1


def test_rule_3_no_finalize_after_our_nullify() -> None:
    seat = Seat()
    seat.give(on.WorkChanged(pending=True), on.TimeoutElapsed(1, TimerKind.ADVANCE))
    assert said(seat.certify("notarize", 1, B1.hash)) == []


def test_rule_3_no_finalize_once_the_leader_equivocated() -> None:
    seat = Seat()
    seat.give(proposal(B1), on.VoteReceived(vote("notarize", 1, b"\x22" * 32, "m1")))
    effects = seat.give(on.CertificateReceived(certificate("notarize", 1, B1.hash, (2, 3))))
    assert said(effects) == []
    assert seat.core.view == 2


def test_rule_3_a_notarized_block_we_lack_is_fetched_and_executed() -> None:
    seat = Seat()
    assert only(seat.certify("notarize", 1, B1.hash), do.RequestBlock) == [do.RequestBlock(1, B1.hash)]
    assert only(seat.give(on.BlockReceived(B1)), do.ExecuteBlock) == [do.ExecuteBlock(1, B1)]
    assert seat.give(on.BlockReceived(block(1, time=9))) == []


def test_rule_4_a_nullification_enters_the_next_view_and_timers_grow() -> None:
    seat = Seat()
    assert do.EnteredView(2, "m2") in seat.certify("nullify", 1)
    assert timers(seat.give(on.WorkChanged(pending=True))) == {TimerKind.LEADER: 400, TimerKind.ADVANCE: 600}


def test_rule_5_finality_comes_whenever_it_comes_and_timers_fall_back() -> None:
    seat = Seat()
    seat.certify("notarize", 1, B1.hash)
    seat.certify("nullify", 2)
    assert only(seat.certify("finalize", 1, B1.hash), do.Finalised)[0].seal == B1.hash
    seat.certify("nullify", 3)
    assert timers(seat.give(on.WorkChanged(pending=True)))[TimerKind.LEADER] == 400


def test_rule_6_a_timer_nullifies_and_says_so_again() -> None:
    seat = Seat()
    seat.certify("nullify", 1)
    effects = seat.give(on.WorkChanged(pending=True), on.TimeoutElapsed(2, TimerKind.LEADER))
    assert names(effects)[-3:] == ["Persist", "SendVote", "ScheduleTimer"]
    again = seat.give(on.TimeoutElapsed(2, TimerKind.RETRY))
    assert names(again) == ["SendVote", "SendCertificate", "ScheduleTimer"]


def test_rule_6_late_timers_are_nothing() -> None:
    seat = Seat()
    seat.give(on.WorkChanged(pending=True))
    seat.certify("notarize", 1, B1.hash)
    assert seat.give(on.TimeoutElapsed(1, TimerKind.ADVANCE), on.TimeoutElapsed(1, TimerKind.RETRY)) == []


def test_rule_6_a_proposal_stops_the_leader_timer_but_not_the_other() -> None:
    seat = Seat()
    seat.give(on.WorkChanged(pending=True), proposal(B1))
    assert seat.give(on.TimeoutElapsed(1, TimerKind.LEADER)) == []
    assert said(seat.give(on.TimeoutElapsed(1, TimerKind.ADVANCE))) == [("nullify", 1)]


def test_a_notarized_block_becomes_work_once_its_delta_is_over() -> None:
    seat = Seat("m2")
    effects = seat.give(proposal(B1)) + seat.certify("notarize", 1, B1.hash)
    assert only(effects, do.BuildBlock) == []
    assert timers(effects)[TimerKind.SETTLE] == 100
    assert len(only(seat.give(on.TimeoutElapsed(2, TimerKind.SETTLE)), do.BuildBlock)) == 1


def test_a_block_that_became_final_in_time_is_no_work() -> None:
    seat = Seat("m2")
    seat.give(proposal(B1))
    seat.certify("notarize", 1, B1.hash)
    seat.certify("finalize", 1, B1.hash)
    assert seat.give(on.TimeoutElapsed(2, TimerKind.SETTLE)) == []


def test_work_that_went_away_lets_the_view_rest() -> None:
    seat = Seat()
    seat.give(on.WorkChanged(pending=True), on.WorkChanged(pending=False))
    assert seat.give(on.TimeoutElapsed(1, TimerKind.LEADER), on.TimeoutElapsed(1, TimerKind.ADVANCE)) == []
    assert timers(seat.give(on.WorkChanged(pending=True)))[TimerKind.LEADER] == 200


def test_work_that_went_away_leaves_the_notarized_block_to_settle() -> None:
    seat = Seat()
    seat.certify("notarize", 1, B1.hash)
    seat.give(on.WorkChanged(pending=True), on.WorkChanged(pending=False))
    assert set(timers(seat.give(on.TimeoutElapsed(2, TimerKind.ADVANCE)))) <= {TimerKind.SETTLE}
    seat.give(on.TimeoutElapsed(2, TimerKind.SETTLE))
    assert said(seat.give(on.TimeoutElapsed(2, TimerKind.ADVANCE))) == [("nullify", 2)]


def test_a_nullify_rests_with_the_work_and_comes_back_with_it() -> None:
    seat = Seat()
    seat.give(
        on.WorkChanged(pending=True), on.TimeoutElapsed(1, TimerKind.LEADER), on.WorkChanged(pending=False)
    )
    assert seat.give(on.TimeoutElapsed(1, TimerKind.RETRY)) == []
    assert said(seat.give(on.WorkChanged(pending=True))) == [("nullify", 1)]
    assert said(seat.give(on.TimeoutElapsed(1, TimerKind.RETRY))) == [("nullify", 1)]


@pytest.mark.parametrize(("heard", "expected"), [(False, [("nullify", 8)]), (True, [])])
def test_a_leader_long_silent_gets_no_time_until_heard_of_again(heard: bool, expected: list[object]) -> None:
    seat = Seat(size=7, config=Config(delta=100, skip_after=4))
    for view in range(1, 8):
        seat.give(on.CertificateReceived(certificate("nullify", view, who=range(2, 7))))
    if heard:
        seat.give(nullify(7, "m1"))
    assert said(seat.give(on.WorkChanged(pending=True))) == expected


def test_who_was_cut_off_blames_nobody() -> None:
    seat = Seat(size=7, config=Config(delta=100, skip_after=4))
    seat.give(on.CertificateReceived(certificate("nullify", 700, who=(2, 3, 4))))
    assert said(seat.give(on.WorkChanged(pending=True))) == []
    seat.give(on.CertificateReceived(certificate("nullify", 707, who=range(2, 7))))
    assert said(seat.give(on.WorkChanged(pending=True))) == [("nullify", 708)]


def test_an_observer_follows_and_never_speaks_of_its_own() -> None:
    seat = Seat(None)
    effects = seat.give(on.WorkChanged(pending=True), proposal(B1))
    effects += seat.certify("notarize", 1, B1.hash) + seat.certify("finalize", 1, B1.hash)
    assert not {"SendVote", "SendProposal", "Persist", "BuildBlock"} & set(names(effects))
    assert only(effects, do.Finalised)[0].seal == B1.hash


def test_other_epochs_are_ignored() -> None:
    seat = Seat()
    foreign = vote("nullify", 1, NO_SEAL, "m1", epoch=1)
    assert seat.give(on.VoteReceived(foreign), on.VoteReceived(vote("nullify", 1, NO_SEAL, "x"))) == []


def test_two_certificates_that_exclude_each_other_stop_the_node() -> None:
    seat = Seat()
    seat.certify("notarize", 1, B1.hash)
    halt = seat.certify("notarize", 1, b"\x22" * 32)[-1]
    assert isinstance(halt, do.Halt)
    assert halt.code == "CERTIFICATES_CONFLICT"
    assert seat.give(on.WorkChanged(pending=True)) == []


def test_a_certified_block_that_we_find_invalid_stops_the_node() -> None:
    seat = Seat()
    seat.give(proposal(B1))
    seat.certify("notarize", 1, B1.hash)
    assert [halt.code for halt in only(seat.execute(B1, on.Verdict.INVALID), do.Halt)] == ["STATE_DIVERGED"]


def test_steps_before_the_start_are_a_mistake_of_the_driver() -> None:
    core = Consensus(NETWORK, members(), "m0", Config())
    with pytest.raises(RuntimeError):
        core.step(on.HeartbeatDue())
