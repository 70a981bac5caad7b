"""Accepts connections up to a bound; further ones wait in the listen queue of the kernel.

A connection that has not sent a whole request in time is closed, so that idle ones cannot take every
place. (Between requests the server's own keep-alive timeout does that.)
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import time
from typing import Any, Final

import structlog
from aiohttp import web

log = structlog.get_logger("http")

BACKLOG: Final = 512
FIRST_REQUEST_SECONDS: Final = 15.0
_PAUSE: Final = 0.05
"""Between two looks for a free place, while all are taken."""


class Listener:
    """One listening socket in front of an aiohttp server."""

    def __init__(self, server: web.Server, *, limit: int, tls: ssl.SSLContext | None) -> None:
        self._server = server
        self._limit = limit
        self._tls = tls
        self._socket: socket.socket | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._silent: dict[object, tuple[float, asyncio.BaseTransport]] = {}
        """Connections that have not sent a request yet, with the time they came."""

    async def start(self, host: str, port: int) -> int:
        """Listen; returns the port really bound.

        Raises:
            OSError: the address cannot be bound.
        """
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        listening = socket.socket(family, kind, protocol)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.settimeout(0)
            listening.bind(address)
            listening.listen(BACKLOG)
        except OSError:
            listening.close()
            raise
        self._socket = listening
        self._spawn(self._accept(listening))
        self._spawn(self._close_silent())
        bound: int = listening.getsockname()[1]
        return bound

    def heard(self, protocol: object) -> None:
        """A whole request came on this connection."""
        self._silent.pop(protocol, None)

    async def close(self) -> None:
        """Accept nothing more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @property
    def _full(self) -> bool:
        return len(self._server.connections) + len(self._tasks) - 2 >= self._limit

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            while self._full:
                await asyncio.sleep(_PAUSE)
            try:
                connection, _ = await loop.sock_accept(listening)
            except OSError as error:  # out of descriptors, or gone before it was accepted
                log.warning("accept failed", error=str(error))
                await asyncio.sleep(_PAUSE)
                continue
            if self._tls is None:
                await self._open(connection)
            else:
                self._spawn(self._open(connection))  # a slow handshake must not hold up others

    async def _open(self, connection: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        try:
            connection.settimeout(0)
            limits = {} if self._tls is None else {"ssl_handshake_timeout": FIRST_REQUEST_SECONDS}
            transport, protocol = await loop.connect_accepted_socket(
                self._server, connection, ssl=self._tls, **limits
            )
        except (OSError, ssl.SSLError, ConnectionError) as error:
            log.debug("connection failed", error=str(error))
            with contextlib.suppress(OSError):
                connection.close()
            return
        self._silent[protocol] = (time.monotonic(), transport)

    async def _close_silent(self) -> None:
        while True:
            await asyncio.sleep(FIRST_REQUEST_SECONDS / 3)
            oldest = time.monotonic() - FIRST_REQUEST_SECONDS
            for protocol, (came, transport) in list(self._silent.items()):
                if transport.is_closing():
                    del self._silent[protocol]
                elif came < oldest:
                    transport.close()
                    del self._silent[protocol]
