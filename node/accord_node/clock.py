"""Where ledger time comes from: the machine's clock, or on a test network the commands of its script.

A scripted clock shows the time of the newest command and runs on from there as real seconds pass, so that
whatever waits for a moment still gets there. It never goes back. It also follows the newest final block:
a node that was away when a command came learns from the others what time it is. Only ledger time is
scripted; :meth:`monotonic`, which every timer of consensus and peers goes by, is the machine's.
"""

from __future__ import annotations

import time
from typing import Final

from accord_client.api import ClockRequest
from accord_client.clock import is_commanded
from accord_genesis.document import Genesis
from accord_ledger.errors import AccordError
from accord_node.seams import Clock

TEST_NETWORK: Final = "test network with a scripted clock"
"""What every output of such a network says."""


class SystemClock:
    """See :class:`accord_node.seams.Clock`."""

    def now(self) -> int:
        """UTC seconds since 1970; jumps when the machine's clock is set."""
        return int(time.time())

    def monotonic(self) -> float:
        """Seconds since some moment; never goes back."""
        return time.monotonic()


class ClockError(AccordError):
    """A command that the clock does not obey: ``CLOCK_SIGNATURE``, ``CLOCK_BACKWARD``."""


class ScriptedClock:
    """See :class:`accord_node.seams.Clock`; made by :func:`ledger_clock`."""

    def __init__(self, network: bytes, public: bytes, begin: int, real: Clock) -> None:
        """A clock that shows ``begin`` (UTC seconds) now.

        Args:
            network: the only one whose commands count.
            public: key that signs them.
            begin: time of the newest durable block, or of genesis.
            real: gives the seconds that pass.
        """
        self._network = network
        self._public = public
        self._real = real
        self._commanded = 0
        """Time of the newest command obeyed since the start."""
        self._shown = begin
        self._since = real.monotonic()

    def now(self) -> int:
        """Scripted time, UTC seconds; never goes back."""
        return self._shown + int(self._real.monotonic() - self._since)

    def monotonic(self) -> float:
        """Real seconds since some moment; never goes back."""
        return self._real.monotonic()

    def command(self, command: ClockRequest) -> None:
        """Go by a command from now on; one that came before, or whose time has passed by itself, does nothing.

        Raises:
            ClockError: ``CLOCK_SIGNATURE``: not signed for this network by the clock's key;
                ``CLOCK_BACKWARD``: earlier than one that was obeyed before.
        """
        if not is_commanded(self._network, command, self._public):
            raise ClockError("CLOCK_SIGNATURE", "expected a command of the key that genesis names")
        if command.time < self._commanded:
            detail = f"expected {self._commanded} or later, got {command.time}"
            raise ClockError("CLOCK_BACKWARD", detail, path="time")
        self._commanded = command.time
        self._reach(command.time)

    def follow(self, block_time: int) -> None:
        """Be no earlier than a final block."""
        self._reach(block_time)

    def _reach(self, moment: int) -> None:
        if moment > self.now():
            self._shown, self._since = moment, self._real.monotonic()


def ledger_clock(genesis: Genesis, real: Clock, begin: int) -> Clock:
    """The clock a node of this network goes by: ``real``, unless genesis says that time is scripted.

    Args:
        genesis: names the key of the clock's commands, if there is one.
        real: the machine's.
        begin: time of the newest durable block, UTC seconds.
    """
    key = genesis.document.scripted_clock
    return real if key is None else ScriptedClock(genesis.network, key, begin, real)
