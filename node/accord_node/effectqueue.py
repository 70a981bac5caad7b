"""Effects of consensus that wait to be carried out, in order; what nobody waits for rides with the next write.

A finalization changes nothing for those who wait: the block it makes final is made durable elsewhere, and the
votes it was formed from are in the journals of those who cast them. So it is not worth a sync of its own. It is
written with whatever binds this member next, usually the next block's vote, and after a moment in any case.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Final

from accord_ledger.consensus import effects as do
from accord_ledger.consensus import journal

HELD_SECONDS: Final = 0.05
"""A finalization is written no later than this."""


class EffectQueue:
    """Effects of many steps. Its one user takes them in batches, each with one write."""

    def __init__(self) -> None:
        self._waiting: list[do.Effect] = []
        self._wake = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        """Runs while something is held back."""
        self._due = False

    def add(self, effects: Iterable[do.Effect]) -> None:
        """These follow what waits already."""
        self._waiting += effects
        if self._waiting:
            self._wake.set()

    async def take(self) -> list[do.Effect]:
        """What is to be carried out now, in order; waits until there is something."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            batch, self._waiting = self._waiting, []
            if not self._due and all(_unhurried(effect) or _silent(effect) for effect in batch):
                batch = self._hold_back(batch)
            else:
                self._end_timer()
            if batch:
                return batch

    def _hold_back(self, batch: list[do.Effect]) -> list[do.Effect]:
        """Keep what nobody waits for; returns the rest, which says nothing that it should stand behind."""
        self._waiting = [effect for effect in batch if _unhurried(effect)]
        if self._waiting and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(HELD_SECONDS, self._fall_due)
        return [effect for effect in batch if not _unhurried(effect)]

    def _fall_due(self) -> None:
        self._timer, self._due = None, True
        self._wake.set()

    def _end_timer(self) -> None:
        self._due = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def clear(self) -> None:
        """Nothing of what waits will be carried out."""
        self._waiting = []
        self._end_timer()


def _unhurried(effect: do.Effect) -> bool:
    """Whether an effect only keeps a finalization, or says it to those who may lack it."""
    match effect:
        case do.Persist(records):
            return all(
                isinstance(item, journal.Certified) and item.certificate.kind == "finalize"
                for item in records
            )
        case do.SendCertificate(certificate, None):
            return certificate.kind == "finalize"
    return False


def _silent(effect: do.Effect) -> bool:
    """Whether an effect says nothing to anybody, so that nothing has to be durable before it."""
    return isinstance(effect, do.ScheduleTimer | do.BuildBlock | do.ExecuteBlock | do.Finalised)
