"""Nodes as real processes: started, killed, started again, ended."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import aiohttp

from accord_ledger.errors import AccordError

START_SECONDS = 60.0
STOP_SECONDS = 15.0
POLL_SECONDS = 0.05


class ProcessError(AccordError):
    """A node process that did not start, or ended by itself."""


class NodeProcess:
    """One ``accord-node run`` process."""

    def __init__(
        self, party: str, config: Path, url: str, program: Sequence[str] = ("-m", "accord_node")
    ) -> None:
        """Nothing is started yet.

        Args:
            party: whose node.
            config: its configuration file.
            url: where it serves HTTP.
            program: what the interpreter runs, before ``run``.
        """
        self.party = party
        self.program = program
        self.url = url
        self._config = config
        self._log = config.parent / "node.log"
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start the process; :meth:`wait_ready` tells when it takes part."""
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *self.program,
                "run",
                "--config",
                str(self._config),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the demonstration, which then ends its nodes
            )

    @property
    def pid(self) -> int:
        """Process id."""
        if self._process is None:
            raise ProcessError("NODE_NOT_STARTED", f"expected {self.party} to be started")
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.returncode is None

    async def wait_ready(self, session: aiohttp.ClientSession) -> None:
        """Wait until ``/readyz`` says that the node makes progress."""
        await self._wait_for(session, "/readyz")

    async def wait_live(self, session: aiohttp.ClientSession) -> None:
        """Wait until the node answers at all."""
        await self._wait_for(session, "/livez")

    async def _wait_for(self, session: aiohttp.ClientSession, path: str) -> None:
        end = asyncio.get_running_loop().time() + START_SECONDS
        while asyncio.get_running_loop().time() < end:
            self._check_alive()
            try:
                async with session.get(self.url + path, timeout=aiohttp.ClientTimeout(total=2)) as answer:
                    if answer.status == 200:
                        return
            except (aiohttp.ClientError, TimeoutError):
                pass
            await asyncio.sleep(POLL_SECONDS)
        raise ProcessError(
            "NODE_NOT_READY", f"{self.party} is not ready after {START_SECONDS} s; see {self._log}"
        )

    def _check_alive(self) -> None:
        if self._process is not None and self._process.returncode is not None:
            tail = self._log.read_text(encoding="utf-8", errors="replace")[-2000:]
            raise ProcessError("NODE_ENDED", f"{self.party} ended with {self._process.returncode}:\n{tail}")

    async def kill(self) -> None:
        """SIGKILL: no goodbye, nothing flushed."""
        if self._process is not None and self._process.returncode is None:
            os.kill(self._process.pid, signal.SIGKILL)
            await self._process.wait()

    async def stop(self) -> int | None:
        """SIGTERM and a clean end; SIGKILL if that takes too long. Returns as :meth:`ended`."""
        if self._process is None or self._process.returncode is not None:
            return await self.ended()
        self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), STOP_SECONDS)
        except TimeoutError:
            await self.kill()
        return await self.ended()

    async def ended(self) -> int | None:
        """Wait for the end; the exit code, negative if a signal ended it, None if it was never started."""
        return None if self._process is None else await self._process.wait()
