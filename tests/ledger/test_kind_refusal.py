"""T28a recognise_refuse: refusals are counted by receiver, rule and code, and name nobody (row U5)."""

from __future__ import annotations

from typing import Any

import pytest

from accord_ledger.domain.kinds.profile import ListDefine
from accord_ledger.domain.kinds.refusal import REFUSALS, RefuseBody
from accord_ledger.domain.model.framework import ListEntry, ListTerms
from domain_alliance import TWO_THIRDS
from exchange_world import Exchange, agreement, fixed, hours


@pytest.fixture
def world() -> Exchange:
    world = Exchange()
    world.agree("a1", agreement("uu", "bcb hnrail", hours(), fixed()))
    return world


def refusal(reason: str = "content", **changes: Any) -> RefuseBody:
    values: dict[str, Any] = {"agreement": ("a1", 1), "rule": "hours", "reason": reason}
    return RefuseBody(**values | changes)


def count(world: Exchange, receiver: str, rule: str, reason: str) -> int:
    known = world.get(REFUSALS, receiver, "a1", rule, reason)
    return known.count if known is not None else 0


def test_t28a_counts_by_receiver_rule_and_code(world: Exchange) -> None:
    for body in (refusal(), refusal(), refusal("level"), refusal(rule="fixed")):
        world.do("recognise_refuse", body, "bcb registrar")
    world.do("recognise_refuse", refusal(), "hnrail registrar")
    counts = [
        count(world, "bcb", "hours", "content"),
        count(world, "bcb", "hours", "level"),
        count(world, "bcb", "fixed", "content"),
        count(world, "hnrail", "hours", "content"),
        count(world, "hnrail", "hours", "level"),
    ]
    assert counts == [2, 1, 1, 1, 0]


def test_t28a_codes_of_the_list(world: Exchange) -> None:
    world.refused("E_REASON", "recognise_refuse", refusal("dislike"), "bcb registrar")
    own = ListTerms(list_id="refusal-reasons-cn", version=1, owner="CN", entries=(ListEntry(code="dislike"),))
    world.do("list_define", ListDefine(terms=own), "moe-cn governance")
    world.do("recognise_refuse", refusal("dislike"), "bcb registrar")
    world.refused("E_REASON", "recognise_refuse", refusal("content"), "bcb registrar")


def test_t28a_a_new_version_of_the_list_counts(world: Exchange) -> None:
    newer = ListTerms(list_id="refusal-reasons", version=2, owner="alliance", entries=(ListEntry(code="z"),))
    world.do("list_define", ListDefine(terms=newer), *TWO_THIRDS)
    world.refused("E_REASON", "recognise_refuse", refusal(), "bcb registrar")
    world.do("recognise_refuse", refusal("z"), "bcb registrar")


def test_t28a_by_the_registrar_of_a_receiver(world: Exchange) -> None:
    world.refused("E_SIG_MISSING", "recognise_refuse", refusal(), "bcb")
    world.refused("E_ROLE", "recognise_refuse", refusal(), "crrc-eval registrar")
    for stranger in ("uu registrar", "um registrar"):
        world.refused("E_UNKNOWN_REF", "recognise_refuse", refusal(), stranger)


@pytest.mark.parametrize("changes", [{"agreement": ("a2", 1)}, {"agreement": ("a1", 2)}, {"rule": "other"}])
def test_t28a_names_there_are(world: Exchange, changes: dict[str, Any]) -> None:
    world.refused("E_UNKNOWN_REF", "recognise_refuse", refusal("dislike", **changes), "bcb registrar")


def test_t28a_has_no_place_for_a_credential() -> None:
    assert set(RefuseBody.__struct_fields__) == {"sign_by", "agreement", "rule", "reason"}


def test_t28a_weighs_eight(world: Exchange) -> None:
    before = world.execution.weight
    world.do("recognise_refuse", refusal(), "bcb registrar")
    assert world.execution.weight - before == 10 + 8
