"""The bits of a status list, and their two compressed forms, read with bounded memory.

A position is a credential's place in its issuer's list (``status_start`` + index). Bitstring Status List 1.0
puts index 0 leftmost and compresses with GZIP (section 2.2); Token Status List packs values from the least
significant bit and compresses with ZLIB (section 4). What inflates beyond its bound is refused before it
takes memory, so a small download cannot become a large one.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import zlib
from collections.abc import Iterator
from typing import Final

from accord_ledger.errors import DecodeError

MIN_BITS: Final = 131_072
"""Least length of a list: 16 KiB, so that no position says much (Bitstring Status List, section 6.1)."""

MAX_LIST_BYTES: Final = 2 * 1024 * 1024
"""Largest list read, inflated: 16.7 million entries of one bit."""

MAX_ENCODED: Final = 3 * 1024 * 1024
"""Longest compressed list read, in characters of base64url: random bits do not compress."""

LENGTH_ERROR: Final = "STATUS_LIST_LENGTH_ERROR"
MALFORMED: Final = "MALFORMED_VALUE_ERROR"
RANGE_ERROR: Final = "RANGE_ERROR"

_GZIP: Final = 31
_ZLIB: Final = 15
_REVERSED: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
"""Every byte with its bits in the other order."""


class StatusBits:
    """One bit for each position, 0 unless set; kept with the least significant bit of a byte first."""

    __slots__ = ("_data",)

    def __init__(self, length: int, data: bytes | None = None) -> None:
        """All zero, or ``data`` (least significant bit first, ``length`` / 8 bytes).

        Args:
            length: number of positions, a multiple of eight.
            data: the bits.
        """
        if length % 8 or length < 0 or (data is not None and len(data) * 8 != length):
            raise ValueError(f"expected whole bytes for {length} positions")
        self._data = bytearray(length // 8) if data is None else bytearray(data)

    def __len__(self) -> int:
        return len(self._data) * 8

    def __getitem__(self, position: int) -> bool:
        if not 0 <= position < len(self):
            raise DecodeError(RANGE_ERROR, f"expected a position below {len(self)}, got {position}")
        return bool(self._data[position >> 3] >> (position & 7) & 1)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StatusBits) and self._data == other._data

    __hash__ = None  # type: ignore[assignment]  # it changes

    def merge(self, start: int, bits: int) -> None:
        """Set the positions ``start`` + i for every bit i of a number (least first); none is ever cleared."""
        if bits < 0 or start < 0 or start + bits.bit_length() > len(self):
            raise ValueError(f"expected positions below {len(self)}")
        first, shift = divmod(start, 8)
        moved = bits << shift
        size = -(-moved.bit_length() // 8)
        place = slice(first, first + size)
        self._data[place] = (int.from_bytes(self._data[place], "little") | moved).to_bytes(size, "little")

    def positions(self) -> Iterator[int]:
        """Positions that are set, ascending."""
        for place, byte in enumerate(self._data):
            for bit in range(8) if byte else ():
                if byte >> bit & 1:
                    yield place * 8 + bit

    def leftmost_first(self) -> bytes:
        """The bits with index 0 leftmost."""
        return bytes(self._data).translate(_REVERSED)

    @classmethod
    def from_leftmost_first(cls, data: bytes) -> StatusBits:
        """The list whose index 0 is the leftmost bit."""
        return cls(len(data) * 8, data.translate(_REVERSED))

    def to_bytes(self) -> bytes:
        """The bits with index 0 as the least significant one of the first byte."""
        return bytes(self._data)


def list_length(positions: int) -> int:
    """Length of a list with so many positions taken: at least the minimum, doubled as often as needed."""
    length = MIN_BITS
    while length < positions:
        length *= 2
    return length


# ---- Bitstring Status List ---------------------------------------------------------------------------


def encode_bitstring(bits: StatusBits) -> str:
    """``encodedList``: ``u`` and base64url without padding of the GZIP of the bits.

    Raises:
        DecodeError: ``STATUS_LIST_LENGTH_ERROR``: shorter than a list may be.
    """
    _check_length(len(bits))
    return "u" + base64url_text(gzip.compress(bits.leftmost_first(), 9, mtime=0))


def decode_bitstring(text: object) -> StatusBits:
    """The bits of an ``encodedList``.

    Raises:
        DecodeError: ``MALFORMED_VALUE_ERROR`` (another multibase, no base64url, no GZIP, something after
            it), or ``STATUS_LIST_LENGTH_ERROR`` (too short, or inflating beyond the bound).
    """
    if not isinstance(text, str) or not text.startswith("u"):
        raise DecodeError(MALFORMED, "expected multibase base64url (u...)", path="encodedList")
    data = inflate(base64url_bytes(text[1:], "encodedList"), gzip_form=True, path="encodedList")
    _check_length(len(data) * 8)
    return StatusBits.from_leftmost_first(data)


def _check_length(length: int) -> None:
    if length < MIN_BITS:
        raise DecodeError(LENGTH_ERROR, f"expected at least {MIN_BITS} positions, got {length}")


# ---- bounded decompression ---------------------------------------------------------------------------


def inflate(data: bytes, *, gzip_form: bool, path: str, limit: int = MAX_LIST_BYTES) -> bytes:
    """What compressed data holds, never more than ``limit`` bytes of it in memory.

    Args:
        data: one GZIP member or one ZLIB stream, and nothing after it.
        gzip_form: GZIP (RFC 1952) rather than ZLIB (RFC 1950).
        path: what it is called in errors.
        limit: bound of the result in bytes.

    Raises:
        DecodeError: ``MALFORMED_VALUE_ERROR`` or ``STATUS_LIST_LENGTH_ERROR``.
    """
    stream = zlib.decompressobj(_GZIP if gzip_form else _ZLIB)
    try:
        found = stream.decompress(data, limit + 1)
    except zlib.error as error:
        raise DecodeError(MALFORMED, f"expected compressed bits: {error}", path=path) from error
    if len(found) > limit:
        raise DecodeError(LENGTH_ERROR, f"expected at most {limit} bytes inflated", path=path)
    if not stream.eof or stream.unused_data:
        raise DecodeError(MALFORMED, "expected one whole compressed value and nothing after it", path=path)
    return found


def deflate(data: bytes) -> bytes:
    """ZLIB (RFC 1950), as small as it gets."""
    return zlib.compress(data, 9)


def base64url_text(data: bytes) -> str:
    """Base64url without padding (RFC 4648 section 5)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def base64url_bytes(text: str, path: str, *, limit: int = MAX_ENCODED) -> bytes:
    """The bytes of base64url without padding, in its one spelling.

    Raises:
        DecodeError: ``MALFORMED_VALUE_ERROR`` or ``STATUS_LIST_LENGTH_ERROR``.
    """
    if len(text) > limit:
        raise DecodeError(LENGTH_ERROR, f"expected at most {limit} characters, got {len(text)}", path=path)
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise DecodeError(MALFORMED, "expected base64url without padding", path=path) from error
    if base64url_text(data) != text:
        raise DecodeError(MALFORMED, "expected base64url in its one spelling", path=path)
    return data
