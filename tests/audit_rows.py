"""The audit's invariants over a world of :mod:`domain_world`: primed with its state, then shown altered rows.

watched = RowWatch(world)            # what the world holds is honest: the watch finds nothing
watched.codes((AWARDS, changed, (award_id,)))    # names of the checks that find something in these rows
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from accord_client.audit.invariants.rows import Rows
from accord_client.audit.invariants.watch import Watch
from accord_client.audit.report import Finding
from accord_ledger import calendar
from accord_ledger.domain.pipeline import Prepared
from accord_ledger.replayedstate import ReplayedState
from accord_ledger.state import Part, Source, Table
from domain_world import World

Write = tuple[Table[Any], Any, tuple[Part, ...]]
"""A table, the row it gets (None: removed), and the parts of its key."""


def rows_of(
    watch: Watch,
    state: Source,
    keys: Iterable[bytes],
    *,
    height: int,
    time: int,
    records: tuple[Prepared, ...] = (),
) -> Rows:
    """What a block that wrote these keys left, as the watch sorts it."""
    rows = Rows(height, time, 0, records, state)
    tables = {table.prefix[:-1]: table for one in watch._all for table in one.tables}
    for key in keys:
        name, _, rest = key.partition(b"/")
        if name in tables:
            rows.written.setdefault(name, []).append((rest, state.load(tables[name], key)))
    return rows


def judge(watch: Watch, rows: Rows) -> list[Finding]:
    """What every invariant says about one block."""
    return [found for one in watch._all for found in one.check(rows)]


def primed(state: Source, values: Mapping[bytes, bytes], *, height: int, time: int) -> Watch:
    """A watch that has seen everything a ledger holds, as if one block had left it."""
    watch = Watch()
    found = judge(watch, rows_of(watch, state, values, height=height, time=time))
    assert found == [], [str(one) for one in found]
    return watch


class RowWatch:
    """A watch over a world whose open block was closed."""

    def __init__(self, world: World) -> None:
        if world.execution.count or world.execution.due:
            world.close()
        self.world, self.version = world, world.version
        self.watch = primed(
            world.version.state, world.values, height=world.version.height, time=world.version.time
        )

    def get(self, table: Table[Any], *parts: Part) -> Any:
        """A row after the last block."""
        return self.version.state.load(table, table.key(*parts))

    def after(self, *writes: Write, days: int = 0) -> list[Finding]:
        """What the invariants say about a next block that left these rows."""
        state = ReplayedState(self.version.state)
        for table, value, parts in writes:
            state.values[table.key(*parts)] = value
        height, time = self.version.height + 1, self.version.time + days * calendar.DAY
        return judge(self.watch, rows_of(self.watch, state, state.values, height=height, time=time))

    def codes(self, *writes: Write, days: int = 0) -> set[str]:
        """Names of the checks that find something."""
        return {found.check for found in self.after(*writes, days=days)}
