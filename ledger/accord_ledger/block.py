"""The seal that closes a block, the block, and the votes and certificates about it.

Block = its records followed by its seal. The seal carries the certificate of its parent, so the log
is itself multi-signed; that certificate shows admissibility, finality comes by a finalization or by a
quorum of cosignatures (DESIGN.md section 2).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Annotated, Final, Literal

from msgspec import Meta

from accord_ledger import codec
from accord_ledger.errors import DecodeError, FatalError, ProofError
from accord_ledger.fields import Digest, PublicKey, Seconds, Signature, Slug
from accord_ledger.keys import verifies
from accord_ledger.tags import Tag

MAX_MEMBERS: Final = 100
PROTOCOL_VERSION: Final = 1
"""Version in force from genesis on; later ones come by T44."""
KNOWN_VERSIONS: Final = frozenset({PROTOCOL_VERSION})
"""Versions this program can execute. Another one in force makes it stop, never guess."""

Height = Annotated[int, Meta(ge=0, lt=2**53)]
View = Annotated[int, Meta(ge=0, lt=2**53)]
VoteKind = Literal["notarize", "nullify", "finalize"]

_VOTE_TAGS: Final = {
    "notarize": Tag.SIGN_NOTARIZE,
    "nullify": Tag.SIGN_NULLIFY,
    "finalize": Tag.SIGN_FINALIZE,
}

NO_SEAL: Final = b"\x00" * 32
"""Stands where a nullify names no seal."""


class Member(codec.Wire):
    """One voter of an epoch."""

    party: Slug
    vote: PublicKey
    witness: PublicKey
    """Cosigns checkpoints (C2SP cosignature type 0x04)."""


class Members(codec.Wire):
    """The set that votes in one epoch, in order of party id."""

    epoch: Annotated[int, Meta(ge=0, lt=2**31)]
    members: Annotated[tuple[Member, ...], Meta(min_length=1, max_length=MAX_MEMBERS)]

    @property
    def size(self) -> int:
        """N."""
        return len(self.members)

    @property
    def faults(self) -> int:
        """F = (n - 1) // 3: how many may be arbitrarily faulty."""
        return (self.size - 1) // 3

    @property
    def quorum(self) -> int:
        """N - f, never 2f + 1 (they differ for n = 5, 23, 50; the latter is unsafe there)."""
        return self.size - self.faults

    def digest(self) -> bytes:
        """The hash a seal carries in ``members``."""
        return Tag.MEMBERS.digest(codec.encode(self))

    def leader(self, view: int) -> str:
        """Whose turn it is in this view: validators take turns."""
        return self.members[view % self.size].party

    def vote_key(self, party: str) -> bytes | None:
        """The party's vote key in this epoch, or None if it has no vote."""
        return next((member.vote for member in self.members if member.party == party), None)


class Vote(codec.Wire):
    """One member's signed statement about one view."""

    kind: VoteKind
    epoch: Annotated[int, Meta(ge=0, lt=2**31)]
    view: View
    seal: Digest
    """Hash of the seal voted on; zeros in a nullify."""
    member: Slug
    signature: Signature


class Certificate(codec.Wire):
    """n - f votes of one kind on one seal (or none) in one view."""

    kind: VoteKind
    epoch: Annotated[int, Meta(ge=0, lt=2**31)]
    view: View
    seal: Digest
    votes: Annotated[tuple[tuple[Slug, Signature], ...], Meta(min_length=1, max_length=MAX_MEMBERS)]
    """(member, signature), sorted by member, each once."""


def vote_message(network: bytes, kind: str, epoch: int, view: int, seal: bytes) -> bytes:
    """The bytes a vote signs: its kind's tag over network, epoch, view and seal hash."""
    return _VOTE_TAGS[kind].message(network, epoch.to_bytes(4, "big"), view.to_bytes(8, "big"), seal)


