"""The scenarios of the long campaign and of ``accord node simulate``, by name.

Each is one mixture of members, liars, crashes and weather; a seed decides everything else. Of ``drawn`` the
seed decides the mixture too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from accord_node.simulate.drawn import drawn
from accord_node.simulate.net import Weather
from accord_node.simulate.run import Scenario
from accord_node.simulate.villains import CAST

STORM: Final = Weather(loss=0.2, repeat=0.1, delay=400, partitions=3)
HEAL_AT: Final = 10_000
GRANT_AND_REVOKE: Final = (4, ~0)
"""The fifth node gets a seat, then the first loses its own."""


def calm(members: int, *villains: str, restarters: int = 0) -> Scenario:
    """Good weather from the start."""
    return Scenario(members=members, villains=villains, restarters=restarters, transactions=8)


def storm(members: int, *villains: str, restarters: int = 0) -> Scenario:
    """Loss, repetition, reordering and partitions, then healing."""
    return Scenario(
        members=members,
        villains=villains,
        restarters=restarters,
        weather=STORM,
        heal_at=HEAL_AT,
        transactions=12,
        spread=12_000,
    )


def seats(*villains: str, restarters: int = 0) -> Scenario:
    """The seats change twice in a storm: 4 members, 5, 4 again."""
    return Scenario(
        observers=1,
        changes=GRANT_AND_REVOKE,
        villains=villains,
        restarters=restarters,
        weather=STORM,
        heal_at=HEAL_AT,
        transactions=12,
        spread=12_000,
        views=120,
    )


def _all() -> dict[str, Scenario]:
    found = {
        "calm_4": calm(4),
        "storm_4": storm(4),
        "storm_7": storm(7),
        "restarts_4": storm(4, restarters=4),
        "restarts_5": storm(5, "equivocator", restarters=4),
        "restarts_7": storm(7, "twins", "withholder", restarters=5),
        "seats": seats(),
        "seats_restarts": seats(restarters=4),
    }
    for name in CAST:
        found[f"{name}_4"] = calm(4, name)
        found[f"{name}_5"] = calm(5, name)
        found[f"storm_{name}_4"] = storm(4, name)
        found[f"storm_{name}_5"] = storm(5, name)
        found[f"seats_{name}"] = seats(name)
    pairs = [("equivocator", "twins"), ("contradictor", "withholder"), ("double_voter", "forger")]
    found |= {f"storm_{one}_{two}_7": storm(7, one, two) for one, two in pairs}
    return found


SCENARIOS: Final[Mapping[str, Scenario]] = _all()

DRAWN: Final = "drawn"


def scenario_of(name: str, seed: int) -> Scenario:
    """The scenario of this name; of ``drawn`` the one that this seed draws."""
    return drawn(seed) if name == DRAWN else SCENARIOS[name]
