"""Slow: keeps every rule, and everything it sends comes late, some of it views late."""

from __future__ import annotations

from accord_node.simulate.member import Member
from accord_node.simulate.net import Message

LATEST = 3_000
"""Milliseconds by which the latest of its messages is late."""


class Slow(Member):
    """A member at the end of a bad line that never heals."""

    def send(self, target: str, message: Message) -> None:
        """Later."""
        self.world.loop.after(self.world.loop.random.randint(0, LATEST), super().send, target, message)
