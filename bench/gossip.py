"""Gossip over real links (TLS on loopback, one process): how soon everyone has an item, and what it costs.

    python -m bench.gossip [--quick]

For each topology items of two sizes are published by changing nodes, one after another. *Redundancy* is
the bytes of gossip all nodes received over the bytes that were news to them; handshakes, status and
neighbour lists are in it, since they are what a topology costs as well. *Repair*: one node loses all its
links, misses batches, comes back, and the time is taken until it holds every one of them. All nodes share
the interpreter, so times grow with their number by nature.
"""

from __future__ import annotations

import argparse
import asyncio
import secrets
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from accord_node.peer import Topic
from bench.table import heading, machine, percentile, row

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from peer_mesh import Mesh, line, random_regular, ring, star

Links = dict[str, tuple[str, ...]]
SIZES = {"vote of 300 B": (Topic.VOTE, 300), "batch of 60 kB": (Topic.TRANSACTIONS, 60_000)}
MISSED = 20
"""Batches published while a node is away."""
CALM = {
    "entropy_seconds": 1.0,
    "entropy_max_seconds": 4.0,
    "fetch_seconds": 1.0,
    "handshake_seconds": 30.0,
    "max_unproven_per_address": 64,
}
"""The intervals of production."""


@dataclass(frozen=True)
class Shape:
    """A network to measure."""

    name: str
    nodes: int
    links: Callable[[list[str]], Links] | None = None
    """None: all to all."""
    observers: int = 0


SHAPES = (
    Shape("full mesh of 4", 4),
    Shape("full mesh of 10", 10),
    Shape("full mesh of 30", 30),
    Shape("ring of 10", 10, ring),
    Shape("line of 10", 10, line),
    Shape("star of 10", 10, star),
    Shape("random, degree 3, 10", 10, random_regular),
    Shape("random, degree 3, 30", 30, random_regular),
    Shape("4 members, 20 observers", 4, observers=20),
)


def _received(mesh: Mesh) -> int:
    return mesh.total("bytes_received")


async def _spread(mesh: Mesh, topic: Topic, size: int, count: int) -> tuple[list[float], float]:
    """(seconds until the last node had each item, redundancy)."""
    sources = list(mesh.nodes)
    times: list[float] = []
    before = _received(mesh)
    for number in range(count):
        begin = time.perf_counter()
        await mesh.spread(topic, secrets.token_bytes(size), sources[number % len(sources)])
        times.append(time.perf_counter() - begin)
    useful = count * size * (len(mesh.nodes) - 1)
    return times, (_received(mesh) - before) / useful


async def _repair(mesh: Mesh) -> float:
    """Seconds from the moment a node may link again until it holds everything it missed."""
    away = list(mesh.nodes)[-1]
    node = mesh.nodes[away]
    await node.network.close()
    others = [party for party in mesh.nodes if party != away]
    batches = [secrets.token_bytes(5000) for _ in range(MISSED)]
    for number, batch in enumerate(batches):
        mesh.nodes[others[number % len(others)]].network.gossip.publish(Topic.TRANSACTIONS, batch)
    begin = time.perf_counter()
    back = mesh.make(away)
    await mesh.open(back)
    mesh.book.changed()
    async with asyncio.timeout(60):
        while not all(back.has(Topic.TRANSACTIONS, batch) for batch in batches):
            await asyncio.sleep(0.01)
    return time.perf_counter() - begin


async def measure(shape: Shape, count: int) -> None:
    """Print the rows of one topology."""
    parties = [f"p{place:02}" for place in range(shape.nodes)]
    observers = [f"q{place:02}" for place in range(shape.observers)]
    links = None if shape.links is None else shape.links(parties)
    with tempfile.TemporaryDirectory(prefix="accord-gossip-") as folder:
        async with Mesh(Path(folder), parties, links, observers, **CALM) as mesh:
            for name, (topic, size) in SIZES.items():
                times, redundancy = await _spread(mesh, topic, size, count)
                shown = " / ".join(f"{percentile(times, share) * 1000:.0f}" for share in (0.5, 0.95))
                note = f"redundancy {redundancy:.2f}; duplicates {mesh.total('duplicates')}"
                row(f"{shape.name}: {name}, ms to all (p50/p95)", shown, note)
            row(f"{shape.name}: {MISSED} missed batches repaired after, s", f"{await _repair(mesh):.2f}")


async def run(shapes: Iterable[Shape], count: int) -> None:
    """Print everything."""
    heading(f"Gossip on real links, {count} items of each size")
    row("machine", machine())
    for shape in shapes:
        await measure(shape, count)


def main() -> None:
    """``python -m bench.gossip [--quick]``."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="fewer items, no network above 10 nodes")
    quick = parser.parse_args().quick
    shapes = [shape for shape in SHAPES if not quick or shape.nodes + shape.observers <= 10]
    asyncio.run(run(shapes, 10 if quick else 50))


if __name__ == "__main__":
    main()
