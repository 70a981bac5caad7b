"""Catching up: final blocks in ranges, verified before stored, resumable.

A finalization names a seal this node has no path to. Blocks are fetched from the durable base upwards;
each must continue the hash chain, execute, and give the roots its seal says; what is stored is final
because a finalization covers it (its own, or a descendant's through the hash chain).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import structlog

from accord_ledger import codec
from accord_ledger.block import Certificate, SealedBytes
from accord_ledger.errors import AccordError, FatalError
from accord_ledger.execute import InvalidBlock
from accord_node.bodies import body_matches
from accord_node.chain import Chain
from accord_node.finaliser import Finaliser
from accord_node.messages import MAX_MESSAGE_BYTES, Block, Range, RangeWanted, Request
from accord_node.peer import PeerNetwork
from accord_node.records import RecordReader, UnreadableBody, readable

log = structlog.get_logger("sync")

RANGE_SECONDS = 20.0
RETRY_SECONDS = 0.2


class CatchUp:
    """Brings a node that was away up to a finalization."""

    def __init__(
        self,
        chain: Chain,
        reader: RecordReader,
        network: PeerNetwork,
        certify: Callable[[Certificate], bool],
    ) -> None:
        self._chain = chain
        self._reader = reader
        self._network = network
        self._certify = certify
        self.finaliser: Finaliser
        self.target: int | None = None
        """Height being caught up to, while it is known."""
        self.fetched = 0
        """Blocks taken from peers, for metrics."""

    async def run(self, certificate: Certificate, seal: bytes) -> None:
        """Fetch, verify and store everything up to ``seal``, from whichever peer has it.

        ``certificate`` was verified and finalises ``seal``; blocks on the way are believed because the
        hash chain leads to it, so a range is stored only when it ends in that seal or in one whose own
        finalization verifies.
        """
        self.target = self._chain.base.height + 1
        while self._chain.base.seal_hash != seal and not await self._one_round(certificate, seal):
            await asyncio.sleep(RETRY_SECONDS)
        self.target = None

    async def _one_round(self, certificate: Certificate, seal: bytes) -> bool:
        """Ask every linked peer in turn; True when the seal is durable."""
        for party in sorted(self._network.linked()):
            while (found := await self._fetch(party, self._chain.base.height + 1)) is not None:
                moved = await self._store(party, found, certificate, seal)
                if (path := self._chain.path(seal)) is not None:
                    for block in path:
                        await self.finaliser.commit(block, certificate if block.sealed.hash == seal else None)
                    return True
                if not moved:
                    break
        return False

    async def _fetch(self, party: str, first: int) -> Range | None:
        wanted = codec.encode(RangeWanted(first=first))
        try:
            answer = await self._network.request(party, Request.RANGE, wanted, timeout=RANGE_SECONDS)
            found = codec.decode(answer, Range, limit=MAX_MESSAGE_BYTES)
        except AccordError as error:
            log.info("no range from a peer", party=party, code=error.code)
            return None
        return found if found.blocks else None

    async def _store(self, party: str, found: Range, certificate: Certificate, seal: bytes) -> bool:
        """Execute and store what a finalization covers; True if the base moved."""
        sealed = self._linked(party, found.blocks)
        final = self._final_place(party, sealed, found.certificate, seal)
        moved = False
        for block, item in zip(found.blocks[: final + 1], sealed, strict=False):
            if item.seal.height != self._chain.base.height + 1:
                return moved
            await self._execute(party, block, item)
            done = self._chain.executed(item.hash)
            if done is None:
                return moved
            own = certificate if item.hash == seal else found.certificate
            await self.finaliser.commit(done, own if own is not None and own.seal == item.hash else None)
            self.fetched += 1
            moved = True
        return moved

    def _final_place(
        self, party: str, sealed: list[SealedBytes], offered: Certificate | None, seal: bytes
    ) -> int:
        """Place of the last seal a finalization covers: the one we came with or the one offered; -1: none."""
        hashes = [item.hash for item in sealed]
        if seal in hashes:
            return hashes.index(seal)
        if offered is None or offered.kind != "finalize" or offered.seal not in hashes:
            return -1
        if not self._certify(offered):
            self._network.punish(party)
            return -1
        return hashes.index(offered.seal)

    def _linked(self, party: str, blocks: Sequence[Block]) -> list[SealedBytes]:
        """The seals, as far as they form a chain from the base and match their bodies."""
        found: list[SealedBytes] = []
        parent, height = self._chain.base.seal_hash, self._chain.base.height
        for block in blocks:
            try:
                sealed = SealedBytes.parse(block.seal)
            except AccordError:
                break
            if (
                sealed.seal.parent != parent
                or sealed.seal.height != height + 1
                or not body_matches(sealed, block.entries)
            ):
                self._network.punish(party)
                break
            found.append(sealed)
            parent, height = sealed.hash, height + 1
        return found

    async def _execute(self, party: str, block: Block, sealed: SealedBytes) -> None:
        answers = await self._reader.read(block.entries)
        try:
            await self._chain.execute(sealed, [readable(answer) for answer in answers])
        except (InvalidBlock, UnreadableBody) as error:
            raise FatalError(
                "STATE_DIVERGED", f"final block {sealed.seal.height} does not execute here: {error}"
            ) from error
        except KeyError:
            log.info("overtaken while catching up", party=party, height=sealed.seal.height)
