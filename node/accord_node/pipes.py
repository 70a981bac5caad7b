"""Messages through a pipe to a process of our own: four bytes of length, big endian, then the body."""

from __future__ import annotations

import fcntl
import signal
from contextlib import suppress
from typing import BinaryIO, Final, Protocol

LENGTH_BYTES: Final = 4
PIPE_BYTES: Final = 1024 * 1024
"""A message fits into the pipe as a rule, so that whoever wrote it goes on at once; what reads it takes two or three
looks instead of thirty, each of which takes the interpreter from another thread."""


class Readable(Protocol):
    """Where messages come from: ``io.RawIOBase``, without a lock that a thread could hold at the end."""

    def readinto(self, buffer: memoryview, /) -> int | None:
        """Read some bytes into a buffer; how many, 0 at the end."""


def framed(body: bytes) -> bytes:
    """A message as it goes through the pipe."""
    return len(body).to_bytes(LENGTH_BYTES, "big") + body


def next_message(source: Readable) -> bytearray | None:
    """The next message; None where there is none, or not all of it."""
    head = exactly(source, LENGTH_BYTES)
    return None if head is None else exactly(source, int.from_bytes(head, "big"))


def exactly(source: Readable, length: int) -> bytearray | None:
    """So many bytes; None where fewer are left."""
    data = bytearray(length)
    rest = memoryview(data)
    while rest:
        if not (count := source.readinto(rest)):
            return None
        rest = rest[count:]
    return data


def leave_signals_to_the_node() -> None:
    """For a process of ours: what a terminal or a service manager sends to all reaches the node, which closes the pipe."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def widen(pipe: BinaryIO) -> None:
    """Let a pipe hold much at once, where the system allows that; it works as well without."""
    with suppress(OSError):
        fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, PIPE_BYTES)
