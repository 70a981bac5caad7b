"""Four nodes on this machine: throughput, latency, stalls, faults, growth, disk."""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from accord_node.demo.founding import FOUNDERS
from bench import bare, load
from bench.alliance import Alliance
from bench.table import goal, heading, machine, percentile, row, spread

MEMBERS = len(FOUNDERS)
ROUNDS_DOWN = 3
PART = 25
"""Records a request at half of saturation: what a registrar's system sends together."""


@dataclass
class Rounds:
    """Several loads of one size, each beside the bare checks just before and after it: the machine drifts."""

    rates: list[float] = field(default_factory=list)
    """Records a second, from the first request to the last answer: blocks of a thousand come in bursts."""
    bounds: list[float] = field(default_factory=list)
    """Bare verifications a second of all cores, one more than there are rates."""
    refused: int = 0

    @property
    def shares(self) -> list[float]:
        """Each rate over the mean of its two bounds."""
        return [rate / statistics.mean(self.bounds[at : at + 2]) for at, rate in enumerate(self.rates)]


async def _rounds(alliance: Alliance, count: int, rounds: int) -> Rounds:
    done = Rounds(bounds=[bare.verifications_per_second()])
    for _ in range(rounds):
        run = await load.saturate(alliance, alliance.issuances(count))
        done.rates.append(run.overall())
        done.refused += run.refused
        done.bounds.append(bare.verifications_per_second())
    return done


async def _saturation(alliance: Alliance, count: int, rounds: int) -> float:
    done = await _rounds(alliance, count, rounds)
    row(
        "bare verifications/s of all cores",
        spread(done.bounds),
        "the product's own verify function, the nodes idle",
    )
    row("finalised transactions/s at saturation", spread(done.rates), f"{rounds} x {count} of one signature")
    if done.refused:
        row("refused", str(done.refused), "expected none")
    ratios = [MEMBERS * share for share in done.shares]
    row("  x 4 nodes over bare verifications, each round", spread(ratios, 2))
    goal("  x 4 nodes over bare verifications/s of all cores", statistics.median(ratios), 0.50)
    return statistics.median(done.rates)


async def _holds(alliance: Alliance) -> dict[str, dict[str, float]]:
    """Beats by how much of their lateness our own code ran, for every node."""
    return {
        party: {
            name: value
            for name, value in (await alliance.metrics(party)).items()
            if "loop_busy_seconds_bucket" in name
        }
        for party in FOUNDERS
    }


def _longest(before: dict[str, dict[str, float]], after: dict[str, dict[str, float]]) -> float:
    """Upper bound of the bucket that holds the longest hold between two readings, seconds."""
    worst = 0.0
    for party, buckets in after.items():
        fresh = {name: value - before[party].get(name, 0.0) for name, value in buckets.items()}
        total = max(fresh.values())
        bounds = sorted(
            (float(name.partition('le="')[2].partition('"')[0]), value) for name, value in fresh.items()
        )
        worst = max(worst, next(bound for bound, value in bounds if value >= total))
    return worst


async def _latency(alliance: Alliance, rate: float) -> None:
    rest = (await load.at_rest(alliance, alliance.issuances(300))).latencies
    _percentiles("finality of one transaction at rest, ms", rest)
    goal("  p50 at rest, ms", percentile(rest, 0.5) * 1000, 10.0, at_most=True)
    await _half(alliance, rate, bulk=PART)
    singles = await load.saturate(alliance, alliance.issuances(4000), lanes=32, bulk=1)
    single = statistics.median(singles.rates())
    row("finalised transactions/s at saturation, one a request", spread(singles.rates()), "128 requests open")
    await _half(alliance, single, bulk=1)


async def _half(alliance: Alliance, rate: float, *, bulk: int) -> None:
    half = await load.steady(alliance, alliance.issuances(int(rate / 2 * 10)), rate / 2, bulk=bulk)
    what = f"{bulk} a request, {rate / 2:.0f}/s"
    _percentiles(f"finality at half of saturation ({what}), ms", half.latencies)
    goal(
        f"  p99 over p50 at half of saturation, {bulk} a request",
        percentile(half.latencies, 0.99) / percentile(half.latencies, 0.5),
        3.0,
        at_most=True,
    )


