"""The due queue against a sorted list."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord_ledger.domain import due
from accord_ledger.domain.context import Context
from accord_ledger.domain.due import due_effect, schedule, work_off
from accord_ledger.domain.model.parameters import PARAMETERS, ParameterHead, Parameters
from accord_ledger.execute import Execution
from accord_ledger.state import MemorySource, View
from domain_world import NETWORK, World

DAY = 86_400
done: list[bytes] = []


@pytest.fixture(scope="module", autouse=True)
def _handlers() -> Iterator[None]:
    """Handlers of our own, beside the real ones."""

    @due_effect("test_note")
    def note(ctx: Context, subject: bytes) -> None:
        del ctx
        done.append(subject)

    @due_effect("test_again")
    def again(ctx: Context, subject: bytes) -> None:
        done.append(subject)
        if subject:
            schedule(ctx, ctx.time - 1, "test_again", subject[1:])

    yield
    for name in ("test_note", "test_again"):
        del due._handlers[name]


def ledger(limit: int) -> View:
    view = View(MemorySource())
    view.put(PARAMETERS, ParameterHead(newest=Parameters(max_due_per_block=limit), since=0))
    return view


def context(view: View, time: int) -> Context:
    return Context(state=view, network=b"", height=1, time=time)


times = st.integers(0, 3 * DAY) | st.sampled_from([0, 1, DAY - 1, DAY, 2 * DAY])
steps = st.lists(st.lists(times, max_size=6) | times, max_size=20)


@given(steps, st.integers(1, 5))
def test_like_a_sorted_list(script: list[list[int] | int], limit: int) -> None:
    view, model, now, number = ledger(limit), list[tuple[int, int]](), 0, 0
    for step in script:
        if isinstance(step, list):
            for time in step:
                schedule(context(view, now), time, "test_note", number.to_bytes(4, "big"))
                model.append((time, number))
                number += 1
            continue
        now = max(now, step)
        done.clear()
        ready = sorted(item for item in model if item[0] <= now)[:limit]
        assert work_off(context(view, now)) == len(ready)
        assert done == [place.to_bytes(4, "big") for _, place in ready]
        model = [item for item in model if item not in ready]


@given(st.lists(times, min_size=1, max_size=12))
def test_worked_off_it_leaves_nothing_behind(script: list[int]) -> None:
    view = ledger(100)
    for time in script:
        schedule(context(view, 0), time, "test_note", b"")
    assert work_off(context(view, 3 * DAY)) == len(script)
    left = {key: value for key, value in view.changes().items() if value is not None}
    assert {key.split(b"/")[0] for key in left} <= {b"parameters", b"due_days"}
    assert left.get(b"due_days/", b"\x80") == b"\x80"


def test_an_effect_may_queue_another_for_the_same_block() -> None:
    view = ledger(3)
    schedule(context(view, 0), 10, "test_again", b"abcd")
    done.clear()
    assert work_off(context(view, 10)) == 3
    assert done == [b"abcd", b"bcd", b"cd"]
    assert work_off(context(view, 10)) == 2


def test_nothing_falls_due_early() -> None:
    view = ledger(9)
    schedule(context(view, 0), 10, "test_note", b"x")
    assert work_off(context(view, 9)) == 0
    assert work_off(context(view, 10)) == 1
    assert work_off(context(view, 10)) == 0


def test_a_kind_has_one_handler() -> None:
    with pytest.raises(ValueError, match="twice"):
        due_effect("test_note")(lambda ctx, subject: None)


def test_empty_blocks_work_too() -> None:
    """What is due in a block is done before any record, and also without one."""
    world = World()
    schedule(context(world.execution._view, world.time), world.time + 5, "test_note", b"y")
    world.close()
    done.clear()
    block = Execution(NETWORK, world.version, world.version.time + 5, lambda *_: False)
    assert (block.due, block.count, done) == (1, 0, [b"y"])
