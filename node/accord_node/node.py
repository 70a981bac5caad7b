"""One node, put together: storage, peers, consensus, submissions, checkpoints.

records:  http/gossip -> RecordReader -> Submissions -> Mempool -> Driver (builds, executes) -> Finaliser
votes:    PeerNetwork -> Driver -> core.step -> journal -> signed -> PeerNetwork
facts:    Finaliser -> Store -> listeners (Submissions, Cosigners, LedgerDirectory, event streams)
"""

from __future__ import annotations

import asyncio
import os
import random
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog

from accord_genesis.document import Genesis
from accord_ledger import codec
from accord_ledger.block import Certificate
from accord_ledger.checkpoint import Checkpoint
from accord_ledger.consensus import inputs as on
from accord_ledger.consensus import journal
from accord_ledger.consensus.config import Config as CoreConfig
from accord_ledger.consensus.core import Consensus
from accord_ledger.domain.model.party import NODES
from accord_ledger.errors import AccordError, FatalError
from accord_ledger.execute import Executed, Version
from accord_ledger.keys import SigningKey
from accord_node.answers import Answers
from accord_node.bodies import Bodies
from accord_node.chain import Chain, Limits
from accord_node.clock import ScriptedClock, ledger_clock
from accord_node.config import Config
from accord_node.cosigning import Cosigners
from accord_node.directory import LedgerDirectory
from accord_node.disk import DirectoryDisk
from accord_node.driver import Driver
from accord_node.finaliser import Finaliser
from accord_node.mempool import Mempool
from accord_node.messages import Request, Status, Tip
from accord_node.peer import PeerConfig, PeerNetwork, TlsIdentity, Topic
from accord_node.pending import PendingLog
from accord_node.records import RecordReader
from accord_node.seams import Clock
from accord_node.services import Services
from accord_node.signatures import SignatureCache
from accord_node.storage.store import Beginning, Store
from accord_node.submissions import Submissions
from accord_node.sync import CatchUp
from accord_node.wal import Wal
from accord_node.workers import Workers

log = structlog.get_logger("node")

TICK_SECONDS = 0.5
KEPT_VERSIONS = 64
"""Durable versions kept in memory, so that a proof can be given at the newest cosigned one."""
PUBLISH_SECONDS = 0.2
"""Static checkpoint files are written at most this often; the HTTP interface serves the newest at once."""
STALL_FACTOR = 20
"""Waiting work without finality for this many message delays (and 5 s) means: not making progress."""


@dataclass(frozen=True, slots=True)
class NodeKeys:
    """The node's own keys. An observer has neither vote nor witness."""

    link: SigningKey
    log: SigningKey
    vote: SigningKey | None = None
    witness: SigningKey | None = None
    status: Mapping[str, SigningKey] = field(default_factory=dict)
    """Keys with which institutions let this node sign their status lists, by party."""


class JournalWriter:
    """The vote journal behind a thread: a write returns once it is durable."""

    def __init__(self, wal: Wal, thread: Workers) -> None:
        self._wal = wal
        self._thread = thread

    async def write(self, records: tuple[journal.Record, ...]) -> None:
        """See ``accord_node.driver.Journal``."""
        await self._thread.run(lambda: self._wal.append(records))

    async def compact(self, epoch: int, view: int) -> None:
        """Drop segments that finality has passed."""
        await self._thread.run(lambda: self._wal.compact(epoch, view))


