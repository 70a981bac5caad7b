"""Final blocks executed one after another, to be made durable together.

Every block is executed as any other: each record by its rules, each root compared with what the seal says.
Only what follows is done once for all: what they wrote is kept in one layer over durable state, so that a
thousand small blocks are not a thousand layers to look through, and no block waits for a disk.

The next stretch may be executed while this one is being written; it reads through this one's layer until
:meth:`Stretch.rest_on` says that durable state holds the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from accord_ledger.block import SealedBytes
from accord_ledger.domain.pipeline import Prepared, SignatureChecker
from accord_ledger.execute import Executed, RecentTransactions, Version, execute_block
from accord_ledger.state import Source, Table, View


class Layer:
    """What a stretch wrote, decoded, over the state before it (``accord_ledger.state.Source``)."""

    __slots__ = ("_below", "values")

    def __init__(self, below: Source) -> None:
        self._below = below
        self.values: dict[bytes, Any | None] = {}
        """None where a key was removed."""

    def load(self, table: Table[Any], key: bytes) -> Any | None:
        """See :class:`accord_ledger.state.Source`."""
        if key in self.values:
            return self.values[key]
        return self._below.load(table, key)

    def has(self, key: bytes) -> bool:
        """See :class:`accord_ledger.state.Source`."""
        if key in self.values:
            return self.values[key] is not None
        return self._below.has(key)

    def rest_on(self, below: Source) -> None:
        """Read from another source that holds the same."""
        self._below = below


@dataclass(frozen=True, slots=True)
class Stretch:
    """Consecutive final blocks, executed."""

    parent: bytes
    """Hash of the seal they continue."""
    blocks: tuple[Executed, ...]
    layer: Layer
    recent: RecentTransactions
    version: Version
    """The ledger after the last; its state is the layer."""

    def rest_on(self, version: Version) -> None:
        """The version this stretch continues is durable now: its own layer is not needed any more."""
        if version.seal_hash != self.parent:
            raise ValueError("expected the version that the stretch continues")
        self.layer.rest_on(version.state)
        self.recent.parent = version.recent


def execute_stretch(
    network: bytes,
    start: Version,
    blocks: Iterable[tuple[SealedBytes, Sequence[Prepared]]],
    checker: SignatureChecker,
) -> Stretch:
    """Execute blocks in order, each compared with its seal, up to the first that cannot be.

    What is wrong with one is raised when it is the first: those before it are good and come out first.

    Args:
        network: hash of the genesis document.
        start: what the first continues; it is not changed.
        blocks: seals and records, at least one.
        checker: decides signatures.

    Raises:
        InvalidBlock: the first block is not what its seal says.
        FatalError: ``VERSION_UNKNOWN``.
    """
    layer, recent = Layer(start.state), RecentTransactions(start.recent)
    version = replace(start, state=layer, recent=recent)
    done: list[Executed] = []
    try:
        for sealed, records in blocks:
            block = execute_block(network, version, sealed, records, checker)
            after = block.version
            if isinstance(after.state, View):
                layer.values.update(after.state.items())
            after.recent.flatten_into(recent, after.time)
            version = replace(after, state=layer, recent=recent)
            done.append(block)
    except Exception:
        if not done:
            raise
    return Stretch(start.seal_hash, tuple(done), layer, recent, version)
