"""Transactions waiting for a block: bounded, in arrival order, fair between authors when crowded.

Order of arrival is kept, so a transaction that builds on an earlier one follows it. When more waits than
a block takes, authors take turns, so no party can crowd out the others; each author may hold at most a
share of the pool.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from accord_ledger.domain.pipeline import Prepared


@dataclass(slots=True)
class Pending:
    """One waiting transaction."""

    prepared: Prepared
    local: bool
    """Submitted here: its sender waits for our answer."""
    arrived: float
    """Clock reading, seconds."""
    tries: int = 0
    """Blocks it could have entered and did not."""


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
    _authors: dict[str, int] = field(default_factory=dict)
    _bytes: int = 0

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
            and self._authors.get(author, 0) < max(1, int(self.capacity * self.author_share))
        )

    def add(self, prepared: Prepared, *, local: bool, arrived: float) -> bool:
        """Take a transaction in; False if there is no room or one with its id already waits."""
        record = prepared.record
        if record.tx_id in self._by_tx or not self.room_for(record.tx.author, len(record.entry)):
            return False
        self._items[record.entry_hash] = Pending(prepared, local, arrived)
        self._by_tx[record.tx_id] = record.entry_hash
        self._authors[record.tx.author] = self._authors.get(record.tx.author, 0) + 1
        self._bytes += len(record.entry)
        return True

    def remove(self, entry_hash: bytes) -> Pending | None:
        """Drop a transaction that entered a block, expired or was refused."""
        item = self._items.pop(entry_hash, None)
        if item is None:
            return None
        record = item.prepared.record
        self._by_tx.pop(record.tx_id, None)
        self._bytes -= len(record.entry)
        author = record.tx.author
        left = self._authors[author] - 1
        if left:
            self._authors[author] = left
        else:
            del self._authors[author]
        return item

    def remove_all(self, entry_hashes: Iterable[bytes]) -> None:
        """Drop many."""
        for entry_hash in entry_hashes:
            self.remove(entry_hash)

    def expired(self, time: int) -> list[Pending]:
        """Transactions whose ``expires`` block time has reached (UTC seconds)."""
        return [item for item in self._items.values() if item.prepared.record.tx.expires <= time]

    def candidates(self, limit: int, exclude: set[bytes] | frozenset[bytes]) -> list[Prepared]:
        """Up to ``limit`` transactions for a block, none of ``exclude`` (already in a parent)."""
        if len(self._items) - len(exclude) <= limit:
            return [item.prepared for key, item in self._items.items() if key not in exclude]
        chosen: list[Prepared] = []
        for prepared in self._by_turns(exclude):
            chosen.append(prepared)
            if len(chosen) == limit:
                break
        return chosen

    def _by_turns(self, exclude: set[bytes] | frozenset[bytes]) -> Iterator[Prepared]:
        if len(self._authors) == 1:
            yield from (item.prepared for key, item in self._items.items() if key not in exclude)
            return
        queues: dict[str, deque[Prepared]] = {}
        for key, item in self._items.items():
            if key not in exclude:
                queues.setdefault(item.prepared.record.tx.author, deque()).append(item.prepared)
        turns = deque(queues.values())
        while turns:
            queue = turns.popleft()
            yield queue.popleft()
            if queue:
                turns.append(queue)

    def items(self) -> list[Pending]:
        """Everything waiting, in order of arrival."""
        return list(self._items.values())
