"""T17 credential_status, and what it does to uses made before (DOMAIN.md 2.6)."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from accord_ledger import calendar
from accord_ledger.domain.credentials import (
    add_spend,
    changed_standings,
    standing_of,
    uses_in,
    write_standings,
)
from accord_ledger.domain.kinds.key import KeyRevoke
from accord_ledger.domain.model.account import REVIEWS
from accord_ledger.domain.model.credential import (
    BATCHES,
    PAGE,
    STANDING_PAGES,
    USE_PAGES,
    Interval,
    Spend,
    Standing,
)
from domain_alliance import key_of, uid
from exchange_world import Exchange, IssuedBatch, exchange

STATUS = "credential_status"
REGISTRAR, QUALITY = "uu registrar", "uu quality"


def standing(world: Exchange, batch: IssuedBatch, index: int = 0) -> Standing:
    """How a credential stands."""
    return standing_of(world.view, batch.batch_id, index)


def test_t17_suspends_reinstates_and_revokes_ranges() -> None:
    world, batch = exchange()
    before = world.execution.weight
    world.do(STATUS, world.status(batch, "suspend", (0, 2), (5, 12)), REGISTRAR)
    assert world.execution.weight - before == 10 + 8 + 4
    assert [standing(world, batch, index).status for index in (0, 1, 2, 4, 5, 11)] == [
        "suspended", "suspended", "valid", "valid", "suspended", "suspended",
    ]  # fmt: skip
    world.do(STATUS, world.status(batch, "reinstate", (1, 2)), REGISTRAR)
    world.do(STATUS, world.status(batch, "revoke", (0, 5), effect="review"), REGISTRAR)
    assert standing(world, batch) == Standing(status="revoked", effect="review", since=world.time)
    assert standing(world, batch, 5).status == "suspended"


@pytest.mark.parametrize(
    ("before", "action"),
    [
        ("valid", "reinstate"),
        ("valid", "confirm"),
        ("suspended", "suspend"),
        ("revoked", "suspend"),
        ("revoked", "reinstate"),
        ("revoked", "revoke"),
    ],
)
def test_t17_steps_that_do_not_exist(before: str, action: str) -> None:
    world, batch = exchange()
    if before != "valid":
        step = {"suspended": "suspend", "revoked": "revoke"}[before]
        effect = "review" if before == "revoked" else None
        world.do(STATUS, world.status(batch, step, (3, 4), effect=effect), REGISTRAR)
    effect = "review" if action == "revoke" else None
    world.refused("E_STATE", STATUS, world.status(batch, action, (0, 12), effect=effect), REGISTRAR, QUALITY)


def test_t17_values_and_names() -> None:
    world, batch = exchange()
    for body in (
        world.status(batch, "revoke", (0, 1)),
        world.status(batch, "suspend", (0, 1), effect="review"),
        world.status(batch, "suspend", (1, 1)),
        world.status(batch, "suspend", (2, 3), (0, 1)),
        world.status(batch, "suspend", (0, 2), (2, 3)),
    ):
        world.refused("E_VALUE", STATUS, body, REGISTRAR)
    world.refused("E_VALUE", STATUS, world.status(batch, "suspend", (0, 131_073)), REGISTRAR)
    world.refused("E_UNKNOWN_REF", STATUS, world.status(batch, "suspend", (11, 13)), REGISTRAR)
    world.refused("E_UNKNOWN_REF", STATUS, world.status(batch, "suspend", (0, 131_072)), REGISTRAR)
    unknown = replace(world.status(batch, "suspend", (0, 1)), batch_id=uid("nothing"))
    world.refused("E_UNKNOWN_REF", STATUS, unknown, REGISTRAR)


def test_t17_reverse_needs_two_keys() -> None:
    world, batch = exchange()
    body = world.status(batch, "revoke", (0, 1), effect="reverse")
    world.refused("E_SIG_MISSING", STATUS, body, REGISTRAR, detail=QUALITY)
    world.refused("E_SIG_MISSING", STATUS, body, QUALITY, detail=REGISTRAR)
    world.refused("E_SIG_MISSING", STATUS, body, "um registrar", QUALITY)
    world.do(STATUS, body, REGISTRAR, QUALITY)


def test_t17_one_key_for_both_purposes_is_not_two() -> None:
    world, batch = exchange()
    world.one_key_for("uu", "registrar", "quality")
    body = world.status(batch, "revoke", (0, 1), effect="reverse")
    world.refused("E_SIG_DISTINCT", STATUS, body, REGISTRAR)


def test_t17_suspended_issuers_may_revoke_and_nothing_else() -> None:
    world, batch = exchange()
    world.set_party("uu", "suspended")
    world.refused("E_PARTY_STATUS", STATUS, world.status(batch, "suspend", (0, 1)), REGISTRAR)
    world.revoke(batch, 0, "reverse")


def test_t17_the_authority_alone_acts_for_a_withdrawn_issuer() -> None:
    world, batch = exchange()
    world.set_party("uu", "withdrawn")
    body = world.status(batch, "revoke", (0, 1), effect="reverse")
    world.refused("E_SIG_MISSING", STATUS, body, REGISTRAR, QUALITY)
    validators = [f"{party} governance" for party in ("bcb", "hnrail", "suny", "uom")]
    world.refused("E_SIG_MISSING", STATUS, body, *validators[:3])
    world.do(STATUS, body, *validators)


def compromised(since: int) -> tuple[Exchange, IssuedBatch]:
    """uu's issuance key was compromised from then on; the batch was issued on 2026-04-01."""
    world, batch = exchange()
    body = KeyRevoke(key_id=key_of("uu", "issuance").key_id, compromised_since=since)
    world.do("key_revoke", body, "uu issuance")
    return world, batch


