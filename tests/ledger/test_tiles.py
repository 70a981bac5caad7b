"""Tiles against the definition in C2SP tlog-tiles: each hash of tile (l, n) is an MTH over 256**l leaves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord_ledger.errors import DecodeError, ProofError
from accord_ledger.merkle import tree
from accord_ledger.merkle.proof import consistency_proof, inclusion_proof
from accord_ledger.merkle.tiles import (
    AuthenticTiles,
    Bundle,
    Tile,
    TileEdge,
    edge_tiles,
    entries_path,
    pack_entries,
    parse_path,
    partial_widths,
    root_from_tiles,
    tile_path,
    tiles_for,
    tiles_for_consistency,
    tiles_for_inclusion,
    unpack_entries,
    unpack_hashes,
)

LARGE = 66_000
"""A tree with a full tile at level 1 and a tile at level 2."""
HASHES = [tree.leaf_hash(b"leaf %d" % number) for number in range(LARGE)]
AROUND_TILES = [254, 255, 256, 257, 511, 512, 513, 700]
EMPTY_EDGE = TileEdge(0, ())

Store = dict[Tile, bytes]


def naive_tile(tile: Tile) -> bytes:
    """MTH(D[(n * 256 + i) * 256**l : (n * 256 + i + 1) * 256**l]) for each i."""
    span = 256**tile.level
    firsts = [(tile.index * 256 + at) * span for at in range(tile.width)]
    return b"".join(tree.root(HASHES[first : first + span]) for first in firsts)


def hash_tiles(old: int, new: int) -> list[Tile]:
    return [item for item in tiles_for(old, new) if isinstance(item, Tile)]


def naive_store(size: int) -> Store:
    return {tile: naive_tile(tile) for tile in hash_tiles(0, size)}


def test_paths_of_the_specification() -> None:
    assert tile_path(0, 1234067) == "tile/0/x001/x234/067"
    assert tile_path(3, 0, 17) == "tile/3/000.p/17"
    assert entries_path(999) == "tile/entries/999"
    assert entries_path(1000, 1) == "tile/entries/x001/000.p/1"


@given(st.integers(0, 7), st.integers(0, 2**55 - 1), st.integers(1, 256))
def test_paths_are_read_back(level: int, index: int, width: int) -> None:
    assert parse_path(tile_path(level, index, width)) == Tile(level, index, width)
    assert parse_path(entries_path(index, width)) == Bundle(index, width)


OTHER_SPELLINGS = """
tile/0/1 tile/0/0001 tile/0/x000/001 tile/0/001/002 tile/0/x001 tile/0/001.p/0 tile/0/001.p/256 tile/0/001.p/01
tile/00/001 tile/-1/001 tile/8/001 tile/64/001 tile/x/001 tile/entry/001 tile/0/001/ /tile/0/001 tile/0/001.p
tile/0/x999/x999/x999/x999/x999/x999/999 tile/0/x000/x001/000 tile/0/٠٠١ tile/0/001.p/-1 checkpoint
tile/0/../001 tile/0/001.p/1/2 tile/entries/x1/001 tile/0/001.P/5
"""


@pytest.mark.parametrize("path", OTHER_SPELLINGS.split())
def test_other_spellings_are_refused(path: str) -> None:
    with pytest.raises(DecodeError) as caught:
        parse_path(path)
    assert caught.value.code == "TILE_PATH"


@pytest.mark.parametrize("tail", ["\n", "\x00", "/" * 100_000])
def test_no_bytes_may_follow_a_path(tail: str) -> None:
    with pytest.raises(DecodeError):
        parse_path("tile/0/001" + tail)


@pytest.mark.parametrize("place", [(-1, 0, 1), (8, 0, 1), (0, -1, 1), (0, 0, 0), (0, 0, 257), (0, 2**55, 1)])
def test_there_is_no_path_for_what_cannot_exist(place: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="tile"):
        tile_path(*place)


def test_the_example_of_the_specification() -> None:
    assert partial_widths(70_000) == [112, 17, 1]
    assert edge_tiles(70_000) == [Tile(0, 273, 112), Tile(1, 1, 17), Tile(2, 0, 1)]
    tiles = hash_tiles(0, 70_000)
    assert sum(tile.width == 256 and tile.level == 0 for tile in tiles) == 273
    assert [tile for tile in tiles if tile.level == 1] == [Tile(1, 0), Tile(1, 1, 17)]
    assert hash_tiles(0, 256) == [Tile(0, 0), Tile(1, 0, 1)]
    assert partial_widths(256) == [0, 1]


@pytest.mark.parametrize("new", [*range(131), *AROUND_TILES, 65_535, 65_536, 65_537])
def test_growth_creates_what_the_old_tree_lacked(new: int) -> None:
    for old in {0, 1, new // 2, new - 255, new - 1, new} & set(range(new + 1)):
        before, after = set(tiles_for(0, old)), set(tiles_for(0, new))
        created = tiles_for(old, new)
        assert set(created) == after - before
        assert len(created) == len(set(created))
        assert [item for item in created if isinstance(item, Bundle)] == [
            Bundle(tile.index, tile.width) for tile in created if isinstance(tile, Tile) and not tile.level
        ]


@pytest.mark.parametrize(("old", "new"), [(-1, 5), (6, 5), (0, 2**63)])
def test_a_log_never_shrinks(old: int, new: int) -> None:
    with pytest.raises(ValueError, match="growing"):
        tiles_for(old, new)


@pytest.mark.parametrize("size", [*range(131), *AROUND_TILES])
def test_every_tile_and_every_proof_from_tiles(size: int) -> None:
    store, root = naive_store(size), tree.root(HASHES[:size])
    edge, tiles = EMPTY_EDGE.extend(HASHES[:size])
    assert dict(tiles) == store
    assert edge == TileEdge.load(store.__getitem__, size)
    assert edge.frontier() == tree.Frontier.empty().extend(HASHES[:size])
    assert root_from_tiles(store.__getitem__, size) == root
    reader = AuthenticTiles(store.__getitem__, size, root)
    some = range(size) if size <= 130 else (0, 1, 253, size - 2, size - 1)
    for index in some:
        assert inclusion_proof(reader, index, size) == inclusion_proof(HASHES, index, size)
        assert consistency_proof(reader, index + 1, size) == consistency_proof(HASHES, index + 1, size)
    for level in range(size.bit_length()):
        for index in range(size >> level):
            assert reader(level, index) == tree.root(HASHES[index << level : (index + 1) << level])


@given(st.lists(st.integers(0, 600), max_size=6))
def test_an_edge_grows_in_any_steps(steps: list[int]) -> None:
    edge, size = EMPTY_EDGE, 0
    store: Store = {}
    for step in steps:
        after, tiles = edge.extend(HASHES[size : size + step])
        assert [tile for tile, _ in tiles] == hash_tiles(size, size + step)
        store.update(tiles)
        edge, size = after, size + step
    assert edge.frontier() == tree.Frontier.empty().extend(HASHES[:size])
    assert edge == TileEdge.load(store.__getitem__, size)


class Recording:
    """A tile reader that remembers what was asked of it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.asked: set[Tile] = set()

    def __call__(self, tile: Tile) -> bytes:
        self.asked.add(tile)
        return self.store[tile]


