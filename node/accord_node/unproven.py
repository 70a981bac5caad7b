"""Records from peers that nothing proves yet to be their author's: kept a moment, charged to the sender.

A record may be signed by a key that is registered in a block this node does not have yet. It is no
offence to relay it, but neither may it take its supposed author's place in the pool, nor be relayed: each
peer has a little room for such records here, and they are looked at again when keys change.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from accord_ledger.domain.pipeline import Prepared

MAX_RECORDS = 512
"""Of one peer; beyond, its oldest is dropped."""
MAX_BYTES = 2 * 1024 * 1024
MAX_PEERS = 128
KEPT_SECONDS = 30.0


@dataclass(slots=True)
class _Room:
    """What one peer has sent."""

    held: OrderedDict[bytes, tuple[Prepared, float]] = field(default_factory=OrderedDict)
    size: int = 0

    def drop_oldest(self) -> None:
        _, (prepared, _) = self.held.popitem(last=False)
        self.size -= len(prepared.record.entry)


class Unproven:
    """The waiting room, by peer."""

    def __init__(self) -> None:
        self._rooms: dict[str, _Room] = {}

    def __len__(self) -> int:
        return sum(len(room.held) for room in self._rooms.values())

    def add(self, sender: str, prepared: Prepared, now: float) -> None:
        """Keep a record for a while (``now``: monotonic seconds)."""
        if sender not in self._rooms and len(self._rooms) >= MAX_PEERS:
            return
        room = self._rooms.setdefault(sender, _Room())
        name = prepared.record.entry_hash
        if name in room.held:
            return
        room.held[name] = prepared, now
        room.size += len(prepared.record.entry)
        while room.size > MAX_BYTES or len(room.held) > MAX_RECORDS:
            room.drop_oldest()

    def expire(self, now: float) -> None:
        """Drop what has waited too long."""
        for sender, room in list(self._rooms.items()):
            while room.held and next(iter(room.held.values()))[1] + KEPT_SECONDS < now:
                room.drop_oldest()
            if not room.held:
                del self._rooms[sender]

    def take(self) -> list[tuple[str, Prepared, float]]:
        """Everything kept, with its sender and when it came; whoever calls puts back what is still unproven."""
        rooms, self._rooms = self._rooms, {}
        return [
            (sender, prepared, at) for sender, room in rooms.items() for prepared, at in room.held.values()
        ]
