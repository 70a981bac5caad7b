"""Cost of the authenticated state map: build, batch updates, look-ups, proofs, memory.

    python bench/authmap.py [--keys 1000000] [--batch 1000] [--rounds 15]

Beside every update stands the *bare* cost of its hashes: the same bytes through hashlib in one loop in
the same run, so that the figures can be compared between machines. Times are medians, one process.
"""

from __future__ import annotations

import argparse
import gc
import random
import statistics
import time
import tracemalloc
from collections import deque
from collections.abc import Callable, Iterator
from hashlib import sha256

from accord_ledger.authmap.map import AuthMap
from accord_ledger.authmap.proof import check_absence, check_presence
from accord_ledger.authmap.subtree import (
    BUCKET_PREFIX,
    KEY_PREFIX,
    VALUE_PREFIX,
    Subtree,
    children_of,
)
from accord_ledger.codec import encode

Changes = dict[bytes, bytes | None]


def key(number: int) -> bytes:
    return b"spend/%032x" % number


def value(number: int) -> bytes:
    return b"a value of sixty bytes or so, as most of the state has: %4d" % (number % 10_000)


def show(what: str, figure: float, unit: str, note: str = "") -> None:
    print(f"{what:<40} {figure:>12,.2f} {unit:<16} {note}".rstrip(), flush=True)


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def hashed_anew(old: Subtree, new: Subtree) -> Iterator[bytes]:
    """What was hashed to get from one subtree to the other: the bytes of all that is not shared."""
    if new is old:
        return
    if isinstance(new, bytes):
        yield BUCKET_PREFIX + new
        return
    yield new.preimage
    before = [b""] * 16 if isinstance(old, bytes) else children_of(old)
    for one, other in zip(before, children_of(new), strict=True):
        yield from hashed_anew(one, other)


def bare(state: AuthMap, after: AuthMap, changes: Changes) -> float:
    """Seconds for the hashes of an update alone."""
    inputs = [KEY_PREFIX + name for name in changes]
    inputs += [VALUE_PREFIX + new for new in changes.values() if new is not None]
    inputs += hashed_anew(state.top, after.top)
    return timed(lambda: [sha256(data).digest() for data in inputs])


def pairs(count: int) -> Iterator[tuple[bytes, bytes]]:
    return ((key(number), value(number)) for number in range(count))


def measure_build(count: int) -> AuthMap:
    """Build without the time that making the keys takes; they are never all in memory."""
    making = timed(lambda: deque(pairs(count), maxlen=0))
    state, times = AuthMap.empty(), []
    for _ in range(3 if count <= 1_000_000 else 1):
        start = time.perf_counter()
        state = AuthMap.build(pairs(count))
        times.append((time.perf_counter() - start - making) / count * 1e6)
    show("build", statistics.median(times), "s per million", f"best {min(times):.2f}")
    return state


def measure_updates(state: AuthMap, count: int, batch: int, rounds: int, chance: random.Random) -> None:
    fresh = iter(range(count, 1 << 62))
    kinds: dict[str, Callable[[], Changes]] = {
        "new keys": lambda: {key(next(fresh)): value(7) for _ in range(batch)},
        "new values": lambda: {
            key(number): value(number + 1) for number in chance.sample(range(count), batch)
        },
        "half of each": lambda: {
            **{key(next(fresh)): value(7) for _ in range(batch // 2)},
            **{key(number): value(number + 1) for number in chance.sample(range(count), batch - batch // 2)},
        },
        "deletions": lambda: {key(number): None for number in chance.sample(range(count), batch)},
    }
    for name, make in kinds.items():
        times, floors = [], []
        for _ in range(rounds):
            changes, after = make(), [state]
            times.append(timed(lambda c=changes, a=after: a.append(state.update(c))) / batch * 1e6)  # type: ignore[misc]
            floors.append(bare(state, after[-1], changes) / batch * 1e6)
        floor = statistics.median(floors)
        note = f"bare hashes {floor:.2f}, ratio {statistics.median(times) / floor:.2f}, best {min(times):.2f}"
        show(f"update of {batch:,}, {name}", statistics.median(times), "us per key", note)
    singles = [timed(lambda: state.update({key(next(fresh)): b""})) * 1e6 for _ in range(1000)]
    show("update of 1, new key", statistics.median(singles), "us")


def measure_lookups(state: AuthMap, count: int, chance: random.Random) -> None:
    for name, start in (("present", 0), ("absent", count)):
        keys = [key(start + number) for number in chance.sample(range(count), min(count, 20_000))]
        rounds = [timed(lambda k=keys: [state.contains(one) for one in k]) for _ in range(5)]  # type: ignore[misc]
        show(f"contains, {name} keys", statistics.median(rounds) / len(keys) * 1e6, "us")


def measure_proofs(state: AuthMap, count: int, chance: random.Random) -> None:
    numbers = chance.sample(range(count), min(count, 3_000))
    start = time.perf_counter()
    present = [state.prove(key(number)) for number in numbers]
    show("prove", (time.perf_counter() - start) / len(numbers) * 1e6, "us")
    absent = [state.prove(key(count + number)) for number in numbers]
    start = time.perf_counter()
    for number, proof in zip(numbers, present, strict=True):
        check_presence(state.root, key(number), value(number), proof)
    show("check presence", (time.perf_counter() - start) / len(numbers) * 1e6, "us")
    for number, proof in zip(numbers, absent, strict=True):
        check_absence(state.root, key(count + number), proof)
    for name, proofs in (("presence", present), ("absence", absent)):
        sizes = [len(encode(proof)) for proof in proofs]
        show(f"proof of {name}", statistics.median(sizes), "bytes, median", f"largest {max(sizes):,}")


def measure_memory(count: int, batch: int, chance: random.Random) -> None:
    gc.collect()
    tracemalloc.start()
    state = AuthMap.build(pairs(count))
    gc.collect()
    held = tracemalloc.get_traced_memory()[0]
    show("memory of the map", held / count, "bytes per key", f"{held / 1e6:,.0f} MB")
    changes: Changes = {key(number): value(number + 1) for number in chance.sample(range(count), batch)}
    before = tracemalloc.get_traced_memory()[0]
    after = state.update(changes)
    kept = tracemalloc.get_traced_memory()[0] - before
    show(
        f"keeping the version before {batch:,} edits", kept / batch, "bytes per edit", f"{kept / 1e6:,.2f} MB"
    )
    tracemalloc.stop()
    assert len(after) == count


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--keys", type=int, default=1_000_000)
    parser.add_argument("--batch", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--no-memory", action="store_true", help="skip the slow, traced build")
    arguments = parser.parse_args()
    count, batch, chance = arguments.keys, arguments.batch, random.Random(1)
    state = measure_build(count)
    measure_updates(state, count, batch, arguments.rounds, chance)
    measure_lookups(state, count, chance)
    measure_proofs(state, count, chance)
    del state
    if not arguments.no_memory:
        measure_memory(count, batch, chance)


if __name__ == "__main__":
    main()
