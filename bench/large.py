"""How the rules bear a large ledger: a million batches and a hundred thousand recognitions in state.

Rule execution alone: records are decoded and their signatures called good beforehand. The state lies in a
node's own storage: rows in SQLite, their map in memory, decoded values in a bounded cache. Then a block of
5,000 conversion rules and 400 programmes, rules found by programme and receiver, the cycle check on a graph
of 200 parties and 5,000 rules, and the memory of a process that holds the state.

Processor time, best of the rounds, since others use the machine; the median stands beside it.

    python -m bench.large [--batches 1000000] [--recognitions 100000] [--rounds 7]
"""

from __future__ import annotations

import argparse
import gc
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Final

from accord_ledger import codec
from accord_ledger.authmap.map import AuthMap
from accord_ledger.domain.model.account import (
    ACCOUNT_PAGES,
    ENROLMENTS,
    RECOGNITIONS,
    AccountAgreement,
    AccountPage,
    Enrolment,
    RecognisedItem,
    Recognition,
)
from accord_ledger.domain.model.credential import (
    BATCHES,
    CREDENTIALS,
    ROOTS,
    USE_PAGES,
    Batch,
    Credential,
    RootUse,
    Spend,
    UsePage,
)
from accord_ledger.domain.pipeline import prepare
from accord_ledger.execute import Execution, RecentTransactions, Version
from accord_node.storage.database import CACHE_MIB
from accord_node.storage.schema import PRAGMAS, SCHEMA
from accord_node.storage.source import DurableState
from bench import rules
from bench.large_rules import measure_cycles, measure_rules
from bench.table import goal, heading, row

ROOT = Path(__file__).resolve().parents[1]
PER_ACCOUNT: Final = 10
"""Recognitions in one account."""

FIRST: Final = 1 << 100
"""Numbers of the batches in state; those that are issued here are smaller."""

Rows = Iterator[tuple[bytes, bytes]]


def _id(number: int) -> bytes:
    """An id of something in state; ids rise, as UUIDv7 do."""
    return (FIRST + number).to_bytes(16, "big")


def batch_rows(count: int) -> Rows:
    """A batch of one and its root, over and over; the value is encoded anew for each."""
    keys = [(key.key_id,) for key in rules.KEY]
    for number in range(count):
        issuer = number % rules.ISSUERS
        name, root = _id(number), sha256(b"root %d" % number).digest()
        batch = Batch(
            programme=(f"course-{issuer}", 1), count=1, merkle_root=root, issuers=(f"u{issuer}",),
            keys=keys[issuer], status_list=f"old-{number // 2**20}", status_owner=f"u{issuer}",
            status_start=number % 2**20, completed_from="2026-03-01", completed_to="2026-03-25",
            issued_height=1, issued_at=rules.TIME,
        )  # fmt: skip
        yield BATCHES.key(name), codec.encode(batch)
        yield ROOTS.key(root), codec.encode(RootUse(batch_id=name))


