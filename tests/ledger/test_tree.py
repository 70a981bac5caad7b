"""Roots and frontiers against the recursive definition of RFC 6962 section 2.1."""

import random
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord_ledger.errors import ProofError
from accord_ledger.merkle import tree
from accord_ledger.merkle.tree import Frontier

LARGEST = 130

CT_LEAVES = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
]
"""Leaves of the Certificate Transparency reference tests, and below their roots at sizes 0 to 8."""
CT_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def leaves(count: int) -> list[bytes]:
    return [b"leaf %d" % number for number in range(count)]


def naive_root(data: list[bytes]) -> bytes:
    """MTH(D[n]) as RFC 6962 writes it."""
    if not data:
        return sha256(b"").digest()
    if len(data) == 1:
        return sha256(b"\x00" + data[0]).digest()
    cut = 1
    while cut * 2 < len(data):
        cut *= 2
    return sha256(b"\x01" + naive_root(data[:cut]) + naive_root(data[cut:])).digest()


def test_published_roots_of_certificate_transparency() -> None:
    data = [bytes.fromhex(leaf) for leaf in CT_LEAVES]
    assert [tree.root_of(data[:size]).hex() for size in range(9)] == CT_ROOTS
    assert tree.EMPTY_ROOT.hex() == CT_ROOTS[0]


@pytest.mark.parametrize("size", range(LARGEST + 1))
def test_root_is_the_recursive_definition(size: int) -> None:
    hashes = [tree.leaf_hash(leaf) for leaf in leaves(size)]
    wanted = naive_root(leaves(size))
    assert tree.root(hashes) == wanted
    assert tree.root(tuple(hashes)) == wanted
    assert (list(tree.rows(hashes)[-1]) or [tree.EMPTY_ROOT]) == [wanted]
    assert Frontier.empty().extend(hashes).root() == wanted


def test_rows_hold_every_level() -> None:
    hashes = [tree.leaf_hash(leaf) for leaf in leaves(5)]
    first, second = tree.node_hash(hashes[0], hashes[1]), tree.node_hash(hashes[2], hashes[3])
    above = tree.node_hash(first, second)
    last = hashes[4]
    assert tree.rows(hashes) == [
        hashes,
        [first, second, last],
        [above, last],
        [tree.node_hash(above, last)],
    ]


def test_frontier_grows_the_same_in_any_steps() -> None:
    hashes = [tree.leaf_hash(leaf) for leaf in leaves(LARGEST)]
    whole = [Frontier.empty().extend(hashes[:size]) for size in range(LARGEST + 1)]
    for size, before in enumerate(whole):
        for grown in range(size, LARGEST + 1):
            assert before.extend(hashes[size:grown]) == whole[grown]


@given(st.lists(st.integers(0, 700), max_size=8))
def test_frontier_grows_in_large_steps(steps: list[int]) -> None:
    source = random.Random(0)
    frontier, hashes = Frontier.empty(), []
    for step in steps:
        more = [source.randbytes(32) for _ in range(step)]
        hashes += more
        frontier = frontier.extend(more)
    assert frontier.size == len(hashes)
    assert len(frontier.hashes) == frontier.size.bit_count()
    assert frontier.root() == tree.root(hashes)


def test_frontiers_branch() -> None:
    base = Frontier.empty().extend([tree.leaf_hash(leaf) for leaf in leaves(7)])
    kept = base.hashes
    one, other = base.extend([tree.leaf_hash(b"one")]), base.extend([tree.leaf_hash(b"other")])
    assert one.root() != other.root()
    assert base.hashes == kept
    assert one.root() == tree.root_of([*leaves(7), b"one"])


def test_open_accepts_only_what_gives_the_root() -> None:
    good = Frontier.empty().extend([tree.leaf_hash(leaf) for leaf in leaves(11)])
    assert Frontier.open(11, list(good.hashes), good.root()) == good
    assert Frontier.open(0, [], tree.EMPTY_ROOT) == Frontier.empty()


@pytest.mark.parametrize(
    ("size", "hashes"),
    [
        (11, []),
        (11, [bytes(32), bytes(32), bytes(32)]),
        (11, [b"", b"", b""]),
        (-1, [bytes(32)]),
        (2**63, [bytes(32)]),
        (0, [bytes(32)]),
    ],
)
def test_open_refuses(size: int, hashes: list[bytes]) -> None:
    wanted = naive_root(leaves(11))
    with pytest.raises(ProofError) as caught:
        Frontier.open(size, hashes, wanted)
    assert caught.value.code == "MERKLE_FRONTIER"
