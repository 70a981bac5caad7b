"""Entries in, findings out: reading, signatures ahead, folding and invariants in one pipeline.

Blocks wait for their signatures in order; a bounded number of signatures is on the way, so memory
stays bounded whatever the log holds.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from accord_client.audit.asking import Asking
from accord_client.audit.invariants.watch import INVARIANTS, Watch
from accord_client.audit.lineage import Lineage
from accord_client.audit.report import Contradiction, Finding, Report, Status
from accord_client.audit.verifying import GoodSignatures, Job, Verifying
from accord_genesis.document import Genesis
from accord_ledger.blockreader import Block, BlockReader
from accord_ledger.domain.kinds.accusation import EvidenceSubmit
from accord_ledger.replay import BlockReplayed, Replay

GROUP: Final = 256
"""Signatures that travel together: about 20 ms of work."""

AHEAD: Final = 1024
"""Signatures on their way for each process besides this one; more would only push blocks out of the caches."""

BY_EXECUTION: Final = ("state_roots", "signatures", "rules", *INVARIANTS)
"""Checks that end where execution ends."""

BY_VOTERS: Final = ("members", "certificates")
"""Checks that end where nobody can say who votes."""

BY_BLOCKS: Final = (
    "chain", "members", "time", "certificates", "bodies", "log_roots", "finality", *BY_EXECUTION,
)  # fmt: skip
"""Checks that end where no more blocks can be told."""


@dataclass(slots=True)
class _Waiting:
    """Blocks whose signatures are on their way in so many groups."""

    blocks: list[Block]
    groups: int
    jobs: int


class Pipeline:
    """The replay of one log into one report."""

    def __init__(
        self, genesis: Genesis, verifying: Verifying, report: Report, asking: Sequence[Asking] = ()
    ) -> None:
        self.lineage = Lineage(genesis)
        self.reader = BlockReader()
        self.watch = Watch()
        self._verifying = verifying
        self.report = report
        self._blocks: list[Block] = []
        self._jobs: list[Job] = []
        self._waiting: deque[_Waiting] = deque()
        self._on_their_way = 0
        self._ahead = AHEAD * (verifying.processes - 1)
        self._asking = asking
        for one in asking:
            one.begin(self.lineage.genesis.values)

    @property
    def replay(self) -> Replay:
        """Of the network that is being read."""
        return self.lineage.replay

    def take(self, entries: Sequence[bytes]) -> None:
        """Read the next entries; execute what is ready."""
        add = self.reader.add
        for entry in entries:
            block = add(entry)
            if block is None or self.lineage.lost:
                continue
            if self.lineage.ends_before(block.seal_index):
                self._carry_on()
                if self.lineage.lost:
                    continue
            self.report.records += len(block.records)
            self._blocks.append(block)
            self._jobs += self.replay.jobs(block)
            if len(self._jobs) >= GROUP:
                self._send()
                while self._on_their_way > self._ahead:
                    self._fold()

    def _drain(self) -> None:
        """Execute what was read."""
        self._send()
        while self._waiting:
            self._fold()

    def _carry_on(self) -> None:
        """The next block is of the network that continues this one."""
        self._drain()
        if (found := self.lineage.carry_on()) is not None:
            self.report.add(found)
            why = f"not judged from entry {found.entry} on: nobody can say what the network there began with"
            self.report.leave(BY_BLOCKS, why)
        for one in self._asking:
            one.begin(self.lineage.genesis.values)

    def finish(self) -> None:
        """Execute what is left, and judge the end of the log."""
        self._drain()
        if not self.lineage.lost and (found := self.lineage.unfinished()) is not None:
            self.report.add(found)
        report, replay, reader = self.report, self.replay, self.reader
        for one in self._asking:
            one.finish(replay)
        report.height = replay.version.height
        report.state_root = replay.version.map.root.hex()
        if replay.halted is not None:
            report.leave(BY_EXECUTION, f"not judged from height {replay.halted} on: execution ended there")
        if replay.stopped is not None:
            report.failure = str(replay.stopped)
        if replay.lost is not None:
            why = f"not judged from height {replay.lost} on: an epoch began after execution had ended"
            report.leave(BY_VOTERS, why)
        if reader.broken is not None:
            height = replay.version.height + 1
            code, detail = reader.broken
            report.add(Finding("form", code, "a record or a seal", detail, reader.index, height))
            report.leave(BY_BLOCKS, f"not judged from entry {reader.index} on: no more blocks can be told")
        if report.check("state_roots").status is Status.FAIL:
            report.check("I11").status = Status.FAIL
        if self.watch.cycles.gave_up:
            report.leave(("I6",), self.watch.cycles.gave_up)

    def _send(self) -> None:
        """Put the gathered signatures on their way, in groups that several processes can share."""
        if not self._blocks:
            return
        jobs = self._jobs
        groups = [jobs[at : at + GROUP] for at in range(0, len(jobs), GROUP)]
        for group in groups:
            self._verifying.submit(group)
        self._waiting.append(_Waiting(self._blocks, len(groups), len(jobs)))
        self._on_their_way += len(jobs)
        self._blocks, self._jobs = [], []

    def _fold(self) -> None:
        """Execute the oldest blocks, now that their signatures are known."""
        waiting = self._waiting.popleft()
        good: set[Job] = set()
        for _ in range(waiting.groups):
            good |= self._verifying.next()
        checker = GoodSignatures(good)
        self._on_their_way -= waiting.jobs
        for block in waiting.blocks:
            for one in self._asking:
                one.before(block.sealed.seal, self.replay)
            replayed = self.replay.fold(block, checker)
            for one in self._asking:
                one.after(replayed)
            for found in replayed.findings:
                self.report.add(Finding.of(found))
            for broken in self.watch.observe(replayed, self.replay.state):
                self.report.add(broken)
            self.report.contradictions += _contradictions(replayed)


def _contradictions(block: BlockReplayed) -> Iterator[Contradiction]:
    for prepared in () if block.executed is None else block.executed.prepared:
        if isinstance(prepared.body, EvidenceSubmit):
            vote = prepared.body.first
            yield Contradiction(vote.member, vote.epoch, vote.view, block.height)
