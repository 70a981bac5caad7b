"""What no node and no audit can exceed: the signature's share of what is unavoidable for a transaction.

On every core a process that does nothing but check the signature, read the form (many records in one go), apply the
rules and close the blocks of single issuances: no gossip, no consensus, no storage, no clients. The share of the
signature in that is the most that *x nodes over bare verifications* and *audit over bare loop* can reach with this
interpreter; what is left below it is room for everything else.

    python -m bench.ceiling [records] [rounds]
"""

from __future__ import annotations

import multiprocessing
import os
import statistics
import sys
import time
from hashlib import sha256
from typing import Any

from accord_ledger.domain.pipeline import prepare_all
from accord_ledger.keys import verifies
from bench import rules
from bench.table import heading, machine, row, spread

TOGETHER = 250
"""Records read in one go, as they come in requests and gossip."""


def _work(count: int, begin: Any, answers: Any) -> None:
    """Microseconds of processor time a record for each part; all processes begin a part together."""
    version = rules.world(100_000)
    entries, good = rules.records(count)
    key, message = rules.KEY[0], b"m" * 50
    signature = key.sign(message)
    found: dict[str, float] = {}

    begin.wait()
    start = time.process_time()
    for _ in range(count):
        if not verifies(key.public, message, signature):
            raise RuntimeError("a good signature did not verify")
    found["signature"] = time.process_time() - start

    begin.wait()
    start, prepared = time.process_time(), []
    for at in range(0, count, TOGETHER):
        part = entries[at : at + TOGETHER]
        prepared += prepare_all(part, [sha256(entry).digest() for entry in part])
    found["form"] = time.process_time() - start

    begin.wait()
    found["rules"] = found["closing"] = 0.0
    for at in range(0, count, rules.BLOCK):
        added, closed, executed = rules._block(
            version, prepared[at : at + rules.BLOCK], lambda *job: job in good
        )
        found["rules"] += added
        found["closing"] += closed
        version = rules._durable(version, executed)
    answers.put({name: seconds / count * 1e6 for name, seconds in found.items()})


def measure(count: int) -> dict[str, float]:
    """One round on all cores: microseconds a record for each part."""
    cores = len(os.sched_getaffinity(0))
    context = multiprocessing.get_context("fork")
    begin, answers = context.Barrier(cores), context.SimpleQueue()
    working = [context.Process(target=_work, args=(count, begin, answers)) for _ in range(cores)]
    for one in working:
        one.start()
    found = [answers.get() for _ in working]
    for one in working:
        one.join()
    return {name: statistics.mean(part[name] for part in found) for name in found[0]}


def main(count: int = 12_000, rounds: int = 5) -> None:
    """Measure and print."""
    heading("Signature, form, rules and closing of single issuances, on all cores, nothing else")
    row("machine", machine())
    found = [measure(count) for _ in range(rounds)]
    for name in found[0]:
        row(f"{name}, us of processor time a record", spread([one[name] for one in found], 1))
    row(
        "the signature's share: the ceiling of the ratios",
        spread([one["signature"] / sum(one.values()) for one in found], 2),
        f"{rounds} x {count}",
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
