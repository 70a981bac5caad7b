"""Seats come and go while the network is at its worst: 4 members, then 5, then 4 again."""

from __future__ import annotations

import pytest

from accord_node.simulate import Scenario, run
from accord_node.simulate.disk import Loss
from accord_node.simulate.ledger import member_set, seat_change, seats_after
from accord_node.simulate.net import Weather
from accord_node.simulate.run import Game

STORM = Weather(loss=0.2, repeat=0.1, delay=400, partitions=3)
FIVE_AND_BACK = (4, ~0)
"""m4 gets a seat, then m0 loses its own."""


def stormy(**how: int) -> Scenario:
    return Scenario(
        observers=1,
        changes=FIVE_AND_BACK,
        weather=STORM,
        heal_at=10_000,
        transactions=12,
        spread=12_000,
        views=120,
        **how,  # type: ignore[arg-type]
    )


SCENARIOS = {
    "calm": Scenario(observers=1, changes=FIVE_AND_BACK),
    "many": Scenario(members=4, observers=2, changes=(4, ~1, 5, 1, ~4, ~5), transactions=10),
    "storm": stormy(),
    "one_silent": stormy(silent=1),
    "one_equivocator": stormy(equivocators=1),
    "one_detour": stormy(detours=1),
    "all_restart": stormy(restarters=4),
}


def check(name: str, seeds: range) -> None:
    for seed in seeds:
        game = Game(seed, SCENARIOS[name])
        game.play()
        assert game.oracle.violations == [], "\n".join([*game.oracle.violations, *game.loop.transcript])
        changes = SCENARIOS[name].changes
        assert max(game.oracle.epochs) == len(changes)
        assert all(member.members.epoch == len(changes) for member in game.honest)


@pytest.mark.parametrize("name", SCENARIOS)
def test_nothing_is_violated_across_epochs(name: str) -> None:
    check(name, range(3))


@pytest.mark.campaign
@pytest.mark.parametrize("name", SCENARIOS)
def test_nothing_is_violated_across_epochs_by_more_seeds(name: str) -> None:
    check(name, range(3, 40))


def test_the_last_epoch_is_that_of_the_last_change() -> None:
    game = Game(1, SCENARIOS["calm"])
    game.play()
    assert game.oracle.epochs[2] == member_set(["m1", "m2", "m3", "m4"], 2)


def test_the_same_seal_was_proposed_again_somewhere() -> None:
    """Not in every run: only where a change took more than one view to become final."""
    again = 0
    for seed in range(8):
        lines = run(seed, SCENARIOS["storm"]).transcript
        proposals = [line.split(" proposes ")[1].split() for line in lines if " proposes " in line]
        seals = {(view, seal) for view, _, _, seal in proposals}
        again += len(seals) - len({seal for _, seal in seals})
    assert again > 0


def test_seats_change_by_numbers() -> None:
    before = member_set(["m0", "m1"])
    assert seats_after(before, (1, 2, 3)) == before
    assert seats_after(before, (seat_change(7, 2, revoke=False),)) == member_set(["m0", "m1", "m2"], 1)
    assert seats_after(before, (seat_change(7, 1, revoke=True),)) == member_set(["m0"], 1)


def test_all_killed_as_the_change_became_final_come_back_in_the_next_epoch() -> None:
    game = Game(3, Scenario(observers=1, changes=(4,), transactions=0))
    game.plan()
    change = game.changes[0]
    game.loop.run(60_000, lambda: change in game.oracle.final_transactions())
    assert all(member.members.epoch == 0 for member in game.members)
    for member in game.members:
        member.die(Loss.LOST)
        member.start()
    game.loop.run(120_000, lambda: all(member.members.epoch == 1 for member in game.members))
    for member in game.members:
        member.submit(1)
    game.loop.run(180_000, lambda: 1 in game.oracle.final_transactions())
    assert 1 in game.oracle.final_transactions()
    assert game.oracle.violations == []
