"""Proofs against the recursive definitions of RFC 6962, and against the vectors of another project."""

import json
from base64 import b64decode
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from accord_ledger.errors import ProofError
from accord_ledger.merkle import tree
from accord_ledger.merkle.proof import (
    MAX_PROOF,
    check_consistency,
    check_inclusion,
    consistency_proof,
    inclusion_path_batch,
    inclusion_proof,
    inclusion_root,
)

VECTORS = Path(__file__).resolve().parents[2].parent / "shared" / "vectors" / "merkle-rfc6962"
INCLUSION_VECTORS = 98
CONSISTENCY_VECTORS = 98
LARGEST = 130
HASHES = [tree.leaf_hash(b"leaf %d" % number) for number in range(LARGEST)]
ROOTS = [tree.root(HASHES[:size]) for size in range(LARGEST + 1)]


def cut(size: int) -> int:
    """Largest power of two below ``size``."""
    return 1 << ((size - 1).bit_length() - 1)


def naive_path(index: int, hashes: list[bytes]) -> list[bytes]:
    """PATH(m, D[n]), RFC 6962 section 2.1.1."""
    if len(hashes) == 1:
        return []
    middle = cut(len(hashes))
    if index < middle:
        return [*naive_path(index, hashes[:middle]), tree.root(hashes[middle:])]
    return [*naive_path(index - middle, hashes[middle:]), tree.root(hashes[:middle])]


def naive_subproof(size: int, hashes: list[bytes], *, whole: bool) -> list[bytes]:
    """SUBPROOF(m, D[n], b), RFC 6962 section 2.1.2."""
    if size == len(hashes):
        return [] if whole else [tree.root(hashes)]
    middle = cut(len(hashes))
    if size <= middle:
        return [*naive_subproof(size, hashes[:middle], whole=whole), tree.root(hashes[middle:])]
    return [*naive_subproof(size - middle, hashes[middle:], whole=False), tree.root(hashes[:middle])]


def complete_subtrees(level: int, index: int) -> bytes:
    """A hash reader that refuses to answer for subtrees that are not complete."""
    assert (index + 1) << level <= LARGEST
    return tree.root(HASHES[index << level : (index + 1) << level])


def refused(code: str, check: Any, *arguments: Any) -> None:
    with pytest.raises(ProofError) as caught:
        check(*arguments)
    assert caught.value.code == code


@pytest.mark.parametrize("size", range(1, LARGEST + 1))
def test_every_inclusion_proof(size: int) -> None:
    hashes = HASHES[:size]
    batch = list(inclusion_path_batch(hashes))
    assert len(batch) == size
    for index in range(size):
        path = naive_path(index, hashes)
        assert inclusion_proof(hashes, index, size) == path
        assert inclusion_proof(complete_subtrees, index, size) == path
        assert batch[index] == path
        check_inclusion(hashes[index], index, size, path, ROOTS[size])
        refused("MERKLE_INCLUSION", check_inclusion, hashes[index], index, size, path, ROOTS[size - 1])
        for other in {index ^ 1, index - 1, size - 1 - index} - {index}:
            refused("MERKLE_INCLUSION", check_inclusion, hashes[index], other, size, path, ROOTS[size])


