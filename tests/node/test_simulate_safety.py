"""Hundreds of seeds against the oracle. ``ACCORD_SEEDS`` asks for more of each scenario."""

from __future__ import annotations

import os

import pytest

from accord_node.simulate import Scenario, run
from accord_node.simulate.net import Weather

SEEDS = int(os.environ.get("ACCORD_SEEDS", "30"))
STORM = Weather(loss=0.2, repeat=0.1, delay=400, partitions=3)


def stormy(
    members: int = 4, *, equivocators: int = 0, detours: int = 0, silent: int = 0, restarters: int = 0
) -> Scenario:
    return Scenario(
        members=members,
        equivocators=equivocators,
        detours=detours,
        silent=silent,
        restarters=restarters,
        weather=STORM,
        heal_at=10_000,
        transactions=15,
        spread=12_000,
    )


SCENARIOS = {
    "calm": Scenario(),
    "storm": stormy(),
    "one_silent": stormy(silent=1),
    "one_equivocator": stormy(equivocators=1),
    "one_equivocator_in_calm": Scenario(equivocators=1),
    "one_detour": stormy(detours=1),
    "one_detour_in_calm": Scenario(detours=1, transactions=20, spread=4_000),
    "all_restart": stormy(restarters=4),
    "five_members": stormy(5, equivocators=1, restarters=2),
    "five_members_equivocator_in_calm": Scenario(members=5, equivocators=1),
    "seven_members": stormy(7, equivocators=1, silent=1, restarters=3),
    "seven_members_detour_and_equivocator": stormy(7, equivocators=1, detours=1),
    "seven_members_two_equivocators": stormy(7, equivocators=2),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_nothing_is_violated(name: str) -> None:
    for seed in range(SEEDS):
        report = run(seed, SCENARIOS[name])
        assert report.good, report.explain()
        assert report.height >= 1


@pytest.mark.parametrize("name", ["calm", "storm", "all_restart"])
def test_a_network_with_nothing_to_do_falls_silent(name: str) -> None:
    for seed in range(min(SEEDS, 30)):
        report = run(seed, SCENARIOS[name])
        assert report.silent, report.explain()


def test_the_equivocator_is_accused_and_nobody_else() -> None:
    for seed in range(10):
        assert run(seed, SCENARIOS["one_equivocator_in_calm"]).accused == {"m3"}


def test_crashes_happen() -> None:
    assert sum(run(seed, SCENARIOS["all_restart"]).deaths for seed in range(5)) > 5
