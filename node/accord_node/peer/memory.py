"""What gossip remembers: names seen, items others may fetch, and items announced but not here yet.

All three are bounded by count or bytes and by age. None of them reads a clock: ``now`` is handed in.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from accord_node.peer.topics import Item


class SeenNames:
    """Names of items already handled, oldest forgotten first."""

    __slots__ = ("_age", "_count", "_names")

    def __init__(self, count: int, age: float) -> None:
        self._names: OrderedDict[bytes, float] = OrderedDict()
        self._count = count
        self._age = age

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __len__(self) -> int:
        return len(self._names)

    def add(self, name: bytes, now: float) -> bool:
        """Remember a name; False if it was known."""
        names = self._names
        if name in names:
            return False
        names[name] = now
        if len(names) > self._count:
            names.popitem(last=False)
        return True

    def expire(self, now: float) -> None:
        """Forget names that are too old."""
        names = self._names
        while names and next(iter(names.values())) < now - self._age:
            names.popitem(last=False)


@dataclass(frozen=True, slots=True)
class Kept:
    """An item others may ask for."""

    item: Item
    serial: int
    """Rises with every item kept: what a digest has already covered."""
    since: float
    holders: set[str]
    """Parties known to hold it: they sent or announced it."""
    repaired: bool
    """Whether digests name it (transactions only; other topics are repaired by the driver)."""


class ItemStore:
    """Recent items by name, bounded by bytes and age, oldest dropped first."""

    def __init__(self, limit: int, age: float) -> None:
        self._items: OrderedDict[bytes, Kept] = OrderedDict()
        self._limit = limit
        self._age = age
        self.size = 0
        """Payload bytes kept."""
        self.serial = 0
        """Serial of the newest item."""

    def __len__(self) -> int:
        return len(self._items)

    def get(self, name: bytes) -> Kept | None:
        """The item of this name, if it is still kept."""
        return self._items.get(name)

    def add(self, item: Item, holders: set[str], now: float, *, repaired: bool) -> None:
        """Keep an item, dropping the oldest as needed."""
        if item.name in self._items:
            return
        self.serial += 1
        self._items[item.name] = Kept(item, self.serial, now, holders, repaired)
        self.size += len(item.payload)
        while self.size > self._limit and len(self._items) > 1:
            self._drop_oldest()

    def expire(self, now: float) -> None:
        """Drop items that are too old."""
        while self._items and next(iter(self._items.values())).since < now - self._age:
            self._drop_oldest()

    def between(self, after: int, upto: int) -> Iterator[Kept]:
        """Items that digests name, with ``after < serial <= upto``, newest first."""
        for kept in reversed(self._items.values()):
            if kept.serial <= after:
                return
            if kept.serial <= upto and kept.repaired:
                yield kept

    def _drop_oldest(self) -> None:
        _, kept = self._items.popitem(last=False)
        self.size -= len(kept.item.payload)


MAX_ATTEMPTS: Final = 6
"""Times an announced item is asked for before it is given up."""

_MAX_SOURCES: Final = 8

_SHARE: Final = 4
"""No party opens more than one in so many fetches, so empty promises leave room for true ones."""


@dataclass(slots=True)
class _Fetch:
    due: float
    sources: list[str] = field(default_factory=list)
    attempts: int = 0


class Fetches:
    """Announced items that are not here yet: who announced them and when to ask the next one."""

    def __init__(self, limit: int, patience: float) -> None:
        self._fetches: OrderedDict[bytes, _Fetch] = OrderedDict()
        self._opened: Counter[str] = Counter()
        self._limit = limit
        self._patience = patience
        self.failed = 0
        """Fetches given up so far."""

    def __len__(self) -> int:
        return len(self._fetches)

    def announced(self, name: bytes, party: str, now: float) -> bool:
        """Note that ``party`` has the item; True if it should be asked at once."""
        fetch = self._fetches.get(name)
        if fetch is not None:
            if party not in fetch.sources and len(fetch.sources) < _MAX_SOURCES:
                fetch.sources.append(party)
            return False
        if len(self._fetches) >= self._limit or self._opened[party] >= max(1, self._limit // _SHARE):
            return False
        self._opened[party] += 1
        self._fetches[name] = _Fetch(now + self._patience, [party], 1)
        return True

    def postpone(self, name: bytes, party: str, now: float) -> None:
        """Ask ``party`` for the item later: it came when there was no room for it."""
        self.announced(name, party, now)

    def done(self, name: bytes) -> None:
        """The item is here, or given up."""
        fetch = self._fetches.pop(name, None)
        if fetch is not None:
            self._opened[fetch.sources[0]] -= 1

    def overdue(self, now: float, linked: Iterable[str]) -> dict[str, list[bytes]]:
        """Whom to ask for what now; items that nobody linked can give are forgotten."""
        there = set(linked)
        asks: dict[str, list[bytes]] = {}
        for name, fetch in list(self._fetches.items()):
            if fetch.due > now:
                continue
            sources = [party for party in fetch.sources if party in there]
            if not sources or fetch.attempts >= MAX_ATTEMPTS:
                self.done(name)
                self.failed += 1
                continue
            asks.setdefault(sources[fetch.attempts % len(sources)], []).append(name)
            fetch.attempts += 1
            fetch.due = now + self._patience
        return asks
