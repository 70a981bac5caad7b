"""I5 and I7: what was issued while a programme was not active, and withdrawn programmes that came back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from accord_client.audit.invariants.rows import Rows
from accord_client.audit.report import Finding
from accord_ledger import calendar
from accord_ledger.domain.model.credential import BATCHES, Batch
from accord_ledger.domain.model.programme import PROGRAMME_HEADS, ProgrammeHead, StatusChange

TEACH_OUT: Final = frozenset({"withdrawn", "suspended", "retired"})


class Programmes:
    """Keeps the status of every programme as the block before left it."""

    tables = (PROGRAMME_HEADS, BATCHES)

    def __init__(self) -> None:
        self._changes: dict[str, int] = {}
        """Number of status changes a programme had had."""
        self._last: dict[str, StatusChange] = {}

    def check(self, rows: Rows) -> Iterator[Finding]:
        """Judge the batches and heads that a block wrote."""
        during: dict[str, list[StatusChange]] = {}
        for key, head in rows.of(PROGRAMME_HEADS):
            name = key[:-1].decode()
            if head is not None:
                during[name] = self._new(name, head)
                yield from self._i7(rows, name, during[name])
        for key, batch in rows.of(BATCHES):
            if batch is not None and batch.issued_height == rows.height:
                yield from self._i5(rows, key, batch, during)
        for name, changes in during.items():
            self._changes[name] = self._changes.get(name, 0) + len(changes)
            if changes:
                self._last[name] = changes[-1]

    def _new(self, name: str, head: ProgrammeHead) -> list[StatusChange]:
        """Changes of this block; they are in the head, unless there were more than it keeps."""
        fresh = head.archived + len(head.history) - self._changes.get(name, 0)
        return list(head.history[max(0, len(head.history) - fresh) :])

    def _i7(self, rows: Rows, name: str, changes: list[StatusChange]) -> Iterator[Finding]:
        before = self._last.get(name)
        for change in changes:
            if before is not None and before.status == "withdrawn" and change.status != "withdrawn":
                yield rows.broken("I7", f"{name} withdrawn for good", change.status)
            before = change

    def _i5(
        self, rows: Rows, key: bytes, batch: Batch, during: dict[str, list[StatusChange]]
    ) -> Iterator[Finding]:
        name = batch.programme[0]
        changes = during.get(name, [])
        before = self._last.get(name)
        if (before is not None and before.status == "active") or any(c.status == "active" for c in changes):
            return
        if batch.replaces is not None or (batch.late and _taught_out(rows, batch, [*changes, before])):
            return
        status = before.status if before is not None else "never active"
        yield rows.broken("I5", f"{name} active when batch {key.hex()} was issued", status)


def _taught_out(rows: Rows, batch: Batch, changes: list[StatusChange | None]) -> bool:
    """Completed before the day on which the programme ended, and issued not long after it (DOMAIN.md 2.5)."""
    days = rows.parameters().teach_out_days
    today = calendar.date_at(rows.time)
    ends = [calendar.date_at(one.since) for one in changes if one is not None and one.status in TEACH_OUT]
    return any(
        batch.completed_to < ended.isoformat() and today <= calendar.add_days(ended, days) for ended in ends
    )