ISSUED = calendar.midnight(calendar.parse_date("2026-04-01"))


def test_t17_confirm_after_a_compromise() -> None:
    world, batch = compromised(ISSUED)
    use = world.use("r1", "n1", "a1", [batch[0]], "2/1")
    world.refused("E_UNCONFIRMED", *use)
    confirm = world.status(batch, "confirm", (0, 6))
    world.refused("E_SIG_MISSING", STATUS, confirm, REGISTRAR, detail=QUALITY)
    world.do(STATUS, confirm, REGISTRAR, QUALITY)
    world.refused("E_STATE", STATUS, confirm, REGISTRAR, QUALITY)
    world.do(*use)
    world.refused("E_UNCONFIRMED", *world.use("r2", "n1", "a1", [batch[6]], "2/1"))


def test_t17_a_confirmation_from_before_a_compromise_was_known_does_not_count() -> None:
    world, batch = exchange()
    first, second = key_of("uu", "issuance").key_id, key_of("um", "issuance").key_id
    stored = world.get(BATCHES, batch.batch_id)
    world.view.put(BATCHES, replace(stored, keys=(first, second), issuers=("uu", "um")), batch.batch_id)
    world.do("key_revoke", KeyRevoke(key_id=second), "um issuance")
    world.do("key_revoke", KeyRevoke(key_id=first, compromised_since=ISSUED), "uu issuance")
    world.at("2026-04-06")
    world.do(STATUS, world.status(batch, "confirm", (0, 12)), REGISTRAR, QUALITY)
    world.at("2026-04-07")
    world.do("key_revoke", KeyRevoke(key_id=second, compromised_since=ISSUED), "um", "um registrar")
    use = world.use("r1", "n1", "a1", [batch[0]], "2/1")
    world.refused("E_UNCONFIRMED", *use)
    world.do(STATUS, world.status(batch, "confirm", (0, 1)), REGISTRAR, QUALITY)
    world.do(*use)


def test_t17_batches_before_the_compromise_need_no_confirmation() -> None:
    world, batch = compromised(ISSUED + 1)
    world.do(*world.use("r1", "n1", "a1", [batch[0]], "2/1"))


def test_t17_reverse_takes_every_recognition_back_at_once() -> None:
    world, batch = exchange()
    world.do(*world.use("r1", "n1", "a1", [batch[0], batch[1]], "4/1"))
    world.do(*world.use("r2", "n1", "a1", [batch[2]], "2/1"))
    before = world.execution.weight
    world.do(STATUS, world.status(batch, "revoke", (1, 12), effect="reverse"), REGISTRAR, QUALITY)
    assert world.execution.weight - before == 20 + 8 + 2 + 8 * 2
    assert world.account("n1").recognised == "0/1"
    for name in ("r1", "r2"):
        assert (world.recognition(name).status, world.recognition(name).reason) == (
            "reversed",
            "credential_revoked",
        )
    world.refused("E_REVOKED", *world.use("r3", "n1", "a1", [batch[1]], "2/1"))
    world.do(*world.use("r4", "n1", "a1", [batch[0]], "2/1"))


def test_t17_suspending_weighs_and_touches_no_spends() -> None:
    world, batch = exchange()
    world.do(*world.use("r1", "n1", "a1", [batch[0]], "2/1"))
    before = world.execution.weight
    world.do(STATUS, world.status(batch, "suspend", (0, 12)), REGISTRAR)
    assert world.execution.weight - before == 10 + 8 + 2
    assert (world.recognition("r1").status, world.get(REVIEWS, uid("r1"))) == ("live", None)


def test_t17_review_leaves_sixty_days() -> None:
    world, batch = exchange()
    world.do(*world.use("r1", "n1", "a1", [batch[0]], "2/1"))
    world.do(STATUS, world.status(batch, "revoke", (0, 1), effect="review"), REGISTRAR)
    review = world.get(REVIEWS, uid("r1"))
    assert (review.status, review.deadline) == ("open", world.time + 60 * calendar.DAY)
    world.at("2026-06-03", seconds=calendar.DAY - 1)
    assert (world.recognition("r1").status, world.account("n1").recognised) == ("live", "2/1")
    world.at("2026-06-04")
    assert (world.recognition("r1").status, world.recognition("r1").reason) == ("reversed", "review")
    assert (world.get(REVIEWS, uid("r1")).status, world.account("n1").recognised) == ("reversed", "0/1")


