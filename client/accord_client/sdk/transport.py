"""HTTP to several nodes that are all the same: bounded, with fail-over, and named errors only.

A node that fails (no connection, timeout, 5xx, an answer that is too large, malformed or does not prove
what it claims) is asked last for a while, and the next one is tried with the same request. So is one that
refuses the request: a false refusal must not keep us from the others. Where a node says that there is no such thing
and nothing proves it, the others are asked too, for no longer than ``patience``. When all failed, transient failures
are tried again with growing pauses until ``patience`` is over. Requests are idempotent: reads are, and a
record is named by its own bytes.
"""

from __future__ import annotations

import asyncio
import random
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Generic, TypeVar
from urllib.parse import urlsplit

import aiohttp
import msgspec

from accord_client.api import Problem
from accord_client.errors import ForkError, NodeError, NotFoundError, RefusedError, StaleError
from accord_ledger.errors import AccordError, DecodeError, ProofError

T = TypeVar("T")
R = TypeVar("R")

MAX_RESPONSE: Final = 16 * 1024 * 1024
"""Largest answer read, after decompression, unless the caller says otherwise."""

MAX_PROBLEM: Final = 256 * 1024
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
MAX_URLS: Final = 64
COOLDOWN: Final = 5.0
"""Seconds a failed node is asked last."""
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 2.0

TRANSIENT: Final = frozenset({408, 429, 500, 502, 503, 504})
"""Statuses after which another node, or the same one later, may answer."""

OTHER_MEMBERS: Final = frozenset({"CHECKPOINT_QUORUM", "CHECKPOINT_LOG", "NOTE_UNSIGNED", "TRUST_EPOCH"})
"""Codes of answers that may be good, from members who came after those we know."""

BEHIND: Final = frozenset({"TRUST_BACK", "NODE_BEHIND", "NODE_STALE"})
"""Codes of answers that are good and too old."""


@dataclass(frozen=True, slots=True)
class Reply(Generic[R]):
    """An accepted answer."""

    value: R
    url: str
    failed: int
    """Attempts that failed before: what was sent may have arrived there."""


