"""Cutting a log into blocks: entries in, each block with its parsed records and its seal out.

Nothing is judged here but form, and nothing an entry holds makes this raise.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from accord_ledger.block import SealedBytes
from accord_ledger.domain.pipeline import Prepared, prepare
from accord_ledger.errors import DecodeError, Rejection

MAX_BLOCK_RECORDS: Final = 65_536
"""Records one seal can count."""

MAX_BLOCK_BYTES: Final = 1024 * 1024 * 1024
"""Most bytes of entries kept while waiting for their seal; more than a block of full weight can hold."""

RECORD_START: Final = b"\x82"
"""A record is a map of two; a seal is a larger one. The first byte tells which an entry means to be."""


@dataclass(frozen=True, slots=True)
class Malformed:
    """An entry that is no canonical record of a known kind."""

    entry: bytes
    code: str
    detail: str

    @property
    def entry_hash(self) -> bytes:
        """SHA-256 of the entry."""
        return sha256(self.entry).digest()

    @property
    def leaf_hash(self) -> bytes:
        """RFC 6962 leaf hash of the entry."""
        return sha256(b"\x00" + self.entry).digest()


@dataclass(frozen=True, slots=True)
class Block:
    """Records and the seal that closes them: read, not judged."""

    first: int
    """Log index of the first record, or of the seal if there is none."""
    records: tuple[Prepared | Malformed, ...]
    sealed: SealedBytes

    @property
    def seal_index(self) -> int:
        """Log index of the seal."""
        return self.first + len(self.records)


class BlockReader:
    """Cuts a sequence of entries into blocks, and parses them. Never raises on any entry.

    Args:
        first: log index of the first entry it will get.
    """

    def __init__(self, first: int = 0) -> None:
        self.first = first
        self.broken: tuple[str, str] | None = None
        """Code and detail, once no further block can be told: then everything is ignored."""
        self._records: list[Prepared | Malformed] = []
        self._bytes = 0

    @property
    def pending(self) -> int:
        """Entries read after the newest seal."""
        return len(self._records)

    @property
    def index(self) -> int:
        """Log index of the next entry."""
        return self.first + len(self._records)

    def add(self, entry: bytes) -> Block | None:
        """Take the next entry; the block it closes, if it is a seal.

        An entry that is neither record nor seal counts as a malformed record if it starts like one, else
        as a malformed seal, after which ``broken`` says why no more blocks come.
        """
        if self.broken is not None:
            return None
        if entry[:1] == RECORD_START:
            self._take(entry)
            return None
        try:
            sealed = SealedBytes.parse(entry)
        except DecodeError as error:
            self.broken = "ENTRY_FORM", f"{error.code}: {error.detail}"
            return None
        block = Block(self.first, tuple(self._records), sealed)
        self.first = block.seal_index + 1
        self._records, self._bytes = [], 0
        return block

    def _take(self, entry: bytes) -> None:
        self._bytes += len(entry)
        if len(self._records) >= MAX_BLOCK_RECORDS or self._bytes > MAX_BLOCK_BYTES:
            self.broken = "BLOCK_TOO_LARGE", f"no seal after {len(self._records)} records"
            return
        record: Prepared | Malformed
        try:
            record = prepare(entry)
        except Rejection as error:
            place = f" at {error.path}" if error.path else ""
            record = Malformed(entry, error.code, f"{error.detail}{place}")
        self._records.append(record)
