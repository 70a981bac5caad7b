"""The versions of the ledger a node holds: one durable base and the unfinalised blocks above it.

Blocks are executed one at a time, small ones on the spot and large ones in a thread. A block that became
final moves into the base; branches beside it are dropped (DESIGN.md section 2: overlays). From the moment
a final block is being written, nothing executes on a branch beside it: durable state is already moving.
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
from accord_node.stretch import Stretch
from accord_node.workers import Executor

T = TypeVar("T")

INLINE_RECORDS = 8
"""Blocks up to this size are executed on the event loop: a thread hop would cost more (see bench)."""
INLINE_BYTES = 8 * 1024
"""And only if their records are no larger than this: few records can be a lot of work."""
MAX_BODY_BYTES = 4 * 1024 * 1024
"""Records of one block, together. No member votes for a larger body: it could not be fetched by those who
lack it, and who joins later could never catch up past it."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A record the builder left out, and why."""

    prepared: Prepared
    rejection: Rejection


@dataclass(frozen=True, slots=True)
class Limits:
    """How large our own blocks may get; others' are bounded by weight and ``MAX_BODY_BYTES``."""

    records: int = 1000
    body_bytes: int = 2 * 1024 * 1024
    pace_seconds: float = 0.1
    """Least time between blocks while more than one record comes per block."""


