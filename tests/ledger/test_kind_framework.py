"""T05 framework_define and T06 level_map."""

from __future__ import annotations

from typing import Any

import pytest

from accord_ledger.domain.kinds.framework import FrameworkDefine, LevelMapBody
from accord_ledger.domain.model.framework import (
    FRAMEWORK_HEADS,
    FRAMEWORKS,
    LEVEL_MAPS,
    Framework,
    FrameworkTerms,
)
from domain_alliance import TWO_THIRDS, framework
from domain_world import World


@pytest.fixture
def world() -> World:
    return World()


def ects_child(low: str, high: str, **more: Any) -> FrameworkDefine:
    return FrameworkDefine(
        terms=framework("de-ects", "DE", "EC", (low, high), "1/2", parent=("ects", 1), **more)
    )


@pytest.mark.parametrize(("low", "high"), [("28/1", "28/1"), ("25/1", "30/1"), ("51/2", "59/2")])
def test_t05_a_child_narrows(world: World, low: str, high: str) -> None:
    world.do("framework_define", ects_child(low, high, levels=(1, 8)), *TWO_THIRDS)
    known: Framework = world.get(FRAMEWORKS, "de-ects", 1)
    assert known.root == ("ects", 1)
    assert known.definers == ("bcb", "hnrail", "suny", "uom")
    assert world.get(FRAMEWORK_HEADS, "de-ects").version == 1


@pytest.mark.parametrize(
    ("low", "high"), [("24/1", "30/1"), ("25/1", "61/2"), ("1/1", "2/1"), ("31/1", "32/1")]
)
def test_t05_a_child_never_widens(world: World, low: str, high: str) -> None:
    world.refused("E_FRAMEWORK_WIDENS", "framework_define", ects_child(low, high), *TWO_THIRDS)


def test_t05_a_child_keeps_levels_and_hour_kind(world: World) -> None:
    world.refused(
        "E_FRAMEWORK_WIDENS", "framework_define", ects_child("28/1", "28/1", levels=(1, 9)), *TWO_THIRDS
    )
    world.refused(
        "E_FRAMEWORK_WIDENS", "framework_define", ects_child("28/1", "28/1", levels=(0, 8)), *TWO_THIRDS
    )
    contact = ects_child("28/1", "28/1", hour_kind="contact")
    world.refused("E_FRAMEWORK_WIDENS", "framework_define", contact, *TWO_THIRDS)
    bare = FrameworkDefine(terms=framework("bare", "DE", "EC", None, "1/2", parent=("ects", 1)))
    world.refused("E_FRAMEWORK_WIDENS", "framework_define", bare, *TWO_THIRDS)


def test_t05_a_child_adds_no_levels(world: World) -> None:
    child = framework(
        "us-2", "US", "semester hour", ("45/1", "45/1"), "1/1", parent=("us-sch", 1), levels=(1, 2)
    )
    world.refused("E_FRAMEWORK_WIDENS", "framework_define", FrameworkDefine(terms=child), *TWO_THIRDS)


def test_t05_intervals_may_be_points(world: World) -> None:
    child = framework("eu-6", "EU", "EC", None, "1/2", levels=(6, 6), mc_credits=("3/1", "3/1"))
    world.do("framework_define", FrameworkDefine(terms=child), *TWO_THIRDS)


def test_t05_grandchildren_fold_into_the_same_root(world: World) -> None:
    child = framework("uu-ects", "NL", "EC", ("28/1", "28/1"), "1/1", parent=("nl-ects", 1))
    world.do("framework_define", FrameworkDefine(terms=child), "nvao quality")
    assert world.get(FRAMEWORKS, "uu-ects", 1).root == ("ects", 1)


def test_t05_who_defines(world: World) -> None:
    body = FrameworkDefine(terms=framework("cn-new", "CN", "credit", ("40/1", "40/1"), "1/1"))
    for signer in ("nvao quality", "bjou", "ecom-co quality", "cn-qa"):
        world.refused("E_SIG_MISSING", "framework_define", body, signer)
    world.do("framework_define", body, "cn-qa quality")


