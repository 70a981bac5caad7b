"""Submitting records: the same bytes until the answer is certain.

A record is named by its own bytes, so sending it again, to the same node or another, does no harm: a node
that knows it answers with the first receipt. That makes retrying safe, and this module does nothing else:
after a lost answer, ``busy`` or ``accepted`` it sends the same entry again until it is final, refused or
expired. A refusal after a lost answer is believed only when no node knows the transaction as final. Who
calls a record final that no node proves is asked last, and the record is sent to another.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, cast

from accord_client.api import MAX_BULK, Problem, RecordAnswer, SubmitRequest, SubmitResponse, SubmitResult
from accord_client.errors import (
    ClientError,
    ExpiredError,
    ForkError,
    NodeError,
    NotFinalError,
    NotFoundError,
    RefusedError,
    RejectedError,
    TrustError,
)
from accord_client.proofs import ProvedRecord, check_record
from accord_client.sdk.answers import Receipt
from accord_client.sdk.transport import Reply, Transport, encode_json
from accord_client.trust import Trust
from accord_ledger.errors import AccordError
from accord_ledger.transaction import Draft, ParsedRecord, parse_record

MAX_CHUNK_BYTES: Final = 4 * 1024 * 1024
"""Entries in one request; base64 makes them a third longer, and a request may have 8 MiB."""

WAIT_SECONDS: Final = 20.0
"""How long a node is asked to wait for finality in one request."""

PAUSE: Final = 0.2

Outcome = Receipt | ClientError
"""What became of one record of many."""


@dataclass(slots=True)
class _Waiting:
    """A record on its way."""

    place: int
    record: ParsedRecord
    doubtful: bool = False
    """An answer about it was lost, so it may be in the log already."""


class Submits:
    """Submissions of :class:`accord_client.sdk.AccordClient`."""

    transport: Transport
    trust: Trust
    now: Callable[[], float]
    floor: int

    async def submit(
        self, entry: bytes | Draft, *, wait: bool = True, prove: bool = True, timeout: float = 120.0
    ) -> Receipt:
        """Submit one record.

        Args:
            entry: canonical record, or a signed draft.
            wait: until it is final; otherwise until a node has it durably and gossips it.
            prove: check the proof that it is in the log (with ``wait``).
            timeout: seconds to wait for finality; its own expiry ends the waiting too.

        Raises:
            RejectedError: the rules refuse it.
            ExpiredError: it expired first.
            NotFinalError: accepted, and not final in this time; submit the same bytes again.
            NodeError: no node could be asked.
            ProofError: what nodes call final cannot be proved.
        """
        deadline = time.monotonic() + timeout
        while True:
            [outcome] = await self._settle([entry], wait=wait, deadline=deadline)
            if isinstance(outcome, ClientError):
                raise outcome
            if not (prove and outcome.final):
                return outcome
            try:
                return await self.prove_receipt(outcome, entry)
            except ForkError:
                raise
            except AccordError:
                self.transport.demote(outcome.node)
                if len(self.transport.urls) == 1 or time.monotonic() + PAUSE >= deadline:
                    raise
            await asyncio.sleep(PAUSE)

    async def submit_many(
        self,
        entries: Sequence[bytes | Draft],
        *,
        wait: bool = True,
        timeout: float = 300.0,
        progress: Callable[[int], None] | None = None,
    ) -> list[Outcome]:
        """Submit records in bulk; each gets a receipt or its own error, in order.

        Args:
            entries: canonical records, or signed drafts.
            wait: until each is final.
            timeout: seconds for all of them.
            progress: called with the number of records that have an outcome.

        Raises:
            Rejection: ``E_SCHEMA``: an entry is no record; nothing was sent.
        """
        outcomes = await self._settle(
            entries, wait=wait, deadline=time.monotonic() + timeout, progress=progress
        )
        await self._reach(entries, outcomes)
        return outcomes

    async def _reach(self, entries: Sequence[bytes | Draft], outcomes: Sequence[Outcome]) -> None:
        """Let what is read from now on hold the newest of these records, once that one is proved."""
        done = [
            (one.index, place)
            for place, one in enumerate(outcomes)
            if isinstance(one, Receipt) and one.index is not None
        ]
        if not done:
            return
        place = max(done)[1]
        try:
            await self.prove_receipt(cast("Receipt", outcomes[place]), entries[place])
        except ForkError:
            raise
        except AccordError:
            return  # the receipts stay what they say they are, a node's word, and nothing follows from it

    async def _settle(
        self,
        entries: Sequence[bytes | Draft],
        *,
        wait: bool,
        deadline: float,
        progress: Callable[[int], None] | None = None,
    ) -> list[Outcome]:
        """An outcome for each, as nodes say."""
        records = [parse_record(_entry(item)) for item in entries]
        outcomes: list[Outcome | None] = [None] * len(records)
        waiting = [_Waiting(place, record) for place, record in enumerate(records)]
        began = time.monotonic()
        while waiting:
            for chunk in _chunks(waiting):
                await self._send(chunk, outcomes, wait=wait, deadline=deadline)
            waiting = [item for item in waiting if outcomes[item.place] is None]
            if progress is not None:
                progress(len(records) - len(waiting))
            if waiting and time.monotonic() >= deadline:
                for item in waiting:
                    detail = f"expected {item.record.tx_id.hex()} final within {deadline - began:.3g} s"
                    outcomes[item.place] = NotFinalError("NOT_FINAL", detail)
                break
            if waiting:
                await asyncio.sleep(PAUSE)
        return [outcome for outcome in outcomes if outcome is not None]

    async def prove_receipt(self, receipt: Receipt, entry: bytes | Draft) -> Receipt:
        """The receipt after the record was proved to be in the log.

        Raises:
            ProofError, NodeError: no node proves it.
        """
        if receipt.index is None:
            raise TrustError("LEDGER_PROOF_MISSING", "expected a log index in the receipt")
        wanted = _entry(entry)

        def accept(answer: RecordAnswer) -> ProvedRecord:
            if answer.proof is None:
                raise TrustError("LEDGER_PROOF_MISSING", "expected a proof")
            proved = check_record(answer.proof, self.trust, tx_id=receipt.tx_id)
            if proved.record.entry != wanted:
                raise TrustError("LEDGER_RECORD", "expected the submitted bytes, got others of this id")
            self.trust.believe(proved.believed)
            return proved

        def missing(problem: Problem) -> ProvedRecord:
            raise NotFoundError(problem.code, problem.detail, path=problem.path)  # another node may prove it

        path = f"/v1/transactions/{receipt.tx_id.hex()}"
        reply = await self.transport.call(
            "GET", path, RecordAnswer, accept, params={"proof": "1"}, missing=missing
        )
        index = reply.value.index
        # every block ends in an entry of its own, so none is higher than there are entries up to it
        self.floor = max(self.floor, min(receipt.height or 0, index + 1))
        return replace(receipt, index=index, proved=True)

    # ---- one round -----------------------------------------------------------------------------------

    async def _send(
        self, chunk: Sequence[_Waiting], outcomes: list[Outcome | None], *, wait: bool, deadline: float
    ) -> None:
        seconds = max(0.0, min(WAIT_SECONDS, deadline - time.monotonic()))
        request = SubmitRequest(
            entries=[item.record.entry for item in chunk],
            wait="final" if wait else "accepted",
            timeout=seconds,
        )

        def accept(response: SubmitResponse) -> SubmitResponse:
            if len(response.results) != len(chunk):
                raise TrustError(
                    "NODE_RESPONSE", f"expected {len(chunk)} results, got {len(response.results)}"
                )
            return response

        try:
            reply: Reply[SubmitResponse] = await self.transport.call(
                "POST",
                "/v1/transactions",
                SubmitResponse,
                accept,
                body=encode_json(request),
                timeout=seconds + 15.0,
            )
        except RefusedError:
            raise
        except AccordError as error:
            self._lost(chunk, outcomes, error, deadline)
            return
        for item, result in zip(chunk, reply.value.results, strict=True):
            item.doubtful = item.doubtful or reply.failed > 0
            now = reply.value.position.time
            outcomes[item.place] = await self._judge(item, result, reply.url, wait=wait, ledger_time=now)
        if any(result.status == "busy" for result in reply.value.results):
            self.transport.demote(reply.url)

    def _lost(
        self, chunk: Sequence[_Waiting], outcomes: list[Outcome | None], error: AccordError, deadline: float
    ) -> None:
        """No node answered: whether the records arrived is open, so they are sent again."""
        for item in chunk:
            item.doubtful = True
            if time.monotonic() >= deadline or not isinstance(error, NodeError):
                outcomes[item.place] = (
                    error if isinstance(error, ClientError) else NodeError("NODE_UNAVAILABLE", str(error))
                )

    async def _judge(
        self, item: _Waiting, result: SubmitResult, node: str, *, wait: bool, ledger_time: int
    ) -> Outcome | None:
        """The outcome of one record, or None while it is open."""
        record = item.record
        if result.status == "final":
            return _receipt(record, result, node)
        if result.status == "rejected":
            if item.doubtful and (known := await self._known(record)) is not None:
                return known
            return RejectedError.of(result)
        if ledger_time >= record.tx.expires and self._past(record.tx.expires):
            return await self._known(record) or ExpiredError(
                "E_TX_EXPIRED", f"expected it final before {record.tx.expires}, block time is {ledger_time}"
            )
        if result.status == "accepted" and not wait:
            return _receipt(record, result, node)
        return None

    def _past(self, moment: int) -> bool:
        """Whether our own clock agrees: nobody may be told to make a record anew that can still become final."""
        return self.trust.scripted_clock or self.now() >= moment

    async def _known(self, record: ParsedRecord) -> Receipt | None:
        """The receipt of a transaction that some node shows as final."""

        def shown(answer: RecordAnswer) -> RecordAnswer:
            if answer.record.tx_id != record.tx_id.hex():
                raise TrustError("LEDGER_RECORD", f"expected {record.tx_id.hex()}, got {answer.record.tx_id}")
            return answer

        try:
            path = f"/v1/transactions/{record.tx_id.hex()}"
            reply = await self.transport.call("GET", path, RecordAnswer, shown)
        except (NotFoundError, NodeError):
            return None
        view = reply.value.record
        return Receipt(
            record.tx_id,
            record.entry_hash,
            final=True,
            height=view.height,
            index=view.index,
            warnings=tuple(view.warnings),
            result=dict(view.result),
            node=reply.url,
        )


def _entry(item: bytes | Draft) -> bytes:
    return item.entry() if isinstance(item, Draft) else item


def _chunks(waiting: Iterable[_Waiting]) -> Iterator[list[_Waiting]]:
    """Groups that fit into one request."""
    chunk: list[_Waiting] = []
    size = 0
    for item in waiting:
        length = len(item.record.entry)
        if chunk and (len(chunk) == MAX_BULK or size + length > MAX_CHUNK_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(item)
        size += length
    if chunk:
        yield chunk


def _receipt(record: ParsedRecord, result: SubmitResult, node: str) -> Receipt:
    return Receipt(
        record.tx_id,
        record.entry_hash,
        final=result.status == "final",
        height=result.height,
        index=result.index,
        warnings=tuple(result.warnings),
        result=dict(result.result),
        node=node,
    )
