"""Each kind of liar alone and in company, calm and storm; and every way to share a network out to twins."""

from __future__ import annotations

from itertools import islice, product

import pytest

from accord_node.simulate import Scenario, run
from accord_node.simulate.run import Game
from accord_node.simulate.scenarios import SCENARIOS
from accord_node.simulate.villains import CAST
from accord_node.simulate.villains.twins import Sides, Twins, all_sides


@pytest.mark.parametrize("name", SCENARIOS)
def test_nothing_is_violated(name: str) -> None:
    report = run(0, SCENARIOS[name])
    assert report.good, report.explain()
    assert report.height >= 1


@pytest.mark.parametrize("name", ["contradictor", "double_voter", "equivocator", "twins"])
def test_who_contradicts_itself_is_accused(name: str) -> None:
    assert any("m3" in run(seed, SCENARIOS[f"{name}_4"]).accused for seed in range(5))


@pytest.mark.parametrize("name", ["detour", "forger", "replayer", "silent", "slow", "withholder"])
def test_nobody_is_accused_for_less(name: str) -> None:
    assert all(run(seed, SCENARIOS[f"{name}_4"]).accused == set() for seed in range(3))


@pytest.mark.parametrize("name", sorted(set(CAST) - {"silent", "slow"}))
def test_each_kind_does_what_it_is_named_for(name: str) -> None:
    """Beside an honest member in its place the run is another one."""
    honest = run(1, SCENARIOS["calm_4"])
    assert run(1, SCENARIOS[f"{name}_4"]).digest != honest.digest
    words = {
        "contradictor": "nullifies and finalizes",
        "detour": "goes around",
        "double_voter": "votes twice",
        "equivocator": "equivocates",
        "withholder": "shows height",
    }
    said = [line for seed in range(3) for line in run(seed, SCENARIOS[f"{name}_4"]).transcript]
    assert name not in words or any(words[name] in line for line in said)


def test_two_forgers_do_not_keep_each_other_busy() -> None:
    report = run(1, Scenario(members=7, villains=("forger", "forger"), transactions=1, quiet=10_000))
    assert report.good, report.explain()[:4000]
    assert report.messages < 10_000


def test_two_pairs_of_twins_among_four_are_too_many() -> None:
    """With more than f liars promises break, and the oracle sees it."""
    crowd = Scenario(villains=("twins", "twins"), limit=20_000)
    assert any(not run(seed, crowd).good for seed in range(40))


def play_twins(members: int, rounds: tuple[Sides, ...], seed: int) -> list[str]:
    how = Scenario(
        members=members, villains=("twins",), transactions=3, spread=2_000, limit=60_000, quiet=10_000
    )
    game = Game(seed, how)
    twins = game.members[-1]
    assert isinstance(twins, Twins)
    twins.rounds = rounds
    game.play()
    return game.oracle.violations


def test_shares_are_counted_without_the_exchange_of_names() -> None:
    assert [len(all_sides(others)) for others in (1, 3, 4)] == [2, 14, 41]


@pytest.mark.parametrize("members", [4, 5])
def test_twins_in_every_share_of_the_network(members: int) -> None:
    """All 14 at n = 4, every other of the 41 at n = 5."""
    for seed, share in enumerate(islice(all_sides(members - 1), 0, None, members - 3)):
        assert play_twins(members, (share,), seed) == [], share


@pytest.mark.campaign
@pytest.mark.parametrize(("members", "pairs"), [(4, 196), (5, 1_681)])
def test_twins_in_every_two_shares_in_turn(members: int, pairs: int) -> None:
    plans = list(product(all_sides(members - 1), repeat=2))
    assert len(plans) == pairs
    for seed, plan in enumerate(plans):
        assert play_twins(members, plan, seed) == [], plan
