"""Good weather: how many message delays finality takes, and what an idle network costs."""

from __future__ import annotations

import pytest

from accord_node.simulate import Scenario, run
from accord_node.simulate.run import Game


@pytest.mark.parametrize("members", [4, 5, 7])
def test_finality_takes_three_message_delays(members: int) -> None:
    game = Game(1, Scenario(members=members, fixed=True, latency=50, transactions=1, spread=0))
    game.plan()
    game.loop.run(10_000)
    finals = [line for line in game.loop.transcript if " final 1 " in line]
    assert [int(line.split()[0]) for line in finals] == [150] * members
    assert game.oracle.height == 1


def test_a_block_is_not_followed_by_an_empty_one() -> None:
    report = run(1, Scenario(fixed=True, transactions=1, spread=0))
    assert report.height == 1
    assert report.silent


def test_a_heartbeat_makes_one_empty_block() -> None:
    game = Game(1, Scenario(fixed=True, transactions=0))
    game.plan()
    game.loop.run(1_000)
    assert game.network.sent == 0
    for member in game.members:
        member.heartbeat()
    game.loop.run(10_000)
    assert game.oracle.height == 1
    assert game.loop.idle


def test_a_silent_leader_costs_time_and_nothing_else() -> None:
    report = run(1, Scenario(silent=1, fixed=True, transactions=8, spread=6_000))
    assert report.good, report.explain()
    assert any("nullify" in line for line in report.transcript)
