"""Scenarios drawn from their seed: always within what is promised, and of every kind."""

from __future__ import annotations

from collections import Counter

from accord_node.simulate.drawn import drawn
from accord_node.simulate.ledger import member_set, seats_after
from accord_node.simulate.run import Game, Scenario, liars_of, run
from accord_node.simulate.villains import CAST


def liars_and_bounds(scenario: Scenario) -> list[tuple[int, int, int]]:
    """For each epoch: members, f, and liars with a seat."""
    game = Game(0, scenario)
    lying = {member.party for member in game.members} - game.oracle.honest
    epochs = [member_set(sorted(f"m{place}" for place in range(scenario.members)))]
    for change in game.changes:
        epochs.append(seats_after(epochs[-1], (change,)))
    return [
        (members.size, members.faults, len(lying & {seat.party for seat in members.members}))
        for members in epochs
    ]


def test_at_most_f_lie_in_every_epoch() -> None:
    for seed in range(2_000):
        for size, faults, lying in liars_and_bounds(drawn(seed)):
            assert size >= 4
            assert lying <= faults, seed


def test_the_seed_decides() -> None:
    assert drawn(7) == drawn(7)
    assert run(7, drawn(7)).digest == run(7, drawn(7)).digest
    assert len({drawn(seed) for seed in range(100)}) == 100


def test_there_is_some_of_everything() -> None:
    scenarios = [drawn(seed) for seed in range(2_000)]
    kinds = Counter(villain for scenario in scenarios for villain in liars_of(scenario))
    assert kinds.keys() == CAST.keys()
    assert min(kinds.values()) > 50
    assert {scenario.members for scenario in scenarios} == {4, 5, 6, 7}
    assert sum(bool(scenario.changes) for scenario in scenarios) > 200
    assert sum(bool(scenario.restarters and scenario.chance) for scenario in scenarios) > 200
    assert sum(scenario.eager for scenario in scenarios) > 500
    assert sum(bool(scenario.blackouts) for scenario in scenarios) > 50
    assert sum(scenario.weather.partitions > 0 for scenario in scenarios) > 200


def test_nothing_is_violated() -> None:
    for seed in range(150):
        report = run(seed, drawn(seed))
        assert report.good, report.explain()
        assert report.height >= 1
