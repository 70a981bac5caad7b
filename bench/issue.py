"""An issue of thousands of credentials end to end: from a CSV file to bundles with proofs, four nodes running.

The real command ``accord issue`` against four real nodes on this machine (TLS between them, durable votes): it
makes an Open Badge and an SD-JWT VC for each learner, puts everything on disk, has the batch final on the ledger
and gives each bundle its evidence. Some of the bundles are then verified offline. Wall clock, since the nodes work
beside it; the processor time of the command is shown too. One certificate of cert-issuer (a document in, a verifiable
document out) is held against one document with its proofs; its figure was measured apart on the reference, so the ratio
says how far, not how much.

    python -m bench.issue [--count 10000]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

from accord_client.trust import Trust
from accord_client.verify.many import FileVerifier, verify_files
from bench.alliance import Alliance
from bench.documents import CERT_ISSUER, class_list
from bench.table import goal, heading, row

PARTY = "uu"
CHECKED = 2_000
"""Most bundles that are verified afterwards."""


def command(alliance: Alliance, learners: Path, folder: Path) -> list[str]:
    """``accord issue`` as a registrar calls it."""
    today = str(datetime.now(UTC).date())
    return [
        sys.executable, "-c", "from accord_client.cli.main import main; main()", "issue", str(learners), str(folder), "--json",
        "--as", PARTY, "--programme", f"{PARTY}-bench", "--completed", today, today, "--status-list", "bench",
        "--base-url", alliance.founded.public_url(PARTY), "--result-name", "Grade",
    ]  # fmt: skip


def issued(alliance: Alliance, learners: Path, folder: Path) -> tuple[dict[str, Any], float, float]:
    """What the command said, the seconds it took, and those of its processor time."""
    nodes = " ".join(alliance.founded.url(party) for party in alliance.nodes)
    environment = os.environ | {
        "ACCORD_NODES": nodes,
        "ACCORD_GENESIS": str(alliance.founded.genesis_file),
        "ACCORD_KEYS": str(alliance.founded.folder / "institutions"),
    }
    begin, before = perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        command(alliance, learners, folder), env=environment, capture_output=True, text=True, check=False
    )
    seconds, after = perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        raise RuntimeError(done.stderr[-2000:])
    work = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return json.loads(done.stdout), seconds, work


async def run(count: int) -> None:
    """Everything."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        learners = class_list(place, count)
        async with Alliance(place / "alliance") as alliance:
            said, seconds, work = await asyncio.to_thread(issued, alliance, learners, place / "batch")
            genesis = alliance.founded.genesis_file.read_bytes()
        report(count, said, seconds, work)
        check(place / "batch", genesis, count)


def report(count: int, said: dict[str, Any], seconds: float, work: float) -> None:
    """The table."""
    heading(f"{count:,} credentials from CSV to bundles with proofs, four nodes running")
    row("all of it", f"{seconds:,.1f} s", f"{count / seconds:,.0f} credentials/s")
    row("processor time of the command", f"{work:,.1f} s", f"{work / count * 1e6:,.0f} us a credential")
    for phase, spent in said["seconds"].items():
        row(f"  {phase}", f"{spent:,.1f} s", f"{spent / seconds:.0%}")
    row("documents with proofs", f"{2 * count / seconds:,.0f} documents/s")
    goal("documents/s end to end / cert-issuer's certificates/s", 2 * count / seconds / CERT_ISSUER, 30.0)


def check(folder: Path, genesis: bytes, count: int) -> None:
    """Every bundle has been written, and those that are looked at verify offline."""
    paths = sorted(folder.glob("*.accord.json"))
    if len(paths) != count:
        raise RuntimeError(f"expected {count} bundles, got {len(paths)}")
    some = paths[:: max(1, count // CHECKED)]
    verifier = FileVerifier(Trust.from_genesis(genesis), int(datetime.now(UTC).timestamp()))
    for found in verify_files(some, verifier, workers=1, reports=False):
        if found.verdict != "valid":
            raise RuntimeError(f"a bundle was found {found}")
    row(f"{len(some):,} of them verified offline", "valid")


def main() -> None:
    """Everything."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=10_000)
    asyncio.run(run(parser.parse_args().count))


if __name__ == "__main__":
    main()
