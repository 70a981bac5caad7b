"""How fast a log is audited, against a bare loop of signature checks on the same cores (LIMITS.md G1, G3).

A log of single-credential issuances (T16) in blocks is made once; then, in turns, the bare loop over exactly
the signatures in it and the whole audit of it, on one process and on two. Every figure is the median of the
rounds; only ratios inside one run mean anything.

    python bench/audit.py [records] [records a block] [rounds]
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Sequence
from hashlib import sha256
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / name) for name in ("ledger", "genesis", "client", "node", "tests")]

from accord_client.audit.run import audit  # noqa: E402
from accord_client.audit.source import FolderSource  # noqa: E402
from accord_client.audit.verifying import Job  # noqa: E402
from accord_ledger.domain.kinds.issue import IssueBody  # noqa: E402
from accord_ledger.domain.pipeline import prepare  # noqa: E402
from accord_ledger.keys import verifies  # noqa: E402
from accord_ledger.transaction import signed_message  # noqa: E402
from audit_world import Forger, genesis_file  # noqa: E402
from domain_alliance import key_of  # noqa: E402
from domain_world import terms  # noqa: E402

PROCESSES = 2
ISSUER = key_of("uu", "issuance")


def issuance(number: int) -> IssueBody:
    """One credential in a batch of its own."""
    return IssueBody(
        batch_id=number.to_bytes(16, "big"),
        programme=("uu-ds", 1),
        count=1,
        merkle_root=sha256(number.to_bytes(8, "big")).digest(),
        status_list=f"list-{number // 100_000}",
        status_start=number % 100_000,
        completed_from="2026-03-02",
        completed_to="2026-03-25",
        single=True,
    )


def make(folder: Path, count: int, block: int) -> list[Job]:
    """Write the log; the signatures of its issuances."""
    world = Forger()
    world.at("2026-03-02")
    world.offer(terms(), entrants=10**6)
    world.at("2026-04-01")
    world.trusting = True  # they are made here; the audit checks them
    jobs: list[Job] = []
    for number in range(count):
        entry = world.entry("credential_issue", issuance(number), "uu issuance")
        prepared = prepare(entry)
        world.execution.add(prepared)
        ((_, scope, signature),) = prepared.record.signatures
        message = signed_message(scope, prepared.record.tx_id, prepared.record.body_hash)
        jobs.append((ISSUER.public, message, signature))
        if world.execution.count == block:
            world.close()
            world.reopen(1)
    world.close()
    world.write(folder)
    return jobs


def bare(jobs: Sequence[Job]) -> float:
    """Seconds for the loop and nothing else."""
    begin = perf_counter()
    for public, message, signature in jobs:
        if not verifies(public, message, signature):
            raise ValueError("expected good signatures")
    return perf_counter() - begin


def _share(jobs: Sequence[Job], barrier: Barrier, answers: Any) -> None:
    barrier.wait()
    answers.put(bare(jobs))


def bare_shared(jobs: Sequence[Job], processes: int) -> float:
    """Seconds for the loop split over processes that are all running already."""
    context = get_context("fork")
    barrier, answers = context.Barrier(processes), context.SimpleQueue()
    parts = [jobs[place::processes] for place in range(processes)]
    workers = [context.Process(target=_share, args=(part, barrier, answers)) for part in parts]
    for worker in workers:
        worker.start()
    seconds = max(answers.get() for _ in workers)
    for worker in workers:
        worker.join()
    return seconds


def audited(folder: Path, processes: int) -> float:
    """Seconds for the whole audit: reading, tiles, signatures, execution, invariants, start of processes."""
    report = asyncio.run(audit(FolderSource(folder), genesis_file(), processes=processes))
    if not report.clean:
        raise ValueError(f"expected a clean log, got {report.first or report.failure}")
    return report.seconds


def run(count: int, block: int, rounds: int) -> None:
    """Make the log, measure in turns, print."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        jobs = make(folder, count, block)
        print(f"{count} issuances in blocks of {block}; median of {rounds} rounds")
        found: dict[str, list[float]] = {"bare 1": [], "bare 2": [], "audit 1": [], "audit 2": []}
        for _ in range(rounds):
            found["bare 1"].append(bare(jobs))
            found["audit 1"].append(audited(folder, 1))
            found["bare 2"].append(bare_shared(jobs, PROCESSES))
            found["audit 2"].append(audited(folder, PROCESSES))
    rate = {name: count / median(times) for name, times in found.items()}
    for name, value in rate.items():
        print(f"{name:<10}{value:10.0f} /s{1e6 / value:10.1f} us")
    print(f"audit / bare, 1 process    {rate['audit 1'] / rate['bare 1']:.2f}")
    print(f"audit / bare, 2 processes  {rate['audit 2'] / rate['bare 2']:.2f}   (G1)")
    print(f"audit, 2 / 1 processes     {rate['audit 2'] / rate['audit 1']:.2f}   (G3)")


if __name__ == "__main__":
    given = [int(text) for text in sys.argv[1:]]
    run(*(given + [20_000, 1_000, 3][len(given) :]))
