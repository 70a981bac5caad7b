"""A million transactions through one alliance: rate, memory and disk on the way.

Records are made and signed a part at a time, while the nodes rest; only the time from the first request of a
part to its last answer counts. At each milestone stands the rate of the part that passed it.

    python -m bench.growth [--total 1000000] [--part 20000]
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from accord_node.demo.founding import FOUNDERS
from bench import load
from bench.alliance import Alliance
from bench.table import goal, heading, machine, row

FIRST = 1_000
"""Transactions before the first part that counts."""
HUNDRED_THOUSAND = 100_000
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


async def _show(alliance: Alliance, done: int, rate: float) -> None:
    resident = [(await alliance.metrics(party))["process_resident_memory_bytes"] / MIB for party in FOUNDERS]
    size = sum(alliance.disk_bytes(FOUNDERS[0]).values())
    row(
        f"at {done:,} transactions",
        f"{rate:,.0f}/s",
        f"memory of a node {min(resident):,.0f} to {max(resident):,.0f} MiB; "
        f"disk {size / MIB:,.0f} MiB, {size / done:,.0f} bytes a transaction",
    )
    sys.stdout.flush()


async def run(total: int, part: int) -> None:
    """Print everything."""
    heading("Growth: four nodes, durable votes, TLS, full rules, clients on the same machine")
    row("machine", machine())
    milestones = [size for size in (FIRST, HUNDRED_THOUSAND, 1_000_000) if size < total] + [total]
    with tempfile.TemporaryDirectory(prefix="accord-bench-") as folder:
        async with Alliance(Path(folder)) as alliance:
            await _part(alliance, FIRST)
            done, rates = FIRST, dict[int, float]()
            while milestones:
                rate = await _part(alliance, part)
                done += part
                if done >= milestones[0]:
                    rates[milestones[0]] = rate
                    milestones = [size for size in milestones if size > done]
                    await _show(alliance, done, rate)
    if HUNDRED_THOUSAND in rates:
        goal("rate at 100,000 over rate at the first", rates[HUNDRED_THOUSAND] / rates[FIRST], 0.9)
    goal("rate at the last over rate at the first", rates[max(rates)] / rates[FIRST], 0.8)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--total", type=int, default=1_000_000)
    parser.add_argument("--part", type=int, default=20_000)
    arguments = parser.parse_args()
    asyncio.run(run(arguments.total, arguments.part))


if __name__ == "__main__":
    main()
