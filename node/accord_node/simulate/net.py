"""A network that delays, loses, repeats, reorders and parts, until it heals.

After healing nothing is lost any more and every message takes at most ``latency`` milliseconds: the
synchrony that liveness is promised for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from accord_ledger.block import Certificate, SealedBytes, Vote
from accord_node.simulate.loop import Loop


@dataclass(frozen=True, slots=True)
class ProposalMessage:
    """A proposal with its body."""

    sealed: SealedBytes
    vote: Vote
    body: bytes


@dataclass(frozen=True, slots=True)
class BlockRequest:
    """Asks who has this block."""

    seal: bytes


@dataclass(frozen=True, slots=True)
class BlockReply:
    """Here it is."""

    sealed: SealedBytes
    body: bytes


@dataclass(frozen=True, slots=True)
class CertificateRequest:
    """Asks who has certificates of these views, or of the end of this epoch, if it is over."""

    epoch: int
    from_view: int
    to_view: int


Message = ProposalMessage | Vote | Certificate | BlockRequest | BlockReply | CertificateRequest
Receiver = Callable[[str, Message], None]


@dataclass(frozen=True, slots=True)
class Weather:
    """How bad the network is.

    Attributes:
        loss: chance that a message is lost.
        repeat: chance that it comes twice.
        delay: longest delay in milliseconds.
        partitions: how many times the members are parted before the network heals.
    """

    loss: float = 0.0
    repeat: float = 0.0
    delay: int = 100
    partitions: int = 0


class Network:
    """Links between all members.

    Args:
        loop: time and chance.
        weather: until :meth:`heal`.
        latency: delay after healing: every message takes from 1 to this, or exactly this if ``fixed``.
    """

    def __init__(self, loop: Loop, weather: Weather, latency: int, *, fixed: bool = False) -> None:
        self._loop = loop
        self._weather = weather
        self._latency = latency
        self._fixed = fixed
        self._receivers: dict[str, Receiver] = {}
        self._others: dict[str, list[str]] = {}
        self._group: dict[str, int] = {}
        self._healed = weather == Weather()
        self.watch: Receiver | None = None
        """Called with everything that is sent, whatever becomes of it."""
        self.sent = 0
        self.last_sent = 0

    def join(self, name: str, receiver: Receiver) -> None:
        """Attach a member; replaces the one of the same name."""
        self._receivers[name] = receiver
        self._others.clear()

    def others(self, name: str) -> list[str]:
        """All members but one, sorted; the caller's to change."""
        found = self._others.get(name)
        if found is None:
            found = self._others[name] = sorted(other for other in self._receivers if other != name)
        return found.copy()

    def part(self) -> None:
        """Cut the members into two groups at random."""
        if not self._healed:
            self._group = {name: self._loop.random.randint(0, 1) for name in sorted(self._receivers)}
            self._loop.note("network", f"parted {self._group}")

    def heal(self) -> None:
        """End of bad weather."""
        if not self._healed:
            self._loop.note("network", "healed")
        self._healed, self._group = True, {}

    def send(self, source: str, target: str, message: Message) -> None:
        """Deliver, sooner or later, perhaps twice or never."""
        self.sent += 1
        self.last_sent = self._loop.now
        if self.watch is not None:
            self.watch(source, message)
        random = self._loop.random
        if self._healed:
            delay = self._latency if self._fixed else 1 + int(random.random() * self._latency)
            self._deliver(source, target, message, delay)
            return
        parted = self._group.get(source, 0) != self._group.get(target, 0)
        if parted or random.random() < self._weather.loss:
            return
        for _ in range(1 + (random.random() < self._weather.repeat)):
            self._deliver(source, target, message, 1 + int(random.random() * self._weather.delay))

    def _deliver(self, source: str, target: str, message: Message, delay: int) -> None:
        self._loop.after(delay, self._arrive, source, target, message)

    def _arrive(self, source: str, target: str, message: Message) -> None:
        self._receivers[target](source, message)