class Node:
    """A running node. Make it with :meth:`open`, then :meth:`start`; :meth:`close` ends everything."""

    def __init__(
        self,
        config: Config,
        folder: Path,
        genesis: Genesis,
        keys: NodeKeys,
        clock: Clock,
        store: Store,
        threads: dict[str, Workers],
    ) -> None:
        self.config = config
        self.party = config.party
        self.genesis = genesis
        self.keys = keys
        self.clock = clock
        self.store = store
        self.members = genesis.members
        self.cache = SignatureCache(config.work.signatures_remembered)
        self._threads = threads
        self._folder = folder
        data = folder / config.data
        self.chain = Chain(genesis.network, store.base, self.cache, threads["execute"])
        self.mempool = Mempool(config.pool.capacity, config.pool.author_share, config.pool.max_bytes)
        self.reader = RecordReader(self.chain, self.cache, threads["signatures"])
        self.directory: LedgerDirectory
        self.network: PeerNetwork
        self.driver: Driver
        self.finaliser: Finaliser
        self.cosigners: Cosigners
        self.submissions: Submissions
        self.catch_up: CatchUp
        self.wal = Wal(DirectoryDisk(data / "journal"), os.urandom(16))
        self.pending = PendingLog(DirectoryDisk(data / "pending"))
        self.versions: deque[Version] = deque([store.base], maxlen=KEPT_VERSIONS)
        """Durable versions, oldest first."""
        self.evidence: list[Any] = []
        """Proofs of misbehaviour seen since the start."""
        self.fatal: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()
        """Done when the node must stop, with the reason."""
        self._ticker: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._last_final = clock.monotonic()
        self._busy_since: float | None = None
        self._published: tuple[Checkpoint, bytes] | None = None
        self._publishing = False
        self._asking: set[str] = set()
        """Peers whose tip is being asked for: none of them can keep us from asking another."""
        self.peer_port = 0

    # -- life --------------------------------------------------------------------------------------

    @classmethod
    async def open(cls, config: Config, folder: Path, genesis: Genesis, keys: NodeKeys, clock: Clock) -> Node:
        """Open storage, verify it, and wire everything; nothing is sent or served yet.

        Raises:
            FatalError: storage or journal are damaged, or belong to another network.
        """
        threads = {
            "execute": Workers("execute"),
            "signatures": Workers("signatures", config.work.signature_threads),
            "disk": Workers("disk"),
            "answers": Workers("answers"),
            "journal": Workers("journal"),
        }
        beginning = Beginning(genesis.network, genesis.document.created, genesis.members, genesis.values)
        try:
            store = await Store.open(
                folder / config.data,
                beginning,
                threads["disk"],
                values_cached=config.work.state_values_cached,
            )
        except BaseException:
            for thread in threads.values():
                thread.close()
            raise
        try:
            clock = ledger_clock(genesis, clock, store.base.time)
            node = cls(config, folder, genesis, keys, clock, store, threads)
            await node._claim_journal()
            await node._wire()
        except BaseException:  # threads left running would keep a process alive that reported its end
            await store.close()
            for thread in threads.values():
                thread.close()
            raise
        return node

    async def _claim_journal(self) -> None:
        """The journal belongs to this database: another member's, copied in, must not be spoken from."""
        known = await self.store.database.meta("journal")
        if known is None:
            await self.store.database.set_meta("journal", self.wal.identity)
        elif known != self.wal.identity:
            raise FatalError(
                "JOURNAL_FOREIGN", f"expected vote journal {known.hex()}, got {self.wal.identity.hex()}"
            )

    async def _wire(self) -> None:
        config, genesis = self.config, self.genesis
        rows = await self.store.database.scan_state(NODES.prefix, NODES.prefix + b"\xff", 100_000)
        self.directory = LedgerDirectory(
            self.chain.base, [key[len(NODES.prefix) : -1].decode() for key, _ in rows]
        )
        self._check_keys()
        self.network = PeerNetwork(
            party=self.party,
            network=genesis.network,
            key=self.keys.link,
            directory=self.directory,
            identity=TlsIdentity.load_or_create(self._folder / config.data / "tls"),
            rng=random.SystemRandom(),
            config=PeerConfig(links=tuple(config.peers.links) or None),
        )
        bodies = Bodies(self.mempool, self.reader, self.network, self.directory.parties)
        self.driver = Driver(
            Consensus(
                genesis.network,
                self.members,
                self.party if self.keys.vote is not None else None,
                CoreConfig(delta=config.consensus.delta_ms),
            ),
            self._services(bodies),
        )
        self.catch_up = CatchUp(
            self.chain,
            self.reader,
            self.network,
            self.driver.hearing.check_certificate,
            self._threads["answers"],
        )
        self.finaliser = Finaliser(
            self.chain, self.store, bodies, catch_up=self._catch_up, on_fatal=self.stop_for
        )
        self.catch_up.finaliser = self.finaliser
        self.cosigners = Cosigners(
            party=self.party,
            origin=genesis.document.origin,
            members=self.members,
            witness=self.keys.witness,
            log_key=self.keys.log,
            network=self.network,
            clock=self.clock,
            on_published=self._on_published,
        )
        self.submissions = Submissions(
            party=self.party,
            log_key=self.keys.log,
            chain=self.chain,
            mempool=self.mempool,
            reader=self.reader,
            pending=self.pending,
            store=self.store,
            network=self.network,
            clock=self.clock,
            disk=self._threads["disk"],
            work_changed=self.driver.work_changed,
            on_fatal=self.stop_for,
        )
        if isinstance(self.clock, ScriptedClock):
            scripted = self.clock
            self.finaliser.listen(lambda _, __, version: scripted.follow(version.time))
        self.finaliser.listen(self._on_final)
        self.finaliser.listen(self.directory.on_final)
        self.finaliser.listen(self.submissions.on_final)
        answering = self._threads["answers"]
        Answers(self.chain, bodies, self.store, self.finaliser, self.driver, self.network, answering).serve()
        gossip = self.network.gossip
        gossip.on_item(Topic.VOTE, self.driver.hearing.on_vote)
        gossip.on_item(Topic.CERTIFICATE, self.driver.hearing.on_certificate)
        gossip.on_item(Topic.PROPOSAL, self.driver.hearing.on_proposal)
        gossip.on_item(Topic.COSIGNATURE, self.cosigners.on_cosignatures)
        gossip.on_item(Topic.TRANSACTIONS, self.submissions.intake.on_batch)
        gossip.on_status(self._status, self._on_status)

    def _services(self, bodies: Bodies) -> Services:
        return Services(
            party=self.party,
            network_hash=self.genesis.network,
            members=self.members,
            vote_key=self.keys.vote,
            chain=self.chain,
            mempool=self.mempool,
            bodies=bodies,
            reader=self.reader,
            cache=self.cache,
            network=self.network,
            journal=JournalWriter(self.wal, self._threads["journal"]),
            clock=self.clock,
            limits=Limits(
                self.config.consensus.block_records,
                self.config.consensus.block_bytes,
                self.config.consensus.pace_ms / 1000,
            ),
            on_final=lambda certificate, seal: self.finaliser.finalised(certificate, seal),
            on_refused=lambda refused: self.submissions.on_refused(refused),
            on_accused=self._on_accused,
            on_fatal=self.stop_for,
        )

    def _check_keys(self) -> None:
        """The keys in our files are the ones the ledger knows: a mix-up must not start."""
        node = self.directory.node(self.party)
        if node is None:
            raise FatalError("NODE_UNKNOWN", f"expected node keys of {self.party} on the ledger")
        pairs = [("link", self.keys.link.public, node.link), ("log", self.keys.log.public, (node.log,))]
        if self.keys.vote is not None:
            pairs.append(("vote", self.keys.vote.public, (node.vote,)))
        if self.keys.witness is not None:
            pairs.append(("witness", self.keys.witness.public, (node.witness,)))
        for name, ours, theirs in pairs:
            if ours not in theirs:
                raise FatalError(
                    "NODE_KEYS", f"expected the {name} key that the ledger knows for {self.party}"
                )

    async def start(self) -> None:
        """Listen, link, restore what the journal and the pending log hold, and take part."""
        taken = await self.submissions.restore(await self._threads["disk"].run(self.pending.open))
        self.finaliser.start()
        self.peer_port = await self.network.start(self.config.peers.host, self.config.peers.port)
        base = self.chain.base
        tip = None if base.height == 0 else await self._newest_certificate(base.height)
        self.finaliser.tip = tip
        finality = on.Finality(base.height, base.seal_hash, 0 if tip is None else tip.view, tip)
        records = self.wal.recovered()
        for note in self.wal.notes:
            log.warning("journal", note=note)
        self.driver.start(records, finality)
        self.driver.work_changed()
        if base.height:
            self.cosigners.advanced(base)
        self._tick()
        log.info("started", party=self.party, height=base.height, restored=taken, journal=len(records))

    async def _newest_certificate(self, height: int) -> Certificate | None:
        row = await self.store.database.block(height)
        return None if row is None else row.certificate

    async def close(self) -> None:
        """Stop taking part, finish what is being written, close everything."""
        if self._ticker is not None:
            self._ticker.cancel()
        await self.driver.close()
        await self.network.close()
        await self.finaliser.close()
        await self.submissions.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for thread in self._threads.values():
            thread.close()
        await self.store.close()
        log.info("stopped", party=self.party, height=self.chain.base.height)

    def stop_for(self, error: BaseException) -> None:
        """The node must stop: a contradiction, a full disk, a defect. Nothing more is voted or sent."""
        if not self.fatal.done():
            log.error(
                "stopping",
                code=getattr(error, "code", type(error).__name__),
                error=str(error),
                exc_info=error,
            )
            self.fatal.set_result(error)
            self.driver.stop()
            self.submissions.stop()
            self.cosigners.stop()

    # -- events ------------------------------------------------------------------------------------

    def _on_final(self, block: Executed, certificate: Certificate | None, version: Version) -> None:
        self._last_final = self.clock.monotonic()
        self.versions.append(version)
        self.driver.workshop.room_changed()
        if self.catch_up.target is None:
            self.cosigners.advanced(version)
        if certificate is not None and version.height % 64 == 0:
            self._spawn(self._compact(certificate.epoch, certificate.view))
        if block.sealed.seal.count < self.config.consensus.block_records // 2 and len(self.mempool):
            asyncio.get_running_loop().call_soon(self.submissions.recheck)

    async def _catch_up(self, certificate: Certificate, seal: bytes) -> None:
        """Fetch what is missing; of the blocks on the way only the last checkpoint is cosigned."""
        await self.catch_up.run(certificate, seal)
        self.cosigners.advanced(self.chain.base)

    async def _compact(self, epoch: int, view: int) -> None:
        await JournalWriter(self.wal, self._threads["journal"]).compact(epoch, view)

    def _on_accused(self, evidence: Any) -> None:
        log.warning("a member contradicted itself", evidence=repr(evidence)[:400])
        if len(self.evidence) < 1000:
            self.evidence.append(evidence)

    def _on_published(self, checkpoint: Checkpoint, note: bytes) -> None:
        self._published = (checkpoint, note)
        if not self._publishing:
            self._publishing = True
            self._spawn(self._publish())

    async def _publish(self) -> None:
        """Write static files for the newest checkpoint this node's files stand at; throttled."""
        await asyncio.sleep(PUBLISH_SECONDS)
        self._publishing = False
        if self._published is None:
            return
        checkpoint, note = self._published
        await self.store.publish(checkpoint.size, note)

    # -- status ------------------------------------------------------------------------------------

    def _status(self) -> bytes:
        newest = self.cosigners.newest
        return codec.encode(
            Status(
                epoch=self.members.epoch,
                height=self.chain.base.height,
                view=self.driver.view,
                cosigned=newest.size if newest is not None else 0,
            )
        )

    def _on_status(self, party: str, payload: bytes) -> None:
        status = codec.decode(payload, Status)
        if status.height > self.chain.base.height and party not in self._asking:
            self._asking.add(party)
            self._spawn(self._ask_tip(party))
        if status.epoch == self.members.epoch and status.view < self.driver.view:
            # It may have missed the certificate that ended its view; the core answers within its bounds.
            self.driver.give(on.CertificatesRequested(party, status.view, self.driver.view))
        if status.cosigned < self.chain.base.log.size and status.height >= self.chain.base.height:
            self.cosigners.repeat()

    async def _ask_tip(self, party: str) -> None:
        """A peer is ahead: its newest finalization brings us there."""
        try:
            answer = await self.network.request(party, Request.TIP, b"", timeout=2.0)
            certificate = codec.decode(answer, Tip).certificate
        except AccordError as error:
            log.debug("no tip from a peer", party=party, code=error.code)
            return
        finally:
            self._asking.discard(party)
        if certificate is None or certificate.kind != "finalize":
            return
        if not self.driver.hearing.check_certificate(certificate):
            self.network.punish(party)
            return
        self.driver.give(on.CertificateReceived(certificate))

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.stop_for(error)

    def _tick(self) -> None:
        """Housekeeping: heartbeat, expiry, repair."""
        self._ticker = asyncio.get_running_loop().call_later(TICK_SECONDS, self._tick)
        try:
            self._keep_house()
        except Exception as error:  # noqa: BLE001 - a defect here must stop the node, not be said twice a second
            self.stop_for(error)

    def _keep_house(self) -> None:
        if self.fatal.done():
            return
        self.submissions.tick()
        if self.clock.monotonic() - self._last_final >= self.config.consensus.heartbeat_seconds:
            self.driver.give(on.HeartbeatDue())
        if not len(self.mempool):
            self._busy_since = None
            return
        if self._busy_since is None:
            self._busy_since = self.clock.monotonic()
        elif self.clock.monotonic() - max(self._busy_since, self._last_final) > 2 * TICK_SECONDS:
            self.submissions.intake.regossip()

    # -- readiness ---------------------------------------------------------------------------------

    def readiness(self) -> tuple[bool, str]:
        """Whether this node makes progress, and if not, why."""
        if self.fatal.done():
            return False, f"stopping: {self.fatal.result()}"
        linked = self.network.linked()
        members = {member.party for member in self.members.members}
        present = len(members & (linked | {self.party}))
        if present < self.members.quorum:
            return False, f"linked to {present} of {len(members)} members, {self.members.quorum} are needed"
        if self.catch_up.target is not None:
            return False, f"catching up: {self.chain.base.height}, behind {self.catch_up.target}"
        silent = self.clock.monotonic() - self._last_final
        patience = max(5.0, STALL_FACTOR * self.config.consensus.delta_ms / 1000)
        if (
            self._busy_since is not None
            and self.clock.monotonic() - max(self._busy_since, self._last_final) > patience
        ):
            return False, f"work waits and nothing became final for {silent:.0f} s"
        if silent > 2 * self.config.consensus.heartbeat_seconds + patience:
            return (
                False,
                f"no block for {silent:.0f} s, expected one every {self.config.consensus.heartbeat_seconds} s",
            )
        return True, ""

    def on_final(self, listener: Callable[[Executed, Certificate | None, Version], None]) -> None:
        """Hear of every durable block, in order."""
        self.finaliser.listen(listener)
