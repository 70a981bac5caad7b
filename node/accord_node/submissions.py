"""Transactions on their way in: tried, made durable, gossiped, waited for, answered.

    client -> read (threads) -> trial -> pending log synced -> pool -> gossip -> ... -> final or refused

Every submission is answered item by item; what a node refuses carries the node's signature. Submitting a
transaction again, at any moment, gives the first answer again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import structlog

from accord_client.api import SubmitResult
from accord_ledger.block import Certificate
from accord_ledger.domain.pipeline import Prepared
from accord_ledger.errors import Rejection
from accord_ledger.execute import Executed, Version
from accord_ledger.keys import SigningKey
from accord_ledger.transaction import MAX_LIFETIME_SECONDS
from accord_node.acceptance import Acceptance
from accord_node.chain import Chain, Refused
from accord_node.intake import Intake
from accord_node.mempool import Mempool, Pending
from accord_node.peer import PeerNetwork
from accord_node.pending import PendingLog
from accord_node.rechecking import Rechecking
from accord_node.records import RecordReader, Refusal, entry_hash
from accord_node.replies import Final, Replies
from accord_node.seams import Clock
from accord_node.storage.store import Store
from accord_node.trial import Trial
from accord_node.waiters import Waiter, Waiters
from accord_node.workers import Executor

log = structlog.get_logger("submissions")

TURN = 32
"""Records worked on between two turns of the event loop."""


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
        on_fatal: Callable[[BaseException], None],
        behind: Callable[[], bool] = lambda: False,
    ) -> None:
        self._replies = Replies(party=party, log_key=log_key, chain=chain, store=store, disk=disk)
        self._chain = chain
        self._mempool = mempool
        self._reader = reader
        self._store = store
        self._clock = clock
        self._disk = disk
        self._work_changed = work_changed
        self._on_fatal = on_fatal
        self._trial = Trial(chain.network, chain.checker, chain.head)
        self.intake = Intake(
            chain=chain, mempool=mempool, reader=reader, network=network, clock=clock, on_taken=self._on_taken,
            behind=behind,
        )  # fmt: skip
        """The side towards peers."""
        self._acceptance = Acceptance(
            mempool=mempool, pending=pending, intake=self.intake, disk=disk, spawn=self._spawn,
            work_changed=work_changed, on_fatal=on_fatal,
        )  # fmt: skip
        self._waiters = Waiters()
        self._admitting: dict[bytes, asyncio.Future[None]] = {}
        """Transactions some request is just bringing in, and when it will have."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._rechecking = Rechecking(
            chain=chain, mempool=mempool, clock=clock, refuse=self._refuse, work_changed=work_changed,
            spawn=self._spawn,
        )  # fmt: skip
        self._stopped = False
        self._swept = 0
        """Block time up to which expired transactions were dropped."""
        self.accepted = 0

    # -- clients -----------------------------------------------------------------------------------

    async def submit(self, entries: Sequence[bytes], *, wait: bool, timeout: float) -> list[SubmitResult]:
        """Answer every entry: accepted (durable and gossiped), final, rejected or busy."""
        answers = await self._reader.read(entries)
        if not wait:
            return await self._answer_all(answers)
        tx_ids = [answer.record.tx_id for answer in answers if isinstance(answer, Prepared)]
        waiter = self._waiters.begin(tx_ids)  # before anything can become of them
        try:
            results = await self._answer_all(answers)
            await self._wait_for_final(waiter, answers, results, timeout)
        finally:
            self._waiters.end(waiter)
        return results

    @property
    def refused(self) -> int:
        """Rejections given to clients."""
        return self._replies.refused

    @property
    def waited_for(self) -> int:
        """Transactions that some request waits for."""
        return len(self._waiters)

    async def _answer_all(self, answers: Sequence[Prepared | Refusal]) -> list[SubmitResult]:
        results: dict[int, SubmitResult] = {}
        first: dict[bytes, int] = {}
        for place, answer in enumerate(answers):
            if isinstance(answer, Refusal):
                results[place] = self._replies.rejected(entry_hash(answer.entry), b"", answer.rejection)
            else:
                first.setdefault(answer.record.tx_id, place)  # the same twice in one request: one answer
        left = list(first.items())
        while left:
            left = await self._answer_some(left, answers, results)
            for tx_id, _ in left:  # while this request brings nothing in, so that no two wait for each other
                if (other := self._admitting.get(tx_id)) is not None:
                    await asyncio.shield(other)
        return [
            results[place if isinstance(answer, Refusal) else first[answer.record.tx_id]]
            for place, answer in enumerate(answers)
        ]

    async def _answer_some(
        self,
        left: list[tuple[bytes, int]],
        answers: Sequence[Prepared | Refusal],
        results: dict[int, SubmitResult],
    ) -> list[tuple[bytes, int]]:
        """Answer all but those that another request is just bringing in; returns these."""
        later: list[tuple[bytes, int]] = []
        fresh: list[tuple[int, Prepared]] = []
        brought_in = asyncio.get_running_loop().create_future()
        try:
            for number, (tx_id, place) in enumerate(left):
                if number % TURN == TURN - 1:
                    await asyncio.sleep(0)
                prepared = answers[place]
                if isinstance(prepared, Refusal):
                    continue
                if not self._is_new(prepared) and (known := await self._known(prepared)) is not None:
                    results[place] = known
                elif tx_id in self._admitting:
                    later.append((tx_id, place))
                elif self._stopped:
                    results[place] = self._replies.named(tx_id, prepared.record.entry_hash, "busy")
                else:
                    self._admitting[tx_id] = brought_in
                    fresh.append((place, prepared))
            await self._admit(fresh, results)
        finally:
            for _, prepared in fresh:
                del self._admitting[prepared.record.tx_id]
            brought_in.set_result(None)
        return later

    def _is_new(self, prepared: Prepared) -> bool:
        """Whether nobody here has heard of the transaction: nothing waits, and no block holds it."""
        tx_id = prepared.record.tx_id
        return (
            tx_id not in self._admitting
            and self._mempool.entry_of(tx_id) is None
            and not self.intake.holds(prepared)
        )

    async def _known(self, prepared: Prepared) -> SubmitResult | None:
        """The first answer again, for a transaction that is final or waits already."""
        tx_id, expires = prepared.record.tx_id, prepared.record.tx.expires
        if tx_id in self._admitting:
            return None
        if (name := self._mempool.entry_of(tx_id)) is not None:
            item = self._mempool.get(name)
            return self._replies.named(tx_id, name, "accepted") if item is not None and item.local else None
        if self._chain.head().recent.holds(tx_id, expires):
            index = await self._store.database.index_of(tx_id)
            if index is not None:
                return await self._replies.final_again(tx_id, index)
        return None

    async def _admit(self, fresh: list[tuple[int, Prepared]], results: dict[int, SubmitResult]) -> None:
        good: list[tuple[int, Prepared]] = []
        for number, (place, prepared) in enumerate(fresh):
            if number % TURN == TURN - 1:
                await asyncio.sleep(0)
            record = prepared.record
            taken = self._take_local(prepared)
            if taken is None:
                now = self._clock.now()
                if not self._trial.passes(prepared, now):
                    rejection = await self._trial.check(prepared, now, self._mempool.newest)
                    if rejection is not None and not self.intake.holds(prepared):
                        results[place] = self._replies.rejected(record.entry_hash, record.tx_id, rejection)
                        continue
                    taken = self._take_local(prepared)  # it may have come by gossip meanwhile
                if taken is None and self._mempool.add(prepared, local=True, arrived=self._clock.monotonic()):
                    self.accepted += 1
                    taken = prepared
            if taken is None:
                self._trial.dropped()
                results[place] = self._replies.named(record.tx_id, record.entry_hash, "busy")
                continue
            good.append((place, taken))
            results[place] = self._replies.named(record.tx_id, taken.record.entry_hash, "accepted")
        if good:
            await self._acceptance.make_durable([prepared for _, prepared in good])

    def _take_local(self, prepared: Prepared) -> Prepared | None:
        """The waiting record of this transaction, which came by gossip and is now ours to keep."""
        name = self._mempool.entry_of(prepared.record.tx_id)
        item = None if name is None else self._mempool.get(name)
        if name is None or item is None:
            return None
        self._mempool.make_local(name)
        return item.prepared

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._on_fatal(error)

    def stop(self) -> None:
        """From now on nothing is accepted, gossiped or written."""
        self._stopped = True
        self.intake.stop()
        self._acceptance.stop()
        self._rechecking.stop()

    async def close(self) -> None:
        """Stop, and wait for what was begun."""
        self.stop()
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _wait_for_final(
        self,
        waiter: Waiter,
        answers: Sequence[Prepared | Refusal],
        results: list[SubmitResult],
        timeout: float,
    ) -> None:
        accepted = {
            place: answer.record.tx_id
            for place, (answer, result) in enumerate(zip(answers, results, strict=True))
            if isinstance(answer, Prepared) and result.status == "accepted"
        }
        for tx_id in waiter.open.difference(accepted.values()):
            self._waiters.give_up(tx_id, waiter)
        await asyncio.wait((waiter.done,), timeout=timeout)
        for number, (place, tx_id) in enumerate(accepted.items()):
            if number % TURN == TURN - 1:
                await asyncio.sleep(0)
            if (became := waiter.answers.get(tx_id)) is not None:
                results[place] = self._replies.answered(
                    tx_id, bytes.fromhex(results[place].entry_hash), became
                )

    def _on_taken(self, records: Sequence[Prepared]) -> None:
        """Records of peers entered the pool."""
        self._trial.arrived(records)
        self._mempool.unpark_all()
        self._work_changed()

    # -- what became of them -----------------------------------------------------------------------

    def on_final(self, block: Executed, _: Certificate | None, version: Version) -> None:
        """A block is durable: answer those who wait, forget its records and what expired."""
        if len(self._mempool) or len(self._waiters):  # neither, of a node that catches up
            self._acceptance.settle(self._answer_waiting(block))
        self.intake.on_final(block)
        if version.time != self._swept:
            self._swept = version.time
            self.drop_expired()
        self._work_changed()

    def _answer_waiting(self, block: Executed) -> list[bytes]:
        """Answer those who wait for records of a durable block; entries of those that were ours to keep."""
        first = block.sealed.seal.first
        settled: list[bytes] = []
        for place, (item, receipt) in enumerate(zip(block.prepared, block.receipts, strict=True)):
            tx_id = item.record.tx_id
            name = self._mempool.entry_of(tx_id)  # perhaps with other signatures than the block's
            pending = None if name is None else self._mempool.remove(name)
            if pending is not None and pending.local:
                settled.append(pending.prepared.record.entry_hash)
            if tx_id in self._waiters:
                self._waiters.answer(tx_id, Final(block.sealed.seal.height, first + place, receipt))
        return settled

    def tick(self) -> None:
        """Housekeeping, a few times a second."""
        self.intake.tick()
        self.drop_expired()
        if self._mempool.parked:
            self.recheck()

    def drop_expired(self) -> None:
        """Drop, a bounded number at a time, what can no longer enter a block.

        Block time decides, not our clock: with a clock that is fast others would still take what we
        drop. Only without finality for longer than anything may live does our clock count.
        """
        time = max(self._chain.base.time, self._clock.now() - MAX_LIFETIME_SECONDS)
        expired = self._mempool.expired(time)
        for item in expired:
            expires = item.prepared.record.tx.expires
            self._refuse(
                item,
                Rejection(
                    "E_TX_EXPIRED", f"expected block time before {expires}, got {time}", path="expires"
                ),
            )
        if expired:
            log.info("expired", records=len(expired))

    def on_refused(self, refused: list[Refused]) -> None:
        """Records our own block left out."""
        self._rechecking.on_refused(refused)

    def recheck(self) -> None:
        """Try again what a block refused, or had room for and did not take; drop what fails."""
        self._rechecking.recheck()

    def _refuse(self, item: Pending, rejection: Rejection) -> None:
        record = item.prepared.record
        self._mempool.remove(record.entry_hash)
        self._trial.dropped()
        if item.local:
            self._acceptance.settle([record.entry_hash])
            log.debug("refused", tx=record.tx_id.hex(), kind=record.tx.kind, code=rejection.code)
        self._waiters.answer(record.tx_id, rejection)

    async def restore(self, entries: Sequence[bytes]) -> int:
        """Take up again what was accepted before a restart and is not final; returns how many.

        Called before anything comes from peers, so that what we promised has its room.
        """
        taken = 0
        for number, answer in enumerate(await self._reader.read(entries)):
            if number % TURN == TURN - 1:
                await asyncio.sleep(0)
            if isinstance(answer, Refusal):
                self._acceptance.settle([entry_hash(answer.entry)])
                continue
            record = answer.record
            recent = self._chain.base.recent
            if record.tx.expires <= self._chain.base.time or recent.holds(record.tx_id, record.tx.expires):
                self._acceptance.settle([record.entry_hash])
            elif self._mempool.add(answer, local=True, arrived=self._clock.monotonic()):
                taken += 1
            else:
                log.warning("no room for an accepted transaction", tx=record.tx_id.hex())
        return taken
