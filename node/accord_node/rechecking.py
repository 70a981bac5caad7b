"""A second look at records that a block refused, or had room for and did not take.

What fails in one block is given a moment, since what it builds on may still be on its way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from accord_ledger.errors import Rejection
from accord_node.chain import Chain, Refused
from accord_node.mempool import Mempool, Pending
from accord_node.seams import Clock
from accord_node.trial import Trial

TURN = 32
"""Records tried between two turns of the event loop."""
PATIENCE_SECONDS = 1.0
"""How long a record that fails is kept before it is dropped."""
RECHECKED = 512
"""Records tried again in one go."""


class Rechecking:
    """Decides which of the waiting records will never enter a block."""

    def __init__(
        self,
        *,
        chain: Chain,
        mempool: Mempool,
        clock: Clock,
        refuse: Callable[[Pending, Rejection], None],
        work_changed: Callable[[], None],
        spawn: Callable[[Coroutine[Any, Any, None]], None],
    ) -> None:
        """Wire it.

        Args:
            chain: what records are tried on.
            mempool: where they wait.
            clock: how long they have waited.
            refuse: drops one and tells whoever waits for it.
            work_changed: something may enter a block again.
            spawn: runs a task.
        """
        self._chain = chain
        self._mempool = mempool
        self._clock = clock
        self._refuse = refuse
        self._work_changed = work_changed
        self._spawn = spawn
        self._running = self._stopped = False

    def stop(self) -> None:
        """From now on nothing is refused."""
        self._stopped = True

    def on_refused(self, refused: list[Refused]) -> None:
        """Records our own block left out.

        Those that had their time are refused, the others wait for something new to arrive.
        """
        for item in refused:
            name = item.prepared.record.entry_hash
            pending = self._mempool.get(name)
            if pending is not None and not self._refuse_if_definite(pending, item.rejection):
                self._mempool.park(name)

    def _refuse_if_definite(self, item: Pending, rejection: Rejection) -> bool:
        """Refuse a record unless its refusal may pass.

        What it builds on may be on its way, the clock that says it expired is ours, the block that holds
        it already may not be final.
        """
        if rejection.code in {"E_TX_EXPIRED", "E_DUPLICATE_TX"}:
            return False  # block time and finality decide: see drop_expired and on_final
        if self._clock.monotonic() - item.arrived < PATIENCE_SECONDS:
            return False
        self._refuse(item, rejection)
        return True

    def recheck(self) -> None:
        """Try again what a block refused, or had room for and did not take; drop what fails."""
        if not self._running and not self._stopped:
            self._running = True
            self._spawn(self._recheck())

    async def _recheck(self) -> None:
        try:
            before = self._clock.monotonic() - PATIENCE_SECONDS
            old = self._mempool.oldest(before, self._chain.in_flight(), RECHECKED)
            fresh = Trial(self._chain.network, self._chain.checker, self._chain.head)
            head = self._chain.head().seal_hash
            for number, item in enumerate(old):
                if number % TURN == TURN - 1:
                    await asyncio.sleep(0)
                name = item.prepared.record.entry_hash
                if self._chain.head().seal_hash != head or self._stopped:
                    break  # on another basis now; the next time begins there
                if name not in self._mempool:
                    continue
                rejection = fresh.attempt(item.prepared, self._clock.now())
                if rejection is None:
                    self._mempool.unpark(name)
                else:
                    self._refuse_if_definite(item, rejection)
            if old:
                self._work_changed()
        finally:
            self._running = False
