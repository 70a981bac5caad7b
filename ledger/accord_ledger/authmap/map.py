"""The authenticated map of the ledger's state: keys to canonical values under one 32-byte root.

A map never changes. :meth:`AuthMap.update` gives another one that shares all that did not change, so
blocks that are not final yet can branch from one state, and the last versions can still be proved.
Equal content has equal roots, whatever the order or the batches it came in.

The map keeps hashes, not keys and values: those are in the database, and the map is rebuilt from them
at start. It costs 75 to 112 bytes a key, measured.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from itertools import pairwise
from typing import final

from accord_ledger.authmap.edit import Batch
from accord_ledger.authmap.proof import MapProof, open_level
from accord_ledger.authmap.subtree import (
    BUCKET_BYTES,
    CHILD,
    HASH_BYTES,
    KEY_PREFIX,
    LEAF_BYTES,
    VALUE_PREFIX,
    Bucket,
    Subtree,
    bucket_value,
    child_digests,
    children_of,
    grow,
    leaves_of,
    make_node,
    nibble,
    path_of,
    split_leaves,
    subtree_digest,
)


def _taken(parts: list[bytearray], octet: int) -> Subtree:
    """The subtree at depth 2 of all leaves that begin with this octet; they are not needed any more."""
    leaves = sorted(split_leaves(bytes(parts[octet])))
    parts[octet] = bytearray()
    if any(left[:HASH_BYTES] == right[:HASH_BYTES] for left, right in pairwise(leaves)):
        raise ValueError("expected each key once")
    return grow(leaves, 2, 0, len(leaves))


def _joined(children: list[Subtree]) -> Subtree:
    """The subtree of 16 children: a node, or a bucket if they hold few leaves."""
    if all(isinstance(child, bytes) for child in children):
        bucket = b"".join(children)  # type: ignore[arg-type]  # buckets, as was just seen
        if len(bucket) <= BUCKET_BYTES:
            return bucket
    return make_node(children)


@final
class AuthMap:
    """One version of the state map. Made by :meth:`empty`, :meth:`build` and :meth:`update`.

    Attributes:
        top: the subtree at depth 0; for the modules of this package.
        root: what the map commits to (32 bytes); the seal's ``state_root``.
    """

    __slots__ = ("_length", "root", "top")

    def __init__(self, top: Subtree, length: int) -> None:
        self.top = top
        self._length = length
        self.root = subtree_digest(top)

    @classmethod
    def empty(cls) -> AuthMap:
        """The map without keys."""
        return cls(b"", 0)

    @classmethod
    def build(cls, items: Iterable[tuple[bytes, bytes]]) -> AuthMap:
        """The map of these keys and values, in any order; much faster than updates.

        Raises:
            ValueError: a key comes twice.
        """
        digest = sha256
        return cls._grown(
            digest(KEY_PREFIX + key).digest() + digest(VALUE_PREFIX + value).digest() for key, value in items
        )

    @classmethod
    def build_hashed(cls, items: Iterable[tuple[bytes, bytes]]) -> AuthMap:
        """:meth:`build` from paths and value hashes (32 bytes each), as in a snapshot.

        Raises:
            ValueError: a path comes twice, or a hash has another length.
        """
        return cls._grown(_leaf(path, value_hash) for path, value_hash in items)

    @classmethod
    def _grown(cls, leaves: Iterable[bytes]) -> AuthMap:
        """The map of leaves in any order, which are kept together by their first octet until all are there.

        Not one by one: millions of small objects that live and die among those that stay leave memory that
        the process cannot give back (measured: as much again as the map itself).
        """
        parts = [bytearray() for _ in range(256)]
        for leaf in leaves:
            parts[leaf[0]] += leaf
        length = sum(map(len, parts)) // LEAF_BYTES
        return cls(
            _joined([_joined([_taken(parts, 16 * high + low) for low in range(16)]) for high in range(16)]),
            length,
        )

    def __len__(self) -> int:
        return self._length

    def contains(self, key: bytes) -> bool:
        """Whether the map holds ``key``; :meth:`value_hash` written out, as each new id is asked for."""
        path = sha256(KEY_PREFIX + key).digest()
        subtree = self.top
        for octet in path:
            if isinstance(subtree, bytes):
                break
            subtree = getattr(subtree, CHILD[octet >> 4])
            if isinstance(subtree, bytes):
                break
            subtree = getattr(subtree, CHILD[octet & 15])
        return bucket_value(subtree, path) is not None  # type: ignore[arg-type]  # buckets end every path

    def value_hash(self, key: bytes) -> bytes | None:
        """Tagged hash of the value of ``key`` (32 bytes), or ``None`` where the map does not hold it."""
        path = sha256(KEY_PREFIX + key).digest()
        return bucket_value(self._bucket(path), path)

    def value_hash_at(self, path: bytes) -> bytes | None:
        """:meth:`value_hash` for whoever has the path (32 bytes)."""
        return bucket_value(self._bucket(path), path)

    def _bucket(self, path: bytes) -> Bucket:
        """The bucket that a path belongs to."""
        subtree, depth = self.top, 0
        while not isinstance(subtree, bytes):
            subtree = getattr(subtree, CHILD[nibble(path, depth)])
            depth += 1
        return subtree

    def update(self, changes: Mapping[bytes, bytes | None]) -> AuthMap:
        """The map after all changes: a new value for a key, or ``None`` to delete it (if it is there)."""
        digest = sha256
        return self._edited(
            [
                digest(KEY_PREFIX + key).digest() + digest(VALUE_PREFIX + value).digest()
                if value is not None
                else digest(KEY_PREFIX + key).digest()
                for key, value in changes.items()
            ]
        )

    def update_hashed(self, changes: Mapping[bytes, bytes | None]) -> AuthMap:
        """:meth:`update` with paths and value hashes (32 bytes each).

        Raises:
            ValueError: a hash has another length.
        """
        return self._edited(
            [_hash(path) if new is None else _leaf(path, new) for path, new in changes.items()]
        )

    def _edited(self, edits: list[bytes]) -> AuthMap:
        edits.sort()
        batch = Batch(edits)
        top = batch.apply(self.top)
        return self if top is self.top else AuthMap(top, self._length + batch.growth)

    def prove(self, key: bytes) -> MapProof:
        """Proof of the value of ``key``, or of its absence."""
        return self.prove_path(path_of(key))

    def prove_path(self, path: bytes) -> MapProof:
        """:meth:`prove` for whoever has the path (32 bytes)."""
        subtree = self.top
        levels: list[bytes] = []
        while not isinstance(subtree, bytes):
            slot = nibble(path, len(levels))
            levels.append(open_level(child_digests(subtree), slot))
            subtree = getattr(subtree, CHILD[slot])
        return MapProof(levels=tuple(levels), bucket=subtree)

    def leaves(self) -> Iterator[tuple[bytes, bytes]]:
        """Every path and value hash, in byte order of paths."""
        for leaf in leaves_of(self.top):
            yield leaf[:HASH_BYTES], leaf[HASH_BYTES:]

    def __repr__(self) -> str:
        return f"AuthMap({self._length} keys, root {self.root.hex()[:16]})"


def diff(left: AuthMap, right: AuthMap) -> list[bytes]:
    """Paths that only one of two maps holds, or that have different values, in byte order.

    Equal subtrees are skipped, so the cost goes with the difference and not with the maps.
    """
    return [] if left.root == right.root else _differing(left.top, right.top)


def _differing(left: Subtree, right: Subtree) -> list[bytes]:
    if isinstance(left, bytes) or isinstance(right, bytes):
        changed = set(leaves_of(left)) ^ set(leaves_of(right))
        return sorted({leaf[:HASH_BYTES] for leaf in changed})
    pairs = zip(child_digests(left), child_digests(right), strict=True)
    unequal = [slot for slot, (one, other) in enumerate(pairs) if one != other]
    ours, theirs = children_of(left), children_of(right)
    return [path for slot in unequal for path in _differing(ours[slot], theirs[slot])]


def _leaf(path: bytes, value_hash: bytes) -> bytes:
    return _hash(path) + _hash(value_hash)


def _hash(value: bytes) -> bytes:
    if len(value) != HASH_BYTES:
        raise ValueError(f"expected {HASH_BYTES} bytes, got {len(value)}")
    return value
