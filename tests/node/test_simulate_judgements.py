"""Every judgement of both judges that its own file does not show: provoked once each, by whoever would be guilty."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgpack
import pytest
from msgspec.structs import replace

from accord_ledger import codec
from accord_ledger.block import SealedBytes
from accord_ledger.consensus.journal import Body, Voted
from accord_node.simulate.ledger import SmallLedger, encode_body, member_set, seat_change
from accord_node.simulate.nodes.log import Log
from accord_node.simulate.nodes.oracle import Oracle as NodesOracle
from accord_node.simulate.nodes.run import game
from accord_node.simulate.nodes.scenarios import SCENARIOS
from accord_node.simulate.oracle import Oracle
from accord_node.simulate.run import Game, Scenario, run
from accord_node.simulate.signing import sign

NETWORK = b"n" * 32
PARTIES = ["m0", "m1", "m2", "m3"]
SEAL = b"s" * 32


@pytest.fixture
def judge() -> Oracle:
    return Oracle(NETWORK, member_set(PARTIES), PARTIES[:3], lambda _who, _what: None)


def built(*transactions: int) -> tuple[SealedBytes, bytes]:
    body = encode_body(transactions)
    sealed = SmallLedger(NETWORK, member_set(PARTIES)).build(1, "m1", NETWORK, None, body)
    assert sealed is not None
    return sealed, body


def test_a_block_that_nobody_built_is_notarized(judge: Oracle) -> None:
    record = codec.encode(Voted(epoch=0, view=1, kind="notarize", seal=SEAL))
    judge.sends_vote("m0", sign(NETWORK, "notarize", (0, 1), SEAL, "m0"), record)
    assert judge.violations == ["m0 notarized an unknown block in view 1"]


def test_what_a_vote_rests_on_is_not_durable(judge: Oracle) -> None:
    sealed, body = built(1)
    judge.sees_block(sealed, body)

    def says(kind: Any, *durable: bytes) -> list[str]:
        vote = Voted(epoch=0, view=1, kind=kind, seal=sealed.hash)
        judge.sends_vote(
            "m0", sign(NETWORK, kind, (0, 1), sealed.hash, "m0"), codec.encode(vote) + b"".join(durable)
        )
        found, judge.violations = judge.violations, []
        return [text.removeprefix("m0 sent ") for text in found]

    kept = codec.encode(Body(epoch=0, view=1, seal=sealed.hash, body=body))
    assert says("notarize", sealed.entry) == ["notarize of view 1 before its body was durable"]
    assert says("notarize", kept) == ["notarize of view 1 before its seal was durable"]
    assert says("notarize", kept, sealed.entry) == []
    assert says("finalize", kept, sealed.entry) == ["finalize of view 1 before its notarization was durable"]


def test_a_vote_in_an_epoch_left_behind(judge: Oracle) -> None:
    judge.epochs[1] = member_set(PARTIES, 1)
    for epoch in (1, 0):
        record = codec.encode(Voted(epoch=epoch, view=1, kind="nullify", seal=bytes(32)))
        judge.sends_vote("m0", sign(NETWORK, "nullify", (epoch, 1), bytes(32), "m0"), record)
    assert judge.violations == ["m0 voted in epoch 0 after 1"]


def test_a_final_block_of_another_height_or_epoch_than_its_place(judge: Oracle) -> None:
    sealed, body = built(1)
    high = SealedBytes.of(replace(sealed.seal, height=7))
    judge.sees_block(high, body)
    judge.finalised("m0", high.hash)
    late = SealedBytes.of(replace(sealed.seal, height=2, parent=high.hash, epoch=3))
    judge.sees_block(late, body)
    judge.finalised("m0", late.hash)
    assert judge.violations == ["final block with height 7 at 1", "final block 2 of epoch 3, not 0"]


def test_a_block_after_a_change_of_seats_that_the_old_epoch_made(judge: Oracle) -> None:
    change, body = built(seat_change(0, 4, revoke=False))
    judge.sees_block(change, body)
    after = SealedBytes.of(replace(change.seal, height=2, parent=change.hash))
    judge.sees_block(after, encode_body(()))
    judge.finalised("m0", after.hash)
    assert judge.violations == ["final block 2 of epoch 0, not 1"]


def test_more_views_after_healing_than_allowed() -> None:
    [said] = run(1, Scenario(views=0)).violations
    assert re.fullmatch(r"m0 needed [1-9]\d* views after healing", said)


def test_a_network_that_goes_on_talking() -> None:
    """Twins talk for ever; here nobody is known to lie, so it is held against the others."""
    played = Game(1, Scenario(villains=("twins",), transactions=8))
    played._liars = ()
    played.play()
    assert played.oracle.violations == ["m0 and others went on talking when nothing was left to do"]


def test_a_transaction_that_is_final_twice() -> None:
    played = Game(1, Scenario(transactions=1))
    played.play()
    [height] = [at for at, seal in played.oracle._final.items() if played.oracle._seals[seal][0].seal.count]
    played.oracle._final[played.oracle.height + 1] = played.oracle._final[height]
    played._rest()
    assert played.oracle.violations == ["m0 finalised a transaction twice"]


# -- of whole nodes ------------------------------------------------------------------------------------


@pytest.fixture
def nodes_judge() -> NodesOracle:
    return NodesOracle(NETWORK, {"p0": "p0", "p1": "p1"}, lambda _host, _folder: b"", lambda *_: None)


def item(topic: int, payload: dict[str, Any]) -> bytes:
    return b"\x03" + bytes(msgpack.packb({"origin": "p0", "payload": msgpack.packb(payload), "topic": topic}))


def vote(epoch: int) -> dict[str, Any]:
    return {
        "epoch": epoch,
        "kind": "notarize",
        "member": "p0",
        "seal": SEAL,
        "signature": bytes(64),
        "view": 1,
    }


def test_a_proposal_of_a_seal_that_was_not_voted_for(nodes_judge: NodesOracle) -> None:
    nodes_judge.hears("p0", item(1, {"vote": vote(0), "seal": b"another", "hashes": b"", "entries": []}))
    assert "p0 proposed a seal that it did not vote for" in nodes_judge.violations


def test_a_nodes_vote_in_an_epoch_left_behind(nodes_judge: NodesOracle) -> None:
    for epoch in (1, 0):
        nodes_judge.hears("p0", item(2, vote(epoch)))
    assert "p0 said notarize in epoch 0 after 1" in nodes_judge.violations


def test_a_node_that_stops_and_one_that_accuses_an_honest_one(nodes_judge: NodesOracle) -> None:
    nodes_judge.failed("p9", "a liar may stop")
    nodes_judge.accused("p0", ["p9"])
    assert nodes_judge.violations == []
    nodes_judge.failed("p0", "DISK_FULL")
    nodes_judge.accused("p0", ["p1"])
    assert nodes_judge.violations == ["p0 stopped by itself: DISK_FULL", "p0 accused p1, who is honest"]


def test_a_log_with_a_hole(nodes_judge: NodesOracle) -> None:
    nodes_judge.log.shows("p0", 3, [b"entry"])
    assert nodes_judge.violations == ["p0 has entry 3 and nobody has 0"]


@pytest.mark.parametrize(
    ("guilty", "what"),
    [
        (lambda played: played.oracle.acknowledged.update({b"never final": "p0"}), "an entry that p0 took is not final"),
        (lambda played: played.honest[0].loop.faults.append("KeyError"), "p0 left an exception: KeyError"),
        (lambda played: setattr(played.scheduler, "gave_up", True), "the run did not come to an end"),
    ],
)  # fmt: skip
def test_what_is_found_at_the_end_of_a_run(guilty: Callable[[Any], None], what: str) -> None:
    with game(1, SCENARIOS["nodes_calm_4"]) as played:
        played.play()
        assert played.oracle.violations == []
        guilty(played)
        played._judge()
        assert played.oracle.violations == [what]


def test_one_transaction_twice_in_the_log() -> None:
    said: list[str] = []
    log = Log(NETWORK, said.append)
    for signature in (b"one", b"another"):
        log.shows(
            "p0", len(log.entries), [bytes(msgpack.packb({"signatures": [signature], "tx": {"nonce": 1}}))]
        )
    assert said == ["p0 has one transaction twice, the second as entry 1"]


def test_a_time_that_goes_back() -> None:
    said: list[str] = []
    log = Log(NETWORK, said.append)
    for time in (5, 4):
        fields = {"network": NETWORK, "parent": NETWORK, "height": log.height + 1, "first": len(log.entries)}
        fields |= {"count": 0, "log_root": bytes(32), "state_root": SEAL, "time": time}
        log.shows("p0", len(log.entries), [bytes(msgpack.packb(fields))])
    assert said[-1] == "p0: time of seal 2 goes back"
