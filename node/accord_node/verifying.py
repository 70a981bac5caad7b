"""Ranges read in processes of their own, for a node that is far behind: hashes, form and signatures.

In threads every signature waits for the interpreter's lock before and after its check; beside a thread that
executes blocks that costs more than the check. A process is given whole ranges. It knows nothing but this
protocol, writes nothing, and ends with the pipe it reads from. A message is its length (4 bytes, big endian),
then MessagePack:

    question   [range as a peer sent it, nil]
    answer     [[key id ...], blocks or nil]       with ids it has no key for: nil, and it is asked again with
    question   [the range, [[key id, public key] ...]]      those that are known

It remembers keys; a key id is the hash of its key, so none ever changes. It reads the next question while it works
at one, so that it never waits for the node, whose event loop has others to serve; answers come in the order of the
questions.
"""

from __future__ import annotations

import asyncio
import gc
import io
import os
import queue
import sys
import threading
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import BinaryIO, Final

import msgspec

from accord_ledger.block import MAX_MEMBERS
from accord_node.pipes import (
    LENGTH_BYTES,
    PIPE_BYTES,
    Readable,
    framed,
    leave_signals_to_the_node,
    next_message,
    widen,
)
from accord_node.ranges import BlockRead, check_range, read_range

MAX_PROCESSES: Final = 7
MAX_KEYS: Final = 64 * MAX_MEMBERS
"""Keys a process remembers; beyond, it asks again."""
COLLECT_AFTER: Final = (50_000, 20, 50)
"""When a process looks for cycles (``gc.set_threshold``). What a range is read into comes and goes together and
holds none: looking among it every few hundred objects was a tenth of the work beside the signatures."""
QUESTIONS: Final = 2
"""A process has at a time: one that it works at, one that waits."""

Keys = Callable[[Iterable[bytes]], list[tuple[bytes, bytes]]]
"""Those of these key ids whose public keys are known, with them."""


class Question(msgspec.Struct, array_like=True, gc=False):
    """See the head of this module."""

    payload: bytes
    keys: list[tuple[bytes, bytes]] | None


class Answer(msgspec.Struct, array_like=True, gc=False):
    """See the head of this module."""

    unknown: list[bytes]
    blocks: list[BlockRead] | None


_questions: Final = msgspec.msgpack.Decoder(Question)
_answers: Final = msgspec.msgpack.Decoder(Answer)


def spare_cores() -> int:
    """Processes that may work while this one does: one a core but ours, within reason."""
    return min(MAX_PROCESSES, len(os.sched_getaffinity(0)) - 1)


class HelperGone(Exception):  # noqa: N818 - somebody else checks then
    """A process that read ranges has ended; never leaves the node's catching up."""


class Verifiers:
    """Processes that read ranges. Make it with :meth:`start`; :meth:`close` ends them."""

    def __init__(self, processes: Sequence[Process]) -> None:
        self._processes = processes
        self._free: asyncio.Queue[Process] = asyncio.Queue()
        for process in [*processes] * QUESTIONS:
            self._free.put_nowait(process)
        self._turns = {process: asyncio.Lock() for process in processes}
        """Who has asked reads its answer, in the order of the questions."""
        self._asked: set[asyncio.Task[list[BlockRead]]] = set()
        self._closed = False

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
                started.append(
                    await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, limit=PIPE_BYTES)
                )
        except OSError:
            await cls(started).close()
            raise
        return cls(started)

    async def read(self, payload: bytes, keys: Keys) -> list[BlockRead]:
        """What a range says (:func:`accord_node.ranges.check_range`), up to a block that is not as sealed.

        Raises:
            HelperGone: the process ended before it answered.
        """
        asked = asyncio.ensure_future(self._ask(payload, keys))
        self._asked.add(asked)
        asked.add_done_callback(self._done)
        # A question that is out is answered whoever still waits: the next answer must belong to the next one.
        return await asyncio.shield(asked)

    def _done(self, asked: asyncio.Task[list[BlockRead]]) -> None:
        self._asked.discard(asked)
        if not asked.cancelled():
            asked.exception()  # whoever asked may have stopped waiting

    async def _ask(self, payload: bytes, keys: Keys) -> list[BlockRead]:
        process = await self._free.get()
        try:
            answer = await self._exchange(process, Question(payload, None))
            if answer.blocks is None:
                answer = await self._exchange(process, Question(payload, keys(answer.unknown)))
            if answer.blocks is None:
                raise HelperGone(f"expected process {process.pid} to do with the keys there are")
            return answer.blocks
        except (OSError, asyncio.IncompleteReadError, msgspec.MsgspecError) as error:
            raise HelperGone(f"expected process {process.pid} to answer: {error}") from error
        finally:
            self._free.put_nowait(process)

    async def _exchange(self, process: Process, question: Question) -> Answer:
        asking, answering = process.stdin, process.stdout
        if asking is None or answering is None or self._closed:
            raise HelperGone("expected pipes to the process")
        body = msgspec.msgpack.encode(question)
        # What waits to be written is bounded by the number of questions: nobody has to wait for it.
        asking.writelines((len(body).to_bytes(LENGTH_BYTES, "big"), body))
        async with self._turns[process]:
            length = int.from_bytes(await answering.readexactly(LENGTH_BYTES), "big")
            return _answers.decode(await answering.readexactly(length))

    async def close(self) -> None:
        """End the processes; what was asked and not answered gets :class:`HelperGone`."""
        self._closed = True
        for process in self._processes:
            if process.returncode is None:
                process.kill()
        await asyncio.gather(*self._asked, return_exceptions=True)
        for process in self._processes:
            await process.wait()


def serve(questions: Readable, answers: BinaryIO) -> None:
    """Answer until there are no more questions."""
    known: dict[bytes, bytes] = {}
    for body in _ahead(questions):
        question = _questions.decode(body)
        known.update(question.keys or ())
        read = read_range(question.payload)
        unknown = sorted(read.signers.difference(known)) if question.keys is None else []
        answer = Answer(unknown, None if unknown else check_range(read, known))
        del body, question, read
        if len(known) > MAX_KEYS:
            known.clear()
        data = msgspec.msgpack.encode(answer)
        answers.write(framed(data))
        answers.flush()


def _ahead(questions: Readable) -> Iterator[bytearray]:
    """Question after question, the next being read by a thread while this one is worked at."""
    waiting: queue.Queue[bytearray | None] = queue.Queue(maxsize=1)

    def read() -> None:
        while (body := next_message(questions)) is not None:
            waiting.put(body)
        waiting.put(None)  # whoever asked has ended

    threading.Thread(target=read, name="questions", daemon=True).start()
    while (body := waiting.get()) is not None:
        yield body


if __name__ == "__main__":
    leave_signals_to_the_node()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)
    widen(sys.stdin.buffer)
    widen(sys.stdout.buffer)
    serve(io.FileIO(sys.stdin.fileno(), closefd=False), sys.stdout.buffer)
