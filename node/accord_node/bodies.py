"""Bodies of proposed blocks: put together from what is here, the rest fetched once by name.

A body that does not match ``body_hash`` blames whoever relayed it and is fetched again from somebody
else (DESIGN.md section 4, rule 1); a block is never called invalid for want of data. Who waits for a
body that nobody gives asks ever more slowly, and no longer than consensus cares for its view.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field

from accord_ledger import codec
from accord_ledger.block import SealedBytes, body_hash
from accord_ledger.domain.pipeline import Prepared
from accord_ledger.errors import AccordError, DecodeError
from accord_node.chain import MAX_BODY_BYTES, body_bytes
from accord_node.mempool import Mempool
from accord_node.messages import MAX_MESSAGE_BYTES, Batch, Block, BlockWanted, RecordsWanted, Request
from accord_node.peer import PeerError, PeerNetwork
from accord_node.records import RecordReader, UnreadableBody, entry_hash, readable

ARRIVAL_SECONDS = 0.05
"""How long records on their way by gossip are waited for before they are fetched."""
FETCH_SECONDS = 2.0
MAX_PAUSE_SECONDS = 1.0
"""Longest pause between two rounds of asking for a body that nobody gives."""
MAX_BODIES = 256
"""Bodies of unfinalised blocks held at once."""


@dataclass(slots=True)
class Body:
    """The records of one proposed block, as far as they are here."""

    sealed: SealedBytes
    hashes: tuple[bytes, ...]
    """Entry hashes as the seal's ``body_hash`` commits to them."""
    sources: list[str] = field(default_factory=list)
    """Parties to ask, best first."""
    records: tuple[Prepared, ...] | None = None
    asked: Counter[str] = field(default_factory=Counter)
    """Times each party was asked."""
    view: int = 0
    """Newest view it was proposed in."""
    gathered: dict[bytes, Prepared] = field(default_factory=dict)
    """Records fetched so far, by entry hash, while some are missing."""


