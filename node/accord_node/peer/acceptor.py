"""The listening side: the server's half of the handshake.

Until a caller is proven it may hold one of a bounded number of places, for a bounded time
(:mod:`accord_node.peer.doorway`), with bounded bytes: whatever is no handshake message, a ping too, ends its
connection.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from typing import Any, Final

from aiohttp import WSMsgType, web

from accord_node.peer.certificate import TlsIdentity
from accord_node.peer.config import PeerConfig
from accord_node.peer.doorway import CLOSE_SECONDS, Doorway
from accord_node.peer.errors import PeerError
from accord_node.peer.frames import MAX_MESSAGE_BYTES
from accord_node.peer.handshake import (
    NONCE_BYTES,
    SUBPROTOCOL,
    Credentials,
    Hello,
    Message,
    Refusal,
    ServerHandshake,
    Welcome,
    decode_message,
    encode_message,
)
from accord_node.peer.link import Link
from accord_node.peer.links import LinkTable
from accord_node.peer.sockets import Net, Socket

PATH: Final = "/peer"
"""Where nodes accept links."""


async def receive_message(socket: Socket) -> Message:
    """The next handshake message; ``PEER_GONE`` if the connection ends instead."""
    message = await socket.receive()
    if message.type is not WSMsgType.BINARY:
        raise PeerError("PEER_GONE", f"expected a handshake message, got {message.type.name}")
    return decode_message(message.data)


def _refusal(status: int) -> web.Response:
    response = web.Response(status=status)
    response.force_close()
    return response


class Acceptor:
    """Accepts links on one address."""

    def __init__(
        self,
        *,
        own: Credentials,
        identity: TlsIdentity,
        table: LinkTable,
        config: PeerConfig,
        rng: random.Random,
        counters: Counter[str],
        net: Net | None = None,
    ) -> None:
        self._own = own
        self._net = net
        self._identity = identity
        self._table = table
        self._config = config
        self._rng = rng
        self._counters = counters
        self._loop = asyncio.get_running_loop()
        self._web: web.Server = web.Server(self._handle, access_log=None)
        self._doorway: Doorway | None = None
        self._open: set[asyncio.Task[Any]] = set()

    async def start(self, host: str, port: int) -> int:
        """Listen; returns the port bound (useful with port 0)."""
        if self._net is not None:
            return await self._net.listen(host, port, self._accept)
        context = self._identity.server_context()
        self._doorway = Doorway(self._web, context, self._config, self._counters)
        return await self._doorway.start(host, port)

    def refuse_new(self) -> None:
        """Stop listening."""
        if self._net is not None:
            self._net.refuse_new()
        if self._doorway is not None:
            self._doorway.refuse_new()

    async def close(self) -> None:
        """Wait for open connections to end; links must have been stopped before."""
        if self._doorway is not None:
            await self._doorway.close()
        if self._open:
            await asyncio.wait(self._open, timeout=2 * CLOSE_SECONDS)
        for handler in self._web.connections:
            handler.force_close()
        await self._web.shutdown(CLOSE_SECONDS)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path != PATH:
            return _refusal(404)
        socket: web.WebSocketResponse[Any] = web.WebSocketResponse(
            timeout=CLOSE_SECONDS,
            heartbeat=self._config.heartbeat_seconds,
            autoping=False,  # pings cost their sender, too: see Link
            protocols=(SUBPROTOCOL,),
            compress=False,
            max_msg_size=MAX_MESSAGE_BYTES,
        )
        if not socket.can_prepare(request):
            return _refusal(400)
        try:
            await socket.prepare(request)
        except OSError:  # reset meanwhile; a WebSocket that never began cannot be ended
            self._counters["handshake_PEER_GONE"] += 1
            return _refusal(400)
        self._note_open()
        link = await self._prove(socket)
        if link is not None:
            if self._doorway is not None:
                self._doorway.proven(request.protocol)
            await self._table.serve(link)
        return socket

    async def _accept(self, socket: Socket, address: str) -> None:
        """Serve a connection that came through :class:`Net`."""
        self._note_open()
        link = None
        try:
            async with asyncio.timeout(self._config.handshake_seconds):
                link = await self._prove(socket)
        except TimeoutError:
            self._counters["handshake_PEER_HANDSHAKE_TIMEOUT"] += 1
        if link is None:
            await socket.close()
        else:
            await self._table.serve(link)

    def _note_open(self) -> None:
        """Note the task that serves a connection, so that :meth:`close` can wait for it."""
        task = asyncio.current_task()
        assert task is not None, "a connection is served in a task"  # noqa: S101 - asyncio's promise, for mypy
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def _prove(self, socket: Socket) -> Link | None:
        try:
            return await self._handshake(socket)
        except PeerError as error:
            self._counters[f"handshake_{error.code}"] += 1
            await self._refuse(socket, error.code)
        except OSError:
            self._counters["handshake_PEER_GONE"] += 1
        return None

    async def _handshake(self, socket: Socket) -> Link:
        server = ServerHandshake(self._own, self._identity.digest, self._rng.randbytes(NONCE_BYTES))
        first = await receive_message(socket)
        answer = server.hello(first)
        if isinstance(first, Hello):
            self._table.check_welcome(first.party)
        await socket.send_bytes(encode_message(answer))
        party, key = server.proof(await receive_message(socket))
        link = self._table.enter(party, key, party, socket)
        await socket.send_bytes(encode_message(Welcome()))
        return link

    async def _refuse(self, socket: Socket, code: str) -> None:
        if socket.closed:
            return
        try:
            await socket.send_bytes(encode_message(Refusal(code=code)))
            await socket.close()
        except OSError:
            self._counters["handshake_PEER_GONE"] += 1
