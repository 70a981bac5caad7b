"""Bounds: what the product's own primitives do on all cores when nothing else runs."""

from __future__ import annotations

import multiprocessing
import os
import time
from hashlib import sha256

from accord_ledger.keys import SigningKey, verifies
from accord_ledger.merkle.tree import root

SECONDS = 2.0


def _verify_loop(seed: int) -> float:
    key = SigningKey(sha256(str(seed).encode()).digest())
    messages = [sha256(str(number).encode()).digest() for number in range(64)]
    jobs = [(message, key.sign(message)) for message in messages]
    done = 0
    end = time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        for message, signature in jobs:
            if not verifies(key.public, message, signature):
                raise RuntimeError("a good signature did not verify")
        done += len(jobs)
    return done / SECONDS


def _leaf_loop(seed: int) -> float:
    leaves = [sha256(f"{seed}/{number}".encode()).digest() for number in range(100_000)]
    begin = time.perf_counter()
    root([sha256(b"\x00" + leaf).digest() for leaf in leaves])
    return len(leaves) / (time.perf_counter() - begin)


def _on_all_cores(loop: object) -> float:
    cores = len(os.sched_getaffinity(0))
    with multiprocessing.get_context("spawn").Pool(cores) as pool:
        return sum(pool.map(loop, range(cores)))  # type: ignore[arg-type]


def verifications_per_second() -> float:
    """Ed25519 verifications a second of all cores together, by ``accord_ledger.keys.verifies``."""
    return _on_all_cores(_verify_loop)


def leaves_per_second() -> float:
    """RFC 6962 leaves a second of all cores together, leaf hash included."""
    return _on_all_cores(_leaf_loop)
