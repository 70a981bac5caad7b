"""The log on disk: C2SP entry bundles and hash tiles, plus one growing file for the newest bundle.

    log/tail/<bundle>        entries of the unfinished bundle, appended and synced per block
    log/tile/entries/<N>     full entry bundles, immutable
    log/tile/<L>/<N>         full hash tiles, immutable
    log/**/<N>.p/<W>         partial tiles of published checkpoints, dropped when the full one exists
    log/checkpoint           newest published checkpoint

Everything under ``log/`` but ``tail`` can be served by any static web server. All hashes can be
recomputed from the entries; at start they are, and a file that differs is named. Partial files are copies,
written without a sync: one that is damaged is written anew, and named too.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import structlog

from accord_ledger.errors import DecodeError, FatalError
from accord_ledger.merkle.tiles import (
    TILE_WIDTH,
    Bundle,
    Tile,
    TileEdge,
    edge_tiles,
    entries_path,
    pack_entries,
    parse_path,
    tile_path,
    unpack_entries,
)
from accord_ledger.merkle.tree import EMPTY_ROOT, Frontier, leaf_hash
from accord_node.storage.durable import (
    make_directory,
    replace_file,
    replace_files,
    sync_directory,
    sync_file,
)

log = structlog.get_logger("logfiles")


class LogFiles:
    """The log's files. A block is added in one thread, a checkpoint written in another: each has them to itself."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._tail_directory = root / "tail"
        make_directory(self._tail_directory)
        make_directory(root / "tile" / "entries")
        self._alone = threading.Lock()
        self._tail: BinaryIO | None = None
        self._tail_entries: list[bytes] = []
        self.edge = TileEdge(0, ())
        self.root_before_last = EMPTY_ROOT
        """Root over all entries but the newest, as found at start: what the newest seal commits to."""
        self.mended: list[Path] = []
        """Partial files that :meth:`mend` found damaged."""

    @property
    def size(self) -> int:
        """Entries in the log."""
        return self.edge.size

    # -- start -------------------------------------------------------------------------------------

    def open(self, size: int, progress: Callable[[int], None] | None = None) -> Frontier:
        """Read and verify the first ``size`` entries, cut off what stands beyond, rebuild the edge.

        Returns:
            The frontier of the tree; the caller compares its root with the seal it holds.

        Raises:
            FatalError: ``LOG_CORRUPT`` naming the file that is missing or differs.
        """
        edge, done = TileEdge(0, ()), 0
        entries: list[bytes] = []
        for index in range((size + TILE_WIDTH - 1) // TILE_WIDTH):
            width = min(TILE_WIDTH, size - index * TILE_WIDTH)
            entries = self.stored(index, width)
            hashes = [leaf_hash(entry) for entry in entries]
            if index * TILE_WIDTH + width == size:
                self.root_before_last = edge.extend(hashes[:-1])[0].frontier().root()
            edge, tiles = edge.extend(hashes)
            for tile, data in tiles:
                if tile.width == TILE_WIDTH:
                    self._compare(tile, data)
            done += len(entries)
            if progress is not None and index % 64 == 0:
                progress(done)
        self.edge = edge
        self._tail_entries = entries if size % TILE_WIDTH else []
        self._cut_off(size)
        return edge.frontier()

    def stored(self, index: int, width: int) -> list[bytes]:
        """The first ``width`` entries of a bundle as they stand on disk, whether the log is open or not.

        Raises:
            FatalError: ``LOG_CORRUPT``: fewer, or none.
        """
        full, tail = self.root / entries_path(index), self._tail_directory / str(index)
        path = full if width == TILE_WIDTH or full.exists() else tail
        try:
            data = path.read_bytes()
            if path == full:
                return unpack_entries(data, TILE_WIDTH)[:width]
            return _whole_entries(data, width)
        except (FileNotFoundError, DecodeError) as error:
            raise FatalError("LOG_CORRUPT", f"expected {width} entries in {path}: {error}") from error

    def beyond(self, size: int) -> Iterator[bytes]:
        """Whole entries that stand after the first ``size``, up to the first damaged or missing one."""
        index, width = divmod(size, TILE_WIDTH)
        while True:
            full, tail = self.root / entries_path(index), self._tail_directory / str(index)
            path = full if full.exists() else tail
            if not path.exists():
                return
            found = 0
            for entry in _leading_entries(path.read_bytes()):
                found += 1
                if found > width:
                    yield entry
            if found < TILE_WIDTH:
                return
            index, width = index + 1, 0

    def _compare(self, tile: Tile, data: bytes) -> None:
        path = self.root / tile.path
        try:
            found = path.read_bytes()
        except FileNotFoundError:
            replace_file(path, data)  # a crash came between the bundle and its hashes; they follow from it
            return
        if found != data:
            raise FatalError("LOG_CORRUPT", f"expected {path} to hold the hashes of its entries")

    def _cut_off(self, size: int) -> None:
        """Drop what a crash left beyond the floor, and write the tail file anew if it is not exact."""
        index, width = divmod(size, TILE_WIDTH)
        beyond = index
        while (self.root / entries_path(beyond)).exists():
            (self.root / entries_path(beyond)).unlink()
            beyond += 1
        for level in range(8):
            full = size >> (8 * (level + 1))
            while (path := self.root / tile_path(level, full)).exists():
                path.unlink()
                full += 1
        for stray in self._tail_directory.iterdir():
            if stray.name != str(index):
                stray.unlink()
        path = self._tail_directory / str(index)
        exact = pack_entries(self._tail_entries) if width else b""
        if not path.exists() or path.read_bytes() != exact:
            replace_file(path, exact)
        for folder, _, _ in os.walk(self.root):  # whoever made one may have died before its name was durable
            sync_directory(Path(folder))
        self._tail = path.open("ab", buffering=0)

    def mend(self) -> None:
        """Write damaged partial files anew, and remove what is none of this log.

        They follow from the entries: to be called when the root over those has been compared.
        """
        for folder, _, names in os.walk(self.root / "tile"):
            if not folder.endswith(".p"):
                continue
            for path in (Path(folder, name) for name in names):
                expected = self._partial(path)
                if expected is None:
                    path.unlink()
                elif path.read_bytes() != expected:
                    replace_file(path, expected)
                else:
                    continue
                log.warning("a partial file was damaged", path=str(path), written_anew=expected is not None)
                self.mended.append(path)

    def _partial(self, path: Path) -> bytes | None:
        """What a partial file must hold; None if this log has none of this name."""
        try:
            item = parse_path(path.relative_to(self.root).as_posix())
            return self.read_tile(item) if isinstance(item, Tile) else self.read_bundle(item)
        except (DecodeError, FileNotFoundError):
            return None

    # -- growth ------------------------------------------------------------------------------------

    def append(self, entries: Sequence[bytes], leaf_hashes: Sequence[bytes]) -> None:
        """Add entries at the end; durable when this returns.

        Every file is synced before it gets its name, and each folder once, after all of its names. The tail
        that a bundle has outgrown goes last of all: until the bundle is there for sure, its entries stand there.
        """
        with self._alone:
            self._append(entries, leaf_hashes)

    def _append(self, entries: Sequence[bytes], leaf_hashes: Sequence[bytes]) -> None:
        if self._tail is None:
            raise FatalError("LOG_CLOSED", "expected an open log")
        begin, at, held = self.size // TILE_WIDTH, 0, self._tail_entries
        bundles: list[tuple[Path, bytes]] = []
        while (room := TILE_WIDTH - len(held)) <= len(entries) - at:
            full = self.root / entries_path(begin + len(bundles))
            bundles.append((full, pack_entries([*held, *entries[at : at + room]])))
            at, held = at + room, []
        edge, tiles = self.edge.extend(leaf_hashes)
        full_tiles = [(self.root / tile.path, data) for tile, data in tiles if tile.width == TILE_WIDTH]
        replace_files([*bundles, *full_tiles])
        for path, _ in (*bundles, *full_tiles):
            shutil.rmtree(f"{path}.p", ignore_errors=True)
        outgrown = Path(self._tail.name) if bundles else None
        if outgrown is not None:
            self._tail.close()
            self._tail_entries = []
            self._tail = (self._tail_directory / str(begin + len(bundles))).open("ab", buffering=0)
        if at < len(entries):
            self._tail.write(pack_entries(entries[at:]))
            self._tail_entries += entries[at:]
            sync_file(self._tail.fileno())
        self.edge = edge
        folders = {path.parent: None for path, _ in (*bundles, *full_tiles)}
        for folder in folders:
            sync_directory(folder)
        if outgrown is not None:
            outgrown.unlink()
            sync_directory(self._tail_directory)

    def publish(self, size: int, checkpoint: bytes) -> None:
        """Write the partial tiles of a log size, then its checkpoint: never ahead of its tiles."""
        with self._alone:
            self._publish(size, checkpoint)

    def _publish(self, size: int, checkpoint: bytes) -> None:
        index, width = divmod(size, TILE_WIDTH)
        if width and not (self.root / entries_path(index)).exists():
            replace_file(
                self.root / entries_path(index, width), self.read_bundle(Bundle(index, width)), durable=False
            )
        for tile in edge_tiles(size):
            if tile is not None and not (self.root / tile_path(tile.level, tile.index)).exists():
                replace_file(self.root / tile.path, self.read_tile(tile), durable=False)
        replace_file(self.root / "checkpoint", checkpoint, durable=False)

    def close(self) -> None:
        """Close the tail file."""
        if self._tail is not None:
            self._tail.close()
            self._tail = None

    # -- reading -----------------------------------------------------------------------------------

    def read_tile(self, tile: Tile) -> bytes:
        """Bytes of a hash tile of any width up to what the log holds (``FileNotFoundError`` beyond)."""
        full = self.root / tile_path(tile.level, tile.index)
        if full.exists():
            return full.read_bytes()[: 32 * tile.width]
        place = tile.index * TILE_WIDTH
        if (
            tile.level < len(self.edge.rows)
            and place == (self.size >> 8 * tile.level) // TILE_WIDTH * TILE_WIDTH
        ):
            row = self.edge.rows[tile.level]
            if len(row) >= tile.width:
                return b"".join(row[: tile.width])
        raise FileNotFoundError(tile.path)

    def read_bundle(self, bundle: Bundle) -> bytes:
        """Bytes of an entry bundle of any width up to what the log holds (``FileNotFoundError`` beyond)."""
        return pack_entries(self.entries_of(bundle.index, bundle.width))

    def entries_of(self, index: int, width: int) -> list[bytes]:
        """The first ``width`` entries of a bundle; any thread may ask while another appends."""
        full = self.root / entries_path(index)
        if not full.exists():
            tail = self._tail_entries
            if index == self.size // TILE_WIDTH and 0 < width <= len(tail):
                return tail[:width]
            if not full.exists():  # unless it was completed between the two looks
                raise FileNotFoundError(entries_path(index, width))
        return unpack_entries(full.read_bytes(), TILE_WIDTH)[:width]

    def entries(self, first: int, count: int) -> list[bytes]:
        """Entries [first, first + count); fewer never: ``FileNotFoundError`` beyond the log."""
        found: list[bytes] = []
        while len(found) < count:
            index, start = divmod(first + len(found), TILE_WIDTH)
            end = min(TILE_WIDTH, start + count - len(found))
            found += self.entries_of(index, end)[start:]
        return found


def _leading_entries(data: bytes) -> Iterator[bytes]:
    """The whole entries at the start of a tail file, which may end in a torn one."""
    at = 0
    while at + 2 <= len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        if end > len(data):
            return
        yield data[at + 2 : end]
        at = end


def _whole_entries(data: bytes, width: int) -> list[bytes]:
    """The first ``width`` entries of a tail file."""
    found = list(islice(_leading_entries(data), width))
    if len(found) < width:
        raise DecodeError("TILE_ENTRIES", f"expected {width} entries, got {len(found)} and a part")
    return found
