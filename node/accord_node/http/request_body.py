"""Reading a small request body: of a known type, bounded in bytes and in time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from aiohttp import hdrs, web

from accord_node.http.problems import ProblemError

BODY_SECONDS: Final = 10.0


async def read_body(request: web.Request, media_types: Sequence[str], limit: int) -> tuple[str, bytes]:
    """Media type and bytes of the body.

    Raises:
        ProblemError: ``HTTP_MEDIA_TYPE``, ``HTTP_TOO_LARGE`` or ``HTTP_BODY_TIMEOUT``.
    """
    media = request.content_type if hdrs.CONTENT_TYPE in request.headers else ""
    if media not in media_types:
        accepted = ", ".join(media_types)
        raise ProblemError(
            "HTTP_MEDIA_TYPE", f"expected one of {accepted}", headers={"Accept-Post": accepted}
        )
    if (request.content_length or 0) > limit:
        raise ProblemError("HTTP_TOO_LARGE", f"expected at most {limit} bytes")
    body = b""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while len(body) <= limit and (more := await request.content.read(limit + 1 - len(body))):
                body += more
    except TimeoutError as error:
        raise ProblemError("HTTP_BODY_TIMEOUT", f"expected it within {BODY_SECONDS:.0f} s") from error
    if len(body) > limit:
        raise ProblemError("HTTP_TOO_LARGE", f"expected at most {limit} bytes")
    return media, body
