"""One node, put together: storage, peers, consensus, submissions, checkpoints.

records:  http/gossip -> RecordReader -> Submissions -> Mempool -> Driver (builds, executes) -> Finaliser
votes:    PeerNetwork -> Epochs -> Driver -> core.step -> journal -> signed -> PeerNetwork
facts:    Finaliser -> Store -> listeners (Submissions, Cosigners, LedgerDirectory, Epochs, event streams)
"""

from __future__ import annotations

import asyncio
import os
import random
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import structlog

from accord_genesis.document import Genesis
from accord_ledger.block import Certificate, Members, check_version
from accord_ledger.consensus import inputs as on
from accord_ledger.consensus.config import Config as CoreConfig
from accord_ledger.consensus.evidence import Evidence
from accord_ledger.domain.model.party import NODES
from accord_ledger.errors import FatalError
from accord_ledger.execute import Executed, Version
from accord_ledger.state import View
from accord_node.accusations import Accusations
from accord_node.answers import Answers
from accord_node.bodies import Bodies
from accord_node.chain import Chain, Limits
from accord_node.clock import ScriptedClock, ledger_clock
from accord_node.config import Config
from accord_node.cosigning import Cosigners
from accord_node.directory import LedgerDirectory
from accord_node.disk import DirectoryDisk
from accord_node.doubt import find_doubt, resolve, suspect
from accord_node.driver import Driver
from accord_node.electorates import Electorates
from accord_node.epochs import Epochs
from accord_node.finaliser import Finaliser
from accord_node.journalwriter import JournalWriter
from accord_node.mempool import Mempool
from accord_node.nodekeys import NodeKeys, check_node_keys
from accord_node.otherepochs import OtherEpochs
from accord_node.peer import PeerConfig, PeerNetwork, TlsIdentity, Topic
from accord_node.pending import PendingLog
from accord_node.publishing import Publisher
from accord_node.records import RecordReader
from accord_node.seams import Clock
from accord_node.services import Services
from accord_node.signatures import SignatureCache
from accord_node.standing import Standing
from accord_node.storage.handoffs import Handoffs
from accord_node.storage.store import Beginning, Store
from accord_node.submissions import Submissions
from accord_node.sync import CatchUp
from accord_node.wal import Wal
from accord_node.workers import Workers

__all__ = ["Node", "NodeKeys"]

log = structlog.get_logger("node")

