"""Where a log is read from: a node's address, any static server, or a folder. Nothing it gives is believed.

Everything asked for has a bound on its size; what a server sends beyond it is not read.
"""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol, Self

import aiohttp

from accord_ledger.merkle.tiles import MAX_BUNDLE_BYTES
from accord_ledger.note import MAX_NOTE_BYTES

ATTEMPTS: Final = 5
"""Tries of one download before the source counts as unreachable."""

TIMEOUT_SECONDS: Final = 60
"""For one download."""

CONNECTIONS: Final = 8
"""Downloads at a time."""

_RETRIED: Final = frozenset({408, 425, 429, 500, 502, 503, 504})


class Missing(Exception):  # noqa: N818 - a fact about the source, judged by the caller
    """The source answers, and does not hold what was asked for."""


class Unreachable(Exception):  # noqa: N818 - the source's failure, not ours
    """The source does not answer, or not in a way that can be used."""


class LogSource(Protocol):
    """Reads one log by the paths of C2SP tlog-tiles."""

    async def read(self, path: str, limit: int) -> bytes:
        """The file at ``path`` (no leading slash), at most ``limit`` bytes.

        Raises:
            Missing: there is none.
            Unreachable: nobody can say, or it is larger.
        """

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class FolderSource:
    """A folder as a node keeps it (or its parent), or any mirror of the same layout."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "log" if (folder / "log" / "checkpoint").is_file() else folder

    async def read(self, path: str, limit: int) -> bytes:
        """See :class:`LogSource`."""
        file = self._folder / path
        try:
            with file.open("rb") as opened:
                data = opened.read(limit + 1)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
            raise Missing(str(file)) from error
        except OSError as error:
            raise Unreachable(f"{file}: {error}") from error
        if len(data) > limit:
            raise Unreachable(f"{file}: expected at most {limit} bytes")
        return data

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


class HttpSource:
    """A node's base address, or any static server with the same files.

    Args:
        base: such as ``https://node.example``; paths are appended to it.
        pause: seconds before the first retry; doubles with each.
    """

    def __init__(self, base: str, *, pause: float = 0.25) -> None:
        self._base = base.rstrip("/")
        self._pause = pause
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=CONNECTIONS),
            timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def read(self, path: str, limit: int) -> bytes:
        """See :class:`LogSource`; network failures and busy servers are tried again."""
        url = f"{self._base}/{path}"
        failure = ""
        for attempt in range(ATTEMPTS):
            if attempt:
                await asyncio.sleep(self._pause * 2**attempt * random.uniform(0.5, 1))  # noqa: S311 - spread
            try:
                return await self._get(url, limit)
            except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, TimeoutError) as error:
                failure = f"{type(error).__name__}: {error}"
            except aiohttp.ClientResponseError as error:
                failure = f"HTTP {error.status}"
                if error.status not in _RETRIED:
                    break
            except (aiohttp.ClientError, ValueError) as error:
                failure = f"{type(error).__name__}: {error}"
                break
        raise Unreachable(f"{url}: {failure}")

    async def _get(self, url: str, limit: int) -> bytes:
        if self._session is None:
            raise RuntimeError("expected the source to be entered first")
        async with self._session.get(url) as answer:
            if answer.status in (404, 410):
                raise Missing(url)
            answer.raise_for_status()
            data = bytearray()
            async for chunk in answer.content.iter_chunked(65_536):
                data += chunk
                if len(data) > limit:
                    raise ValueError(f"expected at most {limit} bytes")
            return bytes(data)


def open_source(place: str) -> LogSource:
    """The source at an ``http(s)://`` address or in a folder."""
    if place.startswith(("http://", "https://")):
        return HttpSource(place)
    return FolderSource(Path(place))


def limit_of(path: str) -> int:
    """Most bytes the file at a tiles path can have."""
    if path == "checkpoint":
        return MAX_NOTE_BYTES
    return MAX_BUNDLE_BYTES if path.startswith("tile/entries/") else 32 * 256
