"""Votes and proposals of an epoch that has not begun here yet, kept for the moment when it does.

Members change over within milliseconds of each other; without this every new epoch would begin with a
view lost to the clock. What is kept was not verified: little of each peer, oldest dropped first.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from accord_node.peer import Topic

MAX_ITEMS: Final = 64
"""Kept of one peer."""
MAX_BYTES: Final = 512 * 1024
"""Kept of one peer."""
MAX_PEERS: Final = 128


@dataclass(slots=True)
class _Shelf:
    items: deque[tuple[Topic, bytes]] = field(default_factory=deque)
    size: int = 0


class EarlyItems:
    """What peers said of the next epoch."""

    def __init__(self) -> None:
        self._shelves: dict[str, _Shelf] = {}

    def keep(self, topic: Topic, payload: bytes, sender: str) -> None:
        """Keep one item, within bounds."""
        if len(payload) > MAX_BYTES or (sender not in self._shelves and len(self._shelves) >= MAX_PEERS):
            return
        shelf = self._shelves.setdefault(sender, _Shelf())
        shelf.items.append((topic, payload))
        shelf.size += len(payload)
        while len(shelf.items) > MAX_ITEMS or shelf.size > MAX_BYTES:
            shelf.size -= len(shelf.items.popleft()[1])

    def take(self) -> list[tuple[Topic, bytes, str]]:
        """Everything kept, in the order each peer said it; then nothing is."""
        shelves, self._shelves = self._shelves, {}
        return [
            (topic, payload, sender) for sender, shelf in shelves.items() for topic, payload in shelf.items
        ]