TICK_SECONDS = 0.5
KEPT_VERSIONS = 64
"""Durable versions kept in memory, so that a proof can be given at the newest cosigned one."""


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
        self.cache = SignatureCache(config.work.signatures_remembered)
        self._threads = threads
        self._folder = folder
        data = folder / config.data
        self.chain = Chain(genesis.network, store.base, self.cache, threads["execute"])
        self.electorates = Electorates(self.chain, self.cache)
        self.mempool = Mempool(config.pool.capacity, config.pool.author_share, config.pool.max_bytes)
        self.reader = RecordReader(self.chain, self.cache, threads["signatures"])
        self.directory: LedgerDirectory
        self.network: PeerNetwork
        self.epochs: Epochs
        self.standing: Standing
        self.accusations: Accusations
        self.finaliser: Finaliser
        self.cosigners: Cosigners
        self.submissions: Submissions
        self.catch_up: CatchUp
        self.wal = Wal(DirectoryDisk(data / "journal"), os.urandom(16))
        self._new_journal = self.wal.created
        self.pending = PendingLog(DirectoryDisk(data / "pending"))
        self.versions: deque[Version] = deque([store.base], maxlen=KEPT_VERSIONS)
        """Durable versions, oldest first."""
        self.fatal: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()
        """Done when the node must stop, with the reason."""
        self._ticker: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.peer_port = 0

    @property
    def driver(self) -> Driver:
        """Consensus of the running epoch."""
        return self.epochs.driver

    @property
    def members(self) -> Members:
        """Who votes in the running epoch."""
        return self.epochs.members

    @property
    def evidence(self) -> list[Evidence]:
        """Contradictions of members that this node saw, in this run or an earlier one."""
        return self.accusations.items

    # -- life --------------------------------------------------------------------------------------

    @classmethod
    async def open(cls, config: Config, folder: Path, genesis: Genesis, keys: NodeKeys, clock: Clock) -> Node:
        """Open storage, verify it, and wire everything; nothing is sent or served yet.

        Raises:
            FatalError: storage or journal are damaged, or belong to another network; the keys are not
                ours; or ``VERSION_UNKNOWN``: this program cannot execute what follows.
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
            check_version(store.base.protocol, store.base.epoch_first)
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
        """The journal belongs to this database: another member's, copied in, must not be spoken from.

        One that had to be made anew is taken on, in doubt (``accord_node.doubt``).
        """
        known = await self.store.database.meta("journal")
        if known is None or self._new_journal:
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
        node, answering = self.directory.node(self.party), self._threads["answers"]
        log_key = self.keys.opening("log", node)
        self.network = PeerNetwork(
            party=self.party,
            network=genesis.network,
            key=self.keys.opening("link", node),
            directory=self.directory,
            identity=TlsIdentity.load_or_create(self._folder / config.data / "tls"),
            rng=random.SystemRandom(),
            config=PeerConfig(links=tuple(config.peers.links) or None),
        )
        bodies = Bodies(self.mempool, self.reader, self.network, self.directory.parties)
        self.epochs = Epochs(
            self._services(bodies),
            self.keys,
            CoreConfig(delta=config.consensus.delta_ms),
            others=OtherEpochs(
                network=self.network,
                handoffs=Handoffs(self.store.files.root),
                executor=answering,
                clock=self.clock,
                spawn=self._spawn,
            ),
            tip=lambda: self.finaliser.tip,
            reach=self._reach,
            say_doubt=self._say_doubt,
            spawn=self._spawn,
        )
        self.catch_up = CatchUp(self.chain, self.reader, self.network, self.electorates.check, answering)
        self.finaliser = Finaliser(
            self.chain, self.store, bodies, catch_up=self._catch_up, on_fatal=self.stop_for
        )
        self.catch_up.finaliser = self.finaliser
        self.cosigners = Cosigners(
            party=self.party,
            origin=genesis.document.origin,
            witnesses=self.keys.held("witness"),
            log_key=log_key,
            network=self.network,
            clock=self.clock,
            on_published=Publisher(self.store, self._spawn).published,
        )
        self.submissions = Submissions(
            party=self.party,
            log_key=log_key,
            chain=self.chain,
            mempool=self.mempool,
            reader=self.reader,
            pending=self.pending,
            store=self.store,
            network=self.network,
            clock=self.clock,
            disk=self._threads["disk"],
            work_changed=self.epochs.work_changed,
            on_fatal=self.stop_for,
        )
        self.accusations = Accusations(
            self._folder / config.data / "evidence",
            party=self.party,
            log_key=log_key,
            chain=self.chain,
            clock=self.clock,
            disk=self._threads["disk"],
            submit=lambda entries: self.submissions.submit(entries, wait=False, timeout=0),
            spawn=self._spawn,
        )
        self.standing = Standing(
            party=self.party,
            chain=self.chain,
            epochs=self.epochs,
            cosigners=self.cosigners,
            catch_up=self.catch_up,
            network=self.network,
            clock=self.clock,
            timing=config.consensus,
            spawn=self._spawn,
        )
        Answers(self.chain, bodies, self.store, self.finaliser, self.epochs, self.network, answering).serve()
        self._listen()

    def _listen(self) -> None:
        """Who hears of durable blocks, in this order, and of what peers say."""
        if isinstance(self.clock, ScriptedClock):
            scripted = self.clock
            self.finaliser.listen(lambda _, __, version: scripted.follow(version.time))
        self.finaliser.listen(self._on_final)
        self.finaliser.listen(self.directory.on_final)
        self.finaliser.listen(self.submissions.on_final)
        self.finaliser.listen(self.epochs.on_final)
        gossip = self.network.gossip
        gossip.on_item(Topic.VOTE, self.epochs.on_vote)
        gossip.on_item(Topic.CERTIFICATE, self.epochs.on_certificate)
        gossip.on_item(Topic.PROPOSAL, self.epochs.on_proposal)
        gossip.on_item(Topic.COSIGNATURE, self.cosigners.on_cosignatures)
        gossip.on_item(Topic.TRANSACTIONS, self.submissions.intake.on_batch)
        gossip.on_status(self.standing.status, self.standing.on_status)

    def _reach(self, members: Members) -> int:
        """How many of these members this node is to be linked to, as the peer network has it."""
        others = {item.party for item in members.members} - {self.party}
        if self.config.peers.links:
            return len(others.intersection(self.config.peers.links))
        if members.vote_key(self.party) is None:
            return min(len(others), PeerConfig().observer_links)
        return len(others) if len(others) <= PeerConfig().full_mesh else members.faults + 1

    async def _say_doubt(self, doubtful: bool) -> None:
        await (suspect if doubtful else resolve)(self.store.database)

    def _services(self, bodies: Bodies) -> Services:
        return Services(
            party=self.party,
            network_hash=self.genesis.network,
            members=self.chain.base.members,
            vote_key=None,
            electorates=self.electorates,
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
            on_accused=lambda evidence: self.accusations.accuse(evidence),
            on_fatal=self.stop_for,
        )

    def _check_keys(self) -> None:
        """The keys in our files are the ones the ledger knows, or new to it: a mix-up must not start."""
        node = self.directory.node(self.party)
        if node is None and not self.config.pin:
            raise FatalError("NODE_UNKNOWN", f"expected node keys of {self.party} on the ledger")
        for use in check_node_keys(self.keys, self.party, node, View(self.chain.base.state)):
            log.warning("the ledger here does not name our key yet", use=use, height=self.chain.base.height)

    async def start(self) -> None:
        """Listen, link, restore what the journal and the pending log hold, and take part."""
        taken = await self.submissions.restore(await self._threads["disk"].run(self.pending.open))
        self.finaliser.start()
        self.peer_port = await self.network.start(self.config.peers.host, self.config.peers.port)
        base = self.chain.base
        self.finaliser.tip = None if base.height == 0 else await self._newest_certificate(base.height)
        await self._threads["disk"].run(self.accusations.open)
        for note in self.wal.notes:
            log.warning("journal", note=note)
        records = self.wal.recovered()
        token = self._folder / self.config.token if self.config.token else None
        doubt = await find_doubt(
            self.store.database, token, records, created=self._new_journal, height=base.height
        )
        self.epochs.begin(records, doubt)
        if base.height:
            self.cosigners.advanced(base, self.electorates.sealed(base))
        self._tick()
        log.info("started", party=self.party, height=base.height, restored=taken, journal=len(records))

    async def _newest_certificate(self, height: int) -> Certificate | None:
        row = await self.store.database.block(height)
        return None if row is None else row.certificate

    async def close(self) -> None:
        """Stop taking part, finish what is being written, close everything."""
        if self._ticker is not None:
            self._ticker.cancel()
        await self.epochs.close()
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
            self.epochs.stop()
            self.submissions.stop()
            self.cosigners.stop()

    # -- events ------------------------------------------------------------------------------------

    def _on_final(self, block: Executed, certificate: Certificate | None, version: Version) -> None:
        self.standing.last_final = self.clock.monotonic()
        self.versions.append(version)
        self.driver.workshop.room_changed()
        if self.catch_up.target is None:
            self.cosigners.advanced(version, self.electorates.sealed(version))
        if certificate is not None and version.height % 64 == 0:
            self._spawn(self._compact(certificate.epoch, certificate.view))
        if block.sealed.seal.count < self.config.consensus.block_records // 2 and len(self.mempool):
            asyncio.get_running_loop().call_soon(self.submissions.recheck)

    async def _catch_up(self, certificate: Certificate, seal: bytes) -> None:
        """Fetch what is missing; of the blocks on the way only the last checkpoint is cosigned."""
        await self.catch_up.run(certificate, seal)
        self.cosigners.advanced(self.chain.base, self.electorates.sealed(self.chain.base))

    async def _compact(self, epoch: int, view: int) -> None:
        await JournalWriter(self.wal, self._threads["journal"]).compact(epoch, view)

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
        self.accusations.tick()
        standing, now = self.standing, self.clock.monotonic()
        if now - standing.last_final >= self.config.consensus.heartbeat_seconds:
            self.driver.give(on.HeartbeatDue())
        if not len(self.mempool):
            standing.busy_since = None
        elif standing.busy_since is None:
            standing.busy_since = now
        elif now - max(standing.busy_since, standing.last_final) > 2 * TICK_SECONDS:
            self.submissions.intake.regossip()

    # -- readiness ---------------------------------------------------------------------------------

    def readiness(self) -> tuple[bool, str]:
        """Whether this node makes progress, and if not, why."""
        if self.fatal.done():
            return False, f"stopping: {self.fatal.result()}"
        return self.standing.readiness()

    def on_final(self, listener: Callable[[Executed, Certificate | None, Version], None]) -> None:
        """Hear of every durable block, in order."""
        self.finaliser.listen(listener)
