"""Accepted transactions, durable until they are final, refused or expired.

*Accepted* never means less than durable here and gossiped (DESIGN.md section 2). Entries are appended to
segments and synced once per submission; a segment is dropped when nothing in it waits any more. A torn
tail is an answer that was never given, so it is cut off; after a failed write nothing is written behind
it, or recovery would cut off answers that were given.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Sequence
from typing import Final

from accord_ledger.codec import MAX_ENTRY_BYTES
from accord_ledger.errors import FatalError
from accord_node.records import entry_hash
from accord_node.seams import Disk

SEGMENT_BYTES: Final = 8 * 1024 * 1024
_HEADER: Final = 8
"""u32 length and u32 CRC-32 of the entry, big-endian."""
_NAME: Final = re.compile(r"pending-(\d{10})")


class PendingLog:
    """Append-only segments on a disk; every method blocks and is called from one thread only."""

    def __init__(self, disk: Disk, *, segment_bytes: int = SEGMENT_BYTES) -> None:
        self._disk = disk
        self._segment_bytes = segment_bytes
        self._outstanding: dict[str, set[bytes]] = {}
        self._where: dict[bytes, str] = {}
        self._number = 0
        self._size = 0
        self._failed = False

    def open(self) -> list[bytes]:
        """Every entry still in a segment, oldest first; whoever calls drops those that are settled.

        They are durable on return: from now on a sender that asks again is told so.
        """
        entries: list[bytes] = []
        for name in self._disk.names():
            match = _NAME.fullmatch(name)
            if match is None:
                continue
            self._number = int(match[1])
            whole, end, total = _frames(self._disk.read(name))
            if end < total:
                self._disk.truncate(name, end)
            self._disk.sync(name)  # a process that died may have left it written and not durable
            self._size = end
            entries += [entry for entry in whole if entry_hash(entry) not in self._where]
            self._note(name, whole)
        self._disk.sync_directory()
        return entries

    def _note(self, name: str, entries: Iterable[bytes]) -> None:
        held = self._outstanding.setdefault(name, set())
        for entry in entries:
            if (known := self._where.setdefault(entry_hash(entry), name)) == name:
                held.add(entry_hash(entry))
            else:  # an earlier segment holds it already
                self._outstanding[known].add(entry_hash(entry))

    def append(self, entries: Sequence[bytes]) -> None:
        """Write entries; durable on return. What is held already is not written again.

        Raises:
            OSError: the disk failed; every later call is refused.
        """
        if self._failed:
            raise OSError("expected no further writes after the pending log's disk failed")
        fresh = list(
            {entry_hash(entry): entry for entry in entries if entry_hash(entry) not in self._where}.values()
        )
        if not fresh:
            return
        if self._number == 0 or self._size >= self._segment_bytes:
            self._number, self._size = self._number + 1, 0
        name = f"pending-{self._number:010d}"
        data = b"".join(
            len(entry).to_bytes(4, "big") + zlib.crc32(entry).to_bytes(4, "big") + entry for entry in fresh
        )
        begins = name not in self._outstanding
        self._failed = True  # until everything below has come back
        self._disk.append(name, data)
        self._disk.sync(name)
        if begins:
            self._disk.sync_directory()
        self._failed = False
        self._size += len(data)
        self._note(name, fresh)

    def settle(self, entry_hashes: Iterable[bytes]) -> None:
        """These entries are final, refused or expired; drop segments in which nothing waits."""
        for name in {self._settle_one(item) for item in entry_hashes}:
            if name is not None and not self._outstanding[name] and name != f"pending-{self._number:010d}":
                self._disk.remove(name)
                del self._outstanding[name]

    def _settle_one(self, item: bytes) -> str | None:
        name = self._where.pop(item, None)
        if name is not None:
            self._outstanding[name].discard(item)
        return name

    @property
    def waiting(self) -> int:
        """Entries not settled yet."""
        return len(self._where)


def _frames(data: bytes) -> tuple[list[bytes], int, int]:
    """(whole entries, end of the last one, bytes in all)."""
    entries: list[bytes] = []
    at = 0
    while at + _HEADER <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        entry = data[at + _HEADER : at + _HEADER + length]
        if not 0 < length <= MAX_ENTRY_BYTES or len(entry) < length:
            break
        if zlib.crc32(entry) != int.from_bytes(data[at + 4 : at + 8], "big"):
            if at + _HEADER + length < len(data):
                raise FatalError("PENDING_CORRUPT", f"expected a whole entry at byte {at}, and more follow")
            break
        entries.append(entry)
        at += _HEADER + length
    return entries, at, len(data)
