"""Answers to peers' requests: records of proposals, blocks, ranges, certificates. All bounded."""

from __future__ import annotations

from accord_ledger import codec
from accord_ledger.block import Certificate
from accord_ledger.consensus import inputs as on
from accord_ledger.errors import AccordError
from accord_node.bodies import Bodies
from accord_node.chain import Chain
from accord_node.driver import Driver
from accord_node.finaliser import Finaliser
from accord_node.messages import (
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
from accord_node.peer import PeerNetwork
from accord_node.storage.store import Store

MAX_BLOCKS = 2048
"""Blocks in one range."""


class UnknownBlock(AccordError):  # noqa: N818 - an answer, not a failure of ours
    """What was asked for is not here (any more)."""


class Answers:
    """Serves other nodes."""

    def __init__(
        self, chain: Chain, bodies: Bodies, store: Store, finaliser: Finaliser, driver: Driver
    ) -> None:
        self._chain = chain
        self._bodies = bodies
        self._store = store
        self._finaliser = finaliser
        self._driver = driver

    def serve_on(self, network: PeerNetwork) -> None:
        """Register every handler."""
        network.serve(Request.RECORDS, self.records)
        network.serve(Request.BLOCK, self.block)
        network.serve(Request.RANGE, self.range)
        network.serve(Request.TIP, self.tip)
        network.serve(Request.CERTIFICATES, self.certificates)
        network.serve(Request.CERTIFICATE, self.certificate)

    async def records(self, _: str, payload: bytes) -> bytes:
        """Records of a proposed block, by place."""
        wanted = codec.decode(payload, RecordsWanted, limit=512 * 1024)
        entries = self._unfinalised(wanted.seal)
        if entries is None or max(wanted.places) >= len(entries):
            raise UnknownBlock("PEER_UNKNOWN", f"expected a block held here, got {wanted.seal.hex()}")
        return codec.encode(Batch(entries=tuple(entries[place] for place in wanted.places)))

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
        found = self._store.files.entries(row.first, row.count + 1)
        return codec.encode(Block(seal=found[-1], entries=tuple(found[:-1])))

    async def range(self, _: str, payload: bytes) -> bytes:
        """Final blocks from a height, ending in one whose own finalization is held."""
        wanted = codec.decode(payload, RangeWanted)
        blocks: list[Block] = []
        certified, certificate = 0, None
        size, height = 0, wanted.first
        while len(blocks) < MAX_BLOCKS and (row := await self._store.database.block(height)) is not None:
            found = self._store.files.entries(row.first, row.count + 1)
            size += sum(map(len, found)) + 8 * len(found)
            if blocks and size > wanted.max_bytes:
                break
            blocks.append(Block(seal=found[-1], entries=tuple(found[:-1])))
            if row.certificate is not None:
                certified, certificate = len(blocks), row.certificate
            height += 1
        tip = self._finaliser.tip
        if blocks and certified == 0 and tip is not None:
            certified = len(blocks)  # no finalization inside: the hash chain will lead to the tip's
        return codec.encode(Range(blocks=tuple(blocks[:certified]), certificate=certificate))

    async def tip(self, _: str, __: bytes) -> bytes:
        """The newest finalization held."""
        return codec.encode(Tip(height=self._chain.base.height, certificate=self._finaliser.tip))

    async def certificates(self, party: str, payload: bytes) -> bytes:
        """Certificates of past views: the core answers with pushes, within its bounds."""
        wanted = codec.decode(payload, CertificatesWanted)
        if wanted.epoch == self._chain.base.members.epoch:
            self._driver.give(on.CertificatesRequested(party, wanted.from_view, wanted.to_view))
        return b""

    async def certificate(self, _: str, payload: bytes) -> bytes:
        """A certificate a peer thinks we lack."""
        certificate = codec.decode(payload, Certificate)
        if not self._driver.check_certificate(certificate):
            raise UnknownBlock("PEER_CERTIFICATE", "expected a certificate of this epoch that verifies")
        self._driver.give(on.CertificateReceived(certificate))
        return b""
