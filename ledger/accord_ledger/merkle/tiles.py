"""C2SP tlog-tiles: the static files in which a log keeps its hashes and its entries.

A hash tile at level ``l`` holds up to 256 roots of complete subtrees of ``256**l`` leaves; the root of a
full tile is one hash of the tile above it. An entry bundle holds up to 256 entries. The rightmost ones
are partial, with their width in their path. Paths have no leading slash.

:class:`TileEdge` writes tiles as a log grows. :class:`AuthenticTiles` reads tiles that anyone may have
written: it gives no hash that does not lead to the trusted root.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from accord_ledger.errors import DecodeError, ProofError
from accord_ledger.merkle import tree
from accord_ledger.merkle.proof import HashReader, consistency_proof, inclusion_proof
from accord_ledger.merkle.tree import EMPTY_ROOT, HASH_BYTES, MAX_SIZE, Frontier

TILE_HEIGHT: Final = 8
TILE_WIDTH: Final = 256

MAX_TILE_LEVEL: Final = 7
"""Highest level that a tree of ``MAX_SIZE`` leaves has tiles at."""

MAX_BUNDLE_BYTES: Final = TILE_WIDTH * (2 + 0xFFFF)
"""Largest entry bundle: 256 entries of 65,535 bytes, each behind its u16 length."""

MAX_CACHED_TILES: Final = 1024
"""Tiles that one :class:`AuthenticTiles` keeps in memory (about 20 MB)."""

_PATH = re.compile(r"tile/(entries|[0-9])/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


@dataclass(frozen=True, slots=True)
class Tile:
    """A hash tile."""

    level: int
    index: int
    width: int = TILE_WIDTH
    """Number of hashes, 1 to 256; a full tile has 256."""

    @property
    def path(self) -> str:
        """``tile/<level>/<index>[.p/<width>]``."""
        return tile_path(self.level, self.index, self.width)


@dataclass(frozen=True, slots=True)
class Bundle:
    """An entry bundle."""

    index: int
    width: int = TILE_WIDTH
    """Number of entries, 1 to 256."""

    @property
    def path(self) -> str:
        """``tile/entries/<index>[.p/<width>]``."""
        return entries_path(self.index, self.width)


class TileReader(Protocol):
    """Where the bytes of a tile come from: a disk, a web server, a dictionary."""

    def __call__(self, tile: Tile, /) -> bytes:
        """Exactly the ``32 * tile.width`` bytes of that tile, not yet trusted.

        A partial tile may be gone once the full one exists: then cut its bytes from the full one.
        """


def _place(index: int, width: int) -> str:
    if not (0 <= index <= MAX_SIZE >> TILE_HEIGHT and 1 <= width <= TILE_WIDTH):
        raise ValueError(f"no such tile: index {index}, width {width}")
    place = f"{index % 1000:03d}"
    while index := index // 1000:
        place = f"x{index % 1000:03d}/{place}"
    return place if width == TILE_WIDTH else f"{place}.p/{width}"


def tile_path(level: int, index: int, width: int = TILE_WIDTH) -> str:
    """Path of a hash tile: ``tile_path(0, 1234067)`` is ``tile/0/x001/x234/067``."""
    if not 0 <= level <= MAX_TILE_LEVEL:
        raise ValueError(f"expected a tile level of 0 to {MAX_TILE_LEVEL}, got {level}")
    return f"tile/{level}/{_place(index, width)}"


def entries_path(index: int, width: int = TILE_WIDTH) -> str:
    """Path of an entry bundle: ``entries_path(0, 5)`` is ``tile/entries/000.p/5``."""
    return f"tile/entries/{_place(index, width)}"


def parse_path(path: str) -> Tile | Bundle:
    """The tile or bundle with exactly this path; other spellings of it are refused.

    Raises:
        DecodeError: ``TILE_PATH``.
    """
    found = _PATH.fullmatch(path)
    if found is None:
        raise DecodeError("TILE_PATH", f"expected tile/<level or entries>/<N>[.p/<W>], got {path[:80]!r}")
    level, place, partial = found.groups()
    index = int(place.replace("x", "").replace("/", ""))
    width = int(partial) if partial else TILE_WIDTH
    try:
        item = Bundle(index, width) if level == "entries" else Tile(int(level), index, width)
        spelt = item.path
    except ValueError as error:
        raise DecodeError("TILE_PATH", str(error)) from error
    if spelt != path:
        raise DecodeError("TILE_PATH", f"expected {spelt}, got {path}")
    return item


def partial_widths(size: int) -> list[int]:
    """Width of the rightmost partial tile at each level, lowest first; 0 where there is none."""
    widths = []
    while size:
        widths.append(size % TILE_WIDTH)
        size //= TILE_WIDTH
    return widths


def _grown(old: int, new: int) -> Iterator[tuple[int, int]]:
    """(index, width) of the tiles of one row that exist at length ``new`` but not at ``old``."""
    if old == new:
        return
    for index in range(old // TILE_WIDTH, new // TILE_WIDTH):
        yield index, TILE_WIDTH
    if new % TILE_WIDTH:
        yield new // TILE_WIDTH, new % TILE_WIDTH


def tiles_for(old_size: int, new_size: int) -> list[Tile | Bundle]:
    """What has to be written when a log grows: entry bundles, then hash tiles from the lowest level up."""
    if not 0 <= old_size <= new_size <= MAX_SIZE:
        raise ValueError(f"expected a growing size, got {old_size} and {new_size}")
    items: list[Tile | Bundle] = [Bundle(*place) for place in _grown(old_size, new_size)]
    level = 0
    while new_size:
        items.extend(Tile(level, *place) for place in _grown(old_size, new_size))
        level, old_size, new_size = level + 1, old_size // TILE_WIDTH, new_size // TILE_WIDTH
    return items


def pack_entries(entries: Sequence[bytes]) -> bytes:
    """An entry bundle: each entry behind its length as a big-endian u16."""
    if not 1 <= len(entries) <= TILE_WIDTH or max(map(len, entries)) > 0xFFFF:
        raise ValueError(f"expected 1 to {TILE_WIDTH} entries of at most 65535 bytes, got {len(entries)}")
    return b"".join([part for entry in entries for part in (len(entry).to_bytes(2, "big"), entry)])


def unpack_entries(data: bytes, width: int) -> list[bytes]:
    """The ``width`` entries of a bundle.

    Raises:
        DecodeError: ``TILE_ENTRIES``: truncated, or more bytes than that many entries have.
    """
    entries: list[bytes] = []
    at = 0
    for _ in range(width):
        start = at + 2
        at = start + int.from_bytes(data[at:start], "big")
        if at > len(data) or start > len(data):
            raise DecodeError("TILE_ENTRIES", f"expected {width} entries, got {len(entries)} and a part")
        entries.append(data[start:at])
    if at != len(data):
        raise DecodeError("TILE_ENTRIES", f"expected {width} entries in {at} bytes, got {len(data)} bytes")
    return entries


def unpack_hashes(data: bytes, width: int) -> list[bytes]:
    """The ``width`` hashes of a tile.

    Raises:
        DecodeError: ``TILE_HASHES``: another number of bytes.
    """
    if len(data) != width * HASH_BYTES:
        raise DecodeError("TILE_HASHES", f"expected {width * HASH_BYTES} bytes, got {len(data)}")
    return [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]


@dataclass(frozen=True, slots=True)
class TileEdge:
    """The partial tiles at the right edge of a log: all that is needed to write the tiles that follow."""

    size: int
    rows: tuple[tuple[bytes, ...], ...]
    """Hashes of the partial tile at each level, lowest first; as long as :func:`partial_widths` says."""

    @classmethod
    def load(cls, read: TileReader, size: int) -> TileEdge:
        """The edge of a tree of ``size`` leaves, from its partial tiles; check :meth:`frontier`'s root.

        Raises:
            DecodeError: ``TILE_HASHES``.
        """
        return cls(size, tuple(_edge_row(read, tile) for tile in edge_tiles(size)))

    def extend(self, leaf_hashes: Sequence[bytes]) -> tuple[TileEdge, list[tuple[Tile, bytes]]]:
        """The edge after these leaf hashes, and every hash tile that :func:`tiles_for` names, with bytes."""
        grown: list[tuple[bytes, ...]] = []
        tiles: list[tuple[Tile, bytes]] = []
        fresh, before = list(leaf_hashes), self.size
        for level in range(len(partial_widths(self.size + len(fresh)))):
            row = [*(self.rows[level] if level < len(self.rows) else ()), *fresh]
            chunks = [row[at : at + TILE_WIDTH] for at in range(0, len(row), TILE_WIDTH)]
            if fresh:
                tiles.extend(
                    (Tile(level, before // TILE_WIDTH + at, len(chunk)), b"".join(chunk))
                    for at, chunk in enumerate(chunks)
                )
            full = len(row) // TILE_WIDTH
            grown.append(tuple(chunks[full]) if full < len(chunks) else ())
            fresh, before = [tree.root(chunk) for chunk in chunks[:full]], before // TILE_WIDTH
        return TileEdge(self.size + len(leaf_hashes), tuple(grown)), tiles

    def frontier(self) -> Frontier:
        """The frontier of the same tree."""
        hashes: list[bytes] = []
        for row in reversed(self.rows):
            hashes.extend(Frontier.empty().extend(row).hashes)
        return Frontier(self.size, tuple(hashes))


def edge_tiles(size: int) -> list[Tile | None]:
    """The partial tile at each level of a tree, lowest first; ``None`` where there is none."""
    return [
        Tile(level, size >> TILE_HEIGHT * (level + 1), width) if width else None
        for level, width in enumerate(partial_widths(size))
    ]


def _edge_row(read: TileReader, tile: Tile | None) -> tuple[bytes, ...]:
    return tuple(unpack_hashes(read(tile), tile.width)) if tile else ()


def root_from_tiles(read: TileReader, size: int) -> bytes:
    """Root of the tree of ``size`` leaves, from its partial tiles alone (at most eight)."""
    return TileEdge.load(read, size).frontier().root() if size else EMPTY_ROOT


class AuthenticTiles:
    """A hash reader over untrusted tiles of one tree: each tile is checked up to the trusted root.

    Pass it to ``inclusion_proof`` and ``consistency_proof``.
    """

    def __init__(self, read: TileReader, size: int, root: bytes, *, keep: int = MAX_CACHED_TILES) -> None:
        """Read the right edge and compare it with the root.

        Args:
            read: gives tiles; its own errors pass through.
            size: trusted number of leaves.
            root: trusted root at that size.
            keep: most full tiles held in memory.

        Raises:
            ProofError: ``MERKLE_TILE``.
            DecodeError: ``TILE_HASHES``.
        """
        self._read = read
        self._keep = keep
        self.size = size
        self._edge = TileEdge.load(read, size)
        self._tiles: dict[Tile, Sequence[bytes]] = {}
        got = self._edge.frontier().root()
        if got != root:
            raise ProofError("MERKLE_TILE", f"expected root {root.hex()} at size {size}, got {got.hex()}")

    def __call__(self, level: int, index: int) -> bytes:
        """Root of the complete subtree over leaves ``index * 2**level`` and on (a hash reader)."""
        if not 0 <= index < self.size >> level:
            raise ValueError(f"no complete subtree {level}/{index} in a tree of {self.size} leaves")
        row, height = divmod(level, TILE_HEIGHT)
        tile, at = divmod(index << height, TILE_WIDTH)
        return tree.root(self.tile(row, tile)[at : at + (1 << height)])

    def tile(self, level: int, index: int) -> Sequence[bytes]:
        """The checked hashes of one tile, partial if it is the last of its row.

        Raises:
            ProofError: ``MERKLE_TILE``: it does not hash to what stands above it.
            DecodeError: ``TILE_HASHES``.
        """
        full = self.size >> TILE_HEIGHT * (level + 1)
        if index == full and level < len(self._edge.rows):
            return self._edge.rows[level]
        wanted = Tile(level, index)
        found = self._tiles.get(wanted)
        if found is None:
            above = self(TILE_HEIGHT * (level + 1), index)
            found = unpack_hashes(self._read(wanted), TILE_WIDTH)
            if tree.root(found) != above:
                raise ProofError("MERKLE_TILE", f"expected hash {above.hex()}", path=wanted.path)
            while len(self._tiles) >= self._keep:
                del self._tiles[next(iter(self._tiles))]
            self._tiles[wanted] = found
        return found


def _tiles_read(size: int, prove: Callable[[HashReader], object]) -> list[Tile]:
    """The tiles that ``prove`` and their check read, found by letting it read nothing but zeros."""
    tiles = dict.fromkeys(tile for tile in edge_tiles(size) if tile)

    def note(level: int, index: int) -> bytes:
        row, height = divmod(level, TILE_HEIGHT)
        at = index << height >> TILE_HEIGHT
        while at < size >> TILE_HEIGHT * (row + 1):  # a full tile, and every tile above that vouches for it
            tiles[Tile(row, at)] = None
            row, at = row + 1, at // TILE_WIDTH
        return bytes(HASH_BYTES)

    prove(note)
    return list(tiles)


def tiles_for_inclusion(index: int, size: int) -> list[Tile]:
    """Every tile that :class:`AuthenticTiles` reads to prove one leaf, to be fetched at once."""
    return _tiles_read(size, lambda read: inclusion_proof(read, index, size))


def tiles_for_consistency(size1: int, size2: int) -> list[Tile]:
    """Every tile that :class:`AuthenticTiles` of ``size2`` reads to prove consistency."""
    return _tiles_read(size2, lambda read: consistency_proof(read, size1, size2))
