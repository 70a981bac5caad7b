"""Four nodes under a steady load for a long time: do memory and file descriptors stay flat?

    python -m bench.soak --minutes 20 [--rate 40]      python -m bench.soak --quick

Every sample reads ``/proc`` of each node. Lines are fitted through the second half of the load and through the
rest after it. What must grow is known: the authenticated map (two keys of 95 bytes a transaction here) and ids
until they expire; so memory is judged a transaction. What only fills up to a bound would hide a leak for hours
and is made small: signatures and state values remembered, pages of the database (64 MiB, by default full after
some 90,000 transactions), the time until records expire. Names that gossip has seen go after ten minutes, so
the second half of a run of twenty minutes is the first that can be flat. ``--default-memories`` leaves all as
it is.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from accord_node.demo.founding import FOUNDERS
from bench.alliance import LIFETIME_SECONDS, Alliance
from bench.table import goal, heading, machine, row

SAMPLE_SECONDS = 10.0
BATCH = 20
"""Records a request."""
REST_SHARE = 0.2
"""Part of the time, at the end, with nothing to do."""
WARM_UP = 0.2
"""Part of the samples left out when descriptors are judged."""
MAX_BYTES_PER_TRANSACTION = 1000.0
"""More than the map and the caches can explain."""
MAX_DESCRIPTORS_PER_HOUR = 10.0
KIB = 1024
SMALL_MEMORIES = "[work]\nsignatures_remembered = 1000\nstate_values_cached = 1000\ndatabase_cache_mib = 4\n"
SHORT_LIFETIME = 120
"""Seconds until a record expires: so long its id is remembered."""


@dataclass
class Samples:
    """What was read of one node."""

    when: list[float] = field(default_factory=list)
    """Seconds since the start."""
    done: list[float] = field(default_factory=list)
    """Transactions final by then."""
    memory: list[float] = field(default_factory=list)
    """Resident bytes."""
    descriptors: list[float] = field(default_factory=list)
    """Open file descriptors."""

    def read(self, pid: int, when: float, done: int) -> None:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
        line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        self.when.append(when)
        self.done.append(done)
        self.memory.append(float(line.split()[1]) * KIB)
        self.descriptors.append(sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir()))


def slope(xs: Sequence[float], ys: Sequence[float]) -> float:
    """Of the least-squares line; 0 if nothing moved along x."""
    return statistics.linear_regression(xs, ys).slope if len(set(xs)) > 1 else 0.0


class Soak:
    """One run: load, then rest, sampled all the time."""

    def __init__(self, alliance: Alliance, rate: float, every: float) -> None:
        self._alliance = alliance
        self._rate = rate
        self._every = every
        self._begin = time.monotonic()
        self.final = 0
        self.refused = 0
        self.busy = {party: Samples() for party in FOUNDERS}
        self.rest = {party: Samples() for party in FOUNDERS}

    async def _one(self, party: str, entries: Sequence[bytes]) -> None:
        results = await self._alliance.submit(party, entries, final=True)
        final = sum(result.status == "final" for result in results)
        self.final += final
        self.refused += len(results) - final

    async def _load(self, seconds: float) -> None:
        """An open loop: a request is due when it is due, whatever became of those before."""
        open_requests: set[asyncio.Task[None]] = set()
        begin, number = time.monotonic(), 0
        while (due := number * BATCH / self._rate) < seconds:
            await asyncio.sleep(max(0.0, begin + due - time.monotonic()))
            party = FOUNDERS[number % len(FOUNDERS)]
            task = asyncio.create_task(self._one(party, self._alliance.issuances(BATCH)))
            open_requests.add(task)
            task.add_done_callback(open_requests.discard)
            number += 1
        await asyncio.gather(*open_requests)

    async def _sample(self, into: dict[str, Samples]) -> None:
        while True:
            for party, samples in into.items():
                samples.read(self._alliance.nodes[party].pid, time.monotonic() - self._begin, self.final)
            await asyncio.sleep(self._every)

    async def run(self, seconds: float) -> None:
        """Load for the larger part of the time, then rest."""
        for into, work in (
            (self.busy, self._load(seconds * (1 - REST_SHARE))),
            (self.rest, asyncio.sleep(seconds * REST_SHARE)),
        ):
            sampling = asyncio.create_task(self._sample(into))
            await work
            sampling.cancel()
            await asyncio.gather(sampling, return_exceptions=True)
            if sampling.done() and not sampling.cancelled() and (error := sampling.exception()):
                raise error


def _report(soak: Soak, seconds: float) -> None:
    took = seconds * (1 - REST_SHARE)
    row("finalised transactions", f"{soak.final:,}", f"{soak.final / took:.0f}/s; not final {soak.refused}")
    for party in FOUNDERS:
        busy, rest = soak.busy[party], soak.rest[party]
        cut = int(len(busy.when) * WARM_UP)
        half = len(busy.when) // 2
        shown = (
            f"{busy.memory[0] / 2**20:.0f} / {busy.memory[-1] / 2**20:.0f} / {rest.memory[-1] / 2**20:.0f}"
        )
        row(f"{party}: memory at start / after load / after rest, MiB", shown, f"{len(busy.when)} samples")
        row(
            "  bytes of memory a transaction, from the first fifth on",
            f"{slope(busy.done[cut:], busy.memory[cut:]):.0f}",
        )
        each = slope(busy.done[half:], busy.memory[half:])
        goal(
            "  bytes of memory a transaction, second half of the load",
            each,
            MAX_BYTES_PER_TRANSACTION,
            at_most=True,
        )
        row(
            "  KiB of memory a minute, second half of the load",
            f"{slope(busy.when[half:], busy.memory[half:]) * 60 / KIB:.0f}",
        )
        row("  KiB of memory a minute at rest", f"{slope(rest.when, rest.memory) * 60 / KIB:.0f}")
        when, opened = busy.when[cut:] + rest.when, busy.descriptors[cut:] + rest.descriptors
        goal(
            f"  descriptors an hour ({busy.descriptors[0]:.0f} at start, {rest.descriptors[-1]:.0f} at end)",
            slope(when, opened) * 3600,
            MAX_DESCRIPTORS_PER_HOUR,
            at_most=True,
        )


def _small_memories(alliance: Alliance) -> None:
    for party in FOUNDERS:
        with alliance.founded.config(party).open("a", encoding="utf-8") as file:
            file.write(SMALL_MEMORIES)


async def run(minutes: float, rate: float, every: float, *, small: bool) -> None:
    """Print everything."""
    heading(f"Soak: {minutes:g} minutes, {rate:g} transactions/s offered")
    row("machine", machine())
    row("memories with a bound", "small" if small else "as by default")
    with tempfile.TemporaryDirectory(prefix="accord-soak-") as folder:
        made = Alliance(Path(folder), lifetime=SHORT_LIFETIME if small else LIFETIME_SECONDS)
        if small:
            _small_memories(made)
        async with made as alliance:
            soak = Soak(alliance, rate, every)
            await soak.run(minutes * 60)
            _report(soak, minutes * 60)


def main() -> None:
    """``python -m bench.soak [--minutes N] [--rate N] [--quick]``."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=20.0, help="in all; the last fifth is rest")
    parser.add_argument("--rate", type=float, default=40.0, help="transactions a second offered")
    parser.add_argument("--quick", action="store_true", help="one minute, sampled every second")
    parser.add_argument("--default-memories", action="store_true", help="leave bounded memories large")
    given = parser.parse_args()
    minutes, every = (1.0, 1.0) if given.quick else (given.minutes, SAMPLE_SECONDS)
    asyncio.run(run(minutes, given.rate, every, small=not given.default_memories))


if __name__ == "__main__":
    main()
