"""Proofs that the state map holds a key with a value, or does not hold it.

A proof opens the one bucket that a key can be in: the whole bucket, and for every node above it the
hashes of the other children. Given a root and a key there is one proof and one encoding of it; the
same proof shows presence of every key in its bucket and absence of every other key that belongs there.

What a verifier refuses, besides a hash that does not lead to the root:

- leaves outside the bucket's place, out of order, twice, or more than 16: nothing can be hidden where
  the search for a key would not look;
- a sibling given as present that is empty, or a bit set for the child that is being opened: both would
  be second encodings of the same proof;
- a node whose only child is a bucket: those leaves would have to be one bucket, a level up. (Other
  nodes with too few leaves cannot be seen in a proof; see :mod:`accord_ledger.authmap.subtree` for why
  hashes do not commit to counts.)
"""

from __future__ import annotations

from hashlib import sha256
from typing import Annotated, Final

from msgspec import Meta

from accord_ledger.authmap.subtree import (
    BUCKET_BYTES,
    BUCKET_LEAVES,
    EMPTY_ROOT,
    FANOUT,
    HASH_BYTES,
    LEAF_BYTES,
    MAX_NODES,
    NODE_PREFIX,
    bucket_value,
    nibble,
    path_of,
    split_leaves,
    value_digest,
)
from accord_ledger.codec import Wire
from accord_ledger.errors import ProofError
from accord_ledger.tags import Tag

BITMAP_BYTES: Final = 2
LEVEL_BYTES: Final = BITMAP_BYTES + (FANOUT - 1) * HASH_BYTES
_ALL_BUT: Final = tuple((0xFFFF ^ 1 << own).to_bytes(BITMAP_BYTES, "big") for own in range(FANOUT))
"""Bitmap of a node whose children are all there, by the child that a path takes."""

Level = Annotated[bytes, Meta(min_length=BITMAP_BYTES, max_length=LEVEL_BYTES)]


class MapProof(Wire):
    """The opening of one bucket of the state map."""

    levels: Annotated[tuple[Level, ...], Meta(max_length=MAX_NODES)] = ()
    """One item for a node, from the root down: a bitmap (2 bytes, big-endian; bit i stands for the child
    of nibble i) of the children that are neither empty nor on the key's path, then their hashes."""

    bucket: Annotated[bytes, Meta(max_length=BUCKET_BYTES)] = b""
    """The bucket's leaves (path and value hash, 64 bytes each), in byte order of paths."""


def check_presence(root: bytes, key: bytes, value: bytes, proof: MapProof) -> None:
    """Raise ``ProofError`` ``MAP_PRESENCE`` unless the map of this root holds ``key`` with ``value``."""
    check_path_presence(root, path_of(key), value_digest(value), proof)


def check_absence(root: bytes, key: bytes, proof: MapProof) -> None:
    """Raise ``ProofError`` ``MAP_ABSENCE`` unless the map of this root does not hold ``key``."""
    check_path_absence(root, path_of(key), proof)


def check_path_presence(root: bytes, path: bytes, value_hash: bytes, proof: MapProof) -> None:
    """:func:`check_presence` for whoever has the path (32 bytes) and the value's hash (32 bytes)."""
    _check_opening(root, path, proof, "MAP_PRESENCE")
    found = bucket_value(proof.bucket, path)
    if found != value_hash:
        got = found.hex() if found is not None else "no such leaf"
        raise ProofError("MAP_PRESENCE", f"expected value hash {value_hash.hex()} at {path.hex()}, got {got}")


def check_path_absence(root: bytes, path: bytes, proof: MapProof) -> None:
    """:func:`check_absence` for whoever has the path (32 bytes)."""
    _check_opening(root, path, proof, "MAP_ABSENCE")
    if bucket_value(proof.bucket, path) is not None:
        raise ProofError("MAP_ABSENCE", f"expected no leaf at {path.hex()}, got one")


