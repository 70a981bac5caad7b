"""Death of everyone at once, at the worst moments, and of one for a long time."""

from __future__ import annotations

import pytest

from accord_node.simulate import Scenario, run
from accord_node.simulate.disk import Loss
from accord_node.simulate.oracle import Oracle
from accord_node.simulate.run import Game


def _said(oracle: Oracle, kind: str, view: int) -> int:
    return sum(kind in votes for (_, _, at), votes in oracle._said.items() if at == view)


@pytest.mark.parametrize("kind", ["notarize", "finalize"])
def test_all_four_killed_before_any_commit_come_back_and_finalise(kind: str) -> None:
    game = Game(1, Scenario(fixed=True, transactions=1, spread=10))
    game.plan()
    game.loop.run(60_000, lambda: _said(game.oracle, kind, 1) == 4)
    assert game.oracle.height == 0
    for member in game.members:
        member.die(Loss.LOST)
    assert all(member.database.finalised.height == 0 for member in game.members)
    for member in game.members:
        member.start()
    game.loop.run(game.loop.now + 5_000)
    assert not game.oracle.violations
    assert game.oracle.final_transactions() == [0]
    assert game.oracle.notarized(1)
    assert all(member.database.finalised.height >= 1 for member in game.members)


def test_a_member_that_slept_through_everything_catches_up() -> None:
    game = Game(3, Scenario(transactions=8, spread=4_000))
    game.plan()
    game.loop.run(100)
    game.members[0].die(Loss.LOST)
    game.loop.run(6_000)
    game.members[0].start()
    for member in game.members:
        member.submit(8)
    game.loop.run(game.loop.now + 20_000)
    assert not game.oracle.violations
    assert 8 in game.oracle.final_transactions()
    assert {member.database.finalised.height for member in game.members} == {game.oracle.height}


def test_all_lose_power_in_one_moment_again_and_again() -> None:
    dark = Scenario(restarters=4, chance=0.0, blackouts=3, heal_at=4_000, spread=4_000, transactions=6)
    for seed in range(3):
        report = run(seed, dark)
        assert report.good, report.explain()
        assert report.deaths > 4
