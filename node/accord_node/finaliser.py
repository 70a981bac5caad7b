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
from accord_node.storage.store import Store

log = structlog.get_logger("finaliser")

FinalListener = Callable[[Executed, Certificate | None, Version], None]


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
        self._queue: deque[tuple[Certificate, bytes]] = deque(maxlen=1024)
        self._wake = asyncio.Event()
        self._listeners: list[FinalListener] = []
        self._task: asyncio.Task[None] | None = None
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
        if seal == self._chain.base.seal_hash:
            self.tip = certificate
            return
        tip = self.tip
        if tip is not None and (certificate.epoch, certificate.view) <= (tip.epoch, tip.view):
            return  # repeated: what it finalises is durable already
        path = await self._known_path(seal)
        if path is None:
            await self._catch_up(certificate, seal)
            return
        for block in path:
            await self.commit(block, certificate if block.sealed.hash == seal else None)

    async def _known_path(self, seal: bytes) -> list[Executed] | None:
        """Blocks from the base up to ``seal``; those whose bodies are here are executed if need be."""
        missing: list[Body] = []
        at = seal
        while self._chain.version(at) is None:
            body = self._bodies.get(at)
            if body is None or body.records is None or body.sealed.seal.height <= self._chain.base.height:
                return None
            missing.append(body)
            at = body.sealed.seal.parent
        for body in reversed(missing):
            try:
                await self._chain.execute(body.sealed, body.records or ())
            except InvalidBlock as error:
                detail = f"final block {body.sealed.seal.height} does not execute here: {error}"
                raise FatalError("STATE_DIVERGED", detail) from error
        return self._chain.path(seal)

    async def commit(self, block: Executed, certificate: Certificate | None) -> None:
        """Make one final block, a child of the base, durable and known."""
        await asyncio.shield(self._store.write(block, certificate))
        async with self._chain.lock:
            version = self._store.adopt(block)
            self._chain.advance(block, version)
        self._bodies.forget_up_to(version.height)
        if certificate is not None:
            self.tip = certificate
        for listener in self._listeners:
            listener(block, certificate, version)
