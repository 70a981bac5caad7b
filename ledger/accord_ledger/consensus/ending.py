"""What an instance knows of the end of its epoch: which seals end it, and whether one of them is final.

Execution says which: the block carried a change of members, keys or version. Until such a seal is final it
may lose to another branch, so there can be several.
"""

from __future__ import annotations

from collections.abc import Iterable

from accord_ledger.block import SealedBytes
from accord_ledger.consensus import inputs
from accord_ledger.consensus.memory import Memory
from accord_ledger.consensus.speech import Speech


class Ending:
    """Seals that end the epoch, of those that may still matter.

    Attributes:
        over: one of them is final; this instance decides nothing any more.
    """

    def __init__(self) -> None:
        self._seals: set[bytes] = set()
        self.over = False

    def learn(self, seal: bytes, *, ends_epoch: bool) -> None:
        """Whether execution of this block changed who votes, or by which protocol."""
        if ends_epoch:
            self._seals.add(seal)

    def holds(self, seal: bytes) -> bool:
        """Whether this seal is known to end the epoch."""
        return seal in self._seals

    def refuses(self, sealed: SealedBytes, view: int, *, executed: bool) -> bool:
        """Whether a proposal of ``view`` is against the epoch's end, whatever else it holds.

        Nothing follows a seal that ends the epoch, and nothing but such a seal is proposed again.
        """
        if self.holds(sealed.seal.parent):
            return True
        return executed and sealed.seal.view != view and not self.holds(sealed.hash)

    def finalised(self, seal: bytes, kept: Iterable[bytes]) -> None:
        """A seal became final: what finality has passed is forgotten, but for those in ``kept``."""
        self.over = self.over or self.holds(seal)
        self._seals.intersection_update({seal, *kept})


def answer_after_the_end(event: inputs.Input, memory: Memory, speech: Speech) -> None:
    """Who still votes or asks in an epoch that is over gets the finalization that ended it; nothing else."""
    finalization = memory.chain.finalization
    known = [] if finalization is None else [finalization]
    match event:
        case inputs.VoteReceived(vote) | inputs.ProposalReceived(_, vote):
            if memory.acceptable(vote):
                speech.answer(vote.member, known)
        case inputs.CertificatesRequested(member):
            speech.answer(member, known)
        case inputs.TimeoutElapsed(_, inputs.TimerKind.HELP):
            speech.answered.clear()
