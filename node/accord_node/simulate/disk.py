"""A disk that keeps what was synced and does as it likes with the rest when the power goes.

It has the :class:`~accord_node.seams.Disk` interface, so the real journal runs on it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from random import Random


class Loss(Enum):
    """What a crash does to writes that were not synced."""

    KEPT = "kept"
    LOST = "lost"
    TORN = "torn"


@dataclass(slots=True)
class _File:
    data: bytearray = field(default_factory=bytearray)
    synced: int = 0
    cut: bytes = b""
    """What a truncation took off that is not durable yet."""


class SimulatedDisk:
    """Files of one member.

    Args:
        boundary: called with a word at every place where the host may die; raises to make it die.
    """

    def __init__(self, boundary: Callable[[str], None] = lambda _: None) -> None:
        self._boundary = boundary
        self._names: dict[str, _File] = {}
        self._durable_names: dict[str, _File] = {}

    def names(self) -> list[str]:
        """Names of all files, sorted."""
        return sorted(self._names)

    def read(self, name: str) -> bytes:
        """The whole file, synced or not."""
        return bytes(self._names[name].data)

    def append(self, name: str, data: bytes) -> None:
        """Write at the end; not durable yet."""
        held = self._names.setdefault(name, _File())
        held.data += data
        held.cut = b""
        self._boundary("appended")

    def truncate(self, name: str, size: int) -> None:
        """Cut the file; not durable yet."""
        held = self._names[name]
        held.cut = bytes(held.data[size:]) + held.cut
        del held.data[size:]
        held.synced = min(held.synced, size)
        self._boundary("truncated")

    def sync(self, name: str) -> None:
        """Make the content durable."""
        held = self._names[name]
        held.synced = len(held.data)
        held.cut = b""
        self._boundary("synced")

    def rename(self, old: str, new: str) -> None:
        """Change the name; not durable yet."""
        self._names[new] = self._names.pop(old)
        self._boundary("renamed")

    def remove(self, name: str) -> None:
        """Delete; not durable yet."""
        del self._names[name]
        self._boundary("removed")

    def sync_directory(self) -> None:
        """Make names durable."""
        self._durable_names = dict(self._names)
        self._boundary("directory synced")

    def durable(self) -> bytes:
        """Everything a crash cannot take, file after file."""
        return b"".join(bytes(held.data[: held.synced]) for _, held in sorted(self._durable_names.items()))

    def crash(self, loss: Loss, random: Random) -> None:
        """Lose power; what is left is what the next start finds."""
        if loss is Loss.KEPT:
            for held in self._names.values():
                held.cut = b""
            return
        names = (
            self._durable_names if loss is Loss.LOST else random.choice([self._names, self._durable_names])
        )
        self._names = dict(names)
        for held in self._names.values():
            held.data += held.cut
            held.cut = b""
            unsynced = len(held.data) - held.synced
            kept = random.randint(0, unsynced) if loss is Loss.TORN else 0
            zeros = random.randint(0, unsynced - kept) if loss is Loss.TORN and random.random() < 0.5 else 0
            held.data[held.synced + kept :] = bytes(zeros)
        self._durable_names = dict(self._names)
