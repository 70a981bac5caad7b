"""Gossip: every item reaches every node, mostly once, and what is lost is found again.

Rules:

1. An item is handed to its topic's handler once; it is relayed only after ``ACCEPT``.
2. Own items are pushed to every link. An item of origin X is relayed to P only if P did not send it and
   P has not said it is linked to X itself. A full mesh therefore relays nothing; a ring, line or star
   still spreads everything.
3. Relayed items above ``push_bytes`` are announced by name and fetched once by whoever lacks them.
4. At intervals links exchange status (the driver repairs votes, certificates and blocks from it) and
   the names of new transaction batches, which the other side fetches if it lacks them.

Everything here runs in the event loop's thread and never waits; verdicts may come later.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from accord_ledger.errors import AccordError, FatalError
from accord_node.peer.config import PeerConfig
from accord_node.peer.entropy import Entropy
from accord_node.peer.frames import (
    MAX_NAMES,
    MAX_PAYLOAD_BYTES,
    Announce,
    ItemFrame,
    Lane,
    Neighbours,
    Want,
    encode_frame,
)
from accord_node.peer.link import Link
from accord_node.peer.memory import Fetches, ItemStore, SeenNames
from accord_node.peer.topics import Item, ItemHandler, Outcome, Topic, item_name


@dataclass(slots=True)
class _Pending:
    """An item whose verdict is not in yet."""

    item: Item
    link: Link
    senders: set[str]
    verdict: asyncio.Future[Outcome]
    ours: bool
    """Whether we made the future (from a coroutine) and so must end it."""


def _names(names: list[bytes]) -> list[tuple[bytes, ...]]:
    return [tuple(names[start : start + MAX_NAMES]) for start in range(0, len(names), MAX_NAMES)]


class Gossip:
    """The gossip of one node over all its links."""

    def __init__(
        self,
        *,
        party: str,
        links: Mapping[str, Link],
        config: PeerConfig,
        rng: random.Random,
        counters: Counter[str],
        punish: Callable[[str], None],
    ) -> None:
        self._party = party
        self._links = links
        self._config = config
        self._counters = counters
        self._punish = punish
        self._loop = asyncio.get_running_loop()
        self._handlers: dict[Topic, ItemHandler] = {}
        self._seen = SeenNames(config.seen_items, config.seen_seconds)
        self._store = ItemStore(config.store_bytes, config.store_seconds)
        self._fetches = Fetches(config.max_fetches, config.fetch_seconds)
        self._pending: dict[bytes, _Pending] = {}
        self._neighbours: dict[str, frozenset[str]] = {}
        self._sweep: asyncio.TimerHandle | None = None
        self._telling: asyncio.Handle | None = None
        self._passes_over: Callable[[], bool] = lambda: False
        self.entropy: Final = Entropy(links, self._store, config, rng, self._tick)
        """The periodic exchange; :meth:`on_status` and :meth:`nudge` are its public side."""

    # the driver's side

    def on_item(self, topic: Topic, handler: ItemHandler) -> None:
        """Hand items of ``topic`` to ``handler(topic, payload, sender)``.

        It returns an :class:`Outcome`, a future of one (cheap) or a coroutine (costs a task). Raising
        an ``AccordError`` other than ``FatalError`` means ``BAD``. Items of other topics are ignored.
        """
        self._handlers[topic] = handler

    def pass_over(self, when: Callable[[], bool]) -> None:
        """While ``when()`` says so, nothing that is only announced is fetched; it can be announced again."""
        self._passes_over = when

    def on_status(self, local_status: Callable[[], bytes], on_status: Callable[[str, bytes], None]) -> None:
        """Exchange status with every link, at intervals and when a link comes up.

        Args:
            local_status: builds ours, at most ``MAX_STATUS_BYTES``; must be quick.
            on_status: ``on_status(party, payload)`` gets theirs; an ``AccordError`` from it counts as
                bad data.
        """
        self.entropy.on_status(local_status, on_status)

    def nudge(self) -> None:
        """Send our status to all links now (once per loop iteration)."""
        self.entropy.nudge()

    def publish(self, topic: Topic, payload: bytes, *, again: bool = False) -> bytes:
        """Send an item of ours to every link and keep it for those who missed it.

        Args:
            topic: its subject.
            payload: at most ``MAX_PAYLOAD_BYTES``.
            again: send it even if it has been published or received before.

        Returns:
            The item's name.
        """
        if len(payload) > MAX_PAYLOAD_BYTES:
            raise ValueError(f"expected at most {MAX_PAYLOAD_BYTES} bytes, got {len(payload)}")
        name = item_name(topic, payload)
        now = self._loop.time()
        new = self._seen.add(name, now)
        if not new and not again:
            return name
        self._counters["published"] += 1
        item = Item(topic, payload, self._party, name)
        self._keep(item, set(), now)
        frame = _item_frame(item)
        lane = _lane(topic, len(frame))
        for link in self._links.values():
            link.put(lane, frame)
        self.entropy.stir()
        return name

    def pass_on(self, topic: Topic, payload: bytes, *, origin: str, sender: str) -> None:
        """Relay a verified part of what ``sender`` brought, by rule 2, as an item of ``origin``."""
        item = Item(topic, payload, origin, item_name(topic, payload))
        if self._seen.add(item.name, self._loop.time()):
            self._relay(item, {sender})

    # the network's side

    def link_up(self, link: Link) -> None:
        """A link is ready: tell everyone whom we are linked to, and the newcomer where we stand."""
        self.tell_neighbours()
        self.entropy.link_up(link)

    def link_down(self, link: Link) -> None:
        """A link is gone and no other to the same party took its place."""
        self._neighbours.pop(link.party, None)
        self.entropy.link_down(link.party)
        self.tell_neighbours()

    def tell_neighbours(self) -> None:
        """Tell all links whom we are linked to, once per loop iteration."""
        if self._telling is None:
            self._telling = self._loop.call_soon(self._tell)

    def _tell(self) -> None:
        self._telling = None
        frame = encode_frame(Neighbours(parties=tuple(sorted(self._links))))
        for link in self._links.values():
            link.put(Lane.URGENT, frame)

    async def close(self) -> None:
        """Cancel timers and the verdicts that were tasks of ours."""
        self.entropy.close()
        for handle in (self._sweep, self._telling):
            if handle is not None:
                handle.cancel()
        tasks = [pending.verdict for pending in self._pending.values() if pending.ours]
        self._pending.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def on_neighbours(self, link: Link, frame: Neighbours) -> None:
        """A party says whom it is linked to."""
        self._neighbours[link.party] = frozenset(frame.parties)

    def on_announce(self, link: Link, frame: Announce) -> None:
        """A party says what it holds: fetch what we lack, each item from one party at a time."""
        if self._passes_over():
            return
        now = self._loop.time()
        wanted = []
        for name in frame.names:
            if name in self._seen:
                if (kept := self._store.get(name)) is not None:
                    kept.holders.add(link.party)
                if (pending := self._pending.get(name)) is not None:
                    pending.senders.add(link.party)
            elif self._fetches.announced(name, link.party, now):
                wanted.append(name)
        if wanted:
            self._counters["fetches"] += len(wanted)
            link.put(Lane.URGENT, encode_frame(Want(names=tuple(wanted))))
            self._watch_fetches()

    def on_want(self, link: Link, frame: Want) -> None:
        """A party asks for items by name; what it gets counts against its own budget."""
        for name in frame.names:
            kept = self._store.get(name)
            if kept is None:
                self._counters["wants_missed"] += 1
                continue
            self._counters["wants_served"] += 1
            encoded = _item_frame(kept.item)
            link.account.charge(len(encoded), 1)
            link.put(_lane(kept.item.topic, len(encoded)), encoded)

    def on_item_frame(self, link: Link, frame: ItemFrame) -> None:
        """An item arrived: have it judged unless it is known."""
        topic, payload = frame.topic, frame.payload
        name = item_name(topic, payload)
        self._counters["items_received"] += 1
        if name in self._seen:
            self._note_duplicate(name, link.party)
            return
        now = self._loop.time()
        # Transactions yield first: half of the room for pending verdicts is always left to consensus.
        if topic is Topic.TRANSACTIONS and link.pending_bytes > self._config.pending_bytes // 2:
            self._counters["items_shed"] += 1
            self._fetches.done(name)
            self._fetches.postpone(name, link.party, now)
            self._watch_fetches()
            return
        self._fetches.done(name)
        self._seen.add(name, now)
        self.entropy.stir()
        self._judge(Item(topic, payload, frame.origin, name), link)

    # inside

    def _note_duplicate(self, name: bytes, party: str) -> None:
        self._counters["duplicates"] += 1
        if (pending := self._pending.get(name)) is not None:
            pending.senders.add(party)
        elif (kept := self._store.get(name)) is not None:
            kept.holders.add(party)

    def _judge(self, item: Item, link: Link) -> None:
        handler = self._handlers.get(item.topic)
        if handler is None:
            self._counters["items_unhandled"] += 1
            return
        try:
            verdict = handler(item.topic, item.payload, link.party)
        except FatalError:
            raise
        except AccordError as error:
            self._counters[f"bad_{error.code}"] += 1
            verdict = Outcome.BAD
        if isinstance(verdict, Outcome):
            self._settle(item, {link.party}, verdict)
            return
        future = asyncio.ensure_future(verdict)
        self._pending[item.name] = _Pending(item, link, {link.party}, future, ours=future is not verdict)
        link.hold(len(item.payload))
        future.add_done_callback(partial(self._judged, item.name))

    def _judged(self, name: bytes, future: asyncio.Future[Outcome]) -> None:
        pending = self._pending.pop(name, None)
        if pending is None:
            return
        pending.link.release(len(pending.item.payload))
        if future.cancelled():
            self._counters["verdicts_cancelled"] += 1
            return
        error = future.exception()
        if error is None:
            self._settle(pending.item, pending.senders, future.result())
        elif isinstance(error, AccordError) and not isinstance(error, FatalError):
            self._counters[f"bad_{error.code}"] += 1
            self._settle(pending.item, pending.senders, Outcome.BAD)
        else:
            self._counters["handler_errors"] += 1
            context = {"message": f"{pending.item.topic.name} handler failed", "exception": error}
            self._loop.call_exception_handler(context)

    def _settle(self, item: Item, senders: set[str], outcome: Outcome) -> None:
        self._counters[f"items_{outcome.value}"] += 1
        if outcome is Outcome.BAD:
            for party in senders:
                self._punish(party)
        elif outcome is Outcome.ACCEPT:
            self._keep(item, senders, self._loop.time())
            self._relay(item, senders)

    def _keep(self, item: Item, holders: set[str], now: float) -> None:
        repaired = item.topic is Topic.TRANSACTIONS
        if repaired or len(item.payload) > self._config.push_bytes:
            self._store.add(item, holders, now, repaired=repaired)

    def _relay(self, item: Item, senders: set[str]) -> None:
        frame = b""
        lane = Lane.URGENT
        for party, link in self._links.items():
            if party in senders or party == item.origin or item.origin in self._neighbours.get(party, ()):
                continue
            if not frame:
                large = len(item.payload) > self._config.push_bytes
                frame = encode_frame(Announce(names=(item.name,))) if large else _item_frame(item)
                lane = Lane.URGENT if large else _lane(item.topic, len(frame))
            self._counters["relayed"] += 1
            link.put(lane, frame)

    def _watch_fetches(self) -> None:
        if self._sweep is None and len(self._fetches):
            self._sweep = self._loop.call_later(self._config.fetch_seconds / 2, self._sweep_fetches)

    def _sweep_fetches(self) -> None:
        self._sweep = None
        failed = self._fetches.failed
        for party, names in self._fetches.overdue(self._loop.time(), self._links).items():
            self._counters["fetches_repeated"] += len(names)
            for part in _names(names):
                self._links[party].put(Lane.URGENT, encode_frame(Want(names=part)))
        self._counters["fetches_failed"] += self._fetches.failed - failed
        self._watch_fetches()

    def _tick(self) -> None:
        now = self._loop.time()
        self._seen.expire(now)
        self._store.expire(now)
        self.tell_neighbours()


def _item_frame(item: Item) -> bytes:
    return encode_frame(ItemFrame(origin=item.origin, payload=item.payload, topic=item.topic))


def _lane(topic: Topic, size: int) -> Lane:
    if topic is Topic.TRANSACTIONS:
        return Lane.TRANSACTIONS
    return Lane.URGENT if size <= 16_384 else Lane.BULK
