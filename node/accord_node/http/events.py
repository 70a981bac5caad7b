"""Server-sent events of final records, from any log index, resumable, at the reader's own pace."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated, Final

import msgspec
from aiohttp import web
from msgspec import Meta

from accord_node.http.problems import ProblemError
from accord_node.http.records import Index, read_records
from accord_node.http.routes import Call, Nothing, Parameters, Route
from accord_node.http.site import Site

HEARTBEAT_SECONDS: Final = 15.0
WRITE_SECONDS: Final = 30.0
"""A reader that takes nothing for so long is let go; it resumes with Last-Event-ID."""
PAGE: Final = 128


class EventsQuery(Parameters, frozen=True, kw_only=True, rename={"first": "from"}):
    """Where to begin, and which records."""

    first: (
        Annotated[int, Meta(ge=0, lt=2**53, description="Log index; the end of the log if absent")] | None
    ) = None
    author: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    kind: Annotated[str, Meta(min_length=1, max_length=64)] | None = None


async def events(site: Site, call: Call[Nothing, EventsQuery]) -> web.StreamResponse:
    """A stream that ends when the reader or the node does."""
    first = _first(site, call)
    if site.feed.full:
        raise ProblemError("BUSY_EVENTS")
    response = web.StreamResponse(
        headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    )
    site.feed.subscribers += 1
    try:
        await response.prepare(call.request)
        reader = _Reader(call.request, response)
        await reader.write(b"retry: 2000\n\n")
        await _stream(site, call, reader, first)
    except (ConnectionError, TimeoutError):
        if call.request.transport is not None:
            call.request.transport.abort()  # closing would wait until it reads what is left
    finally:
        site.feed.subscribers -= 1
    return response


def _first(site: Site, call: Call[Nothing, EventsQuery]) -> int:
    """Log index to begin at; what the browser last saw stands above the address."""
    seen = call.request.headers.get("Last-Event-ID")
    if seen is not None:
        try:
            return msgspec.convert(seen, Index, strict=False) + 1
        except msgspec.ValidationError as error:
            raise ProblemError("HTTP_QUERY", "expected a log index", path="Last-Event-ID") from error
    return site.node.chain.base.log.size if call.query.first is None else call.query.first


class _Reader:
    """Who reads a stream, and whether it still takes anything."""

    def __init__(self, request: web.Request, response: web.StreamResponse) -> None:
        self._request = request
        self._response = response
        self._written = 0
        self._taken = 0
        self._since = time.monotonic()
        """When it last took something, or had nothing left to take."""

    @property
    def gone(self) -> bool:
        """Whether the connection has ended."""
        return self._request.transport is None

    async def write(self, data: bytes) -> None:
        """Send more; what is small only joins what waits, so the end of it may never be waited for.

        Raises:
            TimeoutError: it has taken nothing for ``WRITE_SECONDS``.
        """
        async with asyncio.timeout(WRITE_SECONDS):
            await self._response.write(data)
        self._written += len(data)
        self.check()

    def check(self) -> None:
        """Raise ``TimeoutError`` if it has taken nothing of what waits for ``WRITE_SECONDS``."""
        transport, now = self._request.transport, time.monotonic()
        waiting = 0 if transport is None else transport.get_write_buffer_size()
        taken = self._written - waiting
        if not waiting or taken > self._taken:
            self._since, self._taken = now, taken
        elif now - self._since >= WRITE_SECONDS:
            raise TimeoutError


async def _stream(site: Site, call: Call[Nothing, EventsQuery], reader: _Reader, first: int) -> None:
    query, written = call.query, time.monotonic()
    while not site.feed.closing and not reader.gone:
        turn = site.feed.turn()
        found, size = await read_records(site, first, PAGE, author=query.author, kind=query.kind)
        whole = len(found) == PAGE
        first = found[-1].index + 1 if whole else max(first, size)
        for view in found:  # one by one: a page of the largest would be megabytes
            await reader.write(_event(view.index, msgspec.json.encode(view)))
            written = time.monotonic()
        if whole:
            continue
        left = min(written + HEARTBEAT_SECONDS - time.monotonic(), WRITE_SECONDS)
        await asyncio.wait((turn,), timeout=max(left, 0))
        reader.check()
        if time.monotonic() - written >= HEARTBEAT_SECONDS:  # blocks without matching records pass in silence
            await reader.write(b": alive\n\n")
            written = time.monotonic()


def _event(index: int, data: bytes) -> bytes:
    return b"id: %d\nevent: record\ndata: %b\n\n" % (index, data)


ROUTES: Final = (
    Route(
        "GET", "/v1/events", events, "Final records as they come (server-sent events)", "text/event-stream",
        query=EventsQuery, problems=("BUSY_EVENTS",),
    ),
)  # fmt: skip
