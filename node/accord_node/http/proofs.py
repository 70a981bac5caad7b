"""Proofs from this node's own data, each under the newest checkpoint that a quorum cosigned.

A state proof opens the authenticated map of the block whose seal is the checkpoint's last leaf. If a
value changed after that block, the answer waits a moment for the next checkpoint, and otherwise says
that the proof is not ready; it never gives a value beside a proof of another.
"""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from accord_client.api import InclusionProof, StateProof
from accord_ledger import codec
from accord_ledger.authmap.subtree import value_digest
from accord_ledger.checkpoint import Checkpoint
from accord_ledger.execute import Version
from accord_ledger.merkle import tree
from accord_ledger.merkle.proof import inclusion_proof
from accord_ledger.merkle.tiles import TILE_HEIGHT, TILE_WIDTH, Tile
from accord_node.http.problems import ProblemError
from accord_node.node import Node
from accord_node.readmodel import ReadModel
from accord_node.storage.logfiles import LogFiles

WAIT_SECONDS: Final = 2.0
_PAUSE: Final = 0.02
_AT_ONCE: Final = 16
"""State proofs made in the event loop; more are made in a thread, a version of the map being immutable."""
_FILE_TRIES: Final = 25
"""The newest tiles move between files while they fill; a reader in another thread looks again."""


def base64_text(data: bytes) -> str:
    """Standard base64 with padding."""
    return base64.b64encode(data).decode()


@dataclass(frozen=True, slots=True)
class Cosigned:
    """A checkpoint with its note."""

    checkpoint: Checkpoint
    note: bytes


@dataclass(frozen=True, slots=True)
class Proved:
    """Values read at one cosigned version, with their proofs."""

    version: Version
    values: tuple[bytes | None, ...]
    proofs: tuple[StateProof, ...]
    seal: InclusionProof
    """The seal all of them lead to."""


class Prover:
    """Makes proofs; reads files and database in the read model's threads."""

    def __init__(self, node: Node, reads: ReadModel) -> None:
        self._node = node
        self._reads = reads

    def newest(self) -> Cosigned | None:
        """The newest checkpoint with a quorum, if there is one yet."""
        checkpoint, note = self._node.cosigners.newest, self._node.cosigners.note
        return None if checkpoint is None else Cosigned(checkpoint, note)

    def version_at(self, size: int) -> Version | None:
        """The version whose log has this size, if it is still in memory."""
        found = (version for version in reversed(self._node.versions) if version.log.size == size)
        return next(found, None)

    async def inclusion(self, index: int) -> InclusionProof:
        """Proof of the entry at a log index, under the newest checkpoint that covers it.

        Raises:
            ProblemError: ``PROOF_NOT_READY``.
        """
        deadline = time.monotonic() + WAIT_SECONDS
        while (cosigned := self.newest()) is None or cosigned.checkpoint.size <= index:
            await self._pause(deadline)
        return await self._include(index, cosigned)

    async def _include(self, index: int, cosigned: Cosigned) -> InclusionProof:
        files, size = self._node.store.files, cosigned.checkpoint.size
        entry, path = await self._reads.run(
            lambda: (read_entry(files, index), audit_path(files, index, size))
        )
        return InclusionProof(
            index=index,
            entry=base64_text(entry),
            path=[item.hex() for item in path],
            checkpoint=cosigned.note.decode(),
        )

    async def states(self, keys: Sequence[bytes]) -> Proved:
        """The values under these keys, or their absence, with proofs under one checkpoint.

        Raises:
            ProblemError: ``PROOF_NOT_READY``.
        """
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            values = await self._reads.visit(lambda now: tuple(now.value(key) for key in keys))
            cosigned = self.newest()
            version = None if cosigned is None else self.version_at(cosigned.checkpoint.size)
            if cosigned is not None and version is not None and _same(version, keys, values):
                break
            await self._pause(deadline)
        seal = await self._include(cosigned.checkpoint.size - 1, cosigned)
        if len(keys) <= _AT_ONCE:
            return Proved(version, values, _state_proofs(version, keys, values, seal), seal)
        proofs = await self._reads.run(lambda: _state_proofs(version, keys, values, seal))
        return Proved(version, values, proofs, seal)

    async def _pause(self, deadline: float) -> None:
        if time.monotonic() > deadline:
            raise ProblemError("PROOF_NOT_READY")
        await asyncio.sleep(_PAUSE)


def _same(version: Version, keys: Sequence[bytes], values: Sequence[bytes | None]) -> bool:
    """Whether the values stood so in this version."""
    return all(
        version.map.value_hash(key) == (None if value is None else value_digest(value))
        for key, value in zip(keys, values, strict=True)
    )


def _state_proofs(
    version: Version, keys: Sequence[bytes], values: Sequence[bytes | None], seal: InclusionProof
) -> tuple[StateProof, ...]:
    return tuple(_state_proof(version, key, value, seal) for key, value in zip(keys, values, strict=True))


def _state_proof(version: Version, key: bytes, value: bytes | None, seal: InclusionProof) -> StateProof:
    return StateProof(
        key=key.hex(),
        value=None if value is None else base64_text(value),
        proof=base64_text(codec.encode(version.map.prove(key))),
        seal=seal,
    )


# ---- files, read beside the thread that writes them ----------------------------------------------------


def read_entry(files: LogFiles, index: int) -> bytes:
    """The log entry at an index below the durable size."""
    return read_entries(files, index, 1)[0]


def read_entries(files: LogFiles, first: int, count: int) -> list[bytes]:
    """Log entries below the durable size."""
    for _ in range(_FILE_TRIES):
        try:
            return files.entries(first, count)
        except FileNotFoundError:
            time.sleep(0.002)  # in a thread: the writer is just moving the bundle
    return files.entries(first, count)


def read_tile(files: LogFiles, tile: Tile) -> bytes:
    """A hash tile, at a width below the durable size."""
    for _ in range(_FILE_TRIES):
        try:
            return files.read_tile(tile)
        except FileNotFoundError:
            time.sleep(0.002)
    return files.read_tile(tile)


def audit_path(files: LogFiles, index: int, size: int) -> list[bytes]:
    """Inclusion path of a leaf in the tree of the first ``size`` leaves, from tiles."""

    def subtree(level: int, place: int) -> bytes:
        row, height = divmod(level, TILE_HEIGHT)
        number, at = divmod(place << height, TILE_WIDTH)
        end = at + (1 << height)
        hashes = read_tile(files, Tile(row, number, end))
        return tree.root([hashes[32 * spot : 32 * spot + 32] for spot in range(at, end)])

    return inclusion_proof(subtree, index, size)
