"""Questions over a ledger in memory: every value from the state, every act from the records, tallies by hand.

world, batch = exchange()
asked = Asker(world)
asked("account", enrolment=uid("n1").hex())
asked("agreement", at="2026-03-05", agreement="a1")
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from accord_ledger import calendar
from accord_ledger.domain.context import Context
from accord_ledger.domain.model.account import RECOGNITIONS, Recognition
from accord_ledger.domain.model.credential import BATCHES, Batch
from accord_ledger.domain.pipeline import Prepared, prepare
from accord_ledger.domain.questions.concerns import concerns
from accord_ledger.domain.questions.question import questions
from accord_ledger.domain.questions.reading import Act, Reading, Rounding
from accord_ledger.execute import Receipt
from accord_ledger.state import MemorySource, Table, View
from domain_world import World


class Recorder:
    """Keeps the records a world takes, as a node's log does."""

    def __init__(self, world: World) -> None:
        self.records: list[tuple[Prepared, int, int]] = []
        self._world, self._add = world, world.add
        world.add = self._record  # type: ignore[method-assign]

    def _record(self, entry: bytes) -> Receipt:
        receipt = self._add(entry)
        self.records.append((prepare(entry), self._world.version.height + 1, self._world.time))
        return receipt

    def acts(self, subject: bytes, position: int | None, since: int, limit: int) -> Sequence[Act]:
        found = [
            Act(index, height, time, item.record.tx.kind, item.record.tx.author, item.record.tx_id)
            for index, (item, height, time) in enumerate(self.records)
            if time >= since
            and any(
                one.subject == subject and (position is None or one.low <= position < one.high)
                for one in concerns(item)
            )
        ]
        return found[:limit]

    def recognitions_of(self, enrolment: bytes, limit: int) -> Sequence[bytes]:
        found = {
            item.body.recognition  # type: ignore[attr-defined]
            for item, _, _ in self.records
            if item.record.tx.kind == "recognise" and item.body.enrolment == enrolment  # type: ignore[attr-defined]
        }
        return sorted(found)[:limit]


class StateTallies:
    """Tallies counted from the rows of the state, one by one: slow, and right by inspection."""

    def __init__(self, values: Mapping[bytes, bytes]) -> None:
        self.batches: list[tuple[bytes, Batch]] = _all(values, BATCHES)
        self.rows: list[tuple[bytes, Recognition]] = _all(values, RECOGNITIONS)

    def issued(self, until: int) -> dict[str, int]:
        found: dict[str, int] = {}
        for _, batch in self.batches:
            if batch.issued_at <= until:
                found[batch.programme[0]] = found.get(batch.programme[0], 0) + batch.count
        return found

    def _live(self, until: int | None = None) -> list[Recognition]:
        if until is None:
            return [row for _, row in self.rows if row.status == "live"]
        return [r for _, r in self.rows if r.at <= until and (r.reversed_at is None or r.reversed_at > until)]

    def recognised(self, until: int) -> dict[str, int]:
        programme = {name: batch.programme[0] for name, batch in self.batches}
        seen = {(item.batch_id, item.index) for row in self._live(until) for item in row.items}
        found: dict[str, int] = {}
        for batch_id, _ in seen:
            found[programme[batch_id]] = found.get(programme[batch_id], 0) + 1
        return found

    def recognitions(self, until: int) -> dict[str, int]:
        found: dict[str, int] = {}
        for row in self._live(until):
            found[row.receiver] = found.get(row.receiver, 0) + 1
        return found

    def redeemed(self, agreement: str) -> int:
        return sum(len(row.items) for row in self._live() if row.agreement[0] == agreement)

    def roundings(self) -> list[Rounding]:
        found: dict[tuple[str, int, str, str], int] = {}
        for row in self._live():
            key = (*row.agreement, row.rule, row.dropped)
            found[key] = found.get(key, 0) + 1
        return [Rounding(*key, count) for key, count in sorted(found.items())]


def _all(values: Mapping[bytes, bytes], table: Table[Any]) -> list[tuple[bytes, Any]]:
    prefix = table.prefix
    return [(key[len(prefix) :], table.decode(raw)) for key, raw in values.items() if key.startswith(prefix)]


class StateRows:
    """Keys of a state in order."""

    def __init__(self, values: Mapping[bytes, bytes]) -> None:
        self._keys = sorted(values)

    def keys(self, start: bytes, end: bytes, limit: int) -> Sequence[bytes]:
        low, high = bisect_left(self._keys, start), bisect_left(self._keys, end)
        return self._keys[low : min(high, low + limit)]


class Asker:
    """Asks questions of the open block of a world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.log = Recorder(world)
        self.reading: Reading

    def values(self) -> dict[bytes, bytes]:
        """The state with what the open block wrote."""
        changed = self.world.execution._view.changes()
        return {key: value for key, value in (self.world.values | changed).items() if value is not None}

    def __call__(self, name: str, *, at: str | int | None = None, after: bytes = b"", **asked: Any) -> Any:
        """The answer to a question; what it did not know is in ``reading.notes``."""
        world, found, values = self.world, questions()[name], self.values()
        ctx = Context(
            state=View(MemorySource(values)),
            network=world.execution.network,
            height=world.version.height + 1,
            time=world.time,
        )
        moment = -1 if at is None else _moment(at)
        self.reading = Reading(ctx, StateRows(values), self.log, StateTallies(values), at=moment, after=after)
        return found.run(self.reading, msgspec.convert(asked, found.asked))


def _moment(at: str | int) -> int:
    return at if isinstance(at, int) else calendar.midnight(calendar.parse_date(at))
