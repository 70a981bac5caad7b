"""T31 review_decide: who decides what until when (DOMAIN.md 2.4, 2.6)."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from accord_ledger.domain.kinds.review import ReviewBody
from accord_ledger.domain.model.account import REVIEWS
from accord_ledger.domain.programme_life import change_programme_status
from award_world import CONFERRING, Desk, award_batch, awards, slow
from domain_alliance import uid
from exchange_world import Exchange, IssuedBatch, exchange

DECIDE, BCB = "review_decide", "bcb registrar"


def reviewed(*names: str) -> tuple[Exchange, IssuedBatch]:
    """R1 of credentials 0 and 1 in N1, under review from 2026-04-05 to 2026-06-04; others of one each."""
    world, batch = exchange()
    world.do(*world.use("r1", "n1", "a1", [batch[0], batch[1]], "4/1"))
    for place, name in enumerate(names):
        world.do(*world.use(name, "n1", "a1", [batch[2 + place]], "2/1"))
    body = world.status(batch, "revoke", (1, 2 + len(names)), effect="review")
    world.do("credential_status", body, "uu registrar")
    return world, batch


def decision(what: Any, name: str = "r1", **changes: Any) -> ReviewBody:
    """About a recognition."""
    return replace(ReviewBody(subject="recognition", review=uid(name), decision=what), **changes)


def suspended(total: str = "6/1", *takers: str) -> Desk:
    """Award C1 of uu's credentials 0 and 1, used by recognitions of these names; then 0 was fraud."""
    desk = awards(total)
    desk.world.do(*desk.stack("c1", desk.own[0], desk.own[1]))
    for name in takers:
        desk.world.do(*desk.take_out(name, "c1", "4/1"))
    desk.revoke(desk.own, 0, "reverse")
    return desk


def test_t31_a_recognition_is_upheld() -> None:
    world, _ = reviewed()
    before = world.execution.weight
    world.do(DECIDE, decision("uphold"), BCB)
    assert world.execution.weight - before == 10 + 8 + 4 * 2
    assert (world.get(REVIEWS, uid("r1")).status, world.recognition("r1").status) == ("upheld", "live")
    world.at("2026-06-10")
    assert world.recognition("r1").status == "live"
    world.refused("E_STATE", DECIDE, decision("reverse"), BCB)


def test_t31_a_recognition_is_reversed() -> None:
    world, batch = reviewed()
    world.do(DECIDE, decision("reverse"), BCB)
    assert (world.get(REVIEWS, uid("r1")).status, world.recognition("r1").reason) == ("reversed", "review")
    assert world.account("n1").recognised == "0/1"
    world.do(*world.use("r2", "n1", "a1", [batch[0]], "2/1"))


def test_t31_before_the_deadline_only() -> None:
    world, _ = reviewed("r2")
    slow(world)
    world.at("2026-06-03", seconds=86_399)
    world.do(DECIDE, decision("uphold"), BCB)
    world.at("2026-06-04")  # the one due effect of this block finds R1 decided
    assert world.get(REVIEWS, uid("r2")).status == "open"
    world.refused("E_STATE", DECIDE, decision("uphold", "r2"), BCB)
    world.at("2026-06-04", seconds=1)
    assert world.recognition("r2").status == "reversed"


def test_t31_names_and_values() -> None:
    world, batch = reviewed()
    world.refused("E_UNKNOWN_REF", DECIDE, decision("uphold", "r9"), BCB)
    for body in (
        decision("restack"),
        decision("revoke"),
        decision("reverse", subject="award"),
        decision("uphold", components=(batch[0],)),
    ):
        world.refused("E_VALUE", DECIDE, body, BCB)
    unreviewed, _ = exchange()
    unreviewed.do(*unreviewed.use("r1", "n1", "a1", [batch[0]], "2/1"))
    unreviewed.refused("E_UNKNOWN_REF", DECIDE, decision("uphold"), BCB)
    unreviewed.refused("E_UNKNOWN_REF", DECIDE, decision("uphold", subject="award"), BCB)


def test_t31_the_receivers_registrar_decides() -> None:
    world, _ = reviewed()
    for signer in ("uu registrar", "bcb agreements"):
        world.refused("E_SIG_MISSING", DECIDE, decision("uphold"), signer)
    world.set_party("bcb", "suspended")
    world.refused("E_PARTY_STATUS", DECIDE, decision("uphold"), BCB)
    world.do(DECIDE, decision("reverse"), BCB)


