"""What every answer has: security headers, CORS for public data, a problem document for every failure."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
import structlog
from aiohttp import hdrs, web

from accord_ledger.errors import AccordError, FatalError
from accord_node.clock import TEST_NETWORK
from accord_node.http.problems import CODES, ProblemError, problem_response
from accord_node.http.respond import json_response
from accord_node.http.routes import Route, read_call
from accord_node.http.site import Site

log = structlog.get_logger("http")

Next = Callable[[web.Request], Awaitable[web.StreamResponse]]

SECURITY: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
TEST_HEADER: Final = "Accord-Test-Network"
"""On every answer of a test network, and of no other."""
_STATUS_CODES: Final = {
    400: "HTTP_BAD_REQUEST",
    404: "HTTP_NOT_FOUND",
    405: "HTTP_METHOD",
    413: "HTTP_TOO_LARGE",
}


def serve(site: Site, route: Route) -> Next:
    """A route as aiohttp calls it."""

    async def handler(request: web.Request) -> web.StreamResponse:
        answer = await route.handler(site, read_call(route, request))
        return json_response(request, answer) if isinstance(answer, msgspec.Struct) else answer

    return handler


def outermost(site: Site, heard: Callable[[object], None]) -> Any:
    """The one middleware: measures, and turns failures into problems.

    Args:
        site: where to count.
        heard: told of the connection of every request.
    """

    @web.middleware
    async def middleware(request: web.Request, handler: Next) -> web.StreamResponse:
        heard(request.protocol)
        started = time.perf_counter()
        try:
            response = await handler(request)
        except Exception as error:  # noqa: BLE001 - whatever fails is answered with a problem
            response = problem_response(request, as_problem(error, request))
        resource = request.match_info.route.resource
        route = "unknown" if resource is None else resource.canonical
        site.metrics.http_requests.labels(route, request.method[:16], str(response.status)).inc()
        site.metrics.http_seconds.labels(route).observe(time.perf_counter() - started)
        await site.unread.deliver(request, response)
        return response

    return middleware


def add_headers(
    request: web.Request, response: web.StreamResponse, *, secure: bool, test_network: bool = False
) -> None:
    """Headers of every answer, streams included."""
    if test_network:
        response.headers[TEST_HEADER] = TEST_NETWORK
    for name, value in SECURITY.items():
        response.headers.setdefault(name, value)
    if secure:
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    if request.method in (hdrs.METH_GET, hdrs.METH_HEAD):
        response.headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = "*"
        response.headers[hdrs.ACCESS_CONTROL_EXPOSE_HEADERS] = f"ETag, Retry-After, {TEST_HEADER}"


def as_problem(error: Exception, request: web.Request) -> ProblemError:
    """The problem an exception is answered with; what is unexpected is logged and not shown."""
    match error:
        case ProblemError():
            return error
        case web.HTTPException(status=status) if status in _STATUS_CODES:
            allow = {str(hdrs.ALLOW): error.headers[hdrs.ALLOW]} if hdrs.ALLOW in error.headers else {}
            return ProblemError(_STATUS_CODES[status], headers=allow)
        case AccordError(code=code) if code in CODES and not isinstance(error, FatalError):
            return ProblemError(code, error.detail, path=error.path)
        case asyncio.CancelledError():
            raise error
        case _:
            log.error("request failed", method=request.method, path=request.path[:200], exc_info=error)
            return ProblemError("HTTP_INTERNAL")