@pytest.mark.parametrize("size2", range(1, LARGEST + 1))
def test_every_consistency_proof(size2: int) -> None:
    for size1 in range(1, size2 + 1):
        path = naive_subproof(size1, HASHES[:size2], whole=True)
        assert consistency_proof(HASHES, size1, size2) == path
        assert consistency_proof(complete_subtrees, size1, size2) == path
        check_consistency(size1, size2, path, ROOTS[size1], ROOTS[size2])
        refused("MERKLE_CONSISTENCY", check_consistency, size1, size2, path, ROOTS[size1 - 1], ROOTS[size2])
        refused("MERKLE_CONSISTENCY", check_consistency, size1, size2, path, ROOTS[size1], ROOTS[size1 - 1])


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 33, 100, 130])
def test_damaged_inclusion_proofs_are_refused(size: int) -> None:
    for index in {0, size // 2, size - 1}:
        path = inclusion_proof(HASHES, index, size)
        damaged = [[*path, bytes(32)], [bytes(32), *path], path * 30 + [bytes(32)] * (MAX_PROOF + 1)]
        damaged += [path[:at] + path[at + 1 :] for at in range(len(path))]
        damaged += [[*path[:at], path[at][:31], *path[at + 1 :]] for at in range(len(path))]
        damaged += [[*path[:at], bytes(32), *path[at + 1 :]] for at in range(len(path))]
        damaged += [[*path[:at], b, a, *path[at + 2 :]] for at, (a, b) in enumerate(pairwise(path))]
        for bad in damaged:
            refused("MERKLE_INCLUSION", check_inclusion, HASHES[index], index, size, bad, ROOTS[size])


@pytest.mark.parametrize(("size1", "size2"), [(1, 1), (1, 2), (3, 7), (4, 8), (6, 9), (64, 130), (65, 130)])
def test_damaged_consistency_proofs_are_refused(size1: int, size2: int) -> None:
    path = consistency_proof(HASHES, size1, size2)
    damaged = [[*path, bytes(32)], [bytes(32), *path], [bytes(32)] * (MAX_PROOF + 1)]
    damaged += [path[:at] + path[at + 1 :] for at in range(len(path))]
    damaged += [[*path[:at], path[at] + b"\x00", *path[at + 1 :]] for at in range(len(path))]
    damaged += [[*path[:at], bytes(32), *path[at + 1 :]] for at in range(len(path))]
    for bad in damaged:
        refused("MERKLE_CONSISTENCY", check_consistency, size1, size2, bad, ROOTS[size1], ROOTS[size2])


def test_a_hash_too_many_is_refused_even_if_it_leads_to_the_root() -> None:
    """Whoever lies about the size could otherwise show a leaf, or an older tree, at another place."""
    refused("MERKLE_INCLUSION", check_inclusion, HASHES[1], 0, 1, [HASHES[0]], ROOTS[2])
    path, other = consistency_proof(HASHES, 3, 4), bytes(32)
    check_consistency(3, 4, path, ROOTS[3], ROOTS[4])
    above = [tree.node_hash(other, ROOTS[size]) for size in (3, 4)]
    refused("MERKLE_CONSISTENCY", check_consistency, 3, 4, [*path, other], *above)


@pytest.mark.parametrize(("index", "size"), [(-1, 5), (5, 5), (0, 0), (0, 2**63), (2**70, 2**70 + 1)])
def test_places_that_do_not_exist(index: int, size: int) -> None:
    refused("MERKLE_INCLUSION", inclusion_root, HASHES[0], index, size, [])
    with pytest.raises(ValueError, match="expected"):
        inclusion_proof(HASHES, index, size)


@pytest.mark.parametrize(("size1", "size2"), [(0, 0), (0, 5), (6, 5), (-1, 5), (1, 2**63), (2**64, 2**64)])
def test_sizes_that_prove_nothing(size1: int, size2: int) -> None:
    refused("MERKLE_CONSISTENCY", check_consistency, size1, size2, [], tree.EMPTY_ROOT, tree.EMPTY_ROOT)
    if size2 <= 5:
        with pytest.raises(ValueError, match="expected"):
            consistency_proof(HASHES, size1, size2)


def test_the_largest_trees_are_within_bounds() -> None:
    """The proofs of the deepest tree there is, over a reader that answers for anything."""
    size = tree.MAX_SIZE

    def read(level: int, index: int) -> bytes:
        return bytes(32)

    assert len(inclusion_proof(read, 0, size)) == 63
    longest = max(len(consistency_proof(read, size1, size)) for size1 in (1, 2**62 + 1, 2**62 - 1, size - 1))
    assert longest <= MAX_PROOF
    inclusion_root(bytes(32), 0, size, [bytes(32)] * 63)


def load(folder: str) -> list[dict[str, Any]]:
    if not VECTORS.is_dir():
        pytest.skip(f"third-party vectors are not at {VECTORS}")
    return [json.loads(path.read_bytes()) for path in sorted((VECTORS / folder).rglob("*.json"))]


def decoded(case: dict[str, Any], name: str) -> list[bytes]:
    return [b64decode(item) for item in case[name] or []]


def test_published_inclusion_vectors() -> None:
    cases = load("inclusion")
    assert len(cases) == INCLUSION_VECTORS
    for case in cases:
        arguments = (
            b64decode(case["leafHash"]),
            case["leafIdx"],
            case["treeSize"],
            decoded(case, "proof"),
            b64decode(case["root"]),
        )
        if case["wantErr"]:
            refused("MERKLE_INCLUSION", check_inclusion, *arguments)
        else:
            check_inclusion(*arguments)


def test_published_consistency_vectors() -> None:
    cases = load("consistency")
    assert len(cases) == CONSISTENCY_VECTORS
    stricter = 0
    for case in cases:
        roots = b64decode(case["root1"]), b64decode(case["root2"])
        arguments = (case["size1"], case["size2"], decoded(case, "proof"), *roots)
        if case["wantErr"]:
            refused("MERKLE_CONSISTENCY", check_consistency, *arguments)
        elif {len(root) for root in roots} != {32}:  # the authors accept equal roots of any length
            refused("MERKLE_CONSISTENCY", check_consistency, *arguments)
            stricter += 1
        else:
            check_consistency(*arguments)
    assert stricter == 1
