"""T04 policy_set."""

from __future__ import annotations

from typing import Any

import pytest

from accord_ledger import codec
from accord_ledger.domain.kinds.policy import RATIO_BOUNDS, WHOLE_BOUNDS, PolicySet
from accord_ledger.domain.kinds.programme import ProgrammeRegister
from accord_ledger.domain.model.parameters import Parameters
from accord_ledger.domain.pipeline import run_genesis
from accord_ledger.state import MemorySource, View
from domain_alliance import TWO_THIRDS, genesis_context
from domain_world import World, terms


@pytest.fixture
def world() -> World:
    return World()


def policy(version: int = 2, **changes: Any) -> PolicySet:
    return PolicySet(parameters=Parameters(version=version, **changes))


def test_t04_in_force_from_the_next_block(world: World) -> None:
    world.do("policy_set", policy(programme_hours_min="100/1"), *TWO_THIRDS)
    world.register(terms())
    world.at("2026-03-02")
    short = ProgrammeRegister(terms=terms("uu-2"))
    world.refused("E_HOURS_RANGE", "programme_register", short, "uu")


def test_t04_twice_in_one_block(world: World) -> None:
    world.do("policy_set", policy(programme_hours_min="100/1"), *TWO_THIRDS)
    world.refused("E_VERSION", "policy_set", policy(2), *TWO_THIRDS)
    world.do("policy_set", policy(3, programme_hours_min="90/1"), *TWO_THIRDS)
    world.register(terms())
    world.at("2026-03-02")
    world.refused("E_HOURS_RANGE", "programme_register", ProgrammeRegister(terms=terms("uu-2")), "uu")


def test_t04_needs_two_thirds_of_the_validators(world: World) -> None:
    world.refused("E_SIG_MISSING", "policy_set", policy(), *TWO_THIRDS[:3], "moe-cn governance")
    world.refused("E_SIG_MISSING", "policy_set", policy(), *TWO_THIRDS[:3], "uu")


@pytest.mark.parametrize("version", [1, 3])
def test_t04_versions_rise_by_one(world: World, version: int) -> None:
    world.refused("E_VERSION", "policy_set", policy(version), *TWO_THIRDS)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("award_cap", "3/2"),
        ("exit_satisfaction", "2/1"),
        ("batch_max", 131_073),
        ("batch_max", 9),
        ("exit_years", 0),
        ("record_weight_max", 1_999),
        ("record_weight_max", 200_001),
        ("block_weight_max", 19_999),
        ("max_due_per_block", 0),
        ("sign_by_max_days", 0),
        ("hours_daily_max_min", 1_441),
    ],
)
def test_t04_out_of_range(world: World, name: str, value: Any) -> None:
    refused = world.refused("E_RANGE", "policy_set", policy(**{name: value}), *TWO_THIRDS)
    assert refused.path.startswith("body.parameters.")


def test_t04_numbers_are_spelt_one_way(world: World) -> None:
    world.refused("E_NUMBER", "policy_set", policy(award_cap="2/4"), *TWO_THIRDS)


def test_t04_every_parameter_has_bounds() -> None:
    assert {*WHOLE_BOUNDS, *RATIO_BOUNDS, "cycle_policy"} == set(Parameters.__struct_fields__)


def test_t04_in_genesis_counts_at_once() -> None:
    view = View(MemorySource())
    run_genesis(genesis_context(view), "policy_set", codec.encode(policy(1, review_days=30)))
    assert genesis_context(view).parameters.review_days == 30


def test_t04_weight(world: World) -> None:
    before = world.execution.weight
    world.do("policy_set", policy(), *TWO_THIRDS)
    assert world.execution.weight - before == 40 + 8 + len(Parameters.__struct_fields__)