class MissingError(NotFoundError):
    """A 404 with its problem document, which may hold a proof of absence."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code, problem.detail, path=problem.path)
        self.problem = problem


class Transport:
    """A set of nodes behind one ``call``."""

    def __init__(
        self,
        urls: Sequence[str],
        *,
        timeout: float = 30.0,
        patience: float = 10.0,
        max_response: int = MAX_RESPONSE,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """A transport; nothing is opened yet.

        Args:
            urls: base URLs of nodes, preferred first.
            timeout: seconds one request may take.
            patience: seconds all attempts of one call may take together, one round at least.
            max_response: bytes of one answer.
            tls: for private certificate authorities.

        Raises:
            RefusedError: ``NODE_URL``.
        """
        self.urls = tuple(url.rstrip("/") for url in urls)
        if not 0 < len(self.urls) <= MAX_URLS or any(
            not url.startswith(("http://", "https://")) for url in self.urls
        ):
            raise RefusedError(
                "NODE_URL", f"expected 1 to {MAX_URLS} http(s) URLs of nodes, got {list(urls)[:4]}"
            )
        self._timeout = timeout
        self._patience = patience
        self._max_response = max_response
        self._tls = tls
        self.catch_up: Callable[[str], Awaitable[bool]] | None = None
        """Learns from a node which members there are now; whether there was anything to learn."""
        self._session: aiohttp.ClientSession | None = None
        self._cool: dict[str, float] = {}

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def session(self) -> aiohttp.ClientSession:
        """The session of this event loop."""
        if self._session is None:
            connector = aiohttp.TCPConnector(limit_per_host=16, ssl=self._tls or True)
            self._session = aiohttp.ClientSession(
                connector=connector, auto_decompress=True, cookie_jar=aiohttp.DummyCookieJar()
            )
        return self._session

    def by_preference(self) -> list[str]:
        """Nodes in the order to ask them: those that failed lately last."""
        now = time.monotonic()
        return sorted(self.urls, key=lambda url: max(self._cool.get(url, 0.0) - now, 0.0))

    def demote(self, url: str) -> None:
        """Ask this node last for a while."""
        self._cool[url] = time.monotonic() + COOLDOWN

    def _cools(self, url: str) -> bool:
        return self._cool.get(url, 0.0) > time.monotonic()

    async def call(
        self,
        method: str,
        path: str,
        kind: type[T],
        accept: Callable[[T], R],
        *,
        params: Mapping[str, str] | None = None,
        body: bytes | None = None,
        content_type: str = "application/json",
        timeout: float | None = None,
        missing: Callable[[Problem], R] | None = None,
    ) -> Reply[R]:
        """One request, answered by the first node whose answer is accepted.

        Args:
            method: ``GET`` or ``POST``.
            path: with its leading slash, quoted.
            kind: struct the answer is decoded to.
            accept: turns the answer into the result, or raises ``AccordError`` if it is not to be believed.
            params: query.
            body: request body.
            content_type: of the body.
            timeout: seconds for one attempt.
            missing: turns a 404 into the result (a proved absence), or raises.

        Raises:
            NodeError: ``NODE_UNAVAILABLE`` with what every node did.
            StaleError: ``NODE_STALE``: all that was got is too old.
            ProofError, DecodeError: every node's answer failed in this way.
            ForkError: at once.
            NotFoundError: as every node says that could be asked, where nothing proves it.
            RefusedError: every node that could be asked refuses the request.
        """
        deadline, pause = time.monotonic() + self._patience, FIRST_PAUSE
        failures: list[tuple[str, AccordError]] = []
        while True:
            for url in self.by_preference():
                if (seconds := self._seconds(url, timeout, deadline, _said(failures))) is None:
                    continue
                try:
                    found = await self._first(
                        url,
                        self._once(method, url + path, kind, params, body, content_type, seconds),
                        accept,
                        missing,
                    )
                    return Reply(found, url, len(failures))
                except ForkError:
                    raise
                except AccordError as error:
                    failures.append((url, error))
                    if not isinstance(error, MissingError):
                        self.demote(url)
            if (said := _said(failures)) is not None:
                raise said
            if time.monotonic() + pause > deadline or not _worth_waiting(failures[-len(self.urls) :]):
                raise _summary(failures[-len(self.urls) :])
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - spreads retries
            pause = min(2 * pause, LONGEST_PAUSE)

    def _seconds(
        self, url: str, timeout: float | None, deadline: float, said: AccordError | None
    ) -> float | None:
        """How long this node is given after what others said; None: it is passed over."""
        seconds = timeout or self._timeout
        if said is None:
            return seconds
        if self._cools(url):
            return None  # who has just failed is not waited for to hear the same again
        if isinstance(said, MissingError):
            return max(min(seconds, deadline - time.monotonic()), FIRST_PAUSE)
        return seconds

    async def _first(
        self,
        url: str,
        asked: Awaitable[T],
        accept: Callable[[T], R],
        missing: Callable[[Problem], R] | None,
    ) -> R:
        """What one node's answer gives; a 404 gives what ``missing`` makes of it, if somebody judges it.

        Raises:
            MissingError: a 404 that nobody judges.
            AccordError: the node failed, refused, or is not to be believed.
        """
        try:
            return await self._judged(url, partial(accept, await asked))
        except MissingError as error:
            if missing is None:
                raise
            return await self._judged(url, partial(missing, error.problem))

    async def _judged(self, url: str, judge: Callable[[], R]) -> R:
        """What an answer gives; once more if the node can show that the members have changed since."""
        try:
            return judge()
        except ForkError:
            raise
        except AccordError as error:
            if error.code not in OTHER_MEMBERS or self.catch_up is None or not await self.catch_up(url):
                raise
        return judge()

    async def fetch(self, url: str, path: str, *, limit: int, timeout: float | None = None) -> bytes:
        """A file as one node serves it.

        Raises:
            NodeError, NotFoundError, RefusedError: as :meth:`opened`.
            DecodeError: ``NODE_TOO_LARGE``.
        """
        async with self.opened("GET", url + path, timeout=timeout) as response:
            return await read_bounded(response, limit)

    async def ask(self, url: str, method: str, path: str, kind: type[T], *, body: bytes | None = None) -> T:
        """One request to one node, without another try.

        Raises:
            NodeError, NotFoundError, RefusedError: as :meth:`opened`.
            DecodeError: the answer is not a ``kind``.
        """
        return await self._once(method, url + path, kind, None, body, "application/json", None)

    async def _once(
        self,
        method: str,
        url: str,
        kind: type[T],
        params: Mapping[str, str] | None,
        body: bytes | None,
        content_type: str,
        timeout: float | None,
    ) -> T:
        headers = {"Accept": "application/json"} | (
            {"Content-Type": content_type} if body is not None else {}
        )
        if urlsplit(url).hostname in _LOOPBACK:
            headers["Accept-Encoding"] = "identity"  # packing costs both sides more than the way does
        async with self.opened(
            method, url, params=params, body=body, headers=headers, timeout=timeout
        ) as response:
            data = await read_bounded(response, self._max_response)
        try:
            return msgspec.json.decode(data, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise DecodeError("NODE_RESPONSE", f"expected {kind.__name__}: {error}") from error

    @asynccontextmanager
    async def opened(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        stream: bool = False,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """A response with a good status; every failure of the wire becomes a ``NodeError``.

        Raises:
            NodeError: ``NODE_CONNECTION``, ``NODE_TIMEOUT`` or ``NODE_STATUS``.
            MissingError, RefusedError: the node's problem document.
        """
        seconds = timeout or self._timeout
        limits = aiohttp.ClientTimeout(
            total=None if stream else seconds, sock_connect=min(seconds, 10.0), sock_read=seconds
        )
        try:
            async with self.session().request(
                method, url, params=params, data=body, headers=headers, timeout=limits, allow_redirects=False
            ) as response:
                if response.status >= 300:
                    await _raise_problem(response)
                yield response
        except TimeoutError as error:
            raise NodeError("NODE_TIMEOUT", f"no answer of {url} within {seconds} s") from error
        except (aiohttp.ClientError, OSError) as error:
            raise NodeError("NODE_CONNECTION", f"{type(error).__name__}: {error}"[:300]) from error


async def read_bounded(response: aiohttp.ClientResponse, limit: int) -> bytes:
    """The body, at most ``limit`` bytes after decompression; ``DecodeError`` ``NODE_TOO_LARGE``."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.content.iter_chunked(65_536):
        size += len(chunk)
        if size > limit:
            raise DecodeError("NODE_TOO_LARGE", f"expected at most {limit} bytes")
        chunks.append(chunk)
    return b"".join(chunks)


