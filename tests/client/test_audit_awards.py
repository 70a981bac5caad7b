"""Awards and reviews: one row that says something else, and one check that finds it."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from accord_ledger.domain.model.account import ENROLMENTS, RECOGNITIONS, REVIEWS
from accord_ledger.domain.model.award import AWARD_REVIEWS, AWARDS
from accord_ledger.domain.model.credential import (
    BATCHES,
    CREDENTIALS,
    STANDING_PAGES,
    Credential,
    Spend,
    Standing,
    StandingPage,
    StandingSpan,
)
from audit_rows import RowWatch, Write
from award_world import Desk, award_batch, awards
from domain_alliance import uid

C1 = (award_batch("c1").batch_id,)
C2 = (award_batch("c2").batch_id,)
E1 = (uid("e1"),)


def conferred() -> tuple[Desk, RowWatch]:
    """``c1`` from one own credential (3) and a recognition of 4; the block is closed."""
    desk = awards("6/1", enrolments=("e1", "e2"))
    desk.take_in("r1", desk.foreign[0])
    desk.world.do(*desk.stack("c1", desk.own[0]))
    return desk, RowWatch(desk.world)


def under_review(effect: Any) -> tuple[Desk, RowWatch]:
    """As :func:`conferred`; then the award's own component was revoked."""
    desk = awards("6/1", enrolments=("e1",))
    desk.take_in("r1", desk.foreign[0])
    desk.world.do(*desk.stack("c1", desk.own[0]))
    desk.revoke(desk.own, 0, effect)
    return desk, RowWatch(desk.world)


def _standing(status: Any, effect: Any = None) -> StandingPage:
    span = StandingSpan(start=0, end=1, standing=Standing(status=status, effect=effect))
    return StandingPage(spans=(span,))


def test_an_honest_award_breaks_nothing() -> None:
    _, watched = conferred()
    award = watched.get(AWARDS, *C1)
    assert watched.codes((AWARDS, award, C1)) == set()
    assert watched.codes((ENROLMENTS, watched.get(ENROLMENTS, *E1), E1)) == set()


def test_i1_a_component_that_was_recognised_too() -> None:
    desk, watched = conferred()
    place = (desk.own.batch_id, 0)
    spent = Credential(spends=(Spend(recognition=uid("r9"), receiver="bcb", exclusivity="alliance"),))
    row = replace(watched.get(CREDENTIALS, *place), spends=spent.spends)
    assert watched.codes((CREDENTIALS, row, place)) == {"I1"}


def test_i1_a_component_of_two_awards() -> None:
    desk = awards("6/1", enrolments=("e1", "e2"))
    desk.world.do(*desk.stack("c1", desk.own[0], desk.own[1]))
    desk.world.do(*desk.stack("c2", desk.own[2], desk.own[3], enrolment="e2"))
    watched = RowWatch(desk.world)
    second = watched.get(AWARDS, *C2)
    shared = replace(second, components=(watched.get(AWARDS, *C1).components[0], second.components[1]))
    assert watched.codes((AWARDS, shared, C2)) == {"I1"}


def test_i1_a_component_that_was_not_marked() -> None:
    desk, watched = conferred()
    assert watched.codes((CREDENTIALS, None, (desk.own.batch_id, 0))) == {"I1"}


def test_i1_what_a_revoked_award_held_is_free_unless_it_is_spent() -> None:
    """Then the component may be recognised; until then the award holds it (DOMAIN.md 2.6)."""
    desk, watched = conferred()
    place = (desk.own.batch_id, 0)
    spends = (Spend(recognition=uid("r9"), receiver="bcb", exclusivity="alliance"),)
    used: Write = (CREDENTIALS, replace(watched.get(CREDENTIALS, *place), spends=spends), place)
    account = (ENROLMENTS, replace(watched.get(ENROLMENTS, *E1), status="open", conferred=None), E1)
    gone = replace(watched.get(AWARDS, *C1), status="revoked")
    revoked: list[Write] = [(AWARDS, gone, C1), (STANDING_PAGES, _standing("revoked", "review"), (*C1, 0))]
    live: Write = (CREDENTIALS, Credential(spends=spends), (*C1, 0))
    names = [str(one) for one in watched.after(*revoked, account, used) if "award's component" in str(one)]
    assert names == []
    later = conferred()[1]
    assert any("award's component" in str(one) for one in later.after(*revoked, account, used, live))


def test_i8_a_conferred_award_on_a_component_revoked_with_reverse() -> None:
    desk, watched = conferred()
    assert watched.codes((STANDING_PAGES, _standing("revoked", "review"), (desk.own.batch_id, 0))) == set()
    assert watched.codes((STANDING_PAGES, _standing("revoked", "reverse"), (desk.own.batch_id, 0))) == {"I8"}


def test_i9_an_award_that_is_worth_more_than_its_components() -> None:
    _, watched = conferred()
    award = watched.get(AWARDS, *C1)
    assert watched.codes((AWARDS, replace(award, redeemable="7/1"), C1)) == {"I9"}
    rich = (replace(award.components[0], credits="4/1"),)
    assert watched.codes((AWARDS, replace(award, components=rich, redeemable="4/1"), C1)) == {"I9"}