def recognition_rows(count: int) -> Rows:
    """Recognitions of a credential each, in accounts of ten."""
    for number in range(count):
        account = sha256(b"account %d" % (number // PER_ACCOUNT)).digest()[:16]
        batch, name = _id(number), _id((1 << 90) + number)
        item = RecognisedItem(batch_id=batch, index=0, holder=sha256(name).digest(), credits="3/1")
        recognition = Recognition(
            receiver="u1", enrolment=account, agreement=("a1", 1), rule="fixed", items=(item,), exact="3/1",
            awarded="3/1", dropped="0/1", at=rules.TIME, height=1, place=number % PER_ACCOUNT,
        )  # fmt: skip
        spend = Spend(recognition=name, receiver="u1", exclusivity="alliance")
        yield RECOGNITIONS.key(name), codec.encode(recognition)
        yield CREDENTIALS.key(batch, 0), codec.encode(Credential(spends=(spend,)))
        yield USE_PAGES.key(batch, 0), codec.encode(UsePage(bits=b"\x01"))
        if number % PER_ACCOUNT == PER_ACCOUNT - 1:
            names = [_id((1 << 90) + one) for one in range(number - PER_ACCOUNT + 1, number + 1)]
            live = (AccountAgreement(agreement=("a1", 1), live=PER_ACCOUNT),)
            enrolment = Enrolment(
                owner="u1", award=("award", 1), opened_at=rules.TIME, recognised=f"{3 * PER_ACCOUNT}/1",
                agreements=live,
            )  # fmt: skip
            yield ENROLMENTS.key(account), codec.encode(enrolment)
            yield ACCOUNT_PAGES.key(account, 0), codec.encode(AccountPage(recognitions=tuple(names)))


def write_state(path: Path, ground: Rows, batches: int, recognitions: int) -> int:
    """Fill a node's database; rows go in sorted, so that every page is written once."""
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in (
        *PRAGMAS,
        f"PRAGMA cache_size = -{1024 * CACHE_MIB}",
        "PRAGMA synchronous = OFF",
        "PRAGMA temp_store = FILE",
    ):
        connection.execute(pragma)
    connection.executescript(SCHEMA)
    connection.execute("CREATE TEMP TABLE heap (key BLOB, value BLOB)")
    connection.execute("BEGIN")
    for made in (ground, batch_rows(batches), recognition_rows(recognitions)):
        connection.executemany("INSERT INTO heap VALUES (?, ?)", made)
    connection.execute("INSERT INTO state SELECT key, value FROM heap ORDER BY key")
    connection.execute("COMMIT")
    connection.execute("DROP TABLE heap")
    (count,) = connection.execute("SELECT count(*) FROM state").fetchone()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return int(count)


def load_state(path: Path) -> tuple[AuthMap, DurableState]:
    """The state as a node has it after its start; rows stream by."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    state = AuthMap.build(connection.execute("SELECT key, value FROM state"))
    connection.close()
    return state, DurableState(path, state)


def measure_issuances(version: Version, count: int, rounds: int) -> None:
    """T16 of one credential each, in blocks of 1,000 on the same state."""
    heading("Simple transactions, one core")
    entries, _ = rules.records(count)
    prepared = [prepare(entry) for entry in entries]
    blocks = [prepared[start : start + rules.BLOCK] for start in range(0, count, rules.BLOCK)]
    costs = []
    gc.collect()
    gc.freeze()  # as in a node, whose collector does not walk over the state in the middle of a block
    for _ in range(rounds):
        for block in blocks:
            execution = Execution(rules.NETWORK, version, rules.TIME, _good)
            begin = process_time()
            for one in block:
                execution.add(one)
            costs.append((process_time() - begin) / len(block) * 1e6)
    gc.unfreeze()
    best = min(costs)
    row("credential_issue, one credential (T16)", f"{best:,.1f} us", f"median {median(costs):,.1f} us")
    row("transactions a second", f"{1e6 / best:,.0f}", "rules alone: no signatures, no codec, no map")
    goal("transactions a second / 50,000", 1e6 / best / 50_000, 1.0)


def _good(public: bytes, message: bytes, signature: bytes) -> bool:
    """Signatures were checked on admission; here they all count as good."""
    del public, message, signature
    return True


def memory(pid: str = "self") -> tuple[float, float]:
    """Resident memory of a process now, and at its highest, in MB."""
    text = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    now, peak = (int(fields[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM"))
    return now, peak


def measure_memory(path: Path) -> None:
    """In a process of its own: nothing but the state, and what reading it left behind."""
    heading("Memory of a process that holds the state")
    command = [sys.executable, "-m", "bench.large", "--hold", str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT, env=os.environ)
    keys, now, peak = (float(word) for word in done.stdout.split())
    row(
        "resident, with the map and the cache", f"{now:,.0f} MB", f"{keys:,.0f} keys; {peak:,.0f} MB at start"
    )
    goal("resident / 500 MB", now / 500, 1.0, at_most=True)


def hold(path: Path) -> None:
    """Load a state, fill its cache, and say how much memory that takes."""
    state, source = load_state(path)
    for number in range(100_000):  # as many values as a node keeps decoded
        source.load(BATCHES, BATCHES.key(_id(number)))
    gc.collect()
    print(len(state), *memory())
    source.close()


def run(batches: int, recognitions: int, rounds: int) -> None:
    """Everything, one after another."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "state.sqlite"
        small = rules.world(0)
        heading(f"State: {batches:,} batches and {recognitions:,} recognitions")
        begin = perf_counter()
        keys = write_state(path, iter(small.state.values.items()), batches, recognitions)  # type: ignore[attr-defined]  # bench.rules keeps it in memory
        row(
            "rows",
            f"{keys:,}",
            f"{path.stat().st_size / 1e6:,.0f} MB in SQLite, {perf_counter() - begin:,.0f} s",
        )
        begin = perf_counter()
        state, source = load_state(path)
        row("start: read every row and build the map", f"{perf_counter() - begin:,.1f} s")
        version = replace(small, map=state, state=source, recent=RecentTransactions())
        measure_issuances(version, 10_000, rounds)
        del state, version
        source.close()
        measure_memory(path)
    measure_rules(rounds)
    measure_cycles(rounds)


def main() -> None:
    """Read the arguments."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--batches", type=int, default=1_000_000)
    parser.add_argument("--recognitions", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--hold", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.hold is not None:
        hold(arguments.hold)
    else:
        run(arguments.batches, arguments.recognitions, arguments.rounds)


if __name__ == "__main__":
    main()
