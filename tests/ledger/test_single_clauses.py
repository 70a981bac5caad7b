"""Conditions of several clauses, each clause tried by a record that only it decides."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from accord_ledger import calendar, codec
from accord_ledger.domain import epochs
from accord_ledger.domain.kinds import party
from accord_ledger.domain.kinds.accreditation import RegistryEntryBody
from accord_ledger.domain.kinds.agreement import TerminateBody
from accord_ledger.domain.kinds.approval import ProgrammeApprove
from accord_ledger.domain.kinds.key import KeyRevoke, KeyRotate
from accord_ledger.domain.kinds.recovery import RecoveryDeclare
from accord_ledger.domain.kinds.seat import SeatGrant
from accord_ledger.domain.model.account import REVIEWS
from accord_ledger.domain.model.agreement import AGREEMENTS
from accord_ledger.domain.model.award import AWARD_REVIEWS
from accord_ledger.domain.model.epoch import Prefix
from accord_ledger.domain.model.programme import PROGRAMMES, REGISTRY_ENTRIES
from accord_ledger.domain.model.quality import QUALITY_HEADS, QualityHead
from accord_ledger.domain.pipeline import run_genesis
from accord_ledger.domain.readiness import make_readiness
from accord_ledger.domain.rule_lookup import rules_about
from accord_ledger.errors import Rejection
from accord_ledger.keys import SigningKey
from accord_ledger.state import MemorySource, View
from agreement_world import amend, terms_of
from award_world import Desk, award_batch, awards, slow
from domain_alliance import (
    SEATS,
    TWO_THIRDS,
    genesis_context,
    genesis_state,
    key_of,
    new_key,
    node_keys,
    party_body,
    uid,
)
from domain_world import NETWORK, World, ref, terms
from epoch_world import finalization, ready, step
from exchange_world import IssuedBatch, agreement, exchange, fixed
from quality_world import cn_terms


def test_who_only_signed_the_body_has_not_submitted_it() -> None:
    world = World()
    item = terms()
    world.register(item)
    world.submit(item)
    body = ProgrammeApprove(
        programme=ref(item), approval="academic_committee", party="uu", sign_by=world.time + 60
    )
    signers = ("uu registrar*", "uu academic_committee*")
    missing = world.refused("E_SIG_MISSING", "programme_approve", body, *signers, author="uu")
    assert missing.detail == "uu (author, scope tx)"


def test_t01_only_regulators_count_against_their_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(party, "MAX_REGULATORS", 1)
    body = party_body("fudan", "CN-SH", "university", network=NETWORK)
    World().do("party_register", body, "moe-cn governance")


def test_t03_another_partys_key_hands_nothing_over() -> None:
    fresh = new_key(SigningKey.from_seed(b"\x07" * 32), "uu", "institution", network=NETWORK)
    body = KeyRotate(party="uu", replaces=key_of("bcb").key_id, key=fresh)
    World().refused("E_SIG_MISSING", "key_rotate", body, "bcb", "bcb registrar", "bcb agreements")


def test_t08_an_endorsement_leaves_an_active_version_active() -> None:
    world = World()
    item = world.launch(cn_terms(), ("bjou", "endorse"))
    world.approve(item, "hnrail", "endorse")
    stored = world.get(PROGRAMMES, *ref(item))
    assert (stored.stage, len(stored.approvals)) == ("active", 2)


def test_t42_a_finalization_of_another_block_proves_nothing() -> None:
    world = World()
    world.do("node_keys_set", node_keys("bjou", network=NETWORK), "bjou")
    first, second = step(world), step(world)
    mixed = replace(ready(first, "bjou"), finalization=finalization(second))
    signers = [f"{name} governance" for name in SEATS[:5]]
    refused = world.refused(
        "E_NOT_READY", "seat_grant", SeatGrant(party="bjou", ready=mixed), *signers, "bjou"
    )
    assert refused.detail.startswith("CERTIFICATE_SEAL")
    world.do("seat_grant", SeatGrant(party="bjou", ready=ready(first, "bjou")), *signers, "bjou")
    with pytest.raises(ValueError, match="expected state root"):
        make_readiness(
            first.sealed,
            finalization(second),
            first.sealed.seal.state_root,
            "bjou",
            key_of("bjou", "node vote"),
        )


def test_t46_members_lost_are_in_order_whoever_signed() -> None:
    prefix = Prefix(network=b"\1" * 32, height=8, seal=b"\2" * 32, log_root=b"\3" * 32, state_root=b"\4" * 32)
    body = RecoveryDeclare(prefix=prefix, lost=("b", "a"))
    World().refused("E_VALUE", "recovery_declare", body, "bcb governance")
    World().refused("E_SIG_MISSING", "recovery_declare", replace(body, lost=("a", "b")), "bcb governance")


def test_genesis_gives_no_more_seats_than_there_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(epochs, "MAX_MEMBERS", 6)
    ctx = genesis_context(View(MemorySource(genesis_state())))
    assert len(epochs.founding(ctx, SEATS).members.members) == 6
    with pytest.raises(Rejection, match="E_STATE"):
        epochs.founding(ctx, (*SEATS, "bjou"))


def test_genesis_may_know_an_entry_that_ended() -> None:
    view = View(MemorySource(genesis_state()))
    ended = RegistryEntryBody(agency="nvao", registry="EQAR", ended_on="2020-01-01")
    run_genesis(genesis_context(view), "registry_entry", codec.encode(ended))
    entries = view.get(REGISTRY_ENTRIES, "nvao", "EQAR")
    assert entries is not None
    assert entries.entries[0].ended_on == "2020-01-01"
    World().refused("E_BACKDATED", "registry_entry", ended, *TWO_THIRDS)


def test_t25_an_agreement_that_expired_is_not_terminated_even_before_the_queue_says_so() -> None:
    world, _ = exchange(valid_to="2026-12-31")
    first = agreement("uu", "bcb", fixed(), valid_to="2026-12-31", sign_by=world.time + 60)
    world.agree("a0", first)
    slow(world)
    world.at("2027-01-01")
    assert world.get(AGREEMENTS, "a1").status == "active"
    late = TerminateBody(agreement_id="a1", effective_date="2027-12-31")
    world.refused("E_STATE", "agreement_terminate", late, "uu agreements")


def test_t25_notice_for_the_very_day_of_expiry_still_cuts_off() -> None:
    world, batch = exchange(valid_to="2026-12-31")
    world.at("2026-06-01")
    notice = TerminateBody(agreement_id="a1", effective_date="2027-01-01")
    world.do("agreement_terminate", notice, "uu agreements")
    late = world.issue_more("2026-06-01", "2026-07-01")
    world.at("2027-01-15")
    world.refused("E_AGREEMENT_ENDED", *world.use("r1", "n1", "a1", [late[0]], "2/1"))
    world.do(*world.use("r1", "n1", "a1", [batch[0]], "2/1"))


def test_t27_a_superseded_version_is_refused_before_its_items_are_read() -> None:
    world, _ = exchange()
    amend(world, notice_days=200)
    unknown = IssuedBatch.make("nobody's", 10)
    kind, body, *signers = world.use("r1", "n1", "a1", [unknown[0]], "2/1")
    world.refused("E_AGREEMENT_ENDED", kind, body, *signers)


def test_rules_about_a_programme_are_those_whose_scope_takes_it() -> None:
    world, _ = exchange()
    wide = terms_of(world)
    narrow = agreement("uu", "bcb", fixed(), scope=replace(wide.scope, programmes=("uu-ds30",)))
    assert [rule.rule_id for rule in rules_about(world.view, narrow, "uu-ds30")] == ["fixed"]
    assert list(rules_about(world.view, narrow, "uu-ds")) == []


def versions(*steps: tuple[str, bool]) -> QualityHead:
    """What the years look like after these versions, each (date, whether its profile asks for years)."""
    world = World()
    for number, (day, yearly) in enumerate([("2026-03-02", True), *steps], 1):
        world.at(day)
        profile = ("cn", 1) if yearly else ("neutral", 1)
        world.launch(cn_terms("bjou-ls", "bjou", version=number, profile=profile))
    found: QualityHead = world.get(QUALITY_HEADS, "bjou-ls")
    return found


def test_years_end_with_the_first_version_that_has_none() -> None:
    assert versions(("2026-05-01", True)).until is None
    assert versions(("2026-05-01", False)).until == 2026
    assert versions(("2026-05-01", False), ("2027-02-01", False)).until == 2026


def test_years_go_on_where_the_last_one_is_still_to_be_closed() -> None:
    assert versions(("2026-05-01", False), ("2027-01-10", True)) == QualityHead(next_year=2026)
    assert versions(("2026-05-01", False), ("2028-01-10", True)).next_year == 2028


def test_t31_restacking_after_a_review_leaves_an_issuers_own_suspension() -> None:
    desk = awards()
    world = desk.world
    world.do(*desk.stack("a", desk.own[0], desk.own[1]))
    desk.revoke(desk.own, 0, "review")
    assert desk.review("a").status == "open"
    suspend = world.status(IssuedBatch.make("unused", 1), "suspend", (0, 1))
    body = replace(suspend, batch_id=desk.stack_body("a").batch_id)
    world.do("credential_status", body, "uu registrar")
    world.do(*desk.decide("award", "a", "restack", desk.own[1], desk.own[2]))
    assert desk.status("a")[0] == "suspended"


def reviewed_once() -> Desk:
    """Two credentials in one recognition at bcb; a review of it was upheld on 2026-04-05."""
    desk = awards()
    world = desk.world
    world.do(*world.use("r1", "n1", "a1", [desk.own[0], desk.own[1]], "4/1"))
    desk.revoke(desk.own, 0, "review")
    world.do(*desk.decide("recognition", "r1", "uphold", signers=("bcb registrar",)))
    return desk


def test_t31_the_deadline_of_a_closed_review_does_not_end_the_next_one() -> None:
    desk = reviewed_once()
    world = desk.world
    world.at("2026-04-20")
    desk.revoke(desk.own, 1, "review")
    world.at("2026-06-10")
    assert world.recognition("r1").status == "live"
    assert world.get(REVIEWS, uid("r1")).status == "open"
    world.at("2026-06-20")
    assert world.recognition("r1").status == "reversed"


def test_t28_a_review_that_was_closed_stays_as_it_was_decided() -> None:
    desk = reviewed_once()
    desk.world.at("2026-04-20")
    desk.world.reverse("r1", "bcb registrar")
    review = desk.world.get(REVIEWS, uid("r1"))
    assert (review.status, review.closed_at) == ("upheld", desk.world.time - 15 * calendar.DAY)


def test_t17_no_review_opens_for_an_award_that_is_revoked() -> None:
    desk = awards()
    world = desk.world
    world.do(*desk.stack("c1", desk.own[0], desk.own[1]))
    world.do(*desk.take_out("r1", "c1", "4/1"))
    body = world.status(award_batch("c1"), "revoke", (0, 1), effect="review")
    world.do("credential_status", body, "uu registrar", "uu quality")
    assert desk.row(desk.own, 0).stacked_into is not None
    before = world.execution.weight
    desk.revoke(desk.own, 0, "review")
    assert world.execution.weight - before == 2 * 10 + 8 + 2
    assert world.get(AWARD_REVIEWS, award_batch("c1").batch_id) is None


def test_t17_a_suspended_award_can_be_confirmed() -> None:
    desk = awards()
    world = desk.world
    world.do(*desk.stack("c1", desk.own[0], desk.own[1]))
    desk.revoke(desk.own, 0, "reverse")
    assert desk.status("c1") == ("suspended", None)
    lost = KeyRevoke(key_id=key_of("uu", "academic_committee").key_id, compromised_since=0)
    world.do("key_revoke", lost, "uu academic_committee")
    confirm = world.status(award_batch("c1"), "confirm", (0, 1))
    world.do("credential_status", confirm, "uu registrar", "uu quality")
    assert desk.status("c1") == ("suspended", None)
