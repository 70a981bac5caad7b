"""Pieces of a log read in order, in several processes, this one included.

The others are given whole pieces, the oldest first. While this one would wait for one of them, it reads the newest
that none was given, so that all are busy whichever side is slower. A bounded number of pieces is on the way, so
memory stays bounded whatever the log holds. Where another process is ended from outside, this one does all the
work.
"""

from __future__ import annotations

import gc
import os
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from types import TracebackType
from typing import Final, Self

from accord_client.audit.pieces import Look, Piece, look, read_piece, reopen
from accord_client.audit.signers import Known, Signers
from accord_client.processes import end_with_parent, start_context

PIECES_AHEAD: Final = 8
"""On their way for each process besides this one; more would only push them out of the caches."""

PIECES_ASKED: Final = 4
"""Of these, given to each: about 70 ms of work, longer than this one takes for the blocks they close."""

BYTES_AHEAD: Final = 256 * 1024 * 1024
"""Of entries on their way, at most one piece beyond (a piece of 256 ordinary records has 0.1 MiB)."""

COLLECT_AFTER: Final = (50_000, 20, 50)
"""When another process looks for cycles (``gc.set_threshold``): a piece comes and goes and holds none."""


class _OnTheWay:
    """A piece that was not taken yet."""

    __slots__ = ("entries", "future", "piece", "size")

    def __init__(self, entries: Sequence[bytes]) -> None:
        self.entries = entries
        self.size = sum(map(len, entries))
        self.future: Future[Look | None] | None = None
        """What another process answers, if one was asked."""
        self.piece: Piece | None = None
        """Once it was read here."""

    @property
    def begun(self) -> bool:
        return self.future is not None or self.piece is not None

    @property
    def known(self) -> bool:
        """Whether nothing has to be waited for."""
        return self.piece is not None or (self.future is not None and self.future.done())


class Readers:
    """Reads pieces in order of submission.

    Args:
        processes: how many may work, this one included.
    """

    def __init__(self, processes: int) -> None:
        self.signers = Signers()
        """Whose signatures are checked; whoever executes tells them what it learns."""
        self.alone = False
        """Another process was ended from outside; since then this one works alone."""
        self._pieces: deque[_OnTheWay] = deque()
        self._bytes = 0
        self._others = processes - 1
        self._pool: ProcessPoolExecutor | None = None
        self.begun: Future[int] | None = None
        """The first answer of another process (its id): nothing is given to them, and waited for, before."""
        if self._others:
            self._pool = ProcessPoolExecutor(self._others, start_context(), _begin)
            self.begun = self._pool.submit(os.getpid)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    @property
    def full(self) -> bool:
        """Whether the oldest piece has to be taken before another is submitted."""
        return len(self._pieces) > PIECES_AHEAD * self._others or self._bytes > BYTES_AHEAD

    @property
    def waiting(self) -> bool:
        """Whether there is a piece to be taken."""
        return bool(self._pieces)

    def submit(self, entries: Sequence[bytes]) -> None:
        """Begin with a piece."""
        piece = _OnTheWay(entries)
        self._pieces.append(piece)
        self._bytes += piece.size
        self._ask()

    def _ask(self) -> None:
        """Give the other processes what they have room for."""
        if self._pool is None or self.begun is None or not self.begun.done() or self.alone:
            return
        room = PIECES_ASKED * self._others
        for piece in self._pieces:
            if room == 0:
                break
            if not piece.begun:
                try:
                    piece.future = self._pool.submit(_look, piece.entries, self.signers.known)
                except BrokenProcessPool:
                    self.alone = True
                    break
            room -= not piece.known

    def take(self) -> Piece:
        """The oldest piece that was not taken yet."""
        oldest = self._pieces.popleft()
        self._bytes -= oldest.size
        while not oldest.known:
            self._ask()  # so that the others are busy while this one is
            mine = oldest if oldest.future is None else self._newest()
            if mine is not None:
                mine.piece = read_piece(mine.entries, self.signers)
            elif oldest.future is not None:
                wait([oldest.future])
        return self._opened(oldest) if oldest.piece is None else oldest.piece

    def _newest(self) -> _OnTheWay | None:
        """The newest piece that nobody has begun."""
        return next((piece for piece in reversed(self._pieces) if not piece.begun), None)

    def _opened(self, piece: _OnTheWay) -> Piece:
        try:
            seen = None if piece.future is None else piece.future.result()
        except BrokenProcessPool:
            self.alone, seen = True, None
        if seen is None:
            return read_piece(piece.entries, self.signers)
        return reopen(piece.entries, seen, self.signers)


# -- in the other processes ------------------------------------------------------------------------------

_here: Final = Signers()


def _begin() -> None:
    end_with_parent()
    gc.enable()
    gc.freeze()  # nothing that came along is looked at again
    gc.set_threshold(*COLLECT_AFTER)


def _look(entries: Sequence[bytes], known: Known) -> Look | None:
    _here.hear(known)
    return look(entries, _here)
