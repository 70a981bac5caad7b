"""Forger: votes and certificates in the names of others, and bytes that are nothing."""

from __future__ import annotations

from msgspec.structs import replace

from accord_ledger.block import Certificate
from accord_node.peer import Topic
from accord_node.peer.frames import Frame
from accord_node.simulate.nodes.liars.liar import Liar


class Forger(Liar):
    """Signs for everybody, badly; whoever hears it is to drop it for a while and change nothing."""

    def twist(self, target: str, frame: Frame) -> list[Frame]:
        """See :class:`Liar`."""
        vote = self.own_vote(frame)
        if vote is None or self.chance.random() < 0.5:
            return [frame]
        others = [member for member in self.game.alliance.members if member != self.party]
        if self.chance.random() < 0.5:
            forged = replace(vote, member=self.chance.choice(others))
            return [frame, self.item(Topic.VOTE, forged)]
        votes = tuple((member, vote.signature) for member in sorted([*others, self.party]))
        certificate = Certificate(
            kind=vote.kind, epoch=vote.epoch, view=vote.view, seal=vote.seal, votes=votes
        )
        return [frame, self.item(Topic.CERTIFICATE, certificate)]

    def say(self, target: str, message: bytes) -> list[bytes]:
        """Now and then one bit is another."""
        said = super().say(target, message)
        if self.chance.random() < 0.01 and said:
            data = bytearray(said[0])
            data[self.chance.randrange(len(data))] ^= 1 << self.chance.randrange(8)
            said[0] = bytes(data)
        return said
