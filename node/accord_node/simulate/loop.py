"""Virtual time: one queue of events, one seeded source of chance, one transcript.

Nothing in a simulation may take time or chance from anywhere else; then the seed decides everything
and two runs of one seed have equal transcripts, which their digest shows.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from hashlib import sha256
from random import Random
from typing import Any, TypeVarTuple

MAX_EVENTS = 500_000
"""A run that needs more has lost its way."""

Arguments = TypeVarTuple("Arguments")


class Loop:
    """Scheduler of one run. Time is in milliseconds from zero.

    Attributes:
        now: virtual time.
        random: the run's only source of chance.
        transcript: who did what, when; one line each.
        gave_up: whether it stopped because there was no end in sight.
    """

    def __init__(self, seed: int) -> None:
        self.now = 0
        self.random = Random(seed)  # noqa: S311 - chance that repeats is the point
        self.transcript: list[str] = []
        self.gave_up = False
        self._queue: list[tuple[int, int, Callable[..., None], tuple[Any, ...]]] = []
        self._count = 0

    def after(self, delay: int, action: Callable[[*Arguments], None], *arguments: *Arguments) -> None:
        """Do something ``delay`` milliseconds from now; of equal times the first asked goes first."""
        self._count += 1
        heapq.heappush(self._queue, (self.now + max(0, delay), self._count, action, arguments))

    def note(self, who: str, what: str) -> None:
        """Add a line to the transcript."""
        self.transcript.append(f"{self.now:>8} {who:<8} {what}")

    def run(self, until: int, done: Callable[[], bool] = lambda: False) -> None:
        """Let events happen until time is up, nothing is left, or ``done`` says so."""
        queue = self._queue
        while queue and queue[0][0] <= until and not done():
            if self._count > MAX_EVENTS:
                self.gave_up = True
                self.note("loop", "gave up: too many events")
                return
            self.now, _, action, arguments = heapq.heappop(queue)
            action(*arguments)

    @property
    def idle(self) -> bool:
        """Whether nothing will ever happen again."""
        return not self._queue

    def digest(self) -> str:
        """SHA-256 of the transcript."""
        return sha256("\n".join(self.transcript).encode()).hexdigest()
