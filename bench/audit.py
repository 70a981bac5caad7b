"""How fast a log is audited, against a bare loop of signature checks on the same cores (LIMITS.md G1, G3).

A log of single-credential issuances (T16) in blocks is made once; then, in turns, the bare loop over exactly
the signatures in it and the whole audit of it, on one process and on two. Every figure is the median of the
rounds; only ratios inside one run mean anything.

Where others use the machine, the wall clock says little: the last rows give processor time, which hardly
depends on them. What the main process needs bounds the audit however many cores there are.

    python bench/audit.py [records] [records a block] [rounds]
"""

from __future__ import annotations

import asyncio
import resource
import sys
import tempfile
from collections.abc import Callable, Sequence
from hashlib import sha256
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / name) for name in ("ledger", "genesis", "client", "node", "tests")]

if __name__ != "__mp_main__":  # processes that were spawned to read pieces need none of this
    from accord_client.audit.run import audit
    from accord_client.audit.signers import Job
    from accord_client.audit.source import FolderSource
    from accord_ledger.domain.kinds.issue import IssueBody
    from accord_ledger.domain.pipeline import prepare
    from accord_ledger.keys import verifies
    from accord_ledger.transaction import signed_message
    from audit_world import Forger, genesis_file
    from domain_alliance import key_of
    from domain_world import terms

PROCESSES = 2


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
    issuer = key_of("uu", "issuance").public
    jobs: list[Job] = []
    for number in range(count):
        entry = world.entry("credential_issue", issuance(number), "uu issuance")
        prepared = prepare(entry)
        world.execution.add(prepared)
        ((_, scope, signature),) = prepared.record.signatures
        message = signed_message(scope, prepared.record.tx_id, prepared.record.body_hash)
        jobs.append((issuer, message, signature))
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
    seconds = max(float(answers.get()) for _ in workers)
    for worker in workers:
        worker.join()
    return seconds


def audited(folder: Path, processes: int) -> float:
    """Seconds for the whole audit: reading, tiles, signatures, execution, invariants, start of processes."""
    report = asyncio.run(audit(FolderSource(folder), genesis_file(), processes=processes))
    if not report.clean:
        raise ValueError(f"expected a clean log, got {report.first or report.failure}")
    return report.seconds


def processor() -> tuple[float, float]:
    """Processor seconds of this process, and of those it waited for."""
    own, others = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime, others.ru_utime + others.ru_stime


def run(count: int, block: int, rounds: int) -> None:
    """Make the log, measure in turns, print."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        jobs = make(folder, count, block)
        print(f"{count} issuances in blocks of {block}; median of {rounds} rounds")
        wall: dict[str, list[float]] = {}
        cpu: dict[str, list[tuple[float, float]]] = {}
        for _ in range(rounds):
            turns: dict[str, Callable[[], float]] = {
                "bare 1": lambda: bare(jobs),
                "audit 1": lambda: audited(folder, 1),
                "bare 2": lambda: bare_shared(jobs, PROCESSES),
                "audit 2": lambda: audited(folder, PROCESSES),
            }
            for name, work in turns.items():
                before = processor()
                wall.setdefault(name, []).append(work())
                after = processor()
                cpu.setdefault(name, []).append((after[0] - before[0], after[1] - before[1]))
    _show(count, wall, cpu)


def _show(count: int, wall: dict[str, list[float]], cpu: dict[str, list[tuple[float, float]]]) -> None:
    rate = {name: count / median(times) for name, times in wall.items()}
    micro = 1e6 / count
    main = {name: median(own for own, _ in times) * micro for name, times in cpu.items()}
    others = {name: median(other for _, other in times) * micro for name, times in cpu.items()}
    print(f"{'':<10}{'records/s':>10}{'us':>8}{'cpu main':>10}{'others':>8}   us a record")
    for name, value in rate.items():
        print(f"{name:<10}{value:10.0f}{1e6 / value:8.1f}{main[name]:10.1f}{others[name]:8.1f}")
    print(f"audit / bare, 1 process     {rate['audit 1'] / rate['bare 1']:.2f}")
    print(f"audit / bare, 2 processes   {rate['audit 2'] / rate['bare 2']:.2f}   (G1)")
    print(f"audit, 2 / 1 processes      {rate['audit 2'] / rate['audit 1']:.2f}   (G3)")
    print(f"bare / audit, processor     {main['bare 1'] / main['audit 1']:.2f}   (G1 on idle cores, at best)")
    busiest = max(main["audit 2"], (main["audit 2"] + others["audit 2"]) / PROCESSES)
    print(f"audit 1 / 2, processor      {main['audit 1'] / busiest:.2f}   (G3 on idle cores, at best)")


if __name__ == "__main__":
    given = [int(text) for text in sys.argv[1:]]
    run(*(given + [20_000, 1_000, 3][len(given) :]))
