"""One run: load all the time, one fault after another, and the verdict at the end."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from itertools import count

from chaos.alliance import ChaosAlliance, UnreadableError
from process_alliance import EVERYONE, GONE, MEMBERS, NodeFaultError
from process_load import Background

LIVENESS_SECONDS = 45.0
"""After healing (and all the time, with at most f members in trouble) a fresh record is final within this."""
BATCH = 4
LIST_RECORDS = 200
"""Issuances in one status list."""
NO_ROOM = "File too large"
"""In the report of a node whose files may not grow, which may tell where it stood."""
PAUSE_SECONDS = 0.1
"""Between two requests of the load to one node; the machine has other work."""


@dataclass
class Round:
    """What became of one fault."""

    number: int
    fault: str
    detail: str
    lasted: float
    """Seconds from the fault to its healing."""
    recovered: float
    """Seconds from the healing until every node took part again."""


@dataclass
class Game:
    """State of a run, open to the faults."""

    alliance: ChaosAlliance
    rng: random.Random
    say: Callable[[str], None] = print
    rounds: list[Round] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    wrong_clocks: set[str] = field(default_factory=set)
    """Parties whose clock is or was off: what they refuse is no finding."""
    unnoticed: list[str] = field(default_factory=list)
    """Damage that no check noticed."""
    damaged: int = 0
    _made: int = 0

    # -- load --------------------------------------------------------------------------------------

    def records(self, count: int) -> list[bytes]:
        """Issuances that go well together. Whatever never reaches a node leaves a gap in its status list,
        and a list may have only so many pieces: each list takes few issuances."""
        self._made += count
        made = range(self._made - count, self._made)
        return [self.alliance.issuance(f"l-{n // LIST_RECORDS}", n % LIST_RECORDS) for n in made]

    async def load(self, party: str) -> None:
        """Submit to one node for ever; what it acknowledges the judge remembers."""
        for number in count():
            entries = self.records(BATCH)
            try:
                results = await self.alliance.submit(party, entries, final=number % 3 == 2, timeout=10.0)
            except (*GONE, NodeFaultError):
                results = []
            for result in results:
                if result.status in {"accepted", "final"}:
                    self._note(result.tx_id, result.index, result.height, final=result.status == "final")
                elif result.status == "rejected" and party not in self.wrong_clocks:
                    self.refused.append(f"{party}: {result.code} {result.detail}")
            await asyncio.sleep(PAUSE_SECONDS)

    def _note(self, tx_id: str, index: int | None, height: int | None, *, final: bool) -> None:
        place = (index, height) if final and index is not None and height is not None else None
        self.alliance.judge.sees_receipt(tx_id, place)

    # -- liveness ----------------------------------------------------------------------------------

    async def goes_on(self, parties: Sequence[str], when: str) -> None:
        """A fresh record sent to each of these becomes final in time."""
        await asyncio.gather(*(self._one_final(party, when) for party in parties))

    async def _one_final(self, party: str, when: str) -> None:
        end = time.monotonic() + LIVENESS_SECONDS
        [entry] = self.records(1)
        last = "no answer"
        while (left := end - time.monotonic()) > 0:
            try:
                async with asyncio.timeout(left):
                    [result] = await self.alliance.submit(party, [entry], final=True, timeout=min(left, 10.0))
            except (*GONE, NodeFaultError) as error:
                last = repr(error)
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            if result.status == "final":
                self._note(result.tx_id, result.index, result.height, final=True)
                return
            last = f"{result.status} {result.code} {result.detail}"
            await asyncio.sleep(PAUSE_SECONDS)
        self.alliance.judge.violated(f"{when}: not final at {party} in {LIVENESS_SECONDS} s: {last}")

    # -- rounds ------------------------------------------------------------------------------------

    async def play(self, fault: Fault) -> Round:
        """Inject, heal, wait for recovery, look."""
        begin = time.monotonic()
        detail = await fault.play(self)
        self.alliance.heal_wires()
        healed = time.monotonic()
        await self.goes_on(EVERYONE, f"after {fault.name} ({detail})")
        recovered = time.monotonic()
        await self.alliance.show_all()
        self.alliance.read_ballots()
        done = Round(len(self.rounds) + 1, fault.name, detail, healed - begin, recovered - healed)
        self.rounds.append(done)
        self.say(
            f"{done.number:>4}  {done.fault:<16} {done.detail:<52} {done.lasted:>6.1f} s  "
            f"back after {done.recovered:>5.1f} s  log {len(self.alliance.judge.entries):,}"
        )
        return done

    async def run(self, faults: Sequence[Fault], goes_on: Callable[[], bool]) -> None:
        """Play faults in turn, in an order of chance, while the condition holds; then the verdict."""
        async with Background() as background:
            background.run(*(self.load(party) for party in EVERYONE))
            deck: list[Fault] = []
            while goes_on():
                deck = deck or self.rng.sample(list(faults), len(faults))
                await self.play(deck.pop())
                if self.alliance.judge.violations:
                    break
        await self.verdict()

    # -- the end -----------------------------------------------------------------------------------

    async def verdict(self) -> None:
        """Everything that must be true when all is calm again."""
        alliance, judge = self.alliance, self.alliance.judge
        end = time.monotonic() + LIVENESS_SECONDS
        while (missing := judge.missing()) and time.monotonic() < end:
            await alliance.show_all()
            await asyncio.sleep(PAUSE_SECONDS)
        if missing:
            judge.violated(f"{len(missing)} acknowledged transactions not final: {missing[:3]}")
        try:
            await alliance.all_equal(at_least=len(judge.seals))
        except AssertionError as error:
            stands = [(party, (await alliance.status(party)).position.height) for party in EVERYONE]
            judge.violated(f"not one ledger at the end: {error}; {stands}")
        for party in EVERYONE:
            try:
                await alliance.show(party, whole=True)
            except UnreadableError as error:
                judge.violated(f"not readable at the end: {error}")
            if accused := await alliance.evidence(party):
                judge.violated(f"{party} accuses honest members: {accused}")
            for line in alliance.log(party).splitlines():
                if "Traceback" in line and NO_ROOM not in line:
                    judge.violated(f"{party} logged a traceback: {line[:2000]}")
        judge.check_receipts()
        alliance.read_ballots(*MEMBERS)
        for what in alliance.ballots.contradictions():
            judge.violated(what)
        for what in self.refused:
            judge.violated(f"refused: {what}")


@dataclass(frozen=True)
class Fault:
    """One kind of trouble."""

    name: str
    play: Callable[[Game], Awaitable[str]]
    """Injects it, lets it last, ends it (wires are healed by the game); returns what it did, in words."""
    needs: str = ""
    """``proxy`` or ``namespaces``; "" if it works on both."""
