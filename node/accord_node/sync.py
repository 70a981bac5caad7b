"""Catching up: final blocks in ranges, verified before stored, resumable.

A finalization names a seal this node has no path to. Blocks are fetched from the durable base upwards;
each must continue the hash chain, execute, and give the roots its seal says; what is stored is final
because a finalization covers it (its own, or a descendant's through the hash chain).

    peers -> ranges ahead (fetching) -> records read (ranges, in processes when far behind: verifying)
          -> a stretch of blocks executed in a thread (stretch) -> written while the next executes (finaliser)

Every stage is bounded: bytes that wait, records of a stretch, one stretch being written. A death between any
two of its writes leaves the blocks before the stretch.

No peer is needed: what this node can execute by itself meanwhile counts. No peer can keep it busy: who
gave nothing useful is asked last from then on.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import structlog

from accord_ledger.block import Certificate
from accord_ledger.domain.model.party import KEYS
from accord_ledger.errors import FatalError
from accord_ledger.execute import InvalidBlock, Version
from accord_ledger.state import View
from accord_node.chain import Chain
from accord_node.fetching import Fetched, Ranges
from accord_node.finaliser import Finaliser
from accord_node.peer import PeerNetwork
from accord_node.ranges import BlockRead, Place, RangeBlock, check_range, read_range, records_of
from accord_node.records import UnreadableBody
from accord_node.signatures import Known, SignatureCache
from accord_node.stretch import Stretch, execute_stretch
from accord_node.verifying import HelperGone, Verifiers
from accord_node.workers import Executor

log = structlog.get_logger("sync")

RETRY_SECONDS = 0.2
FAR_BYTES = 512 * 1024
"""A range of this size or more starts processes that read ranges: a node that is far behind gets many."""
STRETCH_RECORDS = 4096
"""Records executed and written together at most, but for a single block's."""
HAND_OVER_SECONDS = 0.0002
"""Longest time a thread keeps the interpreter from another while processes read ranges. Writing a stretch gives it
away some hundred times, with each statement and file, and each time waits this long beside one that executes."""
COLLECT_AFTER = (50_000, 20, 20)
"""When cycles are looked for meanwhile (``gc.set_threshold``): what a stretch is made of comes and goes together."""
CHUNK = 128
"""Records checked per visit to a thread, where there are no processes."""


