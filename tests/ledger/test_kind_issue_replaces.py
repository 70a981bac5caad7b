"""T16 with ``replaces``: corrections inherit what the old credentials were used for (DOMAIN.md 2.6)."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from accord_ledger.domain.credentials import credential_of, put_credential, standing_of
from accord_ledger.domain.kinds.agreement import TerminateBody
from accord_ledger.domain.kinds.issue import IssueBody
from accord_ledger.domain.model.account import REVIEWS
from accord_ledger.domain.model.credential import CREDENTIALS, Credential, Interval
from accord_ledger.domain.model.programme import YEAR_COUNTS
from accord_ledger.domain.programme_life import change_programme_status
from accord_ledger.domain.replacement import Replacement
from award_world import Desk, award_batch, awards
from domain_alliance import uid
from domain_world import terms
from exchange_world import Exchange, IssuedBatch, exchange

ISSUE, UU, REGISTRAR = "credential_issue", "uu issuance", "uu registrar"


def correction(world: Exchange, batch: IssuedBatch, *ranges: tuple[int, int], **changes: Any) -> IssueBody:
    """A batch called ``new`` in place of these credentials."""
    count = sum(end - start for start, end in ranges)
    spans = tuple(Interval(start=start, end=end) for start, end in ranges)
    values: dict[str, Any] = {
        "replaces": Replacement(batch_id=batch.batch_id, ranges=spans),
        "single": True,
    }
    return world.issue_body(world.terms_of("uu-ds"), IssuedBatch.make("new", count), **values | changes)


def test_t16_replaces_revokes_the_old_and_hands_over_its_uses() -> None:
    world, batch = exchange()
    world.do(*world.use("r1", "n1", "a1", [batch[3], batch[0]], "4/1"))
    before, issued = world.execution.weight, world.get(YEAR_COUNTS, "uu-ds", 2026).issued
    world.do(ISSUE, correction(world, batch, (1, 5), (9, 10)), UU)
    assert world.execution.weight - before == 10 + 16 + 8
    assert world.get(YEAR_COUNTS, "uu-ds", 2026).issued == issued
    old, new = standing_of(world.view, batch.batch_id, 3), uid("batch new")
    assert (old.status, old.effect, old.replaced) == ("revoked", None, True)
    assert standing_of(world.view, batch.batch_id, 0).status == "valid"
    assert world.get(CREDENTIALS, batch.batch_id, 3) is None
    assert [spend.recognition for spend in credential_of(world.view, new, 2).spends] == [uid("r1")]
    kept = [(item.batch_id, item.index) for item in world.recognition("r1").items]
    assert kept == [(new, 2), (batch.batch_id, 0)]
    assert (world.recognition("r1").status, world.account("n1").recognised) == ("live", "4/1")


def test_t16_a_replacement_is_spent_as_the_old_one_was() -> None:
    world, batch = exchange()
    world.do(*world.use("r1", "n1", "a1", [batch[1]], "2/1"))
    world.do(ISSUE, correction(world, batch, (1, 3)), UU)
    new = IssuedBatch.make("new", 2)
    world.refused("E_REVOKED", *world.use("r2", "n1", "a1", [batch[2]], "2/1"))
    world.refused("E_ALREADY_REDEEMED", *world.use("r2", "n1", "a1", [new[0]], "2/1"))
    world.do(*world.use("r2", "n1", "a1", [new[1]], "2/1"))
    world.revoke(new, 0, "reverse")
    assert world.account("n1").recognised == "2/1"


def test_t16_a_replacement_inherits_lineage() -> None:
    world, batch = exchange()
    put_credential(world.context(), batch.batch_id, 1, Credential(stacked_into=uid("award")))
    world.do(ISSUE, correction(world, batch, (1, 2)), UU)
    assert credential_of(world.view, uid("batch new"), 0).stacked_into == uid("award")


def test_t16_a_replacement_counts_as_issued_with_the_old_one() -> None:
    world, batch = exchange()
    world.do(
        "agreement_terminate", TerminateBody(agreement_id="a1", effective_date="2026-10-02"), "uu agreements"
    )
    world.at("2026-05-01")
    world.do(ISSUE, correction(world, batch, (0, 1)), UU)
    new = IssuedBatch.make("new", 1)
    other = replace(
        correction(world, new, (0, 1), status_start=50), batch_id=uid("again"), merkle_root=b"\x07" * 32
    )
    world.at("2026-11-01")
    world.do(*world.use("r1", "n1", "a1", [new[0]], "2/1"))
    world.do(ISSUE, other, UU)  # a replacement of a replacement


def test_t16_replaces_after_a_review_closes_it_upheld() -> None:
    world, batch = exchange()
    world.do(*world.use("r1", "n1", "a1", [batch[0]], "2/1"))
    world.do("credential_status", world.status(batch, "revoke", (0, 1), effect="review"), REGISTRAR)
    world.do(ISSUE, correction(world, batch, (0, 1)), UU)
    assert world.get(REVIEWS, uid("r1")).status == "upheld"
    world.at("2026-07-01")
    assert world.recognition("r1").status == "live"


def test_t16_replaces_skips_version_to_courses_and_nothing_else() -> None:
    world, batch = exchange()
    change_programme_status(world.context(), "uu-ds", "withdrawn")
    world.at("2027-04-05")
    world.refused("E_BATCH_SIZE", ISSUE, correction(world, batch, (0, 1), single=False), UU)
    world.refused("E_STATUS_RANGE", ISSUE, correction(world, batch, (0, 1), status_start=0), UU)
    world.refused("E_SIG_MISSING", ISSUE, correction(world, batch, (0, 1)), "um issuance", author="um")
    world.do(ISSUE, correction(world, batch, (0, 1)), UU)


@pytest.mark.parametrize(
    "changes",
    [
        {"completed_to": "2026-03-24"},
        {"completed_from": "2026-03-01"},
        {"count": 3},
        {"replaces": Replacement(batch_id=uid("nothing"), ranges=(Interval(start=0, end=2),))},
    ],
)
def test_t16_replaces_one_batch_of_the_same_dates_one_for_one(changes: dict[str, Any]) -> None:
    world, batch = exchange()
    world.refused("E_REPLACES", ISSUE, correction(world, batch, (0, 2), **changes), UU)


def test_t16_replaces_values_and_bounds() -> None:
    world, batch = exchange()
    world.refused("E_VALUE", ISSUE, correction(world, batch, (2, 3), (0, 1)), UU)
    world.refused("E_REPLACES", ISSUE, correction(world, batch, (11, 13)), UU)
    other = world.offer(terms("uu-other"), end="2026-04-05")
    body = replace(correction(world, batch, (0, 1)), programme=(other.programme_id, 1))
    world.refused("E_REPLACES", ISSUE, body, UU)


@pytest.mark.parametrize(("action", "effect"), [("suspend", None), ("revoke", "reverse")])
def test_t16_replaces_only_what_can_be_corrected(action: str, effect: Any) -> None:
    world, batch = exchange()
    world.do("credential_status", world.status(batch, action, (1, 2), effect=effect), REGISTRAR, "uu quality")
    world.refused("E_REPLACES", ISSUE, correction(world, batch, (0, 2)), UU)


def test_t16_replaces_each_once_and_before_duplicates() -> None:
    world, batch = exchange()
    world.do("credential_status", world.status(batch, "revoke", (0, 1), effect="review"), REGISTRAR)
    world.do(ISSUE, correction(world, batch, (0, 1)), UU)
    again = correction(world, batch, (0, 1), status_start=40)
    world.refused("E_REPLACES", ISSUE, again, UU)
    world.refused("E_DUPLICATE", ISSUE, correction(world, batch, (1, 2), status_start=40), UU)


def conferred() -> Desk:
    """Award C1 of uu's credentials 0 and 1, and a fresh position for the batch that corrects them."""
    desk = awards()
    desk.world.do(*desk.stack("c1", desk.own[0], desk.own[1]))
    return desk


