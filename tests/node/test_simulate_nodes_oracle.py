"""The judge of whole nodes sees what it must, and nothing where there is nothing."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import msgpack
import pytest

from accord_client.api import SubmitResult
from accord_node.simulate.nodes.log import Log, Tree
from accord_node.simulate.nodes.oracle import Oracle
from accord_node.simulate.nodes.words import describe

NETWORK = bytes(32)
SEAL = b"\x01" * 32


class Disks:
    """What every host's journal would keep, and what lies beside its vote key."""

    def __init__(self) -> None:
        self.journal = self.beside_keys = b""

    def durable(self, host: str, folder: str) -> bytes:
        del host
        return self.beside_keys if folder == "keys" else self.journal

    def holds(self, *records: dict[str, Any]) -> None:
        self.journal += b"".join(msgpack.packb(record) for record in records)


@pytest.fixture
def disks() -> Disks:
    return Disks()


@pytest.fixture
def oracle(disks: Disks) -> Oracle:
    return Oracle(NETWORK, {"p0": "p0", "p1": "p1"}, disks.durable, lambda *_: None)


def item(topic: int, payload: dict[str, Any], origin: str = "p0") -> bytes:
    fields = {"origin": origin, "payload": msgpack.packb(payload), "topic": topic}
    return b"\x03" + bytes(msgpack.packb(fields))


def vote(kind: str, view: int = 1, seal: bytes = SEAL, member: str = "p0") -> bytes:
    fields = {"epoch": 0, "kind": kind, "member": member, "seal": seal, "signature": bytes(64), "view": view}
    return item(2, fields)


def voted(kind: str, view: int = 1, seal: bytes = SEAL) -> dict[str, Any]:
    return {"epoch": 0, "kind": kind, "seal": seal, "type": "voted", "view": view}


def test_a_vote_that_is_durable_is_fine(oracle: Oracle, disks: Disks) -> None:
    disks.holds(voted("nullify", seal=bytes(32)))
    oracle.hears("p0", vote("nullify", seal=bytes(32)))
    assert oracle.violations == []


def test_a_vote_that_is_not_durable(oracle: Oracle) -> None:
    oracle.hears("p0", vote("nullify"))
    assert oracle.violations == ["p0 said nullify of view 1 before itself was durable"]


def test_a_vote_with_a_key_that_is_said_to_be_unused(oracle: Oracle, disks: Disks) -> None:
    disks.holds(voted("nullify"))
    disks.beside_keys = b"never signed"
    oracle.hears("p0", vote("nullify"))
    assert oracle.violations == ["p0 said nullify of view 1 while its key is said to be unused"]


def test_a_finalize_without_its_notarization(oracle: Oracle, disks: Disks) -> None:
    disks.holds(voted("finalize"))
    oracle.hears("p0", vote("finalize"))
    assert oracle.violations == ["p0 said finalize of view 1 before its notarization was durable"]


def test_a_notarize_without_its_block(oracle: Oracle, disks: Disks) -> None:
    disks.holds(voted("notarize"))
    oracle.hears("p0", vote("notarize"))
    assert [text.split(" before ")[1] for text in oracle.violations] == [
        "its body was durable",
        "its seal was durable",
    ]


@pytest.mark.parametrize(
    ("second", "what"),
    [
        (("nullify", b"\x02" * 32), "p0 said two nullify in view 1"),
        (("finalize", SEAL), "p0 said nullify and finalize in view 1"),
    ],
)
def test_votes_that_contradict_each_other(
    oracle: Oracle, disks: Disks, second: tuple[str, bytes], what: str
) -> None:
    disks.holds(voted("nullify"), voted(second[0], seal=second[1]))
    oracle.hears("p0", vote("nullify"))
    oracle.began("p0", 0)  # across a restart too
    oracle.hears("p0", vote(second[0], seal=second[1]))
    assert what in oracle.violations


def test_what_liars_and_relays_say_is_no_vote_of_an_honest_host(oracle: Oracle) -> None:
    oracle.hears("p3", vote("nullify", member="p3"))
    oracle.hears("p1", vote("nullify", member="p0"))
    assert oracle.violations == []


def test_two_certified_seals_of_one_view(oracle: Oracle) -> None:
    for seal in (SEAL, b"\x02" * 32):
        oracle.hears("p0", item(3, {"epoch": 0, "kind": "notarize", "seal": seal, "view": 4, "votes": []}))
    assert oracle.violations == ["two seals certified in view 4"]


def test_final_blocks_that_are_gone_after_a_restart(oracle: Oracle) -> None:
    oracle.heights["p0"] = 5
    oracle.began("p0", 5)
    assert oracle.violations == []
    oracle.began("p0", 4)
    assert oracle.violations == ["p0 held height 5 to be final and comes back with 4"]


def test_an_answer_before_the_record_is_durable(oracle: Oracle) -> None:
    answer = SubmitResult(entry_hash="", tx_id="ab", status="accepted")
    oracle.answered("p0", b"entry", answer, b"...entry...")
    assert oracle.violations == []
    oracle.answered("p0", b"other", answer, b"...entry...")
    assert oracle.violations == ["p0 said accepted of ab before it was durable"]
    assert oracle.lost() == [b"entry", b"other"]


def seal(log: Log, **changes: Any) -> bytes:
    tree = Tree()
    for entry in log.entries:
        tree.append(entry)
    fields = {
        "count": 0, "first": len(log.entries), "height": log.height + 1, "log_root": tree.roots[-1],
        "network": NETWORK, "parent": NETWORK, "state_root": SEAL, "time": 1,
    }  # fmt: skip
    return bytes(msgpack.packb({**fields, **changes}))


def test_logs_that_differ_and_seals_that_do_not_fit() -> None:
    said: list[str] = []
    log = Log(NETWORK, said.append)
    log.shows("p0", 0, [seal(log)])
    log.stands("p0", 1, SEAL)
    assert said == []
    log.shows("p1", 0, [seal(Log(NETWORK, said.append), time=2)])
    log.stands("p1", 1, bytes(32))
    log.shows("p1", 1, [seal(log, parent=NETWORK)])
    assert [text.split(":")[0].split(" of")[0] for text in said] == [
        "p1 has another entry 0 than was final before",
        "p1 has state 00000000 at height 1, the seal another",
        "p1",
    ]


def test_a_checkpoint_whose_root_is_another() -> None:
    said: list[str] = []
    log = Log(NETWORK, said.append)
    log.shows("p0", 0, [seal(log)])
    log.checkpoint("p0", b"origin\n1\n" + b"A" * 43 + b"=\n")
    assert said == ["p0 serves a checkpoint of size 1 whose root is not that of the log"]


def test_the_tree_is_that_of_rfc_6962() -> None:
    tree = Tree()
    for entry in (b"a", b"b", b"c"):
        tree.append(entry)
    a, b, c = (sha256(b"\x00" + entry).digest() for entry in (b"a", b"b", b"c"))
    left = sha256(b"\x01" + a + b).digest()
    assert tree.roots[3] == sha256(b"\x01" + left + c).digest()


def test_what_is_said_can_be_read() -> None:
    assert describe(vote("nullify")) == "nullify view 1 01010101 (of p0)"
    assert describe(b"\xff\xff").startswith("2 bytes that are no message")
    assert describe(b"\x00junk").startswith("5 bytes that are no message")
