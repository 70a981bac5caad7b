"""The reference scenario as one table, in the order of DOMAIN.md section 6."""

from __future__ import annotations

from scenario import later_years, run_off, setting_up, spring, summer
from scenario.step import STEPS, Step

PARTS = (setting_up, spring, summer, run_off, later_years)
_PLACES = {part.__name__: place for place, part in enumerate(PARTS)}

SCRIPT: tuple[Step, ...] = tuple(sorted(STEPS, key=lambda one: (one.time, _PLACES[one.write.__module__])))
"""Every step by date; those of one day in the order in which they stand in their files."""


def check_needs() -> None:
    """Every step comes after what it needs."""
    before: set[str] = set()
    for one in SCRIPT:
        assert before.issuperset(one.needs), f"{one.name} comes before one of {one.needs}"
        before.add(one.name)


check_needs()
