"""What a node is made of, and how the parts know each other. Its life is :mod:`accord_node.node`'s.

records:  http/gossip -> RecordReader -> Submissions -> Mempool -> Driver (builds, executes) -> Finaliser
votes:    PeerNetwork -> Epochs -> Driver -> core.step -> journal -> signed -> PeerNetwork
facts:    Finaliser -> Store -> listeners (Submissions, Cosigners, LedgerDirectory, Epochs, event streams)
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from accord_genesis.document import Genesis
from accord_ledger.block import Certificate, Members
from accord_ledger.consensus.config import Config as CoreConfig
from accord_ledger.consensus.evidence import Evidence
from accord_ledger.domain.model.party import NODES
from accord_ledger.errors import FatalError
from accord_ledger.execute import Executed, Version
from accord_ledger.keys import SigningKey
from accord_ledger.state import View
from accord_node.accusations import Accusations
from accord_node.answers import Answers
from accord_node.bodies import Bodies
from accord_node.chain import Chain, Limits
from accord_node.clock import ScriptedClock
from accord_node.config import Config
from accord_node.cosigning import Cosigners
from accord_node.directory import LedgerDirectory
from accord_node.disk import DirectoryDisk
from accord_node.doubt import resolve, suspect
from accord_node.driver import Driver
from accord_node.electorates import Electorates
from accord_node.epochs import Epochs
from accord_node.finaliser import Finaliser
from accord_node.journalwriter import JournalWriter
from accord_node.keptversions import KeptVersions
from accord_node.machine import Machine
from accord_node.mempool import Mempool
from accord_node.nodekeys import NodeKeys, check_node_keys
from accord_node.otherepochs import OtherEpochs
from accord_node.peer import PeerConfig, PeerNetwork, Topic
from accord_node.pending import PendingLog
from accord_node.publishing import Publisher
from accord_node.records import RecordReader
from accord_node.seams import Clock
from accord_node.services import Services
from accord_node.signatureprocess import SignatureProcesses
from accord_node.signatures import SignatureCache
from accord_node.standing import Standing
from accord_node.storage.handoffs import Handoffs
from accord_node.storage.store import Store
from accord_node.submissions import Submissions
from accord_node.sync import CatchUp
from accord_node.verifying import spare_cores
from accord_node.wal import Wal
from accord_node.workers import Workers

log = structlog.get_logger("node")


@dataclass(frozen=True, slots=True)
class Ground:
    """What the parts of a node stand on."""

    config: Config
    folder: Path
    """Paths in the configuration are relative to it."""
    genesis: Genesis
    keys: NodeKeys
    clock: Clock
    store: Store
    threads: dict[str, Workers]
    machine: Machine


class Parts(ABC):
    """The parts of one node, made in two steps: ``__init__`` without I/O but the journal's, then :meth:`_wire`."""

    directory: LedgerDirectory
    network: PeerNetwork
    epochs: Epochs
    standing: Standing
    accusations: Accusations
    finaliser: Finaliser
    cosigners: Cosigners
    submissions: Submissions
    catch_up: CatchUp

    def __init__(self, ground: Ground) -> None:
        self.config = config = ground.config
        self.party = config.party
        self.genesis = ground.genesis
        self.keys = ground.keys
        self.clock = ground.clock
        self._threads = threads = ground.threads
        self._machine = ground.machine
        self.store = store = ground.store
        self.checkers = self._checkers()
        self.cache = SignatureCache(
            config.work.signatures_remembered, None if self.checkers is None else self.checkers.check
        )
        self._folder = ground.folder
        data = ground.folder / config.data
        self.chain = Chain(ground.genesis.network, store.base, self.cache, threads["execute"])
        self.electorates = Electorates(self.chain, self.cache)
        self.mempool = Mempool(config.pool.capacity, config.pool.author_share, config.pool.max_bytes)
        self.reader = RecordReader(self.chain, self.cache, threads["signatures"])
        self._disks = (DirectoryDisk(data / "journal"), DirectoryDisk(data / "pending"))
        self.wal = Wal(self._disks[0], ground.machine.chance.randbytes(16))
        self._empty_journal = self.wal.created
        self._saying_doubt = asyncio.Lock()
        self.pending = PendingLog(self._disks[1])
        self.versions = KeptVersions(store.base)
        self.fatal: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()
        """Done when the node must stop, with the reason."""

    def _checkers(self) -> SignatureProcesses | None:
        """Processes beside the threads that read records; a simulation has no others."""
        work = self.config.work
        if not work.signature_processes or self._machine.net is not None:
            return None
        return SignatureProcesses(work.signature_threads, self.clock.monotonic)

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

    # -- what the life of the node gives the parts -------------------------------------------------

    @abstractmethod
    def stop_for(self, error: BaseException) -> None:
        """The node must stop, and why."""

    @abstractmethod
    def _spawn(self, work: Any) -> None:
        """Run a task whose failure stops the node."""

    @abstractmethod
    def _on_final(self, block: Executed, certificate: Certificate | None, version: Version) -> None:
        """A block is durable."""

    @abstractmethod
    async def _catch_up(self, certificate: Certificate, seal: bytes) -> None:
        """A final block is not here: fetch what is missing."""

    # -- wiring ------------------------------------------------------------------------------------

    async def _wire(self) -> None:
        """Make every part; nothing is sent or served yet.

        Raises:
            FatalError: the keys are not ours.
        """
        rows = await self.store.database.scan_state(NODES.prefix, NODES.prefix + b"\xff", 100_000)
        self.directory = LedgerDirectory(
            self.chain.base, [key[len(NODES.prefix) : -1].decode() for key, _ in rows]
        )
        self._check_keys()
        node = self.directory.node(self.party)
        log_key = self.keys.opening("log", node)
        self._wire_peers(self.keys.opening("link", node))
        bodies = Bodies(self.mempool, self.reader, self.network, self.directory.parties)
        self._wire_consensus(bodies)
        self._wire_finality(bodies, log_key)
        self._wire_clients(log_key)
        self._wire_answers(bodies)
        self._listen()

    def _check_keys(self) -> None:
        """The keys in our files are the ones the ledger knows, or new to it: a mix-up must not start."""
        node = self.directory.node(self.party)
        if node is None and not self.config.pin:
            raise FatalError("NODE_UNKNOWN", f"expected node keys of {self.party} on the ledger")
        for use in check_node_keys(self.keys, self.party, node, View(self.chain.base.state)):
            log.warning("the ledger here does not name our key yet", use=use, height=self.chain.base.height)

    def _wire_peers(self, link_key: SigningKey) -> None:
        config, machine = self.config, self._machine
        self.network = PeerNetwork(
            party=self.party,
            network=self.genesis.network,
            key=link_key,
            directory=self.directory,
            identity=machine.identity(self._folder / config.data / "tls"),
            rng=machine.chance,
            config=PeerConfig(links=tuple(config.peers.links) or None),
            net=machine.net,
        )

    def _wire_consensus(self, bodies: Bodies) -> None:
        self.epochs = Epochs(
            self._services(bodies),
            self.keys,
            CoreConfig(delta=self.config.consensus.delta_ms),
            others=OtherEpochs(
                network=self.network,
                handoffs=Handoffs(self.store.files.root),
                executor=self._threads["answers"],
                clock=self.clock,
                spawn=self._spawn,
            ),
            tip=lambda: self.finaliser.tip,
            reach=self._reach,
            say_doubt=self._say_doubt,
            spawn=self._spawn,
        )

    def _services(self, bodies: Bodies) -> Services:
        timing = self.config.consensus
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
            limits=Limits(timing.block_records, timing.block_bytes, timing.pace_ms / 1000),
            on_final=lambda certificate, seal: self.finaliser.finalised(certificate, seal),
            on_refused=lambda refused: self.submissions.on_refused(refused),
            on_accused=lambda evidence: self.accusations.accuse(evidence),
            on_fatal=self.stop_for,
            ranges_flow=lambda: self.catch_up.far,
        )

    def _wire_finality(self, bodies: Bodies, log_key: SigningKey) -> None:
        self.catch_up = CatchUp(
            self.chain,
            self.cache,
            self.network,
            self.electorates.check,
            self._threads["answers"],
            processes=0 if self._machine.net is not None else spare_cores(),  # a simulation has no others
        )
        self.finaliser = Finaliser(
            self.chain, self.store, bodies, catch_up=self._catch_up, on_fatal=self.stop_for
        )
        self.catch_up.finaliser = self.finaliser
        self.cosigners = Cosigners(
            party=self.party,
            origin=self.genesis.document.origin,
            witnesses=self.keys.held("witness"),
            log_key=log_key,
            network=self.network,
            clock=self.clock,
            on_published=Publisher(self.store, self._spawn).published,
        )

    def _wire_clients(self, log_key: SigningKey) -> None:
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
            behind=lambda: self.standing.behind,
        )
        self.accusations = Accusations(
            self._folder / self.config.data / "evidence",
            party=self.party,
            log_key=log_key,
            chain=self.chain,
            clock=self.clock,
            disk=self._threads["disk"],
            submit=lambda entries: self.submissions.submit(entries, wait=False, timeout=0),
            spawn=self._spawn,
            chance=self._machine.chance,
        )

    def _wire_answers(self, bodies: Bodies) -> None:
        self.standing = Standing(
            party=self.party,
            chain=self.chain,
            epochs=self.epochs,
            cosigners=self.cosigners,
            catch_up=self.catch_up,
            network=self.network,
            clock=self.clock,
            timing=self.config.consensus,
            spawn=self._spawn,
        )
        Answers(
            self.chain,
            bodies,
            self.store,
            self.finaliser,
            self.epochs,
            self.network,
            self._threads["answers"],
        ).serve()

    def _listen(self) -> None:
        """Who hears of durable blocks, in this order, and of what peers say."""
        if isinstance(self.clock, ScriptedClock):
            scripted = self.clock
            self.finaliser.listen(lambda _, __, version: scripted.follow(version.time))
        self.finaliser.listen(self.submissions.on_final)  # first whoever waits
        self.finaliser.listen(self._on_final)
        self.finaliser.listen(self.directory.on_final)
        self.finaliser.listen(self.epochs.on_final)
        gossip = self.network.gossip
        gossip.on_item(Topic.VOTE, self.epochs.on_vote)
        gossip.on_item(Topic.CERTIFICATE, self.epochs.on_certificate)
        gossip.on_item(Topic.PROPOSAL, self.epochs.on_proposal)
        gossip.on_item(Topic.COSIGNATURE, self.cosigners.on_cosignatures)
        gossip.on_item(Topic.TRANSACTIONS, self.submissions.intake.on_batch)
        gossip.on_status(self.standing.status, self.standing.on_status)
        gossip.pass_over(lambda: self.standing.behind)

    def _reach(self, members: Members) -> int:
        """How many of these members this node is to be linked to, as the peer network has it."""
        others = {item.party for item in members.members} - {self.party}
        if self.config.peers.links:
            return len(others.intersection(self.config.peers.links))
        if members.vote_key(self.party) is None:
            return min(len(others), PeerConfig().observer_links)
        return len(others) if len(others) <= PeerConfig().full_mesh else members.faults + 1

    async def _say_doubt(self, doubtful: bool) -> None:
        async with self._saying_doubt:  # in the order of the calls: the last word counts
            if doubtful:
                await suspect(self.store.database)
            else:
                await resolve(self.store.database, JournalWriter(self.wal, self._threads["journal"]))

    def release(self) -> None:
        """Close every file at once, as the end of the process would; nothing may use them any more."""
        self.store.release()
        for disk in self._disks:
            disk.close()
