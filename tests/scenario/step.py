"""The table of steps: when each is played, what it needs, and what it sends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from accord_ledger import calendar
from scenario.stage import Script

SLACK_DAYS = 14
"""How much later than scripted a step gives the same verdicts, unless it says otherwise."""


@dataclass(frozen=True)
class Step:
    """One row of the script."""

    name: str
    day: str
    """Date of section 6."""
    needs: tuple[str, ...]
    """Steps that come before it in every order."""
    slack: int
    """Days by which it may be late in another order."""
    write: Callable[[], Script]
    """What it sends, in order, and what must hold in between."""

    @property
    def time(self) -> int:
        """Ledger time (UTC seconds) from which it may be played."""
        return calendar.midnight(calendar.parse_date(self.day))

    @property
    def latest(self) -> int:
        """Last ledger time at which it may be played."""
        return self.time + self.slack * calendar.DAY


STEPS: list[Step] = []
"""Every step; ``script.SCRIPT`` has them in order."""


def step(
    name: str, day: str, *needs: str, slack: int = SLACK_DAYS
) -> Callable[[Callable[[], Script]], Callable[[], Script]]:
    """Decorator that adds a row to the table."""

    def add(write: Callable[[], Script]) -> Callable[[], Script]:
        assert name not in {one.name for one in STEPS}, f"two steps are called {name}"
        STEPS.append(Step(name, day, needs, slack, write))
        return write

    return add
