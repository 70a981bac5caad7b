"""All that can happen to consensus: the closed union :data:`Input`.

Before an input reaches ``step`` the driver has verified every signature in it: of votes, of
certificates, and for a proposal the leader's notarize and the seal's ``parent_certificate``. Nothing
else about an input is trusted: it may be late, repeated, about any view and from a liar.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from accord_ledger.block import Certificate, SealedBytes, Vote
from accord_ledger.consensus.journal import Record


class Verdict(Enum):
    """What execution says of a block. While it cannot say, the driver stays silent."""

    VALID = "valid"
    INVALID = "invalid"


class TimerKind(Enum):
    """Why a timer was set."""

    LEADER = "leader"
    """2 delta: the leader should have proposed."""
    ADVANCE = "advance"
    """3 delta: the view should be over."""
    RETRY = "retry"
    """Our nullify should be said again."""
    SETTLE = "settle"
    """A notarised block had its delta to become final; from now on it is work."""
    HELP = "help"
    """Those who lag may be answered again."""


@dataclass(frozen=True, slots=True)
class Finality:
    """The last final seal the node has committed, from which an instance starts.

    Attributes:
        height: of the seal; 0 before the first block.
        seal: its hash; the network hash before the first block.
        view: view of this epoch in which it became final; 0 when that was in an earlier epoch, or never.
        certificate: its finalization (of this epoch or, for the seal that ended the last one, of that);
            None before the first block.
    """

    height: int
    seal: bytes
    view: int
    certificate: Certificate | None


@dataclass(frozen=True, slots=True)
class Start:
    """First input of an instance, once.

    Attributes:
        records: everything in the journal, in order; records of other epochs are skipped.
        finalised: what the database holds.
        abstain_through: cast no vote until finality has passed this view (a restored node,
            DESIGN.md "Restart is not restore"); -1 for none.
    """

    records: tuple[Record, ...]
    finalised: Finality
    abstain_through: int = -1


@dataclass(frozen=True, slots=True)
class WorkChanged:
    """Whether transactions wait that no final or notarised block holds yet.

    Entering a view forgets it (a block that brought us there may have taken them): the driver answers
    every ``EnteredView`` with this, and sends it again when it changes.
    """

    pending: bool


@dataclass(frozen=True, slots=True)
class HeartbeatDue:
    """The network has been silent for the heartbeat interval; remembered until a block is notarized or final."""


@dataclass(frozen=True, slots=True)
class ProposalReceived:
    """A seal with its leader's signed notarize. The driver keeps the body."""

    sealed: SealedBytes
    vote: Vote


@dataclass(frozen=True, slots=True)
class VoteReceived:
    """A vote of any member, our own (once signed) included."""

    vote: Vote


@dataclass(frozen=True, slots=True)
class CertificateReceived:
    """A certificate from anywhere: pushed, asked for, or out of a synced seal."""

    certificate: Certificate


@dataclass(frozen=True, slots=True)
class CertificatesRequested:
    """A member lacks certificates of these views, both ends included; answered within bounds."""

    member: str
    from_view: int
    to_view: int


@dataclass(frozen=True, slots=True)
class BlockBuilt:
    """Answer to ``BuildBlock``: our proposal for the view; the parent itself, if that ends the epoch.

    Attributes:
        ends_epoch: the block carries a change of members, keys or version.
    """

    view: int
    sealed: SealedBytes
    ends_epoch: bool = False


@dataclass(frozen=True, slots=True)
class BlockReceived:
    """Answer to ``RequestBlock``: a seal found by its hash; no signature of the leader is needed."""

    sealed: SealedBytes


@dataclass(frozen=True, slots=True)
class BlockExecuted:
    """Answer to ``ExecuteBlock``. INVALID only if it can never become valid.

    Attributes:
        ends_epoch: the block carries a change of members, keys or version; only of a valid one.
    """

    view: int
    seal: bytes
    verdict: Verdict
    ends_epoch: bool = False


@dataclass(frozen=True, slots=True)
class TimeoutElapsed:
    """A timer set by ``ScheduleTimer`` has run down."""

    view: int
    kind: TimerKind


Input = (
    Start
    | WorkChanged
    | HeartbeatDue
    | ProposalReceived
    | VoteReceived
    | CertificateReceived
    | CertificatesRequested
    | BlockBuilt
    | BlockReceived
    | BlockExecuted
    | TimeoutElapsed
)
