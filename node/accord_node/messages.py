"""What nodes say to each other about the ledger: payloads of gossip items and of requests.

All are canonical MessagePack of closed shapes, so anything else is refused by the decoder.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, Final

from msgspec import Meta

from accord_ledger.block import MAX_SEAL_BYTES, Certificate, Height, View, Vote
from accord_ledger.codec import MAX_ENTRY_BYTES, Wire
from accord_ledger.fields import Digest, Slug

MAX_MESSAGE_BYTES: Final = 8 * 1024 * 1024 - 8192
"""Largest payload; a little below the largest peer frame."""

INLINE_BODY_BYTES: Final = 8 * 1024
"""A proposal carries its records when they are at most this large: one message less for small blocks."""

Entry = Annotated[bytes, Meta(min_length=1, max_length=MAX_ENTRY_BYTES)]
SealBytes = Annotated[bytes, Meta(min_length=1, max_length=MAX_SEAL_BYTES)]


class Request(IntEnum):
    """Kinds of point-to-point requests. The numbers are on the wire."""

    RECORDS = 1
    """Records of a proposed block, by place: :class:`RecordsWanted` to :class:`Batch`."""
    BLOCK = 2
    """A block by seal hash: :class:`BlockWanted` to :class:`Block`."""
    RANGE = 3
    """Final blocks from a height: :class:`RangeWanted` to :class:`Range`."""
    TIP = 4
    """The finalization of the newest final seal: empty to :class:`Tip`."""
    CERTIFICATES = 5
    """Certificates of past views: :class:`CertificatesWanted` to nothing; they come pushed."""
    CERTIFICATE = 6
    """Here is a certificate you lack: :class:`Certificate` to nothing."""


class Batch(Wire):
    """Records, in order."""

    entries: Annotated[tuple[Entry, ...], Meta(max_length=65_536)]


class Proposal(Wire):
    """A leader's proposal: its signed notarize, the seal, and which records the block holds."""

    vote: Vote
    seal: SealBytes
    hashes: Annotated[bytes, Meta(max_length=32 * 65_536)]
    """Entry hashes of the records, 32 bytes each."""
    entries: Annotated[tuple[Entry, ...], Meta(max_length=65_536)] = ()
    """The records themselves, if they are small."""


class Cosignature(Wire):
    """One member's cosignature on the checkpoint of this log size (C2SP tlog-cosignature)."""

    party: Slug
    size: Height
    blob: Annotated[bytes, Meta(min_length=76, max_length=76)]
    """Key id, timestamp and signature as in a note's signature line."""


class Cosignatures(Wire):
    """What one member cosigned in a moment, by size; or one that another member passes on."""

    items: Annotated[tuple[Cosignature, ...], Meta(min_length=1, max_length=64)]


class Status(Wire):
    """What a node holds, exchanged at intervals so that nothing lost stays lost."""

    epoch: Annotated[int, Meta(ge=0, lt=2**31)]
    height: Height
    """Newest block that is final and durable here."""
    view: View
    """View of consensus."""
    cosigned: Height
    """Log size of the newest checkpoint with a quorum here."""


class RecordsWanted(Wire):
    """Which records of which proposed block are missing."""

    seal: Digest
    places: Annotated[
        tuple[Annotated[int, Meta(ge=0, lt=65_536)], ...], Meta(min_length=1, max_length=65_536)
    ]


class BlockWanted(Wire):
    """A block by the hash of its seal."""

    seal: Digest


class RangeWanted(Wire):
    """Final blocks from ``first`` on, as many as fit the answer."""

    first: Height
    max_bytes: Annotated[int, Meta(ge=1, le=MAX_MESSAGE_BYTES)] = 4 * 1024 * 1024


class Block(Wire):
    """A whole block."""

    seal: SealBytes
    entries: Annotated[tuple[Entry, ...], Meta(max_length=65_536)]


class Range(Wire):
    """Consecutive final blocks, oldest first."""

    blocks: Annotated[tuple[Block, ...], Meta(max_length=65_536)]
    certificate: Certificate | None
    """Finalization of the last block; None if there are no blocks."""


class Tip(Wire):
    """The newest final height and its finalization; None before the first block."""

    height: Height
    certificate: Certificate | None


class CertificatesWanted(Wire):
    """Views, both ends included."""

    epoch: Annotated[int, Meta(ge=0, lt=2**31)]
    from_view: View
    to_view: View
