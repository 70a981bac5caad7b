"""Answers to peers' requests: records of proposals, blocks, ranges, certificates.

All are bounded in bytes whatever is asked, and what reads files or encodes much does it in a thread.
"""

from __future__ import annotations

from functools import partial

from accord_ledger import codec
from accord_ledger.consensus import inputs as on
from accord_ledger.errors import AccordError
from accord_node.bodies import Bodies
from accord_node.chain import Chain
from accord_node.epochs import Epochs
from accord_node.finaliser import Finaliser
from accord_node.messages import (
    MAX_MESSAGE_BYTES,
    Batch,
    Block,
    BlockWanted,
    CertificatesWanted,
    Range,
    RangeWanted,
    RecordsWanted,
    Request,
    Tip,
)
from accord_node.peer import Outcome, PeerNetwork, Topic
from accord_node.storage.database import BlockRow
from accord_node.storage.store import Store
from accord_node.workers import Executor

MAX_BLOCKS = 2048
"""Blocks in one range."""
RECORDS_BYTES = 1024 * 1024
"""Records in one answer; who wants more asks again for the rest."""
ENTRIES_AT_ONCE = 512
"""Log entries read together."""
ROOM_BYTES = MAX_MESSAGE_BYTES - 1024 * 1024
"""A range is made longer than was asked, up to this size, so that it ends in a finalization."""


class UnknownBlock(AccordError):  # noqa: N818 - an answer, not a failure of ours
    """What was asked for is not here (any more)."""


class Answers:
    """Serves other nodes."""

    def __init__(
        self,
        chain: Chain,
        bodies: Bodies,
        store: Store,
        finaliser: Finaliser,
        epochs: Epochs,
        network: PeerNetwork,
        executor: Executor,
    ) -> None:
        self._network = network
        self._executor = executor
        self._chain = chain
        self._bodies = bodies
        self._store = store
        self._finaliser = finaliser
        self._epochs = epochs

    def serve(self) -> None:
        """Register every handler."""
        network = self._network
        network.serve(Request.RECORDS, self.records)
        network.serve(Request.BLOCK, self.block)
        network.serve(Request.RANGE, self.range)
        network.serve(Request.TIP, self.tip)
        network.serve(Request.CERTIFICATES, self.certificates)
        network.serve(Request.CERTIFICATE, self.certificate)

    async def records(self, _: str, payload: bytes) -> bytes:
        """Records of a proposed block, by place; the first of them, if all are too many for one answer."""
        wanted = codec.decode(payload, RecordsWanted, limit=512 * 1024)
        entries = self._unfinalised(wanted.seal)
        if entries is None or max(wanted.places) >= len(entries):
            raise UnknownBlock("PEER_UNKNOWN", f"expected a block held here, got {wanted.seal.hex()}")
        if len(set(wanted.places)) < len(wanted.places):
            raise UnknownBlock("PEER_PLACES", "expected every place once")
        chosen: list[bytes] = []
        size = 0
        for place in wanted.places:
            size += len(entries[place])
            if chosen and size > RECORDS_BYTES:
                break
            chosen.append(entries[place])
        return codec.encode(Batch(entries=tuple(chosen)))

    def _unfinalised(self, seal: bytes) -> tuple[bytes, ...] | None:
        if (block := self._chain.executed(seal)) is not None:
            return block.entries
        body = self._bodies.get(seal)
        if body is None or body.records is None:
            return None
        return tuple(item.record.entry for item in body.records)

    async def block(self, _: str, payload: bytes) -> bytes:
        """A block by the hash of its seal: unfinalised, or recent."""
        wanted = codec.decode(payload, BlockWanted)
        entries = self._unfinalised(wanted.seal)
        if entries is not None:
            executed, body = self._chain.executed(wanted.seal), self._bodies.get(wanted.seal)
            sealed = executed.sealed if executed is not None else body.sealed if body is not None else None
            if sealed is not None:
                return codec.encode(Block(seal=sealed.entry, entries=entries))
        row = await self._store.database.block_by_hash(wanted.seal)
        if row is None:
            raise UnknownBlock("PEER_UNKNOWN", f"expected a block held here, got {wanted.seal.hex()}")
        return await self._executor.run(lambda: codec.encode(self._read([row])[0]))

    async def range(self, _: str, payload: bytes) -> bytes:
        """Final blocks from a height, ending in one whose own finalization is held if that fits."""
        wanted = codec.decode(payload, RangeWanted)
        blocks: list[Block] = []
        rows: list[BlockRow] = []
        certified, size, more = 0, 0, True
        database = self._store.database
        while (
            more
            and len(rows) < MAX_BLOCKS
            and (found := await database.blocks(wanted.first + len(rows), ENTRIES_AT_ONCE))
        ):
            read = await self._executor.run(partial(self._read, found))
            for row, block in zip(found, read, strict=True):
                size += len(block.seal) + sum(map(len, block.entries)) + 4 * len(block.entries) + 16
                if rows and size > (wanted.max_bytes if certified else ROOM_BYTES):
                    more = False
                    break
                rows.append(row)
                blocks.append(block)
                if row.certificate is not None:
                    certified = len(rows)
        certificate = rows[certified - 1].certificate if certified else None
        if not certified and self._finaliser.tip is not None:
            certified = len(blocks)  # no finalization inside: the hash chain will lead to the tip's
        answer = Range(blocks=tuple(blocks[:certified]), certificate=certificate)
        return await self._executor.run(lambda: codec.encode(answer))

    def _read(self, rows: list[BlockRow]) -> list[Block]:
        """Whole blocks of consecutive rows out of the log files."""
        try:
            entries = iter(self._store.files.entries(rows[0].first, sum(row.count + 1 for row in rows)))
        except FileNotFoundError as error:  # a bundle was just being completed; the peer asks again
            raise UnknownBlock("PEER_UNKNOWN", f"expected block {rows[0].height} to be readable") from error
        blocks = []
        for row in rows:
            records = tuple(next(entries) for _ in range(row.count))
            blocks.append(Block(seal=next(entries), entries=records))
        return blocks

    async def tip(self, _: str, __: bytes) -> bytes:
        """The newest finalization held."""
        return codec.encode(Tip(height=self._chain.base.height, certificate=self._finaliser.tip))

    async def certificates(self, party: str, payload: bytes) -> bytes:
        """Certificates of past views, or how a past epoch ended: answered with pushes, within bounds."""
        wanted = codec.decode(payload, CertificatesWanted)
        views = on.CertificatesRequested(party, wanted.from_view, wanted.to_view)
        self._epochs.on_certificates_wanted(party, views, wanted.epoch)
        return b""

    async def certificate(self, party: str, payload: bytes) -> bytes:
        """A certificate a peer thinks we lack."""
        if self._epochs.on_certificate(Topic.CERTIFICATE, payload, party) is Outcome.BAD:
            self._network.punish(party)
            raise UnknownBlock("PEER_CERTIFICATE", "expected a certificate of this epoch that verifies")
        return b""
