"""Twins: two real nodes with one party's keys, each in touch with its own part of the others.

What an operator makes who starts a copied node; see ``accord_node.simulate.villains.twins``.
"""

from __future__ import annotations

from typing import Final

from accord_node.simulate.nodes.liars.liar import Liar

PERIOD_SECONDS: Final = 1.5
"""So often the others are shared out anew."""
OWN_RECORDS: Final = 10_000
"""Numbers of the records that only one twin gets, so that their blocks differ."""


class Twins(Liar):
    """Two hosts for one party."""

    def settle(self) -> None:
        """Two hosts; nobody reaches both."""
        self._names = (self.party, f"{self.party}b")
        self._sides: dict[str, int] = {}
        self._number = OWN_RECORDS
        for name in self._names:
            self.game.add(self.party, name)
        self.game.network.routes.append(self._reaches)
        self._share_out()

    def _reaches(self, one: str, other: str) -> bool:
        if one in self._names and other in self._names:
            return False
        for twin, partner in ((one, other), (other, one)):
            if twin in self._names and self._sides.get(partner, 0) != self._names.index(twin):
                return False
        return True

    def _share_out(self) -> None:
        others = [name for name in self.game.hosts if name not in self._names]
        self._sides = {name: self.chance.randint(0, 1) for name in others}
        self.game.network.reroute()
        twin = self.game.hosts[self.chance.choice(self._names)]
        twin.submit(self.game.alliance.record(self.party, self._number))
        self._number += 2
        self.game.later(PERIOD_SECONDS, self._share_out)
