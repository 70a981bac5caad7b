"""T30 stack_award: rows A2 and C8, and the abuse of stacking (DOMAIN.md 2.5, 4)."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from accord_ledger.domain.credentials import put_credential
from accord_ledger.domain.kinds.enrolment import EnrolmentCloseBody
from accord_ledger.domain.kinds.framework import FrameworkDefine
from accord_ledger.domain.kinds.key import KeyRevoke
from accord_ledger.domain.model.award import Component
from accord_ledger.domain.model.credential import BATCHES, ROOTS, STATUS_RANGES, Credential, Interval
from accord_ledger.domain.programme_life import change_programme_status
from accord_ledger.fields import PublicKey
from award_world import CONFERRING, award_batch, awards, holders_of
from domain_alliance import TWO_THIRDS, framework, key_of, uid
from domain_world import terms
from exchange_world import Exchange, IssuedBatch, holder_key

STACK = "stack_award"


def test_t30_own_credits_become_an_award() -> None:
    desk = awards()
    world, before = desk.world, desk.world.execution.weight
    done = world.do(*desk.stack("c1", desk.own[0], desk.own[1]))
    assert world.execution.weight - before == 4 * 10 + 24 + 2 * 12
    assert done.result == {"redeemable": "6/1", "recognised": "0/1"}
    batch = award_batch("c1")
    stored = world.get(BATCHES, batch.batch_id)
    assert (stored.programme, stored.count, stored.merkle_root) == (("uu-cert", 1), 1, batch.root)
    assert (stored.issuers, stored.completed_to, stored.issued_at) == (("uu",), "2026-04-05", world.time)
    assert stored.keys == tuple(key_of(*name.split()).key_id for name in CONFERRING)
    assert world.get(ROOTS, batch.root).batch_id == batch.batch_id
    assert world.get(STATUS_RANGES, "uu", "awards").taken == (Interval(start=1, end=2),)
    holder = holder_key(desk.own.batch_id, 1).key_id
    named = Component(batch_id=desk.own.batch_id, index=1, holder=holder, credits="3/1")
    assert desk.kept("c1").components[1] == named
    account = world.account("e1")
    assert (account.status, account.closed_at, account.conferred) == ("closed", world.time, batch.batch_id)
    assert desk.row(desk.own, 0).stacked_into == batch.batch_id


def test_t30_a_part_is_not_used_again() -> None:
    desk = awards(enrolments=("e1", "e2"))
    world = desk.world
    world.do(*world.use("r1", "n1", "a1", [desk.own[2]], "2/1"))
    world.refused("E_ALREADY_REDEEMED", *desk.stack("c1", desk.own[0], desk.own[2]))
    world.do(*desk.stack("c1", desk.own[0], desk.own[1]))
    world.refused("E_LINEAGE_SPENT", *world.use("r2", "n1", "a1", [desk.own[0]], "2/1"))
    world.refused("E_LINEAGE_SPENT", *desk.stack("c2", desk.own[1], desk.own[3], enrolment="e2"))
    world.refused("E_STATE", *desk.stack("c2", desk.own[3], desk.own[4]))


def test_t30_what_was_recognised_counts_nothing_elsewhere() -> None:
    desk = awards("10/1")
    world = desk.world
    desk.take_in("r1", desk.foreign[0])
    before = world.execution.weight
    done = world.do(*desk.stack("c1", desk.own[0], desk.own[1]))
    assert world.execution.weight - before == 4 * 10 + 24 + 2 * 12 + 2
    assert done.result == {"redeemable": "6/1", "recognised": "4/1"}
    assert world.recognition("r1").stacked_into == award_batch("c1").batch_id
    world.refused("E_AMOUNT", *desk.take_out("x1", "c1", "7/1"))
    world.do(*desk.take_out("x1", "c1", "4/1"))  # 6 x 28/40 = 4.2, not 10 x 28/40
    kept = world.recognition("x1")
    assert (kept.exact, kept.awarded, kept.items[0].credits) == ("21/5", "4/1", "6/1")
    world.refused("E_ALREADY_REDEEMED", *desk.take_out("x2", "c1", "4/1"))


def test_t30_an_award_of_recognised_credits_alone_is_worth_nothing_elsewhere() -> None:
    desk = awards("4/1")
    desk.take_in("r1", desk.foreign[0])
    desk.world.do(*desk.stack("c1"))
    desk.world.refused("E_ZERO_CREDIT", *desk.take_out("x1", "c1", "0/1"))


def test_t30_awards_stack_on_awards_by_their_own_components() -> None:
    desk = awards("7/1", enrolments=("e1", "e2"))
    desk.take_in("r1", desk.foreign[0])
    desk.world.do(*desk.stack("c1", desk.own[0]))
    upper = (award_batch("c1")[0], desk.own[1])
    desk.world.refused("E_STACK_SHORT", *desk.stack("c2", *upper, enrolment="e2"))
    desk.take_in("r2", desk.foreign[1], enrolment="e2")
    done = desk.world.do(*desk.stack("c2", *upper, enrolment="e2"))
    assert (done.result["redeemable"], desk.kept("c2").depth) == ("6/1", 2)
    desk.world.refused("E_LINEAGE_SPENT", *desk.take_out("x1", "c1", "2/1"))


def test_t30_credits_and_residency() -> None:
    desk = awards("14/1", residency="2/5")  # 5.6, so 6 of them
    world = desk.world
    desk.take_in("r1", desk.foreign[0], desk.foreign[1])
    world.refused("E_STACK_SHORT", *desk.stack("c1", desk.own[0]), detail="3")
    desk.take_in("r2", desk.foreign[2])
    world.refused("E_RESIDENCY", *desk.stack("c1", desk.own[0]), detail="3")
    world.do(*desk.stack("c1", desk.own[0], desk.own[1]))


def test_t30_another_account_is_no_help() -> None:
    desk = awards("7/1", enrolments=("e1", "e2"))
    desk.take_in("r1", desk.foreign[0], enrolment="e2")
    desk.world.refused("E_STACK_SHORT", *desk.stack("c1", desk.own[0]))


def test_t30_recognitions_under_review_do_not_count() -> None:
    desk = awards("10/1")
    world = desk.world
    for number in range(2):
        desk.take_in(f"r{number}", desk.foreign[number])
    desk.revoke(desk.foreign, 0, "review")
    world.refused("E_STACK_SHORT", *desk.stack("c1", desk.own[0]), detail="3")
    done = world.do(*desk.stack("c1", desk.own[0], desk.own[1]))
    assert done.result["recognised"] == "4/1"
    assert [world.recognition(f"r{number}").stacked_into for number in range(2)] == [
        None,
        award_batch("c1").batch_id,
    ]
    world.do(*desk.decide("recognition", "r0", "reverse"))
    assert desk.status("c1") == ("valid", None)


def test_t30_who_signs() -> None:
    desk = awards()
    world, items = desk.world, (desk.own[0], desk.own[1])
    registrar, committee = CONFERRING
    for signers, missing in (((registrar,), committee), ((committee,), registrar)):
        world.refused("E_SIG_MISSING", *desk.stack("c1", *items, signers=signers), detail=missing)
    one = holders_of(items[:1])
    world.refused("E_HOLDER_SIG", *desk.stack("c1", *items, holders=one))
    world.one_key_for("uu", "registrar", "academic_committee")
    world.refused("E_SIG_DISTINCT", *desk.stack("c1", *items, signers=(registrar,)))


def test_t30_both_committees_where_the_policy_says_so() -> None:
    world = Exchange()
    more = {"framework": ("us-sch", 1), "profile": ("suny-2018", 1), "level": None}
    values: dict[str, Any] = {**more, "credits": "6/1", "audience": ("public",), "transferability": "all"}
    both: Any = [("suny", "academic_committee"), ("suny", "curriculum_committee")]
    item = world.launch(terms("suny-hi", "suny", total_hours="270/1", **values), *both)
    award = world.launch(terms("suny-award", "suny", form="award", total_hours="270/1", **values), *both)
    world.offer(item, end="2026-03-25", launch=False)
    world.enrol("e1", "suny", award)
    world.at("2026-04-01")
    batch, desk = world.issue(item), awards()
    desk.world = world
    stack = desk.stack("c1", batch[0], signers=("suny registrar", "suny academic_committee"))
    world.refused("E_SIG_MISSING", *stack, detail="suny curriculum_committee")
    world.do(*stack, "suny curriculum_committee")


def test_t30_the_enrolment_and_its_award() -> None:
    desk = awards()
    world, items = desk.world, (desk.own[0], desk.own[1])
    world.refused("E_UNKNOWN_REF", *desk.stack("c1", *items, enrolment="e9"))
    theirs = ("um registrar", "um academic_committee", *CONFERRING)
    world.refused("E_UNKNOWN_REF", *desk.stack("c1", *items, signers=theirs))
    change_programme_status(world.context(), "uu-cert", "retired")
    world.refused("E_PROGRAMME_STATUS", *desk.stack("c1", desk.own[0]))
    world.do("enrolment_close", EnrolmentCloseBody(enrolment=uid("e1")), "uu registrar")
    world.refused("E_STATE", *desk.stack("c1", *items))


def test_t30_at_a_credit_bank_the_member_confers() -> None:
    desk = awards()
    world = desk.world
    cn = {"framework": ("cn-mc", 1), "level": 1, "credits": "2/1", "total_hours": "80/1"}
    item = world.offer(terms("bjou-al", "bjou", **cn), end="2026-04-05")
    small = terms("bjou-cert", "bjou", form="award", **{**cn, "level": None})
    world.enrol("n2", "bcb", world.launch(small))
    dates = {"completed_from": "2026-04-05", "completed_to": "2026-04-05"}
    batch = world.issue(item, 12, **dates)
    signers = ("bjou registrar", "bjou academic_committee")
    bank = desk.stack("c1", batch[0], enrolment="n2", signers=("bcb registrar", *signers))
    world.refused("E_ROLE", *bank)
    world.do(*desk.stack("c1", batch[0], enrolment="n2", signers=signers))
    assert world.account("n2").status == "closed"


def broken(world: Exchange, batch: IssuedBatch, how: str) -> None:
    """Bring the first credential of a batch into a state."""
    match how:
        case "E_ERASED":
            put_credential(world.context(), batch.batch_id, 0, Credential(erased_at=1))
        case "E_REVOKED":
            world.revoke(batch, 0, "review")
        case "E_SUSPENDED":
            world.do("credential_status", world.status(batch, "suspend", (0, 1)), "uu registrar")
        case "E_UNCONFIRMED":
            body = KeyRevoke(key_id=key_of("uu", "issuance").key_id, compromised_since=0)
            world.do("key_revoke", body, "uu issuance")
        case "E_CREDENTIAL_EXPIRED":
            stored = world.get(BATCHES, batch.batch_id)
            world.view.put(BATCHES, replace(stored, valid_until="2026-04-04"), batch.batch_id)


@pytest.mark.parametrize(
    "code", ["E_ERASED", "E_REVOKED", "E_SUSPENDED", "E_CREDENTIAL_EXPIRED", "E_UNCONFIRMED"]
)
def test_t30_components_stand(code: str) -> None:
    desk = awards()
    broken(desk.world, desk.own, code)
    desk.world.refused(code, *desk.stack("c1", desk.own[0], desk.own[1]))


def test_t30_components_are_items() -> None:
    desk = awards()
    world, items = desk.world, (desk.own[0], desk.own[1])
    other: PublicKey = holder_key(desk.own.batch_id, 5).public
    forged = replace(items[1], holder_key=other)
    world.refused("E_PROOF", *desk.stack("c1", items[0], forged, holders=holders_of((items[0], desk.own[5]))))
    unknown = replace(items[1], batch_id=uid("nothing"))
    world.refused("E_UNKNOWN_REF", *desk.stack("c1", items[0], unknown, holders=holders_of(items)))
    world.refused("E_BUNDLE_DUPLICATE", *desk.stack("c1", items[0], items[0], holders=holders_of(items[:1])))


def test_t30_only_what_this_party_issued_in_the_awards_framework() -> None:
    desk = awards("4/1")
    world = desk.world
    world.refused("E_SCOPE", *desk.stack("c1", desk.foreign[0]))
    mqf: dict[str, Any] = {"framework": ("mqf", 1), "credits": "4/1", "total_hours": "160/1"}
    programme = world.offer(terms("uu-my", **mqf), end="2026-04-05")
    batch = world.issue(programme, 12, completed_from="2026-04-05", completed_to="2026-04-05")
    world.refused("E_SCOPE", *desk.stack("c1", batch[0]))
    theirs = world.offer(terms("um-ec", "um"), end="2026-04-05")
    foreign = world.issue(theirs, 12, completed_from="2026-04-05", completed_to="2026-04-05")
    world.refused("E_SCOPE", *desk.stack("c1", foreign[0]))  # before anything is summed


def test_t30_awards_on_awards_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accord_ledger.domain.stacking.MAX_DEPTH", 2)
    desk = awards("3/1", enrolments=("e1", "e2", "e3"))
    desk.world.do(*desk.stack("c1", desk.own[0]))
    desk.world.do(*desk.stack("c2", award_batch("c1")[0], enrolment="e2"))
    desk.world.refused("E_SCOPE", *desk.stack("c3", award_batch("c2")[0], enrolment="e3"))


def test_t30_ids_and_positions_come_last() -> None:
    desk = awards(enrolments=("e1", "e2"))
    world = desk.world
    world.do(*desk.stack("c1", desk.own[0], desk.own[1]))
    batch, items = award_batch("c1"), (desk.own[2], desk.own[3])
    for field, value in (("batch_id", batch.batch_id), ("merkle_root", batch.root)):
        world.refused("E_DUPLICATE", *desk.stack("c2", *items, enrolment="e2", **{field: value}))
    taken = {"status_start": 1, "batch_id": batch.batch_id}
    world.refused("E_STATUS_RANGE", *desk.stack("c2", *items, enrolment="e2", **taken))
    world.refused("E_STACK_SHORT", *desk.stack("c2", items[0], enrolment="e2", **taken))


def test_t30_what_is_redeemed_is_a_number_of_a_body() -> None:
    desk = awards("2/1")
    world, items = desk.world, []
    for name, prime in (("one", 999_983), ("two", 999_979)):
        narrow = framework(name, "EU", "EC", ("28/1", "28/1"), f"1/{prime}", parent=("ects", 1))
        world.do("framework_define", FrameworkDefine(terms=narrow), *TWO_THIRDS)
        worth, hours = f"{prime + 1}/{prime}", f"{28 * (prime + 1)}/{prime}"
        odd = terms(f"uu-{name}", framework=(name, 1), credits=worth, total_hours=hours, level=None)
        programme = world.offer(odd, end="2026-04-05")
        day = {"completed_from": "2026-04-05", "completed_to": "2026-04-05"}
        items.append(world.issue(programme, 12, **day)[0])
    world.refused("E_NUMBER", *desk.stack("c1", *items))
    world.do(*desk.stack("c1", items[0], desk.own[0]))


def test_t30_an_older_version_is_finished_and_validity_is_bounded() -> None:
    desk = awards("3/1", validity_months=12)
    desk.world.launch(replace(desk.award, version=2))
    desk.world.do(*desk.stack("c1", desk.own[0]))
    stored = desk.world.get(BATCHES, award_batch("c1").batch_id)
    assert (stored.programme, stored.valid_until) == (("uu-cert", 1), "2027-04-05")
