"""A large alliance: thirty members, as many as keep links to all others, with up to f of them lying or silent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from accord_node.simulate import Scenario, run
from accord_node.simulate.net import Weather
from accord_node.simulate.villains import CAST

THIRTY = 30
F = (THIRTY - 1) // 3
LIARS = tuple(sorted(set(CAST) - {"forger"}))
"""One of each kind but the one whose forgeries grow with the cube of the members."""
WELL = Scenario(members=THIRTY, transactions=3, spread=1000, views=200, quiet=10_000)
STORM = replace(
    WELL,
    villains=LIARS,
    restarters=THIRTY - F,
    chance=0.0005,
    weather=Weather(loss=0.2, repeat=0.1, delay=400, partitions=3),
    heal_at=4_000,
    spread=3_000,
)


@pytest.mark.parametrize("liars", [(), ("silent",) * F, LIARS], ids=["well", "f_silent", "f_of_nine_kinds"])
def test_thirty_members_keep_finality(liars: tuple[str, ...]) -> None:
    assert len(liars) in {0, F}
    report = run(1, replace(WELL, villains=liars))
    assert report.good, report.explain()[:4000]
    assert report.height >= 1


@pytest.mark.campaign
def test_thirty_members_keep_finality_after_a_storm() -> None:
    deaths = 0
    for seed in range(30):
        report = run(seed, STORM)
        assert report.good, report.explain()[:4000]
        deaths += report.deaths
    assert deaths > 100
