"""What comes for the next epoch too early is kept within bounds, and given back once."""

from __future__ import annotations

from accord_node.early import MAX_BYTES, MAX_ITEMS, MAX_PEERS, EarlyItems
from accord_node.peer import Topic


def test_given_back_once_in_the_order_each_peer_said_it() -> None:
    early = EarlyItems()
    for number in range(3):
        early.keep(Topic.VOTE, bytes([number]), "p1")
    early.keep(Topic.PROPOSAL, b"other", "p2")
    assert early.take() == [
        (Topic.VOTE, b"\0", "p1"), (Topic.VOTE, b"\1", "p1"), (Topic.VOTE, b"\2", "p1"),
        (Topic.PROPOSAL, b"other", "p2"),
    ]  # fmt: skip
    assert early.take() == []


def test_of_too_many_items_of_one_peer_the_newest_stay() -> None:
    early = EarlyItems()
    for number in range(MAX_ITEMS + 10):
        early.keep(Topic.VOTE, bytes([number]), "p1")
    early.keep(Topic.VOTE, b"of another", "p2")
    taken = early.take()
    assert len(taken) == MAX_ITEMS + 1
    assert taken[0][1] == bytes([10])


def test_bytes_of_one_peer_are_bounded() -> None:
    early = EarlyItems()
    early.keep(Topic.PROPOSAL, bytes(MAX_BYTES + 1), "p1")
    for _ in range(5):
        early.keep(Topic.PROPOSAL, bytes(MAX_BYTES // 2), "p1")
    assert sum(len(payload) for _, payload, _ in early.take()) <= MAX_BYTES


def test_peers_are_bounded() -> None:
    early = EarlyItems()
    for number in range(MAX_PEERS + 20):
        early.keep(Topic.VOTE, b"v", f"p{number}")
    assert len(early.take()) == MAX_PEERS
