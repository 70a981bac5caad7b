"""Replayer: keeps every message of every epoch and says them again at random, to anyone, much later."""

from __future__ import annotations

from collections import deque

from accord_node.simulate.member import Member
from accord_node.simulate.net import Message
from accord_node.simulate.world import World

KEPT = 400
"""Messages remembered, the oldest first forgotten."""


class Replayer(Member):
    """A member that lives in the past. Everything it repeats is genuine."""

    def __init__(self, world: World, party: str) -> None:
        super().__init__(world, party)
        self._heard: deque[Message] = deque(maxlen=KEPT)

    def _on_message(self, source: str, message: Message) -> None:
        """Each message brings back two old ones."""
        random = self.world.loop.random
        for _ in range(min(2, len(self._heard))):
            others = self.world.network.others(self.party)
            self.send(random.choice(others), random.choice(self._heard))
        self._heard.append(message)
        super()._on_message(source, message)
