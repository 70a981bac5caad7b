"""Answers as bytes: JSON, compressed where it pays, and immutable files with validators."""

from __future__ import annotations

from hashlib import sha256
from typing import Final

import msgspec
from aiohttp import hdrs, web

COMPRESS_FROM: Final = 2048
"""Bytes of JSON from which compression pays."""
COMPRESS_IN_THREAD: Final = 16_384
"""Bytes from which compression would hold the event loop noticeably."""
IMMUTABLE: Final = "public, max-age=31536000, immutable"

_encoder = msgspec.json.Encoder()


def json_response(
    request: web.BaseRequest, value: object, *, status: int = 200, media_type: str = "application/json"
) -> web.Response:
    """A value as JSON, gzip where the client takes it and it is large."""
    body = _encoder.encode(value)
    response = web.Response(
        body=body, status=status, content_type=media_type, zlib_executor_size=COMPRESS_IN_THREAD
    )
    return _compressed(request, response, len(body))


def _compressed(request: web.BaseRequest, response: web.Response, size: int) -> web.Response:
    response.headers[hdrs.VARY] = hdrs.ACCEPT_ENCODING
    accepted = request.headers.get(hdrs.ACCEPT_ENCODING, "")
    if size >= COMPRESS_FROM and any(item.strip().lower() == "gzip" for item in accepted.split(",")):
        response.enable_compression(web.ContentCoding.gzip)
    return response


def text_response(request: web.BaseRequest, text: str, media_type: str) -> web.Response:
    """Text in UTF-8."""
    body = text.encode()
    response = web.Response(
        body=body, content_type=media_type, charset="utf-8", zlib_executor_size=COMPRESS_IN_THREAD
    )
    return _compressed(request, response, len(body))


def file_response(
    request: web.BaseRequest,
    body: bytes,
    *,
    media_type: str = "application/octet-stream",
    cache: str = IMMUTABLE,
) -> web.Response:
    """Bytes with a strong validator; 304 where the client has them."""
    tag = sha256(body).hexdigest()[:32]
    headers = {hdrs.ETAG: f'"{tag}"', hdrs.CACHE_CONTROL: cache}
    wanted = request.if_none_match
    if wanted and any(item.value in (tag, "*") for item in wanted):
        return web.Response(status=304, headers=headers)
    response = web.Response(
        body=body,
        headers=headers,
        content_type=media_type,
        charset="utf-8" if media_type.startswith("text/") else None,
        zlib_executor_size=COMPRESS_IN_THREAD,
    )
    return _compressed(request, response, len(body)) if media_type == "application/json" else response