def test_a_large_tree_is_proved_from_the_tiles_that_were_announced() -> None:
    _, tiles = EMPTY_EDGE.extend(HASHES)
    store, root = dict(tiles), tree.root(HASHES)
    for tile in (Tile(0, 0), Tile(0, 257, 208), Tile(1, 0), Tile(1, 1, 1), Tile(2, 0, 1)):
        assert store[tile] == naive_tile(tile)
    for index in (0, 255, 40_000, 65_535, 65_536, LARGE - 1):
        read = Recording(store)
        path = inclusion_proof(AuthenticTiles(read, LARGE, root), index, LARGE)
        assert path == inclusion_proof(HASHES, index, LARGE)
        assert read.asked == set(tiles_for_inclusion(index, LARGE))
        assert len(read.asked) <= 6
    for size1 in (1, 256, 40_001, 65_536, 65_537):
        read = Recording(store)
        proof = consistency_proof(AuthenticTiles(read, LARGE, root), size1, LARGE)
        assert proof == consistency_proof(HASHES, size1, LARGE)
        assert read.asked == set(tiles_for_consistency(size1, LARGE))


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


@pytest.mark.parametrize("tile", [Tile(0, 0), Tile(0, 1), Tile(0, 2, 188), Tile(1, 0, 2)])
@pytest.mark.parametrize("damage", ["flip", "cut", "longer", "empty"])
def test_a_lying_tile_gives_no_hash(tile: Tile, damage: str) -> None:
    store, root = naive_store(700), tree.root(HASHES[:700])
    data = store[tile]
    store[tile] = {"flip": flipped(data, 40), "cut": data[:-1], "longer": data + data[:32], "empty": b""}[
        damage
    ]
    with pytest.raises(ProofError if damage == "flip" else DecodeError) as caught:
        AuthenticTiles(store.__getitem__, 700, root).tile(tile.level, tile.index)
    assert caught.value.code == ("MERKLE_TILE" if damage == "flip" else "TILE_HASHES")


