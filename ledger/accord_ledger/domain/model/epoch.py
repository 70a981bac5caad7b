"""Epochs as state keeps them: who votes in each, by which protocol, and what a network continues."""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta

from accord_ledger.block import MAX_MEMBERS, Height, Members, Vote
from accord_ledger.codec import Wire
from accord_ledger.fields import Digest, PublicKey, Slug
from accord_ledger.state import Table

RECOVERY_KIND: Final = "recovery_declare"
"""The kind that opens a network which continues another (T46)."""
MAX_RECOVERIES: Final = 16
"""Networks one after another; each holds the genesis file of the one before."""
MIN_SEATS: Final = 4
"""Members that always remain (DESIGN.md section 3): fewer tolerate no fault."""

ProtocolVersion = Annotated[int, Meta(ge=1, le=2**16)]


class Epoch(Wire):
    """One epoch. Proved under the seal that ended the one before, it hands trust over (DESIGN.md section 2)."""

    members: Members
    """The set that votes on every seal of the epoch."""
    version: ProtocolVersion = 1
    """Protocol in force on every block of the epoch (T44)."""
    first: Height = 1
    """Height of its first block."""
    logs: Annotated[tuple[PublicKey, ...], Meta(max_length=MAX_MEMBERS)] = ()
    """Log keys of the members' nodes, in the order of the members."""


class StoredEvidence(Wire):
    """Two votes of one member that contradict each other (T45). Decides nothing by itself."""

    first: Vote
    second: Vote
    by: Slug
    """Who submitted it."""
    height: Height


class EvidenceCount(Wire):
    """How many contradictions of one member in one epoch are stored."""

    count: Annotated[int, Meta(ge=1, le=1000)]


class Prefix(Wire):
    """The last final block of a network that lost its quorum for good."""

    network: Digest
    height: Height
    seal: Digest
    log_root: Digest
    """Root over all entries before that seal."""
    state_root: Digest


class Recovery(Wire):
    """What the genesis of this network continues, and when its members declared that on the ledger (T46).

    The state, the log and the heights of the old network go on; seats and node keys are those of the new
    genesis document (``accord_genesis.recovery``).
    """

    prefix: Prefix
    count: Annotated[int, Meta(ge=1, le=MAX_RECOVERIES)]
    """Recoveries from the first network up to this one."""
    lost: Annotated[tuple[Slug, ...], Meta(max_length=MAX_MEMBERS)] = ()
    """Members of the old network that have no seat in this one."""
    entries: Height = 0
    """Log entries of the networks before this one."""
    epoch: Annotated[int, Meta(ge=0, lt=2**31)] = 0
    """First epoch of this network: one after the last of the old one."""
    declared: Height = 0
    """Height of the declaration; 0 before it."""


EPOCHS: Table[Epoch] = Table("epoch", Epoch)
"""By number; ``SEATS`` names the newest. Retired ones stay, so that old certificates can be judged."""
EVIDENCE: Table[StoredEvidence] = Table("evidence", StoredEvidence)
"""By epoch, member and view."""
EVIDENCE_COUNTS: Table[EvidenceCount] = Table("evidence_count", EvidenceCount)
"""By epoch and member."""
RECOVERY: Table[Recovery] = Table("recovery", Recovery)
"""One value, under the empty key; only in a network that continues another."""
