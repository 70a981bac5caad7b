"""An instance out of its journal: what we certified, proposed and voted, as if we had never stopped.

Restart is not restore: this trusts the journal to be the newest one. Whether it is, the driver decides
before ``Start``; votes of ours that peers show and we do not know are caught by the core.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from accord_ledger.block import Members, SealedBytes, VoteKind
from accord_ledger.consensus.chain import Chain
from accord_ledger.consensus.journal import Certified, Proposed, Record, Voted
from accord_ledger.consensus.rounds import Round
from accord_ledger.consensus.votes import VoteBook


@dataclass(frozen=True, slots=True)
class Restored:
    """Where we stood.

    Attributes:
        view: the view we were in.
        rounds: our own votes and proposals in the window below and at it.
    """

    view: int
    rounds: dict[int, Round]

    def unanswered(self, chain: Chain) -> Iterator[tuple[int, VoteKind]]:
        """Own votes above finality whose purpose no certificate has met yet, oldest view first."""
        for view in sorted(view for view in self.rounds if view > chain.final.view):
            met: dict[VoteKind, bool] = {
                "notarize": chain.certified(view) is not None,
                "nullify": chain.nullified(view),
                "finalize": False,
            }
            for kind in self.rounds[view].own:
                if not met[kind]:
                    yield view, kind


def restore(records: tuple[Record, ...], chain: Chain, members: Members, behind: int) -> Restored:
    """Take the journal's certificates into ``chain`` and give back the rest."""
    mine = [record for record in records if record.epoch == members.epoch]
    view = chain.final.view + 1
    for record in mine:
        if isinstance(record, Certified):
            _take_in(record, chain)
        view = max(view, record.view + isinstance(record, Certified))
    rounds: dict[int, Round] = {}
    for record in mine:
        if record.view >= view - behind:
            held = rounds.setdefault(record.view, Round(VoteBook(members, record.view)))
            _recall(record, held)
    return Restored(view, rounds)


def _take_in(record: Certified, chain: Chain) -> None:
    certificate = record.certificate
    if certificate.kind != "finalize":
        chain.add(certificate)
    elif certificate.view > chain.final.view:
        chain.finalise(certificate)


def _recall(record: Record, held: Round) -> None:
    match record:
        case Voted():
            held.own[record.kind] = record.seal
        case Proposed():
            held.proposal, held.proposal_vote = SealedBytes.parse(record.entry), record.vote
