"""What every endpoint of the gateway has: bounded bodies, strict JSON, who may ask, named failures.

A body is read up to its bound and in bounded time before anything is parsed. Work that takes the processor
runs in a thread, a few at a time, with a bounded queue; beyond it the answer is 503. Nothing of a request's
content is logged.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Mapping
from hashlib import sha256
from typing import Any, Final, TypeVar

from aiohttp import web

from accord_client.documents.json_guard import JsonObject, load_object
from accord_client.gateway.config import Token
from accord_client.gateway.problems import MEDIA_TYPE, GatewayError, OauthError, problem, status_of
from accord_ledger.errors import AccordError

MAX_BODY: Final = 1024 * 1024
"""Largest request body, in bytes."""
BODY_SECONDS: Final = 15.0
"""Longest time a body may take to arrive."""
MAX_DEPTH: Final = 40
"""Deepest JSON: a presentation stands one level, its credentials three levels down."""
AT_ONCE: Final = 2
MAX_WAITING: Final = 64

T = TypeVar("T")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_JSON_TYPES: Final = ("application/json", "application/ld+json", "application/vc", "application/vp")
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'",
}


async def read_body(request: web.Request, limit: int = MAX_BODY) -> bytes:
    """The body.

    Raises:
        GatewayError: ``JSON_TOO_LARGE`` or ``BODY_SLOW``.
    """
    if request.content_length is not None and request.content_length > limit:
        raise GatewayError("JSON_TOO_LARGE", f"expected at most {limit} bytes, got {request.content_length}")
    data = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in request.content.iter_chunked(64 * 1024):
                data += part
                if len(data) > limit:
                    raise GatewayError("JSON_TOO_LARGE", f"expected at most {limit} bytes")
    except TimeoutError as error:
        raise GatewayError("BODY_SLOW", f"expected the body within {BODY_SECONDS:g} s") from error
    return bytes(data)


async def read_json(request: web.Request) -> JsonObject:
    """The JSON object in a body; raises ``AccordError`` ``JSON_*``, ``BODY_TYPE`` or ``BODY_SLOW``."""
    if request.content_type not in _JSON_TYPES:
        raise GatewayError("BODY_TYPE", f"expected application/json, got {request.content_type[:80]}")
    return load_object(await read_body(request), limit=MAX_BODY, depth=MAX_DEPTH)


def members(
    body: JsonObject, required: Mapping[str, type], optional: Mapping[str, type], path: str = ""
) -> None:
    """Refuse a body that lacks a member, has another, or one of another type.

    Raises:
        GatewayError: ``BODY_MISSING``, ``BODY_UNKNOWN`` or ``BODY_VALUE``.
    """
    prefix = f"{path}." if path else ""
    for name in required:
        if name not in body:
            raise GatewayError("BODY_MISSING", "expected this member", path=prefix + name)
    known = {**required, **optional}
    for name, value in body.items():
        if name not in known:
            raise GatewayError(
                "BODY_UNKNOWN", f"expected only {', '.join(sorted(known))}", path=(prefix + name)[:120]
            )
        if not isinstance(value, known[name]) or (isinstance(value, bool) and known[name] is int):
            raise GatewayError(
                "BODY_VALUE",
                f"expected {known[name].__name__}, got {type(value).__name__}",
                path=prefix + name,
            )


class Guard:
    """Who may issue: bearers of a token, and holders of a certificate of the configured authorities."""

    def __init__(self, tokens: list[Token]) -> None:
        self._digests = [bytes.fromhex(token.sha256) for token in tokens]

    def check(self, request: web.Request) -> None:
        """Raise ``GatewayError`` ``AUTH_REQUIRED`` or ``AUTH_UNKNOWN`` unless the caller may issue."""
        tls = request.transport.get_extra_info("ssl_object") if request.transport else None
        if tls is not None and tls.context.verify_mode and tls.getpeercert():
            return
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise GatewayError("AUTH_REQUIRED", "expected a bearer token or a client certificate")
        given = sha256(token.strip().encode()).digest()
        if not any([hmac.compare_digest(given, known) for known in self._digests]):  # noqa: C419 - all are compared
            raise GatewayError("AUTH_UNKNOWN", "expected a token of this gateway")


class Workbench:
    """Threads for what takes the processor; bounded, and honest when full."""

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    async def run(self, work: Callable[[], T]) -> T:
        """The result of ``work``; raises ``GatewayError`` ``BUSY`` when too much is waiting."""
        if self._waiting >= MAX_WAITING:
            raise GatewayError("BUSY", "too many requests at once")
        self._waiting += 1
        try:
            async with self._slots:
                return await asyncio.to_thread(work)
        finally:
            self._waiting -= 1


def answer(value: Any, status: int = 200) -> web.Response:
    """A JSON answer."""
    return web.json_response(value, status=status)


def problem_answer(error: AccordError, **more: Any) -> web.Response:
    """The problem document of an error; ``more`` are members beside it."""
    status = status_of(error)
    response = web.json_response(problem(error) | more, status=status, content_type=MEDIA_TYPE)
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="gateway"'
    if status == 503:
        response.headers["Retry-After"] = "1"
    return response


@web.middleware
async def named_failures(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every failure is a problem document; a fault of the program says nothing about itself."""
    try:
        response = await handler(request)
    except OauthError as error:
        response = web.json_response(error.members(), status=error.status)
        if error.status == 401:
            response.headers["WWW-Authenticate"] = f'Bearer error="{error.error}"'
    except AccordError as error:
        response = problem_answer(error)
    except web.HTTPMethodNotAllowed as error:
        response = problem_answer(
            GatewayError("METHOD_NOT_ALLOWED", ", ".join(sorted(error.allowed_methods)))
        )
    except web.HTTPNotFound:
        response = problem_answer(GatewayError("ADDRESS_UNKNOWN", "expected an address of this gateway"))
    except web.HTTPException:
        raise
    except Exception:
        request.app.logger.exception("fault in %s", request.match_info.route.name or "a handler")
        response = problem_answer(GatewayError("INTERNAL", "a fault of the gateway"))
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    return response
