"""A million transactions through one alliance: rate, memory and disk on the way.

Records are made and signed a part at a time, while the nodes rest; only the time from the first request of a
part to its last answer counts. At each milestone stands the median of the parts that begin there, and beside it
how many bare signature checks the machine made in that minute: a run takes a quarter of an hour, in which a shared
machine drifts by a tenth.

    python -m bench.growth [--total 1000000] [--part 20000]
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
from pathlib import Path

from accord_node.demo.founding import FOUNDERS
from bench import bare, load
from bench.alliance import Alliance
from bench.table import goal, heading, machine, row

FIRST = 1_000
"""Transactions before the first part that counts."""
HUNDRED_THOUSAND = 100_000
PARTS = 3
"""At each milestone: a part may or may not fall in the time in which the database settles a run of rows."""
MIB = 2**20


async def _part(alliance: Alliance, count: int) -> float:
    """Put so many more through; transactions a second.

    Raises:
        RuntimeError: a record was refused.
    """
    run = await load.saturate(alliance, alliance.issuances(count))
    if run.refused:
        raise RuntimeError(f"expected no refusal, got {run.refused}")
    return run.overall()


async def _milestone(alliance: Alliance, done: int, part: int) -> tuple[float, float]:
    """Measure the parts that begin at so many transactions, and print them.

    Returns:
        Their median rate, and that rate over the bare checks per second of the same minute.
    """
    before = bare.verifications_per_second()
    rates = [await _part(alliance, part) for _ in range(PARTS)]
    bound = (before + bare.verifications_per_second()) / 2
    done += PARTS * part
    resident = [(await alliance.metrics(party))["process_resident_memory_bytes"] / MIB for party in FOUNDERS]
    size = sum(alliance.disk_bytes(FOUNDERS[0]).values())
    rate = statistics.median(rates)
    row(
        f"at {done - PARTS * part:,} transactions",
        f"{rate:,.0f}/s",
        f"of {', '.join(f'{one:,.0f}' for one in rates)}; bare checks {bound:,.0f}/s; "
        f"memory of a node {min(resident):,.0f} to {max(resident):,.0f} MiB; "
        f"disk {size / MIB:,.0f} MiB, {size / done:,.0f} bytes a transaction",
    )
    sys.stdout.flush()
    return rate, rate / bound


async def run(total: int, part: int) -> None:
    """Print everything."""
    heading("Growth: four nodes, durable votes, TLS, full rules, clients on the same machine")
    row("machine", machine())
    milestones = [size for size in (FIRST, HUNDRED_THOUSAND, 1_000_000) if size < total] + [total]
    found: dict[int, tuple[float, float]] = {}
    with tempfile.TemporaryDirectory(prefix="accord-bench-") as folder:
        async with Alliance(Path(folder)) as alliance:
            done = 0
            for milestone in milestones:
                while done < milestone:
                    count = min(part, milestone - done)
                    await _part(alliance, count)
                    done += count
                found[milestone] = await _milestone(alliance, done, part)
                done += PARTS * part
    if HUNDRED_THOUSAND in found:
        _judge("at 100,000", found[HUNDRED_THOUSAND], found[FIRST], 0.9)
    _judge("at the last", found[milestones[-1]], found[FIRST], 0.8)


def _judge(where: str, then: tuple[float, float], first: tuple[float, float], wanted: float) -> None:
    goal(f"rate {where} over rate at the first", then[0] / first[0], wanted)
    row("the same, each over its bare checks", f"{then[1] / first[1]:.2f}")


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--total", type=int, default=1_000_000)
    parser.add_argument("--part", type=int, default=20_000)
    arguments = parser.parse_args()
    asyncio.run(run(arguments.total, arguments.part))


if __name__ == "__main__":
    main()
