"""Small documents of others, over https: DID documents and status lists, fetched within strict limits.

A document under judgement says where its keys and its list are, so a fetch goes where a stranger wants. It is
https only and believes the system's authorities and those the operator adds; it follows no redirect, unpacks
nothing, takes bounded time and bytes, and never reaches an address that is not public unless the operator
names the host, so that a document cannot make the gateway ask the inner network. Which hosts may be asked at
all is decided before (:mod:`accord_client.gateway.resolving`, :mod:`accord_client.gateway.foreign_status`).
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from accord_ledger.errors import ProofError

MAX_DOCUMENT: Final = 256 * 1024
"""Largest document fetched, in bytes."""
FETCH_SECONDS: Final = 5.0
"""For one document, from looking up the name to the last byte."""
_CHUNK: Final = 16 * 1024


class PublicResolver(AbstractResolver):
    """Addresses of a name, only if all of them are public or the operator named the host."""

    def __init__(self, inner_hosts: frozenset[str] = frozenset()) -> None:
        """Nothing is looked up yet.

        Args:
            inner_hosts: names that may lead to addresses that are not public.
        """
        self._inner_hosts = inner_hosts
        self._names = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """See aiohttp; raises ``OSError`` for a name that leads inside, or that is none."""
        try:
            found = await self._names.resolve(host, port, family)
        except UnicodeError as error:  # a label that is empty or too long
            raise OSError(f"{host[:120]} is not the name of a host") from error
        if host not in self._inner_hosts and not all(_is_public(item["host"]) for item in found):
            raise OSError(f"{host} has an address that is not public")
        return found

    async def close(self) -> None:
        """See aiohttp."""
        await self._names.close()


def _is_public(address: str) -> bool:
    return ipaddress.ip_address(address.partition("%")[0]).is_global


@dataclass(slots=True)
class Fetcher:
    """Fetches documents from https addresses."""

    tls: ssl.SSLContext | None = None
    """Whom it believes to be who they say; None: whom the system believes."""
    inner_hosts: frozenset[str] = frozenset()
    """Hosts that may have addresses that are not public."""
    seconds: float = FETCH_SECONDS

    async def __call__(self, url: str) -> bytes:
        """What is there, if it is small.

        Raises:
            ProofError: ``DID_FETCH``: not https, not there, too slow, too large, packed, redirected, not public,
                or of somebody the authorities do not vouch for.
        """
        _check_host(url)
        timeout = aiohttp.ClientTimeout(total=self.seconds)
        connector = aiohttp.TCPConnector(resolver=PublicResolver(self.inner_hosts), ssl=self.tls or True)
        try:
            async with (
                aiohttp.ClientSession(
                    connector=connector, timeout=timeout, trust_env=False, auto_decompress=False
                ) as session,
                session.get(url, allow_redirects=False, headers={"Accept-Encoding": "identity"}) as answer,
            ):
                return await _bounded(answer, url)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _failed(type(error).__name__, url) from error


def _check_host(url: str) -> None:
    """A name, and the one that was judged when the host was allowed: two readers of URLs agree on it."""
    try:
        address, host = URL(url), urlsplit(url).hostname or ""
    except ValueError as error:
        raise _failed("expected a URL", url) from error
    if address.scheme != "https" or not host or address.raw_host != host:
        raise _failed("expected an https address with the name of a host", url)
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return
    raise _failed("expected a host name, got an address", url)


async def _bounded(answer: aiohttp.ClientResponse, url: str) -> bytes:
    if answer.status != 200:
        raise _failed(f"expected 200, got {answer.status}", url)
    packed = answer.headers.get("Content-Encoding", "identity")
    if packed != "identity":
        raise _failed(f"expected no encoding, got {packed[:40]!r}", url)
    data = bytearray()
    async for part in answer.content.iter_chunked(_CHUNK):
        data += part
        if len(data) > MAX_DOCUMENT:
            raise _failed(f"expected at most {MAX_DOCUMENT} bytes", url)
    return bytes(data)


def _failed(detail: str, url: str) -> ProofError:
    return ProofError("DID_FETCH", detail, path=url[:200])
