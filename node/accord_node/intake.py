"""Records between this node and its peers: what may enter the pool, and what is said of our own.

What peers send enters the pool only if a known key of its author signed it. Bad, and held against the
sender, is only what no state can mend; what nothing proves yet stays with the sender's account
(:mod:`accord_node.unproven`), is not relayed, and is looked at again when keys change.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from accord_ledger import codec
from accord_ledger.domain.model.party import KEYS
from accord_ledger.domain.pipeline import Prepared
from accord_ledger.execute import Executed
from accord_ledger.state import View
from accord_ledger.transaction import MAX_LIFETIME_SECONDS
from accord_node.chain import Chain
from accord_node.mempool import Mempool
from accord_node.messages import MAX_MESSAGE_BYTES, Batch
from accord_node.peer import Outcome, PeerNetwork, Topic
from accord_node.records import RecordReader, Refusal, Useful, authored, entry_hash
from accord_node.seams import Clock
from accord_node.unproven import Unproven

TURN = 256
"""Gossiped records taken into the pool between two turns of the event loop."""
GOSSIP_BATCH = 256
"""Records in one gossiped batch."""
GOSSIP_BYTES = 512 * 1024
"""A batch is closed before it grows past this."""
MAX_BATCH_BYTES = GOSSIP_BYTES + 128 * 1024
"""No honest batch is larger."""
GOSSIP_PAUSE_SECONDS = 0.02
"""Under load records gather so long and go as one batch: each batch costs every node a message from us."""
GOSSIP_AT_ONCE = 1
"""So many batches in one pause go at once: at rest nothing waits."""
READ_AT_ONCE = 4
"""Batches being checked together; others wait their turn, and are passed over if this node fell far behind."""
READ_OF_ONE = READ_AT_ONCE - 1
"""Of one peer: however much it sends, it does not stand in line before everyone else."""
MAX_SKEW_SECONDS = 60
"""A record that expires further ahead than is allowed is kept if our clock may be this much slow."""


class Intake:
    """Takes gossiped records into the pool, and gossips those accepted here."""

    def __init__(
        self,
        *,
        chain: Chain,
        mempool: Mempool,
        reader: RecordReader,
        network: PeerNetwork,
        clock: Clock,
        on_taken: Callable[[Sequence[Prepared]], None],
        behind: Callable[[], bool] = lambda: False,
    ) -> None:
        """Wire it.

        Args:
            chain: what records are for.
            mempool: where they go.
            reader: checks them.
            network: the peers.
            clock: time.
            on_taken: hears of those that entered the pool.
            behind: whether this node is so far behind that what peers say is not worth a look yet.
        """
        self._behind = behind
        self._reading = asyncio.Semaphore(READ_AT_ONCE)
        self._lines: dict[str, asyncio.Semaphore] = {}
        """Of each peer that batches are being read of."""
        self._in_line: Counter[str] = Counter()
        self._chain = chain
        self._mempool = mempool
        self._reader = reader
        self._network = network
        self._clock = clock
        self._on_taken = on_taken
        self._unproven = Unproven()
        self._regossiped = 0
        self._stopped = False
        self._unsaid: list[bytes] = []
        self._saying: asyncio.TimerHandle | None = None
        self._said = 0
        """Batches said since the pause began."""

    def stop(self) -> None:
        """From now on nothing is gossiped."""
        self._stopped = True
        if self._saying is not None:
            self._saying.cancel()

    @property
    def unproven(self) -> int:
        """Records kept that nothing proves to be their author's."""
        return len(self._unproven)

    def holds(self, prepared: Prepared) -> bool:
        """Whether a block, final or not, holds the transaction."""
        return self._chain.head().recent.holds(prepared.record.tx_id, prepared.record.tx.expires)

    def tick(self) -> None:
        """Housekeeping, a few times a second."""
        self._unproven.expire(self._clock.monotonic())

    def on_final(self, block: Executed) -> None:
        """A block is durable: if keys changed, what nothing proved may be proven now."""
        if len(self._unproven) and block.written(KEYS):
            self._review_unproven()

    def gossip(self, entries: Sequence[bytes]) -> None:
        """Say records to all peers: at once at rest, under load a moment later together with others."""
        if self._saying is None:
            self._said = 0
            self._saying = asyncio.get_running_loop().call_later(GOSSIP_PAUSE_SECONDS, self._flush)
        if self._said < GOSSIP_AT_ONCE:
            self._said += 1
            self._say(entries)
        else:
            self._unsaid += entries

    def _flush(self) -> None:
        self._saying = None
        unsaid, self._unsaid = self._unsaid, []
        if unsaid and not self._stopped:
            self._said = GOSSIP_AT_ONCE
            self._saying = asyncio.get_running_loop().call_later(GOSSIP_PAUSE_SECONDS, self._flush)
            self._say(unsaid)

    def _say(self, entries: Sequence[bytes], *, again: bool = False) -> None:
        """In batches that fit; those said before only with ``again``."""
        batch: list[bytes] = []
        size = 0
        for entry in entries:
            if batch and (len(batch) == GOSSIP_BATCH or size + len(entry) > GOSSIP_BYTES):
                self._publish(batch, again=again)
                batch, size = [], 0
            batch.append(entry)
            size += len(entry)
        self._publish(batch, again=again)

    def _publish(self, entries: Sequence[bytes], *, again: bool) -> None:
        if entries and not self._stopped:
            payload = codec.encode(Batch(entries=tuple(entries)))
            self._network.gossip.publish(Topic.TRANSACTIONS, payload, again=again)

    async def on_batch(self, _: Topic, payload: bytes, sender: str) -> Outcome:
        """A gossiped batch: its form and signatures are checked; a peer tried it before.

        Bad is only what no state can mend. What is not provably its author's stays with its sender's
        account, and a batch that holds such records is not relayed; what is good in it is, as our own.
        """
        if len(payload) > MAX_BATCH_BYTES:
            return Outcome.BAD
        async with self._line(sender), self._reading:
            return await self._read_batch(payload, sender)

    @asynccontextmanager
    async def _line(self, sender: str) -> AsyncIterator[None]:
        """A place among this peer's batches that are read, or wait to be read with those of others."""
        line = self._lines.setdefault(sender, asyncio.Semaphore(READ_OF_ONE))
        self._in_line[sender] += 1
        try:
            async with line:
                yield
        finally:
            self._in_line[sender] -= 1
            if not self._in_line[sender]:
                del self._in_line[sender], self._lines[sender]

    async def _read_batch(self, payload: bytes, sender: str) -> Outcome:
        if self._behind():
            return Outcome.IGNORE  # nearly all of it is in the log already; the rest comes with its block
        entries = codec.decode(payload, Batch, limit=MAX_MESSAGE_BYTES).entries
        if len(entries) > GOSSIP_BATCH:
            return Outcome.BAD
        unknown = [entry for entry in entries if entry_hash(entry) not in self._mempool]
        answers = await self._reader.read_authored(unknown, self._timely())
        fresh: list[Prepared] = []
        pure = True
        timely = self._timely()  # blocks came while they were read
        for answer, proven in answers:
            if isinstance(answer, Refusal):
                return Outcome.BAD
            if not timely(answer):
                continue
            if proven:
                fresh.append(answer)
            else:
                pure = False
                self._unproven.add(sender, answer, self._clock.monotonic())
        await self._take_gossiped(fresh)
        if fresh and not pure:
            self.gossip([prepared.record.entry for prepared in fresh])
        return Outcome.ACCEPT if fresh and pure else Outcome.IGNORE

    def _timely(self) -> Useful:
        """Whether a record can now still enter a block: an old one, out of the log, is nobody's offence.

        Asked before its signatures are looked at, since all of the log could be said again.
        """
        begin, recent = self._chain.base.time, self._chain.head().recent
        end = self._clock.now() + MAX_LIFETIME_SECONDS + MAX_SKEW_SECONDS

        def timely(prepared: Prepared) -> bool:
            record = prepared.record
            expires = record.tx.expires
            return begin < expires <= end and not recent.holds(record.tx_id, expires)

        return timely

    async def _take_gossiped(self, records: Sequence[Prepared]) -> None:
        for start in range(0, len(records), TURN):
            if start:
                await asyncio.sleep(0)
            self._take(records[start : start + TURN])

    def _take(self, records: Sequence[Prepared]) -> None:
        if taken := self._mempool.add_all(records, self._clock.monotonic()):
            self._on_taken(taken)

    def _review_unproven(self) -> None:
        """Keys have changed: what is proven now enters the pool and goes on to our peers."""
        state = View(self._chain.base.state)
        proven: list[Prepared] = []
        timely = self._timely()
        for sender, prepared, at in self._unproven.take():
            if not authored(prepared, state):
                self._unproven.add(sender, prepared, at)
            elif timely(prepared) and self._reader.verifies(prepared):
                proven.append(prepared)
        self._take(proven)
        self.gossip([prepared.record.entry for prepared in proven])

    def regossip(self) -> None:
        """Say again what we hold of our own, a part at a time: a batch may have been lost with a link.

        The parts are cut differently from time to time: peers do not listen twice to the same item. One
        that nobody heard, while we were cut off, is said again as it is. With nothing of our own it is
        what others brought: whoever accepted that may be gone. That an unfinalised block of ours holds a
        record does not count: nobody else may know the block.
        """
        count = GOSSIP_BATCH - self._regossiped % 7
        if self._regossiped >= self._mempool.local:
            self._regossiped = 0
        window = self._mempool.local_window(self._regossiped, count)
        if not window:
            window = self._mempool.oldest(self._clock.monotonic(), (), count)
        self._regossiped += count
        self._say([item.prepared.record.entry for item in window], again=True)
