"""Crash and restart: keeps every rule, but its host dies at the worst places. It counts as honest.

Either at chosen boundaries (so that all can be tried one by one, and a second death in the recovery from
the first) or, until the network heals, at random ones. A boundary is any place where something was written, synced or is about to be sent.
"""

from __future__ import annotations

from accord_node.simulate.disk import Loss
from accord_node.simulate.host import Crashed
from accord_node.simulate.member import Member
from accord_node.simulate.world import World


class CrashRestart(Member):
    """An honest member on a bad host.

    Args:
        world: what all share.
        party: our name.
        chance: of dying at any boundary, until healed.
        at: die at these boundaries, counted from 1 through all its lives.
        loss: what happens to unsynced writes; None for anything.

    Attributes:
        passed, words: how many boundaries its life has passed, and what each was.
    """

    def __init__(
        self,
        world: World,
        party: str,
        *,
        chance: float = 0.0,
        at: tuple[int, ...] = (),
        loss: Loss | None = None,
    ) -> None:
        super().__init__(world, party)
        self._chance = chance
        self._at = at
        self._loss = loss
        self.passed = 0
        self.words: list[str] = []
        self.deaths = 0
        self.healed = False
        self.boundary = self._maybe_die
        self.crashed = self._restart_later

    def _maybe_die(self, word: str) -> None:
        self.passed += 1
        self.words.append(word)
        chosen = self.passed in self._at
        if chosen or (self._chance and not self.healed and self.world.loop.random.random() < self._chance):
            raise Crashed(f"{word} (boundary {self.passed})")

    def loss_at_crash(self) -> Loss:
        """As chosen, or anything."""
        return self._loss if self._loss is not None else super().loss_at_crash()

    def _restart_later(self) -> None:
        self.deaths += 1
        life = self.life
        delay = self.world.loop.random.randint(1, 2000)
        self.world.loop.after(delay, lambda: self.start() if self.life == life else None)
