"""All that consensus may ask of the world: the closed union :data:`Effect`.

The driver carries effects out in the order of the list, and the lists in the order of the steps. It
holds every effect that stands after a ``Persist`` until that is durable; it may go on calling ``step``
meanwhile. Only ``Finalised`` need not wait: what is final is so whatever becomes of the journal.
Sending is best effort: everything that matters is said again at intervals.
"""

from __future__ import annotations

from dataclasses import dataclass

from accord_ledger.block import Certificate, SealedBytes, Vote, VoteKind
from accord_ledger.consensus.evidence import Evidence
from accord_ledger.consensus.inputs import TimerKind
from accord_ledger.consensus.journal import Record


@dataclass(frozen=True, slots=True)
class Persist:
    """Write these in one batch and sync it; before a ``Proposed`` the driver puts its ``Body``."""

    records: tuple[Record, ...]


@dataclass(frozen=True, slots=True)
class SendVote:
    """Sign this, send it to all members, and feed it back as ``VoteReceived``.

    What is said again must be sent again: it is the same bytes, and de-duplication must not eat it.
    """

    kind: VoteKind
    epoch: int
    view: int
    seal: bytes


@dataclass(frozen=True, slots=True)
class SendProposal:
    """Sign our notarize of this seal in ``view`` and send both, with the body, to all members.

    The notarize is fed back as ``VoteReceived``.
    """

    view: int
    sealed: SealedBytes


@dataclass(frozen=True, slots=True)
class SendCertificate:
    """Send to all, or to one member that lags.

    Certificates that differ only in who signed are equal for de-duplication: compare (kind, epoch, view).
    """

    certificate: Certificate
    to: str | None = None


@dataclass(frozen=True, slots=True)
class BuildBlock:
    """Build our proposal for ``view``; answered by ``BlockBuilt``.

    Where the parent turns out to end the epoch, nothing is built: it is the answer itself, proposed again.

    Attributes:
        parent: hash of the seal to build on; the network hash at height 1.
        parent_certificate: what goes into the new seal; None at height 1 only.
        empty_only: the unfinalised overlays are at their bound; put no records in.
    """

    view: int
    parent: bytes
    parent_certificate: Certificate | None
    empty_only: bool


@dataclass(frozen=True, slots=True)
class ExecuteBlock:
    """Execute this block, its ancestors first; answered by ``BlockExecuted`` once it can be said.

    The driver fetches missing bodies and waits for ancestors and for block time by itself.
    """

    view: int
    sealed: SealedBytes


@dataclass(frozen=True, slots=True)
class RequestBlock:
    """A block is notarised that the core lacks; answered by ``BlockReceived`` or by its proposal.

    The driver may well have it (a synced block, or one out of its journal): then it answers at once.
    """

    view: int
    seal: bytes


@dataclass(frozen=True, slots=True)
class RequestCertificates:
    """Ask peers for what they hold of these views, both ends included."""

    from_view: int
    to_view: int


@dataclass(frozen=True, slots=True)
class ScheduleTimer:
    """Send ``TimeoutElapsed(view, kind)`` after ``delay`` milliseconds.

    Timers are never cancelled; late ones are ignored.
    """

    view: int
    kind: TimerKind
    delay: int


@dataclass(frozen=True, slots=True)
class Finalised:
    """The block ``seal`` and all its ancestors are final.

    Repeated after a restart until committed; heights may be skipped, and we may still lack the block.
    """

    certificate: Certificate
    seal: bytes


@dataclass(frozen=True, slots=True)
class Accuse:
    """Keep, serve and submit this evidence."""

    evidence: Evidence


@dataclass(frozen=True, slots=True)
class RestoreSuspected:
    """A peer showed a vote of ours that is not in our journal; the operator should know.

    We abstain until finality has passed it.
    """

    vote: Vote


@dataclass(frozen=True, slots=True)
class EnteredView:
    """A new view has begun; answered by ``WorkChanged``."""

    view: int
    leader: str


@dataclass(frozen=True, slots=True)
class Halt:
    """What we hold contradicts what a quorum certified: stop as ``FatalError(code, detail)``.

    Codes: ``CERTIFICATES_CONFLICT`` (two seals certified in one view), ``STATE_DIVERGED`` (a certified
    block that we find invalid). Nothing follows it, and every later step returns no effects.
    """

    code: str
    detail: str


Effect = (
    Persist
    | SendVote
    | SendProposal
    | SendCertificate
    | BuildBlock
    | ExecuteBlock
    | RequestBlock
    | RequestCertificates
    | ScheduleTimer
    | Finalised
    | Accuse
    | RestoreSuspected
    | EnteredView
    | Halt
)
