"""Withholder: shows its proposals and certificates to few, and answers nobody."""

from __future__ import annotations

from accord_node.peer import Topic
from accord_node.peer.frames import Frame, ItemFrame, Response
from accord_node.simulate.nodes.liars.liar import Liar


class Withholder(Liar):
    """Keeps to itself what others need."""

    def twist(self, target: str, frame: Frame) -> list[Frame]:
        """See :class:`Liar`."""
        if isinstance(frame, Response):
            return []
        if isinstance(frame, ItemFrame) and frame.topic is not Topic.VOTE and self.chance.random() < 0.6:
            return []
        return [frame]