def test_t16_a_corrected_component_stays_in_its_award() -> None:
    desk = conferred()
    world = desk.world
    before = world.execution.weight
    world.do(ISSUE, correction(world, desk.own, (0, 1)), UU)
    assert world.execution.weight - before == 10 + 16 + 8
    new = uid("batch new")
    assert [(item.batch_id, item.index) for item in desk.kept("c1").components] == [
        (new, 0),
        (desk.own.batch_id, 1),
    ]
    corrected = IssuedBatch.make("new", 1)
    world.refused("E_LINEAGE_SPENT", *world.use("r1", "n1", "a1", [corrected[0]], "2/1"))
    world.revoke(corrected, 0, "reverse")
    assert desk.status("c1") == ("suspended", None)


def test_t16_replaces_closes_the_review_of_an_award_upheld() -> None:
    desk = conferred()
    desk.revoke(desk.own, 0, "review")
    desk.world.do(ISSUE, correction(desk.world, desk.own, (0, 1)), UU)
    assert desk.review("c1").status == "upheld"
    desk.world.at("2026-06-10")
    assert desk.kept("c1").status == "conferred"


def test_t16_replaces_a_suspended_component_holds_no_review_open() -> None:
    desk = conferred()
    world = desk.world
    desk.revoke(desk.own, 0, "review")
    world.do("credential_status", world.status(desk.own, "suspend", (1, 2)), "uu registrar")
    world.do(ISSUE, correction(world, desk.own, (0, 1)), UU)
    assert desk.review("c1").status == "upheld"


