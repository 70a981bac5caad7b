"""Tables that peers can grow stay within their bounds, however many peers there are and whatever each of them sends."""

from __future__ import annotations

from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from accord_ledger.block import NO_SEAL
from accord_ledger.domain.pipeline import Prepared, prepare
from accord_node import unproven as unproven_module
from accord_node.cosigning import MAX_EARLY_PEERS, MAX_OPEN, Cosigners
from accord_node.hearing import KnownCertificates
from accord_node.messages import Cosignature
from accord_node.otherepochs import MAX_PEERS, OtherEpochs
from accord_node.storage.handoffs import Handoffs
from accord_node.unproven import Unproven
from node_network import Alliance, issue_entry, key
from spine import HandClock, Spine, finalization

PEERS = 400


def record(alliance: Alliance, number: int) -> Prepared:
    return prepare(issue_entry(alliance, "p0", "prog", number))


def test_unproven_records_of_one_peer_and_of_many(
    alliance: Alliance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unproven_module, "MAX_RECORDS", 5)
    room, records = Unproven(), [record(alliance, number) for number in range(8)]
    for one in records:
        room.add("p1", one, 0.0)
    assert [held for _, held, _ in room.take()] == records[-5:]
    monkeypatch.setattr(unproven_module, "MAX_BYTES", 2 * len(records[0].record.entry) + 10)
    for one in records:
        room.add("p1", one, 0.0)
    assert [held for _, held, _ in room.take()] == records[-2:]
    for peer in range(PEERS):
        room.add(f"o{peer}", records[0], 0.0)
    assert len(room) == unproven_module.MAX_PEERS
    room.expire(unproven_module.KEPT_SECONDS + 1)
    assert len(room) == 0


def test_certificates_known_to_consensus(alliance: Alliance) -> None:
    known = KnownCertificates(capacity=10)
    made = [finalization(alliance, NO_SEAL, view, "nullify") for view in range(1, 31)]
    for one in made:
        known.add(one)
    assert [known.holds(one) for one in made] == 20 * [False] + 10 * [True]


async def test_peers_told_or_asked_about_epochs(spine: Spine, tmp_path: Path) -> None:
    spawned: list[Coroutine[Any, Any, None]] = []
    others = OtherEpochs(
        network=spine.network, handoffs=Handoffs(tmp_path), executor=spine.workers, clock=HandClock(),
        spawn=spawned.append,
    )  # fmt: skip
    for peer in range(PEERS):
        others.heard(f"o{peer}", 0, 1)
    for one in spawned:
        one.close()
    assert len(spawned) == PEERS
    assert len(others._said) == MAX_PEERS


@pytest.fixture
def cosigners(spine: Spine) -> Cosigners:
    """Of a network in which nobody else cosigns."""
    return Cosigners(
        party="p0", origin="ledger.example/test", witnesses=(key("p0", "witness"),), log_key=key("p0", "log"),
        network=spine.network, clock=HandClock(), on_published=lambda *_: None,
    )  # fmt: skip


async def test_peers_that_cosign_what_is_not_here_yet(cosigners: Cosigners) -> None:
    for peer in range(PEERS):
        cosigners._keep_early(f"o{peer}", Cosignature(party="p1", size=10**6, blob=bytes(76)))
    assert len(cosigners._early) == MAX_EARLY_PEERS


async def test_sizes_that_never_get_their_quorum(
    spine: Spine, cosigners: Cosigners, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accord_node.cosigning.MAX_OPEN", 3)
    assert MAX_OPEN > 3
    for _ in range(6):
        await spine.grow([])
        cosigners.advanced(spine.chain.base, spine.alliance.genesis.members)
    assert len(cosigners._open) == len(cosigners._ours) == 3
    assert max(cosigners._open) == spine.chain.base.log.size
    cosigners.stop()
