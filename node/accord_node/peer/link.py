"""One proven connection: reads frames, sends what waits, and ends cleanly.

A link owns two tasks, a reader and a sender, and makes none per message. Reading stops while the party
owes tokens or has too much awaiting a verdict, so TCP pushes back; sending stops while the transport is
full, so the outbox fills and sheds its least urgent frames.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Final

from aiohttp import WebSocketError, WSMessage, WSMsgType

from accord_node.peer.budget import Account
from accord_node.peer.config import PeerConfig
from accord_node.peer.errors import PeerError
from accord_node.peer.frames import Assembler, Bundle, Chunk, Frame, Lane, decode_frame
from accord_node.peer.outbox import Outbox
from accord_node.peer.sockets import Socket

_SPREE_BYTES: Final = 2**16
"""Bytes read or written before other tasks get a turn, even if more is at hand."""
_SPREE_FRAMES: Final = 64
_CLOSE_SECONDS: Final = 2.0
"""Longest wait for saying goodbye: the other side may have stopped reading."""
_CONTROL: Final = frozenset({WSMsgType.PING, WSMsgType.PONG})


class Link:
    """A connection to one party whose link key has been proven."""

    def __init__(
        self,
        party: str,
        key: bytes,
        dialler: str,
        socket: Socket,
        *,
        account: Account,
        config: PeerConfig,
        counters: Counter[str],
        deliver: Callable[[Link, Frame], None],
    ) -> None:
        self.party = party
        self.key = key
        """The link key the party proved itself with."""
        self.dialler = dialler
        """Which of the two parties dialled."""
        self.account = account
        self.outbox = Outbox(config.queue_bytes)
        self.pending_bytes = 0
        """Bytes of this party's items that await a verdict."""
        self._pending_items = 0
        self._socket = socket
        self._config = config
        self._counters = counters
        self._deliver = deliver
        self._assembler = Assembler()
        self._loop = asyncio.get_running_loop()
        self._wake: asyncio.Future[None] | None = None
        self._released: asyncio.Future[None] | None = None
        self._drained: asyncio.Future[None] | None = None
        self._reader: asyncio.Task[None] | None = None
        self._stopped = False

    def put(self, lane: Lane, frame: bytes) -> None:
        """Queue a frame; what overflows is counted and lost (anti-entropy repairs)."""
        outbox = self.outbox
        before = outbox.dropped
        outbox.put(lane, frame)
        if outbox.dropped != before:
            self._counters["frames_dropped"] += outbox.dropped - before
        wake = self._wake
        if wake is not None and not wake.done():
            wake.set_result(None)

    def stop(self) -> None:
        """End the link; :meth:`run` returns soon after."""
        self._stopped = True
        if self._reader is not None:
            self._reader.cancel()

    def hold(self, size: int) -> None:
        """Note an item that awaits its verdict."""
        self._pending_items += 1
        self.pending_bytes += size

    def release(self, size: int) -> None:
        """Note that a held item has its verdict; reading goes on if it had stopped for it."""
        self._pending_items -= 1
        self.pending_bytes -= size
        if self._released is not None and not self._released.done() and not self._full():
            self._released.set_result(None)

    async def drained(self) -> None:
        """Wait until few responses wait to be sent, so that answers do not pile up in memory."""
        while self.outbox.waiting(Lane.RESPONSE) >= self._config.request_slots:
            if self._drained is None or self._drained.done():
                self._drained = self._loop.create_future()
            await asyncio.shield(self._drained)

    async def run(self) -> Exception | None:
        """Serve the link until either side ends it.

        Returns:
            Why it ended, if not in peace: a ``PeerError`` ``PEER_FRAME`` if the other side broke the
            protocol, anything else if a handler of ours failed.
        """
        if self._stopped:
            await self._end_connection()
            return None
        reader = self._reader = self._loop.create_task(self._read())
        sender = self._loop.create_task(self._send())
        try:
            await asyncio.wait((reader, sender), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._stopped = True
            reader.cancel()
            sender.cancel()
            ends = await asyncio.gather(reader, sender, return_exceptions=True)
            if self._drained is not None:
                self._drained.cancel()
            await self._end_connection()
        faults = [end for end in ends if isinstance(end, Exception) and not isinstance(end, OSError)]
        return faults[0] if faults else None

    async def _end_connection(self) -> None:
        """Close it, politely if the other side still reads.

        A sender that was waiting for room when it was cancelled leaves its cancellation in the connection,
        where the goodbye finds it; only one that is meant for the task that runs this link may end it.
        """
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._socket.close()
        except (TimeoutError, OSError):
            self._counters["closes_cut_short"] += 1
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            self._counters["closes_cut_short"] += 1

    async def _read(self) -> None:
        spree_bytes = spree_frames = 0
        while True:
            message = await self._socket.receive()
            if message.type is WSMsgType.BINARY:
                count = self._open(message.data)
            elif message.type in _CONTROL:
                count = 1
            else:
                self._check_end(message)
                return
            data: bytes = message.data
            self._counters["bytes_received"] += len(data)
            self._counters["frames_received"] += count
            wait = self.account.charge(len(data), count)
            if wait > 0:
                self._counters["throttled"] += 1
                await asyncio.sleep(min(wait, self._config.heartbeat_seconds / 4))
            if message.type is WSMsgType.PING:
                await self._socket.pong(data)
            while self._full():
                self._counters["paused"] += 1
                self._released = self._loop.create_future()
                await self._released
            spree_bytes += len(data)
            spree_frames += count
            if spree_bytes > _SPREE_BYTES or spree_frames > _SPREE_FRAMES:
                spree_bytes = spree_frames = 0
                await asyncio.sleep(0)

    def _full(self) -> bool:
        return (
            self._pending_items > self._config.pending_items
            or self.pending_bytes > self._config.pending_bytes
        )

    def _check_end(self, message: WSMessage) -> None:
        if message.type is WSMsgType.TEXT:
            raise PeerError("PEER_FRAME", "expected binary messages, got text")
        if isinstance(message.data, WebSocketError):
            raise PeerError("PEER_FRAME", f"expected a sound WebSocket message, got {message.data}")

    def _open(self, data: bytes) -> int:
        """Deliver every frame of a message; returns how many there were."""
        frame = decode_frame(data)
        if isinstance(frame, Bundle):
            for part in frame.frames:
                self._hand_over(decode_frame(part))
            return len(frame.frames)
        if isinstance(frame, Chunk):
            whole = self._assembler.add(frame)
            if whole is not None:
                self._hand_over(decode_frame(whole))
        else:
            self._deliver(self, frame)
        return 1

    def _hand_over(self, frame: Frame) -> None:
        if isinstance(frame, Bundle | Chunk):
            raise PeerError("PEER_FRAME", f"expected no {type(frame).__name__} inside another")
        if not self._stopped:
            self._deliver(self, frame)

    async def _send(self) -> None:
        outbox, socket = self.outbox, self._socket
        spree = 0
        while True:
            while not outbox:  # a replacing link may have taken over what woke us
                self._wake = self._loop.create_future()
                await self._wake
                spree = 0
            message = outbox.take()
            await socket.send_bytes(message)
            self._counters["bytes_sent"] += len(message)
            if self._drained is not None and not self._drained.done():
                self._drained.set_result(None)
            spree += len(message)
            if spree > _SPREE_BYTES:
                spree = 0
                await asyncio.sleep(0)