class Bodies:
    """Bodies by seal hash."""

    def __init__(
        self, mempool: Mempool, reader: RecordReader, network: PeerNetwork, peers: Callable[[], Sequence[str]]
    ) -> None:
        self._mempool = mempool
        self._reader = reader
        self._network = network
        self._peers = peers
        self._bodies: dict[bytes, Body] = {}

    def __len__(self) -> int:
        return len(self._bodies)

    def get(self, seal: bytes) -> Body | None:
        """What is known of a block's body."""
        return self._bodies.get(seal)

    def add(self, body: Body) -> Body:
        """Remember a body (of a proposal, of our own block, out of the journal)."""
        body.view = max(body.view, body.sealed.seal.view)
        known = self._bodies.get(body.sealed.hash)
        if known is not None:
            known.sources += [source for source in body.sources if source not in known.sources]
            known.view = max(known.view, body.view)
            if known.records is None:
                known.records = body.records
            return known
        if len(self._bodies) >= MAX_BODIES:
            del self._bodies[min(self._bodies, key=lambda seal: self._bodies[seal].view)]
        self._bodies[body.sealed.hash] = body
        return body

    def forget_up_to(self, height: int) -> None:
        """Drop bodies of heights that are final; the log holds them."""
        for seal in [key for key, body in self._bodies.items() if body.sealed.seal.height <= height]:
            del self._bodies[seal]

    def clear(self) -> None:
        """Drop every body: the epoch they were proposed in is over. Their waiters give up."""
        self._bodies.clear()

    def forget_views(self, before: int, keep: Container[bytes]) -> None:
        """Drop bodies last proposed before a view, but those of the seals to keep; their waiters give up."""
        for seal in [key for key, body in self._bodies.items() if body.view < before and key not in keep]:
            del self._bodies[seal]

    async def complete(self, seal: bytes) -> tuple[Prepared, ...]:
        """The block's records, fetched if need be; waits for as long as nobody has them.

        Raises:
            UnreadableBody: an entry of the right hash is no record at all, or all together are too large.
            KeyError: the body was dropped meanwhile.
        """
        pause = ARRIVAL_SECONDS
        while True:
            body = self._bodies[seal]
            if body.records is not None:
                return body.records
            before = len(body.gathered)
            if await self._gather(body):
                continue
            if len(body.gathered) > before:
                pause = ARRIVAL_SECONDS
                continue
            await asyncio.sleep(pause)
            pause = min(2 * pause, MAX_PAUSE_SECONDS)

    async def _gather(self, body: Body) -> bool:
        """One round: what waits here, what arrives in a moment, what one peer gives."""
        found = body.gathered
        for name in body.hashes:
            if name not in found and (pending := self._mempool.get(name)) is not None:
                found[name] = pending.prepared
        missing = [name for name in dict.fromkeys(body.hashes) if name not in found]
        if missing:
            found |= await self._reader.arrivals(missing, ARRIVAL_SECONDS)
        if body_bytes(tuple(found.values())) > MAX_BODY_BYTES:
            raise UnreadableBody(f"expected records of at most {MAX_BODY_BYTES} bytes")
        places = {name: place for place, name in enumerate(body.hashes) if name not in found}
        if places and not await self._fetch(body, sorted(places.values()), found):
            return False
        if any(name not in found for name in places):
            return False
        body.records = tuple(found[name] for name in body.hashes)
        body.gathered = {}
        return True

    async def _fetch(self, body: Body, missing: list[int], found: dict[bytes, Prepared]) -> bool:
        """Records by place from the next peer, which may give only the first of them."""
        source = self._next_source(body)
        if source is None:
            return False
        wanted = codec.encode(RecordsWanted(seal=body.sealed.hash, places=tuple(missing)))
        try:
            answer = await self._network.request(source, Request.RECORDS, wanted, timeout=FETCH_SECONDS)
            entries = codec.decode(answer, Batch, limit=MAX_MESSAGE_BYTES).entries
        except (PeerError, DecodeError):
            return False
        names = [body.hashes[place] for place in missing]
        if len(entries) > len(names) or [entry_hash(entry) for entry in entries] != names[: len(entries)]:
            self._network.punish(source)
            return False
        for name, item in zip(names, await self._reader.read(entries), strict=False):
            found[name] = readable(item)
        return bool(entries)

    async def read(self, entries: Sequence[bytes]) -> tuple[Prepared, ...] | None:
        """Records that came whole; None if one of them can never be a record."""
        try:
            return tuple(readable(answer) for answer in await self._reader.read(entries))
        except UnreadableBody:
            return None

    async def fetch_block(self, seal: bytes, source: str) -> Block | None:
        """A whole block from one peer; None unless seal and body match their hashes."""
        wanted = codec.encode(BlockWanted(seal=seal))
        try:
            answer = await self._network.request(source, Request.BLOCK, wanted, timeout=FETCH_SECONDS)
            block = codec.decode(answer, Block, limit=MAX_MESSAGE_BYTES)
            sealed = SealedBytes.parse(block.seal)
        except AccordError:
            return None
        if sealed.hash != seal or not body_matches(sealed, block.entries):
            self._network.punish(source)
            return None
        return block

    def _next_source(self, body: Body) -> str | None:
        """Who is asked next: whoever was asked least; of those, likely sources first."""
        linked = self._network.linked()
        known = [source for source in body.sources if source in linked]
        order = known + [party for party in self._peers() if party in linked and party not in known]
        if not order:
            return None
        chosen = min(order, key=lambda party: body.asked[party])  # the first of equals
        body.asked[chosen] += 1
        return chosen


def body_matches(sealed: SealedBytes, entries: Sequence[bytes]) -> bool:
    """Whether these entries are the records the seal commits to."""
    return body_hash([entry_hash(entry) for entry in entries]) == sealed.seal.body_hash
