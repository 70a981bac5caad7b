"""Snapshots: the whole state after one final block, in pieces that anybody may serve.

    snapshot/manifest         which block, why it is final, and the pieces by their hash
    snapshot/chunk/<sha256>   hand-offs, state rows in key order, and the entries after the last full bundle

The folder lies beside the tiles, so the same server or mirror serves both. Nothing in it is believed: the
seal is judged by the members that genesis and the hand-offs name (:func:`check_manifest`), rows by the seal's
``state_root``, entries by its ``log_root``. Who serves a snapshot can withhold it, and nothing else.

A piece ends where the checksum of a key says so, if it can: a change of some rows changes few pieces, and who
was cut off can go on with the next snapshot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Final, Literal
from zlib import crc32

from msgspec import Meta

from accord_ledger import codec
from accord_ledger.block import MAX_SEAL_BYTES, Certificate, Height, Members, SealedBytes, check_certificate
from accord_ledger.errors import AccordError, DecodeError
from accord_ledger.fields import Digest
from accord_ledger.handoff import check_handoff, read_handoff
from accord_ledger.merkle.tiles import TILE_WIDTH

FOLDER: Final = "snapshot"
MANIFEST: Final = f"{FOLDER}/manifest"

MAX_MANIFEST_BYTES: Final = 8 * 1024 * 1024
MAX_CHUNK_BYTES: Final = 32 * 1024 * 1024
"""Largest piece: a bundle of 255 entries of full size, or the target and one row beyond it."""
CHUNK_BYTES: Final = 1024 * 1024
"""A piece of rows ends here at the latest, with the row that reaches it."""
_LEAST_BYTES: Final = 256 * 1024
_CUT: Final = 1024
"""One key in so many may end a piece that has its least size."""

Network = bytes


class SnapshotError(AccordError):
    """A snapshot that cannot be believed, or cannot be had: ``SNAPSHOT_*``; nothing of it is used."""


class Piece(codec.Wire):
    """One piece, by content."""

    hash: Digest
    size: Annotated[int, Meta(ge=1, le=MAX_CHUNK_BYTES)]
    """Bytes."""

    @property
    def path(self) -> str:
        """Where it is served, below the log's address."""
        return f"{FOLDER}/chunk/{self.hash.hex()}"


class Manifest(codec.Wire):
    """What a snapshot says of itself. All of it is checked against the pin of the reader."""

    v: Literal[1]
    network: Digest
    height: Height
    seal: Annotated[bytes, Meta(min_length=1, max_length=MAX_SEAL_BYTES)]
    """Canonical seal of the block at ``height``."""
    finalization: Certificate
    """Of that very seal."""
    entries: Height
    """Log size: entries up to and including the seal."""
    rows: Height
    """State rows in all pieces together."""
    handoffs: Annotated[tuple[Piece, ...], Meta(max_length=4096)] = ()
    """The end of each epoch before the seal's, from genesis on."""
    state: Annotated[tuple[Piece, ...], Meta(max_length=65_536)]
    """Rows in key order: each piece a canonical array of (key, value)."""
    tail: Piece | None = None
    """Entries after the last full bundle of the log, as a canonical array; None if there are none."""

    def encode(self) -> bytes:
        """Canonical bytes, as they are served."""
        return codec.encode(self)

    def pieces(self) -> Iterator[Piece]:
        """Every piece there is."""
        yield from self.handoffs
        yield from self.state
        if self.tail is not None:
            yield self.tail


@dataclass(frozen=True, slots=True)
class Trusted:
    """A manifest whose seal is final, as far as the pin reaches."""

    manifest: Manifest
    sealed: SealedBytes
    members: Members
    """Who voted on the seal."""

    @property
    def bundles(self) -> int:
        """Full entry bundles of its log, which are read beside the snapshot."""
        return self.manifest.entries // TILE_WIDTH


Row = tuple[bytes, bytes]


def read_manifest(data: bytes) -> Manifest:
    """The manifest in a file; nothing in it has been verified.

    Raises:
        SnapshotError: ``SNAPSHOT_MANIFEST``.
    """
    try:
        return codec.decode(data, Manifest, limit=MAX_MANIFEST_BYTES)
    except DecodeError as error:
        raise SnapshotError("SNAPSHOT_MANIFEST", f"expected a manifest: {error}", path=error.path) from error


def check_piece(piece: Piece, data: bytes) -> bytes:
    """These bytes, if they are the piece.

    Raises:
        SnapshotError: ``SNAPSHOT_CHUNK``.
    """
    if len(data) != piece.size or sha256(data).digest() != piece.hash:
        raise SnapshotError(
            "SNAPSHOT_CHUNK",
            f"expected {piece.size} bytes with SHA-256 {piece.hash.hex()}, got {len(data)} with "
            f"{sha256(data).hexdigest()}",
            path=piece.path,
        )
    return data


