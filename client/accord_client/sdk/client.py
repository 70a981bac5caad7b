"""The client: nodes, a pin, and everything one can ask or submit."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Sequence
from typing import Final, Self

from accord_client.sdk.clocks import Clocks
from accord_client.sdk.exports import Exports
from accord_client.sdk.following import Following
from accord_client.sdk.reads import Reads
from accord_client.sdk.stories import Stories
from accord_client.sdk.streams import Streams
from accord_client.sdk.submits import Submits
from accord_client.sdk.transport import Transport
from accord_client.trust import Trust

DEFAULT_MAX_AGE: Final = 300.0
"""Seconds a proved state may be old; an idle network makes a block every minute."""


class AccordClient(Exports, Submits, Streams, Clocks, Following, Stories):
    """One client for the nodes of a network; use it as an async context manager, in one event loop.

    Attributes:
        transport: the nodes.
        trust: the pin every answer is judged by.
        max_age: seconds a proved state may be old; None for any age.
        floor: height every further answer must have reached.
    """

    def __init__(
        self,
        urls: Sequence[str],
        trust: Trust,
        *,
        max_age: float | None = DEFAULT_MAX_AGE,
        timeout: float = 30.0,
        patience: float = 10.0,
        tls: ssl.SSLContext | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """A client; nothing is opened yet.

        Args:
            urls: base URLs of nodes, preferred first.
            trust: see :meth:`Trust.from_genesis`.
            max_age: see above; on a network with a scripted clock age means nothing and is not judged.
            timeout: seconds one request may take.
            patience: seconds all attempts of one read may take together.
            tls: for private certificate authorities.
            now: POSIX seconds.

        Raises:
            RefusedError: ``NODE_URL``.
        """
        self.transport = Transport(urls, timeout=timeout, patience=patience, tls=tls)
        self.trust = trust
        self.transport.catch_up = self.catch_up
        self.max_age = None if trust.scripted_clock else max_age
        self.now = now
        self.floor = 0

    node_status = Reads.node_status

    async def close(self) -> None:
        """Close all connections."""
        await self.transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
