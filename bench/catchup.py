"""A node that was away: how fast does it catch up, against what the alliance produces (goal: 5 times)?

    python -m bench.catchup [--count 100000]

Four real nodes on this machine. The rate of the alliance is measured first, at saturation. Then one node is
stopped, ``count`` transactions are made final without it, and it is started again: once while the others are
idle, so that catching up is all there is to do (they only answer), and once while they go on at half of the
measured rate on the same cores. The rate is that of its log, from the first block fetched to the newest; what
it needs to start and to verify its own data is a line of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from pathlib import Path

import aiohttp

from accord_node.demo.founding import FOUNDERS
from bench import load
from bench.alliance import Alliance
from bench.table import goal, heading, machine, row

AWAY = FOUNDERS[-1]
OTHERS = [party for party in FOUNDERS if party != AWAY]
POLL_SECONDS = 0.1
GIVE_UP_SECONDS = 900.0
CHUNK = 20_000
"""Transactions made and signed at a time."""
GOAL_RATIO = 5.0


async def _size(alliance: Alliance, party: str) -> float:
    """Entries in a node's log; 0 while it does not answer."""
    try:
        return (await alliance.metrics(party))["accord_log_size"]
    except (aiohttp.ClientError, KeyError):
        return 0.0


async def _grow(alliance: Alliance, count: int) -> None:
    for done in range(0, count, CHUNK):
        await load.saturate(alliance, alliance.issuances(min(CHUNK, count - done)), OTHERS)


async def _return(alliance: Alliance) -> tuple[float, float, float]:
    """Start the node that is away: seconds until it fetches, seconds until it has caught up, entries between."""
    begin = time.perf_counter()
    await alliance.nodes[AWAY].start()
    first = 0.0
    while not (first := await _size(alliance, AWAY)):
        await asyncio.sleep(POLL_SECONDS)
    size, moved = first, 0.0
    while time.perf_counter() - begin < GIVE_UP_SECONDS:
        if moved == 0.0 and size > first:
            first, moved = size, time.perf_counter()
        if moved and size >= await _size(alliance, OTHERS[0]):
            done = time.perf_counter()
            return moved - begin, done - moved, size - first
        await asyncio.sleep(POLL_SECONDS)
        size = await _size(alliance, AWAY)
    raise RuntimeError(f"not caught up after {GIVE_UP_SECONDS:.0f} s: {size:.0f} entries")


def _report(what: str, found: tuple[float, float, float], rate: float) -> None:
    started, seconds, entries = found
    caught = entries / seconds
    row(f"{what}: fetching after, s", f"{started:.1f}", "start, verification of its own data, links")
    row("  caught up after that, s", f"{seconds:.1f}", f"{entries:,.0f} entries, {caught:,.0f}/s")
    goal("  over the rate of the alliance", caught / rate, GOAL_RATIO)


async def run(count: int) -> None:
    """Print everything."""
    heading(f"A node away for {count:,} transactions")
    row("machine", machine())
    with tempfile.TemporaryDirectory(prefix="accord-catchup-") as folder:
        async with Alliance(Path(folder)) as alliance:
            await load.saturate(alliance, alliance.issuances(1000))  # warm up
            measured = await load.saturate(alliance, alliance.issuances(min(count, CHUNK)))
            rate = statistics.median(measured.rates())
            row("finalised transactions/s of four at saturation", f"{rate:,.0f}")
            await alliance.nodes[AWAY].stop()
            await _grow(alliance, count)
            _report("others idle", await _return(alliance), rate)
            await alliance.nodes[AWAY].stop()
            await _grow(alliance, count)
            entries = alliance.issuances(int(rate / 2 * max(20.0, count / rate / 2)))
            busy = asyncio.create_task(load.steady(alliance, entries, rate / 2, OTHERS, bulk=25))
            found = await _return(alliance)
            ended = "went on all the time" if not busy.done() else "had ended before: not judged as busy"
            busy.cancel()
            await asyncio.gather(busy, return_exceptions=True)
            _report(f"others at {rate / 2:,.0f}/s ({ended})", found, rate)


def main() -> None:
    """``python -m bench.catchup [--count N]``."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=100_000, help="transactions it was away for")
    asyncio.run(run(parser.parse_args().count))


if __name__ == "__main__":
    main()
