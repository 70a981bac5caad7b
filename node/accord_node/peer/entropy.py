"""Anti-entropy: at intervals, tell every link where we stand and which transaction batches are new.

A digest names each kept batch once per link, one interval after it came, so what is still under way is
not asked for again; a new link gets the names of everything kept. The interval is jittered by half and
grows while nothing happens.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from typing import Final

from accord_node.peer.config import PeerConfig
from accord_node.peer.frames import MAX_NAMES, MAX_STATUS_BYTES, Announce, Lane, StatusFrame, encode_frame
from accord_node.peer.link import Link
from accord_node.peer.memory import ItemStore

_GROWTH: Final = 1.5


class Entropy:
    """The periodic exchange over all links of a node."""

    def __init__(
        self,
        links: Mapping[str, Link],
        store: ItemStore,
        config: PeerConfig,
        rng: random.Random,
        on_tick: Callable[[], None],
    ) -> None:
        self._links = links
        self._store = store
        self._config = config
        self._rng = rng
        self._on_tick = on_tick
        self._loop = asyncio.get_running_loop()
        self._local_status: Callable[[], bytes] | None = None
        self._on_status: Callable[[str, bytes], None] | None = None
        self._covered: dict[str, int] = {}
        """Party -> serial of the newest item its digests have covered."""
        self._heard: dict[str, bytes] = {}
        """Party -> its last status, to notice change."""
        self._said = b""
        self._settled = 0
        """Serial at the previous exchange: what came since may still be under way elsewhere."""
        self._interval = config.entropy_seconds
        self._timer: asyncio.TimerHandle | None = None
        self._nudged: asyncio.Handle | None = None
        self._busy = True
        self._closed = False

    def on_status(self, local_status: Callable[[], bytes], on_status: Callable[[str, bytes], None]) -> None:
        """Set where our status comes from and where theirs goes."""
        self._local_status = local_status
        self._on_status = on_status

    def start(self) -> None:
        """Begin the exchanges."""
        self._schedule()

    def close(self) -> None:
        """End them."""
        self._closed = True
        for handle in (self._timer, self._nudged):
            if handle is not None:
                handle.cancel()

    def stir(self) -> None:
        """Something happened: come back to the short interval."""
        if not self._busy:
            self._busy = True
            if self._interval > self._config.entropy_seconds:
                self._interval = self._config.entropy_seconds
                self._schedule()

    def nudge(self) -> None:
        """Send our status to all links in the next loop iteration."""
        if self._nudged is None and not self._closed:
            self._nudged = self._loop.call_soon(self._send_status)

    def link_up(self, link: Link) -> None:
        """Greet a new link with our status; it has missed every digest so far."""
        self._covered[link.party] = 0
        status = self._status_frame()
        if status:
            link.put(Lane.URGENT, status)
        self.stir()

    def link_down(self, party: str) -> None:
        """Forget what a party was told."""
        self._covered.pop(party, None)
        self._heard.pop(party, None)
        self.stir()

    def heard(self, link: Link, frame: StatusFrame) -> None:
        """A party says where it stands."""
        if self._heard.get(link.party) != frame.payload:
            self._heard[link.party] = frame.payload
            self.stir()
        if self._on_status is not None:
            self._on_status(link.party, frame.payload)

    def _schedule(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if not self._closed:
            delay = self._interval * self._rng.uniform(0.5, 1.5)
            self._timer = self._loop.call_later(delay, self._exchange)

    def _exchange(self) -> None:
        try:
            self._on_tick()
            self._send_status()
            self._send_digests()
        finally:  # a status that fails to build is reported by the loop and must not end the exchanges
            self._settle()

    def _settle(self) -> None:
        longest = self._config.entropy_max_seconds
        self._interval = (
            self._config.entropy_seconds if self._busy else min(self._interval * _GROWTH, longest)
        )
        self._busy = False
        self._schedule()

    def _status_frame(self) -> bytes:
        if self._local_status is None:
            return b""
        payload = self._local_status()
        if len(payload) > MAX_STATUS_BYTES:
            raise ValueError(f"expected a status of at most {MAX_STATUS_BYTES} bytes, got {len(payload)}")
        if payload != self._said:
            self._said = payload
            self.stir()
        return encode_frame(StatusFrame(payload=payload))

    def _send_status(self) -> None:
        self._nudged = None
        frame = self._status_frame()
        if frame:
            for link in self._links.values():
                link.put(Lane.URGENT, frame)

    def _send_digests(self) -> None:
        settled, self._settled = self._settled, self._store.serial
        for party, link in self._links.items():
            covered = self._covered.get(party, 0)
            if covered >= settled:
                continue
            names = [
                kept.item.name
                for kept in self._store.between(covered, settled)
                if party not in kept.holders and party != kept.item.origin
            ]
            self._covered[party] = settled
            for start in range(0, len(names), MAX_NAMES):
                link.put(Lane.URGENT, encode_frame(Announce(names=tuple(names[start : start + MAX_NAMES]))))
