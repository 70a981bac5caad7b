"""The host of a member: its disk, its clock, its place on the network, and how it dies.

Whatever a program does runs under :meth:`Host.guard`, so it may die at any boundary and nothing it had in
memory outlives that.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Final

from accord_ledger.block import Certificate, Vote
from accord_node.simulate.disk import Loss, SimulatedDisk
from accord_node.simulate.net import BlockReply, BlockRequest, CertificateRequest, Message, ProposalMessage
from accord_node.simulate.world import World

_KINDS: Final[tuple[type[Message], ...]] = (
    ProposalMessage,
    Vote,
    Certificate,
    BlockRequest,
    BlockReply,
    CertificateRequest,
)
_BEFORE: Final = {kind: f"before sending {kind.__name__}" for kind in _KINDS}
_AFTER: Final = {kind: f"after sending {kind.__name__}" for kind in _KINDS}


class Crashed(Exception):  # noqa: N818 - it is an event of the simulation, not an error
    """The host of a member has died."""


class Host(ABC):
    """One machine.

    Attributes:
        boundary: called with a word wherever the host may die; may raise :class:`Crashed`. None if it never does.
        crashed: called once the host has died.
        life: grows with every boot and death.
        instance: grows with every life and every epoch; what was planned for an earlier one does not happen.
        alive: whether it runs.
    """

    def __init__(self, world: World, party: str) -> None:
        self.world = world
        self.party = party
        self.boundary: Callable[[str], None] | None = None
        self.crashed: Callable[[], None] = lambda: None
        self.disk = SimulatedDisk(self.pass_boundary)
        self.life = 0
        self.instance = 0
        self.alive = False
        world.network.join(party, self.receive)

    @abstractmethod
    def _on_message(self, source: str, message: Message) -> None:
        """What the program does with a message."""

    def pass_boundary(self, word: str) -> None:
        """The host may die here."""
        if self.boundary is not None:
            self.boundary(word)

    def rise(self) -> None:
        """Power comes back."""
        self.life += 1
        self.alive = True
        self.world.stirred += 1

    def die(self, loss: Loss) -> None:
        """Lose power now."""
        if self.alive:
            self.note(f"dies, unsynced writes {loss.value}")
            self.alive = False
            self.life += 1
            self.instance += 1
            self.world.stirred += 1
            self.disk.crash(loss, self.world.loop.random)
            self.crashed()

    def guard(self, action: Callable[[], None]) -> None:
        """Do something that the host may not survive."""
        try:
            action()
        except Crashed as crash:
            self._struck(crash)

    def _struck(self, crash: Crashed) -> None:
        self.note(f"crash point: {crash}")
        self.die(self.loss_at_crash())

    def loss_at_crash(self) -> Loss:
        """What a crash at a boundary does to unsynced writes."""
        return self.world.loop.random.choice(list(Loss))

    def note(self, what: str) -> None:
        """Add a line about this member to the transcript."""
        self.world.loop.note(self.party, what)

    def later(self, delay: int, action: Callable[[], None]) -> None:
        """Do it, unless the host has died or the epoch ended before."""
        self.world.loop.after(delay, self._do_later, self.instance, action)

    def _do_later(self, instance: int, action: Callable[[], None]) -> None:
        if self.instance == instance:
            self.guard(action)

    def receive(self, source: str, message: Message) -> None:
        """A message arrives; nobody hears it if the host is down."""
        if self.alive:
            try:
                self._on_message(source, message)
            except Crashed as crash:
                self._struck(crash)

    def broadcast(self, message: Message) -> None:
        """Send to all others; the host may die before, between and after."""
        for other in self.world.network.others(self.party):
            self.send(other, message)

    def send(self, target: str, message: Message) -> None:
        """Send to one."""
        if self.boundary is None:
            self.world.network.send(self.party, target, message)
            return
        self.boundary(_BEFORE[type(message)])
        self.world.network.send(self.party, target, message)
        self.boundary(_AFTER[type(message)])