class Chain:
    """The tree of versions. Used from the event loop only."""

    def __init__(self, network: bytes, base: Version, checker: SignatureChecker, executor: Executor) -> None:
        self.network = network
        self.base = base
        self.checker = checker
        self._executor = executor
        self._blocks: dict[bytes, Executed] = {}
        self._flying: frozenset[bytes] | None = None
        self._head: Version | None = None
        self._settling = b""
        """Seal of the base's final child while it is being written."""
        self._final: set[bytes] = set()
        """Executed blocks known to be final and about to be written, however old their views are."""
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
        return set().union(*(block.names for block in self.path(seal) or ()))

    def in_flight(self) -> frozenset[bytes]:
        """Entries of every unfinalised block, whatever its branch."""
        if self._flying is None:
            self._flying = frozenset().union(*(block.names for block in self._blocks.values()))
        return self._flying

    def in_flight_where(self, promising: Callable[[Executed], bool]) -> frozenset[bytes]:
        """Entries of the unfinalised blocks that may still become final, as far as whoever asks knows."""
        if all(map(promising, self._blocks.values())):
            return self.in_flight()
        return frozenset().union(*(block.names for block in self._blocks.values() if promising(block)))

    def _keep(self, blocks: dict[bytes, Executed]) -> None:
        self._blocks, self._flying, self._head = blocks, None, None

    @property
    def unfinalised(self) -> int:
        """Executed blocks above the base."""
        return len(self._blocks)

    @property
    def loaded(self) -> int:
        """Those of them that hold records: what bounds the memory of overlays."""
        return sum(1 for block in self._blocks.values() if block.prepared)

    def head(self) -> Version:
        """The highest version held, the newest of several: what a newcomer's record is tried against."""
        if self._head is None:
            seals = (
                (block.sealed.seal.height, block.sealed.seal.view, seal)
                for seal, block in self._blocks.items()
            )
            self._head = self._blocks[max(seals)[2]].version if self._blocks else self.base
        return self._head

    def _parent(self, seal: bytes) -> Version:
        """The version a block is about to be executed on; ask with the lock held.

        Raises:
            KeyError: it has not been executed here, or finality has overtaken it.
        """
        version = self.version(seal)
        if version is None or (self._settling and not self._rests_on(seal, self._settling)):
            raise KeyError(seal.hex())
        return version

    def _rests_on(self, seal: bytes, below: bytes) -> bool:
        while seal != below:
            block = self._blocks.get(seal)
            if block is None:
                return False
            seal = block.sealed.seal.parent
        return True

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
            KeyError: ``parent`` has not been executed here, or finality has overtaken it.
        """
        async with self.lock:
            version = self._parent(parent)
            done, refused = await self._run(
                candidates,
                lambda: _build(self, version, certificate, candidates, proposer, view, time, limits),
            )
            self._blocks[done.sealed.hash] = done
            self._flying = self._head = None
        return done, refused

    async def execute(
        self, sealed: SealedBytes, records: Sequence[Prepared], *, final: bool = False
    ) -> Executed:
        """Somebody else's block, on its parent; remembered when it is valid.

        Args:
            sealed: its seal.
            records: its body.
            final: it is known to be final, so :meth:`prune` leaves it alone.

        Raises:
            InvalidBlock: it can never become valid.
            KeyError: its parent has not been executed here, or finality has overtaken it.
        """
        done = self._blocks.get(sealed.hash)
        if done is None:
            async with self.lock:
                done = self._blocks.get(sealed.hash) or await self._execute(sealed, records)
        if final:
            self._final.add(sealed.hash)
        return done

    async def _execute(self, sealed: SealedBytes, records: Sequence[Prepared]) -> Executed:
        parent = self._parent(sealed.seal.parent)
        done = await self._run(
            records, lambda: execute_block(self.network, parent, sealed, records, self.checker)
        )
        self._blocks[done.sealed.hash] = done
        self._flying = self._head = None
        return done

    async def _run(self, records: Sequence[Prepared], work: Callable[[], T]) -> T:
        small = len(records) <= INLINE_RECORDS and body_bytes(records) <= INLINE_BYTES
        return work() if small else await self._elsewhere(work)

    async def _elsewhere(self, work: Callable[[], T]) -> T:
        running = asyncio.ensure_future(self._executor.run(work))
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:  # the lock is held until the thread reads durable state no more
            await asyncio.wait([running])
            raise

    async def alone(self, work: Callable[[], T]) -> T:
        """Run work in the thread that executes, while nothing else does and the base stays where it is."""
        async with self.lock:
            return await self._elsewhere(work)

    async def settle_on(self, stretch: Stretch) -> None:
        """:meth:`settle` for a stretch: from now on nothing executes but on its end."""
        async with self.lock:
            self._settling = stretch.version.seal_hash

    async def settle(self, block: Executed) -> None:
        """From now on nothing executes beside ``block``, a final child of the base about to be written.

        What a branch beside it reads from durable state is about to change.
        """
        async with self.lock:
            self._settling = block.sealed.hash

    def prune(self, keep: Callable[[Executed], bool]) -> None:
        """Drop blocks that are not kept and that no kept block rests on; not while one executes."""
        if self.lock.locked():
            return
        wanted: dict[bytes, Executed] = {}
        for seal, block in self._blocks.items():
            if seal != self._settling and seal not in self._final and not keep(block):
                continue
            at: Executed | None = block
            while at is not None and at.sealed.hash not in wanted:
                wanted[at.sealed.hash] = at
                at = self._blocks.get(at.sealed.seal.parent)
        if len(wanted) < len(self._blocks):
            self._keep(wanted)

    def advance(self, block: Executed, version: Version) -> list[Prepared]:
        """Make ``block`` (a child of the base) the base; drop every branch that does not rest on it.

        Args:
            version: the block's version, reading from durable state.

        Returns:
            Records of dropped branches, to be offered again.
        """
        if block.sealed.seal.parent != self.base.seal_hash:
            raise ValueError("expected a child of the base")
        return self._advance([block], version)

    def advance_over(self, stretch: Stretch, version: Version) -> list[Prepared]:
        """:meth:`advance` over many blocks at once."""
        if stretch.parent != self.base.seal_hash:
            raise ValueError("expected what continues the base")
        return self._advance(stretch.blocks, version)

    def _advance(self, blocks: Sequence[Executed], version: Version) -> list[Prepared]:
        self.base, self._settling = version, b""
        for block in blocks:
            self._blocks.pop(block.sealed.hash, None)
            self._final.discard(block.sealed.hash)
        kept: dict[bytes, Executed] = {}
        dropped: list[Prepared] = []
        for seal, other in sorted(self._blocks.items(), key=lambda item: item[1].sealed.seal.height):
            if other.sealed.seal.parent == version.seal_hash or other.sealed.seal.parent in kept:
                kept[seal] = other
            else:
                dropped.extend(other.prepared)
            if other.sealed.seal.parent == version.seal_hash:
                _rest_on(other.version, version)
        self._keep(kept)
        return dropped


def body_bytes(records: Sequence[Prepared]) -> int:
    """Bytes of the records together, as ``MAX_BODY_BYTES`` counts them."""
    return sum([len(item.record.entry) for item in records])


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
