"""Signatures checked in processes of their own, for a node that is far behind.

In threads the check itself runs beside the interpreter, but every single one waits for the interpreter's lock
before and after; beside a thread that executes blocks that costs more than the check. A process is asked for
hundreds at a time. It knows nothing but this protocol, writes nothing, and ends with the pipe it reads from:

    question   length (4 bytes, big endian), then a MessagePack array of (public key, message, signature)
    answer     one byte for each: 1 if it verifies, 0 if not
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from typing import BinaryIO, Final

import msgspec

from accord_ledger.keys import verifies
from accord_node.signatures import Job

AT_ONCE: Final = 256
"""Signatures in one question, about 20 ms of work."""
MAX_PROCESSES: Final = 7
_LENGTH: Final = 4
_jobs: Final = msgspec.msgpack.Decoder(list[Job])


def spare_cores() -> int:
    """Processes that may work while this one does: one a core but ours, within reason."""
    return min(MAX_PROCESSES, len(os.sched_getaffinity(0)) - 1)


class HelperGone(Exception):  # noqa: N818 - somebody else checks then
    """A process that checked signatures has ended; never leaves the node's catching up."""


class Verifiers:
    """Processes that check signatures. Make it with :meth:`start`; :meth:`close` ends them."""

    def __init__(self, processes: Sequence[Process]) -> None:
        self._processes = processes
        self._idle: asyncio.Queue[Process] = asyncio.Queue()
        for process in processes:
            self._idle.put_nowait(process)
        self._asked: set[asyncio.Task[bytes]] = set()

    @classmethod
    async def start(cls, count: int) -> Verifiers:
        """Start so many processes.

        Raises:
            OSError: the system gives no more.
        """
        command = (sys.executable, "-m", "accord_node.verifying")
        started: list[Process] = []
        try:
            while len(started) < count:
                started.append(await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE))
        except OSError:
            await cls(started).close()
            raise
        return cls(started)

    async def check(self, jobs: Sequence[Job]) -> list[bool]:
        """Whether each verifies, in order.

        Raises:
            HelperGone: a process ended before it answered.
        """
        asked = [
            asyncio.ensure_future(self._ask(jobs[at : at + AT_ONCE])) for at in range(0, len(jobs), AT_ONCE)
        ]
        self._asked.update(asked)
        for task in asked:
            task.add_done_callback(self._asked.discard)
        # A question that is out is answered whoever still waits: the next answer must belong to the next one.
        answers = await asyncio.shield(asyncio.gather(*asked))
        return [answer == 1 for answer in b"".join(answers)]

    async def _ask(self, jobs: Sequence[Job]) -> bytes:
        process = await self._idle.get()
        try:
            question, answers = process.stdin, process.stdout
            if question is None or answers is None:
                raise HelperGone("expected pipes to the process")
            body = msgspec.msgpack.encode(jobs)
            question.write(len(body).to_bytes(_LENGTH, "big") + body)
            await question.drain()
            return await answers.readexactly(len(jobs))
        except (OSError, asyncio.IncompleteReadError) as error:
            raise HelperGone(f"expected process {process.pid} to answer: {error}") from error
        finally:
            self._idle.put_nowait(process)

    async def close(self) -> None:
        """End the processes; what was asked and not answered gets :class:`HelperGone`."""
        for process in self._processes:
            if process.returncode is None:
                process.kill()
        await asyncio.gather(*self._asked, return_exceptions=True)
        for process in self._processes:
            await process.wait()


def serve(questions: BinaryIO, answers: BinaryIO) -> None:
    """Answer until there are no more questions."""
    while len(head := questions.read(_LENGTH)) == _LENGTH:
        jobs = _jobs.decode(questions.read(int.from_bytes(head, "big")))
        answers.write(bytes(verifies(*job) for job in jobs))
        answers.flush()


if __name__ == "__main__":
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # typed at a terminal it reaches the node, which closes the pipe
    serve(sys.stdin.buffer, sys.stdout.buffer)
