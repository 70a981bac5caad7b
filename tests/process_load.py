"""Load on an alliance of processes, and a memory of everything the nodes acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from itertools import count
from types import TracebackType

from accord_client.api import SubmitResult
from process_alliance import EVERYONE, GONE, NodeFaultError, ProcessAlliance

BATCH = 4


class Background(AbstractAsyncContextManager["Background"]):
    """Tasks that run while the test does something else; their failures end the test."""

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[None]] = []

    def run(self, *work: object) -> None:
        loop = asyncio.get_running_loop()
        self._tasks += [loop.create_task(item) for item in work]  # type: ignore[arg-type]

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        for result in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(result, Exception) and error is None:
                raise result


@dataclass
class Receipts:
    """What nodes said of records, by entry."""

    acknowledged: dict[bytes, SubmitResult] = field(default_factory=dict)
    refused: list[SubmitResult] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    """Answers of 500 and above."""

    def note(self, entry: bytes, result: SubmitResult) -> None:
        if result.status in {"accepted", "final"}:
            self.acknowledged[entry] = result
        elif result.status == "rejected":
            self.refused.append(result)

    @property
    def final(self) -> list[SubmitResult]:
        return [result for result in self.acknowledged.values() if result.status == "final"]


async def submit_to(alliance: ProcessAlliance, party: str, receipts: Receipts) -> None:
    """Submit to one node for ever; a dead node is tried again.

    Every fourth batch waits for finality, so that at any moment some records are accepted and not final.
    """
    for number in count():
        entries = alliance.issuances(BATCH)
        try:
            results = await alliance.submit(party, entries, final=number % 4 == 3)
        except (*GONE, NodeFaultError) as error:
            if isinstance(error, NodeFaultError):
                receipts.faults.append(str(error))
            await asyncio.sleep(0.05)
            continue
        for entry, result in zip(entries, results, strict=True):
            receipts.note(entry, result)


@dataclass
class Watch:
    """Whether what a node serves ever goes back, also across its restarts."""

    heights: dict[str, int] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    went_back: list[str] = field(default_factory=list)

    async def follow(self, alliance: ProcessAlliance, party: str) -> None:
        while True:
            try:
                size = await alliance.checkpoint_size(party)
                height = (await alliance.status(party)).position.height
            except GONE:
                await asyncio.sleep(0.05)
                continue
            self._see(self.heights, party, height, "height")
            if size is not None:
                self._see(self.sizes, party, size, "checkpoint")
            await asyncio.sleep(0.05)

    def _see(self, known: dict[str, int], party: str, value: int, what: str) -> None:
        if value < known.get(party, 0):
            self.went_back.append(f"{what} of {party}: {known[party]}, then {value}")
        known[party] = value


async def nothing_lost(
    alliance: ProcessAlliance, receipts: Receipts, asked: Sequence[str] = EVERYONE
) -> None:
    """Everything acknowledged is final on these nodes, where it was said to be, and says so again.

    The listing is read before anything is submitted again, which could bring back what was lost.
    """
    wanted = {result.tx_id for result in receipts.acknowledged.values()}
    assert wanted, "nothing was acknowledged: the load did not run"
    assert not receipts.refused, receipts.refused[:3]
    assert not receipts.faults, receipts.faults[:3]
    final: dict[str, tuple[int, int]] = {}

    async def all_final() -> bool:
        final.update(await alliance.final_ids(asked[0]))
        return wanted <= final.keys()

    await alliance.until(all_final, "every acknowledged transaction final")
    top = await alliance.all_equal(*asked, at_least=max(final[tx][1] for tx in wanted))
    for party in asked:
        listed = await alliance.final_ids(party)
        assert {tx: listed.get(tx) for tx in wanted} == {tx: final[tx] for tx in wanted}, party
    for result in receipts.final:
        assert final[result.tx_id] == (result.index, result.height), result
    await _receipts_again(alliance, receipts, final, asked[-1])
    assert (await alliance.status(asked[0])).position.height >= top.position.height


async def _receipts_again(
    alliance: ProcessAlliance, receipts: Receipts, final: dict[str, tuple[int, int]], party: str
) -> None:
    entries = list(receipts.acknowledged)
    for start in range(0, len(entries), 500):
        some = entries[start : start + 500]
        again = await alliance.submit(party, some, final=True)
        for entry, result in zip(some, again, strict=True):
            assert (result.status, (result.index, result.height)) == ("final", final[result.tx_id]), result
            assert result.tx_id == receipts.acknowledged[entry].tx_id
