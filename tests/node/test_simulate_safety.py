"""Mixtures of liars, crashes and weather against the oracle: a few seeds every day, more in the campaign."""

from __future__ import annotations

import pytest

from accord_node.simulate import Scenario, run
from accord_node.simulate.net import Weather
from accord_node.simulate.run import Game

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


def check(name: str, seeds: range) -> None:
    for seed in seeds:
        report = run(seed, SCENARIOS[name])
        assert report.good, report.explain()
        assert report.height >= 1


@pytest.mark.parametrize("name", SCENARIOS)
def test_nothing_is_violated(name: str) -> None:
    check(name, range(4))


@pytest.mark.campaign
@pytest.mark.parametrize("name", SCENARIOS)
def test_nothing_is_violated_by_more_seeds(name: str) -> None:
    check(name, range(4, 50))


@pytest.mark.parametrize("name", ["calm", "storm", "all_restart"])
def test_a_network_with_nothing_to_do_falls_silent(name: str) -> None:
    for seed in range(4):
        report = run(seed, SCENARIOS[name])
        assert report.silent, report.explain()


def test_a_leader_whose_proposal_was_lost_falls_silent_with_the_next_heartbeat() -> None:
    """Nobody else has work in its view; alone it says nullify until they have."""
    weather = Weather(loss=0.3, delay=100, partitions=1)
    stuck = Scenario(weather=weather, heal_at=1_500, spread=800, transactions=1, quiet=30_000)
    games = [Game(seed, stuck) for seed in range(40)]
    for game in games:
        game.play()
        assert game.silent, game.oracle.violations
    assert any(_repeats(game) for game in games)


def _repeats(game: Game) -> bool:
    last = [line.split(maxsplit=1)[1] for line in game.loop.transcript if " nullify " in line]
    return any(last.count(line) > 20 for line in set(last))


def test_the_equivocator_is_accused_and_nobody_else() -> None:
    for seed in range(10):
        assert run(seed, SCENARIOS["one_equivocator_in_calm"]).accused == {"m3"}


def test_crashes_happen() -> None:
    assert sum(run(seed, SCENARIOS["all_restart"]).deaths for seed in range(5)) > 5
