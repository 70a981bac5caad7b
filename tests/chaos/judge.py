"""The judge of a run: reads what nodes publish and says what must never be seen.

Shares no code with the program: own tree, own hashes, own reading of entries and checkpoints. It is told
of every log a node serves and of every receipt a client got, and keeps for ever what it once saw as final.
"""

from __future__ import annotations

import struct
from base64 import b64decode
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import msgpack

BUNDLE = 256


def leaf(entry: bytes) -> bytes:
    return sha256(b"\x00" + entry).digest()


class Tree:
    """RFC 6962: the root after each appended leaf."""

    def __init__(self) -> None:
        self._peaks: list[tuple[int, bytes]] = []
        self.size = 0

    def append(self, node: bytes) -> None:
        width = 1
        while self._peaks and self._peaks[-1][0] == width:
            node, width = sha256(b"\x01" + self._peaks.pop()[1] + node).digest(), 2 * width
        self._peaks.append((width, node))
        self.size += 1

    def root(self) -> bytes:
        if not self._peaks:
            return sha256(b"").digest()
        node = self._peaks[-1][1]
        for _, left in reversed(self._peaks[:-1]):
            node = sha256(b"\x01" + left + node).digest()
        return node


def unpack_bundle(data: bytes) -> list[bytes]:
    """Entries of a C2SP entry bundle: each behind its length of two bytes."""
    entries, at = [], 0
    while at < len(data):
        (length,) = struct.unpack_from(">H", data, at)
        entries.append(data[at + 2 : at + 2 + length])
        at += 2 + length
    return entries


def parse_checkpoint(note: bytes) -> tuple[int, bytes]:
    """(size, root) of a checkpoint's text; signatures are the verifiers' business."""
    lines = note.split(b"\n")
    return int(lines[1]), b64decode(lines[2])


@dataclass(frozen=True)
class SealFacts:
    """What a seal of the common log says."""

    hash: str
    state_root: str
    size: int
    """Entries of the log up to and with the seal."""


@dataclass
class Judge:
    """Everything seen so far."""

    network: bytes
    entries: list[bytes] = field(default_factory=list)
    """The one log, as long as any node showed it."""
    seals: dict[int, SealFacts] = field(default_factory=dict)
    """Height -> seal."""
    places: dict[str, int] = field(default_factory=dict)
    """tx_id, hex -> index in the log."""
    violations: list[str] = field(default_factory=list)
    acknowledged: dict[str, tuple[int, int] | None] = field(default_factory=dict)
    """tx_id -> (index, height) if it was called final, None if only accepted."""

    def __post_init__(self) -> None:
        self._tree = Tree()
        self._roots: dict[int, bytes] = {0: self._tree.root()}
        self._parent = self.network
        self._time = 0
        self._first = 0

    def violated(self, what: str) -> None:
        self.violations.append(what)

    # -- logs --------------------------------------------------------------------------------------

    def sees_log(self, party: str, first: int, entries: Iterable[bytes]) -> None:
        """A node serves these entries from index ``first`` on."""
        for index, entry in enumerate(entries, first):
            if index < len(self.entries):
                if self.entries[index] != entry:
                    self.violated(f"{party} serves another entry {index} than was seen before")
                    return
            elif index == len(self.entries):
                self._extend(party, entry)
            else:
                raise ValueError(f"a gap before {index}")

    def sees_checkpoint(self, party: str, size: int, root: bytes) -> None:
        """A node serves a checkpoint; its entries were shown before."""
        if self._roots.get(size) != root:
            self.violated(f"{party} serves a checkpoint of size {size} whose root is not that of its entries")

    def sees_position(self, party: str, height: int, block_hash: str, state_root: str) -> None:
        """A node says where it stands; at least that far its log was shown."""
        facts = self.seals.get(height)
        if facts is None or (facts.hash, facts.state_root) != (block_hash, state_root):
            self.violated(f"{party} at height {height} says {block_hash[:12]} {state_root[:12]}, log {facts}")

    def _extend(self, party: str, entry: bytes) -> None:
        value = msgpack.unpackb(entry)
        self.entries.append(entry)
        if "signatures" in value:
            self._record(party, value)
        else:
            self._seal(party, entry, value)
        self._tree.append(leaf(entry))
        self._roots[self._tree.size] = self._tree.root()

    def _record(self, party: str, value: dict[str, Any]) -> None:
        tx_id = sha256(b"accord/transaction/v1\x00" + msgpack.packb(value["tx"])).hexdigest()
        if tx_id in self.places:
            self.violated(f"{party} has {tx_id} at {self.places[tx_id]} and at {len(self.entries) - 1}")
        self.places[tx_id] = len(self.entries) - 1

    def _seal(self, party: str, entry: bytes, value: dict[str, Any]) -> None:
        height, index = len(self.seals) + 1, len(self.entries) - 1
        count = index - self._first
        wanted = {
            "network": self.network, "height": height, "parent": self._parent, "first": self._first,
            "count": count, "log_root": self._roots[index],
        }  # fmt: skip
        for name, expected in wanted.items():
            if value[name] != expected:
                self.violated(f"{party}: {name} of seal {height} is {value[name]!r}, not {expected!r}")
        if value["time"] < self._time:
            self.violated(f"{party}: time of seal {height} goes back")
        self._parent = sha256(b"accord/seal/v1\x00" + entry).digest()
        self._time, self._first = value["time"], index + 1
        self.seals[height] = SealFacts(self._parent.hex(), value["state_root"].hex(), index + 1)

    # -- receipts ----------------------------------------------------------------------------------

    def sees_receipt(self, tx_id: str, place: tuple[int, int] | None) -> None:
        """A node acknowledged a transaction: accepted, or final at (index, height)."""
        known = self.acknowledged.get(tx_id)
        if known is not None and place is not None and known != place:
            self.violated(f"{tx_id} was final at {known}, then at {place}")
        self.acknowledged[tx_id] = place or known

    def missing(self) -> list[str]:
        """Acknowledged transactions that stand in no log yet."""
        return [tx_id for tx_id in self.acknowledged if tx_id not in self.places]

    def check_receipts(self) -> None:
        """Every receipt holds: final where it was said to be, and nothing acknowledged is missing."""
        for tx_id, place in self.acknowledged.items():
            index = self.places.get(tx_id)
            if index is None:
                self.violated(f"{tx_id} was acknowledged and is lost")
            elif place is not None and (index != place[0] or self._height_of(index) != place[1]):
                self.violated(f"{tx_id} was final at {place} and stands at {index}")

    def _height_of(self, index: int) -> int:
        """Height of the block that holds this entry."""
        low, high = 1, len(self.seals)
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if self.seals[middle].size > index else (middle + 1, high)
        return low
