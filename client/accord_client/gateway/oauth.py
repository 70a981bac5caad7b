"""What OpenID4VCI and OpenID4VP share: forms, failures in the words of OAuth, and secrets without memory.

Failures are :class:`accord_client.gateway.problems.OauthError`. What one secret gives rise to is derived from it, so that the store holds hashes only.
"""

from __future__ import annotations

import hmac
import secrets
from hashlib import sha256
from typing import Final
from urllib.parse import parse_qsl

from aiohttp import web

from accord_client.documents import sd_jwt
from accord_client.gateway.problems import GatewayError, OauthError
from accord_client.gateway.web import MAX_BODY, read_body
from accord_ledger.errors import AccordError

MAX_FIELDS: Final = 16
NONCE_SECONDS: Final = 300


async def read_form(request: web.Request) -> dict[str, str]:
    """The fields of a form, each once.

    Raises:
        OauthError: ``invalid_request``: not such a form.
        GatewayError: ``JSON_TOO_LARGE`` or ``BODY_SLOW``.
    """
    if request.content_type != "application/x-www-form-urlencoded":
        raise OauthError("invalid_request", "BODY_TYPE", "expected application/x-www-form-urlencoded")
    try:
        text = (await read_body(request, MAX_BODY)).decode("ascii")
        pairs = parse_qsl(
            text,
            keep_blank_values=True,
            strict_parsing=bool(text),
            max_num_fields=MAX_FIELDS,
            errors="strict",
        )
    except ValueError as error:
        raise OauthError("invalid_request", "BODY_FORM", "expected an encoded form") from error
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise OauthError("invalid_request", "BODY_FORM", "expected each field once")
    return fields


def derived(secret: str, use: str) -> str:
    """Another secret that follows from one, for one use."""
    return sd_jwt.encode(sha256(b"accord/gateway/v1\x00" + use.encode() + b"\x00" + secret.encode()).digest())


class Nonces:
    """Nonces that nobody has to remember: a date with a MAC, good for five minutes while this process runs.

    They are not consumed. That a proof is used once follows from the token or request it comes with.
    """

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def fresh(self, now: int) -> str:
        """A nonce of ``now`` (POSIX seconds)."""
        body = now.to_bytes(8, "big") + secrets.token_bytes(16)
        return sd_jwt.encode(body + self._mac(body))

    def check(self, nonce: object, now: int) -> bool:
        """Whether a nonce was given out here, lately."""
        try:
            data = sd_jwt.decode(str(nonce), "nonce", 8 + 16 + 32)
        except AccordError:
            return False
        good = hmac.compare_digest(data[24:], self._mac(data[:24]))
        return good and 0 <= now - int.from_bytes(data[:8], "big") < NONCE_SECONDS

    def _mac(self, body: bytes) -> bytes:
        return hmac.digest(self._key, body, "sha256")


def bearer(request: web.Request) -> str:
    """The access token of a request; raises ``OauthError`` ``invalid_token``."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise OauthError("invalid_token", "AUTH_REQUIRED", "expected an access token", status=401)
    return token.strip()


def seconds(body: dict[str, object], name: str, default: int, most: int) -> int:
    """A number of seconds a caller may choose; raises ``GatewayError`` ``BODY_VALUE``."""
    value = body.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        raise GatewayError("BODY_VALUE", f"expected 1 to {most} seconds", path=name)
    return value
