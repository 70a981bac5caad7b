"""Virtual time for whole nodes: asyncio event loops, one for each host, on one seeded scheduler.

A node under simulation runs as it is: its tasks, timers and locks are asyncio's. Only the loop beneath them
is this one. Time stands still while anything can run and then jumps to the next timer; of equal times the
first asked goes first; work given to a thread runs in the loop after a time that chance decides, one job
after another for each pool. So the seed decides the schedule.
"""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import Callable
from contextvars import Context, copy_context
from hashlib import sha256
from random import Random
from typing import Any, Final, TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

MAX_STEPS: Final = 3_000_000
"""A run that needs more has lost its way."""
MAX_BURIAL_STEPS: Final = 20_000
"""The same for the tasks of a host that died."""
THREAD_SECONDS: Final = 0.002
"""Longest time a job of a thread takes, if nothing stalls."""


class Scheduler:
    """Order of everything in one run.

    Attributes:
        now: virtual seconds since the start.
        transcript: who did what, when; one line each.
        gave_up: whether the run needed more steps than any should.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.now = 0.0
        self.transcript: list[str] = []
        self.gave_up = False
        self.stall_chance = 0.0
        """Of a job of a thread taking up to ``stall_seconds``."""
        self.stall_seconds = 0.0
        self.director = host_loop(self, "", 0)
        """What happens from outside runs in this loop."""
        self._ready: deque[asyncio.Handle] = deque()
        self._timers: list[tuple[float, int, asyncio.Handle]] = []
        self._count = 0

    def chance(self, *words: object) -> Random:
        """A source of chance of its own for each use, so that none disturbs another."""
        return Random("/".join(map(str, (self.seed, *words))))  # noqa: S311 - chance that repeats is the point

    def note(self, who: str, what: str) -> None:
        """Add a line to the transcript."""
        self.transcript.append(f"{self.now:10.4f} {who:<5} {what}")

    def digest(self) -> str:
        """SHA-256 of the transcript."""
        return sha256("\n".join(self.transcript).encode()).hexdigest()

    def soon(self, handle: asyncio.Handle) -> None:
        """Run it now, after what was asked before."""
        self._ready.append(handle)

    def at(self, when: float, handle: asyncio.Handle) -> None:
        """Run it at this time."""
        self._count += 1
        heapq.heappush(self._timers, (max(when, self.now), self._count, handle))

    def take(self, loop: HostLoop) -> list[asyncio.Handle]:
        """Everything of one loop that waits, in order; the scheduler forgets it."""
        mine = [handle for handle in self._ready if handle._loop is loop]  # type: ignore[attr-defined]  # noqa: SLF001 - asyncio's
        late = sorted(item for item in self._timers if item[2]._loop is loop)  # type: ignore[attr-defined]  # noqa: SLF001
        self._ready = deque(handle for handle in self._ready if handle._loop is not loop)  # type: ignore[attr-defined]  # noqa: SLF001
        self._timers = [item for item in self._timers if item[2]._loop is not loop]  # type: ignore[attr-defined]  # noqa: SLF001
        heapq.heapify(self._timers)
        return mine + [handle for _, _, handle in late]

    def run(self, until: float, done: Callable[[], bool] = lambda: False) -> None:
        """Let things happen until time is up, nothing is left, or ``done`` says so."""
        steps = 0
        try:
            while not self.gave_up:
                while self._ready:
                    step(self._ready.popleft())
                    steps += 1
                if not self._timers or self._timers[0][0] > until or done():
                    return
                self.now, _, handle = heapq.heappop(self._timers)
                if not handle.cancelled():
                    self._ready.append(handle)
                if steps > MAX_STEPS:
                    self.gave_up = True
                    self.note("loop", "gave up: too many steps")
        finally:
            _current(None)


def _current(loop: asyncio.AbstractEventLoop | None) -> None:
    asyncio._set_running_loop(loop)  # noqa: SLF001 - how loops tell asyncio that they run


def step(handle: asyncio.Handle) -> None:
    """Run one callback as its loop would."""
    if not handle.cancelled():
        _current(handle._loop)  # type: ignore[attr-defined]  # noqa: SLF001 - a handle is its loop's to run
        handle._run()  # noqa: SLF001 - the same


def running() -> HostLoop | None:
    """The loop of the host whose code runs now, in a simulation."""
    loop = asyncio._get_running_loop()  # noqa: SLF001 - the question without its exception
    return loop if isinstance(loop, HostLoop) else None


class HostLoop(asyncio.AbstractEventLoop):
    """The event loop of one host, for one of its lives.

    Attributes:
        context: in which everything of the host runs.
        frozen: the host has died; nothing of it is scheduled any more.
        faults: exceptions that nobody handled.
    """

    def __init__(self, scheduler: Scheduler, name: str, life: int) -> None:
        self.scheduler = scheduler
        self.name = name
        self.context: Context = copy_context()
        self.frozen = False
        self.faults: list[str] = []
        self._chance = scheduler.chance(name, life, "threads")
        self._busy: dict[object, float] = {}
        """Pool -> when its thread is free."""
        self._jobs: tuple[object, ...] = (self._work, _answer, _fail)
        """Callbacks of threads: they come to an end even if the host has died."""
        self._graveyard: deque[asyncio.Handle] = deque()

    # -- what asyncio asks of a loop ---------------------------------------------------------------

    def time(self) -> float:
        """Virtual seconds."""
        return self.scheduler.now

    def call_soon(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        """As asyncio."""
        handle = asyncio.Handle(callback, args, self, context)
        if self.frozen:
            self._graveyard.append(handle)
        else:
            self.scheduler.soon(handle)
        return handle

    call_soon_threadsafe = call_soon

    def call_later(
        self, delay: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """As asyncio."""
        return self.call_at(self.scheduler.now + delay, callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """As asyncio."""
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        if not self.frozen:
            self.scheduler.at(when, handle)
        elif callback in self._jobs:
            self._graveyard.append(handle)
        return handle

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """A cancelled timer is skipped when its time comes."""

    def create_future(self) -> asyncio.Future[Any]:
        """As asyncio."""
        return asyncio.Future(loop=self)

    def create_task(
        self, coro: Any, *, name: str | None = None, context: Context | None = None
    ) -> asyncio.Task[Any]:
        """As asyncio."""
        return asyncio.Task(coro, loop=self, name=name, context=context)

    def run_in_executor(self, executor: Any, func: Callable[[*Ts], T], *args: *Ts) -> asyncio.Future[T]:
        """Run it in the loop, somewhat later; jobs of one executor follow each other."""
        future: asyncio.Future[T] = self.create_future()
        begin = max(self.scheduler.now, self._busy.get(executor, 0.0))
        seconds = self._chance.uniform(0.0, THREAD_SECONDS)
        if self._chance.random() < self.scheduler.stall_chance:
            seconds += self._chance.uniform(0.0, self.scheduler.stall_seconds)
        self._busy[executor] = begin + seconds
        self.call_at(begin + seconds * self._chance.random(), self._work, future, begin + seconds, func, args)
        return future

    def _work(
        self, future: asyncio.Future[T], answered: float, func: Callable[..., T], args: tuple[Any, ...]
    ) -> None:
        if future.cancelled():
            return
        try:
            result = func(*args)
        except Exception as error:  # noqa: BLE001 - the caller's to handle, as with any executor
            self.call_at(answered, _fail, future, error)
        else:
            self.call_at(answered, _answer, future, result)

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """An exception that nobody handled is a defect of whoever let it go."""
        if not self.frozen:
            said = f"{context.get('message')}: {context.get('exception')!r}"
            self.faults.append(said)
            self.scheduler.note(self.name, f"UNHANDLED {said}")

    def get_debug(self) -> bool:
        """No."""
        return False

    def is_running(self) -> bool:
        """While the host lives."""
        return not self.frozen

    def is_closed(self) -> bool:
        """Never: what is left of a dead host still has to end."""
        return False

    # -- death -------------------------------------------------------------------------------------

    def freeze(self) -> None:
        """From now on nothing of this host happens in the run."""
        self.frozen = True
        waiting = self.scheduler.take(self)
        timer = asyncio.TimerHandle
        self._graveyard.extend(
            handle
            for handle in waiting
            if not isinstance(handle, timer) or handle._callback in self._jobs  # type: ignore[attr-defined]  # noqa: SLF001
        )

    def bury(self) -> None:
        """End every task of a frozen host, outside of time, so that nothing of it is left behind."""
        for _ in range(MAX_BURIAL_STEPS):
            if not self._graveyard:
                tasks = asyncio.all_tasks(self)
                if not tasks:
                    break
                for task in tasks:
                    task.cancel()
                if not self._graveyard:
                    break
            step(self._graveyard.popleft())
        _current(None)


def host_loop(scheduler: Scheduler, name: str, life: int) -> HostLoop:
    """The loop of one life of a host."""
    return HostLoop(scheduler, name, life)  # type: ignore[abstract]  # a node asks for none of the rest


def _answer(future: asyncio.Future[T], result: T) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: asyncio.Future[Any], error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)
