"""Rules 7 and 8, and help for those who lag."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from accord_ledger.block import NO_SEAL, Members, VoteKind, vote_message
from accord_ledger.block import Member as Place
from accord_ledger.consensus import effects as do
from accord_ledger.consensus import inputs as on
from accord_ledger.consensus.config import Config
from accord_ledger.consensus.evidence import Evidence, check_evidence
from accord_ledger.consensus.inputs import TimerKind
from accord_ledger.consensus.speech import MAX_ANSWERED
from accord_ledger.errors import ProofError
from accord_ledger.keys import SigningKey
from consensus_script import NETWORK, Seat, block, certificate, nullify, only, vote

B1 = block(1)
OTHER = b"\x22" * 32
Said = tuple[VoteKind, bytes]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("notarize", B1.hash), ("notarize", OTHER)),
        (("finalize", B1.hash), ("finalize", OTHER)),
        (("finalize", B1.hash), ("nullify", NO_SEAL)),
        (("nullify", NO_SEAL), ("finalize", B1.hash)),
    ],
)
def test_rule_8_contradiction_is_accused_once(first: Said, second: Said) -> None:
    seat = Seat()
    votes = [vote(kind, 1, seal, "m2") for kind, seal in (first, second, second)]
    accused = only(seat.give(*map(on.VoteReceived, votes)), do.Accuse)
    assert accused == [do.Accuse(Evidence(first=votes[0], second=votes[1]))]


def test_rule_8_notarize_then_nullify_is_honest() -> None:
    seat = Seat()
    seat.give(on.VoteReceived(vote("notarize", 1, B1.hash, "m2")))
    assert only(seat.give(nullify(1, "m2"), nullify(1, "m2")), do.Accuse) == []


def test_rule_8_a_certificate_can_hold_the_second_vote() -> None:
    seat = Seat()
    seat.give(on.VoteReceived(vote("notarize", 1, OTHER, "m1")))
    assert len(only(seat.certify("notarize", 1, B1.hash), do.Accuse)) == 1


def test_rule_8_a_member_cannot_count_twice() -> None:
    seat = Seat()
    votes = [on.VoteReceived(vote("notarize", 1, B1.hash, member)) for member in ("m1", "m1", "m2", "m2")]
    assert only(seat.give(*votes), do.SendCertificate) == []


def test_rule_8_the_second_of_two_contradicting_votes_does_not_count() -> None:
    seat = Seat()
    votes = [("m1", OTHER), ("m1", B1.hash), ("m2", B1.hash), ("m3", B1.hash)]
    effects = seat.give(*(on.VoteReceived(vote("notarize", 1, seal, member)) for member, seal in votes))
    assert only(effects, do.SendCertificate) == []
    assert seat.core.view == 1


def test_rule_7_votes_outside_the_window_leave_no_trace() -> None:
    seat = Seat(config=Config(ahead=4, behind=4))
    seat.give(*(nullify(view, f"m{at}") for view in (6, 1000, 2**50) for at in (1, 2, 3)))
    assert seat.core.view == 1
    assert set(seat.core._memory.rounds) <= set(range(1, 6))


def test_rule_7_one_certificate_is_enough_to_join() -> None:
    seat = Seat()
    seat.certify("nullify", 10_000)
    assert seat.core.view == 10_001


def test_rule_7_certificates_form_ahead_of_us() -> None:
    seat = Seat()
    seat.give(*(nullify(3, f"m{at}") for at in (1, 2, 3)))
    assert seat.core.view == 4


def test_who_is_stuck_behind_gets_the_certificates_once_in_a_while() -> None:
    seat = Seat()
    seat.certify("finalize", 4, B1.hash)
    seat.certify("nullify", 5)
    helped = only(seat.give(nullify(3, "m2"), nullify(3, "m2")), do.SendCertificate)
    assert [(held.certificate.kind, held.to) for held in helped] == [("finalize", "m2"), ("nullify", "m2")]
    seat.give(on.TimeoutElapsed(1, TimerKind.HELP))
    assert len(only(seat.give(nullify(3, "m2")), do.SendCertificate)) == 2


def test_no_more_askers_are_answered_or_remembered_between_two_help_timers_than_fit() -> None:
    seat = Seat()
    seat.certify("finalize", 4, B1.hash)
    asked = [on.CertificatesRequested(f"o{peer}", 1, 9) for peer in range(2 * MAX_ANSWERED)]
    answered = [held.to for held in only(seat.give(*asked), do.SendCertificate)]
    assert answered == [f"o{peer}" for peer in range(MAX_ANSWERED)]
    seat.give(on.TimeoutElapsed(1, TimerKind.HELP))
    assert [held.to for held in only(seat.give(asked[-1]), do.SendCertificate)] == [asked[-1].member]


def test_who_works_on_what_we_know_to_be_final_is_told() -> None:
    seat = Seat()
    seat.certify("finalize", 1, B1.hash)
    assert [held.to for held in only(seat.give(nullify(2, "m3")), do.SendCertificate)] == ["m3"]


def test_votes_that_are_merely_late_call_for_no_help() -> None:
    seat = Seat()
    seat.give(on.CertificateReceived(certificate("nullify", 1, who=(1, 2))))
    late = [nullify(1, "m3"), on.VoteReceived(vote("notarize", 1, B1.hash, "m2"))]
    assert only(seat.give(*late), do.SendCertificate) == []


def test_requests_for_certificates_are_answered_within_bounds() -> None:
    seat = Seat()
    for view in range(1, 200):
        seat.certify("nullify", view)
    answer = only(seat.give(on.CertificatesRequested("m2", 0, 2**52)), do.SendCertificate)
    assert [held.certificate.view for held in answer] == list(range(199, 135, -1))
    assert seat.give(on.CertificatesRequested("m2", 0, 5)) == []


def test_a_request_from_before_finality_gets_the_finalization() -> None:
    seat = Seat()
    seat.certify("finalize", 9, B1.hash)
    answer = only(seat.give(on.CertificatesRequested("observer", 3, 5)), do.SendCertificate)
    assert [held.certificate.kind for held in answer] == ["finalize"]


def test_evidence_is_checked_by_whoever_holds_the_members() -> None:
    keys = [SigningKey(bytes([at]) * 32) for at in range(4)]
    seats = tuple(Place(party=f"m{at}", vote=key.public, witness=key.public) for at, key in enumerate(keys))
    table = Members(epoch=0, members=seats)
    signed = []
    for seal in (B1.hash, OTHER):
        signature = keys[2].sign(vote_message(NETWORK, "notarize", 0, 1, seal))
        signed.append(replace(vote("notarize", 1, seal, "m2"), signature=signature))
    check_evidence(NETWORK, table, Evidence(first=signed[0], second=signed[1]))
    for first, second, code in (
        (signed[0], signed[0], "EVIDENCE_CONSISTENT"),
        (signed[0], vote("notarize", 1, OTHER, "m2"), "EVIDENCE_SIGNATURE"),
        (vote("notarize", 1, OTHER, "x"), vote("notarize", 1, B1.hash, "x"), "EVIDENCE_MEMBER"),
        (vote("notarize", 1, OTHER, "m2", 1), vote("notarize", 1, B1.hash, "m2", 1), "EVIDENCE_EPOCH"),
    ):
        with pytest.raises(ProofError) as caught:
            check_evidence(NETWORK, table, Evidence(first=first, second=second))
        assert caught.value.code == code


def test_certificates_are_passed_on_once() -> None:
    seat, held = Seat(), certificate("nullify", 1)
    assert len(only(seat.give(*[on.CertificateReceived(held)] * 3), do.SendCertificate)) == 1
