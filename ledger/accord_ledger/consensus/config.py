"""The numbers an instance runs by; equal numbers are not needed for safety."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Config:
    """Timing and bounds of consensus.

    Attributes:
        delta: assumed bound on one message delay, milliseconds.
        doublings: how often a timer may double while views are nullified one after another.
        skip_after: a leader not heard of for more views than this gets no time.
        behind: views before the current one whose votes are still accepted.
        ahead: views after the current one whose votes are already accepted.
        depth: unfinalised blocks on which a block with records may still be built.
    """

    delta: int = 500
    doublings: int = 5
    skip_after: int = 20
    behind: int = 16
    ahead: int = 16
    depth: int = 8

    def leader_delay(self, nullified: int) -> int:
        """Milliseconds a leader has to propose after ``nullified`` nullified views in a row."""
        return 2 * self.delta << min(nullified, self.doublings)

    def advance_delay(self, nullified: int) -> int:
        """Milliseconds a view may last after ``nullified`` nullified views in a row."""
        return 3 * self.delta << min(nullified, self.doublings)

    def settle_delay(self) -> int:
        """Milliseconds a notarised block has to become final before it counts as work."""
        return self.delta

    def retry_delay(self) -> int:
        """Milliseconds between two sayings of the same nullify."""
        return 4 * self.delta

    def help_delay(self) -> int:
        """Milliseconds between two answers to one member that lags."""
        return self.delta
