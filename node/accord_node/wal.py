"""The vote journal: what this member said and rests on, durable before it leaves.

- ``append`` returns only when its batch is durable; batches come back whole, in order, or (the last
  one, if the host died during the write) not at all.
- A torn tail is cut off with a note. Damage before it is ``JOURNAL_CORRUPT``: a node that lost a vote
  could contradict it, so it must not start.
- What is read at ``open`` is durable before ``open`` returns: it is about to be said again.
- Segments are dropped, oldest first, once finality has passed every record in them.
- The identity in every segment header is drawn when the journal is created and never changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from accord_ledger import codec
from accord_ledger.consensus.journal import Batch, Record
from accord_ledger.errors import DecodeError, FatalError
from accord_node.seams import Disk
from accord_node.wal_frames import (
    IDENTITY_BYTES,
    SEGMENT_HEADER_BYTES,
    Segment,
    decode_segment,
    encode_frame,
    encode_segment_header,
)

SEGMENT_BYTES: Final = 8 * 1024 * 1024
"""A segment that has grown past this is followed by a new one."""

MAX_BATCH_BYTES: Final = 64 * 1024 * 1024
"""Largest batch: a block body with its seal and vote fits many times."""

_TEMPORARY: Final = "journal.new"
Place = tuple[int, int]
"""(epoch, view)."""


def _segment_name(number: int) -> str:
    return f"journal-{number:010d}"


def _newest(records: Sequence[Record]) -> Place:
    return max(((record.epoch, record.view) for record in records), default=(0, 0))


class Wal:
    """The journal of one member on one disk.

    Attributes:
        identity: 16 bytes that tell this journal from any other.
        notes: what recovery had to do, for the log.
    """

    def __init__(self, disk: Disk, new_identity: bytes, *, segment_bytes: int = SEGMENT_BYTES) -> None:
        """Open the journal, or create it with ``new_identity`` (16 random bytes).

        Raises:
            FatalError: ``JOURNAL_CORRUPT``.
        """
        if len(new_identity) != IDENTITY_BYTES:
            raise ValueError(f"expected {IDENTITY_BYTES} bytes of identity, got {len(new_identity)}")
        self._disk = disk
        self._segment_bytes = segment_bytes
        self.notes: list[str] = []
        self._records: list[Record] = []
        self._places: dict[int, Place] = {}
        self._failed = False
        self.identity = new_identity
        self._number = self._sequence = self._size = 0
        self._recover()

    @property
    def created(self) -> bool:
        """Whether nothing was ever written to it."""
        return self._sequence == 0

    def recovered(self) -> tuple[Record, ...]:
        """All records found at opening, in the order written; handed out once, then forgotten."""
        records, self._records = tuple(self._records), []
        return records

    def append(self, records: Sequence[Record]) -> None:
        """Write the records as one batch; durable on return.

        Raises:
            OSError: the disk failed; every later call is refused.
        """
        if self._failed:
            raise OSError("expected no further writes after the journal's disk failed")
        payload = codec.encode(Batch(records=tuple(records)))
        if len(payload) > MAX_BATCH_BYTES:
            raise ValueError(f"expected a batch of at most {MAX_BATCH_BYTES} bytes, got {len(payload)}")
        self._failed = True  # until every write below has come back
        if self._size >= self._segment_bytes:
            self._begin_segment(self._number + 1)
        frame = encode_frame(self.identity, self._sequence, payload)
        self._disk.append(_segment_name(self._number), frame)
        self._disk.sync(_segment_name(self._number))
        self._failed = False
        self._sequence += 1
        self._size += len(frame)
        self._places[self._number] = max(self._places[self._number], _newest(records))

    def compact(self, epoch: int, view: int) -> None:
        """Drop whole segments, oldest first, that hold nothing after the final ``view`` of ``epoch``."""
        for number in sorted(self._places):
            if number == self._number or self._places[number] > (epoch, view):
                break
            self._disk.remove(_segment_name(number))
            self._disk.sync_directory()  # each before the next, so that no crash leaves a hole
            del self._places[number]

    def _begin_segment(self, number: int) -> None:
        header = encode_segment_header(self.identity, number, self._sequence)
        if _TEMPORARY in self._disk.names():
            self._disk.remove(_TEMPORARY)
        self._disk.append(_TEMPORARY, header)
        self._disk.sync(_TEMPORARY)
        self._disk.rename(_TEMPORARY, _segment_name(number))
        self._disk.sync_directory()
        self._number, self._size = number, len(header)
        self._places[number] = (0, 0)

    def _recover(self) -> None:
        names = [name for name in self._disk.names() if name.startswith("journal-")]
        for name in names:
            segment = self._read(name, last=name == names[-1])
            records = [record for payload in segment.payloads for record in _decode(name, payload)]
            self._records.extend(records)
            self._places[segment.number] = _newest(records)
        if not names:
            self._begin_segment(1)

    def _read(self, name: str, *, last: bool) -> Segment:
        data = self._disk.read(name)
        segment = decode_segment(name, data)
        first = self._number == 0
        expected = (segment.identity, self._number + 1, self._sequence)
        if name != _segment_name(segment.number) or (
            not first and (self.identity, segment.number, segment.first) != expected
        ):
            raise FatalError("JOURNAL_CORRUPT", "expected the segment that follows the one before", path=name)
        if segment.end < len(data):
            if not last:
                raise FatalError(
                    "JOURNAL_CORRUPT", "expected a torn tail in the last segment only", path=name
                )
            self._disk.truncate(name, segment.end)
            self.notes.append(f"{name}: cut {len(data) - segment.end} bytes of a torn write")
        if last:
            self._disk.sync(name)
            self._disk.sync_directory()
        self.identity, self._number = segment.identity, segment.number
        self._sequence = segment.first + len(segment.payloads)
        self._size = max(segment.end, SEGMENT_HEADER_BYTES)
        return segment


def _decode(name: str, payload: bytes) -> tuple[Record, ...]:
    try:
        return codec.decode(payload, Batch, limit=MAX_BATCH_BYTES).records
    except DecodeError as error:
        raise FatalError("JOURNAL_CORRUPT", f"expected a batch of records: {error}", path=name) from error
