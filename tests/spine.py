"""Parts of one node on a real store and a real peer mesh, without the rest: for tests of single parts."""

from __future__ import annotations

import errno
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accord_ledger.block import Certificate, SealedBytes, VoteKind, vote_message
from accord_ledger.domain.pipeline import Prepared, prepare
from accord_ledger.execute import Executed, Execution, Version
from accord_node.bodies import Bodies
from accord_node.chain import Chain
from accord_node.disk import DirectoryDisk
from accord_node.finaliser import Finaliser
from accord_node.mempool import Mempool
from accord_node.pending import PendingLog
from accord_node.records import RecordReader
from accord_node.seams import Disk
from accord_node.signatures import SignatureCache
from accord_node.storage.store import Beginning, Store
from accord_node.submissions import Submissions
from accord_node.sync import CatchUp
from accord_node.workers import Workers
from node_network import Alliance, key
from peer_mesh import Mesh


class FullDisk(DirectoryDisk):
    """A disk on which so many more bytes fit."""

    room = 10_000

    def append(self, name: str, data: bytes) -> None:
        super().append(name, data[: self.room])
        self.room -= len(data)
        if self.room < 0:
            raise OSError(errno.ENOSPC, "no space left on device")


class HandClock:
    """A clock the test moves."""

    def __init__(self) -> None:
        self.time = int(time.time())
        self.ticks = 1000.0

    def now(self) -> int:
        return self.time

    def monotonic(self) -> float:
        return self.ticks


def finalization(alliance: Alliance, seal: bytes, view: int, kind: VoteKind = "finalize") -> Certificate:
    """A certificate by three of the four members."""
    network = alliance.genesis.network
    message = vote_message(network, kind, 0, view, seal)
    votes = tuple((party, key(party, "vote").sign(message)) for party in ("p0", "p1", "p2"))
    return Certificate(kind=kind, epoch=0, view=view, seal=seal, votes=votes)


@dataclass
class Spine:
    """One party's parts."""

    party: str
    alliance: Alliance
    store: Store
    mesh: Mesh
    workers: Workers
    clock: HandClock
    pending_disk: Disk

    def __post_init__(self) -> None:
        self.cache = SignatureCache()
        self.chain = Chain(self.alliance.genesis.network, self.store.base, self.cache, self.workers)
        self.reader = RecordReader(self.chain, self.cache, self.workers)
        self.mempool = Mempool()
        self.network = self.mesh.nodes[self.party].network
        self.bodies = Bodies(self.mempool, self.reader, self.network, self.mesh.book.parties)
        self.pending = PendingLog(self.pending_disk)
        self.fatal: list[BaseException] = []
        self.submissions = Submissions(
            party=self.party, log_key=key(self.party, "log"), chain=self.chain, mempool=self.mempool,
            reader=self.reader, pending=self.pending, store=self.store, network=self.network, clock=self.clock,
            disk=self.workers, work_changed=lambda: None, on_fatal=self.fatal.append,
        )  # fmt: skip
        self.catch_up = CatchUp(self.chain, self.cache, self.network, self.certifies, self.workers)
        self.finaliser = Finaliser(
            self.chain, self.store, self.bodies, catch_up=self.catch_up.run, on_fatal=self.fatal.append
        )
        self.catch_up.finaliser = self.finaliser
        self.finaliser.listen(self.submissions.on_final)

    @classmethod
    async def open(cls, alliance: Alliance, folder: Path, mesh: Mesh, party: str, **options: Any) -> Spine:
        workers = Workers(f"spine-{party}")
        store = await Store.open(folder / party / "data", Beginning.of(alliance.genesis), workers)
        disk = options.get("pending_disk") or DirectoryDisk(folder / party / "pending")
        return cls(party, alliance, store, mesh, workers, options.get("clock") or HandClock(), disk)

    async def close(self) -> None:
        await self.finaliser.close()
        await self.submissions.close()
        self.workers.close()
        await self.store.close()

    def certifies(self, certificate: Certificate) -> bool:
        """Whether it is one that :func:`finalization` makes."""
        return certificate == finalization(
            self.alliance, certificate.seal, certificate.view, certificate.kind
        )

    def block(
        self, entries: list[bytes], *, parent: Version | None = None, certificate: Certificate | None = None,
        view: int = 0, time: int = 0,
    ) -> Executed:  # fmt: skip
        """A block of these records on ``parent`` (the base), executed but not given to the chain."""
        parent = parent or self.chain.base
        execution = Execution(self.alliance.genesis.network, parent, max(time, parent.time + 1), self.cache)
        for entry in entries:
            execution.add(prepare(entry))
        if certificate is None and parent.height:
            certificate = finalization(self.alliance, parent.seal_hash, parent.height, "notarize")
        return execution.close(proposer="p0", view=view or parent.height + 1, parent_certificate=certificate)

    async def execute(self, block: Executed) -> Executed:
        return await self.chain.execute(block.sealed, block.prepared)

    async def grow(self, entries: list[bytes], *, certified: bool = True) -> SealedBytes:
        """Make a block of these records final and durable."""
        done = await self.execute(self.block(entries))
        view = done.sealed.seal.view
        certificate = finalization(self.alliance, done.sealed.hash, view) if certified else None
        await self.finaliser.commit(done, certificate)
        return done.sealed


def prepared(*entries: bytes) -> list[Prepared]:
    return [prepare(entry) for entry in entries]
