"""The judge sees what it is there to see: each of its findings is provoked once."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgpack
import pytest

from accord_ledger.block import VoteKind
from accord_ledger.consensus.journal import Voted
from accord_ledger.merkle.tree import Frontier, leaf_hash
from accord_node.disk import DirectoryDisk
from accord_node.wal import Wal
from chaos.ballots import Ballots
from chaos.judge import Judge, Tree, leaf, parse_checkpoint, unpack_bundle

NETWORK = sha256(b"network").digest()
KINDS: tuple[VoteKind, ...] = ("notarize", "finalize")


def record(number: int) -> bytes:
    return bytes(msgpack.packb({"signatures": [], "tx": {"n": number}}))


def tx_id(number: int) -> str:
    return sha256(b"accord/transaction/v1\x00" + msgpack.packb({"n": number})).hexdigest()


def chain(*blocks: list[bytes], **spoilt: Any) -> list[bytes]:
    """Entries of blocks with these records; ``spoilt`` goes into the last seal."""
    entries: list[bytes] = []
    tree, parent = Tree(), NETWORK
    for height, records in enumerate(blocks, 1):
        first = len(entries)
        for entry in records:
            entries.append(entry)
            tree.append(leaf(entry))
        seal = {
            "network": NETWORK, "height": height, "parent": parent, "first": first, "count": len(records),
            "log_root": tree.root(), "state_root": bytes([height]) * 32, "time": height,
        }  # fmt: skip
        entries.append(msgpack.packb(seal | (spoilt if height == len(blocks) else {})))
        parent = sha256(b"accord/seal/v1\x00" + entries[-1]).digest()
        tree.append(leaf(entries[-1]))
    return entries


@pytest.fixture
def judge() -> Judge:
    """One that has seen two blocks on node a."""
    made = Judge(NETWORK)
    made.sees_log("a", 0, chain([record(1), record(2)], [record(3)]))
    assert made.violations == []
    return made


def test_a_sound_log_and_sound_receipts_are_no_finding(judge: Judge) -> None:
    judge.sees_log("b", 0, chain([record(1), record(2)]))
    judge.sees_log("b", 3, judge.entries[3:])
    judge.sees_checkpoint("b", 5, judge._tree.root())
    judge.sees_receipt(tx_id(3), None)
    judge.sees_receipt(tx_id(3), (3, 2))
    judge.sees_receipt(tx_id(2), (1, 1))
    judge.sees_position("b", 2, judge.seals[2].hash, judge.seals[2].state_root)
    judge.check_receipts()
    assert (judge.violations, judge.missing()) == ([], [])


def receipts(judge: Judge, *said: tuple[str, tuple[int, int] | None]) -> None:
    for name, place in said:
        judge.sees_receipt(name, place)
    judge.check_receipts()


FORGERIES: dict[str, Callable[[Judge], None]] = {
    "another entry": lambda judge: judge.sees_log("b", 0, chain([record(9)])),
    "another root": lambda judge: judge.sees_checkpoint("b", 5, bytes(32)),
    "an unknown size": lambda judge: judge.sees_checkpoint("b", 4, bytes(32)),
    "another state": lambda judge: judge.sees_position("b", 2, judge.seals[2].hash, "00" * 32),
    "another block": lambda judge: judge.sees_position("b", 2, "00" * 32, judge.seals[2].state_root),
    "a record twice": lambda judge: judge.sees_log("b", 5, [record(2)]),
    "two places": lambda judge: receipts(judge, (tx_id(3), (2, 1)), (tx_id(3), (3, 2))),
    "a place not kept": lambda judge: receipts(judge, (tx_id(3), (2, 1))),
    "a loss": lambda judge: receipts(judge, (tx_id(9), None)),
}


@pytest.mark.parametrize("what", FORGERIES)
def test_a_forgery_is_found(judge: Judge, what: str) -> None:
    FORGERIES[what](judge)
    assert len(judge.violations) == 1, judge.violations


@pytest.mark.parametrize(
    ("field", "value"),
    [("network", bytes(32)), ("height", 3), ("parent", bytes(32)), ("first", 0), ("count", 2),
     ("log_root", bytes(32)), ("time", 0)],
)  # fmt: skip
def test_a_seal_that_does_not_follow_is_found(field: str, value: object) -> None:
    judge = Judge(NETWORK)
    judge.sees_log("a", 0, chain([record(1)], [record(2)], **{field: value}))
    assert len(judge.violations) == 1, judge.violations


def test_its_tree_is_that_of_the_program() -> None:
    mine, theirs = Tree(), Frontier.empty()
    for number in range(70):
        mine.append(leaf(record(number)))
        theirs = theirs.extend([leaf_hash(record(number))])
        assert mine.root() == theirs.root()


def test_bundles_and_checkpoints_are_read() -> None:
    assert unpack_bundle(b"\x00\x01a\x00\x00\x00\x02bc") == [b"a", b"", b"bc"]
    assert parse_checkpoint(b"origin\n7\nAAEC\n\n\xe2\x80\x94 sig\n") == (7, b"\x00\x01\x02")


def test_ballots_are_read_and_contradictions_found(tmp_path: Path) -> None:
    wal = Wal(DirectoryDisk(tmp_path), bytes(range(16)))
    for kind in KINDS:
        wal.append([Voted(epoch=0, view=1, kind=kind, seal=b"s" * 32)])
    ballots = Ballots()
    ballots.read("m", tmp_path)
    assert ballots.given == {("m", 0, 1): {"notarize": {b"s" * 32}, "finalize": {b"s" * 32}}}
    assert ballots.contradictions() == []
    wal.append([Voted(epoch=0, view=1, kind="nullify", seal=bytes(32))])
    wal.append([Voted(epoch=0, view=1, kind="notarize", seal=b"t" * 32)])
    ballots.read("m", tmp_path)
    assert len(ballots.contradictions()) == 2
