"""Runs of the simulator step by step against the models' rules."""

from __future__ import annotations

import pytest

from accord_node.simulate import Scenario
from accord_node.simulate.net import Weather
from accord_node.simulate.run import GENESIS, Game
from model.rules import Rules

STORM = Weather(loss=0.2, repeat=0.1, delay=400, partitions=2)
SCENARIOS = {
    "calm": Scenario(transactions=10),
    "storm": Scenario(weather=STORM, heal_at=8_000, spread=8_000, transactions=10),
    "equivocator": Scenario(weather=STORM, heal_at=8_000, spread=8_000, equivocators=1),
    "detour": Scenario(detours=1, transactions=12, spread=4_000),
    "restarts": Scenario(weather=STORM, heal_at=8_000, spread=8_000, restarters=4),
    "five": Scenario(members=5, equivocators=1, weather=STORM, heal_at=8_000, spread=8_000),
    "epochs": Scenario(observers=1, changes=(4, ~0), weather=STORM, heal_at=8_000, spread=8_000, views=120),
}


def recorded(seed: int, scenario: Scenario, *, believed: frozenset[str] = frozenset()) -> Rules:
    game = Game(seed, scenario)
    rules = Rules(GENESIS, game.oracle.honest | believed, game.oracle.epochs)
    game.network.watch = rules.watch
    game.play()
    return rules


def check(name: str, seeds: range) -> None:
    for seed in seeds:
        rules = recorded(seed, SCENARIOS[name])
        assert rules.steps >= 8
        assert not rules.broken, (seed, rules.broken)


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_step_is_one_the_models_allow(name: str) -> None:
    check(name, range(4))


@pytest.mark.campaign
@pytest.mark.parametrize("name", SCENARIOS)
def test_every_step_of_more_seeds_is_one_the_models_allow(name: str) -> None:
    check(name, range(4, 60))


def test_a_liar_taken_for_honest_is_found_out() -> None:
    calm = Scenario(equivocators=1, transactions=10)
    broken = [recorded(seed, calm, believed=frozenset({"m3"})).broken for seed in range(3)]
    assert any("said otherwise before" in line for lines in broken for line in lines)


def test_who_goes_around_a_block_is_found_out() -> None:
    broken = [recorded(seed, SCENARIOS["detour"], believed=frozenset({"m3"})).broken for seed in range(5)]
    assert any("between is not nullified" in line for lines in broken for line in lines)