def test_t31_a_suspended_award_is_not_upheld() -> None:
    desk = suspended()
    world = desk.world
    assert (desk.status("c1"), desk.kept("c1").status) == (("suspended", None), "suspended")
    world.refused("E_REVIEW_FRAUD", *desk.decide("award", "c1", "uphold"))
    world.refused("E_SIG_MISSING", *desk.decide("award", "c1", "uphold", signers=("um registrar",)))
    for action, effect in (("reinstate", None), ("suspend", None), ("revoke", "review")):
        body = world.status(award_batch("c1"), action, (0, 1), effect=effect)
        world.refused("E_STATE", "credential_status", body, "uu registrar", "uu quality")
    world.refused("E_SUSPENDED", *desk.take_out("x1", "c1", "4/1"))


def test_t17_a_suspended_award_may_be_revoked_with_reverse() -> None:
    desk = suspended("6/1", "x1")
    desk.revoke(award_batch("c1"), 0, "reverse")
    assert (desk.kept("c1").status, desk.review("c1").status) == ("revoked", "revoked")
    assert desk.world.recognition("x1").status == "reversed"


def test_t31_restacking_lifts_the_suspension() -> None:
    desk = suspended()
    world, old, new = desk.world, desk.own[1], desk.own[2]
    account = world.account("e1")
    assert (account.status, account.conferred) == ("open", award_batch("c1").batch_id)
    world.refused("E_STATE", *desk.stack("c2", new, desk.own[3]))
    before = world.execution.weight
    world.do(*desk.decide("award", "c1", "restack", old, new))
    assert world.execution.weight - before == 4 * 10 + 24 + 2 * 12
    assert (desk.status("c1"), desk.review("c1").status) == (("valid", None), "restacked")
    assert [item.index for item in desk.kept("c1").components] == [1, 2]
    assert desk.row(desk.own, 0).stacked_into is None
    assert world.account("e1").status == "closed"
    world.at("2026-06-10")
    assert desk.kept("c1").status == "conferred"


def test_t31_restacking_is_checked_as_stacking() -> None:
    desk = suspended()
    world, old, new = desk.world, desk.own[1], desk.own[2]
    restack: Any = "restack"
    world.refused("E_SIG_MISSING", *desk.decide("award", "c1", restack, old, new, signers=CONFERRING[:1]))
    world.refused("E_STACK_SHORT", *desk.decide("award", "c1", restack, old))
    world.refused("E_REVOKED", *desk.decide("award", "c1", restack, old, desk.own[0]))
    theirs = ("um registrar", "um academic_committee", *CONFERRING)
    world.refused("E_UNKNOWN_REF", *desk.decide("award", "c1", restack, old, new, signers=theirs))
    _, body, *signers = desk.decide("award", "c1", restack, old, old)
    world.refused("E_BUNDLE_DUPLICATE", DECIDE, body, *signers[:-1])
    _, body, *signers = desk.decide("award", "c1", restack, old, new)
    world.refused("E_HOLDER_SIG", DECIDE, body, *signers[:-1])
    change_programme_status(world.context(), "uu-cert", "retired")
    world.refused("E_PROGRAMME_STATUS", *desk.decide("award", "c1", restack, old, new))


def test_t31_restacking_takes_what_was_recognised_since() -> None:
    desk = suspended()
    world = desk.world
    desk.take_in("r1", desk.foreign[0], claimed="4/1")
    world.do(*desk.decide("award", "c1", "restack", desk.own[1]))
    kept = desk.kept("c1")
    assert (kept.redeemable, kept.recognised) == ("3/1", "4/1")
    assert world.recognition("r1").stacked_into == award_batch("c1").batch_id


def test_t31_an_award_in_use_keeps_its_worth() -> None:
    desk = suspended("6/1", "x1")
    world, old, new = desk.world, desk.own[1], desk.own[2]
    desk.take_in("r1", desk.foreign[0])
    world.refused("E_STATE", *desk.decide("award", "c1", "restack", old))
    world.do(*desk.decide("award", "c1", "restack", old, new))
    assert world.recognition("x1").status == "live"


def test_t31_an_issuers_own_suspension_outlives_the_review() -> None:
    desk = awards()
    world = desk.world
    world.do(*desk.stack("c1", desk.own[0], desk.own[1]))
    world.do("credential_status", world.status(award_batch("c1"), "suspend", (0, 1)), "uu registrar")
    desk.revoke(desk.own, 0, "reverse")
    world.do(*desk.decide("award", "c1", "restack", desk.own[1], desk.own[2]))
    assert desk.status("c1") == ("suspended", None)
    world.do("credential_status", world.status(award_batch("c1"), "reinstate", (0, 1)), "uu registrar")


