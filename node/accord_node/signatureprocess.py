"""Signatures of many records checked in processes of their own, beside the interpreter that runs the node.

In a thread every check gives the interpreter away and waits to have it back; beside threads that execute and write,
that costs half as much again as the check (docs/measurements.md). A process knows nothing but this protocol, writes
nothing, and ends with the pipe it reads from. A message is its length (4 bytes, big endian), then

    question   MessagePack: [[[public, message, signature] ...] ...], the signatures of one record after another
    answer     one byte a record: 1 where all of them verify

What a process says is believed as a thread would be: it is this program, on this machine. Where one ends, or none can
be started, that is logged, the node checks by itself, and another is tried after a while.
"""

from __future__ import annotations

import gc
import io
import os
import queue
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final, Protocol, cast

import msgspec
import structlog

from accord_ledger.keys import verifies
from accord_node.pipes import Readable, framed, leave_signals_to_the_node, next_message, widen
from accord_node.signatures import Job

log = structlog.get_logger("signatures")

RETRY_SECONDS: Final = 30.0
"""After a process has ended by itself, or could not be started, no other is started for so long."""
ANSWER_SECONDS: Final = 10.0
"""One that has not answered by then is ended: the signatures of one visit take a second at most."""

_GROUPS: Final = msgspec.msgpack.Decoder(list[list[tuple[bytes, bytes, bytes]]])


class ProcessGone(Exception):  # noqa: N818 - the node checks by itself then
    """A process ended before it had answered; never leaves this module."""


class SignatureProcess:
    """One process; for one thread at a time.

    Raises:
        OSError: the system gives no more.
    """

    def __init__(self) -> None:
        command = (sys.executable, "-m", "accord_node.signatureprocess")
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        # Unbuffered, so these are the raw files; and there, since they were asked for.
        self._questions = cast("io.FileIO", self._process.stdin)
        self._answers = cast("io.FileIO", self._process.stdout)
        widen(self._questions)
        for pipe in (self._questions, self._answers):
            os.set_blocking(pipe.fileno(), False)

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def check(self, groups: Sequence[Sequence[Job]]) -> bytes:
        """One byte a group, 1 where all of its signatures verify; waits for the answer.

        Raises:
            ProcessGone: it has ended, or does not answer.
        """
        until = time.monotonic() + ANSWER_SECONDS
        answer = bytearray()
        try:
            rest = memoryview(framed(msgspec.msgpack.encode(groups)))
            while rest:
                self._await(self._questions, select.POLLOUT, until)
                rest = rest[self._questions.write(rest) or 0 :]
            while len(answer) < len(groups):
                self._await(self._answers, select.POLLIN, until)
                if not (some := self._answers.read(len(groups) - len(answer))):
                    raise ProcessGone(f"expected an answer of process {self.pid}, got its end")
                answer += some
        except OSError as error:
            raise ProcessGone(f"expected process {self.pid} to be there: {error}") from error
        return bytes(answer)

    def _await(self, pipe: io.FileIO, event: int, until: float) -> None:
        poll = select.poll()
        poll.register(pipe, event)
        if not poll.poll(max(0.0, until - time.monotonic()) * 1000):
            raise ProcessGone(f"expected process {self.pid} to answer within {ANSWER_SECONDS} s")

    def end(self) -> None:
        """End it; whoever waits for an answer hears that it is gone."""
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """End it and give back what it held here; nobody asks it any more."""
        self.end()
        self._questions.close()
        self._answers.close()


class SignatureProcesses:
    """As many processes as there are threads that ask; each starts when it is first needed."""

    def __init__(self, count: int, elapsed: Callable[[], float]) -> None:
        """Start nothing yet.

        Args:
            count: processes, and threads that may ask at the same time.
            elapsed: seconds from an arbitrary origin.
        """
        self._count = count
        self._idle: queue.SimpleQueue[SignatureProcess | None] = queue.SimpleQueue()
        """Places: a process that nobody asks, or None where one may be started."""
        for _ in range(count):
            self._idle.put(None)
        self._elapsed = elapsed
        self._lock = threading.Lock()
        self._running: list[SignatureProcess] = []
        self._not_before = -RETRY_SECONDS
        self._closed = False

    @property
    def running(self) -> tuple[SignatureProcess, ...]:
        """Those that were started and have not ended."""
        return tuple(self._running)

    def check(self, groups: Sequence[Sequence[Job]]) -> list[bool] | None:
        """Whether all signatures of each group verify; None: no process says, check here.

        Called in threads, of which no more than there are processes.
        """
        kept, process = None, self._idle.get()
        try:
            if process is None and (process := self._start()) is None:
                return None
            try:
                verdicts = process.check(groups)
            except BaseException as error:
                # Whatever it was: an answer that is still under way must not be taken for the next one.
                self._drop(process, error)
                raise
            kept = process
            return [verdict == 1 for verdict in verdicts]
        except ProcessGone:
            return None
        finally:
            self._idle.put(kept)

    def _start(self) -> SignatureProcess | None:
        with self._lock:
            if self._closed or self._elapsed() < self._not_before:
                return None
            try:
                process = SignatureProcess()
            except OSError as error:
                self._not_before = self._elapsed() + RETRY_SECONDS
                log.warning("no process for signatures: they are checked here", error=str(error))
                return None
            self._running.append(process)
            return process

    def _drop(self, process: SignatureProcess, error: BaseException) -> None:
        with self._lock:
            self._running.remove(process)
            if not self._closed:
                self._not_before = self._elapsed() + RETRY_SECONDS
                log.warning("signatures are checked here for a while", error=str(error))
        process.close()

    def close(self) -> None:
        """End every process; who waits for one is told to check by itself, now and from now on."""
        with self._lock:
            self._closed = True
            for process in self._running:
                process.end()
        # Whoever asks just now gives its place back on hearing that.
        places = [self._idle.get() for _ in range(self._count)]
        for place in places:
            if place is not None:
                place.close()
            self._idle.put(None)
        self._running.clear()


class Writable(Protocol):
    """Where answers go: ``io.RawIOBase``."""

    def write(self, data: memoryview, /) -> int | None:
        """Write some bytes; how many."""


def serve(questions: Readable, answers: Writable) -> None:
    """Answer until there are no more questions."""
    while (body := next_message(questions)) is not None:
        groups = _GROUPS.decode(body)
        rest = memoryview(bytes([all(verifies(*job) for job in group) for group in groups]))
        while rest:
            rest = rest[answers.write(rest) or 0 :]


if __name__ == "__main__":
    leave_signals_to_the_node()
    gc.freeze()
    serve(io.FileIO(sys.stdin.fileno(), closefd=False), io.FileIO(sys.stdout.fileno(), "wb", closefd=False))
