"""The versions of the ledger a node holds: one durable base and the unfinalised blocks above it.

Blocks are executed one at a time, small ones on the spot and large ones in a thread. A block that became
final moves into the base; branches beside it are dropped (DESIGN.md section 2: overlays).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from accord_ledger.block import Certificate, SealedBytes
from accord_ledger.domain.pipeline import Prepared, SignatureChecker
from accord_ledger.errors import Rejection
from accord_ledger.execute import Executed, Execution, Version, execute_block
from accord_ledger.state import View
from accord_node.workers import Executor

T = TypeVar("T")

INLINE_RECORDS = 8
"""Blocks up to this size are executed on the event loop: a thread hop would cost more (see bench)."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A record the builder left out, and why."""

    prepared: Prepared
    rejection: Rejection


@dataclass(frozen=True, slots=True)
class Limits:
    """How large our own blocks may get; others' blocks are bounded by weight and entry size alone."""

    records: int = 1000
    body_bytes: int = 2 * 1024 * 1024


class Chain:
    """The tree of versions. Used from the event loop only."""

    def __init__(self, network: bytes, base: Version, checker: SignatureChecker, executor: Executor) -> None:
        self.network = network
        self.base = base
        self.checker = checker
        self._executor = executor
        self._blocks: dict[bytes, Executed] = {}
        self.lock = asyncio.Lock()
        """Held while a block executes, and while the base moves."""

    def executed(self, seal: bytes) -> Executed | None:
        """The unfinalised block of this seal hash, if it was executed here."""
        return self._blocks.get(seal)

    def version(self, seal: bytes) -> Version | None:
        """The ledger after this seal, if it is the base or an executed block above it."""
        if seal == self.base.seal_hash:
            return self.base
        block = self._blocks.get(seal)
        return None if block is None else block.version

    def path(self, seal: bytes) -> list[Executed] | None:
        """Executed blocks from just above the base to ``seal``, oldest first; None if one is missing."""
        found: list[Executed] = []
        while seal != self.base.seal_hash:
            block = self._blocks.get(seal)
            if block is None:
                return None
            found.append(block)
            seal = block.sealed.seal.parent
        return found[::-1]

    def entry_hashes(self, seal: bytes) -> set[bytes]:
        """Entries of the unfinalised blocks from the base up to ``seal``."""
        return {item.record.entry_hash for block in self.path(seal) or () for item in block.prepared}

    def in_flight(self) -> set[bytes]:
        """Entries of every unfinalised block, whatever its branch."""
        return {item.record.entry_hash for block in self._blocks.values() for item in block.prepared}

    @property
    def unfinalised(self) -> int:
        """Executed blocks above the base."""
        return len(self._blocks)

    def head(self) -> Version:
        """The highest version held: what a newcomer's record is tried against."""
        if not self._blocks:
            return self.base
        return max(self._blocks.values(), key=lambda block: block.sealed.seal.height).version

    async def build(
        self,
        parent: bytes,
        certificate: Certificate | None,
        candidates: Sequence[Prepared],
        *,
        proposer: str,
        view: int,
        time: int,
        limits: Limits,
    ) -> tuple[Executed, list[Refused]]:
        """Our own block on ``parent`` of as many candidates as fit.

        Raises:
            KeyError: ``parent`` has not been executed here.
        """
        version = self.version(parent)
        if version is None:
            raise KeyError(parent.hex())
        async with self.lock:
            done, refused = await self._run(
                len(candidates),
                lambda: _build(self, version, certificate, candidates, proposer, view, time, limits),
            )
            self._blocks[done.sealed.hash] = done
        return done, refused

    async def execute(self, sealed: SealedBytes, records: Sequence[Prepared]) -> Executed:
        """Somebody else's block, on its parent; remembered when it is valid.

        Raises:
            InvalidBlock: it can never become valid.
            KeyError: its parent has not been executed here.
        """
        if (known := self._blocks.get(sealed.hash)) is not None:
            return known
        async with self.lock:
            if (known := self._blocks.get(sealed.hash)) is not None:
                return known
            parent = self.version(sealed.seal.parent)
            if parent is None:
                raise KeyError(sealed.seal.parent.hex())
            done = await self._run(
                len(records), lambda: execute_block(self.network, parent, sealed, records, self.checker)
            )
            self._blocks[done.sealed.hash] = done
        return done

    async def _run(self, size: int, work: Callable[[], T]) -> T:
        return work() if size <= INLINE_RECORDS else await self._executor.run(work)

    def advance(self, block: Executed, version: Version) -> list[Prepared]:
        """Make ``block`` (a child of the base) the base; drop every branch that does not rest on it.

        Args:
            version: the block's version, reading from durable state.

        Returns:
            Records of dropped branches, to be offered again.
        """
        if block.sealed.seal.parent != self.base.seal_hash:
            raise ValueError("expected a child of the base")
        self.base = version
        self._blocks.pop(block.sealed.hash, None)
        kept: dict[bytes, Executed] = {}
        dropped: list[Prepared] = []
        for seal, other in sorted(self._blocks.items(), key=lambda item: item[1].sealed.seal.height):
            if other.sealed.seal.parent == version.seal_hash or other.sealed.seal.parent in kept:
                kept[seal] = other
            else:
                dropped.extend(other.prepared)
            if other.sealed.seal.parent == version.seal_hash:
                _rest_on(other.version, version)
        self._blocks = kept
        return dropped


def _rest_on(child: Version, base: Version) -> None:
    """Let a block read durable state instead of its parent's overlay, which can then be freed."""
    if isinstance(child.state, View):
        child.state.rebase(base.state)
    child.recent.parent = base.recent


def _build(
    chain: Chain,
    parent: Version,
    certificate: Certificate | None,
    candidates: Sequence[Prepared],
    proposer: str,
    view: int,
    time: int,
    limits: Limits,
) -> tuple[Executed, list[Refused]]:
    execution = Execution(chain.network, parent, max(time, parent.time), chain.checker)
    refused = _add_all(execution, candidates, limits)
    # A record that builds on one of another author may have stood before it: what failed is tried again.
    if refused and execution.count:
        refused = _add_all(execution, [item.prepared for item in refused], limits)
    return execution.close(proposer=proposer, view=view, parent_certificate=certificate), refused


def _add_all(execution: Execution, candidates: Sequence[Prepared], limits: Limits) -> list[Refused]:
    refused: list[Refused] = []
    for prepared in candidates:
        if (
            execution.count >= limits.records
            or execution.size + len(prepared.record.entry) > limits.body_bytes
        ):
            break
        try:
            execution.add(prepared)
        except Rejection as rejection:
            if rejection.path == "block":
                break
            refused.append(Refused(prepared, rejection))
    return refused
