"""Scenarios drawn from the seed itself: short runs, each another mixture, for campaigns of very many.

At most f of the members lie in every epoch of a run, so nothing may be violated in any of them.
"""

from __future__ import annotations

from random import Random
from typing import Final

from accord_ledger.consensus.config import Config
from accord_node.simulate.net import Weather
from accord_node.simulate.run import Scenario
from accord_node.simulate.villains import CAST

MEMBERS: Final = (4, 4, 4, 4, 4, 4, 5, 5, 6, 7)
"""How many members, as often as they stand here."""
DELTAS: Final = (60, 100, 200)
LONGEST_STORM: Final = 3_000
"""Milliseconds."""


def drawn(seed: int) -> Scenario:
    """The scenario of this seed: members, liars, crashes, weather, seats and timing."""
    draw = Random(f"accord scenario {seed}")  # noqa: S311 - chance that repeats is the point
    members = draw.choice(MEMBERS)
    liars = draw.randint(0, (members - 1) // 3)
    villains = tuple(draw.choice(sorted(CAST)) for _ in range(liars))
    changes = _changes(draw, members, liars) if draw.random() < 0.2 else ()
    storm = draw.randint(200, LONGEST_STORM)
    heal_at = draw.choice((0, storm, storm))
    restarters = draw.choice((0, draw.randint(1, members - liars))) if heal_at else 0
    delta = draw.choice(DELTAS)
    return Scenario(
        members=members,
        observers=int(bool(changes)),
        changes=changes,
        villains=villains,
        restarters=restarters,
        chance=draw.choice((0.0, 0.002, 0.01, 0.03)),
        blackouts=draw.choice((0, 0, 1)) if restarters else 0,
        weather=_weather(draw) if heal_at else Weather(delay=draw.choice((10, 100, 300))),
        heal_at=heal_at,
        latency=draw.randint(1, delta),
        transactions=draw.randint(1, 4),
        spread=draw.randint(0, heal_at + 400),
        views=120,
        quiet=30_000,
        segment_bytes=draw.choice((1, 2_000, 20_000)),
        eager=draw.choice((False, True)),
        config=Config(delta=delta, depth=draw.choice((2, 3, 8)), behind=draw.choice((4, 16))),
    )


def _changes(draw: Random, members: int, liars: int) -> tuple[int, ...]:
    """Seats for the observer, and perhaps one lost: by the first member, a liar in the last place, the observer."""
    grant, first, last = members, ~0, ~(members - 1)
    return draw.choice([(grant,), (grant, first), (grant, last if liars else first), (grant, ~grant, grant)])


def _weather(draw: Random) -> Weather:
    return Weather(
        loss=draw.choice((0.0, 0.1, 0.3)),
        repeat=draw.choice((0.0, 0.1, 0.3)),
        delay=draw.choice((20, 100, 400, 1_000)),
        partitions=draw.randint(0, 3),
    )
