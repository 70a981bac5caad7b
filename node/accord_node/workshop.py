"""Building, executing and fetching the blocks consensus works on.

Each is a task that answers with an input. Building is paced under load and waits while too many executed
blocks are not final; what is missing is fetched from peers, ancestors first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from accord_ledger.block import Certificate, SealedBytes
from accord_ledger.consensus import effects as do
from accord_ledger.consensus import inputs as on
from accord_ledger.consensus.core import Consensus
from accord_ledger.domain.pipeline import Prepared
from accord_ledger.errors import FatalError
from accord_ledger.execute import InvalidBlock, check_header
from accord_node.bodies import Body
from accord_node.chain import MAX_BODY_BYTES, body_bytes
from accord_node.records import UnreadableBody, entry_hash
from accord_node.services import Services

log = structlog.get_logger("blocks")

MAX_CLOCK_AHEAD_SECONDS = 5
"""A block whose time is further ahead of our clock waits; it is never called invalid."""
MAX_OVERLAYS = 12
"""Unfinalised executed blocks with records held; building and executing more of them waits beyond
(DESIGN.md: bounded depth). Empty ones never wait: they are how consensus gets on when the bound is met."""
FAR_BLOCKS = 2 * MAX_OVERLAYS
"""Of a block so far above the durable base only the seal is of use: what lies between comes in ranges."""
RETRY_SECONDS = 0.1
"""Pause before peers are asked again for an ancestor that none of them gave."""
MAX_RETRY_SECONDS = 2.0


class Workshop:
    """Makes, checks and fetches blocks for one epoch's consensus."""

    def __init__(
        self,
        core: Consensus,
        services: Services,
        *,
        give: Callable[[on.Input], None],
        peers: Callable[[], list[str]],
        check_certificate: Callable[[Certificate], bool],
    ) -> None:
        """Wire it.

        Args:
            core: whose position in views counts.
            services: what it stands on.
            give: takes the answers.
            peers: linked parties, most likely sources first.
            check_certificate: whether a quorum of this epoch signed.
        """
        self._core = core
        self._on = services
        self._give = give
        self._peers = peers
        self._check_certificate = check_certificate
        self._room = asyncio.Event()
        self._room.set()
        self._requesting: set[bytes] = set()
        self._paced_until = 0.0
        """Loop time before which a block under load is not built."""

    def room_changed(self) -> None:
        """Unfinalised blocks became durable; building and executing may go on."""
        if self._on.chain.loaded < MAX_OVERLAYS:
            self._room.set()
        else:
            self._room.clear()

    async def _pace(self, parent: bytes) -> None:
        """Under load let records gather: a block costs every member much the same whatever it holds.

        A parent of one record or none says that nobody is in a hurry with many, so nothing waits at rest.
        """
        block = self._on.chain.executed(parent)
        if block is None or len(block.prepared) <= 1:
            return
        if len(self._on.mempool) - len(block.prepared) >= self._on.limits.records:
            return  # a full block waits already
        await asyncio.sleep(self._paced_until - asyncio.get_running_loop().time())

    def _block_seen(self) -> None:
        self._paced_until = asyncio.get_running_loop().time() + self._on.limits.pace_seconds

    async def build(self, effect: do.BuildBlock) -> None:
        """Our own block for a view, of what waits."""
        chain = self._on.chain
        if not await self._ensure_executed(effect.parent):
            return
        if self._again(effect):
            return
        await self._pace(effect.parent)
        candidates: list[Prepared] = []
        time = self._on.clock.now()
        if not effect.empty_only and self._room.is_set():
            exclude = chain.entry_hashes(effect.parent)
            candidates = self._on.mempool.candidates(self._on.limits.records, exclude, time)
        try:
            block, refused = await chain.build(
                effect.parent,
                effect.parent_certificate,
                candidates,
                proposer=self._on.party,
                view=effect.view,
                time=time,
                limits=self._on.limits,
            )
        except KeyError:
            return  # the parent was overtaken by finality while we waited; the view is over
        if refused:
            self._on.on_refused(refused)
        hashes = tuple(item.record.entry_hash for item in block.prepared)
        self._on.bodies.add(Body(block.sealed, hashes, records=block.prepared, view=effect.view))
        self.room_changed()
        self._block_seen()
        self._give(on.BlockBuilt(effect.view, block.sealed, block.version.ends_epoch))

    def _again(self, effect: do.BuildBlock) -> bool:
        """Whether the parent ends the epoch: nothing is built on it here, it is proposed again."""
        parent = self._on.chain.executed(effect.parent)
        if parent is None or not parent.version.ends_epoch:
            return False
        self._give(on.BlockBuilt(effect.view, parent.sealed, ends_epoch=True))
        return True

    async def execute(self, view: int, sealed: SealedBytes) -> None:
        """Judge a proposed block."""
        verdict = await self._verdict(sealed)
        if verdict is not None:
            done = self._on.chain.version(sealed.hash) if verdict is on.Verdict.VALID else None
            ends_epoch = done is not None and done.ends_epoch
            self._give(on.BlockExecuted(view, sealed.hash, verdict, ends_epoch))

    async def _verdict(self, sealed: SealedBytes) -> on.Verdict | None:
        chain = self._on.chain
        if not await self._ensure_executed(sealed.seal.parent, sealed.seal.height - 1):
            return None
        try:
            version = chain.version(sealed.seal.parent)
            if version is not None:
                check_header(self._on.network_hash, version, sealed.seal)
            await self._wait_for_time(sealed)
            records = await self._on.bodies.complete(sealed.hash)
            if body_bytes(records) > MAX_BODY_BYTES:
                raise UnreadableBody(f"expected records of at most {MAX_BODY_BYTES} bytes")
            if records and chain.executed(sealed.hash) is None:
                await self._room.wait()
            await chain.execute(sealed, records)
        except (InvalidBlock, UnreadableBody) as error:
            log.warning(
                "invalid block", height=sealed.seal.height, proposer=sealed.seal.proposer, error=str(error)
            )
            return on.Verdict.INVALID
        except KeyError:
            return None  # overtaken by finality, or forgotten: nobody needs the verdict any more
        self.room_changed()
        self._block_seen()
        return on.Verdict.VALID

    async def _wait_for_time(self, sealed: SealedBytes) -> None:
        """Wait until a block's time is not too far ahead of our clock, as long as its body is kept.

        Raises:
            KeyError: it was dropped.
        """
        told = False
        while (ahead := sealed.seal.time - MAX_CLOCK_AHEAD_SECONDS - self._on.clock.now()) > 0:
            if self._on.bodies.get(sealed.hash) is None:
                raise KeyError(sealed.hash.hex())
            if not told:
                log.warning("a block is ahead of our clock; waiting", seconds=ahead)
            told = True
            await asyncio.sleep(min(ahead, 1))

    async def _ensure_executed(self, seal: bytes, height: int | None = None) -> bool:
        """Execute a certified block and its unexecuted ancestors, fetching what is missing.

        Args:
            seal: its seal hash.
            height: as its child claims.

        Returns:
            False if it is below the durable base: finality has overtaken whoever asks.
        """
        chain = self._on.chain
        pause = RETRY_SECONDS
        while chain.version(seal) is None:
            missing, lacking = self._unexecuted(seal)
            top = missing[0].sealed.seal.height if missing else height
            if top is not None and top <= chain.base.height:
                return False
            if lacking is None:
                if not await self._execute_all(missing):
                    return False
                continue
            # Far above the base, ranges are on their way, which is quicker than block by block.
            near = top is None or top <= chain.base.height + FAR_BLOCKS
            if near and not self._on.ranges_flow():
                await self._fetch_block(lacking)
            if self._on.bodies.get(lacking) is None and chain.version(lacking) is None:
                await asyncio.sleep(pause)
                pause = min(2 * pause, MAX_RETRY_SECONDS)
        return True

    def _unexecuted(self, seal: bytes) -> tuple[list[Body], bytes | None]:
        """Bodies from a seal down to what is executed, newest first; and the seal whose body is not here."""
        missing: list[Body] = []
        while self._on.chain.version(seal) is None:
            body = self._on.bodies.get(seal)
            if body is None:
                return missing, seal
            missing.append(body)
            seal = body.sealed.seal.parent
            if body.sealed.seal.height <= self._on.chain.base.height:
                break
        return missing, None

    async def _execute_all(self, missing: list[Body]) -> bool:
        """Execute certified blocks, oldest last in the list; False if finality has overtaken them."""
        for body in reversed(missing):
            if body.sealed.seal.height <= self._on.chain.base.height:
                return False
            try:
                await self._on.chain.execute(body.sealed, await self._on.bodies.complete(body.sealed.hash))
            except (InvalidBlock, UnreadableBody) as error:
                raise FatalError(
                    "STATE_DIVERGED", f"a notarised ancestor does not execute here: {error}"
                ) from error
            except KeyError:
                return False
        return True

    async def request_block(self, seal: bytes) -> None:
        """The seal of a certified block, from here or from a peer."""
        body, block = self._on.bodies.get(seal), self._on.chain.executed(seal)
        sealed = block.sealed if block is not None else None if body is None else body.sealed
        if sealed is None:
            sealed = await self._fetch_block(seal)
        if sealed is not None:
            self._give(on.BlockReceived(sealed))

    async def _fetch_block(self, seal: bytes) -> SealedBytes | None:
        """A certified block from whoever has it, into the bodies; one round, one at a time for each seal."""
        if seal in self._requesting:
            return None
        self._requesting.add(seal)
        try:
            for party in self._peers():
                block = await self._on.bodies.fetch_block(seal, party)
                if block is None:
                    continue
                sealed = SealedBytes.parse(block.seal)
                certificate = sealed.seal.parent_certificate
                if certificate is not None and not self._check_certificate(certificate):
                    continue
                if sealed.seal.height > self._on.chain.base.height + FAR_BLOCKS or self._on.ranges_flow():
                    return sealed  # its body comes in a range, or is fetched again when it is of use
                hashes = tuple(entry_hash(entry) for entry in block.entries)
                records = await self._on.bodies.read(block.entries)
                self._on.bodies.add(Body(sealed, hashes, [party], records, view=self._core.view))
                return sealed
        finally:
            self._requesting.discard(seal)
        return None
