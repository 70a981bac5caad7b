"""What gossip remembers stays within its bounds."""

from __future__ import annotations

from accord_ledger.tags import Tag
from accord_node.peer import Topic, item_name
from accord_node.peer.memory import MAX_ATTEMPTS, Fetches, ItemStore, SeenNames
from accord_node.peer.topics import Item


def _item(payload: bytes) -> Item:
    return Item(Topic.TRANSACTIONS, payload, "anna", item_name(Topic.TRANSACTIONS, payload))


def test_a_name_depends_on_topic_and_payload() -> None:
    assert item_name(Topic.VOTE, b"x") == Tag.GOSSIP_ITEM.digest(b"\x02", b"x")
    assert item_name(Topic.VOTE, b"x") != item_name(Topic.CERTIFICATE, b"x")
    assert item_name(Topic.VOTE, b"x") != item_name(Topic.VOTE, b"y")


def test_names_are_forgotten_by_count_and_by_age() -> None:
    seen = SeenNames(3, 10.0)
    for now, name in enumerate([b"a", b"b", b"c", b"d"]):
        assert seen.add(name, float(now))
    assert not seen.add(b"d", 4.0)
    assert b"a" not in seen
    seen.expire(12.5)
    assert len(seen) == 1


def test_the_store_is_bounded_by_bytes_and_age() -> None:
    store = ItemStore(1000, 10.0)
    items = [_item(bytes([number]) * 400) for number in range(4)]
    for now, item in enumerate(items):
        store.add(item, set(), float(now), repaired=True)
    assert store.size == 800
    assert store.get(items[1].name) is None
    assert [kept.item for kept in store.between(0, store.serial)] == items[:1:-1]
    assert [kept.item for kept in store.between(3, 4)] == items[3:]
    store.expire(13.5)
    assert (len(store), store.size) == (0, 0)


def test_an_item_is_asked_of_one_party_at_a_time_and_then_of_the_next() -> None:
    fetches = Fetches(10, 1.0)
    assert fetches.announced(b"x", "anna", 0.0)
    assert not fetches.announced(b"x", "bert", 0.1)
    assert fetches.overdue(0.5, ["anna", "bert"]) == {}
    assert fetches.overdue(1.0, ["anna", "bert"]) == {"bert": [b"x"]}
    assert fetches.overdue(2.0, ["anna"]) == {"anna": [b"x"]}
    fetches.done(b"x")
    assert fetches.overdue(9.0, ["anna"]) == {}


def test_one_party_cannot_fill_the_table_of_fetches() -> None:
    fetches = Fetches(8, 1.0)
    taken = [fetches.announced(bytes([number]), "mallory", 0.0) for number in range(8)]
    assert taken == [True, True] + [False] * 6
    assert fetches.announced(b"x", "anna", 0.0)
    fetches.done(bytes([0]))
    assert fetches.announced(b"y", "mallory", 0.0)


def test_fetches_are_bounded_and_given_up() -> None:
    fetches = Fetches(1, 1.0)
    assert fetches.announced(b"x", "anna", 0.0)
    assert not fetches.announced(b"y", "anna", 0.0)
    for attempt in range(1, MAX_ATTEMPTS):
        assert fetches.overdue(float(attempt), ["anna"])
    assert not fetches.overdue(100.0, ["anna"])
    assert (len(fetches), fetches.failed) == (0, 1)
