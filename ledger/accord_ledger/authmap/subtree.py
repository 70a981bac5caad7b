"""Shape and hashes of the state map: the same leaves give the same subtree, whatever their history.

A *leaf* is 64 bytes: the path (tagged hash of the key), then the tagged hash of the value. The subtree
at depth ``d`` holds the leaves whose paths share their first ``d`` nibbles, high nibble first
(DESIGN.md section 2, "State"):

    at most 16 leaves    bucket   SHA-256(STATE_BUCKET 0x00 leaf || leaf ...), leaves in byte order
    more                 node     SHA-256(STATE_NODE 0x00 h0 || h1 || ... || h15), hi: subtree of nibble i

An empty subtree is an empty bucket, so the definition has no other case, and the root of the empty map
is the hash of the empty bucket. Buckets and nodes have tags of their own and can never be confused.
Nodes stand at depths 0 to 62 only: one at depth 63 could hold no more than 16 distinct paths.

Hashes commit to no leaf counts. Roots come from seals that n - f members computed for themselves, so
nobody gains by an odd shape; the count of a node would prove nothing without those of its children,
and all of them nothing about what lies below the children that a proof leaves closed.

In memory a bucket is one ``bytes`` object and a node one :class:`Node`: its 16 children, then the bytes
its hash is made over. Neither can be part of a cycle, and the garbage collector never sees them: a block
makes thousands of nodes, and a pass that looked at each of their children, which lie scattered over all
memory, took milliseconds and grew with the map.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from hashlib import sha256
from typing import Final, TypeAlias

import msgspec

from accord_ledger.tags import Tag

HASH_BYTES: Final = 32
LEAF_BYTES: Final = 2 * HASH_BYTES
FANOUT: Final = 16
BUCKET_LEAVES: Final = 16
"""Most leaves that stay in one bucket."""
BUCKET_BYTES: Final = BUCKET_LEAVES * LEAF_BYTES
MAX_NODES: Final = 63
"""Most nodes above a bucket."""

# Concatenating a prefix and calling hashlib directly costs half of ``Tag.digest``.
KEY_PREFIX: Final = Tag.STATE_KEY.message()
VALUE_PREFIX: Final = Tag.STATE_VALUE.message()
BUCKET_PREFIX: Final = Tag.STATE_BUCKET.message()
NODE_PREFIX: Final = Tag.STATE_NODE.message()

Bucket: TypeAlias = bytes
Subtree: TypeAlias = "Bucket | Node"


class Node(msgspec.Struct, gc=False, eq=False):
    """A node. Nobody changes one but whoever makes it, before anybody else has it."""

    child_0: Subtree
    child_1: Subtree
    child_2: Subtree
    child_3: Subtree
    child_4: Subtree
    child_5: Subtree
    child_6: Subtree
    child_7: Subtree
    child_8: Subtree
    child_9: Subtree
    child_a: Subtree
    child_b: Subtree
    child_c: Subtree
    child_d: Subtree
    child_e: Subtree
    child_f: Subtree
    preimage: bytes
    """What its hash is made over."""


CHILD: Final = Node.__struct_fields__[:FANOUT]
"""Attributes of a node that hold its children, by nibble."""

EMPTY_ROOT: Final = Tag.STATE_BUCKET.digest()
"""Root of the map without keys, and hash of every empty subtree (32 bytes)."""

_FEW: Final = 2 * BUCKET_LEAVES
_OCTETS: Final = tuple(bytes([octet]) for octet in range(256))


def path_of(key: bytes) -> bytes:
    """Place of a key in the map: its tagged hash (32 bytes)."""
    return sha256(KEY_PREFIX + key).digest()


def value_digest(value: bytes) -> bytes:
    """What the map commits to for a value: its tagged hash (32 bytes)."""
    return sha256(VALUE_PREFIX + value).digest()


def nibble(path: bytes, depth: int) -> int:
    """Child that ``path`` (or a leaf) takes at a node of this depth."""
    return path[depth >> 1] & 15 if depth & 1 else path[depth >> 1] >> 4


def subtree_digest(subtree: Subtree) -> bytes:
    """Hash of a bucket or of a node (32 bytes)."""
    if isinstance(subtree, bytes):
        return sha256(BUCKET_PREFIX + subtree).digest() if subtree else EMPTY_ROOT
    return sha256(subtree.preimage).digest()


def child_digests(node: Node) -> list[bytes]:
    """Hashes of the 16 children, as the node keeps them."""
    hashes = node.preimage[len(NODE_PREFIX) :]
    return [hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES)]


def children_of(node: Node) -> list[Subtree]:
    """The 16 children of a node, by nibble."""
    return [getattr(node, name) for name in CHILD]


def make_node(children: list[Subtree]) -> Node:
    """The node with these 16 children; the caller knows that they hold more than 16 leaves."""
    preimage = NODE_PREFIX + b"".join([subtree_digest(child) for child in children])
    return Node(*children, preimage)  # type: ignore[call-arg,arg-type]  # 16 children, by the callers' loops


def grow(leaves: list[bytes], depth: int, low: int, high: int) -> Subtree:
    """The subtree of ``leaves[low:high]``, which are sorted, distinct and share ``depth`` nibbles."""
    count = high - low
    if count <= BUCKET_LEAVES:
        return b"".join(leaves[low:high])
    return make_node(
        _scatter(leaves[low:high], depth) if count <= _FEW else _divide(leaves, depth, low, high)
    )


def _scatter(leaves: list[bytes], depth: int) -> list[Subtree]:
    """The 16 children of a few leaves, each leaf looked at once: what an overflowing bucket becomes."""
    octet, shift = depth >> 1, 0 if depth & 1 else 4
    buckets = [b""] * FANOUT
    for leaf in leaves:
        buckets[leaf[octet] >> shift & 15] += leaf
    return [
        bucket
        if len(bucket) <= BUCKET_BYTES
        else grow(split_leaves(bucket), depth + 1, 0, len(bucket) // LEAF_BYTES)
        for bucket in buckets
    ]


def _divide(leaves: list[bytes], depth: int, low: int, high: int) -> list[Subtree]:
    """The 16 children of many leaves, whose borders are searched for."""
    first = leaves[low]
    shared = first[: depth >> 1]
    base, step = (first[depth >> 1] & 0xF0, 1) if depth & 1 else (0, 16)
    children: list[Subtree] = []
    for limit in range(base + step, base + FANOUT * step, step):
        end = bisect_left(leaves, shared + _OCTETS[limit], low, high)
        children.append(grow(leaves, depth + 1, low, end))
        low = end
    children.append(grow(leaves, depth + 1, low, high))
    return children


def split_leaves(bucket: Bucket) -> list[bytes]:
    """The leaves of a bucket, in order."""
    return [bucket[at : at + LEAF_BYTES] for at in range(0, len(bucket), LEAF_BYTES)]


def leaves_of(subtree: Subtree) -> Iterator[bytes]:
    """Every leaf of a subtree, in order of paths."""
    if isinstance(subtree, bytes):
        yield from split_leaves(subtree)
        return
    for child in children_of(subtree):
        yield from leaves_of(child)


def bucket_value(bucket: Bucket, path: bytes) -> bytes | None:
    """The value hash that a bucket holds for ``path``, or ``None``."""
    at = bucket.find(path)
    while at > 0 and at % LEAF_BYTES:  # bytes of two leaves that happen to look like the path
        at = bucket.find(path, at + 1)
    return None if at < 0 else bucket[at + HASH_BYTES : at + LEAF_BYTES]
