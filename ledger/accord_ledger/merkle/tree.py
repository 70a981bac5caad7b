"""RFC 6962 tree hashes, computed level by level, and the frontier that lets a log grow.

One SHA-256 call per node is the whole cost, so every function here works on rows of hashes and never
on single leaves through an object. Hashes are 32 bytes; leaf and interior hashes carry different first
bytes, so no leaf can be passed off as a node (RFC 6962 section 2.1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Self

from accord_ledger.errors import ProofError

HASH_BYTES: Final = 32

MAX_SIZE: Final = 2**63 - 1
"""Largest tree: sizes fit a signed 64-bit integer everywhere they are stored."""

EMPTY_ROOT: Final = sha256(b"").digest()
"""Root of the tree without leaves: SHA-256 of nothing."""


def leaf_hash(data: bytes) -> bytes:
    """SHA-256(0x00 || data)."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right)."""
    return sha256(b"\x01" + left + right).digest()


def parents(row: Sequence[bytes]) -> list[bytes]:
    """Hashes of the complete pairs of a row; an odd last hash has no parent yet and is left out."""
    pair = iter(row)
    return [sha256(b"\x01" + left + right).digest() for left, right in zip(pair, pair, strict=False)]


def rows(leaf_hashes: Sequence[bytes]) -> list[Sequence[bytes]]:
    """Every level of a tree, leaves first, root last; an odd last hash is lifted as it is.

    The sibling of entry ``i`` of a row is entry ``i ^ 1``, or missing. A tree without leaves has one
    empty row.
    """
    levels: list[Sequence[bytes]] = [leaf_hashes]
    row = leaf_hashes
    while len(row) > 1:
        above = parents(row)
        if len(row) & 1:
            above.append(row[-1])
        levels.append(above)
        row = above
    return levels


def root(leaf_hashes: Sequence[bytes]) -> bytes:
    """RFC 6962 root over leaf hashes (``EMPTY_ROOT`` if there are none)."""
    row = leaf_hashes
    while len(row) > 1:
        above = parents(row)
        if len(row) & 1:
            above.append(row[-1])
        row = above
    return row[0] if row else EMPTY_ROOT


def root_of(leaves: Sequence[bytes]) -> bytes:
    """RFC 6962 root over leaf data."""
    return root([leaf_hash(leaf) for leaf in leaves])


def fold(subtrees: Sequence[bytes]) -> bytes:
    """Root over complete subtrees of falling size, as they stand from left to right (never none)."""
    above = subtrees[-1]
    for left in reversed(subtrees[:-1]):
        above = node_hash(left, above)
    return above


@dataclass(frozen=True, slots=True)
class Frontier:
    """What a log must remember to grow and to know its root: 32 bytes per set bit of its size.

    Immutable, so that blocks which are not final yet branch from one another for nothing.
    """

    size: int
    """Number of leaves."""
    hashes: tuple[bytes, ...]
    """Roots of the complete subtrees, largest first, one for each set bit of ``size``."""

    @classmethod
    def empty(cls) -> Self:
        """The frontier of the tree without leaves."""
        return cls(0, ())

    @classmethod
    def open(cls, size: int, hashes: Sequence[bytes], trusted_root: bytes) -> Self:
        """A frontier that came from elsewhere, believed only if it gives the trusted root.

        Args:
            size: the trusted number of leaves; a root alone does not tell it.
            hashes: as claimed.
            trusted_root: the root at that size, already verified.

        Raises:
            ProofError: ``MERKLE_FRONTIER``.
        """
        if not 0 <= size <= MAX_SIZE or len(hashes) != size.bit_count():
            raise ProofError("MERKLE_FRONTIER", f"got {len(hashes)} hashes for a tree of {size} leaves")
        if any(len(item) != HASH_BYTES for item in hashes):
            raise ProofError("MERKLE_FRONTIER", f"expected hashes of {HASH_BYTES} bytes")
        frontier = cls(size, tuple(hashes))
        if frontier.root() != trusted_root:
            raise ProofError(
                "MERKLE_FRONTIER", f"expected root {trusted_root.hex()}, got {frontier.root().hex()}"
            )
        return frontier

    def extend(self, leaf_hashes: Sequence[bytes]) -> Frontier:
        """The frontier after these leaf hashes; about one hash per leaf."""
        left = list(self.hashes)
        grown: list[bytes] = []
        row, position = list(leaf_hashes), self.size
        while row:
            if position & 1:
                row.insert(0, left.pop())
            if len(row) & 1:
                grown.append(row.pop())
            row = parents(row)
            position >>= 1
        return Frontier(self.size + len(leaf_hashes), (*left, *reversed(grown)))

    def root(self) -> bytes:
        """RFC 6962 root over all leaves so far."""
        return fold(self.hashes) if self.hashes else EMPTY_ROOT