def check_manifest(
    manifest: Manifest, network: Network, members: Members, read: Callable[[Piece], bytes]
) -> Trusted:
    """Follow the hand-offs from genesis to the seal's epoch, and judge its finalization there.

    Args:
        manifest: from anywhere.
        network: hash of the genesis document: the pin.
        members: who votes in epoch 0, by genesis.
        read: a piece that has been checked.

    Raises:
        SnapshotError: ``SNAPSHOT_NETWORK``; ``SNAPSHOT_FINALITY``: hand-offs or finalization do not lead from
            the pin to the seal; ``SNAPSHOT_AHEAD`` or ``SNAPSHOT_BEHIND``: it counts more, or fewer, entries
            than the log up to its seal has.
    """
    if manifest.network != network:
        raise SnapshotError(
            "SNAPSHOT_NETWORK", f"expected network {network.hex()}, got {manifest.network.hex()}"
        )
    try:
        for piece in manifest.handoffs:
            members = check_handoff(network, members, read_handoff(read(piece))).epoch.members
        sealed = SealedBytes.parse(manifest.seal)
        _check_final(manifest, sealed, network, members)
    except SnapshotError:
        raise
    except AccordError as error:
        raise SnapshotError(
            "SNAPSHOT_FINALITY", f"expected a final seal: {error}", path=error.path
        ) from error
    size = sealed.seal.first + sealed.seal.count + 1
    if manifest.entries != size:
        code = "SNAPSHOT_AHEAD" if manifest.entries > size else "SNAPSHOT_BEHIND"
        raise SnapshotError(code, f"expected the {size} entries of the log, got {manifest.entries}")
    if (manifest.tail is None) != (size % TILE_WIDTH == 0):
        raise SnapshotError("SNAPSHOT_MANIFEST", f"expected the {size % TILE_WIDTH} entries of the tail")
    return Trusted(manifest, sealed, members)


def _check_final(manifest: Manifest, sealed: SealedBytes, network: Network, members: Members) -> None:
    seal, certificate = sealed.seal, manifest.finalization
    said = (seal.network, seal.height, seal.epoch, seal.members)
    if said != (network, manifest.height, members.epoch, members.digest()):
        raise SnapshotError(
            "SNAPSHOT_FINALITY",
            f"expected a seal of height {manifest.height} and epoch {members.epoch}, got height {seal.height} "
            f"and epoch {seal.epoch}",
        )
    if certificate.kind != "finalize" or certificate.seal != sealed.hash:
        raise SnapshotError("SNAPSHOT_FINALITY", "expected the finalization of this very seal")
    check_certificate(network, members, certificate)


def cut_rows(rows: Iterable[Row]) -> Iterator[tuple[int, bytes]]:
    """Rows in key order as pieces: how many rows, and their bytes."""
    held: list[Row] = []
    size = 0
    for row in rows:
        held.append(row)
        size += len(row[0]) + len(row[1]) + 12
        if size >= CHUNK_BYTES or (size >= _LEAST_BYTES and crc32(row[0]) % _CUT == 0):
            yield len(held), codec.encode(held)
            held, size = [], 0
    if held:
        yield len(held), codec.encode(held)


def read_rows(pieces: Iterable[bytes], count: int) -> Iterator[list[Row]]:
    """The rows of each piece, in key order over all of them; decides nothing about their truth.

    Raises:
        SnapshotError: ``SNAPSHOT_ROWS``: no rows, out of order, repeated, or not ``count`` of them.
    """
    last, found = b"", 0
    for data in pieces:
        try:
            rows = codec.decode(data, list[tuple[bytes, bytes]], limit=MAX_CHUNK_BYTES)
        except DecodeError as error:
            raise SnapshotError("SNAPSHOT_ROWS", f"expected state rows: {error}", path=error.path) from error
        for key, _ in rows:
            if key <= last:
                raise SnapshotError("SNAPSHOT_ROWS", f"expected a key after {last.hex()}, got {key.hex()}")
            last = key
        found += len(rows)
        yield rows
    if found != count:
        raise SnapshotError("SNAPSHOT_ROWS", f"expected {count} rows, got {found}")


def read_tail(data: bytes, count: int) -> list[bytes]:
    """The entries after the last full bundle.

    Raises:
        SnapshotError: ``SNAPSHOT_TAIL``: not ``count`` entries.
    """
    try:
        entries = codec.decode(data, list[bytes], limit=MAX_CHUNK_BYTES)
    except DecodeError as error:
        raise SnapshotError("SNAPSHOT_TAIL", f"expected log entries: {error}", path=error.path) from error
    if len(entries) != count or any(not 0 < len(entry) <= codec.MAX_ENTRY_BYTES for entry in entries):
        raise SnapshotError("SNAPSHOT_TAIL", f"expected {count} log entries, got {len(entries)}")
    return entries
