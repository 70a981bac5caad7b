"""Taking transactions: one or many, JSON, MessagePack or a bare record; every record gets its own answer.

A client that goes away while it waits loses nothing: its records are durable here, and asking again with
the same bytes gives the same answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Final, Literal

import msgspec
from aiohttp import hdrs, web
from msgspec import Meta

from accord_client.api import MAX_JSON_BYTES, MAX_REQUEST_BYTES, SubmitRequest, SubmitResponse
from accord_ledger.codec import MAX_ENTRY_BYTES
from accord_node.http.problems import ProblemError
from accord_node.http.routes import Call, Nothing, Parameters, Route
from accord_node.http.site import MIB, Site

JSON: Final = "application/json"
RECORD: Final = "application/octet-stream"
MSGPACK: Final = ("application/vnd.msgpack", "application/msgpack")
MEDIA_TYPES: Final = (JSON, *MSGPACK, RECORD)

BODY_SECONDS: Final = 30.0
_json = msgspec.json.Decoder(SubmitRequest)
_msgpack = msgspec.msgpack.Decoder(SubmitRequest)


class SubmitQuery(Parameters, frozen=True, kw_only=True):
    """For a bare record; the other forms say it in the body."""

    wait: Literal["accepted", "final"] | None = None
    timeout: Annotated[float, Meta(ge=0, le=120)] | None = None


async def submit(site: Site, call: Call[Nothing, SubmitQuery]) -> SubmitResponse:
    """Answer every record: accepted, final, rejected or busy."""
    request = call.request
    media = request.content_type if hdrs.CONTENT_TYPE in request.headers else ""
    if media not in MEDIA_TYPES:
        raise ProblemError(
            "HTTP_MEDIA_TYPE",
            f"expected one of {', '.join(MEDIA_TYPES)}",
            headers={"Accept-Post": ", ".join(MEDIA_TYPES)},
        )
    limit = {RECORD: MAX_ENTRY_BYTES, JSON: MAX_JSON_BYTES}.get(media, MAX_REQUEST_BYTES)
    size = request.content_length
    if size is not None and size > limit:
        raise ProblemError("HTTP_TOO_LARGE", f"expected at most {limit} bytes, got {size}")
    with _taken(site, limit if size is None else size):
        wanted = _decode(media, await _body(request, limit), call.query)
        final = wanted.wait == "final"
        with _working(site, counted=not final):
            results = await site.node.submissions.submit(wanted.entries, wait=final, timeout=wanted.timeout)
    return SubmitResponse(results=results, position=site.position())


async def _body(request: web.Request, limit: int) -> bytes:
    try:
        async with asyncio.timeout(BODY_SECONDS):
            body = await request.read()
    except TimeoutError as error:
        raise ProblemError("HTTP_BODY_TIMEOUT", f"expected it within {BODY_SECONDS:.0f} s") from error
    if len(body) > limit:
        raise ProblemError("HTTP_TOO_LARGE", f"expected at most {limit} bytes, got {len(body)}")
    return body


def _decode(media: str, body: bytes, query: SubmitQuery) -> SubmitRequest:
    if media == RECORD:
        if not body:
            raise ProblemError("HTTP_BODY", "expected a record, got nothing")
        return SubmitRequest(
            entries=[body],
            wait=query.wait or "accepted",
            timeout=30.0 if query.timeout is None else query.timeout,
        )
    if query != SubmitQuery():
        raise ProblemError("HTTP_QUERY", "expected wait and timeout in the body", path="wait")
    try:
        return _json.decode(body) if media == JSON else _msgpack.decode(body)
    except msgspec.ValidationError as error:
        text, _, where = str(error).partition(" - at `$")
        raise ProblemError("HTTP_BODY", text[:300], path=where.rstrip("`").lstrip(".")[:80]) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProblemError("HTTP_BODY", str(error)[:300]) from error


@contextmanager
def _taken(site: Site, size: int) -> Iterator[None]:
    """Hold room for a body; memory for submissions stays bounded however many clients there are."""
    load, most = site.load, site.node.config.http.submissions_at_once * MIB
    if load.body_bytes + size > max(most, MAX_REQUEST_BYTES):
        raise ProblemError("BUSY_SUBMISSIONS")
    load.body_bytes += size
    try:
        yield
    finally:
        load.body_bytes -= size


@contextmanager
def _working(site: Site, *, counted: bool) -> Iterator[None]:
    """Count a request that does not wait; those that wait are bounded by connections and bytes."""
    load = site.load
    if counted and load.requests >= site.node.config.http.submissions_at_once:
        raise ProblemError("BUSY_SUBMISSIONS")
    load.requests += counted
    try:
        yield
    finally:
        load.requests -= counted


ROUTES: Final = (
    Route(
        "POST", "/v1/transactions", submit, "Submit one or many records", SubmitResponse,
        query=SubmitQuery, body=MEDIA_TYPES,
        problems=("HTTP_BODY", "HTTP_BODY_TIMEOUT", "HTTP_TOO_LARGE", "HTTP_MEDIA_TYPE", "BUSY_SUBMISSIONS"),
    ),
)  # fmt: skip
