"""Double voter: whatever it votes, half of those who hear it hear something else, and some hear both."""

from __future__ import annotations

from accord_ledger.block import NO_SEAL, Vote
from accord_node.peer import Topic
from accord_node.peer.frames import Frame
from accord_node.simulate.nodes.liars.liar import Liar


class DoubleVoter(Liar):
    """Contradicts every vote of its own: another seal, or nullify beside finalize."""

    def twist(self, target: str, frame: Frame) -> list[Frame]:
        """See :class:`Liar`."""
        vote = self.own_vote(frame)
        if vote is None:
            return [frame]
        other = self.item(Topic.VOTE, self._contrary(vote))
        return self.chance.choice([[frame], [other], [frame, other], [other, frame]])

    def _contrary(self, vote: Vote) -> Vote:
        if vote.kind == "finalize":
            return self.signed("nullify", vote.epoch, vote.view, NO_SEAL)
        if vote.kind == "nullify":
            return self.signed("finalize", vote.epoch, vote.view, self.chance.randbytes(32))
        return self.signed("notarize", vote.epoch, vote.view, self.chance.randbytes(32))
