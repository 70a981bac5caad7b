"""Death at every place where a member's host touches its disk or its network, one by one and two by two.

The simulated disk and network name each place as it is passed; nothing here lists them by hand. A few are tried
every day, all of them in the campaign that CI runs.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from accord_node.simulate import Scenario
from accord_node.simulate.disk import Loss, SimulatedDisk
from accord_node.simulate.net import Message
from accord_node.simulate.run import Game

SHORT = Scenario(transactions=2, spread=400, restarters=1, chance=0.0, quiet=30_000)
SEAT = Scenario(
    observers=1, changes=(4,), transactions=1, restarters=1, chance=0.0, quiet=30_000, segment_bytes=1
)
LIAR = replace(SHORT, villains=("equivocator",))
SEGMENTS = replace(SHORT, transactions=4, spread=1_500, segment_bytes=1, eager=True)
SCENARIOS = {"one_epoch": SHORT, "two_epochs": SEAT, "beside_a_liar": LIAR, "many_segments": SEGMENTS}
RECOVERY = 8
"""Boundaries after a death at which the second one is tried."""


def places(seed: int, scenario: Scenario) -> list[str]:
    game = Game(seed, scenario)
    game.play()
    assert game.oracle.violations == []
    return game.restarters[0].words


def die(scenario: Scenario, at: tuple[int, ...], loss: Loss) -> int:
    game = Game(5, replace(scenario, crash_at=at, loss=loss))
    game.play()
    assert not game.oracle.violations, "\n".join([*game.oracle.violations, *game.loop.transcript])
    for member in game.honest:  # each can show whoever lags how the epochs before its own ended
        assert set(member.database.ends) == set(range(member.members.epoch))
    return game.restarters[0].deaths


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_each_touch_of_the_seams_is_a_place(scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted where the disk and the network are called, not where they report."""
    game = Game(5, scenario)
    member = game.restarters[0]
    touched: Counter[str] = Counter()

    def counted(name: str) -> None:
        real = getattr(SimulatedDisk, name)

        def call(disk: SimulatedDisk, *arguments: object) -> None:
            touched[name] += disk is member.disk
            real(disk, *arguments)

        monkeypatch.setattr(SimulatedDisk, name, call)

    for name in ("append", "truncate", "sync", "rename", "remove", "sync_directory"):
        counted(name)

    def heard(source: str, _: Message) -> None:
        touched["message"] += source == member.party

    game.network.watch = heard
    game.play()
    batches = member.words.count("before persist")
    assert batches >= 4
    assert len(member.words) == touched.total() + touched["message"] + batches
    assert len(member.words) == len(places(5, scenario))


@pytest.mark.parametrize("loss", list(Loss))
@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_a_death_at_some_places_breaks_nothing(scenario: Scenario, loss: Loss) -> None:
    """Every tenth place, other ones for each kind of loss."""
    chosen = range(1 + 3 * list(Loss).index(loss), len(places(5, scenario)) + 1, 10)
    assert sum(die(scenario, (place,), loss) for place in chosen) == len(chosen)


@pytest.mark.campaign
@pytest.mark.parametrize("loss", list(Loss))
@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_a_death_at_each_place_breaks_nothing(scenario: Scenario, loss: Loss) -> None:
    count = len(places(5, scenario))
    assert count > 60
    assert sum(die(scenario, (place,), loss) for place in range(1, count + 1)) == count


@pytest.mark.campaign
@pytest.mark.parametrize("loss", list(Loss))
@pytest.mark.parametrize("scenario", [SHORT, SEAT], ids=["one_epoch", "two_epochs"])
def test_a_second_death_in_the_recovery_breaks_nothing(scenario: Scenario, loss: Loss) -> None:
    """At each of the first places after each death; a few of those last ones the recovery never comes to."""
    count = len(places(5, scenario))
    pairs = [(place, place + later) for place in range(1, count + 1) for later in range(1, RECOVERY + 1)]
    deaths = [die(scenario, pair, loss) for pair in pairs]
    assert set(deaths) <= {1, 2}
    assert deaths.count(2) >= 0.9 * len(pairs)
