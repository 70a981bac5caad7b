"""Short jobs are done on the spot while they are quick, and never beside another job of the same thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator

import pytest

from accord_node.workers import HELD_SECONDS, QUICK_SECONDS, WARY_JOBS, Pace, Workers
from waiting import until


class Ticks:
    """A clock that a job moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def job(self, seconds: float) -> Callable[[], bool]:
        """Takes so long, and tells whether it was done on the loop."""

        def run() -> bool:
            self.now += seconds
            return threading.current_thread() is threading.main_thread()

        return run


@pytest.fixture
def ticks() -> Ticks:
    return Ticks()


@pytest.fixture
def workers(ticks: Ticks) -> Iterator[Workers]:
    made = Workers("short", elapsed=ticks)
    yield made
    made.close()


def told(gate: threading.Event, order: list[str], begun: threading.Event | None = None) -> None:
    """A job that begins, waits for the gate, and says that it came first."""
    if begun is not None:
        begun.set()
    gate.wait()
    order.append("first")


async def test_quick_jobs_are_done_on_the_spot(workers: Workers, ticks: Ticks) -> None:
    assert all([await workers.run_short(ticks.job(QUICK_SECONDS / 2)) for _ in range(20)])


async def test_a_slow_disk_is_waited_for_in_the_thread_until_it_is_quick_again(
    workers: Workers, ticks: Ticks
) -> None:
    here = [await workers.run_short(ticks.job(5 * QUICK_SECONDS)) for _ in range(20)]
    assert here.index(False) <= 5
    assert not any(here[5:])
    again = [await workers.run_short(ticks.job(QUICK_SECONDS / 10)) for _ in range(60)]
    assert not again[0]
    assert again[-1]


def test_one_long_hold_is_remembered_when_the_average_has_forgotten_it() -> None:
    pace = Pace()
    pace.note(2 * HELD_SECONDS)
    for _ in range(WARY_JOBS - 1):
        pace.note(0.0)
    assert not pace.quick
    pace.note(0.0)
    assert pace.quick


@pytest.mark.parametrize("threads", [1, 2])
async def test_elsewhere_if_the_loop_must_not_wait_or_threads_are_many(ticks: Ticks, threads: int) -> None:
    workers = Workers("far", threads, elapsed=ticks, near=threads > 1)
    assert not await workers.run_short(ticks.job(0.0))
    workers.close()


async def test_behind_the_jobs_before_it(workers: Workers) -> None:
    gate, order = threading.Event(), list[str]()
    first = asyncio.create_task(workers.run(lambda: told(gate, order)))
    await until(lambda: workers.running == 1, "at work")
    second = asyncio.create_task(workers.run_short(lambda: order.append("second")))
    await until(lambda: workers.running == 2 or order, "in line")
    gate.set()
    await asyncio.gather(first, second)
    assert order == ["first", "second"]


async def test_behind_a_job_that_no_thread_has_begun_yet(workers: Workers) -> None:
    gate, order = threading.Event(), list[str]()
    first = asyncio.create_task(workers.run(lambda: told(gate, order)))
    await until(lambda: workers.running == 1, "handed over")
    workers._alone = threading.Lock()  # as before the thread has taken it
    second = asyncio.create_task(workers.run_short(lambda: order.append("second")))
    await until(lambda: workers.running == 2 or order, "in line")
    gate.set()
    await asyncio.gather(first, second)
    assert order == ["first", "second"]


async def test_not_beside_a_job_whose_asker_was_cancelled(workers: Workers) -> None:
    gate, begun, order = threading.Event(), threading.Event(), list[str]()
    job = asyncio.create_task(workers.run(lambda: told(gate, order, begun)))
    await until(begun.is_set, "at work")
    job.cancel()
    await asyncio.gather(job, return_exceptions=True)
    assert workers.running == 0
    second = asyncio.create_task(workers.run_short(lambda: order.append("second")))
    await until(lambda: workers.running == 1 or order, "in line")
    gate.set()
    await second
    assert order == ["first", "second"]


async def test_its_exception_comes_back_from_either_place(workers: Workers, ticks: Ticks) -> None:
    def fail() -> None:
        ticks.now += 2 * HELD_SECONDS
        raise OSError("full")

    for _ in range(2):
        with pytest.raises(OSError, match="full"):
            await workers.run_short(fail)
