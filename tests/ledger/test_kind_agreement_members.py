"""T25 agreement_join and agreement_leave, multilateral agreements (DOMAIN.md 2.10; rows N9, P14)."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from accord_ledger.domain.kinds import membership
from accord_ledger.domain.kinds.agreement import TerminateBody
from accord_ledger.domain.kinds.membership import LeaveBody
from accord_ledger.domain.model.agreement import (
    AGREEMENT_MEMBERS,
    AGREEMENT_VERSIONS,
    AGREEMENTS,
    DEPARTURES,
    RATIO_ENTRIES,
    RATIO_NODES,
    RATIO_SIZE,
    RECEIVER_AGREEMENTS,
    Members,
)
from agreement_world import (
    AMEND,
    JOIN,
    LEAVE,
    SIGN,
    amend,
    amendment,
    join,
    leave,
    multilateral,
    propose_amendment,
    sign,
)
from exchange_world import Exchange, IssuedBatch, agreement, fixed, hours

UU, UOM, BCB, HNRAIL, UM = (f"{name} agreements" for name in ("uu", "uom", "bcb", "hnrail", "um"))
EVERYBODY = (UU, UOM, BCB, HNRAIL)


def at_hnrail(world: Exchange, name: str, batch: IssuedBatch, index: int, **more: Any) -> tuple[Any, ...]:
    """T27 of one item under ``a1`` into account ``n3`` of hnrail."""
    claimed = more.pop("claimed", "2/1")
    return world.use(name, "n3", "a1", [batch[index]], claimed, signers=("hnrail registrar",), **more)


def enrol_at_hnrail(world: Exchange) -> None:
    world.enrol("n3", "hnrail", world.award("hnrail"))


def test_n9_five_parties_on_both_sides_are_twenty_pairs_and_need_five_signatures() -> None:
    world, batch = multilateral()
    enrol_at_hnrail(world)
    five = "bcb hnrail um uom uu"
    proposed = agreement(five, five, hours(), sign_by=world.time + 60)
    world.propose("n9", proposed, by="uu")
    for party in five.split()[:4]:
        world.do(SIGN, world.sign_body("n9", proposed), f"{party} agreements")
    use = at_hnrail(world, "r1", batch, 0, agreement=("n9", 1))
    world.refused("E_AGREEMENT_NOT_ACTIVE", *use)
    world.do(SIGN, world.sign_body("n9", proposed), UU)
    world.do(*use)
    assert world.get(RATIO_ENTRIES, "n9", 1).self_pairs == ()


def test_t25_join_as_a_receiver() -> None:
    world, batch = multilateral(receivers="bcb")
    enrol_at_hnrail(world)
    use = at_hnrail(world, "r1", batch, 0)
    world.refused("E_NO_AGREEMENT", *use)
    before = world.execution.weight
    world.do(JOIN, join("hnrail", receives=True), HNRAIL, UU, UOM, BCB)
    assert world.execution.weight - before == 40 + 16 + 2 + (4 + 4)
    assert world.get(AGREEMENT_VERSIONS, "a1", 1).joined == 1
    assert world.get(AGREEMENT_MEMBERS, "a1", 1) == Members(receivers=("hnrail",))
    assert world.get(RECEIVER_AGREEMENTS, "hnrail", "a1").since == world.time
    assert world.get(RATIO_ENTRIES, "a1", 1).receivers == ("bcb", "hnrail")
    assert (world.get(RATIO_SIZE).nodes, world.get(RATIO_SIZE).edges) == (4, 4)
    world.do(*use)


def test_t25_join_as_a_sender() -> None:
    world, batch = multilateral("uom", "hnrail")
    enrol_at_hnrail(world)
    world.refused("E_SCOPE", *at_hnrail(world, "r1", batch, 0))
    world.do(JOIN, join("uu"), UU, UOM, HNRAIL)
    world.do(*at_hnrail(world, "r1", batch, 0))


def test_t25_join_a_pair_with_itself_only_if_wanted() -> None:
    world, _ = multilateral("uom", "hnrail")
    world.do(JOIN, join("uu", sends=True, receives=True, self_pair=True), UU, UOM, HNRAIL)
    assert world.get(AGREEMENT_MEMBERS, "a1", 1) == Members(
        senders=("uu",), receivers=("uu",), self_pairs=("uu",)
    )
    assert world.get(RATIO_ENTRIES, "a1", 1).self_pairs == ("uu",)


def test_t25_join_needs_everybody_unless_the_terms_say_less() -> None:
    world, _ = multilateral()
    world.refused("E_SIG_MISSING", JOIN, join("um"), UM, UU, UOM, BCB)
    world.refused("E_SIG_MISSING", JOIN, join("um"), *EVERYBODY)
    world.do(JOIN, join("um"), UM, *EVERYBODY)
    world, _ = multilateral(accession="3/5")  # of four: 12/5, so three
    world.refused("E_SIG_MISSING", JOIN, join("um"), UM, UU, UOM)
    world.do(JOIN, join("um"), UM, UU, UOM, HNRAIL)
    world, _ = multilateral(accession="0/1")
    world.do(JOIN, join("um"), UM)


def test_t25_who_joined_decides_about_the_next() -> None:
    world, _ = multilateral()
    world.do(JOIN, join("um"), UM, *EVERYBODY)
    world.refused("E_SIG_MISSING", JOIN, join("suny"), "suny agreements", *EVERYBODY)
    world.do(JOIN, join("suny"), "suny agreements", UM, *EVERYBODY)


def test_t25_a_withdrawn_party_is_not_waited_for_a_suspended_one_is() -> None:
    world, _ = multilateral()
    world.set_party("uom", "suspended")
    world.refused("E_SIG_MISSING", JOIN, join("um"), UM, UU, BCB, HNRAIL)
    world.refused("E_PARTY_STATUS", JOIN, join("um"), UM, *EVERYBODY)
    world.set_party("uom", "withdrawn")
    world.do(JOIN, join("um"), UM, UU, BCB, HNRAIL)


def test_t25_join_refusals() -> None:
    world, _ = multilateral()
    world.refused("E_VALUE", JOIN, join("um", sends=False), UM, *EVERYBODY)
    world.refused("E_VALUE", JOIN, join("um", sends=True, self_pair=True), UM, *EVERYBODY)
    world.refused("E_UNKNOWN_REF", JOIN, join("um", "a2"), UM, *EVERYBODY)
    world.refused("E_UNKNOWN_REF", JOIN, join("um", version=2), UM, *EVERYBODY)
    world.refused("E_STATE", JOIN, join("uom", receives=True), UM, *EVERYBODY)
    world.refused("E_ROLE", JOIN, join("crrc-eval", receives=True), "crrc-eval agreements", *EVERYBODY)
    world.do(JOIN, join("crrc-eval"), "crrc-eval agreements", *EVERYBODY)
    world.refused("E_STATE", JOIN, join("crrc-eval"), "crrc-eval agreements", *EVERYBODY)


def test_t25_join_a_side_that_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    world, _ = multilateral()
    monkeypatch.setattr(membership, "MAX_PARTIES", 2)
    for body in (join("um", sends=True), join("um", receives=True)):
        world.refused("E_STATE", JOIN, body, UM, *EVERYBODY)
    monkeypatch.setattr(membership, "MAX_PARTIES", 3)
    world.do(JOIN, join("um", sends=True, receives=True), UM, *EVERYBODY)


def test_t25_join_only_what_is_in_force() -> None:
    world, _ = multilateral()
    draft = agreement("uu", "bcb", hours(), sign_by=world.time + 60)
    world.propose("a2", draft)
    world.refused("E_STATE", JOIN, join("um", "a2"), UM, UU, BCB)
    amend(world)
    world.refused("E_STATE", JOIN, join("um", version=1), UM, *EVERYBODY)
    world.do(JOIN, join("um", version=2), UM, *EVERYBODY)
    world.do("agreement_terminate", TerminateBody(agreement_id="a1", effective_date="2027-01-01"), UU)
    world.refused("E_STATE", JOIN, join("suny", version=2), "suny agreements", UM, *EVERYBODY)


def test_t25_join_cycle_check() -> None:
    world, _ = multilateral()
    back = agreement("bcb", "um", hours("cn-mc", "ects", "40/1 25/1"), sign_by=world.time + 60)
    world.agree("back", back)
    refused = world.refused("E_CYCLE_INFLATION", JOIN, join("um"), UM, *EVERYBODY)
    assert "28/25" in refused.detail
    world.do(JOIN, join("um", receives=True), UM, *EVERYBODY)


def test_t25_an_amendment_takes_those_who_joined_along_only_by_name() -> None:
    world, batch = multilateral(receivers="bcb")
    enrol_at_hnrail(world)
    world.do(JOIN, join("hnrail", receives=True), HNRAIL, UU, UOM, BCB)
    body = amendment(world)
    number = propose_amendment(world, body)
    for party in ("uu", "uom", "bcb"):
        sign(world, body, number, party)
    assert world.get(AGREEMENTS, "a1").current == 1
    sign(world, body, number, "hnrail")
    world.refused("E_NO_AGREEMENT", *at_hnrail(world, "r1", batch, 0, agreement=("a1", 2)))
    amend(world, base=2, receivers=("bcb", "hnrail"))
    world.do(*at_hnrail(world, "r1", batch, 0, agreement=("a1", 3)))


def left(party: str, **changes: Any) -> tuple[Exchange, IssuedBatch, IssuedBatch]:
    """``a1`` of four; the party gave notice on 2026-07-01, effective 2026-12-28; a batch before and after."""
    world, batch = multilateral(run_off_days=365, **changes)
    enrol_at_hnrail(world)
    world.at("2026-07-01")
    leave(world, party, "2026-12-28")
    world.at("2026-08-03")
    return world, batch, world.issue_more("2026-08-31", "2026-09-01")


@pytest.mark.parametrize("party", ["uu", "hnrail"])
def test_t25_leaving_has_notice_cut_off_run_off_and_end_for_the_partys_edges(party: str) -> None:
    world, first, second = left(party)
    world.do(*at_hnrail(world, "r1", second, 0))  # during notice everything works
    world.at("2026-12-28")
    assert world.get(DEPARTURES, "a1", party).status == "run_off"
    world.refused("E_AGREEMENT_ENDED", *at_hnrail(world, "r2", second, 1))
    world.do(*at_hnrail(world, "r2", first, 1))
    world.at("2027-12-27")
    world.do(*at_hnrail(world, "r3", first, 2))
    world.at("2027-12-28")
    assert world.get(DEPARTURES, "a1", party).status == "ended"
    world.refused("E_AGREEMENT_ENDED", *at_hnrail(world, "r4", first, 3))
    assert world.get(AGREEMENTS, "a1").status == "active"


def test_t25_leaving_of_a_receiver_changes_nothing_for_the_others() -> None:
    world, _, second = left("hnrail")
    world.at("2028-01-10")
    world.do(*world.use("r1", "n1", "a1", [second[0]], "2/1"))
    assert world.get(RATIO_ENTRIES, "a1", 1).receivers == ("bcb",)
    assert world.get(RATIO_NODES, "hnrail", "cn-mc") is None
    assert (world.get(RATIO_SIZE).nodes, world.get(RATIO_SIZE).edges) == (3, 3)
    assert world.get(RECEIVER_AGREEMENTS, "hnrail", "a1") is None
    assert world.get(RECEIVER_AGREEMENTS, "bcb", "a1") is not None


@pytest.mark.parametrize("party", ["uu", "hnrail"])
def test_t25_an_earlier_notice_to_leave_cuts_off_also_in_the_run_off_of_all(party: str) -> None:
    world, first, second = left(party)
    world.at("2026-10-02")
    world.do("agreement_terminate", _end("2027-04-01"), BCB)
    world.at("2027-04-01")
    world.refused("E_AGREEMENT_ENDED", *at_hnrail(world, "r1", second, 0))
    world.do(*at_hnrail(world, "r1", first, 0))


def test_t25_the_run_off_of_a_sender_goes_on_under_a_version_amended_since() -> None:
    world, first, second = left("uu")
    world.at("2026-12-28")
    body = amendment(world, senders=("uom",))
    number = propose_amendment(world, body, by="uom")
    for name in ("bcb", "hnrail", "uom"):
        sign(world, body, number, name)
    world.refused("E_AGREEMENT_ENDED", *at_hnrail(world, "r1", second, 0))
    world.do(*at_hnrail(world, "r1", first, 0))
    world.refused("E_SCOPE", *at_hnrail(world, "r2", first, 1, agreement=("a1", 2)))


def test_t25_a_leaver_goes_out_of_every_version_on_the_graph() -> None:
    world, _ = multilateral(run_off_days=0)
    amend(world)
    leave(world, "uu", "2026-10-02")
    world.at("2026-10-02")
    assert [world.get(RATIO_ENTRIES, "a1", version).senders for version in (1, 2)] == [("uom",), ("uom",)]
    assert world.get(RATIO_SIZE).edges == 6


def co_issued(world: Exchange, *issuers: str) -> IssuedBatch:
    """A programme of 2026-04-05 issued by all of them on 2026-04-21."""
    both = replace(world.terms_of("uu-ds"), programme_id="both", issuers=issuers, threshold=2)
    world.register(both)
    world.submit(both)
    world.approve(both, "uu")
    world.activate(both)
    world.offer(both, end="2026-04-20", launch=False)
    world.at("2026-04-21")
    signers = tuple(f"{issuer} issuance" for issuer in issuers)
    return world.issue(both, 12, "both", *signers, completed_to="2026-04-20")


def test_t25_only_issuers_that_still_send_are_asked_where_they_are() -> None:
    """Before crrc-eval left, the recognition was one inside China; after that it is one from abroad."""
    world, _ = multilateral("crrc-eval uu", "bcb hnrail")
    leave(world, "crrc-eval", "2026-10-02")
    batch = co_issued(world, "crrc-eval", "uu")
    world.do(*world.use("r1", "n1", "a1", [batch[0]], "2/1", consent=None))
    world.at("2026-10-02")
    world.refused("E_CONSENT_MISSING", *world.use("r2", "n1", "a1", [batch[1]], "2/1", consent=None))
    world.do(*world.use("r2", "n1", "a1", [batch[1]], "2/1"))


def test_t25_a_co_issuer_that_stays_still_sends() -> None:
    world, _ = multilateral()
    enrol_at_hnrail(world)
    leave(world, "uu", "2026-10-02")
    batch = co_issued(world, "uom", "uu")
    world.at("2026-10-02")
    world.do(*at_hnrail(world, "r1", batch, 0))


def test_t25_leave_refusals() -> None:
    world, _ = multilateral()
    body = LeaveBody(agreement_id="a1", effective_date="2026-10-02")
    world.refused("E_UNKNOWN_REF", LEAVE, replace(body, agreement_id="a2"), UU)
    world.refused("E_ROLE", LEAVE, body, UM)
    world.refused("E_SIG_MISSING", LEAVE, body, "uu registrar")
    world.refused("E_SCHEMA", LEAVE, replace(body, effective_date="2026-02-30"), UU)
    world.refused("E_NOTICE", LEAVE, replace(body, effective_date="2026-10-01"), UU)
    world.do(LEAVE, body, UU)
    world.refused("E_STATE", LEAVE, body, UU)
    world.do("agreement_terminate", TerminateBody(agreement_id="a1", effective_date="2027-01-01"), BCB)
    world.refused("E_STATE", LEAVE, replace(body, effective_date="2027-01-01"), HNRAIL)


def test_t25_the_last_pair_terminates_instead() -> None:
    world, _ = multilateral()
    leave(world, "uu", "2026-10-02")
    body = LeaveBody(agreement_id="a1", effective_date="2026-10-02")
    world.refused("E_STATE", LEAVE, body, UOM)
    leave(world, "bcb", "2026-10-02")
    world.refused("E_STATE", LEAVE, body, HNRAIL)


def test_t25_who_left_decides_no_more_and_can_come_back_by_a_newer_version() -> None:
    world, first, _ = left("hnrail")
    world.refused("E_SIG_MISSING", JOIN, join("um"), UM, UU, UOM, BCB)
    world.at("2026-12-28")
    world.do(JOIN, join("um"), UM, UU, UOM, BCB)
    world.refused("E_STATE", JOIN, join("hnrail", receives=True), HNRAIL, UM, UU, UOM, BCB)
    world.refused("E_ROLE", "agreement_terminate", _end("2027-12-01"), HNRAIL)
    world.refused("E_STATE", AMEND, amendment(world), UU)
    assert amend_without(world, "hnrail") == 2
    world.refused("E_STATE", JOIN, join("hnrail", version=2, receives=True), HNRAIL, UU, UOM, BCB)
    world.do(*at_hnrail(world, "r1", first, 0))  # the amendment does not cut the run-off of v1 short
    world.at("2027-12-28")
    assert world.get(RECEIVER_AGREEMENTS, "hnrail", "a1") is None
    world.do(JOIN, join("hnrail", version=2, receives=True), HNRAIL, UU, UOM, BCB)
    assert world.get(RECEIVER_AGREEMENTS, "hnrail", "a1") is not None
    world.refused("E_AGREEMENT_ENDED", *at_hnrail(world, "r2", first, 1))
    world.do(*at_hnrail(world, "r2", first, 1, agreement=("a1", 2)))


def test_t25_a_second_departure_does_not_reopen_what_the_first_ended() -> None:
    world, first, _ = left("hnrail")
    world.at("2027-12-28")
    amend(world, grandfather=True)
    use = at_hnrail(world, "r1", first, 0)
    world.refused("E_AGREEMENT_ENDED", *use)
    leave(world, "hnrail", "2028-12-01")
    world.refused("E_AGREEMENT_ENDED", *use)
    world.at("2028-12-01")
    world.refused("E_AGREEMENT_ENDED", *use)
    assert world.get(DEPARTURES, "a1", "hnrail").over == 1
    assert world.get(AGREEMENTS, "a1").departures == 1


def test_t25_run_off_edges_of_a_leaver_still_count_for_cycles() -> None:
    world, _, _ = left("uu")
    back = agreement("bcb", "uu", hours("cn-mc", "ects", "40/1 25/1"))
    world.at("2027-12-27")
    early = replace(back, sign_by=world.time + 60)
    world.propose("back", early)
    world.do(SIGN, world.sign_body("back", early), BCB)
    world.refused("E_CYCLE_INFLATION", SIGN, world.sign_body("back", early), UU)
    world.at("2027-12-28")
    world.agree("again", replace(back, sign_by=world.time + 60))


def test_t25_all_leave_the_graph_when_the_agreement_ends_before_the_leaver() -> None:
    world, _, _ = left("uu", valid_to="2026-12-31")
    for day in ("2027-12-28", "2028-01-01"):
        world.at(day)
    assert world.get(AGREEMENTS, "a1").status == "ended"
    assert (world.get(RATIO_SIZE).nodes, world.get(RATIO_SIZE).edges) == (0, 0)
    assert world.get(RATIO_NODES, "uu", "ects") is None


def test_a_suspended_sender_is_frozen_not_ended() -> None:
    world, batch = multilateral()
    use = world.use("r1", "n1", "a1", [batch[0]], "2/1")
    world.set_party("uu", "suspended")
    world.refused("E_AGREEMENT_NOT_ACTIVE", *use)
    world.set_party("uu", "active")
    world.do(*use)


def test_p14_a_self_pair_needs_to_be_listed() -> None:
    world, _ = multilateral()
    both = agreement("um uu", "um uu", fixed("2/1", "ects", "ects"), sign_by=world.time + 60)
    world.propose("pairs", both, by="uu")
    world.do(SIGN, world.sign_body("pairs", both), UM)
    world.refused("E_CYCLE_INFLATION", SIGN, world.sign_body("pairs", both), UU)
    alone = agreement("uu", "uu", fixed("2/1", "ects", "ects"), self_pairs=("uu",), sign_by=world.time + 60)
    world.propose("alone", alone)
    world.refused("E_CYCLE_INFLATION", SIGN, world.sign_body("alone", alone), UU)


def _end(date: str) -> TerminateBody:
    return TerminateBody(agreement_id="a1", effective_date=date)


def amend_without(world: Exchange, party: str) -> int:
    """An amendment that no longer names a party, nor um, who joined and agrees."""
    body = amendment(world, receivers=("bcb",))
    number = propose_amendment(world, body)
    for name in ("bcb", "um", "uom", "uu"):
        sign(world, body, number, name)
    assert party not in body.terms.receivers
    return number
