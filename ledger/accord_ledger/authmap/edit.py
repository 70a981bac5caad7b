"""Batch edits of a subtree: the result is the subtree of the edited content, and the old one stays.

Edits are 64-byte leaves to put and 32-byte paths to delete, sorted, one for a path. Only what lies
between the root and a changed leaf is made anew; everything else is shared. An edit that changes
nothing gives back the same object, so its ancestors are not hashed again.

Whether a node falls back to a bucket needs no stored counts: a child that is a node has more than 16
leaves, and the size of a bucket is its length.

This is the second largest cost of a transaction, after its signature, and half of it is waiting for
memory. Hence nibbles and hashes are spelled out here instead of called for, and a node is copied before
the descent into a child: copying reads all its children at once, which costs little more than one.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from hashlib import sha256
from typing import Final

from accord_ledger.authmap.subtree import (
    BUCKET_BYTES,
    BUCKET_LEAVES,
    BUCKET_PREFIX,
    CHILD,
    FANOUT,
    HASH_BYTES,
    LEAF_BYTES,
    NODE_PREFIX,
    Bucket,
    Node,
    Subtree,
    children_of,
    grow,
    split_leaves,
)

_HASH_AT = tuple(range(len(NODE_PREFIX), len(NODE_PREFIX) + FANOUT * HASH_BYTES, HASH_BYTES))
"""Where in a node's preimage the hash of each child begins."""
_copy: Final[Callable[[Node], Node]] = Node.__copy__  # type: ignore[attr-defined]  # its type hints lack it


class Batch:
    """One sorted list of edits on its way through a map.

    Attributes:
        growth: leaves gained so far; negative when more were deleted than added.
    """

    __slots__ = ("_edits", "growth")

    def __init__(self, edits: list[bytes]) -> None:
        self._edits = edits
        self.growth = 0

    def apply(self, top: Subtree) -> Subtree:
        """The map's whole subtree after all edits."""
        count = len(self._edits)
        if isinstance(top, bytes):
            return self._bucket_many(top, 0, 0, count)
        return self._node_many(top, 0, 0, count)

    def _one(self, old: Subtree, depth: int, edit: bytes) -> Subtree:
        """The subtree after one edit."""
        if isinstance(old, bytes):
            return self._bucket_one(old, depth, edit)
        slot = edit[depth >> 1] & 15 if depth & 1 else edit[depth >> 1] >> 4
        name = CHILD[slot]
        node: Node = _copy(old)
        child = getattr(old, name)
        before = self.growth
        new = self._one(child, depth + 1, edit)
        if new is child:
            return old
        digest = sha256(BUCKET_PREFIX + new if isinstance(new, bytes) else new.preimage).digest()
        preimage = old.preimage
        at = _HASH_AT[slot]
        setattr(node, name, new)
        node.preimage = b"".join((preimage[:at], digest, preimage[at + HASH_BYTES :]))
        return node if self.growth >= before else _settle(node)

    def _node_many(self, old: Node, depth: int, low: int, high: int) -> Subtree:
        """The node after the edits ``low`` to ``high``, all of which lie below it."""
        edits, before = self._edits, self.growth
        octet, shift = depth >> 1, 0 if depth & 1 else 4
        node: Node = _copy(old)
        pieces: list[bytes] = []
        preimage, copied = old.preimage, 0
        while low < high:
            slot = edits[low][octet] >> shift & 15
            end = low + 1
            while end < high and edits[end][octet] >> shift & 15 == slot:
                end += 1
            name = CHILD[slot]
            child = getattr(old, name)
            if end - low == 1:
                new = self._one(child, depth + 1, edits[low])
            elif isinstance(child, bytes):
                new = self._bucket_many(child, depth + 1, low, end)
            else:
                new = self._node_many(child, depth + 1, low, end)
            low = end
            if new is child:
                continue
            setattr(node, name, new)
            digest = sha256(BUCKET_PREFIX + new if isinstance(new, bytes) else new.preimage).digest()
            at = _HASH_AT[slot]
            pieces += preimage[copied:at], digest
            copied = at + HASH_BYTES
        if not pieces:
            return old
        node.preimage = b"".join((*pieces, preimage[copied:]))
        return node if self.growth >= before else _settle(node)

    def _bucket_one(self, old: Bucket, depth: int, edit: bytes) -> Subtree:
        """The subtree that a bucket becomes by one edit."""
        path = edit[:HASH_BYTES]
        # The octet in which leaves of this depth first differ leads to the place, or just before it.
        at = bisect_left(old[depth >> 1 :: LEAF_BYTES], path[depth >> 1]) * LEAF_BYTES
        while (found := old[at : at + HASH_BYTES]) < path and found:
            at += LEAF_BYTES
        if len(edit) == HASH_BYTES:
            if found != path:
                return old
            self.growth -= 1
            return old[:at] + old[at + LEAF_BYTES :]
        if found == path:
            if old[at : at + LEAF_BYTES] == edit:
                return old
            return b"".join((old[:at], edit, old[at + LEAF_BYTES :]))
        self.growth += 1
        new = b"".join((old[:at], edit, old[at:]))
        return new if len(new) <= BUCKET_BYTES else grow(split_leaves(new), depth, 0, BUCKET_LEAVES + 1)

    def _bucket_many(self, old: Bucket, depth: int, low: int, high: int) -> Subtree:
        """The subtree that a bucket becomes by the edits ``low`` to ``high``."""
        leaves = {leaf[:HASH_BYTES]: leaf for leaf in split_leaves(old)}
        before = len(leaves)
        for edit in self._edits[low:high]:
            if len(edit) == LEAF_BYTES:
                leaves[edit[:HASH_BYTES]] = edit
            else:
                leaves.pop(edit, None)
        self.growth += len(leaves) - before
        new = grow(sorted(leaves.values()), depth, 0, len(leaves))
        return old if new == old else new


def _settle(node: Node) -> Subtree:
    """What a node that lost leaves becomes: still a node, or the bucket of all its leaves."""
    children, size = children_of(node), 0
    for child in children:
        if not isinstance(child, bytes) or (size := size + len(child)) > BUCKET_BYTES:
            return node
    return b"".join(children)  # type: ignore[arg-type]  # none of them is a node
