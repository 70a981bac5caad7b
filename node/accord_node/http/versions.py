"""Which version of the ledger a snapshot of the database shows."""

from __future__ import annotations

import asyncio
import time
from typing import Final

from accord_ledger.execute import Version
from accord_node.http.problems import ProblemError
from accord_node.node import Node

WAIT_SECONDS: Final = 2.0
_PAUSE: Final = 0.002


async def snapshot_version(node: Node, height: int) -> Version:
    """The version of a height just read from the database; the node may need a moment to get there.

    Raises:
        ProblemError: ``STOPPING``: the node does not get there.
    """
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        for version in reversed(node.versions):
            if version.height == height:
                return version
        if time.monotonic() > deadline:
            raise ProblemError("STOPPING")
        await asyncio.sleep(_PAUSE)
