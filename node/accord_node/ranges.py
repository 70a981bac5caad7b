"""What a range of final blocks says by itself, without the ledger it continues.

Two looks, because they happen in two places. :func:`open_range` is quick and cuts the range at the first seal
that does not continue the chain. :func:`read_range` and :func:`check_range` do the work of every record, its
hashes, form and signatures, in another process or in a thread; what they find is said of these very bytes and
believed by nobody but the process that asked. Which key counts, and what a record may do, is decided where it
is executed; what nobody has checked by then is checked there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from accord_ledger import codec
from accord_ledger.block import Certificate, SealedBytes, body_hash
from accord_ledger.domain.pipeline import Prepared, prepare, prepare_again, prepare_all
from accord_ledger.errors import AccordError, DecodeError, Rejection
from accord_ledger.keys import verifies
from accord_node.messages import MAX_MESSAGE_BYTES, Range
from accord_node.records import UnreadableBody, entry_hash
from accord_node.signatures import Job

_HASH = 32


@dataclass(frozen=True, slots=True)
class Place:
    """Where a chain stands: its newest seal."""

    seal: bytes
    """Hash."""
    height: int


@dataclass(frozen=True, slots=True)
class RangeBlock:
    """A block of a range: its seal continues the chain, nothing is known of its records."""

    sealed: SealedBytes
    entries: tuple[bytes, ...]

    @property
    def place(self) -> Place:
        """The chain after it."""
        return Place(self.sealed.hash, self.sealed.seal.height)


class BlockRead(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What the records of one block say, columns of hashes one after another."""

    names: bytes
    """Entry hashes."""
    leaves: bytes
    """RFC 6962 leaf hashes; of as many as have good form, from the first on."""
    tx_ids: bytes
    """Of the same."""
    good: list[Job]
    """Signatures that verify; those of keys nobody knew are not among them."""

    @property
    def formed(self) -> int:
        """How many records from the first on have good form and values."""
        return len(self.tx_ids) // _HASH


def open_range(payload: bytes, after: Place) -> tuple[list[RangeBlock], int, Certificate | None]:
    """The blocks that continue the chain, how many were sent, and the certificate that came with them.

    Args:
        payload: a peer's answer, not believed in anything.
        after: the chain so far.

    Raises:
        DecodeError: it is no range at all.
    """
    found = codec.decode(payload, Range, limit=MAX_MESSAGE_BYTES)
    blocks: list[RangeBlock] = []
    for block in found.blocks:
        try:
            sealed = SealedBytes.parse(block.seal)
        except DecodeError:
            break
        if sealed.seal.parent != after.seal or sealed.seal.height != after.height + 1:
            break
        blocks.append(RangeBlock(sealed, block.entries))
        after = blocks[-1].place
    return blocks, len(found.blocks), found.certificate


class RangeRecords:
    """The records of a range, hashed and parsed; their signatures wait for keys.

    Attributes:
        signers: keys that signed and that no record brings along.
    """

    def __init__(self) -> None:
        self.blocks: list[tuple[bytes, list[Prepared]]] = []
        """Entry hashes of a block, and its records up to the first that is none."""
        self.signers: set[bytes] = set()


def read_range(payload: bytes) -> RangeRecords:
    """Hash and parse every record, up to the first block whose records are not what its seal says.

    Args:
        payload: was opened by :func:`open_range` before.
    """
    read = RangeRecords()
    for block in codec.decode_known(payload, Range).blocks:
        try:
            sealed = SealedBytes.parse(block.seal)
        except DecodeError:
            break
        names = [entry_hash(entry) for entry in block.entries]
        if body_hash(names) != sealed.seal.body_hash:
            break
        records = _parse(block.entries, names)
        for prepared in records:
            for signer, _, _ in prepared.record.signatures:
                if signer not in prepared.holders:
                    read.signers.add(signer)
        read.blocks.append((b"".join(names), records))
    return read


def _parse(entries: Sequence[bytes], names: Sequence[bytes]) -> list[Prepared]:
    try:
        return prepare_all(entries, names)
    except Rejection:
        return _parse_singly(entries)


def _parse_singly(entries: Sequence[bytes]) -> list[Prepared]:
    """Those before the first that is no good record."""
    records: list[Prepared] = []
    try:
        for entry in entries:
            records.append(prepare(entry))  # noqa: PERF401 - those before a bad one are kept
    except Rejection:
        pass  # execution names it
    return records


def check_range(
    read: RangeRecords, keys: Mapping[bytes, bytes], *, begin: int = 0, enough: int | None = None
) -> list[BlockRead]:
    """Check every signature whose key is given.

    Args:
        read: from :func:`read_range`.
        keys: public keys by key id.
        begin: the first block.
        enough: records after which the rest is left for another time; None: all.
    """
    found: list[BlockRead] = []
    records = 0
    for names, prepared in read.blocks[begin:]:
        if enough is not None and records >= enough:
            break
        found.append(_check_block(names, prepared, keys))
        records += len(prepared)
    return found


def _check_block(names: bytes, records: Sequence[Prepared], keys: Mapping[bytes, bytes]) -> BlockRead:
    good: list[Job] = []
    for prepared in records:
        record = prepared.record
        for signer, scope, signature in record.signatures:
            public = prepared.holders.get(signer) or keys.get(signer)
            if public is None:
                continue
            message = record.message(scope)
            if verifies(public, message, signature):
                good.append((public, message, signature))
    return BlockRead(
        names=names,
        leaves=b"".join([item.record.leaf_hash for item in records]),
        tx_ids=b"".join([item.record.tx_id for item in records]),
        good=good,
    )


def records_of(block: RangeBlock, read: BlockRead) -> list[Prepared]:
    """The records of a block that was read.

    Raises:
        UnreadableBody: one is no record at all.
    """
    if read.formed < len(block.entries):
        try:
            prepare(block.entries[read.formed])
        except AccordError as error:
            raise UnreadableBody(str(error)) from error
    return prepare_again(block.entries, _column(read.names), _column(read.leaves), _column(read.tx_ids))


def _column(hashes: bytes) -> list[bytes]:
    """Hashes that stand one after another."""
    return [hashes[at : at + _HASH] for at in range(0, len(hashes), _HASH)]
