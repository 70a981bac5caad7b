"""A node that was away: how fast does it catch up, against what the alliance produces (goal: 5 times)?

    python -m bench.catchup [--count 100000]

Four real nodes on this machine. The rate of the alliance at saturation, from the first request to the last answer, is
measured twice: of all four before, and of the three that go on while one is away and they make ``count`` transactions
final (the median of parts; on one machine three have more of it each than four). Then that one is started again:
once while the others are idle, so that catching up is all there is to do (they only answer), and once, for
information, while they go on at half of the measured rate on the same cores. The rate of catching up, c, is that of
its log: entries from the first that it stores to the newest, over the time between. What it needs to start and to
verify its own data is a line of its own. Its database says what it has stored: a look at it costs the
node nothing, where ``/metrics`` ten times a second took some hundredths of what it can do.

Beside rates stands processor time a transaction (/proc), which other work on the machine moves less: of the node
that catches up, of the processes it starts to read ranges, and of those that serve it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sqlite3
import statistics
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
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
_TICKS = os.sysconf("SC_CLK_TCK")


def _own_seconds(pid: int) -> tuple[float, float]:
    """Processor time of a process, and of those of its children that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS, (int(fields[13]) + int(fields[14])) / _TICKS


def _children_seconds(pid: int) -> float:
    """Processor time of a process's children, running or not."""
    total = _own_seconds(pid)[1]
    for thread in Path(f"/proc/{pid}/task").iterdir():
        try:
            for child in (thread / "children").read_text(encoding="utf-8").split():
                total += _own_seconds(int(child))[0]
        except FileNotFoundError:  # it ended just now; the next look finds it among those that have
            continue
    return total


@dataclass(frozen=True)
class Look:
    """One look at the node that catches up."""

    when: float
    size: float
    """Entries it has stored; 0 before its database can be read."""
    node: float
    """Processor time so far, seconds: its own,"""
    helpers: float
    """of its children,"""
    servers: float
    """and of all other nodes."""


async def _size(alliance: Alliance, party: str) -> float:
    """Entries in a node's log; 0 while it does not answer."""
    try:
        return (await alliance.metrics(party))["accord_log_size"]
    except (aiohttp.ClientError, KeyError):
        return 0.0


def _stored(alliance: Alliance) -> float:
    """Entries that the node which was away has made durable; 0 before its database can be read."""
    path = alliance.founded.config(AWAY).parent / "data" / "state.sqlite"
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            newest = "SELECT first + count + 1 FROM block ORDER BY height DESC LIMIT 1"
            (size,) = db.execute(newest).fetchone() or (0,)
    except sqlite3.OperationalError:  # it is being opened
        return 0.0
    return float(size)


def _look(alliance: Alliance, size: float) -> Look:
    """A look at which so much was stored. Processor time is looked up only where it counts: it costs some."""
    pid = alliance.nodes[AWAY].pid
    servers = sum(_own_seconds(alliance.nodes[party].pid)[0] for party in OTHERS)
    return Look(time.perf_counter(), size, _own_seconds(pid)[0], _children_seconds(pid), servers)


async def _grow(alliance: Alliance, count: int) -> float:
    """Make so many transactions final without the node that is away; the median rate of the parts."""
    rates = [
        (await load.saturate(alliance, alliance.issuances(min(CHUNK, count - done)), OTHERS)).overall()
        for done in range(0, count, CHUNK)
    ]
    return statistics.median(rates)


async def _return(alliance: Alliance) -> tuple[float, Look, Look]:
    """Start the node that is away: when, the look at which it had stored something, the one at which all."""
    begin = time.perf_counter()
    await alliance.nodes[AWAY].start()
    while not (size := _stored(alliance)):
        await asyncio.sleep(POLL_SECONDS)
    first, moved, target = _look(alliance, size), False, await _size(alliance, OTHERS[0])
    while time.perf_counter() - begin < GIVE_UP_SECONDS:
        size = _stored(alliance)
        if not moved and size > first.size:
            first, moved = _look(alliance, size), True
        if moved and size >= target and size >= (target := await _size(alliance, OTHERS[0])):
            return begin, first, _look(alliance, size)
        await asyncio.sleep(POLL_SECONDS)
    raise RuntimeError(f"not caught up after {GIVE_UP_SECONDS:.0f} s: {size:.0f} entries")


def _report(what: str, found: tuple[float, Look, Look]) -> float:
    begin, first, last = found
    seconds, entries = last.when - first.when, last.size - first.size
    row(
        f"{what}: first stored after, s",
        f"{first.when - begin:.1f}",
        "start, own data verified, links, first range",
    )
    row("  caught up after that, s", f"{seconds:.1f}", f"{entries:,.0f} entries")
    row("  c, transactions/s", f"{entries / seconds:,.0f}")
    shown = " / ".join(
        f"{(after - before) / entries * 1e6:.1f}"
        for before, after in (
            (first.node, last.node),
            (first.helpers, last.helpers),
            (first.servers, last.servers),
        )
    )
    row("  processor time a transaction, us", shown, "node / its processes / all other nodes")
    return entries / seconds


async def run(count: int) -> None:
    """Print everything."""
    heading(f"A node away for {count:,} transactions")
    row("machine", machine())
    with tempfile.TemporaryDirectory(prefix="accord-catchup-") as folder:
        async with Alliance(Path(folder)) as alliance:
            await load.saturate(alliance, alliance.issuances(1000))  # warm up
            rate = (await load.saturate(alliance, alliance.issuances(min(count, CHUNK)))).overall()
            row("r, finalised transactions/s of four at saturation", f"{rate:,.0f}")
            await alliance.nodes[AWAY].stop()
            without = await _grow(alliance, count)
            row("the same of the three, while one is away", f"{without:,.0f}")
            caught = _report("others idle", await _return(alliance))
            goal("  c over the rate of four, others idle", caught / rate, GOAL_RATIO)
            row("  c over the rate of the three, others idle", f"{caught / without:.2f}", "for information")
            await alliance.nodes[AWAY].stop()
            await _grow(alliance, count)
            entries = alliance.issuances(int(rate / 2 * max(20.0, count / rate / 2)))
            busy = asyncio.create_task(load.steady(alliance, entries, rate / 2, OTHERS, bulk=25))
            found = await _return(alliance)
            ended = "went on all the time" if not busy.done() else "had ended before: not judged as busy"
            busy.cancel()
            await asyncio.gather(busy, return_exceptions=True)
            caught = _report(f"others at {rate / 2:,.0f}/s", found)
            row(
                "  c / r, others at half of saturation",
                f"{caught / rate:.2f}",
                f"for information; they {ended}",
            )


def main() -> None:
    """``python -m bench.catchup [--count N]``."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=100_000, help="transactions it was away for")
    asyncio.run(run(parser.parse_args().count))


if __name__ == "__main__":
    main()
