"""Death at every place where a member's host touches its disk or its network, one by one.

The simulated disk and network name each place as it is passed; nothing here lists them by hand.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace

import pytest

from accord_node.simulate import Scenario, run
from accord_node.simulate.disk import Loss
from accord_node.simulate.run import Game

SHORT = Scenario(transactions=2, spread=400, restarters=1, chance=0.0)
SEAT = Scenario(observers=1, changes=(4,), transactions=1, restarters=1, chance=0.0)
ALL = "ACCORD_SEEDS" in os.environ


def places(seed: int, scenario: Scenario) -> list[str]:
    game = Game(seed, scenario)
    game.play()
    assert game.oracle.violations == []
    return game.restarters[0].words


def test_the_seams_name_each_place_before_and_after() -> None:
    words = Counter(word.rsplit(" ", 1)[0] if "sending" in word else word for word in places(5, SHORT))
    assert words["before sending"] == words["after sending"] > 20
    assert words["before persist"] >= 4
    assert words["appended"] == words["synced"] >= words["before persist"]


@pytest.mark.parametrize(
    ("scenario", "step"), [(SHORT, 1), (SEAT, 1 if ALL else 3)], ids=["one_epoch", "two_epochs"]
)
@pytest.mark.parametrize("loss", list(Loss))
def test_a_death_at_each_place_breaks_nothing(scenario: Scenario, step: int, loss: Loss) -> None:
    """Across epochs every third place, another third for each kind of loss; all with ``ACCORD_SEEDS``."""
    first = 1 + list(Loss).index(loss) % step
    deaths = 0
    chosen = range(first, len(places(5, scenario)) + 1, step)
    for place in chosen:
        report = run(5, replace(scenario, crash_at=place, loss=loss))
        assert report.good, report.explain()
        deaths += report.deaths
    assert deaths == len(chosen)