def test_t31_revoking_acts_one_level_up() -> None:
    desk = suspended("6/1", "x1")
    world = desk.world
    before = world.execution.weight
    world.do(*desk.decide("award", "c1", "revoke"))
    assert world.execution.weight - before == 10 + 8 + 8
    assert (desk.status("c1"), desk.review("c1").status) == (("revoked", "reverse"), "revoked")
    assert (world.recognition("x1").status, world.account("n1").recognised) == ("reversed", "0/1")
    assert (world.account("e1").status, world.account("e1").conferred) == ("open", None)
    world.refused("E_REVOKED", *desk.take_out("x2", "c1", "4/1"))
    world.refused("E_STATE", *desk.decide("award", "c1", "revoke"))
    world.do(*world.use("r2", "n1", "a1", [desk.own[1]], "2/1"))  # free again
    world.do(*desk.stack("c2", desk.own[2], desk.own[3]))


def test_t31_a_suspended_issuer_may_revoke_and_nothing_else() -> None:
    desk = suspended()
    desk.world.set_party("uu", "suspended")
    restack = desk.decide("award", "c1", "restack", desk.own[1], desk.own[2])
    desk.world.refused("E_PARTY_STATUS", *restack)
    desk.world.do(*desk.decide("award", "c1", "revoke"))


def test_t31_an_award_under_review_is_upheld_or_restacked() -> None:
    for what, items in (("uphold", ()), ("restack", (1, 2))):
        desk = awards()
        desk.world.do(*desk.stack("c1", desk.own[0], desk.own[1]))
        desk.revoke(desk.own, 0, "review")
        assert (desk.review("c1").effect, desk.status("c1")) == ("review", ("valid", None))
        assert desk.world.account("e1").status == "closed"
        choice: Any = what
        desk.world.do(*desk.decide("award", "c1", choice, *(desk.own[index] for index in items)))
        desk.world.at("2026-06-10")
        assert (desk.kept("c1").status, desk.status("c1")) == ("conferred", ("valid", None))
        assert desk.review("c1").status == {"uphold": "upheld", "restack": "restacked"}[what]


def test_t31_no_award_is_built_on_itself() -> None:
    desk = awards("3/1", enrolments=("e1", "e2", "e3"))
    world = desk.world
    world.do(*desk.stack("c1", desk.own[0]))
    world.do(*desk.stack("c2", award_batch("c1")[0], enrolment="e2"))
    desk.revoke(desk.own, 0, "review")
    world.refused("E_SCOPE", *desk.decide("award", "c1", "restack", award_batch("c2")[0]))
    world.do(*desk.stack("c3", desk.own[2], enrolment="e3"))
    desk.revoke(desk.own, 2, "review")
    world.refused("E_SCOPE", *desk.decide("award", "c3", "restack", award_batch("c3")[0]))
    world.do(*desk.decide("award", "c1", "restack", desk.own[1]))


def test_t31_an_award_that_no_other_holds_may_come_to_stand_higher() -> None:
    desk = awards("3/1", enrolments=("e1", "e2"))
    world = desk.world
    world.do(*desk.stack("c1", desk.own[0]))
    world.do(*desk.stack("c2", desk.own[1], enrolment="e2"))
    desk.revoke(desk.own, 0, "review")
    world.do(*desk.decide("award", "c1", "restack", award_batch("c2")[0]))
    assert (desk.kept("c1").depth, desk.kept("c2").depth) == (2, 1)


@pytest.mark.parametrize("effect", ["reverse", "review"])
def test_t31_what_a_revoked_component_held_may_take_its_place(effect: Any) -> None:
    desk = awards("3/1", enrolments=("e1", "e2"))
    world = desk.world
    world.do(*desk.stack("c1", desk.own[0]))
    world.do(*desk.stack("c2", award_batch("c1")[0], enrolment="e2"))
    desk.revoke(award_batch("c1"), 0, effect)
    world.refused("E_LINEAGE_SPENT", *world.use("r1", "n1", "a1", [desk.own[0]], "2/1"))
    world.do(*desk.decide("award", "c2", "restack", desk.own[0]))
    assert desk.row(desk.own, 0).stacked_into == award_batch("c2").batch_id
    assert desk.row(award_batch("c1"), 0).stacked_into is None
