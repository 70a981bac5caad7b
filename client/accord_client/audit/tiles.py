"""Entries against tiles against the root: what a static copy of a log must agree on with itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from accord_client.audit.report import Finding
from accord_client.audit.source import LogSource, Missing, limit_of
from accord_ledger.merkle.tiles import (
    TILE_HEIGHT,
    TILE_WIDTH,
    Bundle,
    Tile,
    TileEdge,
    entries_path,
    tile_path,
)
from accord_ledger.merkle.tree import HASH_BYTES


async def read_tile(source: LogSource, tile: Tile | Bundle) -> tuple[bytes, int]:
    """A file's bytes and the width it was found at: a partial one may have given way to the full one.

    Raises:
        Missing: neither is there.
        Unreachable: as ``LogSource.read``.
    """
    try:
        return await source.read(tile.path, limit_of(tile.path)), tile.width
    except Missing:
        if tile.width == TILE_WIDTH:
            raise
    full = entries_path(tile.index) if isinstance(tile, Bundle) else tile_path(tile.level, tile.index)
    return await source.read(full, limit_of(full)), TILE_WIDTH


def bundles(size: int) -> Iterator[Bundle]:
    """Every entry bundle of a log, in order."""
    for index in range(-(-size // TILE_WIDTH)):
        yield Bundle(index, min(TILE_WIDTH, size - index * TILE_WIDTH))


class TileCheck:
    """Grows the tree from entries, and says which tiles differ from it.

    Args:
        wanted: sizes below the final one at which the root is asked for later.
    """

    def __init__(self, wanted: Sequence[int] = ()) -> None:
        self.edge = TileEdge(0, ())
        self.roots: dict[int, bytes] = {}
        """Root at each wanted size, once the log has reached it."""
        self._wanted = sorted(set(wanted))

    def grow(self, hashes: Sequence[bytes]) -> list[tuple[Tile, bytes]]:
        """Take the leaf hashes of the next entries; the tiles that are complete now, with their bytes."""
        while self._wanted and self._wanted[0] <= self.edge.size + len(hashes):
            size = self._wanted.pop(0)
            part = hashes[: max(0, size - self.edge.size)]
            self.roots[size] = self.edge.extend(part)[0].frontier().root()
        self.edge, tiles = self.edge.extend(hashes)
        return [(tile, data) for tile, data in tiles if tile.width == TILE_WIDTH]

    def last(self) -> list[tuple[Tile, bytes]]:
        """The partial tiles at the end of the log."""
        return [
            (Tile(level, self.edge.size >> TILE_HEIGHT * (level + 1), len(row)), b"".join(row))
            for level, row in enumerate(self.edge.rows)
            if row
        ]


async def compare(source: LogSource, tile: Tile, expected: bytes) -> Finding | None:
    """Whether the source's tile holds these hashes; the finding names the first entry that differs.

    Raises:
        Unreachable: as ``LogSource.read``.
    """
    try:
        data, width = await read_tile(source, tile)
    except Missing:
        return Finding("tiles", "TILE_MISSING", tile.path, "no such file", _first_entry(tile, 0))
    if len(data) != HASH_BYTES * width:
        return Finding(
            "tiles",
            "TILE_HASHES",
            f"{HASH_BYTES * width} bytes in {tile.path}",
            str(len(data)),
            _first_entry(tile, 0),
        )
    if data[: len(expected)] == expected:
        return None
    hashes = [slice(at, at + HASH_BYTES) for at in range(0, len(expected), HASH_BYTES)]
    place, at = next((place, at) for place, at in enumerate(hashes) if data[at] != expected[at])
    where = f"{expected[at].hex()} in {tile.path}, place {place}"
    return Finding("tiles", "TILE_HASHES", where, data[at].hex(), _first_entry(tile, place))


def _first_entry(tile: Tile, place: int) -> int:
    return (tile.index * TILE_WIDTH + place) << (TILE_HEIGHT * tile.level)


MAX_OPEN_TILES: Final = 16
"""Tiles compared at a time."""
