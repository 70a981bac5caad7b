"""From a finalization to durable, published fact.

Blocks become durable in order, one at a time; a finalization of a block that is not here is handed to
:mod:`accord_node.sync`. After a block is durable the base moves, the pool forgets its records, waiting
senders get their answers, and this member cosigns the checkpoint that ends in its seal.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

import structlog

from accord_ledger.block import Certificate
from accord_ledger.errors import FatalError
from accord_ledger.execute import Executed, InvalidBlock, Version
from accord_node.bodies import Bodies, Body
from accord_node.chain import Chain
from accord_node.records import UnreadableBody
from accord_node.storage.store import Store
from accord_node.stretch import Stretch

log = structlog.get_logger("finaliser")

FinalListener = Callable[[Executed, Certificate | None, Version], None]

MAX_WAITING = 1024
"""Finalizations waiting to be worked off; beyond, the oldest is dropped: a newer one covers it."""

TOLD_AT_ONCE = 8
"""Durable blocks that listeners hear of between two turns of the event loop."""


class Finaliser:
    """Makes final blocks durable in the background of consensus."""

    def __init__(
        self,
        chain: Chain,
        store: Store,
        bodies: Bodies,
        *,
        catch_up: Callable[[Certificate, bytes], Awaitable[None]],
        on_fatal: Callable[[BaseException], None],
    ) -> None:
        self._chain = chain
        self._store = store
        self._bodies = bodies
        self._catch_up = catch_up
        self._on_fatal = on_fatal
        self._queue: deque[tuple[Certificate, bytes]] = deque(maxlen=MAX_WAITING)
        self._wake = asyncio.Event()
        self._listeners: list[FinalListener] = []
        self._task: asyncio.Task[None] | None = None
        self._writing: asyncio.Task[None] | None = None
        self.tip: Certificate | None = None
        """Finalization of the newest durable seal, or of one above it."""

    def start(self) -> None:
        """Begin working off finalizations."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def close(self) -> None:
        """Stop after the block being written."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._writing is not None:
            await asyncio.gather(self._writing, return_exceptions=True)

    def listen(self, listener: FinalListener) -> None:
        """Call ``listener(block, certificate, version)`` after each block is durable, in order."""
        self._listeners.append(listener)

    def finalised(self, certificate: Certificate, seal: bytes) -> None:
        """A finalization; repeated ones and ones below the base are harmless."""
        self._queue.append((certificate, seal))
        self._wake.set()

    async def _run(self) -> None:
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._queue:
                    await self._settle(*self._queue.popleft())
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - a full disk or a contradiction stops the node
            self._on_fatal(error)

    async def _settle(self, certificate: Certificate, seal: bytes) -> None:
        tip = self.tip
        if tip is not None and (certificate.epoch, certificate.view) <= (tip.epoch, tip.view):
            return  # repeated: what it finalises is durable already
        if await self.commit_path(certificate, seal) or await self._is_durable(seal):
            return
        await self._catch_up(certificate, seal)

    async def _is_durable(self, seal: bytes) -> bool:
        return await self._store.database.block_by_hash(seal) is not None

    async def commit_path(self, certificate: Certificate, seal: bytes) -> bool:
        """Make ``seal`` and its ancestors durable if they are here, executed or with their bodies.

        Returns:
            Whether ``seal`` is the durable base now.
        """
        if seal != self._chain.base.seal_hash and self._chain.path(seal) is None:
            await self._execute_held(seal)
        path = self._chain.path(seal)
        if path is None:
            return False
        for block in path:
            await self.commit(block, certificate if block.sealed.hash == seal else None)
        self.tip = certificate
        return True

    async def _execute_held(self, seal: bytes) -> None:
        """Execute a final block out of bodies held here, which may have come out of the journal.

        Everyone may have been stopped before anyone made it durable.
        """
        missing: list[Body] = []
        while self._chain.version(seal) is None:
            body = self._bodies.get(seal)
            if body is None or body.records is None or body.sealed.seal.height <= self._chain.base.height:
                return
            missing.append(body)
            seal = body.sealed.seal.parent
        for body in reversed(missing):
            try:
                await self._chain.execute(body.sealed, body.records or ())
            except (InvalidBlock, UnreadableBody) as error:
                height = body.sealed.seal.height
                raise FatalError(
                    "STATE_DIVERGED", f"final block {height} does not execute here: {error}"
                ) from error
            except KeyError:
                return

    async def _write(self, block: Executed, certificate: Certificate | None) -> None:
        """Durable; of the last block of an epoch the hand-off first, for it can be made only now.

        Raises:
            FatalError: ``HANDOFF_BAD``: such a block came without its own finalization.
        """
        if block.version.ends_epoch:
            members = self._chain.base.members
            await self._store.hand_over(self._chain.network, members, block, certificate)
        await self._store.write(block, certificate)

    async def commit(self, block: Executed, certificate: Certificate | None) -> None:
        """Make one final block, a child of the base, durable and known."""
        await self._chain.settle(block)
        self._writing = asyncio.get_running_loop().create_task(self._write(block, certificate))
        await asyncio.shield(self._writing)
        async with self._chain.lock:
            version = self._store.adopt(block)
            self._chain.advance(block, version)
        self._known(block, certificate, version)

    async def begin(self, stretch: Stretch, certificate: Certificate | None) -> asyncio.Task[None]:
        """Begin to make final blocks that continue the base durable and known, all or none.

        Args:
            stretch: the blocks, executed.
            certificate: finalization of the last of them.

        Returns:
            The writing; while it goes on, what continues the stretch may be executed.
        """
        await self._chain.settle_on(stretch)
        return asyncio.get_running_loop().create_task(self._commit_all(stretch, certificate))

    async def _commit_all(self, stretch: Stretch, certificate: Certificate | None) -> None:
        self._writing = asyncio.get_running_loop().create_task(self._write_all(stretch, certificate))
        await asyncio.shield(self._writing)
        async with self._chain.lock:
            versions = self._store.adopt_all(stretch)
            self._chain.advance_over(stretch, versions[-1])
        for number, (block, version) in enumerate(zip(stretch.blocks, versions, strict=True)):
            if number % TOLD_AT_ONCE == TOLD_AT_ONCE - 1:
                await asyncio.sleep(0)
            self._known(block, certificate if block is stretch.blocks[-1] else None, version)

    async def _write_all(self, stretch: Stretch, certificate: Certificate | None) -> None:
        last = stretch.blocks[-1]
        for block in stretch.blocks:
            if block.version.ends_epoch:
                own = certificate if block is last else None
                await self._store.hand_over(self._chain.network, self._chain.base.members, block, own)
        await self._store.write_all(stretch, certificate)

    def _known(self, block: Executed, certificate: Certificate | None, version: Version) -> None:
        """A block is durable: tell everybody."""
        self._bodies.forget_up_to(version.height)
        if certificate is not None:
            self.tip = certificate
        for listener in self._listeners:
            listener(block, certificate, version)
