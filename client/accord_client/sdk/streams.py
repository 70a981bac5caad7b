"""The stream of final records: server-sent events, resumed wherever they broke off, at any node.

Every record is yielded once, in log order, whatever connections do. What a stream shows is a node's word;
``record(index)`` proves one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

import aiohttp
import msgspec

from accord_client.api import NodeStatus, RecordView
from accord_client.errors import NodeError, NotFoundError
from accord_client.sdk.transport import LONGEST_PAUSE, Transport
from accord_ledger.errors import AccordError, DecodeError

MAX_EVENT: Final = 1024 * 1024
"""Largest event: a record of 64 kB, shown with its bytes in hex."""

SILENCE: Final = 45.0
"""Seconds without a byte after which a connection counts as dead; nodes say something every 15."""


class Streams:
    """Event streams of :class:`accord_client.sdk.AccordClient`."""

    transport: Transport

    async def node_status(self) -> NodeStatus:
        """See :class:`accord_client.sdk.reads.Reads`."""
        raise NotImplementedError

    async def events(
        self,
        first: int | None = None,
        *,
        author: str | None = None,
        kind: str | None = None,
        patience: float = 60.0,
    ) -> AsyncGenerator[RecordView, None]:
        """Final records from a log index on, as they come; never ends by itself.

        Args:
            first: log index to begin at; None begins at the end of the log.
            author: only records of this party.
            kind: only records of this kind.
            patience: seconds without any working node after which it fails.

        Raises:
            NodeError: ``NODE_UNAVAILABLE``.
        """
        if first is None:
            first = (await self.node_status()).log_size
        filters = {name: value for name, value in (("author", author), ("kind", kind)) if value is not None}
        loop = asyncio.get_running_loop()
        deadline, pause = loop.time() + patience, 0.1
        while True:
            url = self.transport.by_preference()[0]
            try:
                async with aclosing(self._stream(url, first, filters)) as views:
                    async for view in views:
                        if view.index >= first:
                            first = view.index + 1
                            deadline, pause = loop.time() + patience, 0.1
                            yield view
                failure: AccordError = NodeError("NODE_CONNECTION", f"{url} ended the stream")
            except (NodeError, NotFoundError, DecodeError) as error:
                failure = error
            self.transport.demote(url)
            if loop.time() >= deadline:
                raise NodeError("NODE_UNAVAILABLE", f"no events for {patience:g} s: {failure}") from failure
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _stream(
        self, url: str, first: int, filters: dict[str, str]
    ) -> AsyncGenerator[RecordView, None]:
        params = {"from": str(first), **filters}
        headers = {"Accept": "text/event-stream"}
        async with self.transport.opened(
            "GET", f"{url}/v1/events", params=params, headers=headers, timeout=SILENCE, stream=True
        ) as response:
            data: list[bytes] = []
            async for line in _lines(response):
                if line.startswith(b"data:"):
                    data.append(line[5:].removeprefix(b" "))
                    if sum(map(len, data)) > MAX_EVENT:
                        raise DecodeError("NODE_TOO_LARGE", f"expected events of at most {MAX_EVENT} bytes")
                elif not line and data:
                    yield _event(b"\n".join(data))
                    data = []


async def _lines(response: aiohttp.ClientResponse) -> AsyncGenerator[bytes, None]:
    """Lines of a stream, each at most ``MAX_EVENT`` bytes."""
    rest = b""
    async for chunk in response.content.iter_any():
        rest += chunk
        *lines, rest = rest.split(b"\n")
        for line in lines:
            yield line.removesuffix(b"\r")
        if len(rest) > MAX_EVENT:
            raise DecodeError("NODE_TOO_LARGE", f"expected lines of at most {MAX_EVENT} bytes")


def _event(data: bytes) -> RecordView:
    try:
        return msgspec.json.decode(data, type=RecordView)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DecodeError("NODE_RESPONSE", f"expected a record: {error}") from error
