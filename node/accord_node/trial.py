"""Trying a record before it is accepted: would the ledger take it now?

The trial runs on the newest executed block plus what already waits here, so a transaction may build on
one that is still pending. It is advisory: the verdict that counts falls when a block is executed.
Its memory is bounded, and it gives the event loop a turn between small numbers of records.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence

from accord_ledger.domain.context import Context
from accord_ledger.domain.pipeline import Prepared, SignatureChecker, run
from accord_ledger.errors import Rejection
from accord_ledger.execute import RecentTransactions, Version, check_opening
from accord_ledger.state import View

MAX_RECORDS = 20_000
"""Records after which the trial begins anew on the newest block."""
MAX_REPLAY = 500
"""Waiting records that are tried again when it begins anew."""
TURN = 32
"""Records tried between two turns of the event loop."""


class Trial:
    """A view of the ledger as it would be if everything that waits here were in it."""

    def __init__(self, network: bytes, checker: SignatureChecker, head: Callable[[], Version]) -> None:
        self._network = network
        self._checker = checker
        self._head = head
        self._lock = asyncio.Lock()
        self._unseen: deque[Prepared] = deque(maxlen=MAX_REPLAY)
        """Arrived from peers and not tried yet: a record that fails may build on one of them."""
        self._begin()

    def _begin(self) -> None:
        version = self._head()
        self._seal, self._height, self._time = version.seal_hash, version.height, version.time
        self._first = version.awaits_first
        self._view = View(version.state)
        self._ctx = Context(
            state=self._view, network=self._network, height=self._height + 1, time=version.time
        )
        self._recent = RecentTransactions(version.recent)
        self._count = 0
        self._complete = False

    def arrived(self, records: Iterable[Prepared]) -> None:
        """Records wait here that this trial has not seen."""
        self._unseen.extend(records)

    def dropped(self) -> None:
        """A record this trial counts on waits no more."""
        self._complete = False

    @property
    def stale(self) -> bool:
        """Whether a newer block was executed, or records left, since the trial began."""
        return not self._complete or self._head().seal_hash != self._seal

    def attempt(self, prepared: Prepared, time: int) -> Rejection | None:
        """Run one record on the view as it stands; what passes stays in it."""
        ctx = self._at(max(time, self._time))
        first = self._first and self._count == 0
        ctx.for_record(prepared.record.tx.author, prepared.record.tx_id, first=first)
        self._view.begin()
        try:
            if first:
                check_opening(self._view, prepared.record.tx.kind)
            run(ctx, prepared, self._checker, self._recent.holds)
        except Rejection as rejection:
            self._view.undo()
            return rejection
        except BaseException:
            self._view.undo()
            raise
        self._view.keep()
        self._recent.add(prepared.record.tx_id, prepared.record.tx.expires)
        self._count += 1
        return None

    def _at(self, time: int) -> Context:
        """The same view at a time; what was worked out for another time is forgotten."""
        if time != self._ctx.time:
            self._ctx = Context(state=self._view, network=self._network, height=self._height + 1, time=time)
            self._view.recalled.clear()
        return self._ctx

    def passes(self, prepared: Prepared, time: int) -> bool:
        """Whether the record is taken as things stand; if not, :meth:`check` says why, or that they stand otherwise.

        Args:
            prepared: the record.
            time: our clock, UTC seconds.
        """
        if self._lock.locked() or self._count >= MAX_RECORDS:
            return False
        return self.attempt(prepared, time) is None

    async def check(
        self, prepared: Prepared, time: int, waiting: Callable[[int], Sequence[Prepared]]
    ) -> Rejection | None:
        """Why the record would be refused, or None. A refusal on an old basis is tried on the newest.

        Args:
            prepared: the record.
            time: our clock, UTC seconds.
            waiting: gives the newest so many records that wait here, in order.
        """
        async with self._lock:
            if self._count >= MAX_RECORDS:
                self._begin()
            rejection = self.attempt(prepared, time)
            if rejection is None:
                return None
            if self.stale:
                self._begin()
                self._complete = True
                self._unseen.clear()
                await self._replay(waiting(MAX_REPLAY), time)
            elif self._unseen:
                unseen, self._unseen = list(self._unseen), deque(maxlen=MAX_REPLAY)
                await self._replay(unseen, time)
            else:
                return rejection
            return self.attempt(prepared, time)

    async def _replay(self, records: Sequence[Prepared], time: int) -> None:
        for number, prepared in enumerate(records):
            if number % TURN == TURN - 1:
                await asyncio.sleep(0)
            self.attempt(prepared, time)
