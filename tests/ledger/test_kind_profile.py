"""T39 profile_define and T40 list_define, and what is read from them."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from accord_ledger import codec
from accord_ledger.domain.context import Context
from accord_ledger.domain.kinds.policy import PolicySet
from accord_ledger.domain.kinds.profile import ListDefine, ProfileDefine
from accord_ledger.domain.kinds.programme import ProgrammeRegister
from accord_ledger.domain.lists import list_for, listed
from accord_ledger.domain.model.framework import (
    LISTS,
    PROFILES,
    ApprovalPolicy,
    ListEntry,
    ListTerms,
    ProfileTerms,
)
from accord_ledger.domain.model.parameters import Parameters
from accord_ledger.domain.pipeline import run_genesis
from accord_ledger.domain.standing import award_cap, party
from accord_ledger.errors import Rejection
from accord_ledger.state import MemorySource, View
from domain_alliance import OWN_COMMITTEE, TWO_THIRDS, genesis_context, genesis_state, profile
from domain_world import World, terms


@pytest.fixture
def world() -> World:
    return World()


def context(world: World) -> Context:
    return Context(state=world.execution._view, network=b"", height=world.version.height + 1, time=world.time)


def de(**changes: Any) -> ProfileDefine:
    return ProfileDefine(terms=profile("de-2026", "DE", OWN_COMMITTEE, OWN_COMMITTEE, **changes))


def cap(share: str, version: int = 2, **more: Any) -> ProfileDefine:
    values: dict[str, Any] = {"profile_id": "bcb", "version": version, "owner": "bcb", "award_cap": share}
    return ProfileDefine(terms=ProfileTerms(**values | more))


def test_t39_by_the_authority(world: World) -> None:
    world.refused("E_SIG_MISSING", "profile_define", de(), "moe-cn governance")
    world.do("profile_define", de(required=("title", "level")), *TWO_THIRDS)
    assert world.get(PROFILES, "de-2026", 1).required == ("title", "level")


def test_t39_a_credit_bank_sets_its_own_cap(world: World) -> None:
    assert award_cap(context(world), party(context(world), "bjou", "")) == Fraction(1, 2)
    world.do("profile_define", cap("3/10"), "bcb governance")
    assert award_cap(context(world), party(context(world), "bjou", "")) == Fraction(3, 10)
    assert award_cap(context(world), party(context(world), "bcb", "")) == Fraction(3, 10)
    assert award_cap(context(world), party(context(world), "uu", "")) == 1


def test_t39_the_least_cap_counts(world: World) -> None:
    world.do("policy_set", PolicySet(parameters=Parameters(version=2, award_cap="1/4")), *TWO_THIRDS)
    world.at("2026-03-02")
    assert award_cap(context(world), party(context(world), "bjou", "")) == Fraction(1, 4)


def test_t39_a_banks_profile_is_its_cap_alone(world: World) -> None:
    world.refused("E_SIG_MISSING", "profile_define", cap("1/2"), "bcb")
    world.refused("E_SIG_MISSING", "profile_define", cap("1/2"), "hnrail governance")
    world.refused("E_VALUE", "profile_define", cap("1/2", accreditation=True), "bcb governance")
    mine = ProfileDefine(terms=ProfileTerms(profile_id="uu-p", version=1, owner="uu", award_cap="1/2"))
    world.refused("E_ROLE", "profile_define", mine, "uu governance")


def test_t39_in_genesis_too_a_bank_is_a_bank() -> None:
    mine = ProfileDefine(terms=ProfileTerms(profile_id="uu-p", version=1, owner="uu", award_cap="1/2"))
    with pytest.raises(Rejection, match="E_ROLE"):
        run_genesis(
            genesis_context(View(MemorySource(genesis_state()))), "profile_define", codec.encode(mine)
        )


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("E_RANGE", {"award_cap": "3/2"}),
        ("E_RANGE", {"credits": ("3/1", "1/1")}),
        ("E_RANGE", {"hours": ("90/1", "84/1")}),
        ("E_NUMBER", {"credits": ("3", "4/1")}),
        ("E_NUMBER", {"award_cap": "5/10"}),
        ("E_VALUE", {"required": ("shoe_size",)}),
        ("E_SCHEMA", {"gates": ("rigour",)}),
        ("E_SCHEMA", {"profile_id": "DE"}),
    ],
)
def test_t39_errors(world: World, code: str, changes: dict[str, Any]) -> None:
    values: dict[str, Any] = {"profile_id": "de-2026", "version": 1, "owner": "DE"}
    body = ProfileDefine(terms=ProfileTerms(**values | changes))
    world.refused(code, "profile_define", body, *TWO_THIRDS)


def test_t39_approvals_are_those_there_are(world: World) -> None:
    body = ProfileDefine(terms=profile("de-2026", "DE", OWN_COMMITTEE, ApprovalPolicy(all_of=("dean",))))
    world.refused("E_VALUE", "profile_define", body, *TWO_THIRDS)


def test_t39_versions_and_owner(world: World) -> None:
    taken = ProfileDefine(terms=profile("nmf", "AU", OWN_COMMITTEE, OWN_COMMITTEE))
    world.refused("E_VERSION", "profile_define", taken, *TWO_THIRDS)
    grab = ProfileDefine(terms=ProfileTerms(profile_id="nmf", version=2, owner="CN"))
    world.refused("E_VALUE", "profile_define", grab, "moe-cn governance")


def test_t39_swapping_a_profile_needs_no_code(world: World) -> None:
    world.do("profile_define", de(required=("field",)), *TWO_THIRDS)
    body = ProgrammeRegister(terms=terms(profile=("de-2026", 1)))
    world.refused("E_METADATA_MISSING", "programme_register", body, "uu", detail="field")


def areas(*codes: str, owner: str = "CN", name: str = "sectors", version: int = 1) -> ListDefine:
    entries = tuple(ListEntry(code=code) for code in codes)
    return ListDefine(terms=ListTerms(list_id=name, version=version, owner=owner, entries=entries))


def test_t40_owner_decides_who_signs(world: World) -> None:
    world.do("list_define", areas("a", "b"), "moe-cn governance")
    assert len(world.get(LISTS, "sectors", 1).entries) == 2
    alliance = areas("a", owner="alliance", name="themes")
    world.refused("E_SIG_MISSING", "list_define", alliance, "moe-cn governance")
    world.do("list_define", alliance, *TWO_THIRDS)


def test_t40_errors(world: World) -> None:
    for codes in (("b", "a"), ("a", "a")):
        world.refused("E_VALUE", "list_define", areas(*codes), "moe-cn governance")
    world.refused("E_VERSION", "list_define", areas("a", version=2), "moe-cn governance")
    grab = areas("a", name="fields", version=2)
    world.refused("E_VALUE", "list_define", grab, "moe-cn governance")


def test_t40_a_country_has_its_own_list_beside_the_alliances(world: World) -> None:
    ctx = context(world)
    assert listed(ctx, "fields", "CN", "IT")
    world.do("list_define", areas("farming", name="fields-cn"), "moe-cn governance")
    assert not listed(ctx, "fields", "CN", "IT")
    assert listed(ctx, "fields", "CN", "farming")
    assert listed(ctx, "fields", "NL", "IT")
    assert not listed(ctx, "fields", "NL", "farming")


def test_t40_a_list_of_one_country_means_nothing_in_another(world: World) -> None:
    world.do("list_define", areas("x", name="sectors-nl"), "moe-cn governance")
    assert list_for(context(world), "sectors", "NL") is None


def test_t40_weight_is_by_entry(world: World) -> None:
    before = world.execution.weight
    world.do("list_define", areas("a", "b", "c"), "moe-cn governance")
    assert world.execution.weight - before == 10 + 8 + 3


def test_t39_lists_of_names_hold_each_once(world: World) -> None:
    twice = ApprovalPolicy(all_of=("academic_committee", "academic_committee"))
    for changes in (
        {"required": ("title", "title")},
        {"gates": ("assessed", "assessed")},
        {"registries": ("A", "A")},
    ):
        world.refused("E_VALUE", "profile_define", de(**changes), *TWO_THIRDS)
    body = ProfileDefine(terms=profile("de-2026", "DE", OWN_COMMITTEE, twice))
    world.refused("E_VALUE", "profile_define", body, *TWO_THIRDS)


@pytest.mark.parametrize("text", ["a\x00b", "e\u0301", "a\u200bb", ""])
def test_t40_texts_of_entries_are_clean(world: World, text: str) -> None:
    entry = ListEntry(code="a", values=(text,))
    body = ListDefine(terms=ListTerms(list_id="sectors", version=1, owner="CN", entries=(entry,)))
    world.refused("E_SCHEMA", "list_define", body, "moe-cn governance")
