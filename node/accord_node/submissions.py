"""Transactions on their way in: tried, made durable, gossiped, waited for, answered.

    client -> read (threads) -> trial -> pending log synced -> pool -> gossip -> ... -> final or refused

Every submission is answered item by item; what a node refuses carries the node's signature.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from accord_client.api import SignedRejection, SubmitResult
from accord_ledger import codec
from accord_ledger.block import Certificate
from accord_ledger.domain.pipeline import Prepared
from accord_ledger.errors import AccordError, Rejection
from accord_ledger.execute import Executed, Receipt, Version
from accord_ledger.keys import SigningKey
from accord_ledger.tags import Tag
from accord_node.chain import Chain, Refused
from accord_node.mempool import Mempool, Pending
from accord_node.messages import MAX_MESSAGE_BYTES, Batch
from accord_node.peer import Outcome, PeerNetwork, Topic
from accord_node.pending import PendingLog
from accord_node.records import RecordReader, Refusal, entry_hash
from accord_node.seams import Clock
from accord_node.storage.store import Store
from accord_node.trial import Trial
from accord_node.workers import Executor

log = structlog.get_logger("submissions")

GOSSIP_BATCH = 256
"""Records in one gossiped batch."""
TRIAL_CHUNK = 32
"""Records tried between two turns of the event loop."""
STALE_SECONDS = 1.0
"""A record that a block had room for and that waited this long is tried again."""


@dataclass(frozen=True, slots=True)
class Final:
    """Where a transaction became final."""

    height: int
    index: int
    receipt: Receipt


Answer = Final | Rejection


class Submissions:
    """Takes transactions from clients and from gossip into the pool."""

    def __init__(
        self,
        *,
        party: str,
        log_key: SigningKey,
        chain: Chain,
        mempool: Mempool,
        reader: RecordReader,
        pending: PendingLog,
        store: Store,
        network: PeerNetwork,
        clock: Clock,
        disk: Executor,
        work_changed: Callable[[], None],
    ) -> None:
        self._party = party
        self._log_key = log_key
        self._chain = chain
        self._mempool = mempool
        self._reader = reader
        self._pending = pending
        self._store = store
        self._network = network
        self._clock = clock
        self._disk = disk
        self._work_changed = work_changed
        self._trial = Trial(chain.network, chain.checker, chain.head)
        self._waiting: dict[bytes, asyncio.Future[Answer]] = {}
        self._swept = 0
        """Block time up to which expired transactions were dropped."""
        self.refused = 0
        self.accepted = 0

    # -- clients -----------------------------------------------------------------------------------

    async def submit(self, entries: Sequence[bytes], *, wait: bool, timeout: float) -> list[SubmitResult]:
        """Answer every entry: accepted (durable and gossiped), final, rejected or busy."""
        answers = await self._reader.read(entries)
        results: list[SubmitResult | None] = [None] * len(entries)
        fresh: list[tuple[int, Prepared]] = []
        for place, answer in enumerate(answers):
            if isinstance(answer, Refusal):
                results[place] = self._rejected(entry_hash(answer.entry), b"", answer.rejection)
            elif (known := await self._known(answer)) is not None:
                results[place] = known
            elif not self._mempool.room_for(answer.record.tx.author, len(answer.record.entry)):
                results[place] = self._named(answer, "busy")
            else:
                fresh.append((place, answer))
        await self._admit(fresh, results)
        if wait:
            await self._wait_for_final(answers, results, timeout)
        return [result for result in results if result is not None]

    async def _known(self, prepared: Prepared) -> SubmitResult | None:
        """The first answer again, for a transaction that is final or waits already."""
        tx_id = prepared.record.tx_id
        if self._mempool.entry_of(tx_id) is not None:
            return self._named(prepared, "accepted")
        if not self._chain.head().recent.holds(tx_id, prepared.record.tx.expires):
            return None
        index = await self._store.database.index_of(tx_id)
        return (
            self._named(prepared, "accepted") if index is None else await self._final_again(prepared, index)
        )

    async def _final_again(self, prepared: Prepared, index: int) -> SubmitResult:
        row = await self._store.database.record(index)
        result, warnings = _decode_result(row.result if row is not None else None)
        return SubmitResult(
            status="final",
            tx_id=prepared.record.tx_id.hex(),
            entry_hash=prepared.record.entry_hash.hex(),
            height=row.height if row is not None else None,
            index=index,
            warnings=warnings,
            result=result,
        )

    async def _admit(self, fresh: list[tuple[int, Prepared]], results: list[SubmitResult | None]) -> None:
        good: list[tuple[int, Prepared]] = []
        for number, (place, prepared) in enumerate(fresh):
            if number and number % TRIAL_CHUNK == 0:
                await asyncio.sleep(0)
            rejection = self._trial.check(prepared, self._clock.now(), self._waiting_records)
            if rejection is None:
                good.append((place, prepared))
            else:
                results[place] = self._rejected(prepared.record.entry_hash, prepared.record.tx_id, rejection)
        if not good:
            return
        entries = [prepared.record.entry for _, prepared in good]
        await self._disk.run(lambda: self._pending.append(entries))
        for place, prepared in good:
            results[place] = self._named(prepared, "accepted")
            if self._mempool.add(prepared, local=True, arrived=self._clock.monotonic()):
                self.accepted += 1
        self._gossip(entries)
        self._work_changed()

    def _waiting_records(self) -> list[Prepared]:
        return [item.prepared for item in self._mempool.items()]

    def _gossip(self, entries: Sequence[bytes]) -> None:
        for start in range(0, len(entries), GOSSIP_BATCH):
            batch = Batch(entries=tuple(entries[start : start + GOSSIP_BATCH]))
            self._network.gossip.publish(Topic.TRANSACTIONS, codec.encode(batch))

    async def _wait_for_final(
        self, answers: Sequence[Prepared | Refusal], results: list[SubmitResult | None], timeout: float
    ) -> None:
        waiting: dict[int, tuple[Prepared, asyncio.Future[Answer]]] = {}
        for place, (answer, result) in enumerate(zip(answers, results, strict=True)):
            if isinstance(answer, Prepared) and result is not None and result.status == "accepted":
                future = self._waiting.get(answer.record.tx_id)
                if future is None:
                    future = self._waiting[answer.record.tx_id] = asyncio.get_running_loop().create_future()
                waiting[place] = (answer, future)
        if not waiting:
            return
        for place, (answer, _) in waiting.items():  # it may have become final while we arranged to wait
            index = await self._store.database.index_of(answer.record.tx_id)
            if index is not None:
                results[place] = await self._final_again(answer, index)
        settled = {
            place for place, result in enumerate(results) if result is not None and result.status == "final"
        }
        open_futures = {future for place, (_, future) in waiting.items() if place not in settled}
        if open_futures:
            await asyncio.wait(open_futures, timeout=timeout)
        for place, (answer, future) in waiting.items():
            if future.done() and not future.cancelled():
                results[place] = self._answered(answer, future.result())

    def _answered(self, prepared: Prepared, answer: Answer) -> SubmitResult:
        if isinstance(answer, Rejection):
            return self._rejected(prepared.record.entry_hash, prepared.record.tx_id, answer)
        return SubmitResult(
            status="final",
            tx_id=prepared.record.tx_id.hex(),
            entry_hash=prepared.record.entry_hash.hex(),
            height=answer.height,
            index=answer.index,
            warnings=list(answer.receipt.warnings),
            result=answer.receipt.result,
        )

    def _named(self, prepared: Prepared, status: str) -> SubmitResult:
        return SubmitResult(
            status=status,  # type: ignore[arg-type]
            tx_id=prepared.record.tx_id.hex(),
            entry_hash=prepared.record.entry_hash.hex(),
        )

    def _rejected(self, name: bytes, tx_id: bytes, rejection: Rejection) -> SubmitResult:
        self.refused += 1
        height = self._chain.base.height
        message = Tag.SIGN_REJECTION.message(codec.encode([name, height, rejection.code]))
        signed = SignedRejection(
            party=self._party,
            entry_hash=name.hex(),
            height=height,
            code=rejection.code,
            signature=self._log_key.sign(message).hex(),
        )
        return SubmitResult(
            status="rejected",
            tx_id=tx_id.hex(),
            entry_hash=name.hex(),
            code=rejection.code,
            detail=rejection.detail,
            path=rejection.path,
            rejection=signed,
        )

    # -- peers -------------------------------------------------------------------------------------

    async def on_batch(self, _: Topic, payload: bytes, __: str) -> Outcome:
        """A gossiped batch: its form and signatures are checked; a peer tried it before."""
        entries = codec.decode(payload, Batch, limit=MAX_MESSAGE_BYTES).entries
        unknown = [entry for entry in entries if entry_hash(entry) not in self._mempool]
        answers = await self._reader.read(unknown)
        if any(isinstance(answer, Refusal) for answer in answers):
            return Outcome.BAD
        recent = self._chain.head().recent
        now = self._clock.monotonic()
        for answer in answers:
            if isinstance(answer, Prepared) and not recent.holds(
                answer.record.tx_id, answer.record.tx.expires
            ):
                self._mempool.add(answer, local=False, arrived=now)
        self._work_changed()
        return Outcome.ACCEPT

    # -- what became of them -----------------------------------------------------------------------

    def on_final(self, block: Executed, _: Certificate | None, version: Version) -> None:
        """A block is durable: answer those who wait, forget its records and what expired."""
        first = block.sealed.seal.first
        settled: list[bytes] = []
        for place, (item, receipt) in enumerate(zip(block.prepared, block.receipts, strict=True)):
            pending = self._mempool.remove(item.record.entry_hash)
            if pending is not None and pending.local:
                settled.append(item.record.entry_hash)
            self._answer(item.record.tx_id, Final(block.sealed.seal.height, first + place, receipt))
        if settled:
            self._pending.settle(settled)
        if version.time != self._swept:
            self._swept = version.time
            self.drop_expired(version.time)
        self._work_changed()

    def drop_expired(self, time: int) -> None:
        """Drop what can no longer enter a block."""
        for item in self._mempool.expired(time):
            expires = item.prepared.record.tx.expires
            self._refuse(
                item,
                Rejection(
                    "E_TX_EXPIRED", f"expected block time before {expires}, got {time}", path="expires"
                ),
            )

    def on_refused(self, refused: list[Refused]) -> None:
        """Records our own block left out."""
        for item in refused:
            pending = self._mempool.get(item.prepared.record.entry_hash)
            if pending is not None:
                self._refuse(pending, item.rejection)

    def recheck(self) -> None:
        """Try again what a block had room for and did not take; drop what fails."""
        now = self._clock.monotonic()
        flying = self._chain.in_flight()
        old = [
            item
            for item in self._mempool.items()
            if now - item.arrived > STALE_SECONDS and item.prepared.record.entry_hash not in flying
        ][:TRIAL_CHUNK]
        if not old:
            return
        fresh = Trial(self._chain.network, self._chain.checker, self._chain.head)
        for item in old:
            rejection = fresh.check(item.prepared, self._clock.now(), list)
            if rejection is not None:
                self._refuse(item, rejection)
        self._work_changed()

    def _refuse(self, item: Pending, rejection: Rejection) -> None:
        record = item.prepared.record
        self._mempool.remove(record.entry_hash)
        if item.local:
            self._pending.settle([record.entry_hash])
            log.info("refused", tx=record.tx_id.hex(), kind=record.tx.kind, code=rejection.code)
        self._answer(record.tx_id, rejection)

    def _answer(self, tx_id: bytes, answer: Answer) -> None:
        future = self._waiting.pop(tx_id, None)
        if future is not None and not future.done():
            future.set_result(answer)

    async def restore(self, entries: Sequence[bytes]) -> int:
        """Take up again what was accepted before a restart and is not final; returns how many."""
        taken = 0
        for answer in await self._reader.read(entries):
            if isinstance(answer, Refusal):
                self._pending.settle([entry_hash(answer.entry)])
                continue
            record = answer.record
            gone = record.tx.expires <= self._clock.now() or self._chain.head().recent.holds(
                record.tx_id, record.tx.expires
            )
            if gone or not self._mempool.add(answer, local=True, arrived=self._clock.monotonic()):
                self._pending.settle([record.entry_hash])
            else:
                taken += 1
        return taken

    def regossip(self) -> None:
        """Say again what we hold of our own: a batch may have been lost with a link."""
        flying = self._chain.in_flight()
        entries = [
            item.prepared.record.entry
            for item in self._mempool.items()
            if item.local and item.prepared.record.entry_hash not in flying
        ][:GOSSIP_BATCH]
        if entries:
            self._gossip(entries)


def _decode_result(raw: bytes | None) -> tuple[dict[str, str], list[str]]:
    if raw is None:
        return {}, []
    try:
        result, warnings = codec.decode(raw, tuple[dict[str, str], list[str]])
    except AccordError:
        return {}, []
    return result, warnings