def test_t17_a_second_review_keeps_the_first_deadline() -> None:
    world, batch = exchange()
    world.do(*world.use("r1", "n1", "a1", [batch[0], batch[1]], "4/1"))
    world.do(STATUS, world.status(batch, "revoke", (0, 1), effect="review"), REGISTRAR)
    deadline = world.get(REVIEWS, uid("r1")).deadline
    world.at("2026-05-01")
    world.do(STATUS, world.status(batch, "revoke", (1, 2), effect="review"), REGISTRAR)
    assert world.get(REVIEWS, uid("r1")).deadline == deadline


def test_t17_reversing_while_a_review_is_open_closes_it() -> None:
    world, batch = exchange()
    world.do(*world.use("r1", "n1", "a1", [batch[0], batch[1]], "4/1"))
    world.do(STATUS, world.status(batch, "revoke", (0, 1), effect="review"), REGISTRAR)
    world.revoke(batch, 1, "reverse")
    assert world.get(REVIEWS, uid("r1")).status == "reversed"
    world.at("2026-06-10")
    assert world.recognition("r1").reason == "credential_revoked"


def test_t17_every_spend_counts_where_several_receivers_used_it() -> None:
    world, batch = exchange(exclusivity="receiver")
    world.enrol_at_hnrail()
    world.do(*world.use("r1", "n1", "a1", [batch[0]], "2/1"))
    world.do(*world.use_at_hnrail("r2", [batch[0]]))
    before = world.execution.weight
    world.revoke(batch, 0, "reverse")
    assert world.execution.weight - before == 20 + 8 + 2 + 8 * 2
    assert {world.recognition(name).status for name in ("r1", "r2")} == {"reversed"}


def test_t17_a_cascade_over_the_record_weight_is_refused() -> None:
    world, _ = exchange()
    programme = world.offer(world.terms_of("uu-ds"), 3000, end="2026-04-05", launch=False)
    large = world.issue(programme, 2600, "large")
    for index in range(2500):
        spend = Spend(recognition=uid(f"spend {index}"), receiver="bcb", exclusivity="alliance")
        add_spend(world.context(), large.batch_id, index, spend)
    body = world.status(large, "revoke", (0, 2600), effect="review")
    world.refused("E_WEIGHT", STATUS, body, REGISTRAR)


def replace_standing(new: Standing, _: Standing) -> Standing:
    """An edit that looks at nothing."""
    return new


ACTS = st.lists(
    st.tuples(st.integers(0, 3 * PAGE - 1), st.integers(1, 2 * PAGE), st.integers(0, 3)), max_size=12
)


@given(ACTS)
def test_t17_spans_of_pages_stand_for_single_credentials(acts: list[tuple[int, int, int]]) -> None:
    world = Exchange()
    size, batch_id = 3 * PAGE, uid("spans")
    known = [0] * size
    for start, length, mark in acts:
        end = min(start + length, size)
        new = Standing(since=mark) if mark else Standing()
        span = Interval(start=start, end=end)
        pages = changed_standings(world.context(), batch_id, [span], partial(replace_standing, new))
        write_standings(world.context(), batch_id, pages)
        known[start:end] = [mark] * (end - start)
    for index in {
        0,
        size - 1,
        *(place for start, length, _ in acts for place in (start, start + length, start - 1)),
    }:
        if 0 <= index < size:
            assert (standing_of(world.view, batch_id, index).since or 0) == known[index]
    for page in range(3):
        found = world.view.get(STANDING_PAGES, batch_id, page)
        spans: Any = found.spans if found else ()
        assert all(left.end <= right.start for left, right in pairwise(spans))
        assert all(span.start < span.end and span.standing != Standing() for span in spans)
        assert all(
            left.end < right.start or left.standing != right.standing for left, right in pairwise(spans)
        )


@given(
    st.sets(st.integers(0, 3 * PAGE - 1), max_size=12), st.integers(0, 3 * PAGE - 1), st.integers(1, 2 * PAGE)
)
def test_t17_uses_are_found_by_range(used: set[int], start: int, length: int) -> None:
    world, batch_id = Exchange(), uid("uses")
    spend = Spend(recognition=uid("r"), receiver="bcb", exclusivity="alliance")
    for index in used:
        add_spend(world.context(), batch_id, index, spend)
    span = Interval(start=start, end=min(start + length, 3 * PAGE))
    assert list(uses_in(world.view, batch_id, [span])) == sorted(
        index for index in used if span.start <= index < span.end
    )
    assert (world.view.get(USE_PAGES, batch_id, 0) is None) == all(index >= PAGE for index in used)
