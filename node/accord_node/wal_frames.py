"""Bytes of a journal segment: a header, then one frame for every batch that was synced.

    segment = magic (16) || identity (16) || number (u64) || first sequence (u64) || check (16)
    frame   = magic (4) || length (u32) || sequence (u64) || check (8) || payload || check (16)

Checks are BLAKE2b keyed with the journal's identity, 16 random bytes that never leave the host. So a
peer whose bytes end up in a payload cannot make them look like a frame, and a frame of another journal
is never taken for one of this. A header has a check of its own: only then can its length be believed,
and an incomplete last frame be told from damage.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from accord_ledger.errors import FatalError

IDENTITY_BYTES: Final = 16
_SEGMENT_MAGIC: Final = b"accord-journal-1"
_FRAME_MAGIC: Final = b"AJF1"
_SEGMENT: Final = struct.Struct(">16s16sQQ")
_FRAME: Final = struct.Struct(">4sIQ")
_CHECK_BYTES: Final = 16
_HEADER_CHECK_BYTES: Final = 8
SEGMENT_HEADER_BYTES: Final = _SEGMENT.size + _CHECK_BYTES
_FRAME_HEADER_BYTES: Final = _FRAME.size + _HEADER_CHECK_BYTES


def _check(identity: bytes, size: int, data: bytes) -> bytes:
    return blake2b(data, key=identity, digest_size=size).digest()


def encode_segment_header(identity: bytes, number: int, first: int) -> bytes:
    """Header of segment ``number`` whose first frame has sequence ``first``."""
    header = _SEGMENT.pack(_SEGMENT_MAGIC, identity, number, first)
    return header + _check(identity, _CHECK_BYTES, header)


def encode_frame(identity: bytes, sequence: int, payload: bytes) -> bytes:
    """One frame, complete with its checks."""
    header = _FRAME.pack(_FRAME_MAGIC, len(payload), sequence)
    header += _check(identity, _HEADER_CHECK_BYTES, header)
    return header + payload + _check(identity, _CHECK_BYTES, header + payload)


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment as read.

    Attributes:
        identity: of the journal.
        number: of this segment, from 1.
        first: sequence of its first frame.
        payloads: of all complete frames.
        end: offset after the last complete frame; less than the file's length if the tail is torn.
    """

    identity: bytes
    number: int
    first: int
    payloads: tuple[bytes, ...]
    end: int


def decode_segment(name: str, data: bytes) -> Segment:
    """Read a segment up to its first incomplete frame.

    Raises:
        FatalError: ``JOURNAL_CORRUPT``, if the header is damaged or anything stands after a damaged
            frame: it was synced before what follows it was written, so this is not a torn write.
    """
    header = data[: _SEGMENT.size]
    check = data[_SEGMENT.size : SEGMENT_HEADER_BYTES]
    if len(data) < SEGMENT_HEADER_BYTES or not header.startswith(_SEGMENT_MAGIC):
        raise FatalError("JOURNAL_CORRUPT", f"expected a segment header, got {len(data)} bytes", path=name)
    _, identity, number, first = _SEGMENT.unpack(header)
    if _check(identity, _CHECK_BYTES, header) != check:
        raise FatalError("JOURNAL_CORRUPT", "expected a segment header with a good checksum", path=name)
    payloads: list[bytes] = []
    offset = SEGMENT_HEADER_BYTES
    while offset < len(data):
        size = _frame_at(identity, data, offset, first + len(payloads))
        if size is None:
            _check_torn(identity, name, data, offset)
            break
        payloads.append(data[offset + _FRAME_HEADER_BYTES : offset + size - _CHECK_BYTES])
        offset += size
    return Segment(identity, number, first, tuple(payloads), offset)


def _length_at(identity: bytes, data: bytes, offset: int) -> tuple[int, int] | None:
    """(frame size, sequence) if a frame header with a good check stands here."""
    header = data[offset : offset + _FRAME.size]
    check = data[offset + _FRAME.size : offset + _FRAME_HEADER_BYTES]
    if len(check) < _HEADER_CHECK_BYTES or _check(identity, _HEADER_CHECK_BYTES, header) != check:
        return None
    _, length, sequence = _FRAME.unpack(header)
    return _FRAME_HEADER_BYTES + length + _CHECK_BYTES, sequence


def _frame_at(identity: bytes, data: bytes, offset: int, sequence: int) -> int | None:
    """Size of the complete frame with this sequence at this place, or None."""
    found = _length_at(identity, data, offset)
    if found is None or found[1] != sequence or offset + found[0] > len(data):
        return None
    end = offset + found[0] - _CHECK_BYTES
    good = _check(identity, _CHECK_BYTES, data[offset:end]) == data[end : end + _CHECK_BYTES]
    return found[0] if good else None


def _check_torn(identity: bytes, name: str, data: bytes, offset: int) -> None:
    """Raise unless the damage at ``offset`` can be one unfinished write at the very end."""
    found = _length_at(identity, data, offset)
    if found is not None and offset + found[0] < len(data):
        raise FatalError("JOURNAL_CORRUPT", f"damaged frame at {offset} before the tail", path=name)
    later = data.find(_FRAME_MAGIC, offset + 1)
    while later >= 0:
        if _length_at(identity, data, later) is not None:
            raise FatalError("JOURNAL_CORRUPT", f"damage at {offset} before a frame at {later}", path=name)
        later = data.find(_FRAME_MAGIC, later + 1)
