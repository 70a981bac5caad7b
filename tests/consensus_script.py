"""Shorthand for tests of the consensus core: members, votes, certificates and seals out of thin air.

Signatures are whatever: the core never sees one that the driver has not checked.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from accord_ledger.block import NO_SEAL, Certificate, Member, Members, Seal, SealedBytes, Vote, VoteKind
from accord_ledger.consensus import effects as do
from accord_ledger.consensus import inputs as on
from accord_ledger.consensus.config import Config
from accord_ledger.consensus.core import Consensus
from accord_ledger.consensus.journal import Record

NETWORK = b"\x11" * 32
GENESIS = on.Finality(0, NETWORK, 0, None)
E = TypeVar("E")


def members(size: int = 4, epoch: int = 0) -> Members:
    seats = (Member(party=f"m{at}", vote=bytes([at]) * 32, witness=bytes([at]) * 32) for at in range(size))
    return Members(epoch=epoch, members=tuple(seats))


def vote(kind: VoteKind, view: int, seal: bytes, member: str, epoch: int = 0) -> Vote:
    return Vote(kind=kind, epoch=epoch, view=view, seal=seal, member=member, signature=member.encode() * 32)


def nullify(view: int, member: str) -> on.VoteReceived:
    return on.VoteReceived(vote("nullify", view, NO_SEAL, member))


def certificate(
    kind: VoteKind, view: int, seal: bytes = NO_SEAL, who: Iterable[int] = (1, 2, 3)
) -> Certificate:
    votes = tuple((f"m{at}", f"m{at}".encode() * 32) for at in who)
    return Certificate(kind=kind, epoch=0, view=view, seal=seal, votes=votes)


def block(view: int, parent: SealedBytes | None = None, size: int = 4, /, **changed: Any) -> SealedBytes:
    """An empty block of ``view`` on a parent notarized in the parent's own view."""
    held = None if parent is None else certificate("notarize", parent.seal.view, parent.hash)
    fields: dict[str, Any] = {
        "network": NETWORK,
        "version": 1,
        "epoch": 0,
        "height": 1 if parent is None else parent.seal.height + 1,
        "view": view,
        "time": view,
        "proposer": members(size).leader(view),
        "parent": NETWORK if parent is None else parent.hash,
        "parent_certificate": held,
        "first": 0,
        "count": 0,
        "body_hash": bytes(32),
        "log_root": bytes(32),
        "state_root": bytes(32),
        "members": members(size).digest(),
    }
    return SealedBytes.of(Seal(**(fields | changed)))


def proposal(sealed: SealedBytes, view: int | None = None, size: int = 4) -> on.ProposalReceived:
    view = sealed.seal.view if view is None else view
    return on.ProposalReceived(sealed, vote("notarize", view, sealed.hash, members(size).leader(view)))


def only(effects: Iterable[do.Effect], kind: type[E]) -> list[E]:
    """The effects of one type."""
    return [effect for effect in effects if isinstance(effect, kind)]


def said(effects: Iterable[do.Effect]) -> list[tuple[str, int]]:
    """(kind, view) of every vote that was sent."""
    return [(effect.kind, effect.view) for effect in effects if isinstance(effect, do.SendVote)]


def names(effects: Iterable[do.Effect]) -> list[str]:
    """Names of the effects, in order."""
    return [type(effect).__name__ for effect in effects]


class Seat:
    """A core that has started, with what it said at the start."""

    def __init__(
        self,
        party: str | None = "m0",
        *,
        size: int = 4,
        records: tuple[Record, ...] = (),
        finalised: on.Finality = GENESIS,
        config: Config | None = None,
        abstain_through: int = -1,
    ) -> None:
        self.party, self.size = party, size
        self.core = Consensus(NETWORK, members(size), party, config or Config(delta=100))
        self.first = self.core.step(on.Start(records, finalised, abstain_through))

    def give(self, *events: on.Input) -> list[do.Effect]:
        """Effects of all these events, one after another."""
        return [effect for event in events for effect in self.core.step(event)]

    def execute(self, sealed: SealedBytes, verdict: on.Verdict = on.Verdict.VALID) -> list[do.Effect]:
        """The answer of execution."""
        return self.give(on.BlockExecuted(sealed.seal.view, sealed.hash, verdict))

    def certify(self, kind: VoteKind, view: int, seal: bytes = NO_SEAL) -> list[do.Effect]:
        """A certificate arrives, signed by all others."""
        who = (at for at in range(self.size) if f"m{at}" != self.party)
        return self.give(on.CertificateReceived(certificate(kind, view, seal, who)))
