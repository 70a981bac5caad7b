"""What each party may cost us: rates for bytes and frames, points for offences, bans that grow.

Kept per party and not per link, so that connecting again buys nothing. Only a party proven by the
handshake is ever charged, so nobody can get another one banned.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from accord_node.peer.config import PeerConfig

Clock = Callable[[], float]
"""Monotonic seconds."""

_LONGEST_DOUBLING: Final = 32


class TokenBucket:
    """A rate with a burst. Spending is always possible; debt is paid by waiting."""

    __slots__ = ("_burst", "_rate", "_then", "_tokens")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = burst
        self._then = now

    def spend(self, amount: float, now: float) -> float:
        """Take tokens; returns the seconds to wait until the debt is paid (0 if there is none)."""
        tokens = min(self._burst, self._tokens + (now - self._then) * self._rate) - amount
        self._then = now
        self._tokens = tokens
        return 0.0 if tokens >= 0 else -tokens / self._rate


@dataclass(slots=True)
class _Conduct:
    points: float = 0.0
    since: float = 0.0
    bans: int = 0
    banned_until: float = field(default=float("-inf"))


class Account:
    """The budget of one party."""

    __slots__ = ("_bytes", "_clock", "_conduct", "_config", "_frames")

    def __init__(self, config: PeerConfig, clock: Clock) -> None:
        now = clock()
        self._config = config
        self._clock = clock
        self._bytes = TokenBucket(config.bytes_per_second, config.bytes_burst, now)
        self._frames = TokenBucket(config.frames_per_second, config.frames_burst, now)
        self._conduct = _Conduct(since=now)

    def charge(self, size: int, frames: int) -> float:
        """Charge traffic; returns how many seconds to stop reading."""
        now = self._clock()
        return max(self._bytes.spend(size, now), self._frames.spend(frames, now))

    def offend(self, points: float) -> bool:
        """Note an offence; True if the party is banned for it now."""
        now = self._clock()
        conduct, config = self._conduct, self._config
        forgiven = (now - conduct.since) * config.offence_decay
        conduct.points = max(0.0, conduct.points - forgiven) + points
        conduct.since = now
        if conduct.points < config.offence_points:
            return False
        if now - conduct.banned_until > config.ban_max_seconds:
            conduct.bans = 0
        length = config.ban_min_seconds * 2.0 ** min(conduct.bans, _LONGEST_DOUBLING)
        conduct.bans += 1
        conduct.points = 0.0
        conduct.banned_until = now + min(length, config.ban_max_seconds)
        return True

    def banned_for(self) -> float:
        """Seconds the party still has to wait; 0 if it is welcome."""
        return max(0.0, self._conduct.banned_until - self._clock())


class Accounts:
    """Budgets of all parties, made on first use; parties come from the ledger, so they are few."""

    def __init__(self, config: PeerConfig, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        self._accounts: dict[str, Account] = {}

    def of(self, party: str) -> Account:
        """The budget of a party that the ledger knows."""
        account = self._accounts.get(party)
        if account is None:
            account = self._accounts[party] = Account(self._config, self._clock)
        return account
