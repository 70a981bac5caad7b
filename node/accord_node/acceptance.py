"""*Accepted* never means less than durable here and gossiped (DESIGN.md section 2): this makes it true.

Requests that come while others are being written go together: one sync and one gossiped batch for all of
them, and no wait for any when the node is at rest.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from accord_ledger.domain.pipeline import Prepared
from accord_node.intake import Intake
from accord_node.mempool import Mempool
from accord_node.pending import PendingLog
from accord_node.workers import Executor


class Acceptance:
    """Writes accepted records to the pending log and says them to the peers."""

    def __init__(
        self,
        *,
        mempool: Mempool,
        pending: PendingLog,
        intake: Intake,
        disk: Executor,
        spawn: Callable[[Coroutine[Any, Any, None]], None],
        work_changed: Callable[[], None],
        on_fatal: Callable[[BaseException], None],
    ) -> None:
        self._mempool = mempool
        self._pending = pending
        self._intake = intake
        self._disk = disk
        self._spawn = spawn
        self._work_changed = work_changed
        self._on_fatal = on_fatal
        self._unwritten: list[tuple[list[Prepared], asyncio.Future[None]]] = []
        """In the pool and not durable yet, request by request."""
        self._writing = False
        self._settled: list[bytes] = []
        self._stopped = False

    def stop(self) -> None:
        """From now on nothing more is noted."""
        self._stopped = True

    async def make_durable(self, records: list[Prepared]) -> None:
        """Return once the records are durable here and gossiped."""
        written = asyncio.get_running_loop().create_future()
        self._unwritten.append((records, written))
        if not self._writing:
            self._writing = True
            self._spawn(self._write_all())
        await asyncio.shield(written)

    async def _write_all(self) -> None:
        try:
            while self._unwritten:
                group, self._unwritten = self._unwritten, []
                await self._write([prepared for records, _ in group for prepared in records])
                for _, written in group:
                    if not written.done():
                        written.set_result(None)
        except OSError as error:
            for _, written in [*group, *self._unwritten]:
                if not written.done():
                    written.set_exception(error)
                    written.exception()  # a client that went away leaves nobody to take it
            self._unwritten = []
            self._on_fatal(error)
        finally:
            self._writing = False

    async def _write(self, records: list[Prepared]) -> None:
        entries = [prepared.record.entry for prepared in records]
        writing = asyncio.ensure_future(self._disk.run(lambda: self._pending.append(entries)))
        # Peers may have it before our disk does; the sender is told nothing until both have.
        self._intake.gossip(entries)
        self._mempool.unpark_all()
        self._work_changed()
        await writing
        names = [prepared.record.entry_hash for prepared in records]
        self.settle(name for name in names if name not in self._mempool)  # final before it was durable

    def settle(self, names: Iterable[bytes]) -> None:
        """These need not be durable here any more."""
        self._settled += names
        if self._settled and not self._stopped:
            settled, self._settled = self._settled, []
            self._spawn(self._disk.run_short(lambda: self._pending.settle(settled)))
