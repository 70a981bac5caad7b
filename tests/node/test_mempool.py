"""The pool is fair, keeps order, and no question looks at more than it must."""

from __future__ import annotations

import gc

import pytest
from msgspec.structs import replace

from accord_ledger.domain.pipeline import Prepared, prepare
from accord_node.mempool import Mempool
from node_network import Alliance, issue_entry, make_alliance


@pytest.fixture(scope="module")
def alliance() -> Alliance:
    return make_alliance(4)


@pytest.fixture(scope="module")
def sample(alliance: Alliance) -> Prepared:
    return prepare(issue_entry(alliance, "p0", "prog", 0))


def record(sample: Prepared, number: int, author: str = "p0", expires: int = 2_000) -> Prepared:
    """A record like the sample with its own names; the pool looks at nothing else."""
    name = number.to_bytes(16, "big") + author.encode().ljust(16, b"\0")
    tx = replace(sample.record.tx, author=author, expires=expires)
    return replace(sample, record=replace(sample.record, tx=tx, tx_id=name, entry_hash=name[::-1]))


def fill(pool: Mempool, sample: Prepared, count: int, author: str = "p0", first: int = 0) -> list[bytes]:
    items = [record(sample, first + number, author) for number in range(count)]
    assert all(pool.add(item, local=False, arrived=float(first + n)) for n, item in enumerate(items))
    return [item.record.entry_hash for item in items]


def test_a_flood_of_one_author_leaves_the_others_their_turn(sample: Prepared) -> None:
    pool = Mempool()
    fill(pool, sample, 5000)
    late = fill(pool, sample, 10, "p1", 5000)
    chosen = [item.record.entry_hash for item in pool.candidates(100, set())]
    assert set(late) <= set(chosen)
    assert len(chosen) == 100


def test_one_author_never_gets_more_than_its_share(sample: Prepared) -> None:
    pool = Mempool(capacity=10, author_share=0.5)
    fill(pool, sample, 5)
    assert not pool.add(record(sample, 99), local=False, arrived=0)
    assert pool.add(record(sample, 99, "p1"), local=False, arrived=0)


def test_a_full_pool_takes_nothing_more(sample: Prepared) -> None:
    size = len(sample.record.entry)
    for pool in (Mempool(capacity=4, author_share=1.0), Mempool(max_bytes=4 * size + size // 2)):
        names = fill(pool, sample, 4)
        for author in ("p0", "p1"):
            assert not pool.room_for(author, size)
            assert not pool.add(record(sample, 99, author), local=True, arrived=0)
        pool.remove(names[0])
        assert pool.add(record(sample, 99, "p1"), local=False, arrived=0)
        assert len(pool) == 4


def test_order_of_arrival_holds_across_authors_while_everything_fits(sample: Prepared) -> None:
    pool = Mempool()
    names = [*fill(pool, sample, 3), *fill(pool, sample, 3, "p1", 3), *fill(pool, sample, 3, "p0", 6)]
    assert [item.record.entry_hash for item in pool.candidates(100, set())] == names


def test_parked_records_are_not_work_until_something_arrives(sample: Prepared) -> None:
    pool = Mempool()
    (name,) = fill(pool, sample, 1)
    pool.park(name)
    assert not pool.has_work(frozenset())
    assert pool.candidates(10, set()) == []
    pool.unpark_all()
    assert pool.has_work(frozenset())
    assert len(pool.candidates(10, set())) == 1


def test_what_is_in_flight_is_no_work_and_no_candidate(sample: Prepared) -> None:
    pool = Mempool()
    names = fill(pool, sample, 20)
    assert not pool.has_work(frozenset(names))
    assert pool.has_work(frozenset(names[1:]))
    assert [item.record.entry_hash for item in pool.candidates(5, set(names[1:]))] == names[:1]


def test_candidates_leave_out_what_our_clock_says_expired_and_keep_it(sample: Prepared) -> None:
    pool = Mempool()
    pool.add(record(sample, 1, expires=100), local=False, arrived=0)
    pool.add(record(sample, 2, expires=200), local=False, arrived=0)
    assert len(pool.candidates(10, set(), time=100)) == 1
    assert len(pool) == 2


def test_expired_are_named_once_in_bounded_numbers(sample: Prepared) -> None:
    pool = Mempool()
    for number in range(10):
        pool.add(record(sample, number, expires=100 + number), local=False, arrived=0)
    first = pool.expired(105, limit=4)
    assert [item.prepared.record.tx.expires for item in first] == [100, 101, 102, 103]
    for item in first:
        pool.remove(item.prepared.record.entry_hash)
    assert len(pool.expired(105)) == 2


def test_memory_of_expiry_follows_the_pool(sample: Prepared) -> None:
    pool = Mempool(capacity=10)
    for number in range(5000):
        (name,) = fill(pool, sample, 1, first=number)
        pool.remove(name)
    assert len(pool._expiry) < 2000
    assert not pool._authors


def test_a_full_pool_answers_without_reading_all_of_it(sample: Prepared) -> None:
    pool = Mempool(author_share=1.0)
    names = fill(pool, sample, 20_000)
    fill(pool, sample, 20_000, "p1", 20_000)

    class Counting(frozenset[bytes]):
        asked = 0

        def __contains__(self, item: object) -> bool:
            Counting.asked += 1
            return super().__contains__(item)

    flying = Counting(names[:1000])
    assert pool.has_work(flying)
    assert len(pool.candidates(1000, flying)) == 1000
    assert Counting.asked < 5000


def test_the_garbage_collector_looks_at_nothing_that_waits(sample: Prepared) -> None:
    pool = Mempool()
    (name,) = fill(pool, sample, 1)
    waiting = pool.get(name)
    assert waiting is not None
    assert not gc.is_tracked(waiting)
    assert not gc.is_tracked(waiting.prepared)
