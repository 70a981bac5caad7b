"""Transactions waiting for a block: bounded, in arrival order, fair between authors when crowded.

Order of arrival is kept, so a transaction that builds on an earlier one follows it. When more waits than
a block takes, authors take turns, so no party can crowd out the others; each author may hold at most a
share of the pool. What a block of ours refused is *parked*: it may build on something that is still on
its way, so it stays, but it is neither offered again nor work until something new arrives.

No question asked for every message or block looks at the whole pool.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import islice

import msgspec

from accord_ledger.domain.pipeline import Prepared


class Pending(msgspec.Struct, gc=False, eq=False):
    """One waiting transaction. It is part of no cycle, and tens of thousands wait: the collector looks at none."""

    prepared: Prepared
    local: bool
    """Submitted here: durable here, and its sender waits for our answer."""
    arrived: float
    """Clock reading, seconds."""
    parked: bool = False
    """A block of ours refused it since anything new arrived."""


@dataclass(slots=True)
class Mempool:
    """The pool; the node's event loop is its only user."""

    capacity: int = 50_000
    """Transactions in all."""
    author_share: float = 0.5
    """Largest part of the pool one author may hold."""
    max_bytes: int = 128 * 1024 * 1024
    _items: dict[bytes, Pending] = field(default_factory=dict)
    """By entry hash, in order of arrival."""
    _by_tx: dict[bytes, bytes] = field(default_factory=dict)
    _authors: dict[str, dict[bytes, Pending]] = field(default_factory=dict)
    """The same items by author, each in order of arrival."""
    _local: dict[bytes, Pending] = field(default_factory=dict)
    _parked: dict[bytes, Pending] = field(default_factory=dict)
    _expiry: dict[int, dict[bytes, None]] = field(default_factory=dict)
    """Entry hashes by the second they expire; many share one."""
    _seconds: list[int] = field(default_factory=list)
    """Heap of those seconds, each once."""
    _bytes: int = 0
    _author_capacity: int = 0

    def __post_init__(self) -> None:
        self._author_capacity = max(1, int(self.capacity * self.author_share))

    def __len__(self) -> int:
        return len(self._items)

    def __contains__(self, entry_hash: bytes) -> bool:
        return entry_hash in self._items

    def get(self, entry_hash: bytes) -> Pending | None:
        """The waiting transaction of this entry, if any."""
        return self._items.get(entry_hash)

    def entry_of(self, tx_id: bytes) -> bytes | None:
        """Entry hash of the waiting transaction with this id, if any."""
        return self._by_tx.get(tx_id)

    def room_for(self, author: str, size: int) -> bool:
        """Whether one more entry of this author and size (bytes) fits."""
        return (
            len(self._items) < self.capacity
            and self._bytes + size <= self.max_bytes
            and len(self._authors.get(author, ())) < self._author_capacity
        )

    def add(self, prepared: Prepared, *, local: bool, arrived: float) -> bool:
        """Take a transaction in; False if there is no room or one with its id already waits."""
        return bool(self.add_all((prepared,), arrived, local=local))

    def add_all(
        self, records: Sequence[Prepared], arrived: float, *, local: bool = False
    ) -> Sequence[Prepared]:
        """Take transactions in, in their order; returns those for which there was room and that did not wait yet."""
        taken: list[Prepared] = []
        items, by_tx, room_for = self._items, self._by_tx, self.room_for
        for prepared in records:
            record = prepared.record
            tx, tx_id, name, size = record.tx, record.tx_id, record.entry_hash, len(record.entry)
            if tx_id in by_tx or not room_for(tx.author, size):
                continue
            by_tx[tx_id] = name
            items[name] = item = Pending(prepared, local, arrived)
            self._bytes += size
            if (queue := self._authors.get(tx.author)) is None:
                queue = self._authors[tx.author] = {}
            queue[name] = item
            if local:
                self._local[name] = item
            if (together := self._expiry.get(tx.expires)) is None:
                together = self._expiry[tx.expires] = {}
                heapq.heappush(self._seconds, tx.expires)
            together[name] = None
            taken.append(prepared)
        return taken

    def make_local(self, entry_hash: bytes) -> None:
        """A sender asks here for a transaction that came by gossip."""
        item = self._items.get(entry_hash)
        if item is not None:
            item.local = True
            self._local[entry_hash] = item

    def remove(self, entry_hash: bytes) -> Pending | None:
        """Drop a transaction that entered a block, expired or was refused."""
        item = self._items.pop(entry_hash, None)
        if item is None:
            return None
        record = item.prepared.record
        self._by_tx.pop(record.tx_id, None)
        self._local.pop(entry_hash, None)
        self._parked.pop(entry_hash, None)
        self._bytes -= len(record.entry)
        queue = self._authors[record.tx.author]
        del queue[entry_hash]
        if not queue:
            del self._authors[record.tx.author]
        together = self._expiry.get(record.tx.expires)
        if together is not None:
            together.pop(entry_hash, None)
        if len(self._seconds) > 2 * len(self._items) + 1024:
            self._drop_empty_seconds()
        return item

    def _drop_empty_seconds(self) -> None:
        """Memory of expiry follows the pool."""
        self._expiry = {second: together for second, together in self._expiry.items() if together}
        self._seconds = list(self._expiry)
        heapq.heapify(self._seconds)

    # -- parked ------------------------------------------------------------------------------------

    @property
    def parked(self) -> int:
        """How many are parked."""
        return len(self._parked)

    def park(self, entry_hash: bytes) -> None:
        """Do not offer it again until something new arrives."""
        item = self._items.get(entry_hash)
        if item is not None:
            item.parked = True
            self._parked[entry_hash] = item

    def unpark(self, entry_hash: bytes) -> None:
        """Offer it again."""
        item = self._parked.pop(entry_hash, None)
        if item is not None:
            item.parked = False

    def unpark_all(self) -> None:
        """Something arrived that parked ones may have waited for."""
        for item in self._parked.values():
            item.parked = False
        self._parked.clear()

    # -- questions ---------------------------------------------------------------------------------

    def expired(self, time: int, limit: int = 256) -> list[Pending]:
        """Up to ``limit`` transactions whose ``expires`` ``time`` (UTC seconds) has reached.

        Each is named once: the caller removes it.
        """
        found: list[Pending] = []
        while self._seconds and self._seconds[0] <= time and len(found) < limit:
            together = self._expiry[self._seconds[0]]
            while together and len(found) < limit:
                name = next(iter(together))
                del together[name]
                found.append(self._items[name])
            if not together:
                del self._expiry[heapq.heappop(self._seconds)]
        return found

    def has_work(self, in_flight: AbstractSet[bytes]) -> bool:
        """Whether anything waits that is neither parked nor in an unfinalised block."""
        if len(self._items) - len(self._parked) > len(in_flight):
            return True
        return any(not item.parked and key not in in_flight for key, item in self._items.items())

    def candidates(self, limit: int, exclude: AbstractSet[bytes], time: int = 0) -> list[Prepared]:
        """Up to ``limit`` transactions for a block at ``time``, none of ``exclude`` (already in a parent).

        Those that expire by ``time`` (UTC seconds) are passed over, not dropped: another leader's clock
        may still take them.
        """
        taken = len(self._items.keys() & exclude)
        source: Iterable[tuple[bytes, Pending]] = self._items.items()
        if len(self._items) - len(self._parked) - taken > limit and len(self._authors) > 1:
            source = self._by_turns(exclude, time)
        usable = (
            item.prepared
            for key, item in source
            if not item.parked and key not in exclude and item.prepared.record.tx.expires > time
        )
        return list(islice(usable, limit))

    def _by_turns(self, exclude: Collection[bytes], time: int) -> Iterator[tuple[bytes, Pending]]:
        """One usable transaction of each author in turn; looks at no more than it must."""
        turns = deque(iter(queue.items()) for queue in self._authors.values())
        while turns:
            queue = turns.popleft()
            for key, item in queue:
                if not item.parked and key not in exclude and item.prepared.record.tx.expires > time:
                    yield key, item
                    turns.append(queue)
                    break

    def oldest(self, before: float, exclude: Collection[bytes], limit: int) -> list[Pending]:
        """Up to ``limit`` that arrived at ``before`` (clock reading) or earlier, oldest first."""
        found: list[Pending] = []
        for key, item in self._items.items():
            if item.arrived > before or len(found) == limit:
                break
            if key not in exclude:
                found.append(item)
        return found

    def newest(self, limit: int) -> list[Prepared]:
        """The last ``limit`` to arrive, in order of arrival."""
        return [item.prepared for item in islice(reversed(self._items.values()), limit)][::-1]

    def local_window(self, start: int, count: int) -> list[Pending]:
        """``count`` of those submitted here, from the ``start``-th on."""
        return list(islice(self._local.values(), start, start + count))

    @property
    def local(self) -> int:
        """How many were submitted here."""
        return len(self._local)

    def items(self) -> list[Pending]:
        """Everything waiting, in order of arrival."""
        return list(self._items.values())
