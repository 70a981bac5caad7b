"""One alliance of processes for each module; when a test fails, the last lines of every node's log."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator
from typing import Any

import pytest
import pytest_asyncio

from process_alliance import EVERYONE, ProcessAlliance


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def founded(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ProcessAlliance]:
    """Four members and an observer, started."""
    async with ProcessAlliance(tmp_path_factory.mktemp("alliance")) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def alliance(founded: ProcessAlliance) -> ProcessAlliance:
    """The alliance with every node running, whatever the test before left."""
    await founded.start(*(party for party in EVERYONE if not founded.nodes[party].running))
    return founded


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the nodes' logs to the report of a failure."""
    report = yield
    arguments: dict[str, Any] = getattr(item, "funcargs", {})
    found = arguments.get("founded")
    if report.failed and isinstance(found, ProcessAlliance):
        report.sections += [(f"log of {party}", found.last_lines(party)) for party in EVERYONE]
    return report
