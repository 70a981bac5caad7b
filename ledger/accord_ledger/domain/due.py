"""Effects that fall due by date, queued in state as (time, kind, id) (DOMAIN.md 2.12).

Each block first works off what is due, oldest first, at most ``max_due_per_block``; checks compare
dates with block time themselves, so only effects wait their turn. The queue costs constant work per
entry: one ring per second with a head and a tail, and one sorted index of the days that hold any.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable
from typing import Annotated, Final

from msgspec import Meta

from accord_ledger.codec import Wire
from accord_ledger.domain.context import Context
from accord_ledger.domain.kind import kinds
from accord_ledger.fields import Seconds
from accord_ledger.state import Table

MAX_DUE_TIMES: Final = 100_000


class DueTimes(Wire):
    """Times at which something falls due, ascending, each once."""

    times: Annotated[tuple[Seconds, ...], Meta(max_length=MAX_DUE_TIMES)] = ()


class DueRing(Wire):
    """Entries [head, tail) of one time are still to be worked off."""

    head: Annotated[int, Meta(ge=0, lt=2**53)] = 0
    tail: Annotated[int, Meta(ge=0, lt=2**53)] = 0


class DueEntry(Wire):
    """One effect: which handler, about what."""

    kind: str
    subject: bytes


DUE_DAYS: Table[DueTimes] = Table("due_days", DueTimes, busy=True)
"""Days (time // 86,400) that hold entries: one value under the empty key."""
DUE_TIMES: Table[DueTimes] = Table("due_times", DueTimes, busy=True)
"""Times with entries, by day."""
DUE_RINGS: Table[DueRing] = Table("due_ring", DueRing, busy=True)
"""By time."""
DUE_ENTRIES: Table[DueEntry] = Table("due", DueEntry, busy=True)
"""By time and place in the ring."""

Handler = Callable[[Context, bytes], None]
_handlers: dict[str, Handler] = {}
_DAY: Final = 86_400


def due_effect(kind: str) -> Callable[[Handler], Handler]:
    """Decorator that registers what happens when an entry of this kind falls due.

    A handler must look at the state again: an entry is never cancelled, it finds nothing to do.
    """

    def register(handler: Handler) -> Handler:
        if kind in _handlers:
            raise ValueError(f"due effect {kind} is declared twice")
        _handlers[kind] = handler
        return handler

    return register


def _insert(ctx: Context, table: Table[DueTimes], value: int, *parts: int) -> None:
    times = list((ctx.state.get(table, *parts) or DueTimes()).times)
    place = bisect_left(times, value)
    if place == len(times) or times[place] != value:
        insort(times, value)
        ctx.state.put(table, DueTimes(times=tuple(times)), *parts)


def schedule(ctx: Context, time: int, kind: str, subject: bytes) -> None:
    """Queue an effect for the first block whose time is ``time`` or later."""
    ring = ctx.state.get(DUE_RINGS, time)
    if ring is None:
        ring = DueRing()
        _insert(ctx, DUE_TIMES, time, time // _DAY)
        _insert(ctx, DUE_DAYS, time // _DAY)
    ctx.state.put(DUE_ENTRIES, DueEntry(kind=kind, subject=subject), time, ring.tail)
    ctx.state.put(DUE_RINGS, DueRing(head=ring.head, tail=ring.tail + 1), time)


def work_off(ctx: Context) -> int:
    """Apply what is due at ``ctx.time``, oldest first, up to the parameter; returns how many."""
    done = 0
    limit = ctx.parameters.max_due_per_block
    while done < limit and (time := _next_due(ctx)) is not None:
        ring = ctx.state.get(DUE_RINGS, time) or DueRing()
        entry = ctx.known(DUE_ENTRIES, time, ring.head, path="due")
        ctx.state.delete(DUE_ENTRIES, time, ring.head)
        if ring.head + 1 == ring.tail:
            _drop_time(ctx, time)
        else:
            ctx.state.put(DUE_RINGS, DueRing(head=ring.head + 1, tail=ring.tail), time)
        _handler(entry.kind)(ctx, entry.subject)
        done += 1
    return done


def _handler(kind: str) -> Handler:
    kinds()  # handlers stand beside the kinds that queue their entries, and are registered with them
    return _handlers[kind]


def _next_due(ctx: Context) -> int | None:
    days = (ctx.state.get(DUE_DAYS) or DueTimes()).times
    if not days or days[0] * _DAY > ctx.time:
        return None
    first = (ctx.state.get(DUE_TIMES, days[0]) or DueTimes()).times[0]
    return first if first <= ctx.time else None


def _drop_time(ctx: Context, time: int) -> None:
    ctx.state.delete(DUE_RINGS, time)
    day = time // _DAY
    times = (ctx.state.get(DUE_TIMES, day) or DueTimes()).times[1:]
    if times:
        ctx.state.put(DUE_TIMES, DueTimes(times=times), day)
        return
    ctx.state.delete(DUE_TIMES, day)
    days = (ctx.state.get(DUE_DAYS) or DueTimes()).times
    ctx.state.put(DUE_DAYS, DueTimes(times=days[1:]))
