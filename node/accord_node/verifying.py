"""Ranges read in processes of their own, for a node that is far behind: hashes, form and signatures.

In threads every signature waits for the interpreter's lock before and after its check; beside a thread that
executes blocks that costs more than the check. A process is given whole ranges. It knows nothing but this
protocol, writes nothing, and ends with the pipe it reads from. A message is its length (4 bytes, big endian),
then MessagePack:

    question   [range as a peer sent it, [[key id, public key] ...]]
    answer     [[key id ...], blocks or nil]       with ids it has no key for: nil, and the next question brings
                                                   those that are known and no range

It remembers keys; a key id is the hash of its key, so none ever changes.
"""

from __future__ import annotations

import asyncio
import fcntl
import gc
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import BinaryIO, Final

import msgspec

from accord_ledger.block import MAX_MEMBERS
from accord_node.ranges import BlockRead, RangeRecords, check_range, read_range

MAX_PROCESSES: Final = 7
MAX_KEYS: Final = 64 * MAX_MEMBERS
"""Keys a process remembers; beyond, it asks again."""
COLLECT_AFTER: Final = (50_000, 20, 50)
"""When a process looks for cycles (``gc.set_threshold``). What a range is read into comes and goes together and
holds none: looking among it every few hundred objects was a tenth of the work beside the signatures."""
_LENGTH: Final = 4
_PIPE_BYTES: Final = 1024 * 1024
"""An answer fits into the pipe as a rule, so that whoever gave it goes on at once."""

Keys = Callable[[Iterable[bytes]], list[tuple[bytes, bytes]]]
"""Those of these key ids whose public keys are known, with them."""


class Question(msgspec.Struct, array_like=True, gc=False):
    """See the head of this module."""

    payload: bytes
    keys: list[tuple[bytes, bytes]]


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
        self._idle: asyncio.Queue[Process] = asyncio.Queue()
        for process in processes:
            self._idle.put_nowait(process)
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
                    await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, limit=_PIPE_BYTES)
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
        process = await self._idle.get()
        try:
            answer = await self._exchange(process, Question(payload, []))
            if answer.blocks is None:
                answer = await self._exchange(process, Question(b"", keys(answer.unknown)))
            if answer.blocks is None:
                raise HelperGone(f"expected process {process.pid} to do with the keys there are")
            return answer.blocks
        except (OSError, asyncio.IncompleteReadError, msgspec.MsgspecError) as error:
            raise HelperGone(f"expected process {process.pid} to answer: {error}") from error
        finally:
            self._idle.put_nowait(process)

    async def _exchange(self, process: Process, question: Question) -> Answer:
        asking, answering = process.stdin, process.stdout
        if asking is None or answering is None or self._closed:
            raise HelperGone("expected pipes to the process")
        body = msgspec.msgpack.encode(question)
        asking.write(len(body).to_bytes(_LENGTH, "big"))
        asking.write(body)
        await asking.drain()
        length = int.from_bytes(await answering.readexactly(_LENGTH), "big")
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


def serve(questions: BinaryIO, answers: BinaryIO) -> None:
    """Answer until there are no more questions."""
    known: dict[bytes, bytes] = {}
    waiting = RangeRecords()
    while len(head := questions.read(_LENGTH)) == _LENGTH:
        body = questions.read(int.from_bytes(head, "big"))
        if len(body) < int.from_bytes(head, "big"):
            return  # whoever asked has ended
        question = _questions.decode(body)
        known.update(question.keys)
        if question.payload:
            waiting = read_range(question.payload)
            unknown = sorted(waiting.signers.difference(known))
        else:
            unknown = []
        blocks = None if unknown else check_range(waiting, known)
        if blocks is not None:
            waiting = RangeRecords()
        if len(known) > MAX_KEYS:
            known.clear()
        body = msgspec.msgpack.encode(Answer(unknown, blocks))
        answers.write(len(body).to_bytes(_LENGTH, "big"))
        answers.write(body)
        answers.flush()


def widen(pipe: BinaryIO) -> None:
    """Let a pipe hold a whole answer, where the system allows that; it works as well without."""
    with suppress(OSError):
        fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


if __name__ == "__main__":
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # typed at a terminal it reaches the node, which closes the pipe
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)
    widen(sys.stdout.buffer)
    serve(sys.stdin.buffer, sys.stdout.buffer)
