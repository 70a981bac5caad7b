"""Entries in, findings out: reading ahead, folding and invariants in one pipeline.

Pieces of the log are read ahead, a bounded number of them; each is folded, block by block, when all before it
have been. Memory holds them, the records of one block, and the state.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Final

from accord_client.audit.asking import Asking
from accord_client.audit.invariants.watch import INVARIANTS, Watch
from accord_client.audit.lineage import Lineage
from accord_client.audit.pieces import Piece
from accord_client.audit.readers import Readers
from accord_client.audit.report import Contradiction, Finding, Report, Status
from accord_client.audit.signers import GoodSignatures, Job
from accord_genesis.document import Genesis
from accord_ledger.blockreader import Block, BlockReader
from accord_ledger.domain.kinds.accusation import EvidenceSubmit
from accord_ledger.replay import BlockReplayed, Replay

BY_EXECUTION: Final = ("state_roots", "signatures", "rules", *INVARIANTS)
"""Checks that end where execution ends."""

BY_VOTERS: Final = ("members", "certificates")
"""Checks that end where nobody can say who votes."""

BY_BLOCKS: Final = (
    "chain", "members", "time", "certificates", "bodies", "log_roots", "finality", *BY_EXECUTION,
)  # fmt: skip
"""Checks that end where no more blocks can be told."""


class Pipeline:
    """The replay of one log into one report."""

    def __init__(
        self, genesis: Genesis, readers: Readers, report: Report, asking: Sequence[Asking] = ()
    ) -> None:
        self.lineage = Lineage(genesis)
        self.reader = BlockReader()
        self.watch = Watch()
        self.report = report
        self.checker = GoodSignatures()
        self._readers = readers
        self._good: deque[tuple[int, list[Job]]] = deque()
        """What the checker knows of each piece, with the log index behind the piece."""
        self._asking = asking
        self._begin()

    @property
    def replay(self) -> Replay:
        """Of the network that is being read."""
        return self.lineage.replay

    def _begin(self) -> None:
        genesis = self.lineage.genesis
        self._readers.signers.begin(genesis.values, self.replay)
        for one in self._asking:
            one.begin(genesis.values)

    def take(self, entries: Sequence[bytes]) -> Iterator[Piece]:
        """Begin with the next entries; judge pieces while too many are on the way, and give them back."""
        self._readers.submit(entries)
        while self._readers.full:
            yield self._judge()

    def drain(self) -> Iterator[Piece]:
        """Judge what is on the way."""
        while self._readers.waiting:
            yield self._judge()

    def _judge(self) -> Piece:
        """Execute the blocks that the oldest piece closes."""
        piece = self._readers.take()
        self.checker.learn(piece.good)
        for item in piece.items:
            block = self.reader.take(item)
            if block is None or self.lineage.lost:
                continue
            if self.lineage.ends_before(block.seal_index):
                self._carry_on()
                if self.lineage.lost:
                    continue
            self._fold(block)
        self._forget(piece)
        return piece

    def _forget(self, piece: Piece) -> None:
        """Keep what is good in a piece until its last record has been folded."""
        reader, good = self.reader, self._good
        good.append((reader.index, piece.good))
        while good and (reader.broken is not None or good[0][0] <= reader.first):
            self.checker.forget(good.popleft()[1])
        self._readers.signers.executing = reader.broken is None and self.replay.halted is None

    def _carry_on(self) -> None:
        """The next block is of the network that continues this one."""
        if (found := self.lineage.carry_on()) is not None:
            self.report.add(found)
            why = f"not judged from entry {found.entry} on: nobody can say what the network there began with"
            self.report.leave(BY_BLOCKS, why)
        self._begin()

    def _fold(self, block: Block) -> None:
        """Execute a block, and give it to all who look at it."""
        replay = self.replay
        for one in self._asking:
            one.before(block.sealed.seal, replay)
        replayed = replay.fold(block, self.checker)
        for one in self._asking:
            one.after(replayed)
        self._readers.signers.after(replayed, replay)
        report = self.report
        report.records += len(block.records)
        for found in replayed.findings:
            report.add(Finding.of(found))
        for broken in self.watch.observe(replayed, replay.state):
            report.add(broken)
        report.contradictions += _contradictions(replayed)

    def finish(self) -> None:
        """Judge the end of the log, after all that was read has been executed."""
        if not self.lineage.lost and (found := self.lineage.unfinished()) is not None:
            self.report.add(found)
        report, replay, reader = self.report, self.replay, self.reader
        for one in self._asking:
            one.finish(replay)
        if self._readers.alone:
            report.notes.append("another process ended before the audit did; this one did its work")
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


def _contradictions(block: BlockReplayed) -> Iterator[Contradiction]:
    for prepared in () if block.executed is None else block.executed.prepared:
        if isinstance(prepared.body, EvidenceSubmit):
            vote = prepared.body.first
            yield Contradiction(vote.member, vote.epoch, vote.view, block.height)