def test_t16_replaces_closes_no_review_of_something_else() -> None:
    desk = conferred()
    world = desk.world
    desk.revoke(desk.own, 0, "review")
    desk.revoke(desk.own, 1, "review")
    world.do(ISSUE, correction(world, desk.own, (0, 1)), UU)
    assert desk.review("c1").status == "open"  # credential 1 is still in question
    both = replace(correction(world, desk.own, (1, 2), status_start=50), batch_id=uid("b"))
    world.do(ISSUE, replace(both, merkle_root=b"\x07" * 32), UU)
    assert desk.review("c1").status == "upheld"


def test_t16_replaces_lifts_no_suspension() -> None:
    desk = awards("10/1")
    desk.take_in("r1", desk.foreign[0])
    desk.world.do(*desk.stack("c1", desk.own[0], desk.own[1]))
    desk.revoke(desk.foreign, 0, "reverse")
    desk.world.do(ISSUE, correction(desk.world, desk.own, (1, 2)), UU)
    assert (desk.review("c1").status, desk.status("c1")) == ("open", ("suspended", None))


def test_t16_replaces_part_of_a_recognition_under_review() -> None:
    world, batch = exchange()
    world.do(*world.use("r1", "n1", "a1", [batch[0], batch[1]], "4/1"))
    world.do("credential_status", world.status(batch, "revoke", (0, 2), effect="review"), REGISTRAR)
    world.do(ISSUE, correction(world, batch, (0, 1)), UU)
    assert world.get(REVIEWS, uid("r1")).status == "open"


def test_t16_replaces_what_is_in_question_now_and_not_what_was_upheld() -> None:
    desk = conferred()
    desk.revoke(desk.own, 1, "review")
    desk.world.do(*desk.decide("award", "c1", "uphold"))
    desk.world.at("2026-04-06")
    desk.revoke(desk.own, 0, "review")
    desk.world.do(ISSUE, correction(desk.world, desk.own, (0, 1)), UU)
    assert desk.review("c1").status == "upheld"


def test_t16_replaces_no_award() -> None:
    desk = conferred()
    spans = (Interval(start=0, end=1),)
    body = desk.world.issue_body(
        desk.award,
        IssuedBatch.make("new", 1),
        single=True,
        replaces=Replacement(batch_id=award_batch("c1").batch_id, ranges=spans),
    )
    desk.world.refused("E_UNKNOWN_REF", ISSUE, body, UU)
