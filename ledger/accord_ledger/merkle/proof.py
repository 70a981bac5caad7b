"""Inclusion and consistency proofs of RFC 6962 (2.1.1, 2.1.2): made here, judged here.

Proofs are made from a list of leaf hashes or from a *hash reader*, a function ``(level, index)`` that
gives the root of the complete subtree over leaves ``index * 2**level`` up to ``(index + 1) * 2**level``;
tiles are such a reader. Checks take anything from anyone: the work is bounded by 63 hashes, and the only
outcomes are silence or a ``ProofError``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from typing import Final

from accord_ledger.errors import ProofError
from accord_ledger.merkle import tree
from accord_ledger.merkle.tree import HASH_BYTES, MAX_SIZE, node_hash

HashReader = Callable[[int, int], bytes]
"""``(level, index)`` to the root of that complete subtree."""

MAX_PROOF: Final = 64
"""Longest consistency proof a tree of ``MAX_SIZE`` can have; an inclusion proof has at most 63 hashes."""


def _reader(source: Sequence[bytes] | HashReader, size: int) -> HashReader:
    if callable(source):
        return source
    if len(source) < size:
        raise ValueError(f"expected at least {size} leaf hashes, got {len(source)}")
    return lambda level, index: tree.root(source[index << level : (index + 1) << level])


def _range_hash(read: HashReader, start: int, end: int) -> bytes:
    """Root over leaves ``start`` to ``end``; ``start`` is aligned to the range, as in every proof."""
    parts = []
    while start < end:
        level = (end - start).bit_length() - 1
        parts.append(read(level, start >> level))
        start += 1 << level
    return tree.fold(parts)


def _split(start: int, end: int) -> int:
    """Where RFC 6962 cuts a range: after the largest power of two below its length."""
    return start + (1 << ((end - start - 1).bit_length() - 1))


def inclusion_proof(source: Sequence[bytes] | HashReader, index: int, size: int) -> list[bytes]:
    """Sibling hashes from leaf ``index`` up to the root of the first ``size`` leaves.

    Raises:
        ValueError: there is no such leaf; a programmer's error.
    """
    if not 0 <= index < size:
        raise ValueError(f"expected 0 <= index < size, got index {index} and size {size}")
    read, ranges, start, end = _reader(source, size), [], 0, size
    while end - start > 1:
        middle = _split(start, end)
        if index < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    return [_range_hash(read, *pair) for pair in reversed(ranges)]


def consistency_proof(source: Sequence[bytes] | HashReader, size1: int, size2: int) -> list[bytes]:
    """Proof that the first ``size1`` leaves of the tree of ``size2`` leaves are the older tree.

    Raises:
        ValueError: not 0 < size1 <= size2. The empty tree is a prefix of every tree and proves nothing.
    """
    if not 0 < size1 <= size2:
        raise ValueError(f"expected 0 < size1 <= size2, got {size1} and {size2}")
    read, ranges, start, end = _reader(source, size2), [], 0, size2
    while size1 != end:
        middle = _split(start, end)
        if size1 <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    if start:  # otherwise the older root itself is on the path, and the verifier has it
        ranges.append((start, end))
    return [_range_hash(read, *pair) for pair in reversed(ranges)]


def inclusion_path_batch(leaf_hashes: Sequence[bytes]) -> Iterator[list[bytes]]:
    """The inclusion proof of every leaf in turn; the tree is hashed once, a proof costs only look-ups."""
    levels = tree.rows(leaf_hashes)[:-1]
    for leaf in range(len(leaf_hashes)):
        index, path = leaf, []
        for row in levels:
            sibling = index ^ 1
            if sibling < len(row):
                path.append(row[sibling])
            index >>= 1
        yield path


def inclusion_root(leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """The root that this proof leads to (RFC 9162 section 2.1.3.2); the caller compares it.

    Raises:
        ProofError: ``MERKLE_INCLUSION``: the proof has the wrong length or shape for that place.
    """
    _check_lengths("MERKLE_INCLUSION", proof, leaf_hash)
    if not 0 <= index < size <= MAX_SIZE:
        raise ProofError("MERKLE_INCLUSION", f"expected 0 <= index < size, got {index} and {size}")
    position, last, above, digest = index, size - 1, leaf_hash, sha256  # ``node_hash``, written out
    for sibling in proof:
        if not last:
            raise ProofError("MERKLE_INCLUSION", f"got {len(proof)} hashes, too many for {index} of {size}")
        if position & 1 or position == last:
            above = digest(b"\x01" + sibling + above).digest()
            while not position & 1 and position:  # levels at which this node had no sibling
                position, last = position >> 1, last >> 1
        else:
            above = digest(b"\x01" + above + sibling).digest()
        position, last = position >> 1, last >> 1
    if last:
        raise ProofError("MERKLE_INCLUSION", f"got {len(proof)} hashes, too few for {index} of {size}")
    return above


def check_inclusion(leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Raise ``ProofError`` ``MERKLE_INCLUSION`` unless the leaf stands at ``index`` under ``root``."""
    got = inclusion_root(leaf_hash, index, size, proof)
    if got != root:
        raise ProofError("MERKLE_INCLUSION", f"expected root {root.hex()}, got {got.hex()}")


def check_consistency(size1: int, size2: int, proof: Sequence[bytes], root1: bytes, root2: bytes) -> None:
    """Raise ``ProofError`` ``MERKLE_CONSISTENCY`` unless the second tree continues the first.

    RFC 9162 section 2.1.4.2. ``size1`` of zero is refused: it would prove nothing.
    """
    code = "MERKLE_CONSISTENCY"
    _check_lengths(code, proof, root1, root2)
    if not 0 < size1 <= size2 <= MAX_SIZE:
        raise ProofError(code, f"expected 0 < size1 <= size2, got {size1} and {size2}")
    if size1 == size2:
        if proof or root1 != root2:
            raise ProofError(code, f"expected equal roots and no proof at equal sizes {size1}")
        return
    path = [root1, *proof] if size1.bit_count() == 1 else list(proof)
    if not path:
        raise ProofError(code, f"got an empty proof from {size1} to {size2}")
    got1, got2 = _consistency_roots(size1, size2, path)
    if got1 != root1:
        raise ProofError(code, f"expected older root {root1.hex()}, got {got1.hex()}")
    if got2 != root2:
        raise ProofError(code, f"expected newer root {root2.hex()}, got {got2.hex()}")


def _consistency_roots(size1: int, size2: int, path: Sequence[bytes]) -> tuple[bytes, bytes]:
    position, last = size1 - 1, size2 - 1
    while position & 1:  # up to the largest complete subtree at the older tree's right edge
        position, last = position >> 1, last >> 1
    older = newer = path[0]
    for item in path[1:]:
        if not last:
            raise ProofError("MERKLE_CONSISTENCY", f"got too many hashes from {size1} to {size2}")
        if position & 1 or position == last:
            older, newer = node_hash(item, older), node_hash(item, newer)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            newer = node_hash(newer, item)
        position, last = position >> 1, last >> 1
    if last:
        raise ProofError("MERKLE_CONSISTENCY", f"got too few hashes from {size1} to {size2}")
    return older, newer


def _check_lengths(code: str, proof: Sequence[bytes], *others: bytes) -> None:
    if len(proof) > MAX_PROOF:
        raise ProofError(code, f"expected at most {MAX_PROOF} hashes, got {len(proof)}")
    for item in (*others, *proof):
        if len(item) != HASH_BYTES:
            raise ProofError(code, f"expected hashes of {HASH_BYTES} bytes, got {len(item)}")
