"""Messages of our own processes: whole or not at all."""

from __future__ import annotations

import fcntl
import io
import os
from pathlib import Path

from accord_node.pipes import exactly, framed, next_message, widen


class Drop(io.BytesIO):
    """Gives a byte at a time."""

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]  # as pipes call it
        return super().readinto(buffer[:1])


def test_messages_come_out_as_they_went_in_however_little_is_read_at_once() -> None:
    bodies = [b"first", b"", b"x" * 300]
    source = Drop(b"".join(map(framed, bodies)))
    found = [next_message(source) for _ in bodies]
    assert [bytes(body) for body in found if body is not None] == bodies
    assert next_message(source) is None


def test_a_message_that_was_cut_off_is_none() -> None:
    whole = framed(b"body")
    for length in range(len(whole)):
        assert next_message(io.BytesIO(whole[:length])) is None
    assert exactly(io.BytesIO(b"abc"), 4) is None


def test_an_answer_fits_into_the_pipe_and_what_is_no_pipe_stays_as_it_is(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb"), os.fdopen(writing, "wb") as pipe:
        before = fcntl.fcntl(pipe.fileno(), fcntl.F_GETPIPE_SZ)
        widen(pipe)
        assert fcntl.fcntl(pipe.fileno(), fcntl.F_GETPIPE_SZ) > before
    with (tmp_path / "file").open("wb") as file:
        widen(file)
        assert file.write(b"still written") == 13
