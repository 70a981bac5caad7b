"""Catching up: final blocks in ranges, verified before stored, resumable.

A finalization names a seal this node has no path to. Blocks are fetched from the durable base upwards;
each must continue the hash chain, execute, and give the roots its seal says; what is stored is final
because a finalization covers it (its own, or a descendant's through the hash chain). Blocks that no
finalization covers yet are only held, within bounds, until one does.

No peer is needed: what this node can execute by itself meanwhile counts. No peer can keep it busy: who
gave nothing useful is asked last from then on.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import structlog

from accord_ledger import codec
from accord_ledger.block import Certificate, SealedBytes
from accord_ledger.errors import AccordError, FatalError
from accord_ledger.execute import Executed, InvalidBlock
from accord_node.bodies import body_matches
from accord_node.chain import Chain
from accord_node.finaliser import Finaliser
from accord_node.messages import MAX_MESSAGE_BYTES, Block, Range, RangeWanted, Request
from accord_node.peer import PeerNetwork
from accord_node.records import Answer, RecordReader, UnreadableBody, readable
from accord_node.verifying import HelperGone, Verifiers
from accord_node.workers import Executor

log = structlog.get_logger("sync")

RANGE_SECONDS = 20.0
RETRY_SECONDS = 0.2
MAX_HELD_BYTES = 96 * 1024 * 1024
"""Blocks of one peer held while no finalization covers them; the deepest honest chain fits."""
READ_AHEAD = 4
"""Blocks whose records are being read while one executes."""
FAR = 2000
"""Records to be stored at once from which on processes are started to check their signatures."""
MAX_FRUITLESS = 32
"""Ranges in a row taken from one peer without one that is covered."""

Held = list[tuple[SealedBytes, Block]]


class CatchUp:
    """Brings a node that was away up to a finalization."""

    def __init__(
        self,
        chain: Chain,
        reader: RecordReader,
        network: PeerNetwork,
        certify: Callable[[Certificate], bool],
        executor: Executor,
        *,
        processes: int = 0,
    ) -> None:
        """Wire it.

        Args:
            chain: what is to grow.
            reader: turns entries into records.
            network: the peers.
            certify: whether a certificate verifies.
            executor: decodes what peers send.
            processes: that may check signatures while this node is far behind.
        """
        self._processes = processes
        self._verifiers: Verifiers | None = None
        self._chain = chain
        self._reader = reader
        self._network = network
        self._certify = certify
        self._executor = executor
        self._useless: Counter[str] = Counter()
        """Times in a row that a party gave nothing useful."""
        self.finaliser: Finaliser
        self.target: int | None = None
        """Height being caught up to, while it is known."""
        self.fetched = 0
        """Blocks taken from peers, for metrics."""

    async def run(self, certificate: Certificate, seal: bytes) -> None:
        """Fetch, verify and store everything up to ``seal``, from whichever peer has it.

        ``certificate`` was verified and finalises ``seal``; blocks on the way are believed because the
        hash chain leads to it, so a range is stored only when it ends in that seal or in one whose own
        finalization verifies.
        """
        self.target = self._chain.base.height + 1
        try:
            while not await self._one_round(certificate, seal):
                await asyncio.sleep(RETRY_SECONDS)
        finally:
            if self._verifiers is not None:
                await self._verifiers.close()
                self._verifiers = None
        self.target = None

    async def _one_round(self, certificate: Certificate, seal: bytes) -> bool:
        """Ask every linked peer in turn, useful ones first; True when the seal is durable."""
        if await self.finaliser.commit_path(certificate, seal):
            return True
        parties = sorted(self._network.linked(), key=lambda party: (self._useless[party], party))
        for party in parties:
            moved = await self._follow(party, certificate, seal)
            self._useless[party] = 0 if moved else self._useless[party] + 1
            if await self.finaliser.commit_path(certificate, seal):
                return True
        self._useless = Counter({party: self._useless[party] for party in parties})
        return False

    async def _follow(self, party: str, certificate: Certificate, seal: bytes) -> bool:
        """Range after range from one peer, while they lead somewhere; True if the base moved."""
        held: Held = []
        size, moved, fruitless = 0, False, 0
        ahead = _Ahead(lambda first: self._fetch(party, first))
        try:
            while seal != self._chain.base.seal_hash and size <= MAX_HELD_BYTES and fruitless < MAX_FRUITLESS:
                found = await ahead.take(self._chain.base.height + len(held) + 1)
                if found is None:
                    break
                fresh = await self._executor.run(lambda found=found, held=held: self._linked(held, found))  # type: ignore[misc]
                if len(fresh) < len(found.blocks):
                    log.warning("a range that does not continue our chain", party=party)
                    self._network.punish(party)
                if not fresh:
                    break
                held += fresh
                fruitless += 1
                size += sum(len(entry) for _, block in fresh for entry in block.entries) + 1024 * len(fresh)
                final = self._final_place(party, held, found.certificate, seal)
                if final >= 0:
                    last = held[final][0]
                    if last.hash != seal:
                        ahead.begin(last.seal.height + 1)
                    if not await self._store(party, held[: final + 1], found.certificate, certificate):
                        break
                    moved, held, size, fruitless = True, [], 0, 0
        finally:
            ahead.close()
        return moved

    async def _fetch(self, party: str, first: int) -> Range | None:
        wanted = codec.encode(RangeWanted(first=first))
        try:
            answer = await self._network.request(party, Request.RANGE, wanted, timeout=RANGE_SECONDS)
            found = await self._executor.run(lambda: codec.decode(answer, Range, limit=MAX_MESSAGE_BYTES))
        except AccordError as error:
            log.info("no range from a peer", party=party, code=error.code)
            return None
        return found if found.blocks else None

    def _linked(self, held: Held, found: Range) -> Held:
        """The blocks, as far as they match their seals and continue the chain: the base, then ``held``."""
        fresh: Held = []
        base = self._chain.base
        parent, height = (
            (held[-1][0].hash, held[-1][0].seal.height) if held else (base.seal_hash, base.height)
        )
        for block in found.blocks:
            try:
                sealed = SealedBytes.parse(block.seal)
            except AccordError:
                break
            continues = sealed.seal.parent == parent and sealed.seal.height == height + 1
            if not continues or not body_matches(sealed, block.entries):
                break
            fresh.append((sealed, block))
            parent, height = sealed.hash, height + 1
        return fresh

    def _final_place(self, party: str, held: Held, offered: Certificate | None, seal: bytes) -> int:
        """Place of the last seal a finalization covers: the one we came with or the one offered; -1: none."""
        hashes = [sealed.hash for sealed, _ in held]
        if seal in hashes:
            return hashes.index(seal)
        if offered is None or offered.kind != "finalize" or offered.seal not in hashes:
            return -1
        if not self._certify(offered):
            self._network.punish(party)
            return -1
        return hashes.index(offered.seal)

    async def _store(self, party: str, final: Held, *certificates: Certificate | None) -> bool:
        """Execute and store final blocks; True if the base moved.

        While one block is written the next executes, and the records of some more are being read.
        """
        before = self._chain.base.height
        final = [(sealed, block) for sealed, block in final if sealed.seal.height > before]
        if not final or final[0][0].seal.height != before + 1:
            return False
        if sum(len(block.entries) for _, block in final) >= FAR:
            await self._start_verifiers()
        reading: deque[asyncio.Task[list[Answer]]] = deque()
        writing: asyncio.Task[None] | None = None
        try:
            for place, (sealed, _) in enumerate(final):
                for _, block in final[place + len(reading) : place + READ_AHEAD]:
                    reading.append(asyncio.ensure_future(self._read(block.entries)))
                done = await self._execute(party, sealed, await reading.popleft())
                if done is None:
                    break
                if writing is not None:
                    await writing
                own = (item for item in certificates if item is not None and item.seal == sealed.hash)
                finalization = next((item for item in own if item.kind == "finalize"), None)
                writing = asyncio.ensure_future(self.finaliser.commit(done, finalization))
                self.fetched += 1
        finally:
            for task in reading:
                task.cancel()
            await asyncio.gather(*reading, return_exceptions=True)
            if writing is not None:
                await writing
        return self._chain.base.height > before

    async def _start_verifiers(self) -> None:
        if not self._processes or self._verifiers is not None:
            return
        try:
            self._verifiers = await Verifiers.start(self._processes)
        except OSError as error:
            log.warning("no processes to check signatures: they are checked here", error=str(error))
            self._processes = 0

    async def _read(self, entries: Sequence[bytes]) -> list[Answer]:
        """Records with their signatures checked, far behind in other processes; a bad one is execution's to name."""
        verifiers = self._verifiers
        if verifiers is None:
            return await self._reader.read(entries)
        answers, jobs = await self._reader.read_unchecked(entries)
        try:
            good = await verifiers.check(jobs)
        except HelperGone as error:  # execution checks what nobody has checked
            log.warning("signatures are checked here", error=str(error))
            self._processes = 0
            self._verifiers = None
            await verifiers.close()
            return answers
        self._reader.remember(job for job, verified in zip(jobs, good, strict=True) if verified)
        return answers

    async def _execute(self, party: str, sealed: SealedBytes, records: list[Answer]) -> Executed | None:
        try:
            return await self._chain.execute(sealed, [readable(answer) for answer in records], final=True)
        except (InvalidBlock, UnreadableBody) as error:
            raise FatalError(
                "STATE_DIVERGED", f"final block {sealed.seal.height} does not execute here: {error}"
            ) from error
        except KeyError:
            log.info("overtaken while catching up", party=party, height=sealed.seal.height)
            return None


class _Ahead:
    """The next range on its way while the one before is stored."""

    def __init__(self, fetch: Callable[[int], Coroutine[Any, Any, Range | None]]) -> None:
        self._fetch = fetch
        self._first = 0
        self._task: asyncio.Task[Range | None] | None = None

    def begin(self, first: int) -> None:
        """Ask for the range from this height."""
        self.close()
        self._first, self._task = first, asyncio.ensure_future(self._fetch(first))

    async def take(self, first: int) -> Range | None:
        """The range from this height; asked for now if it is not on its way."""
        task = self._task if self._first == first else None
        if task is None:
            self.close()
            return await self._fetch(first)
        self._task = None
        return await task

    def close(self) -> None:
        """Nothing is wanted any more."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
