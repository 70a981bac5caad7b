"""Twins: two honest programs with one name and one key, each talking to its own part of the network.

What an operator makes who starts a copied node. Neither breaks a rule, together they break all of them
("Twins: BFT systems made robust", Bano et al. 2020): every way of equivocating comes from who hears which.
"""

from __future__ import annotations

from itertools import product

from accord_node.simulate.member import Member
from accord_node.simulate.net import Message
from accord_node.simulate.world import World

Sides = tuple[int, ...]
"""For each of the others, in order of name: who reaches it; 0 the first, 1 the second, 2 both."""


def all_sides(others: int) -> list[Sides]:
    """Every way to share out so many others, but for the exchange of the twins' names."""
    return [sides for sides in product(range(3), repeat=others) if sides == min(sides, _exchanged(sides))]


def _exchanged(sides: Sides) -> Sides:
    return tuple((1, 0, 2)[side] for side in sides)


class _Copy(Member):
    """One of the two."""

    def __init__(self, world: World, party: str, place: int, pair: Twins) -> None:
        self._place = place
        self._pair = pair
        super().__init__(world, party)

    def send(self, target: str, message: Message) -> None:
        """To its own part only."""
        if self._pair.reaches(self._place, target):
            super().send(target, message)


class Twins(_Copy):
    """The first of the two, which carries the second with it.

    Attributes:
        rounds: how the others are shared out, one round after another; empty: at random.
        period: milliseconds a round lasts.
    """

    def __init__(self, world: World, party: str) -> None:
        self.rounds: tuple[Sides, ...] = ()
        self.period = 1_500
        self._drawn: tuple[int, Sides] = (-1, ())
        super().__init__(world, party, 0, self)
        self.second = _Copy(world, party, 1, self)
        world.network.join(party, self._hear)

    def _sides(self, others: int) -> Sides:
        at = self.world.loop.now // self.period
        if self.rounds:
            return self.rounds[at % len(self.rounds)]
        if self._drawn[0] != at:
            self._drawn = (at, tuple(self.world.loop.random.randint(0, 2) for _ in range(others)))
        return self._drawn[1]

    def reaches(self, place: int, target: str) -> bool:
        """Whether this twin and that member hear each other now."""
        others = self.world.network.others(self.party)
        sides = self._sides(len(others))
        return sides[others.index(target) % len(sides)] in (place, 2)

    def _hear(self, source: str, message: Message) -> None:
        for place, copy in enumerate((self, self.second)):
            if self.reaches(place, source):
                copy.receive(source, message)

    def start(self) -> None:
        """Both boot."""
        super().start()
        self.second.start()

    def submit(self, transaction: int) -> None:
        """Each gets work of its own too, so that their blocks differ."""
        super().submit(transaction)
        self.second.submit(transaction)
        self.second.submit(4_000_000 + transaction)
