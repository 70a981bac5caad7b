"""Virtual time: one queue of events, one seeded source of chance, one transcript.

Nothing in a simulation may take time or chance from anywhere else; then the seed decides everything
and two runs of one seed have equal transcripts, which their digest shows.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from hashlib import sha256
from random import Random

MAX_EVENTS = 500_000
"""A run that needs more has lost its way."""


class Loop:
    """Scheduler of one run. Time is in milliseconds from zero.

    Attributes:
        now: virtual time.
        random: the run's only source of chance.
        transcript: who did what, when; one line each.
    """

    def __init__(self, seed: int) -> None:
        self.now = 0
        self.random = Random(seed)  # noqa: S311 - chance that repeats is the point
        self.transcript: list[str] = []
        self._queue: list[tuple[int, int, Callable[[], None]]] = []
        self._count = 0

    def after(self, delay: int, action: Callable[[], None]) -> None:
        """Do something ``delay`` milliseconds from now; of equal times the first asked goes first."""
        self._count += 1
        heapq.heappush(self._queue, (self.now + max(0, delay), self._count, action))

    def note(self, who: str, what: str) -> None:
        """Add a line to the transcript."""
        self.transcript.append(f"{self.now:>8} {who:<8} {what}")

    def run(self, until: int, done: Callable[[], bool] = lambda: False) -> None:
        """Let events happen until time is up, nothing is left, or ``done`` says so."""
        while self._queue and self._queue[0][0] <= until and not done():
            if self._count > MAX_EVENTS:
                self.note("loop", "gave up: too many events")
                return
            self.now, _, action = heapq.heappop(self._queue)
            action()

    @property
    def idle(self) -> bool:
        """Whether nothing will ever happen again."""
        return not self._queue

    def digest(self) -> str:
        """SHA-256 of the transcript."""
        return sha256("\n".join(self.transcript).encode()).hexdigest()
