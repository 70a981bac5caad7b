"""The stall monitor tells how late the loop was, and whether its own callbacks were the reason."""

from __future__ import annotations

import time

from accord_node.metrics import StallMonitor
from waiting import until


class Kept:
    """Keeps observations, as a histogram would count them."""

    def __init__(self) -> None:
        self.values: list[float] = []

    def observe(self, amount: float) -> None:
        self.values.append(amount)


def monitor() -> tuple[StallMonitor, Kept, Kept]:
    late, busy = Kept(), Kept()
    return StallMonitor(late, busy), late, busy


def test_work_of_our_own_is_told_from_waiting() -> None:
    found, late, busy = monitor()
    found.note(0.030, 0.034)
    found.note(0.050, 0.001)
    assert late.values == [0.030, 0.050]
    assert busy.values == [0.030, 0.001]
    assert (found.max_late, found.max_busy) == (0.050, 0.030)


def test_a_beat_before_its_time_is_on_time() -> None:
    found, late, _ = monitor()
    found.note(-0.001, 0.0)
    assert late.values == [0.0]


def test_reset_forgets_the_maxima() -> None:
    found, _, __ = monitor()
    found.note(0.5, 0.5)
    found.reset()
    assert (found.max_late, found.max_busy) == (0.0, 0.0)


async def _beats(kept: Kept, count: int) -> None:
    await until(lambda: len(kept.values) >= count, f"{count} beats")


async def test_a_callback_that_computes_is_seen_as_busy() -> None:
    found, late, _ = monitor()
    found.start()
    await _beats(late, 2)
    found.reset()
    end = time.thread_time() + 0.06
    while time.thread_time() < end:
        pass
    await _beats(late, len(late.values) + 1)
    found.stop()
    assert found.max_late >= 0.05
    assert found.max_busy >= 0.05


async def test_a_callback_that_blocks_is_late_and_not_busy() -> None:
    found, late, _ = monitor()
    found.start()
    await _beats(late, 2)
    found.reset()
    time.sleep(0.06)  # noqa: ASYNC251 - the stall is the point
    await _beats(late, len(late.values) + 1)
    found.stop()
    assert found.max_late >= 0.05
    assert found.max_busy < 0.04


async def test_stopped_is_silent() -> None:
    found, late, _ = monitor()
    found.start()
    await _beats(late, 1)
    found.stop()
    seen = len(late.values)
    other, others, _ = monitor()
    other.start()
    await _beats(others, 3)
    other.stop()
    assert len(late.values) == seen