def test_t05_versions_and_country(world: World) -> None:
    terms = framework("mqf", "MY", "credit", ("40/1", "40/1"), "1/2")
    for version in (1, 3):
        other = FrameworkDefine(terms=changed(terms, version=version))
        world.refused("E_VERSION", "framework_define", other, *TWO_THIRDS)
    grab = FrameworkDefine(terms=changed(terms, version=2, country="CN"))
    world.refused("E_VALUE", "framework_define", grab, "moe-cn governance")
    world.do("framework_define", FrameworkDefine(terms=changed(terms, version=2)), "mqa quality")
    assert world.get(FRAMEWORKS, "mqf", 1).terms.quantum == "1/1"


def changed(terms: FrameworkTerms, **changes: Any) -> FrameworkTerms:
    return FrameworkTerms(**{name: getattr(terms, name) for name in terms.__struct_fields__} | changes)


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("E_VALUE", {"quantum": "0/1"}),
        ("E_VALUE", {"hours_min": None}),
        ("E_VALUE", {"hours_max": None}),
        ("E_VALUE", {"hours_min": "41/1"}),
        ("E_VALUE", {"hours_min": "0/1"}),
        ("E_VALUE", {"hour_kind": "none"}),
        ("E_VALUE", {"levels": (3, 1)}),
        ("E_VALUE", {"mc_credits": ("3/1", "1/1")}),
        ("E_NUMBER", {"hours_min": "40"}),
        ("E_NUMBER", {"quantum": "1/01"}),
        ("E_SCHEMA", {"unit": {"en": "cre\x00dit"}}),
        ("E_UNKNOWN_REF", {"parent": ("ects", 2)}),
    ],
)
def test_t05_values(world: World, code: str, changes: dict[str, Any]) -> None:
    terms = changed(framework("cn-new", "CN", "credit", ("40/1", "40/1"), "1/1"), **changes)
    world.refused(code, "framework_define", FrameworkDefine(terms=terms), "moe-cn governance")


MAP = LevelMapBody(source=("nl-ects", 1), target=("cn-mc", 1), levels=((5, 1), (6, 2), (7, 3)))


def test_t06_by_both_definers(world: World) -> None:
    world.refused("E_SIG_MISSING", "level_map", MAP, "moe-cn governance")
    world.refused("E_SIG_MISSING", "level_map", MAP, "nvao quality")
    world.do("level_map", MAP, "moe-cn governance", "nvao quality")
    assert world.get(LEVEL_MAPS, "nl-ects", 1, "cn-mc", 1).levels == MAP.levels
    assert world.get(LEVEL_MAPS, "cn-mc", 1, "nl-ects", 1) is None


def test_t06_by_validators_and_again(world: World) -> None:
    world.do("level_map", MAP, *TWO_THIRDS)
    other = LevelMapBody(source=MAP.source, target=MAP.target, levels=((6, 3),))
    world.do("level_map", other, *TWO_THIRDS)
    assert world.get(LEVEL_MAPS, "nl-ects", 1, "cn-mc", 1).levels == ((6, 3),)


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("E_LEVEL_RANGE", {"levels": ((9, 1),)}),
        ("E_LEVEL_RANGE", {"levels": ((6, 4),)}),
        ("E_LEVEL_RANGE", {"target": ("us-sch", 1)}),
        ("E_UNKNOWN_REF", {"source": ("nl-ects", 2)}),
        ("E_UNKNOWN_REF", {"target": ("nothing", 1)}),
        ("E_VALUE", {"levels": ((6, 1), (5, 1))}),
        ("E_VALUE", {"levels": ((6, 1), (6, 2))}),
    ],
)
def test_t06_errors(world: World, code: str, changes: dict[str, Any]) -> None:
    values: dict[str, Any] = {"source": MAP.source, "target": MAP.target, "levels": MAP.levels} | changes
    world.refused(code, "level_map", LevelMapBody(**values), *TWO_THIRDS)
