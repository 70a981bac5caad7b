"""Cutting a log into blocks: entries in, each block with its parsed records and its seal out.

Two steps. Reading says of each entry by itself what it is (:func:`read_entry`, or :func:`read_entries` of many
at a time, at half the cost); the :class:`BlockReader` puts what was read together. Nothing is judged here but
form, and nothing an entry holds makes this raise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from accord_ledger import codec
from accord_ledger.block import Seal, SealedBytes
from accord_ledger.domain.pipeline import Prepared, prepare, prepare_again, prepare_all
from accord_ledger.errors import DecodeError, Rejection

MAX_BLOCK_RECORDS: Final = 65_536
"""Records one seal can count."""

MAX_BLOCK_BYTES: Final = 1024 * 1024 * 1024
"""Most bytes of entries kept while waiting for their seal; more than a block of full weight can hold."""

RECORD_START: Final = b"\x82"
"""A record is a map of two; a seal is a larger one. The first byte tells which an entry means to be."""


@dataclass(frozen=True, slots=True)
class Malformed:
    """An entry that is no canonical record of a known kind, and no canonical seal."""

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


Item = Prepared | Malformed | SealedBytes
"""What an entry is by itself."""


def is_record(entry: bytes) -> bool:
    """Whether an entry means to be a record; otherwise it means to be a seal."""
    return entry[:1] == RECORD_START


def entry_bytes(item: Item) -> bytes:
    """The entry that was read."""
    return item.record.entry if isinstance(item, Prepared) else item.entry


def leaf_hash(item: Item) -> bytes:
    """RFC 6962 leaf hash of the entry."""
    return item.record.leaf_hash if isinstance(item, Prepared) else item.leaf_hash


def read_entry(entry: bytes) -> Item:
    """What an entry is."""
    if not is_record(entry):
        return _read_seal(entry)
    try:
        return prepare(entry)
    except Rejection as error:
        place = f" at {error.path}" if error.path else ""
        return Malformed(entry, error.code, f"{error.detail}{place}")


def read_entries(entries: Sequence[bytes]) -> list[Item]:
    """:func:`read_entry` of each, at half its cost where all records among them have good form."""
    records = [entry for entry in entries if is_record(entry)]
    try:
        prepared = prepare_all(records, [sha256(entry).digest() for entry in records])
    except Rejection:
        return [read_entry(entry) for entry in entries]
    return _in_order(entries, prepared, _read_seal)


def read_again(
    entries: Sequence[bytes],
    entry_hashes: Iterable[bytes],
    leaf_hashes: Iterable[bytes],
    tx_ids: Iterable[bytes],
) -> list[Item]:
    """What :func:`read_entries` gave for these very bytes before, in another process of this program.

    Args:
        entries: records and seals that were found good, each of them; their form is not looked at again.
        entry_hashes: of the records among them, as they came out then, like the other two.
        leaf_hashes: see there.
        tx_ids: see there.
    """
    records = [entry for entry in entries if is_record(entry)]
    return _in_order(entries, prepare_again(records, entry_hashes, leaf_hashes, tx_ids), _reopen_seal)


def _in_order(
    entries: Sequence[bytes], records: Iterable[Prepared], seal: Callable[[bytes], Item]
) -> list[Item]:
    """Records between the seals, as their entries stand."""
    following = iter(records)
    return [next(following) if is_record(entry) else seal(entry) for entry in entries]


def _read_seal(entry: bytes) -> SealedBytes | Malformed:
    try:
        return SealedBytes.parse(entry)
    except DecodeError as error:
        return Malformed(entry, "ENTRY_FORM", f"{error.code}: {error.detail}")


def _reopen_seal(entry: bytes) -> SealedBytes:
    return SealedBytes(entry, codec.decode_known(entry, Seal))


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
        """Read the next entry; the block it closes, if it is a seal."""
        return None if self.broken is not None else self.take(read_entry(entry))

    def take(self, item: Item) -> Block | None:
        """Take the next entry, which was read; the block it closes, if it is a seal.

        An entry that is neither record nor seal counts as a malformed record if it starts like one, else
        as a malformed seal, after which ``broken`` says why no more blocks come.
        """
        if self.broken is not None:
            return None
        if isinstance(item, SealedBytes):
            block = Block(self.first, tuple(self._records), item)
            self.first = block.seal_index + 1
            self._records, self._bytes = [], 0
            return block
        entry = entry_bytes(item)
        if isinstance(item, Malformed) and not is_record(entry):
            self.broken = item.code, item.detail
            return None
        self._bytes += len(entry)
        if len(self._records) >= MAX_BLOCK_RECORDS or self._bytes > MAX_BLOCK_BYTES:
            self.broken = "BLOCK_TOO_LARGE", f"no seal after {len(self._records)} records"
        else:
            self._records.append(item)
        return None