async def _raise_problem(response: aiohttp.ClientResponse) -> None:
    data = await read_bounded(response, MAX_PROBLEM)
    try:
        problem = msgspec.json.decode(data, type=Problem)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        problem = Problem(
            type="", title="", status=response.status, code="NODE_STATUS", detail="no problem document"
        )
    if response.status in TRANSIENT or response.status < 400:
        code = problem.code if problem.code != "NODE_STATUS" else "NODE_STATUS"
        raise NodeError(code, f"{response.status}: {problem.detail}"[:300])
    if response.status == 404:
        raise MissingError(problem)
    raise RefusedError(problem.code, problem.detail, path=problem.path)


def _said(failures: Sequence[tuple[str, AccordError]]) -> AccordError | None:
    """What a node said about the request itself: that there is no such thing (yet), or that it refuses to look."""
    missing = [error for _, error in failures if isinstance(error, MissingError)]
    if missing:  # that it is on its way says more than that nobody knows of it
        return next((error for error in missing if error.code == "TX_PENDING"), missing[0])
    return next((error for _, error in failures if isinstance(error, RefusedError)), None)


def _worth_waiting(failures: Sequence[tuple[str, AccordError]]) -> bool:
    """Whether any node may do better in a moment."""
    return any(isinstance(error, NodeError) or error.code in BEHIND for _, error in failures)


def _summary(failures: Sequence[tuple[str, AccordError]]) -> AccordError:
    """The one error for a call that every node failed."""
    errors = [error for _, error in failures]
    if all(isinstance(error, StaleError) or error.code in BEHIND for error in errors):
        return StaleError("NODE_STALE", errors[-1].detail, failures=_shown(failures))
    if all(isinstance(error, ProofError | DecodeError | NotFoundError) for error in errors):
        return errors[-1]
    return NodeError(
        "NODE_UNAVAILABLE",
        "no node answered: " + "; ".join(f"{url}: {error}" for url, error in failures)[:900],
        failures=_shown(failures),
    )


def _shown(failures: Sequence[tuple[str, AccordError]]) -> tuple[tuple[str, str], ...]:
    return tuple((url, str(error)) for url, error in failures)


def encode_json(value: Any) -> bytes:
    """A struct as a JSON body."""
    return msgspec.json.encode(value)
