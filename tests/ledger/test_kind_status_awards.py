"""What T17 and the deadlines do to awards, one level up at a time (DOMAIN.md 2.6, I8)."""

from __future__ import annotations

import pytest

from accord_ledger.domain.kinds.enrolment import EnrolmentCloseBody
from accord_ledger.domain.model.account import REVIEWS
from accord_ledger.domain.model.award import AWARD_REVIEWS
from award_world import Desk, award_batch, awards, slow
from domain_alliance import uid
from exchange_world import Exchange, agreement, fixed

STATUS = "credential_status"
RECEIVERS = ("hnrail", "suny", "um", "uom")


def resting(total: str = "10/1") -> Desk:
    """C1 of own credentials 0 and 1 and recognition R1 of um's 0; used at bcb by X1 if it is worth 6."""
    desk = awards(total)
    desk.take_in("r1", desk.foreign[0])
    desk.world.do(*desk.stack("c1", desk.own[0], desk.own[1]))
    desk.world.do(*desk.take_out("x1", "c1", "4/1"))
    return desk


def spread(desk: Desk) -> list[str]:
    """C1 recognised at four receivers, each under ``receiver`` exclusivity; in order of recognition id."""
    world, item, names = desk.world, award_batch("c1")[0], []
    for receiver in RECEIVERS:
        name = f"x-{receiver}"
        own = world.award(receiver, "76/1", "nl-ects", total_hours="2128/1")
        world.enrol(f"n-{receiver}", receiver, own)
        later = {"sign_by": world.time + 60, "exclusivity": "receiver"}
        world.agree(f"a-{receiver}", agreement("uu", receiver, fixed(target="nl-ects"), **later))
        signers = {"rule": "fixed", "signers": (f"{receiver} registrar",)}
        world.do(*world.use(name, f"n-{receiver}", f"a-{receiver}", [item], "6/1", **signers))
        names.append(name)
    return sorted(names, key=uid)


def states(world: Exchange, names: list[str]) -> list[str]:
    """Status of recognitions, in order."""
    return [world.recognition(name).status for name in names]


def test_t17_reverse_suspends_the_award_above_and_leaves_its_uses() -> None:
    desk = resting()
    world = desk.world
    before = world.execution.weight
    desk.revoke(desk.own, 1, "reverse")
    assert world.execution.weight - before == 20 + 8 + 2 + 8
    review = desk.review("c1")
    assert (review.effect, review.deadline - review.opened_at) == ("reverse", 60 * 86_400)
    assert desk.status("c1") == ("suspended", None)
    assert (world.account("e1").status, world.account("e1").closed_at) == ("open", None)
    assert states(world, ["r1", "x1"]) == ["live", "live"]
    desk.revoke(desk.own, 0, "reverse")
    assert desk.review("c1") == review


def test_t17_reverse_of_a_recognised_credential_suspends_the_award_that_rests_on_it() -> None:
    desk = resting()
    world, before = desk.world, desk.world.execution.weight
    desk.revoke(desk.foreign, 0, "reverse")
    assert world.execution.weight - before == 40 + 8 + 2 + 8 * 2
    assert (states(world, ["r1", "x1"]), desk.status("c1")) == (["reversed", "live"], ("suspended", None))
    desk.take_in("r2", desk.foreign[1])
    world.do(*desk.decide("award", "c1", "restack", desk.own[0], desk.own[1]))
    assert desk.kept("c1").recognised == "4/1"


@pytest.mark.parametrize("decided", [True, False])
def test_a_reversal_after_review_suspends_the_award_above(decided: bool) -> None:
    desk = resting()
    world = desk.world
    desk.revoke(desk.foreign, 0, "review")
    assert (desk.kept("c1").status, world.get(AWARD_REVIEWS, award_batch("c1").batch_id)) == (
        "conferred",
        None,
    )
    if decided:
        world.do(*desk.decide("recognition", "r1", "reverse"))
    else:
        world.at("2026-06-04")
    assert (world.recognition("r1").reason, desk.status("c1")) == ("review", ("suspended", None))
    world.refused("E_REVIEW_FRAUD", *desk.decide("award", "c1", "uphold"))


def test_t17_review_asks_about_own_components_and_uses() -> None:
    desk = resting()
    desk.revoke(desk.own, 0, "review")
    assert (desk.review("c1").effect, desk.status("c1")) == ("review", ("valid", None))
    first = desk.review("c1")
    desk.world.at("2026-04-06")
    desk.revoke(desk.own, 1, "review")
    assert desk.review("c1") == first
    assert states(desk.world, ["x1"]) == ["live"]


def test_a_milder_review_becomes_one_that_cannot_uphold() -> None:
    desk = resting()
    desk.revoke(desk.own, 0, "review")
    desk.world.at("2026-05-05")
    desk.revoke(desk.own, 1, "reverse")
    assert (desk.review("c1").effect, desk.review("c1").opened_at) == ("reverse", desk.world.time)
    desk.world.at("2026-06-05")  # the first deadline is over, the second is not
    assert desk.status("c1") == ("suspended", None)
    desk.revoke(desk.own, 2, "review")
    desk.world.at("2026-07-04")
    assert desk.status("c1") == ("revoked", "reverse")


