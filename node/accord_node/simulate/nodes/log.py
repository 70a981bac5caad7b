"""The one log that all nodes must show, kept by the judge with its own tree, hashes and reading of entries."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any

import msgpack

from accord_node.simulate.nodes.words import seal_hash


class Tree:
    """RFC 6962: the root after each appended leaf."""

    def __init__(self) -> None:
        self._peaks: list[tuple[int, bytes]] = []
        self.roots = [sha256(b"").digest()]
        """By size."""

    def append(self, entry: bytes) -> None:
        """Add a leaf."""
        node, width = sha256(b"\x00" + entry).digest(), 1
        while self._peaks and self._peaks[-1][0] == width:
            node, width = sha256(b"\x01" + self._peaks.pop()[1] + node).digest(), 2 * width
        self._peaks.append((width, node))
        for _, left in reversed(self._peaks[:-1]):
            node = sha256(b"\x01" + left + node).digest()
        self.roots.append(node)


class Log:
    """Everything that any honest node held to be final.

    Args:
        network: hash of the genesis document, the parent of the first seal.
        violated: told of what must never be seen.

    Attributes:
        entries: as the first node showed them.
        seals: by height, from 1.
    """

    def __init__(self, network: bytes, violated: Callable[[str], None]) -> None:
        self.entries: list[bytes] = []
        self.seals: list[dict[str, Any]] = []
        self._violated = violated
        self._network = network
        self._tree = Tree()
        self._places: dict[bytes, int] = {}
        self._ids: set[bytes] = set()
        self._parent, self._first, self._time = network, 0, 0

    @property
    def height(self) -> int:
        """Of the newest final block."""
        return len(self.seals)

    def holds(self, entry: bytes) -> bool:
        """Whether an entry is final."""
        return entry in self._places

    def shows(self, host: str, first: int, entries: Sequence[bytes]) -> None:
        """A node holds these entries, from this index on, to be final."""
        for index, entry in enumerate(entries, first):
            if index > len(self.entries):
                self._violated(f"{host} has entry {index} and nobody has {len(self.entries)}")
                return
            if index == len(self.entries):
                self._extend(host, entry)
            elif self.entries[index] != entry:
                self._violated(f"{host} has another entry {index} than was final before")
                return

    def stands(self, host: str, height: int, state_root: bytes) -> None:
        """A node's state at a height has this root."""
        seal = self.seals[height - 1] if height <= self.height else None
        if seal is None or seal["state_root"] != state_root:
            self._violated(f"{host} has state {state_root.hex()[:8]} at height {height}, the seal another")

    def checkpoint(self, host: str, note: bytes) -> None:
        """A node serves this signed checkpoint."""
        lines = note.split(b"\n")
        size, root = int(lines[1]), b64decode(lines[2])
        if size >= len(self._tree.roots) or self._tree.roots[size] != root:
            self._violated(f"{host} serves a checkpoint of size {size} whose root is not that of the log")

    def _extend(self, host: str, entry: bytes) -> None:
        value = msgpack.unpackb(entry)
        self.entries.append(entry)
        self._places[entry] = len(self.entries) - 1
        if "signatures" in value:
            name = sha256(msgpack.packb(value["tx"])).digest()
            if name in self._ids:
                self._violated(
                    f"{host} has one transaction twice, the second as entry {len(self.entries) - 1}"
                )
            self._ids.add(name)
        else:
            self._seal(host, entry, value)
        self._tree.append(entry)

    def _seal(self, host: str, entry: bytes, value: dict[str, Any]) -> None:
        index = len(self.entries) - 1
        wanted = {
            "network": self._network,
            "height": self.height + 1,
            "parent": self._parent,
            "first": self._first,
            "count": index - self._first,
            "log_root": self._tree.roots[index],
        }
        for name, expected in wanted.items():
            if value[name] != expected:
                self._violated(
                    f"{host}: {name} of seal {self.height + 1} is {value[name]!r}, not {expected!r}"
                )
        if value["time"] < self._time:
            self._violated(f"{host}: time of seal {self.height + 1} goes back")
        self._parent, self._first, self._time = seal_hash(entry), index + 1, value["time"]
        self.seals.append(value)