def check_certificate(network: bytes, members: Members, certificate: Certificate) -> None:
    """Raise ``ProofError`` unless n - f distinct members of this epoch signed it.

    Codes: ``CERTIFICATE_EPOCH``, ``CERTIFICATE_ORDER``, ``CERTIFICATE_SEAL``, ``CERTIFICATE_MEMBER``,
    ``CERTIFICATE_SIGNATURE``, ``CERTIFICATE_QUORUM``.
    """
    if certificate.epoch != members.epoch:
        raise ProofError("CERTIFICATE_EPOCH", f"expected epoch {members.epoch}, got {certificate.epoch}")
    if (certificate.kind == "nullify") != (certificate.seal == NO_SEAL):
        raise ProofError("CERTIFICATE_SEAL", "expected a seal hash exactly where a seal is voted on")
    parties = [party for party, _ in certificate.votes]
    if parties != sorted(set(parties)):
        raise ProofError("CERTIFICATE_ORDER", "expected members in order, each once")
    if len(parties) < members.quorum:
        raise ProofError("CERTIFICATE_QUORUM", f"expected {members.quorum} members, got {len(parties)}")
    message = vote_message(network, certificate.kind, certificate.epoch, certificate.view, certificate.seal)
    for party, signature in certificate.votes:
        public = members.vote_key(party)
        if public is None:
            raise ProofError("CERTIFICATE_MEMBER", f"expected members of epoch {members.epoch}, got {party}")
        if not verifies(public, message, signature):
            raise ProofError("CERTIFICATE_SIGNATURE", f"expected a valid {certificate.kind} of {party}")


def check_version(version: int, height: int) -> None:
    """Raise ``FatalError`` ``VERSION_UNKNOWN`` unless this program knows the protocol in force at a height."""
    if version not in KNOWN_VERSIONS:
        known = ", ".join(str(item) for item in sorted(KNOWN_VERSIONS))
        raise FatalError(
            "VERSION_UNKNOWN",
            f"expected protocol version {known}, got {version} in force from height {height} on: "
            f"a release that knows version {version} is needed",
        )


class Seal(codec.Wire):
    """The header that closes a block; the last entry of the block and a leaf of the log."""

    network: Digest
    """Hash of the genesis document."""
    version: Annotated[int, Meta(ge=1, le=2**16)]
    """Protocol version in force."""
    epoch: Annotated[int, Meta(ge=0, lt=2**31)]
    height: Height
    """1 for the first block."""
    view: View
    """View in which the seal was first proposed."""
    time: Seconds
    """Block time, UTC seconds; never before the parent's."""
    proposer: Slug
    parent: Digest
    """Hash of the previous seal; the network hash for height 1."""
    parent_certificate: Certificate | None
    """Notarization or finalization of the parent; None for height 1 only."""
    first: Height
    """Log index of the first record (of the seal itself in an empty block)."""
    count: Annotated[int, Meta(ge=0, le=65_536)]
    """Records in this block."""
    body_hash: Digest
    """Tagged hash over the entry hashes of the records, in order."""
    log_root: Digest
    """RFC 6962 root over all entries before this seal, this block's records included."""
    state_root: Digest
    """Root of the authenticated state after this block."""
    members: Digest
    """Hash of the member set that votes on this seal."""


MAX_SEAL_BYTES: Final = 16_384


def body_hash(entry_hashes: tuple[bytes, ...] | list[bytes]) -> bytes:
    """``body_hash`` of a block with these records."""
    return Tag.BODY_LIST.digest(*entry_hashes)


def seal_hash(seal_bytes: bytes) -> bytes:
    """What votes name and the next seal points at (32 bytes)."""
    return Tag.SEAL.digest(seal_bytes)


@dataclass(frozen=True)
class SealedBytes:
    """A seal with its canonical bytes and hash."""

    entry: bytes
    seal: Seal

    @cached_property
    def hash(self) -> bytes:
        """Seal hash."""
        return seal_hash(self.entry)

    @cached_property
    def leaf_hash(self) -> bytes:
        """RFC 6962 leaf hash of the seal's entry."""
        return sha256(b"\x00" + self.entry).digest()

    @classmethod
    def of(cls, seal: Seal) -> SealedBytes:
        """Encode a seal made here."""
        return cls(codec.encode(seal), seal)

    @classmethod
    def parse(cls, entry: bytes) -> SealedBytes:
        """Decode a seal that came from elsewhere (``DecodeError`` if it is none)."""
        return cls(entry, codec.decode(entry, Seal, limit=MAX_SEAL_BYTES))


def is_seal(entry: bytes) -> bool:
    """Whether a log entry has the form of a seal (records start with the key ``signatures``)."""
    try:
        codec.decode(entry, Seal, limit=MAX_SEAL_BYTES)
    except DecodeError:
        return False
    return True
