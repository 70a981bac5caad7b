"""Joining from a snapshot: fetch, verify all of it, and only then have a data folder.

    <data>/joining/manifest, chunk/   what was fetched; a piece whose hash is right is never fetched again
    <data>/joining/log, state.sqlite  what is made of it
    <data>/joining/verified           from here on the folder only has to be put in place

Either everything follows from the pin (the genesis file) or nothing is kept under a node's names; a start
beside an unfinished join is refused. There is no other way tried when one fails: the error says which. A member
that joined is in doubt about its vote journal (:mod:`accord_node.doubt`) and follows until voting is safe.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable, Coroutine, Iterable, Iterator
from concurrent.futures import Executor
from itertools import chain
from pathlib import Path
from typing import Any, Final, TypeVar

import structlog

from accord_client.audit.source import LogSource, Missing, Unreachable
from accord_genesis.document import Genesis
from accord_ledger.authmap.map import AuthMap
from accord_ledger.domain.model.epoch import EPOCHS
from accord_ledger.errors import DecodeError
from accord_ledger.handoff import make_handoff, read_handoff
from accord_ledger.merkle.tiles import (
    MAX_BUNDLE_BYTES,
    TILE_WIDTH,
    entries_path,
    pack_entries,
    unpack_entries,
)
from accord_node.storage.bundles import readers
from accord_node.storage.durable import DiskError, replace_file, sync_directory
from accord_node.storage.handoffs import Handoffs
from accord_node.storage.rebuild import Rebuild
from accord_node.storage.snapshot import (
    MANIFEST,
    MAX_MANIFEST_BYTES,
    Manifest,
    Piece,
    Row,
    SnapshotError,
    Trusted,
    check_manifest,
    check_piece,
    read_manifest,
    read_rows,
    read_tail,
)

log = structlog.get_logger("joining")

T = TypeVar("T")

FOLDER: Final = "joining"
AT_ONCE: Final = 8
"""Downloads at a time."""
SPACE_FACTOR: Final = 3
"""Free bytes wanted for each byte of state: the pieces, the rows, and room for indexes."""
_DONE: Final = "joining.done"
_OURS: Final = ("log", "state.sqlite", "journal", "pending")


def check_new(data: Path) -> None:
    """A snapshot goes into a folder that has never been a node's.

    Raises:
        SnapshotError: ``SNAPSHOT_DATA``.
    """
    found = [name for name in _OURS if (data / name).exists()]
    if found and not (data / FOLDER / "verified").exists():
        raise SnapshotError("SNAPSHOT_DATA", f"expected a new data folder, got {', '.join(found)} in {data}")


def check_joined(data: Path) -> None:
    """A start beside an unfinished join would begin at genesis, in silence.

    Raises:
        SnapshotError: ``SNAPSHOT_UNFINISHED``.
    """
    if (data / FOLDER).exists():
        raise SnapshotError("SNAPSHOT_UNFINISHED", f"expected the join in {data / FOLDER} to be finished")


async def join(data: Path, genesis: Genesis, source: LogSource) -> Trusted | None:
    """Make a new data folder from a served snapshot; goes on where an earlier call was cut off.

    Args:
        data: the node's data folder, held by its lock.
        genesis: the pin.
        source: serves ``snapshot/`` and the full entry bundles; nothing it gives is believed.

    Returns:
        What was joined; None if all that was left was to put it in place.

    Raises:
        SnapshotError: by name; nothing was stored under a node's names.
        DiskError: ``DISK_FULL`` before anything is fetched.
        OSError: the disk.
    """
    check_new(data)
    staging = data / FOLDER
    if (staging / "verified").exists():
        _put_in_place(data, staging)
        return None
    trusted = await Fetching(staging, genesis, source).run()
    await asyncio.to_thread(build, staging, trusted, genesis)
    replace_file(staging / "verified", b"")
    _put_in_place(data, staging)
    return trusted


def _put_in_place(data: Path, staging: Path) -> None:
    """Each rename happens once; a cut between two is made good by the next call."""
    for name in ("log", "state.sqlite"):
        if (staging / name).exists():
            (staging / name).replace(data / name)
    sync_directory(data)
    shutil.rmtree(data / _DONE, ignore_errors=True)
    staging.rename(data / _DONE)  # one step: a folder half removed would be neither joined nor not
    sync_directory(data)
    shutil.rmtree(data / _DONE, ignore_errors=True)


# ---- fetching ------------------------------------------------------------------------------------------


class Fetching:
    """Downloads into the staging folder."""

    def __init__(self, staging: Path, genesis: Genesis, source: LogSource) -> None:
        self._staging = staging
        self._genesis = genesis
        self._source = source
        self.fetched = 0
        """Files taken from the source; the others were here."""

    async def run(self) -> Trusted:
        """Manifest and hand-offs first, judged before anything large is fetched.

        Raises:
            SnapshotError: by name.
            DiskError: ``DISK_FULL``.
        """
        (self._staging / "chunk").mkdir(parents=True, exist_ok=True)
        raw = await self._read(MANIFEST, MAX_MANIFEST_BYTES, "SNAPSHOT_UNKNOWN")
        manifest = read_manifest(raw)
        await self._all(self._piece(piece) for piece in manifest.handoffs)
        trusted = await asyncio.to_thread(
            check_manifest, manifest, self._genesis.network, self._genesis.members, self._held
        )
        self._check_room(trusted)
        self._check_log(trusted)
        await self._all(self._piece(piece) for piece in manifest.pieces())
        await self._all(self._bundle(index) for index in range(trusted.bundles))
        log.info("fetched", height=manifest.height, files=self.fetched)
        return trusted

    def _held(self, piece: Piece) -> bytes:
        return check_piece(piece, piece_path(self._staging, piece).read_bytes())

    def _check_room(self, trusted: Trusted) -> None:
        wanted = SPACE_FACTOR * sum(piece.size for piece in trusted.manifest.pieces())
        free = shutil.disk_usage(self._staging).free
        if wanted > free:
            raise DiskError("DISK_FULL", f"expected {wanted} free bytes in {self._staging}, got {free}")

    def _check_log(self, trusted: Trusted) -> None:
        """What an earlier attempt left may be longer than this snapshot: then the source went back."""
        folder = self._staging / "log" / "tile" / "entries"
        if (self._staging / "log" / entries_path(trusted.bundles)).exists():
            raise SnapshotError(
                "SNAPSHOT_BEHIND",
                f"expected a snapshot at least as new as the log in {folder}, got one of "
                f"{trusted.manifest.entries} entries",
            )

    async def _all(self, jobs: Iterable[Coroutine[Any, Any, None]]) -> None:
        """Work off downloads, some at a time; the first failure ends all."""
        waiting = iter(jobs)

        async def worker() -> None:
            for job in waiting:
                await job

        tasks = [asyncio.ensure_future(worker()) for _ in range(AT_ONCE)]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _piece(self, piece: Piece) -> None:
        path = piece_path(self._staging, piece)
        if path.exists() and path.stat().st_size == piece.size:
            try:
                await asyncio.to_thread(self._held, piece)
                return
            except SnapshotError:
                log.warning("a piece on disk is damaged and is fetched again", piece=path.name)
        data = check_piece(piece, await self._read(piece.path, piece.size, "SNAPSHOT_GONE"))
        replace_file(path, data, durable=False)  # at once: a cut elsewhere must not lose it

    async def _bundle(self, index: int) -> None:
        path = self._staging / "log" / entries_path(index)
        if path.exists():
            return  # judged with all others by the log's root
        data = await self._read(entries_path(index), MAX_BUNDLE_BYTES, "SNAPSHOT_AHEAD")
        try:
            unpack_entries(data, TILE_WIDTH)
        except DecodeError as error:
            raise SnapshotError(
                "SNAPSHOT_LOG", f"expected an entry bundle: {error}", path=entries_path(index)
            ) from error
        replace_file(path, data, durable=False)

    async def _read(self, path: str, limit: int, missing: str) -> bytes:
        try:
            data = await self._source.read(path, limit)
        except Missing as error:
            raise SnapshotError(missing, f"expected the source to hold {path}", path=path) from error
        except Unreachable as error:
            raise SnapshotError("SNAPSHOT_CUT", f"expected to read {path}: {error}", path=path) from error
        self.fetched += 1
        return data


def piece_path(staging: Path, piece: Piece) -> Path:
    """Where a piece is kept."""
    return staging / "chunk" / piece.hash.hex()


# ---- building ------------------------------------------------------------------------------------------


def build(staging: Path, trusted: Trusted, genesis: Genesis) -> None:
    """Rows against the state root, entries against the log root; then what follows from both.

    The state is hashed in another process while its rows and the log are written here. What turned out false
    is removed, so that the next attempt does not stumble over it.
    """
    rebuild = Rebuild(staging / "state.sqlite", genesis.network)
    manifest = trusted.manifest
    try:
        with readers(trusted.bundles) as pool:
            hashed = pool.submit(_state_root, staging, manifest)
            _checked(lambda: rebuild.state(_rows(staging, manifest)), staging / "chunk")
            _checked(lambda: _build_log(rebuild, pool, staging, trusted), staging / "log" / "tile")
            _checked(lambda: _check_state(trusted, hashed.result()), staging / "chunk")
        _write_handoffs(staging, trusted, genesis, rebuild)
        rebuild.finish(manifest.finalization)
    finally:
        rebuild.close()
    os.sync()  # thousands of files: one call costs less than one for each


def _checked(work: Callable[[], T], evidence: Path) -> T:
    try:
        return work()
    except SnapshotError:
        shutil.rmtree(evidence, ignore_errors=True)
        raise


def _rows(staging: Path, manifest: Manifest) -> Iterator[list[Row]]:
    pieces = (check_piece(piece, piece_path(staging, piece).read_bytes()) for piece in manifest.state)
    return read_rows(pieces, manifest.rows)


def _check_state(trusted: Trusted, found: bytes) -> None:
    expected = trusted.sealed.seal.state_root
    if found != expected:
        raise SnapshotError("SNAPSHOT_ROOT", f"expected state root {expected.hex()}, got {found.hex()}")


def _state_map(staging: Path, manifest: Manifest) -> AuthMap:
    return AuthMap.build(chain.from_iterable(_rows(staging, manifest)))


def _state_root(staging: Path, manifest: Manifest) -> bytes:
    """Root over all rows that were fetched; runs in a process of the pool."""
    return _state_map(staging, manifest).root


def _build_log(rebuild: Rebuild, pool: Executor, staging: Path, trusted: Trusted) -> None:
    manifest, seal = trusted.manifest, trusted.sealed.seal
    tail: list[bytes] = []
    if manifest.tail is not None:
        piece = manifest.tail
        data = check_piece(piece, piece_path(staging, piece).read_bytes())
        tail = read_tail(data, manifest.entries % TILE_WIDTH)
    folder = staging / "log"
    _, root = rebuild.log(pool, folder, trusted.bundles, tail)
    newest = rebuild.newest
    if root != seal.log_root or newest is None or newest.entry != trusted.sealed.entry:
        raise SnapshotError("SNAPSHOT_LOG", f"expected log root {seal.log_root.hex()}, got {root.hex()}")
    replace_file(folder / "tail" / str(trusted.bundles), pack_entries(tail), durable=False)


def _write_handoffs(staging: Path, trusted: Trusted, genesis: Genesis, rebuild: Rebuild) -> None:
    """What every node serves: the end of each epoch, this seal's included if it ended one."""
    folder, members = Handoffs(staging / "log"), genesis.members
    for piece in trusted.manifest.handoffs:
        handoff = read_handoff(piece_path(staging, piece).read_bytes())
        folder.write(genesis.network, members, handoff)
        members = handoff.epoch.members
    following = rebuild.value(EPOCHS.key(members.epoch + 1))
    if following is not None:
        epoch, state = EPOCHS.decode(following), _state_map(staging, trusted.manifest)
        handoff = make_handoff(trusted.sealed, trusted.manifest.finalization, state, epoch)
        folder.write(genesis.network, members, handoff)
