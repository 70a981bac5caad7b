"""A liar: a real node whose words are changed on their way out by whoever holds its keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accord_ledger import codec
from accord_ledger.block import Vote, VoteKind, vote_message
from accord_node.peer import Topic
from accord_node.peer.errors import PeerError
from accord_node.peer.frames import Bundle, Frame, ItemFrame, decode_frame, encode_frame

if TYPE_CHECKING:
    from accord_node.simulate.nodes.game import Game


class Liar:
    """One lying party. Each kind says how frames change by :meth:`twist`.

    Args:
        game: the run.
        party: whose node lies.
    """

    def __init__(self, game: Game, party: str) -> None:
        self.game = game
        self.party = party
        self.chance = game.scheduler.chance(party, "liar")
        self.settle()

    def settle(self) -> None:
        """Take a host, and stand between it and the network."""
        self.game.add(self.party)
        self.game.network.tongues[self.party] = self.say

    def say(self, target: str, message: bytes) -> list[bytes]:
        """What is really said to ``target`` instead of ``message``."""
        if message[:1] >= b"\x80":  # the handshake, without which nobody listens
            return [message]
        try:
            frame = decode_frame(message)
        except PeerError:
            return [message]
        parts = [decode_frame(part) for part in frame.frames] if isinstance(frame, Bundle) else [frame]
        return [encode_frame(said) for part in parts for said in self.twist(target, part)]

    def twist(self, target: str, frame: Frame) -> list[Frame]:
        """What becomes of one frame."""
        del target
        return [frame]

    def own_vote(self, frame: Frame) -> Vote | None:
        """The vote of ours that a frame carries."""
        if not isinstance(frame, ItemFrame) or frame.topic is not Topic.VOTE:
            return None
        vote = codec.decode(frame.payload, Vote)
        return vote if vote.member == self.party else None

    def signed(self, kind: VoteKind, epoch: int, view: int, seal: bytes) -> Vote:
        """A vote with our real key."""
        key = self.game.alliance.node_keys(self.party).vote
        if key is None:
            raise ValueError(f"expected {self.party} to have a vote")
        message = vote_message(self.game.alliance.genesis.network, kind, epoch, view, seal)
        return Vote(
            kind=kind, epoch=epoch, view=view, seal=seal, member=self.party, signature=key.sign(message)
        )

    def item(self, topic: Topic, payload: codec.Wire) -> Frame:
        """A gossip item of ours."""
        return ItemFrame(origin=self.party, payload=codec.encode(payload), topic=topic)