def _check_opening(root: bytes, path: bytes, proof: MapProof, code: str) -> None:
    """Raise unless ``proof`` is the opening, under ``root``, of the bucket that ``path`` belongs to."""
    if len(path) != HASH_BYTES:
        raise ValueError(f"expected a path of {HASH_BYTES} bytes, got {len(path)}")
    if len(proof.levels) > MAX_NODES:
        raise ProofError(code, f"expected at most {MAX_NODES} levels, got {len(proof.levels)}", path="levels")
    _check_bucket(path, proof, code)
    digest = Tag.STATE_BUCKET.digest(proof.bucket)
    for depth in range(len(proof.levels) - 1, -1, -1):
        digest = _node(proof.levels[depth], nibble(path, depth), digest, code, depth)
    if digest != root:
        raise ProofError(code, f"expected root {root.hex()}, got {digest.hex()}")


def _check_bucket(path: bytes, proof: MapProof, code: str) -> None:
    size = len(proof.bucket)
    if size % LEAF_BYTES or size > BUCKET_BYTES:
        raise ProofError(
            code,
            f"expected at most {BUCKET_LEAVES} leaves of {LEAF_BYTES} bytes, got {size} bytes",
            path="bucket",
        )
    paths = [leaf[:HASH_BYTES] for leaf in split_leaves(proof.bucket)]
    if paths != sorted(set(paths)):
        raise ProofError(code, "expected leaves in byte order of paths, each once", path="bucket")
    shared = path.hex()[: len(proof.levels)]
    # in byte order: what the first and the last begin with, all do
    if not all(other.hex().startswith(shared) for other in (*paths[:1], *paths[-1:])):
        raise ProofError(code, f"expected only paths that begin with {shared}", path="bucket")
    if proof.levels and proof.levels[-1] == bytes(BITMAP_BYTES):
        raise ProofError(code, "expected a node of more than 16 leaves above the bucket", path="levels")


def _node(level: bytes, own: int, digest: bytes, code: str, depth: int) -> bytes:
    """Hash of the node that a level opens, whose child ``own`` has this digest."""
    at = BITMAP_BYTES + own * HASH_BYTES
    if len(level) == LEVEL_BYTES and level[:BITMAP_BYTES] == _ALL_BUT[own] and EMPTY_ROOT not in level:
        return sha256(NODE_PREFIX + level[BITMAP_BYTES:at] + digest + level[at:]).digest()  # a full node
    children = _siblings(level, own, code, f"levels[{depth}]")
    children[own] = digest
    return Tag.STATE_NODE.digest(*children)


def _siblings(level: bytes, own: int, code: str, where: str) -> list[bytes]:
    """The 16 hashes of a node's children as a proof gives them; that of child ``own`` is still empty."""
    bitmap = int.from_bytes(level[:BITMAP_BYTES], "big")
    expected = BITMAP_BYTES + bitmap.bit_count() * HASH_BYTES
    if len(level) != expected:
        raise ProofError(code, f"expected {expected} bytes for this bitmap, got {len(level)}", path=where)
    if bitmap >> own & 1:
        raise ProofError(code, f"expected no sibling at nibble {own}, which the path takes", path=where)
    children, at = [EMPTY_ROOT] * FANOUT, BITMAP_BYTES
    for slot in range(FANOUT):
        if bitmap >> slot & 1:
            children[slot] = level[at : at + HASH_BYTES]
            at += HASH_BYTES
            if children[slot] == EMPTY_ROOT:
                raise ProofError(
                    code, f"expected the hash of a child that is not empty at nibble {slot}", path=where
                )
    return children


def open_level(digests: list[bytes], own: int) -> bytes:
    """The item of :attr:`MapProof.levels` for a node with these 16 child hashes on a path through ``own``."""
    kept = [slot for slot, digest in enumerate(digests) if slot != own and digest != EMPTY_ROOT]
    bitmap = sum(1 << slot for slot in kept)
    return bitmap.to_bytes(BITMAP_BYTES, "big") + b"".join([digests[slot] for slot in kept])