def test_the_deadline_revokes_a_suspended_award_and_reverses_above() -> None:
    desk = resting()
    world = desk.world
    desk.revoke(desk.own, 0, "reverse")
    world.at("2026-06-04")
    assert (desk.status("c1"), desk.review("c1").status) == (("revoked", "reverse"), "revoked")
    assert (states(world, ["r1", "x1"]), world.account("n1").recognised) == (["live", "reversed"], "0/1")
    assert (world.account("e1").status, world.account("e1").conferred) == ("open", None)
    world.do(*world.use("r3", "n1", "a1", [desk.own[1]], "2/1"))


def test_the_deadline_of_a_review_revokes_with_review() -> None:
    desk = resting()
    world = desk.world
    desk.revoke(desk.own, 0, "review")
    world.at("2026-06-04")
    assert (desk.status("c1"), states(world, ["x1"])) == (("revoked", "review"), ["live"])
    assert world.get(REVIEWS, uid("x1")).status == "open"
    held = world.use("r3", "n1", "a1", [desk.own[1]], "2/1")
    world.refused("E_LINEAGE_SPENT", *held)  # until the award has no live spend
    world.do(*desk.decide("recognition", "x1", "reverse", signers=("bcb registrar",)))
    world.do(*world.use("r3", "n1", "a1", [desk.own[1]], "2/1"))


def test_awards_on_awards_follow_one_level_at_a_time() -> None:
    desk = awards("3/1", enrolments=("e1", "e2", "e3"))
    world = desk.world
    world.do(*desk.stack("c1", desk.own[0]))
    world.do(*desk.stack("c2", award_batch("c1")[0], enrolment="e2"))
    world.do(*desk.stack("c3", award_batch("c2")[0], enrolment="e3"))
    desk.revoke(desk.own, 0, "reverse")
    assert [desk.status(name)[0] for name in ("c1", "c2", "c3")] == ["suspended", "valid", "valid"]
    world.at("2026-06-04")
    assert [desk.status(name)[0] for name in ("c1", "c2", "c3")] == ["revoked", "suspended", "valid"]
    world.at("2026-08-03")
    assert [desk.status(name)[0] for name in ("c1", "c2", "c3")] == ["revoked", "revoked", "suspended"]


def test_t17_revokes_an_award_itself() -> None:
    desk = resting()
    world, body = desk.world, desk.world.status(award_batch("c1"), "revoke", (0, 1), effect="reverse")
    before = world.execution.weight
    world.do(STATUS, body, "uu registrar", "uu quality")
    assert world.execution.weight - before == 20 + 8 + 2 + 8
    assert (desk.kept("c1").status, states(world, ["r1", "x1"])) == ("revoked", ["live", "reversed"])
    assert (world.account("e1").status, world.account("e1").conferred) == ("open", None)
    world.do(*desk.stack("c2", desk.own[0], desk.own[1]))
    assert desk.kept("c2").recognised == "4/1"


def test_t17_ordinary_suspension_of_an_award() -> None:
    desk = resting()
    for action, status in (("suspend", "suspended"), ("reinstate", "valid")):
        body = desk.world.status(award_batch("c1"), action, (0, 1))
        desk.world.do(STATUS, body, "uu registrar")
        assert (desk.status("c1"), desk.kept("c1").status) == ((status, None), "conferred")


def test_the_reverse_at_a_deadline_takes_one_use_at_a_time() -> None:
    desk = awards()
    world = desk.world
    world.do(*desk.stack("c1", desk.own[0], desk.own[1]))
    names = spread(desk)
    desk.revoke(desk.own, 0, "reverse")
    slow(world.at("2026-05-01"))
    world.at("2026-06-04")
    for done in range(len(names)):
        assert states(world, names) == ["reversed"] * (done + 1) + ["live"] * (len(names) - done - 1)
        assert desk.status("c1") == ("suspended", None)  # I8 holds on the way
        world.refused("E_STATE", *desk.decide("award", "c1", "restack", desk.own[2], desk.own[3]))
        world.at("2026-06-04", seconds=1)
    assert desk.status("c1") == ("revoked", "reverse")


def test_the_reviews_after_a_deadline_open_one_at_a_time() -> None:
    desk = awards()
    world = desk.world
    world.do(*desk.stack("c1", desk.own[0], desk.own[1]))
    names = spread(desk)
    desk.revoke(desk.own, 0, "review")
    slow(world.at("2026-05-01"))
    for done in range(len(names) + 1):
        world.at("2026-06-04", seconds=done)
        assert desk.status("c1") == ("revoked", "review")
        opened = [world.get(REVIEWS, uid(name)) is not None for name in names]
        assert opened == [True] * done + [False] * (len(names) - done)
    world.at("2026-06-05")
    assert len(desk.row(award_batch("c1"), 0).spends) == len(names)


def test_t17_weighs_what_it_sets_off() -> None:
    desk = awards()
    desk.world.do(*desk.stack("c1", desk.own[0], desk.own[1]))
    spread(desk)
    before = desk.world.execution.weight
    desk.revoke(award_batch("c1"), 0, "reverse")
    assert desk.world.execution.weight - before == 20 + 8 + 2 + 8 * len(RECEIVERS)
    assert set(states(desk.world, [f"x-{receiver}" for receiver in RECEIVERS])) == {"reversed"}


def test_a_closed_account_reopens_with_its_award() -> None:
    desk = awards()
    world = desk.world
    world.do(*desk.stack("c1", desk.own[0], desk.own[1]))
    desk.revoke(desk.own, 0, "reverse")
    world.do("enrolment_close", EnrolmentCloseBody(enrolment=uid("e1")), "uu registrar")
    world.do(*desk.decide("award", "c1", "restack", desk.own[1], desk.own[2]))
    assert world.account("e1").status == "closed"
