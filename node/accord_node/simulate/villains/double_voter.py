"""Double voter: votes for two seals in every view, the second made up; each half hears another."""

from __future__ import annotations

from hashlib import sha256

from accord_ledger.block import NO_SEAL, VoteKind
from accord_node.simulate.member import Member


class DoubleVoter(Member):
    """A member that cannot decide."""

    def send_vote(self, kind: VoteKind, view: int, seal: bytes) -> None:
        """The vote to some, its opposite to the others, now and then both to all."""
        if seal == NO_SEAL:
            super().send_vote(kind, view, seal)
            return
        other = self.signed(kind, view, sha256(seal).digest())
        vote = self.signed(kind, view, seal)
        self.note(f"votes twice in {view}")
        for place, target in enumerate(self.world.network.others(self.party)):
            self.send(target, (vote, other)[(place + view) % 2])
            if self.world.loop.random.random() < 0.5:
                self.send(target, (other, vote)[(place + view) % 2])