class CatchUp:
    """Brings a node that was away up to a finalization."""

    def __init__(
        self,
        chain: Chain,
        cache: SignatureCache,
        network: PeerNetwork,
        certify: Callable[[Certificate], bool],
        executor: Executor,
        *,
        processes: int = 0,
    ) -> None:
        """Wire it.

        Args:
            chain: what is to grow.
            cache: decides signatures nobody has checked ahead.
            network: the peers.
            certify: whether a certificate verifies.
            executor: decodes what peers send.
            processes: that may read ranges while this node is far behind.
        """
        self._processes = processes
        self._verifiers: Verifiers | None = None
        self._starting = asyncio.Lock()
        self._before: tuple[float, tuple[int, int, int]] | None = None
        """How long a thread kept the interpreter before, and when cycles were looked for."""
        self._chain = chain
        self._cache = cache
        self._network = network
        self._certify = certify
        self._executor = executor
        self._useless: Counter[str] = Counter()
        """Times in a row that a party gave nothing useful."""
        self.finaliser: Finaliser
        self.target: int | None = None
        """Height being caught up to, while it is known."""
        self.far = False
        """Whether large ranges are coming."""
        self.fetched = 0
        """Blocks taken from peers, for metrics."""

    async def run(self, certificate: Certificate, seal: bytes) -> None:
        """Fetch, verify and store everything up to ``seal``, from whichever peers have it.

        Args:
            certificate: was verified, and finalises the seal.
            seal: its hash.
        """
        self.target = self._chain.base.height + 1
        try:
            while not await self._one_round(certificate, seal):
                await asyncio.sleep(RETRY_SECONDS)
        finally:
            self.far = False
            self._be_as_before()
            if self._verifiers is not None:
                await self._verifiers.close()
                self._verifiers = None
        self.target = None

    async def _one_round(self, certificate: Certificate, seal: bytes) -> bool:
        """As far as peers lead; True when the seal is durable."""
        if await self.finaliser.commit_path(certificate, seal):
            return True
        await self._follow(certificate)
        self.far = False
        linked = self._network.linked()
        self._useless = Counter({party: self._useless[party] for party in linked})
        return await self.finaliser.commit_path(certificate, seal)

    async def _follow(self, certificate: Certificate) -> None:
        """Execute and store ranges while they come; one stretch is written while the next executes."""
        base = self._chain.base
        ranges = Ranges(
            self._network,
            self._executor,
            self._certify,
            self._read,
            self._useless,
            Place(base.seal_hash, base.height),
            certificate,
        )
        tip, writing = base, None
        try:
            while (fetched := await ranges.take()) is not None:
                if (read := await self._sound(fetched)) is None:
                    break
                done = 0
                while done < len(fetched.blocks):
                    end = _stretch_end(fetched.blocks, done)
                    stretch = await self._execute(tip, fetched.blocks[done:end], read[done:end])
                    if writing is not None:
                        await writing
                    if stretch.parent != self._chain.base.seal_hash:
                        log.info("overtaken while catching up", height=self._chain.base.height)
                        return
                    stretch.rest_on(self._chain.base)
                    done += len(stretch.blocks)
                    own = fetched.finalization if done == len(fetched.blocks) else None
                    writing = await self.finaliser.begin(stretch, own)
                    tip = stretch.version
                    self.fetched += len(stretch.blocks)
        finally:
            await ranges.close()
            if writing is not None:
                await writing

    async def _sound(self, fetched: Fetched) -> list[BlockRead] | None:
        """What the records of a range say; None, and whoever sent it pays, if they are not those that were sealed."""
        read = await fetched.reading
        if len(read) >= len(fetched.blocks):
            return read[: len(fetched.blocks)]
        log.warning("a range whose records are not what its seals say", party=fetched.party)
        self._useless[fetched.party] += 1
        self._network.punish(fetched.party)
        return None

    async def _execute(
        self, tip: Version, blocks: Sequence[RangeBlock], read: Sequence[BlockRead]
    ) -> Stretch:
        chain = self._chain

        def execute() -> Stretch:
            known = Known({job for one in read for job in one.good}, self._cache)
            bodies = ((block.sealed, records_of(block, one)) for block, one in zip(blocks, read, strict=True))
            return execute_stretch(chain.network, tip, bodies, known)

        try:
            return await chain.alone(execute)
        except (InvalidBlock, UnreadableBody) as error:
            height = blocks[0].place.height
            raise FatalError(
                "STATE_DIVERGED", f"final block {height} does not execute here: {error}"
            ) from error

    # -- reading records ---------------------------------------------------------------------------

    async def _read(self, payload: bytes) -> list[BlockRead]:
        """The records of a range, far behind in another process; a bad one is execution's to name."""
        self.far = self.far or len(payload) >= FAR_BYTES
        verifiers = self._verifiers
        if verifiers is None and self.far:
            verifiers = await self._start_verifiers()
        if verifiers is not None:
            try:
                return await verifiers.read(payload, self._keys)
            except HelperGone as error:
                log.warning("signatures are checked here", error=str(error))
                self._processes = 0
                self._verifiers = None
                await verifiers.close()
        return await self._read_here(payload)

    async def _read_here(self, payload: bytes) -> list[BlockRead]:
        records = await self._executor.run(lambda: read_range(payload))
        keys = dict(self._keys(records.signers))
        found: list[BlockRead] = []

        def check_some() -> list[BlockRead]:
            return check_range(records, keys, begin=len(found), enough=CHUNK)

        while len(found) < len(records.blocks):
            found += await self._executor.run(check_some)
        return found

    def _keys(self, key_ids: Iterable[bytes]) -> list[tuple[bytes, bytes]]:
        """Those of these keys that the durable ledger knows."""
        state = View(self._chain.base.state)
        known = ((key_id, state.get(KEYS, key_id)) for key_id in key_ids)
        return [(key_id, key.public) for key_id, key in known if key is not None]

    async def _start_verifiers(self) -> Verifiers | None:
        async with self._starting:
            if not self._processes or self._verifiers is not None:
                return self._verifiers
            try:
                self._verifiers = await Verifiers.start(self._processes)
            except OSError as error:
                log.warning("no processes to check signatures: they are checked here", error=str(error))
                self._processes = 0
            else:
                self._only_catch_up()
            return self._verifiers

    def _only_catch_up(self) -> None:
        """Tune the interpreter for this work; nobody waits for the event loop of a node that is far behind."""
        interval, threshold = self._before = (sys.getswitchinterval(), gc.get_threshold())
        sys.setswitchinterval(min(interval, HAND_OVER_SECONDS))
        gc.set_threshold(*map(max, threshold, COLLECT_AFTER))

    def _be_as_before(self) -> None:
        if self._before is not None:
            interval, threshold = self._before
            sys.setswitchinterval(interval)
            gc.set_threshold(*threshold)
            self._before = None


def _stretch_end(blocks: Sequence[RangeBlock], begin: int) -> int:
    """Place after the blocks from ``begin`` on that are executed together: a bounded number of records."""
    end, records = begin + 1, len(blocks[begin].entries)
    while end < len(blocks) and (records := records + len(blocks[end].entries)) <= STRETCH_RECORDS:
        end += 1
    return end