def _percentiles(name: str, seconds: list[float]) -> None:
    shown = " / ".join(f"{percentile(seconds, share) * 1000:.1f}" for share in (0.5, 0.95, 0.99))
    row(f"{name} (p50/p95/p99)", shown, f"{len(seconds)} requests")


async def _batches(alliance: Alliance) -> None:
    leaves = bare.leaves_per_second()
    for size, count in ((1000, 1500), (100_000, 60)):
        run = await load.saturate(alliance, alliance.issuances(count, size=size))
        done = sum(final for _, final in run.finals)
        row(
            f"credentials/s in issuances of {size:,}",
            f"{run.overall() * size:,.0f}",
            f"{done} issuances; refused {run.refused}",
        )
    row("bare RFC 6962 leaves/s of all cores", f"{leaves:,.0f}", "what an issuer hashes before it submits")


async def _one_down(alliance: Alliance, count: int, rate: float) -> None:
    victim = FOUNDERS[-1]
    await alliance.nodes[victim].stop()
    alive = [party for party in FOUNDERS if party != victim]
    runs = [await load.saturate(alliance, alliance.issuances(count), alive) for _ in range(ROUNDS_DOWN)]
    down = statistics.median(run.overall() for run in runs)
    row("finalised transactions/s with one node stopped", spread([run.overall() for run in runs]))
    goal("  over the rate with four", down / rate, 0.9)
    begin = time.perf_counter()
    await alliance.nodes[victim].start()
    await alliance.nodes[victim].wait_ready(alliance.session)
    row(
        "stopped node back and ready after, s",
        f"{time.perf_counter() - begin:.1f}",
        f"{ROUNDS_DOWN * count} transactions behind",
    )


async def _growth(alliance: Alliance, total: int, chunk: int, rounds: int) -> None:
    """An alliance with a long ledger and a new one, loaded in turns: the machine drifts more than either."""
    while (missing := total - (await alliance.metrics(FOUNDERS[0]))["accord_log_size"]) > 0:
        await load.saturate(alliance, alliance.issuances(min(chunk, int(missing))))
    rates: dict[str, list[float]] = {"new": [], "grown": []}
    with tempfile.TemporaryDirectory(prefix="accord-bench-") as folder:
        async with Alliance(Path(folder)) as new:
            await load.saturate(new, new.issuances(1000))
            for _ in range(rounds):
                for name, one in (("new", new), ("grown", alliance)):
                    run = await load.saturate(one, one.issuances(chunk // 4))
                    rates[name].append(run.overall())
    row(f"finalised transactions/s at about {total:,} in the ledger", spread(rates["grown"]))
    row("  of a new alliance, in turns", spread(rates["new"]), f"{rounds} x {chunk // 4} each")
    over = statistics.median(rates["grown"]) / statistics.median(rates["new"])
    goal("  over the rate of a new one", over, 0.9)


async def _disk(alliance: Alliance) -> None:
    sizes = alliance.disk_bytes(FOUNDERS[0])
    entries = (await alliance.metrics(FOUNDERS[0]))["accord_log_size"]
    if entries:
        shown = ", ".join(
            f"{name} {size / entries:.0f}" for name, size in sorted(sizes.items()) if size / entries >= 1
        )
        row("bytes on disk per log entry", f"{sum(sizes.values()) / entries:,.0f}", shown)


async def run(*, quick: bool) -> None:
    """Print everything."""
    heading("Four nodes, durable votes, TLS, full rules, clients on the same machine")
    row("machine", machine())
    count, rounds = (6_000, 3) if quick else (10_000, 5)
    with tempfile.TemporaryDirectory(prefix="accord-bench-") as folder:
        async with Alliance(Path(folder)) as alliance:
            await load.saturate(alliance, alliance.issuances(1000))  # warm up
            before = await _holds(alliance)
            rate = await _saturation(alliance, count, rounds)
            held = _longest(before, await _holds(alliance))
            goal(
                "longest hold of any event loop by its own code under saturation, at most ms",
                held * 1000,
                20.0,
                at_most=True,
            )
            await _latency(alliance, rate)
            await _batches(alliance)
            await _one_down(alliance, count // 2, rate)
            if not quick:
                await _growth(alliance, 100_000, 20_000, rounds)
            await _disk(alliance)


def main() -> None:
    """``python -m bench.nodes [--quick]``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few thousand transactions, no growth")
    asyncio.run(run(quick=parser.parse_args().quick))


if __name__ == "__main__":
    main()
