"""Silent: a member that says no word any more, although its links stand and it hears everything."""

from __future__ import annotations

from typing import Final

from accord_node.peer.frames import Frame
from accord_node.simulate.nodes.liars.liar import Liar

SOON_SECONDS: Final = 3.0
"""Within this time it falls silent, unless the scenario has somebody come late: then when that one comes."""


class Silent(Liar):
    """Takes part at first, and then counts as one of f for ever."""

    def settle(self) -> None:
        """See :class:`Liar`."""
        super().settle()
        self._since = self.game.scenario.late or self.chance.uniform(0, SOON_SECONDS)

    def twist(self, target: str, frame: Frame) -> list[Frame]:
        """See :class:`Liar`."""
        return [frame] if self.game.scheduler.now < self._since else []
