"""Loading the alliance: at saturation, at a given rate, and one transaction at a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from accord_node.demo.founding import FOUNDERS
from bench.alliance import Alliance

BULK = 250
"""Records in one request at saturation."""
WINDOWS = 5
"""Equal parts of a run, each giving one rate; the median is quoted."""


@dataclass
class Run:
    """What became of a load."""

    finals: list[tuple[float, int]] = field(default_factory=list)
    """(time, records that became final then)."""
    latencies: list[float] = field(default_factory=list)
    """Seconds from request to final answer, one a request."""
    refused: int = 0
    begin: float = field(default_factory=time.perf_counter)

    def overall(self) -> float:
        """Records per second from the first request to the last answer."""
        return sum(count for _, count in self.finals) / (max(when for when, _ in self.finals) - self.begin)

    def rates(self, windows: int = WINDOWS) -> list[float]:
        """Records per second in equal windows, the ramp at both ends left out."""
        times = sorted(self.finals)
        total = sum(count for _, count in times)
        low, high = total * 0.1, total * 0.9
        inner, seen = [], 0
        for when, count in times:
            if low <= seen <= high:
                inner.append((when, count))
            seen += count
        windows = max(1, min(windows, len(inner) // 4))
        begin, end = inner[0][0], inner[-1][0]
        step = (end - begin) / windows
        return [
            sum(count for when, count in inner[1:] if begin + n * step < when <= begin + (n + 1) * step)
            / step
            for n in range(windows)
        ]


async def saturate(
    alliance: Alliance,
    entries: Sequence[bytes],
    parties: Sequence[str] = FOUNDERS,
    *,
    lanes: int = 4,
    bulk: int = BULK,
) -> Run:
    """Keep ``lanes`` requests of ``bulk`` records open at every node until all records are final."""
    run = Run()
    bulks = iter(_bulks(entries, bulk))

    async def lane(party: str) -> None:
        for group in bulks:
            begin = time.perf_counter()
            results = await alliance.submit(party, group, final=True)
            done = time.perf_counter()
            final = sum(result.status == "final" for result in results)
            run.finals.append((done, final))
            run.latencies.append(done - begin)
            run.refused += len(results) - final

    await asyncio.gather(*(lane(party) for party in parties for _ in range(lanes)))
    return run


def _bulks(entries: Sequence[bytes], size: int) -> list[Sequence[bytes]]:
    return [entries[at : at + size] for at in range(0, len(entries), size)]


async def steady(
    alliance: Alliance,
    entries: Sequence[bytes],
    rate: float,
    parties: Sequence[str] = FOUNDERS,
    *,
    bulk: int = 1,
) -> Run:
    """Send requests of ``bulk`` records at a fixed rate of records, whatever the answers do (an open loop)."""
    run = Run()
    tasks: list[asyncio.Task[None]] = []
    begin = time.perf_counter()

    async def one(party: str, entries: Sequence[bytes], due: float) -> None:
        results = await alliance.submit(party, entries, final=True)
        done = time.perf_counter()
        final = sum(result.status == "final" for result in results)
        run.latencies.append(done - due)
        run.finals.append((done, final))
        run.refused += len(results) - final

    for number, group in enumerate(_bulks(entries, bulk)):
        due = begin + number * bulk / rate
        if (wait := due - time.perf_counter()) > 0:
            await asyncio.sleep(wait)
        tasks.append(asyncio.create_task(one(parties[number % len(parties)], group, due)))
    await asyncio.gather(*tasks)
    return run


async def at_rest(alliance: Alliance, entries: Sequence[bytes], party: str = "uu") -> Run:
    """One transaction after another, each waited for."""
    run = Run()
    for entry in entries:
        begin = time.perf_counter()
        (result,) = await alliance.submit(party, [entry], final=True)
        done = time.perf_counter()
        run.latencies.append(done - begin)
        run.finals.append((done, 1))
        run.refused += result.status != "final"
    return run
