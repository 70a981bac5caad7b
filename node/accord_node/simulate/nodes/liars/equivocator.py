"""Equivocating leader: half of the others get a proposal with another seal, signed all the same."""

from __future__ import annotations

from msgspec.structs import replace

from accord_ledger import codec
from accord_ledger.block import SealedBytes
from accord_node.messages import Proposal
from accord_node.peer import Topic
from accord_node.peer.frames import Frame, ItemFrame
from accord_node.simulate.nodes.liars.liar import Liar


class Equivocator(Liar):
    """Proposes two blocks in each view of its own, and votes for both."""

    def twist(self, target: str, frame: Frame) -> list[Frame]:
        """See :class:`Liar`."""
        if isinstance(frame, ItemFrame) and frame.topic is Topic.PROPOSAL:
            proposal = codec.decode(frame.payload, Proposal)
            if proposal.vote.member == self.party and self.chance.random() < 0.5:
                return [self.item(Topic.PROPOSAL, self._other(proposal))]
        vote = self.own_vote(frame)
        if vote is not None and vote.kind == "notarize" and self.chance.random() < 0.5:
            return []
        return [frame]

    def _other(self, proposal: Proposal) -> Proposal:
        """The same block, a second later."""
        seal = SealedBytes.parse(proposal.seal).seal
        sealed = SealedBytes.of(replace(seal, time=seal.time + 1))
        vote = self.signed("notarize", proposal.vote.epoch, proposal.vote.view, sealed.hash)
        return replace(proposal, vote=vote, seal=sealed.entry)
