"""Servers that tests of the SDK share; a module that wants others defines its own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from ledger_server import LedgerServer
from sdk_ledger import a_ledger


@pytest.fixture
async def server() -> AsyncIterator[LedgerServer]:
    async with LedgerServer(a_ledger()) as running:
        yield running


@pytest.fixture
async def second(server: LedgerServer) -> AsyncIterator[LedgerServer]:
    """Another node of the same network."""
    async with LedgerServer(server.ledger) as running:
        yield running
