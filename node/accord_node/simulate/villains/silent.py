"""Silent: hears everything, says nothing."""

from __future__ import annotations

from accord_node.simulate.member import Member
from accord_node.simulate.net import Message


class Silent(Member):
    """A member that never sends."""

    def send(self, target: str, message: Message) -> None:
        """Say nothing."""