def test_tiles_of_another_tree_or_size_are_refused() -> None:
    store, root = naive_store(700), tree.root(HASHES[:701])
    with pytest.raises(ProofError) as caught:
        AuthenticTiles(store.__getitem__, 700, root)
    assert caught.value.code == "MERKLE_TILE"


def test_a_reader_has_no_hash_beyond_its_tree() -> None:
    reader = AuthenticTiles(naive_store(300).__getitem__, 300, tree.root(HASHES[:300]))
    for level, index in ((0, 300), (8, 1), (9, 0), (0, -1), (64, 0)):
        with pytest.raises(ValueError, match="no complete subtree"):
            reader(level, index)


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=256))
def test_entries_are_read_back(entries: list[bytes]) -> None:
    assert unpack_entries(pack_entries(entries), len(entries)) == entries


def test_entries_are_behind_their_length() -> None:
    assert pack_entries([b"", b"ab", bytes(65_535)]) == b"\x00\x00\x00\x02ab\xff\xff" + bytes(65_535)


@pytest.mark.parametrize("entries", [[], [b""] * 257, [bytes(65_536)]])
def test_what_fits_no_bundle(entries: list[bytes]) -> None:
    with pytest.raises(ValueError, match="expected"):
        pack_entries(entries)


@pytest.mark.parametrize(
    ("data", "width"),
    [(b"", 1), (b"\x00", 1), (b"\x00\x02a", 1), (b"\x00\x01ab", 1), (b"\x00\x01a", 2), (b"\x00\x00", 0)],
)
def test_damaged_bundles_are_refused(data: bytes, width: int) -> None:
    with pytest.raises(DecodeError) as caught:
        unpack_entries(data, width)
    assert caught.value.code == "TILE_ENTRIES"


@given(st.binary(max_size=300), st.integers(0, 256))
def test_bytes_from_anyone_are_a_bundle_or_a_named_error(data: bytes, width: int) -> None:
    named = None
    try:
        entries = unpack_entries(data, width)
    except DecodeError as error:
        named, entries = error.code, []
    bundle = b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)
    assert named == "TILE_ENTRIES" if named else bundle == data


def test_hash_tiles_have_whole_hashes() -> None:
    assert unpack_hashes(bytes(64), 2) == [bytes(32), bytes(32)]
    with pytest.raises(DecodeError) as caught:
        unpack_hashes(bytes(63), 2)
    assert caught.value.code == "TILE_HASHES"


def test_a_reader_forgets_old_tiles() -> None:
    store = dict(EMPTY_EDGE.extend(HASHES[:2000])[1])
    reader = AuthenticTiles(store.__getitem__, 2000, tree.root(HASHES[:2000]), keep=2)
    assert [reader(0, index) for index in range(2000)] == HASHES[:2000]
    assert len(reader._tiles) == 2
