"""The scenarios of whole nodes, by name; a seed decides everything else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from accord_node.simulate.nodes.liars import LIARS
from accord_node.simulate.nodes.net import Weather
from accord_node.simulate.nodes.scenario import Scenario

STORM: Final = Weather(most=0.15, stalls=0.03, breaks=0.004, partitions=2)
HEAL_AT: Final = 6.0


def calm(members: int = 4, *liars: str, observers: int = 0) -> Scenario:
    """Good weather, nobody dies."""
    return Scenario(members=members, liars=liars, observers=observers)


def storm(members: int = 4, *liars: str, observers: int = 0, restarters: int = 0) -> Scenario:
    """Delays, broken connections, partitions and slow disks, then healing."""
    return Scenario(
        members=members,
        liars=liars,
        observers=observers,
        restarters=restarters,
        weather=STORM,
        heal_at=HEAL_AT,
        stalls=0.02,
        spread=5.0,
    )


def _all() -> dict[str, Scenario]:
    found = {
        "nodes_calm_4": calm(),
        "nodes_calm_5_observer": calm(5, observers=1),
        "nodes_storm_4": storm(),
        "nodes_storm_7": storm(7),
        "nodes_storm_5_observer": storm(5, observers=1),
        "nodes_restarts_4": storm(restarters=4),
        "nodes_restarts_5_observer": storm(5, observers=1, restarters=6),
        "nodes_restarts_5_equivocator": storm(5, "equivocator", restarters=2),
        "nodes_all_die": Scenario(die_together=1.0),
        "nodes_all_die_in_storm": Scenario(die_together=3.0, weather=STORM, heal_at=HEAL_AT, spread=5.0),
    }
    found["nodes_seats_5"] = Scenario(members=5, revokes=True)
    found["nodes_storm_seats_5"] = replace(storm(5), revokes=True)
    found["nodes_restarts_seats_5"] = replace(storm(5, restarters=5), revokes=True)
    found["nodes_seats_equivocator_5"] = replace(storm(5, "equivocator"), revokes=True)
    found["nodes_cut_off"] = Scenario(cut_off=True, heal_at=70.0, records=4)
    found["nodes_late_4"] = Scenario(liars=("silent",), late=3.0, spread=6.0)
    found["nodes_late_storm_5"] = replace(storm(5, "silent"), late=3.0)
    for name in LIARS:
        found[f"nodes_{name}_4"] = calm(4, name)
        found[f"nodes_storm_{name}_4"] = storm(4, name)
    return found


SCENARIOS: Final[Mapping[str, Scenario]] = _all()
"""By name; the names begin with ``nodes_``, those of the core alone do not."""
