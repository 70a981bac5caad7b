"""The scripted clock of a test network: every node is told, and each answers for itself."""

from __future__ import annotations

import asyncio

import msgspec

from accord_client.api import ClockRequest, ClockState
from accord_client.clock import clock_command
from accord_client.errors import RefusedError
from accord_client.keyring import Signer
from accord_client.sdk.transport import Transport
from accord_client.trust import Trust
from accord_ledger.errors import AccordError


class Clocks:
    """Clock commands of :class:`accord_client.sdk.AccordClient`."""

    transport: Transport
    trust: Trust

    async def clocks(self) -> dict[str, ClockState | AccordError]:
        """What every node takes for the time, or why it does not say."""
        return await self._every_node("GET", None)

    async def set_clock(self, time: int, key: Signer) -> dict[str, ClockState | AccordError]:
        """Tell every node of a test network what time it is; commands do not spread by themselves.

        Args:
            time: UTC seconds, never before the time commanded last.
            key: the one that genesis names as ``scripted_clock``.

        Returns:
            Each node's answer by its URL: the time it goes by from now on, or why it refused.

        Raises:
            RefusedError: ``CLOCK_REAL``: by the pin this network runs on real time.
        """
        if not self.trust.scripted_clock:
            raise RefusedError("CLOCK_REAL", "expected a test network with a scripted clock")
        return await self._every_node("POST", clock_command(self.trust.network, time, key))

    async def _every_node(
        self, method: str, command: ClockRequest | None
    ) -> dict[str, ClockState | AccordError]:
        urls = self.transport.urls
        answers = await asyncio.gather(*(_ask(self.transport, url, method, command) for url in urls))
        return dict(zip(urls, answers, strict=True))


async def _ask(
    transport: Transport, url: str, method: str, command: ClockRequest | None
) -> ClockState | AccordError:
    body = None if command is None else msgspec.json.encode(command)
    try:
        return await transport.ask(url, method, "/v1/clock", ClockState, body=body)
    except AccordError as error:
        return error
