"""Bodies of proposed blocks: put together from what is here, the rest fetched once by name.

A body that does not match ``body_hash`` blames whoever relayed it and is fetched again from somebody
else (DESIGN.md section 4, rule 1); a block is never called invalid for want of data.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from accord_ledger import codec
from accord_ledger.block import SealedBytes, body_hash
from accord_ledger.domain.pipeline import Prepared
from accord_ledger.errors import AccordError, DecodeError
from accord_node.mempool import Mempool
from accord_node.messages import MAX_MESSAGE_BYTES, Batch, Block, BlockWanted, RecordsWanted, Request
from accord_node.peer import PeerError, PeerNetwork
from accord_node.records import RecordReader, UnreadableBody, entry_hash, readable

ARRIVAL_SECONDS = 0.05
"""How long records on their way by gossip are waited for before they are fetched."""
FETCH_SECONDS = 2.0
MAX_BODIES = 256
"""Bodies of unfinalised blocks held at once."""


@dataclass(slots=True)
class Body:
    """The records of one proposed block, as far as they are here."""

    sealed: SealedBytes
    hashes: tuple[bytes, ...]
    """Entry hashes as the seal's ``body_hash`` commits to them; empty if only the seal is known."""
    sources: list[str] = field(default_factory=list)
    """Parties to ask, best first."""
    records: tuple[Prepared, ...] | None = None
    known_hashes: bool = True


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

    def get(self, seal: bytes) -> Body | None:
        """What is known of a block's body."""
        return self._bodies.get(seal)

    def add(self, body: Body) -> Body:
        """Remember a body (of a proposal, of our own block, out of the journal)."""
        known = self._bodies.get(body.sealed.hash)
        if known is not None:
            known.sources += [source for source in body.sources if source not in known.sources]
            if known.records is None:
                known.records = body.records
            if not known.known_hashes and body.known_hashes:
                known.hashes, known.known_hashes = body.hashes, True
            return known
        if len(self._bodies) >= MAX_BODIES:
            self._bodies.pop(next(iter(self._bodies)))
        self._bodies[body.sealed.hash] = body
        return body

    def forget_up_to(self, height: int) -> None:
        """Drop bodies of heights that are final; the log holds them."""
        for seal in [key for key, body in self._bodies.items() if body.sealed.seal.height <= height]:
            del self._bodies[seal]

    async def complete(self, seal: bytes) -> tuple[Prepared, ...]:
        """The block's records, fetched if need be; waits for as long as nobody has them.

        Raises:
            UnreadableBody: an entry of the right hash is no record at all.
            KeyError: the body was dropped meanwhile.
        """
        while True:
            body = self._bodies[seal]
            if body.records is None:
                await (self._gather(body) if body.known_hashes else self._fetch_whole(body))
            if body.records is not None:
                return body.records

    async def _gather(self, body: Body) -> None:
        found: dict[int, Prepared] = {}
        waiting: dict[int, asyncio.Future[Prepared]] = {}
        for place, wanted in enumerate(body.hashes):
            pending = self._mempool.get(wanted)
            if pending is not None:
                found[place] = pending.prepared
            else:
                waiting[place] = self._reader.expect(wanted)
        if waiting:
            await asyncio.wait(waiting.values(), timeout=ARRIVAL_SECONDS)
            arrived = {
                place: future for place, future in waiting.items() if future.done() and not future.cancelled()
            }
            found |= {place: future.result() for place, future in arrived.items()}
            missing = [place for place in waiting if place not in arrived]
            self._reader.give_up([body.hashes[place] for place in missing])
            if missing and not await self._fetch(body, missing, found):
                return
        body.records = tuple(found[place] for place in range(len(body.hashes)))

    async def _fetch(self, body: Body, missing: list[int], found: dict[int, Prepared]) -> bool:
        wanted = codec.encode(RecordsWanted(seal=body.sealed.hash, places=tuple(missing)))
        source = self._next_source(body)
        if source is None:
            await asyncio.sleep(ARRIVAL_SECONDS)
            return False
        try:
            answer = await self._network.request(source, Request.RECORDS, wanted, timeout=FETCH_SECONDS)
            entries = codec.decode(answer, Batch, limit=MAX_MESSAGE_BYTES).entries
        except (PeerError, DecodeError):
            return False
        if [entry_hash(entry) for entry in entries] != [body.hashes[place] for place in missing]:
            self._network.punish(source)
            return False
        for place, item in zip(missing, await self._reader.read(entries), strict=True):
            found[place] = readable(item)
        return True

    async def _fetch_whole(self, body: Body) -> None:
        source = self._next_source(body)
        block = None if source is None else await self.fetch_block(body.sealed.hash, source)
        if block is None:
            await asyncio.sleep(ARRIVAL_SECONDS)
            return
        answers = await self._reader.read(block.entries)
        body.records = tuple(readable(answer) for answer in answers)

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
        linked = self._network.linked()
        known = [source for source in body.sources if source in linked]
        others = [party for party in self._peers() if party in linked and party not in known]
        order = known + others
        if not order:
            return None
        chosen = order[0]
        body.sources = [source for source in body.sources if source != chosen] + [chosen]
        return chosen


def body_matches(sealed: SealedBytes, entries: Sequence[bytes]) -> bool:
    """Whether these entries are the records the seal commits to."""
    return body_hash([entry_hash(entry) for entry in entries]) == sealed.seal.body_hash
