"""Waiting for conditions, never for time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

PATIENCE = 30.0
"""Seconds after which a condition will never hold."""


async def until(condition: Callable[[], object], what: str = "condition", seconds: float = PATIENCE) -> None:
    """Return once the condition holds; fail by name if it does not within the limit."""

    async def holds() -> object:
        return condition()

    await until_so(holds, what, seconds, pause=0.005)


async def until_so(
    condition: Callable[[], Awaitable[object]], what: str, seconds: float = PATIENCE, *, pause: float = 0.05
) -> None:
    """As :func:`until`, for a condition that has to be asked for."""
    end = time.monotonic() + seconds
    while not await condition():
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        await asyncio.sleep(pause)
