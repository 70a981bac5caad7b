"""Other orders of the script in which everything a step needs still comes before it, each within its time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from accord_ledger.domain.model.account import ENROLMENTS, RECOGNITIONS
from accord_ledger.domain.model.agreement import AGREEMENTS
from accord_ledger.domain.model.credential import BATCHES, CREDENTIALS
from accord_ledger.domain.model.hours import HOURS
from accord_ledger.domain.model.programme import PROGRAMME_HEADS
from accord_ledger.domain.model.quality import YEAR_CLOSES
from accord_ledger.domain.model.use import ADMISSIONS, BENEFIT_CLAIMS
from accord_ledger.state import Table
from scenario.memory_stage import MemoryStage
from scenario.stage import Act, Fact
from scenario.step import Step

Choose = Callable[[Sequence[Step]], Step]
"""Picks the next step to go on with."""

Moment = tuple[int, Step, Act | Fact]
"""Ledger time, the step that goes on, and what it sends or holds."""


def interleaved(script: Sequence[Step], choose: Choose) -> Iterator[Moment]:
    """The acts of all steps mixed, one after another; facts stay right behind the act before them."""
    left = {one.name: (one, one.write()) for one in script}
    done: set[str] = set()
    clock = min(one.time for one in script)
    while left:
        last = min(one.latest for one, _ in left.values())
        ready = [
            one for one, _ in left.values() if done.issuperset(one.needs) and max(clock, one.time) <= last
        ]
        one = choose(ready)
        clock = max(clock, one.time)
        rest = left[one.name][1]
        yield clock, one, rest.pop(0)
        while rest and isinstance(rest[0], Fact):
            yield clock, one, rest.pop(0)
        if not rest:
            del left[one.name]
            done.add(one.name)


BALANCES: tuple[tuple[Table[Any], tuple[str, ...]], ...] = (
    (ENROLMENTS, ("owner", "award", "status", "recognised", "by_class", "courses", "agreements")),
    (RECOGNITIONS, ("receiver", "items", "targets", "exact", "awarded", "dropped", "status", "reason")),
    (CREDENTIALS, ("spends", "stacked_into")),
    (BATCHES, ("programme", "count", "merkle_root", "issuers", "status_start")),
    (AGREEMENTS, ("status", "current")),
    (PROGRAMME_HEADS, ("status", "current")),
    (HOURS, ("status", "cumulative_minutes", "practice_minutes", "batch_id")),
    (ADMISSIONS, ("items", "credits", "minimum")),
    (BENEFIT_CLAIMS, ("rule",)),
    (YEAR_CLOSES, ("result", "responses", "satisfied", "satisfaction", "update", "effect", "closed_by")),
)
"""What must come out the same in every order: everything but when it happened."""


def balances(stage: MemoryStage) -> dict[bytes, tuple[object, ...]]:
    """Every balance by its state key."""
    found = {}
    for table, names in BALANCES:
        for key, value in stage.source.values.items():
            if key.startswith(table.prefix):
                row = table.decode(value)
                found[key] = tuple(getattr(row, name) for name in names)
    return found
