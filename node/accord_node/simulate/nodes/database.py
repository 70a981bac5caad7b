"""The database's connection on virtual time: aiosqlite without its thread.

Every statement runs in the host's loop after a time that chance decides, in order, and is answered later
still; a host may die before, between and after.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator
from functools import partial
from pathlib import Path
from typing import Any, Self

import aiosqlite

from accord_node.simulate.nodes.disk import HostDisk
from accord_node.simulate.nodes.loop import HostLoop


class HostConnection(aiosqlite.Connection):
    """One connection; :meth:`release` when its host has died."""

    def __init__(self, path: Path, disk: HostDisk, loop: HostLoop) -> None:
        super().__init__(partial(sqlite3.connect, path, isolation_level=None), 64)
        self._disk = disk
        self._loop = loop

    def __await__(self) -> Generator[Any, None, Self]:
        return self._opened().__await__()

    async def _opened(self) -> Self:
        self._connection = await self._run(self._connector)
        return self

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if self._connection is None:
            raise ValueError("Connection closed")
        return await self._run(partial(fn, *args, **kwargs))

    async def _run(self, work: Callable[[], Any]) -> Any:
        try:
            return await self._loop.run_in_executor(self, self._disk.statement, work)
        finally:
            self._disk.answered()

    async def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            await self._run(self._connection.close)
            self._connection = None

    def release(self) -> None:
        """Close it at once."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
