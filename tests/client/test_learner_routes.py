"""Q-L1 over a copy of the public rules: what each rule gives, what is missing, the best route to an award."""

from __future__ import annotations

from typing import Any

import pytest

from accord_client.api import Row
from accord_client.learner_routes import PUBLIC_TABLES, Holding, PublicRules, row_key
from accord_ledger.domain.model.credential import BATCHES
from accord_ledger.domain.model.programme import PROGRAMMES, Group
from accord_ledger.domain.rules import Bundle, CourseSubstitution
from accord_ledger.domain.rules.course_substitution import ListedCourse, Substitution
from accord_ledger.errors import DecodeError
from domain_world import NETWORK, World, terms
from exchange_world import Exchange, agreement, exchange, fixed
from questions_world import Asker

PUBLIC = tuple(table.prefix for table, _ in PUBLIC_TABLES)


def rules_of(world: World) -> PublicRules:
    """The public rows of a world, and no others."""
    values = {key: value for key, value in Asker(world).values().items() if key.startswith(PUBLIC)}
    return PublicRules(NETWORK, world.version.height, world.time, values)


def held(*programmes: str) -> list[Holding]:
    return [Holding(f"{name} {place}", name, 1) for place, name in enumerate(programmes)]


def test_what_is_held_together_is_rounded_once() -> None:
    world, _ = exchange()
    [one] = rules_of(world).usable(held("uu-ds"))
    assert (one.receiver, one.agreement, one.gives, one.needs) == ("bcb", "a1", "2/1", ("consent",))
    [two] = rules_of(world).usable(held("uu-ds", "uu-ds", "uu-ds", "uu-ds", "uu-ds"))
    assert (two.gives, len(two.uses)) == ("21/2", 5)


def series(world: Exchange) -> None:
    """Three programmes of one series, and a rule that wants two of them."""
    group = Group(id="data", kind="series")
    for name in ("uu-d1", "uu-d2"):
        world.launch(terms(name, group=group))
    rule = Bundle(
        rule_id="pair", source=("nl-ects", 1), target=("cn-mc", 1), count=2, item_credits="3/1", grant="5/1",
        requires_grade="7/10",
    )  # fmt: skip
    world.agree("pairs", agreement("uu", "bcb", rule, sign_by=world.time + 60))


def test_a_bundle_says_what_is_missing() -> None:
    world, _ = exchange()
    series(world)
    found = {row.rule: row for row in rules_of(world).usable(held("uu-d1", "uu-d1"))}
    assert (found["pair"].gives, found["pair"].needs) == ("0/1", ("items:1", "consent", "grade:7/10"))
    found = {row.rule: row for row in rules_of(world).usable(held("uu-d1", "uu-d2", "uu-d2"))}
    assert (found["pair"].gives, found["pair"].uses) == ("5/1", ("uu-d1 0", "uu-d2 1"))


def test_the_best_route_uses_every_credential_once() -> None:
    world, _ = exchange()
    series(world)
    [bank, *_] = rules_of(world).best(held("uu-d1", "uu-d2", "uu-ds"), "bjou-award")
    assert bank.receiver == "bcb"
    assert (bank.gives, bank.total) == ("6/1", "76/1")  # 9 EC by hours are 6.3, more than a pair and one
    assert sorted(name for route in bank.routes for name in route.uses) == ["uu-d1 0", "uu-d2 1", "uu-ds 2"]


def test_a_cap_bounds_what_a_route_promises() -> None:
    world, _ = exchange()
    held_many = held(*["uu-ds"] * 30)
    [bank, *_] = rules_of(world).best(held_many, "bjou-award")
    assert bank.gives == "38/1"


def test_courses_are_counted_once() -> None:
    world, _ = exchange()
    listed = (Substitution(programme="uu-ds", courses=(ListedCourse(code="C1", credits="4/1"),)),)
    rule = CourseSubstitution(rule_id="sub", source=("nl-ects", 1), target=("cn-mc", 1), substitutions=listed)
    world.agree("subs", agreement("uu", "bcb", rule, sign_by=world.time + 60))
    found = {row.rule: row for row in rules_of(world).usable(held("uu-ds", "uu-ds"), award="bjou-award")}
    assert found["sub"].gives == "4/1"


def test_nothing_held_by_anybody_is_in_the_copy() -> None:
    world, _ = exchange()
    assert not any(key.startswith(BATCHES.prefix) for key in rules_of(world).values)


def test_another_receiver_is_another_route() -> None:
    world, _ = exchange()
    world.enrol_at_hnrail()
    found = {row.receiver: row.gives for row in rules_of(world).usable(held("uu-ds"))}
    assert found == {"bcb": "2/1", "hnrail": "3/1"}
    assert fixed().ratio == "1/1"


@pytest.mark.parametrize("key", [[], ["a"], ["a", "b"], [1, 1], ["a", 1, 1]])
def test_a_row_with_other_parts_is_refused(key: list[Any]) -> None:
    with pytest.raises(DecodeError, match="LEDGER_KEY"):
        row_key(PROGRAMMES, "tn", Row(key=key, value=None))
    assert row_key(PROGRAMMES, "tn", Row(key=["a", 1], value=None)) == PROGRAMMES.key("a", 1)
