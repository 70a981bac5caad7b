"""How long joining from a snapshot takes (goal: a log of 1,000,000 transactions in under 60 s).

A log of single-credential issuances (T16) in blocks is made once and served by a plain static web server in a
process of its own; then a new data folder is made from it, and opened as a start opens it. Two more rows a
transaction stand in state than in a log of larger batches, so this is the unfavourable case. ``scaled`` is the
time at this size times what is missing to a million: the parts go with the number of rows, so it is an estimate
and is marked as one.

    python -m bench.snapshot [records] [records a block] [folder]

With a folder the log is kept there, and made only if it is not there yet: a million takes minutes to make.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / name) for name in ("ledger", "genesis", "client", "node", "tests")]

if __name__ != "__mp_main__":
    from accord_client.audit.source import HttpSource, Unreachable
    from accord_genesis.document import Genesis, open_genesis
    from accord_node.joining import FOLDER, Fetching, build
    from accord_node.storage.snapshot import MANIFEST, Manifest, read_manifest
    from accord_node.storage.snapshotting import make_snapshot
    from accord_node.storage.store import Beginning, Store
    from accord_node.workers import Workers
    from bench.table import goal, heading, machine, row
    from node_network import Alliance, free_ports, issue_entry, make_alliance, programme_entries
    from snapshot_ledger import Growing, beginning

GOAL_RECORDS, GOAL_SECONDS = 1_000_000, 60.0


async def make(alliance: Alliance, data: Path, count: int, block: int) -> None:
    """A data folder as a member's that executed everything."""
    workers = Workers("bench")
    store = await Store.open(data, beginning(alliance), workers)
    growing = Growing(alliance, store, checker=lambda *_: True, seconds=0)
    await growing.block(programme_entries(alliance, "p0", "prog", entrants=1_000_000))
    for first in range(0, count, block):
        numbers = range(first, min(first + block, count))
        await growing.block([issue_entry(alliance, "p0", "prog", number) for number in numbers])
    await store.close()
    workers.close()


async def joined(genesis: Genesis, data: Path, url: str) -> tuple[float, float, float]:
    """Seconds for fetching, for verifying and building, and processor time of both on all cores."""
    source = HttpSource(url, pause=0.05)
    used = sum(os.times()[:4])
    async with source:
        while True:
            try:
                await source.read("snapshot/manifest", 1 << 24)
                break
            except Unreachable:
                continue
        begin = time.perf_counter()
        trusted = await Fetching(data / FOLDER, genesis, source).run()
        fetched = time.perf_counter()
        build(data / FOLDER, trusted, genesis)
        built = time.perf_counter()
    return fetched - begin, built - fetched, sum(os.times()[:4]) - used


async def opened(genesis: Genesis, data: Path) -> float:
    """Seconds until the store of the joined node is open: everything read and verified again."""
    for name in ("log", "state.sqlite"):
        (data / FOLDER / name).rename(data / name)
    workers = Workers("bench")
    begin = time.perf_counter()
    store = await Store.open(data, Beginning.of(genesis), workers)
    seconds = time.perf_counter() - begin
    await store.close()
    workers.close()
    return seconds


def made(folder: Path, count: int, block: int) -> tuple[Genesis, Manifest]:
    """The ledger kept in ``folder``, made now if there is none."""
    genesis = folder / "genesis.accord"
    if not genesis.exists():
        alliance = make_alliance(4)
        begin = time.perf_counter()
        asyncio.run(make(alliance, folder / "donor", count, block))
        row("made by executing", f"{time.perf_counter() - begin:,.1f} s", "signatures not checked")
        begin = time.perf_counter()
        manifest = make_snapshot(folder / "donor", folder / "donor" / "log")
        row("snapshot made", f"{time.perf_counter() - begin:,.1f} s", f"{manifest.rows:,} rows")
        genesis.write_bytes(alliance.genesis_file)
    manifest = read_manifest((folder / "donor" / "log" / MANIFEST).read_bytes())
    return open_genesis(genesis.read_bytes()), manifest


def main() -> None:
    """Make, serve, join, open."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    block = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    heading("Joining from a snapshot")
    row("machine", machine())
    with tempfile.TemporaryDirectory() as place:
        folder = Path(sys.argv[3]) if len(sys.argv) > 3 else Path(place)
        genesis, manifest = made(folder, count, block)
        count = manifest.entries - manifest.height
        (port,) = free_ports(1)
        server = subprocess.Popen(
            [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port)],
            cwd=folder / "donor" / "log", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            parts = asyncio.run(joined(genesis, Path(place) / "new", f"http://127.0.0.1:{port}"))
        finally:
            server.terminate()
            server.wait()
        _report(manifest, count, parts)
        row("opened", f"{asyncio.run(opened(genesis, Path(place) / 'new')):,.1f} s", "at every start")


def _report(manifest: Manifest, count: int, parts: tuple[float, float, float]) -> None:
    total = sum(parts[:2])
    row("fetched", f"{parts[0]:,.1f} s", f"{manifest.entries:,} entries")
    row("verified and built", f"{parts[1]:,.1f} s", f"{count / parts[1]:,.0f} transactions/s")
    row("joined", f"{total:,.1f} s", f"{count:,} transactions")
    row("processor time", f"{parts[2]:,.1f} s", f"{parts[2] / count * 1e6:,.0f} us a transaction")
    scaled = total * GOAL_RECORDS / count
    said = "measured" if count >= GOAL_RECORDS else f"scaled from {count:,}"
    row("a million", f"{scaled:,.1f} s", said)
    goal("a million, seconds", scaled, GOAL_SECONDS, at_most=True)


if __name__ == "__main__":
    main()
