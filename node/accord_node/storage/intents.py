"""Which entries are about to be written together: noted before, so that a crash in between is told from a loss.

Of a single block a crash leaves at most that block in the log files beyond the database's floor. Of many written
together it may leave them all. A database that lost commits looks the same, but for this note: it names the size
the log had before them and the size it was to have, and is durable before the first of them is written. It is never
taken back; an older one names a size the floor has left behind.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from accord_ledger import codec
from accord_ledger.errors import DecodeError
from accord_node.storage.durable import replace_file

NAME: Final = "writing"
MAX_ENTRIES: Final = 1_000_000
"""More are never written together."""
_MAX_BYTES: Final = 32


class Intents:
    """The note in a node's data folder. Methods read and write files: call them in a thread.

    Args:
        directory: the data folder.
    """

    def __init__(self, directory: Path) -> None:
        self._path = directory / NAME

    def note(self, begin: int, end: int) -> None:
        """Entries from log size ``begin`` to ``end`` are about to be written; durable on return."""
        replace_file(self._path, codec.encode([begin, end]))

    def end_of(self, begin: int) -> int:
        """The size a log of this size was to have; the same size if nothing, or nothing readable, was noted."""
        try:
            with self._path.open("rb") as file:
                noted, end = codec.decode(file.read(_MAX_BYTES), tuple[int, int])
        except (FileNotFoundError, DecodeError):
            return begin
        return end if noted == begin and begin <= end <= begin + MAX_ENTRIES else begin