def test_i9_an_award_is_consumed_up_to_what_it_redeems() -> None:
    """bcb takes the award of 3 own credits for 21/10 of its own; the 4 recognised ones count nothing."""
    desk = awards("6/1", enrolments=("e1",))
    desk.take_in("r1", desk.foreign[0])
    desk.world.do(*desk.stack("c1", desk.own[0]))
    desk.world.do(*desk.take_out("r2", "c1", "2/1"))
    watched = RowWatch(desk.world)
    row = watched.get(RECOGNITIONS, uid("r2"))
    assert watched.codes((RECOGNITIONS, row, (uid("r2"),))) == set()
    more = replace(row, items=(replace(row.items[0], credits="7/1"),))
    found = [one.check for one in watched.after((RECOGNITIONS, more, (uid("r2"),)))]
    assert found == ["I3", "I9"]  # worth more than it is, and more than there is


def test_awards_another_sum_of_what_it_rests_on() -> None:
    _, watched = conferred()
    assert watched.codes((AWARDS, replace(watched.get(AWARDS, *C1), recognised="5/1"), C1)) == {"awards"}


def test_awards_a_standing_that_is_not_the_awards() -> None:
    _, watched = conferred()
    assert watched.codes((AWARDS, replace(watched.get(AWARDS, *C1), status="revoked"), C1)) == {"awards"}
    assert watched.codes((STANDING_PAGES, _standing("suspended"), (*C1, 0))) == set()
    assert watched.codes((STANDING_PAGES, _standing("revoked", "review"), (*C1, 0))) == {"awards"}


def test_awards_an_account_that_does_not_name_the_award() -> None:
    _, watched = conferred()
    account = watched.get(ENROLMENTS, *E1)
    assert watched.codes((ENROLMENTS, replace(account, conferred=None), E1)) == {"awards"}
    assert watched.codes((ENROLMENTS, replace(account, status="open"), E1)) == {"awards"}


def test_awards_less_than_the_award_asks() -> None:
    """7 credits for an award of 6; without the recognition they are 3."""
    _, watched = conferred()
    resting = replace(watched.get(RECOGNITIONS, uid("r1")), stacked_into=None)
    award = replace(watched.get(AWARDS, *C1), recognised="0/1")
    assert watched.codes((RECOGNITIONS, resting, (uid("r1"),)), (AWARDS, award, C1)) == {"awards"}


def test_awards_a_batch_of_more_than_one() -> None:
    _, watched = conferred()
    batch = replace(watched.get(BATCHES, *C1), count=2)
    assert watched.codes((BATCHES, batch, C1), (AWARDS, watched.get(AWARDS, *C1), C1)) == {"awards"}


def test_awards_an_award_below_its_component() -> None:
    desk = awards("6/1", enrolments=("e1", "e2"))
    desk.world.do(*desk.stack("c1", desk.own[0], desk.own[1]))
    desk.world.do(*desk.stack("c2", award_batch("c1")[0], enrolment="e2"))
    watched = RowWatch(desk.world)
    assert watched.codes((AWARDS, replace(watched.get(AWARDS, *C2), depth=1), C2)) == {"awards"}


def test_reviews_of_an_award() -> None:
    _, watched = under_review("reverse")
    review = watched.get(AWARD_REVIEWS, *C1)
    assert (review.effect, review.status) == ("reverse", "open")
    assert watched.codes((AWARD_REVIEWS, review, C1)) == set()
    assert watched.codes((AWARD_REVIEWS, None, C1)) == {"reviews"}
    assert watched.codes((AWARD_REVIEWS, replace(review, effect="review"), C1)) == {"reviews"}
    closed = replace(review, closed_at=review.opened_at)
    assert watched.codes((AWARD_REVIEWS, closed, C1)) == {"reviews"}
    assert watched.codes((AWARD_REVIEWS, replace(closed, status="upheld"), C1)) == {"reviews"}
    assert watched.codes((AWARD_REVIEWS, replace(closed, status="revoked"), C1)) == {"reviews"}


def test_reviews_of_a_recognition() -> None:
    desk = awards("6/1", enrolments=("e1",))
    desk.take_in("r1", desk.foreign[0])
    desk.revoke(desk.foreign, 0, "review")
    watched = RowWatch(desk.world)
    where = (uid("r1"),)
    review = watched.get(REVIEWS, *where)
    assert watched.codes((REVIEWS, review, where)) == set()
    gone = replace(review, status="reversed", closed_at=review.opened_at)
    assert watched.codes((REVIEWS, gone, where)) == {"reviews"}
    assert watched.codes((REVIEWS, replace(gone, status="upheld"), where)) == set()
    assert watched.codes((REVIEWS, replace(review, closed_at=review.opened_at), where)) == {"reviews"}
    assert watched.codes(
        (REVIEWS, replace(gone, closed_at=review.opened_at - 1, status="upheld"), where)
    ) == {"reviews"}
