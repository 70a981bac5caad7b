"""Ranges of final blocks, fetched ahead of those that are executed, from several peers in turn.

A range is handed out once a finalization covers it: the one this node came with, or one that came along and
verifies. Its blocks are then the ledger's, by hash, but for their bodies, which are read meanwhile
(:mod:`accord_node.ranges`). What no finalization covers yet is held, of one peer at a time and within bounds,
until one does. From a covered end on anybody may be asked, so that peers take turns; who gives nothing useful,
or gives it slowly, is asked last from then on.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from accord_ledger import codec
from accord_ledger.block import Certificate
from accord_ledger.errors import AccordError
from accord_node.messages import RangeWanted, Request
from accord_node.peer import PeerNetwork
from accord_node.ranges import BlockRead, Place, RangeBlock, open_range
from accord_node.workers import Executor

log = structlog.get_logger("sync")

RANGE_SECONDS = 20.0
"""Longest time one range may take."""
SLOW_SECONDS = 4.0
"""Who needs longer is replaced, if there is anybody else."""
RANGE_BYTES = 2 * 1024 * 1024
"""Asked for at a time; an answer is larger if only that ends it in a finalization."""
AHEAD_BYTES = 8 * 1024 * 1024
"""Ranges that wait to be executed together; one more may be on its way."""
MAX_HELD_BYTES = 96 * 1024 * 1024
"""Blocks of one peer held while no finalization covers them; the deepest honest chain fits."""
MAX_FRUITLESS = 32
"""Ranges in a row taken from one peer without one that is covered."""
BLOCK_BYTES = 1024
"""What a block costs besides its bytes, however small."""

Read = Callable[[bytes], Awaitable[list[BlockRead]]]


@dataclass(frozen=True, slots=True)
class Fetched:
    """Final blocks, whoever sent them, and their records being read."""

    party: str
    blocks: list[RangeBlock]
    finalization: Certificate | None
    """Of the last block, if that is known."""
    size: int
    """Bytes it holds in memory, about."""
    reading: asyncio.Task[list[BlockRead]]


@dataclass(frozen=True, slots=True)
class _Held:
    payload: bytes
    blocks: list[RangeBlock]

    @property
    def size(self) -> int:
        return len(self.payload) + BLOCK_BYTES * len(self.blocks)


class Ranges:
    """The way from a place in the chain to a seal that is final, range by range.

    Args:
        network: the peers.
        executor: decodes what they send.
        certify: whether a certificate verifies.
        read: reads the records of a range.
        useless: times in a row that a party gave nothing useful; shared by those that come after.
        start: the newest block here.
        target: finalization of the seal to be reached.
    """

    def __init__(
        self,
        network: PeerNetwork,
        executor: Executor,
        certify: Callable[[Certificate], bool],
        read: Read,
        useless: Counter[str],
        start: Place,
        target: Certificate,
    ) -> None:
        self._network = network
        self._executor = executor
        self._certify = certify
        self._read = read
        self._useless = useless
        self._place = start
        self._target = target
        self._turns: Counter[str] = Counter()
        self._ready: deque[Fetched] = deque()
        self._waiting = 0
        """Bytes of those."""
        self._changed = asyncio.Event()
        self._task = asyncio.ensure_future(self._run())

    async def take(self) -> Fetched | None:
        """The next range, in order; None when the target is reached, or nobody gives more now."""
        while not self._ready:
            if self._task.done():
                await self._task
                return None
            self._changed.clear()
            changed = asyncio.ensure_future(self._changed.wait())
            try:
                await asyncio.wait((changed, self._task), return_when=asyncio.FIRST_COMPLETED)
            finally:
                changed.cancel()
        found = self._ready.popleft()
        self._waiting -= found.size
        self._changed.set()
        return found

    async def close(self) -> None:
        """Nothing is wanted any more."""
        self._task.cancel()
        for fetched in self._ready:
            fetched.reading.cancel()
        await asyncio.gather(self._task, *(item.reading for item in self._ready), return_exceptions=True)
        self._ready.clear()

    async def _run(self) -> None:
        while self._place.seal != self._target.seal:
            found = await self._next()
            if found is None:
                return
            self._ready.extend(found)
            self._waiting += sum(item.size for item in found)
            self._changed.set()
            while self._waiting > AHEAD_BYTES:
                self._changed.clear()
                await self._changed.wait()

    async def _next(self) -> list[Fetched] | None:
        """Ranges up to a covered one, from the first peer that gives them; None: nobody does."""
        asked: set[str] = set()
        while candidates := self._network.linked() - asked:
            party = min(candidates, key=lambda one: (self._useless[one], self._turns[one], one))
            asked.add(party)
            self._turns[party] += 1
            begin = asyncio.get_running_loop().time()
            found = await self._covered(party)
            slow = asyncio.get_running_loop().time() - begin > SLOW_SECONDS * len(found or "1")
            self._useless[party] = 0 if found and not slow else self._useless[party] + 1
            if found:
                return found
        return None

    async def _covered(self, party: str) -> list[Fetched] | None:
        """Range after range of one peer until a finalization covers one; they become the way so far."""
        held: list[_Held] = []
        size, place = 0, self._place
        while len(held) < MAX_FRUITLESS and size <= MAX_HELD_BYTES:
            opened = await self._ask(party, place)
            if opened is None:
                return None
            one, offered = opened
            held.append(one)
            size += one.size
            place = one.blocks[-1].place
            final = [block.place.seal for block in one.blocks]
            if self._target.seal in final:
                return self._begin(party, held, final.index(self._target.seal), self._target)
            if offered is not None and offered.kind == "finalize" and offered.seal in final:
                if not self._certify(offered):
                    self._network.punish(party)
                    return None
                return self._begin(party, held, final.index(offered.seal), offered)
        return None

    def _begin(self, party: str, held: list[_Held], last: int, finalization: Certificate) -> list[Fetched]:
        """Everything held is final up to place ``last`` of the newest range: begin to read it."""
        cut = held[-1].blocks[: last + 1]
        self._place = cut[-1].place
        return [
            Fetched(
                party,
                cut if one is held[-1] else one.blocks,
                finalization if one is held[-1] else None,
                one.size,
                asyncio.ensure_future(self._read(one.payload)),
            )
            for one in held
        ]

    async def _ask(self, party: str, place: Place) -> tuple[_Held, Certificate | None] | None:
        """What a peer has after a place: at least one block that continues it; None: nothing."""
        wanted = codec.encode(RangeWanted(first=place.height + 1, max_bytes=RANGE_BYTES))
        try:
            payload = await self._network.request(party, Request.RANGE, wanted, timeout=RANGE_SECONDS)
            blocks, sent, certificate = await self._executor.run(lambda: open_range(payload, place))
        except AccordError as error:
            log.info("no range from a peer", party=party, code=error.code)
            return None
        if len(blocks) < sent:
            log.warning("a range that does not continue our chain", party=party)
            self._network.punish(party)
        return (_Held(payload, blocks), certificate) if blocks else None
