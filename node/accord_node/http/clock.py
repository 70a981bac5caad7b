"""The scripted clock of a test network: what time it is, and commands that set it."""

from __future__ import annotations

import asyncio
from typing import Final

import msgspec
from aiohttp import hdrs, web

from accord_client.api import ClockRequest, ClockState
from accord_ledger.consensus.inputs import HeartbeatDue
from accord_node.clock import ScriptedClock
from accord_node.http.problems import ProblemError
from accord_node.http.routes import Call, Nothing, Route
from accord_node.http.site import Site
from accord_node.http.submit import JSON

MAX_COMMAND_BYTES: Final = 1024
BODY_SECONDS: Final = 5.0
"""A command that does not arrive in this time is given up."""


async def clock_state(site: Site, _: Call[Nothing, Nothing]) -> ClockState:
    """What this node takes for the time."""
    clock = site.node.clock
    return ClockState(time=clock.now(), test_network=isinstance(clock, ScriptedClock))


async def set_clock(site: Site, call: Call[Nothing, Nothing]) -> ClockState:
    """Obey a command of the holder of the clock's key."""
    clock = site.node.clock
    if not isinstance(clock, ScriptedClock):
        raise ProblemError("CLOCK_REAL")
    clock.command(await _read(call.request))
    site.node.driver.give(HeartbeatDue())  # a block carries the new time, and what falls due happens
    return ClockState(time=clock.now(), test_network=True)


async def _read(request: web.Request) -> ClockRequest:
    if hdrs.CONTENT_TYPE not in request.headers or request.content_type != JSON:
        raise ProblemError("HTTP_MEDIA_TYPE", f"expected {JSON}", headers={"Accept-Post": JSON})
    if (request.content_length or 0) > MAX_COMMAND_BYTES:
        raise ProblemError("HTTP_TOO_LARGE", f"expected at most {MAX_COMMAND_BYTES} bytes")
    try:
        async with asyncio.timeout(BODY_SECONDS):
            body = await request.content.read(MAX_COMMAND_BYTES + 1)
            while len(body) <= MAX_COMMAND_BYTES and (more := await request.content.read(MAX_COMMAND_BYTES)):
                body += more
    except TimeoutError as error:
        raise ProblemError("HTTP_BODY_TIMEOUT", f"expected it within {BODY_SECONDS:.0f} s") from error
    if len(body) > MAX_COMMAND_BYTES:
        raise ProblemError("HTTP_TOO_LARGE", f"expected at most {MAX_COMMAND_BYTES} bytes")
    try:
        return msgspec.json.decode(body, type=ClockRequest)
    except msgspec.ValidationError as error:
        text, _, where = str(error).partition(" - at `$")
        raise ProblemError("HTTP_BODY", text[:300], path=where.rstrip("`").lstrip(".")[:80]) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProblemError("HTTP_BODY", str(error)[:300]) from error


ROUTES: Final = (
    Route("GET", "/v1/clock", clock_state, "What this node takes for the time", ClockState),
    Route(
        "POST", "/v1/clock", set_clock, "Set the time of a test network", ClockState,
        body=(JSON,), takes=ClockRequest,
        problems=(
            "HTTP_BODY", "HTTP_BODY_TIMEOUT", "HTTP_TOO_LARGE", "HTTP_MEDIA_TYPE", "CLOCK_SIGNATURE",
            "CLOCK_REAL", "CLOCK_BACKWARD",
        ),
    ),
)  # fmt: skip
