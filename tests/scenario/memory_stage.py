"""The state machine in memory as a stage: every act a block, built by one member and executed by another."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from accord_genesis.document import Genesis
from accord_ledger import keys
from accord_ledger.block import Certificate
from accord_ledger.domain.pipeline import prepare
from accord_ledger.errors import Rejection
from accord_ledger.execute import Execution, RecentTransactions, execute_block
from accord_ledger.state import MemorySource, Part, Table, View
from audit_world import notarized
from domain_alliance import SEATS
from domain_world import assert_declared
from scenario.stage import Act, Stage, Verdict, entry_of

QUORUM = 5
"""n - f of six members."""

LIFETIME = 600
"""Seconds for which a record may be taken."""


class MemoryStage(Stage):
    """A ledger whose blocks hold one record each, at the scripted time, with certificates of a real quorum."""

    def __init__(self, genesis: Genesis) -> None:
        self.network = genesis.network
        self.source = MemorySource(genesis.values)
        """State after the newest block, read back from canonical bytes."""
        self.version = replace(genesis.version(), state=self.source)
        self.time = self.version.time
        self.nonce = 0
        self.log: list[bytes] = []
        """Every entry since genesis."""

    def fork(self) -> MemoryStage:
        """A stage that goes on from here by itself."""
        other = object.__new__(MemoryStage)
        other.__dict__ = dict(self.__dict__)
        other.source = MemorySource(self.source.values)
        other.version = replace(
            self.version, state=other.source, recent=RecentTransactions(self.version.recent)
        )
        other.log = list(self.log)
        return other

    async def submit(self, act: Act) -> Verdict:
        """See :class:`Stage`."""
        self.nonce += 1
        entry = entry_of(act, self.network, self.time + LIFETIME, self.nonce)
        execution = self._begin()
        try:
            receipt = execution.add(prepare(entry))
        except Rejection as rejection:
            assert_declared(entry, rejection)
            return Verdict(rejection.code, rejection.detail)
        self._close(execution)
        return Verdict(result=receipt.result)

    async def advance(self, time: int) -> None:
        """See :class:`Stage`; an empty block works off what is due."""
        assert time >= self.time
        self.time = time
        self._close(self._begin())

    async def query(self, table: Table[Any], *parts: Part) -> Any:
        """See :class:`Stage`."""
        return View(self.source).get(table, *parts)

    def _begin(self) -> Execution:
        return Execution(self.network, self.version, self.time, keys.verifies)

    def _certificate(self) -> Certificate | None:
        height = self.version.height
        if height == 0:
            return None
        return notarized(self.network, height, self.version.seal_hash, SEATS[:QUORUM])

    def _close(self, execution: Execution) -> None:
        parent = self.version
        view = parent.height + 1
        proposer = parent.members.leader(view)
        done = execution.close(proposer=proposer, view=view, parent_certificate=self._certificate())
        voted = execute_block(self.network, parent, done.sealed, done.prepared, keys.verifies)
        self.log += [*done.entries, done.sealed.entry]
        self.source.write(voted.changes)
        self.version = replace(voted.version, state=self.source)
