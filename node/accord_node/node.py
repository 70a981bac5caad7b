"""The life of one node: it opens, takes part, keeps house, and stops. Its parts are :mod:`accord_node.parts`'s."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import structlog

from accord_genesis.document import Genesis
from accord_ledger.block import Certificate, check_version
from accord_ledger.consensus import inputs as on
from accord_ledger.execute import Executed, Version
from accord_node.clock import ledger_clock
from accord_node.config import Config
from accord_node.doubt import claim_journal, find_doubt
from accord_node.firststart import take_unused
from accord_node.journalwriter import JournalWriter
from accord_node.machine import Machine
from accord_node.nodekeys import NodeKeys
from accord_node.ownvotes import NOWHERE
from accord_node.parts import Ground, Parts
from accord_node.seams import Clock
from accord_node.storage.store import Beginning, Store
from accord_node.workers import Workers

__all__ = ["Node", "NodeKeys"]

log = structlog.get_logger("node")

TICK_SECONDS = 0.5


class Node(Parts):
    """A running node. Make it with :meth:`open`, then :meth:`start`; :meth:`close` ends everything."""

    def __init__(self, ground: Ground) -> None:
        super().__init__(ground)
        self._ticker: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.peer_port = 0

    # -- life --------------------------------------------------------------------------------------

    @classmethod
    async def open(
        cls,
        config: Config,
        folder: Path,
        genesis: Genesis,
        keys: NodeKeys,
        clock: Clock,
        machine: Machine | None = None,
    ) -> Node:
        """Open storage, verify it, and wire everything; nothing is sent or served yet.

        Args:
            config: of this node.
            folder: paths in it are relative to this.
            genesis: of the network.
            keys: the node's own.
            clock: time.
            machine: what the node runs on; this one if not given.

        Raises:
            FatalError: storage or journal are damaged, or belong to another network; the keys are not
                ours; or ``VERSION_UNKNOWN``: this program cannot execute what follows.
        """
        machine = machine or Machine()
        # where this fails, threads left running would keep a process alive that reported its end
        async with AsyncExitStack() as undo:
            threads = _workers(config, clock.monotonic, near=machine.near)
            for thread in threads.values():
                undo.callback(thread.close)
            store = await Store.open(
                folder / config.data,
                Beginning.of(genesis),
                threads["disk"],
                values_cached=config.work.state_values_cached,
                cache_mib=config.work.database_cache_mib,
                settle_rows=config.work.settle_rows,
                connect=machine.connect,
            )
            undo.push_async_callback(store.close)
            check_version(store.base.protocol, store.base.epoch_first)
            clock = ledger_clock(genesis, clock, store.base.time)
            node = cls(Ground(config, folder, genesis, keys, clock, store, threads, machine))
            await node._claim_journal()
            await node._wire()
            undo.pop_all()
        return node

    async def _claim_journal(self) -> None:
        await claim_journal(self.store.database, self.wal.identity, empty=self._empty_journal)

    async def start(self) -> None:
        """Listen, link, restore what the journal and the pending log hold, and take part."""
        taken = await self.submissions.restore(await self._threads["disk"].run(self.pending.open))
        self.finaliser.start()
        self.peer_port = await self.network.start(self.config.peers.host, self.config.peers.port)
        base = self.chain.base
        self.finaliser.tip = None if base.begins else await self._newest_certificate(base.height)
        await self._threads["disk"].run(self.accusations.open)
        for note in self.wal.notes:
            log.warning("journal", note=note)
        records = self.wal.recovered()
        token = self._folder / self.config.token if self.config.token else None
        doubt = await find_doubt(
            self.store.database,
            token,
            records,
            empty=self._empty_journal,
            height=base.height,
            begun=base.begun,
        )
        if first := take_unused(self.config.keys, self._folder, self.keys) and self._empty_journal:
            log.info("first start: our vote keys have never signed")
            await self._say_doubt(doubtful=False)
        newest = None if first else await self.store.database.newest_certificate()
        after = NOWHERE if newest is None else (newest.epoch, newest.view)
        self.epochs.begin(records, None if first else doubt, after)
        if not base.begins:
            self.cosigners.advanced(base, self.electorates.sealed(base))
        self._tick()
        log.info("started", party=self.party, height=base.height, restored=taken, journal=len(records))

    async def _newest_certificate(self, height: int) -> Certificate | None:
        row = await self.store.database.block(height)
        return None if row is None else row.certificate

    async def close(self) -> None:
        """Stop taking part, finish what is being written, close everything."""
        if self._ticker is not None:
            self._ticker.cancel()
        await self.epochs.close()
        await self.network.close()
        await self.finaliser.close()
        await self.submissions.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for thread in self._threads.values():
            thread.close()
        if self.checkers is not None:
            self.checkers.close()
        await self.store.close()
        self.release()
        log.info("stopped", party=self.party, height=self.chain.base.height)

    def stop_for(self, error: BaseException) -> None:
        """The node must stop: a contradiction, a full disk, a defect. Nothing more is voted or sent."""
        if not self.fatal.done():
            log.error(
                "stopping",
                code=getattr(error, "code", type(error).__name__),
                error=str(error),
                exc_info=error,
            )
            self.fatal.set_result(error)
            self.epochs.stop()
            self.submissions.stop()
            self.cosigners.stop()

    # -- events ------------------------------------------------------------------------------------

    def _on_final(self, block: Executed, certificate: Certificate | None, version: Version) -> None:
        self.standing.last_final = self.clock.monotonic()
        cosigned = self.cosigners.newest
        self.versions.add(version, 0 if cosigned is None else cosigned.size)
        self.driver.workshop.room_changed()
        if self.catch_up.target is None:
            self.cosigners.advanced(version, self.electorates.sealed(version))
        if certificate is not None and version.height % 64 == 0:
            self._spawn(self._compact(certificate.epoch, certificate.view))
        if block.sealed.seal.count < self.config.consensus.block_records // 2 and len(self.mempool):
            asyncio.get_running_loop().call_soon(self.submissions.recheck)

    async def _catch_up(self, certificate: Certificate, seal: bytes) -> None:
        """Fetch what is missing; of the blocks on the way only the last checkpoint is cosigned."""
        await self.catch_up.run(certificate, seal)
        self.cosigners.advanced(self.chain.base, self.electorates.sealed(self.chain.base))

    async def _compact(self, epoch: int, view: int) -> None:
        await JournalWriter(self.wal, self._threads["journal"]).compact(epoch, view)

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.stop_for(error)

    def _tick(self) -> None:
        """Housekeeping: heartbeat, expiry, repair."""
        self._ticker = asyncio.get_running_loop().call_later(TICK_SECONDS, self._tick)
        try:
            self._keep_house()
        except Exception as error:  # noqa: BLE001 - a defect here must stop the node, not be said twice a second
            self.stop_for(error)

    def _keep_house(self) -> None:
        if self.fatal.done():
            return
        self.submissions.tick()
        self.accusations.tick()
        standing, now = self.standing, self.clock.monotonic()
        if now - standing.last_final >= self.config.consensus.heartbeat_seconds:
            self.driver.give(on.HeartbeatDue())
        if not len(self.mempool):
            standing.busy_since = None
        elif standing.busy_since is None:
            standing.busy_since = now
        elif now - max(standing.busy_since, standing.last_final) > 2 * TICK_SECONDS:
            self.submissions.intake.regossip()

    # -- readiness ---------------------------------------------------------------------------------

    def readiness(self) -> tuple[bool, str]:
        """Whether this node makes progress, and if not, why."""
        if self.fatal.done():
            return False, f"stopping: {self.fatal.result()}"
        return self.standing.readiness()

    def on_final(self, listener: Callable[[Executed, Certificate | None, Version], None]) -> None:
        """Hear of every durable block, in order."""
        self.finaliser.listen(listener)


def _workers(config: Config, elapsed: Callable[[], float], *, near: bool) -> dict[str, Workers]:
    """The threads of a node, by what they do; for ``elapsed`` and ``near`` see :class:`Workers`."""
    return {
        "execute": Workers("execute"),
        "signatures": Workers("signatures", config.work.signature_threads),
        "disk": Workers("disk", elapsed=elapsed, near=near),
        "answers": Workers("answers"),
        "journal": Workers("journal", elapsed=elapsed, near=near),
    }
