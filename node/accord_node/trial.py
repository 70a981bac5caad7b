"""Trying a record before it is accepted: would the ledger take it now?

The trial runs on the newest executed block plus what already waits here, so a transaction may build on
one that is still pending. It is advisory: the verdict that counts falls when a block is executed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from accord_ledger.domain.context import Context
from accord_ledger.domain.pipeline import Prepared, SignatureChecker, run
from accord_ledger.errors import Rejection
from accord_ledger.execute import RecentTransactions, Version
from accord_ledger.state import View

MAX_RECORDS = 20_000
"""Records after which the trial begins anew on the newest block."""
MAX_REPLAY = 500
"""Waiting records that are tried again when it begins anew."""


class Trial:
    """A view of the ledger as it would be if everything that waits here were in it."""

    def __init__(self, network: bytes, checker: SignatureChecker, head: Callable[[], Version]) -> None:
        self._network = network
        self._checker = checker
        self._head = head
        self._start(head())

    def _start(self, version: Version) -> None:
        self._version = version
        self._view = View(version.state)
        self._recent = RecentTransactions(version.recent)
        self._count = 0

    def restart(self, waiting: Sequence[Prepared]) -> None:
        """Begin anew on the newest block; keep what still passes of the newest waiting records."""
        self._start(self._head())
        for prepared in waiting[-MAX_REPLAY:]:
            try:
                self._run(prepared, self._version.time)
            except Rejection:
                continue

    @property
    def stale(self) -> bool:
        """Whether a newer block was executed since the trial began, or it has grown too long."""
        return self._head() is not self._version or self._count > MAX_RECORDS

    def _run(self, prepared: Prepared, time: int) -> None:
        fork = self._view.fork()
        ctx = Context(
            state=fork,
            network=self._network,
            height=self._version.height + 1,
            time=max(time, self._version.time),
        )
        ctx.author = prepared.record.tx.author
        ctx.tx_id = prepared.record.tx_id
        run(ctx, prepared, self._checker, self._recent.holds)
        self._view.merge(fork)
        self._recent.add(prepared.record.tx_id, prepared.record.tx.expires)
        self._count += 1

    def check(
        self, prepared: Prepared, time: int, waiting: Callable[[], Sequence[Prepared]]
    ) -> Rejection | None:
        """Why the record would be refused, or None. A refusal on an old basis is tried on the newest."""
        try:
            self._run(prepared, time)
        except Rejection as rejection:
            if not self.stale:
                return rejection
        else:
            return None
        self.restart(waiting())
        try:
            self._run(prepared, time)
        except Rejection as rejection:
            return rejection
        return None
