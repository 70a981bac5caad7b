"""What links need of the connections beneath them, so that a simulation can put its own there.

A connection carries whole messages, in order, until it ends; it may end at any moment, and what was under
way is lost then. Production has WebSockets over TLS (:mod:`accord_node.peer.acceptor`,
:mod:`accord_node.peer.dialer`); everything above, from the handshake on, is the same on any other.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from aiohttp import WSMessage


class Socket(Protocol):
    """One end of an open connection."""

    @property
    def closed(self) -> bool:
        """Whether this end has closed it or seen it closed."""

    async def receive(self) -> WSMessage:
        """The next message: ``BINARY`` with bytes, ``PING`` or ``PONG``, or another type when it has ended."""

    async def send_bytes(self, data: bytes) -> None:
        """Send a message; waits while the connection is full. ``OSError`` if it has ended."""

    async def pong(self, message: bytes) -> None:
        """Answer a ping; as :meth:`send_bytes`."""

    async def close(self) -> bool:
        """End the connection; harmless if it has ended."""


Accept = Callable[[Socket, str], Awaitable[None]]
"""``accept(socket, address)`` serves one incoming connection until it ends."""


class Net(Protocol):
    """Opens connections between nodes."""

    async def listen(self, host: str, port: int, accept: Accept) -> int:
        """Take connections; returns the port bound. ``OSError`` if it cannot."""

    def refuse_new(self) -> None:
        """Take no more connections."""

    async def connect(self, address: str) -> tuple[Socket, bytes]:
        """Dial ``wss://host:port/peer``; also gives the other side's certificate (DER). ``OSError`` if nobody is there."""
