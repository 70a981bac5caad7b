"""A node's data folder with a snapshot of it, and sources that lie or break off: for tests of joining.

donor = await make_donor(alliance, tmp_path, blocks=3, records=100)
await join(tmp_path / "new", alliance.genesis, donor.source())
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Self

from accord_client.audit.source import FolderSource, Unreachable
from accord_ledger.block import Certificate, Members, VoteKind, vote_message
from accord_ledger.domain.kinds.network import NodeKey, NodeKeysSet
from accord_ledger.domain.pipeline import SignatureChecker, prepare
from accord_ledger.execute import Executed, Execution, Version
from accord_ledger.keys import SigningKey, verifies
from accord_node.storage.snapshot import MANIFEST, Manifest, Piece, read_manifest
from accord_node.storage.snapshotting import make_snapshot
from accord_node.storage.store import Beginning, Store
from accord_node.workers import Workers
from node_network import Alliance, issue_entry, key, programme_entries


def beginning(alliance: Alliance) -> Beginning:
    """Where every replay of this alliance starts."""
    return Beginning.of(alliance.genesis)


def certificate(network: bytes, members: Members, seal: bytes, view: int, kind: VoteKind) -> Certificate:
    """A certificate of the first n - f members, whichever generation of vote keys the epoch names."""
    message = vote_message(network, kind, members.epoch, view, seal)
    signers = {item.public: item for party in _parties(members) for item in vote_keys(party)}
    votes = tuple(
        (party, signers[members.vote_key(party) or b""].sign(message))
        for party in sorted(_parties(members))[: members.quorum]
    )
    return Certificate(kind=kind, epoch=members.epoch, view=view, seal=seal, votes=votes)


def _parties(members: Members) -> list[str]:
    return [item.party for item in members.members]


def vote_keys(party: str) -> list[SigningKey]:
    """The vote key of genesis, and the one of :func:`new_keys`."""
    return [key(party, "vote"), key(party, "fresh", "vote")]


def new_keys(alliance: Alliance, party: str) -> bytes:
    """T43: the record that ends an epoch."""
    return alliance.entry("node_keys_set", party, fresh_node(alliance, party), "institution")


def fresh_node(alliance: Alliance, party: str) -> NodeKeysSet:
    """A node with other keys."""

    def made(use: str) -> NodeKey:
        fresh = key(party, "fresh", use)
        proof = fresh.prove_possession(alliance.genesis.network, party, use)
        return NodeKey(public=fresh.public, proof=proof)

    return NodeKeysSet(
        party=party, endpoint="wss://new.example", link=(made("link"),), vote=made("vote"), log=made("log"),
        witness=made("witness"),
    )  # fmt: skip


@dataclass
class Donor:
    """Whoever serves a snapshot."""

    alliance: Alliance
    data: Path
    root: bytes
    """Of the newest state."""

    @property
    def log(self) -> Path:
        return self.data / "log"

    @property
    def manifest(self) -> Manifest:
        return read_manifest((self.log / MANIFEST).read_bytes())

    def publish(self, manifest: Manifest) -> None:
        """Serve another manifest."""
        (self.log / MANIFEST).write_bytes(manifest.encode())

    def piece(self, data: bytes) -> Piece:
        """Serve another piece under its own hash."""
        found = Piece(hash=sha256(data).digest(), size=len(data))
        (self.log / found.path).write_bytes(data)
        return found

    def source(self) -> Broken:
        return Broken(self.log)


@dataclass
class Broken:
    """A folder read like any source; it can stop after so many files, and counts what is asked."""

    folder: Path
    after: int = 1 << 30
    asked: list[str] = field(default_factory=list)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    async def read(self, path: str, limit: int) -> bytes:
        if len(self.asked) >= self.after:
            raise Unreachable(f"{path}: the connection was cut")
        self.asked.append(path)
        return await FolderSource(self.folder).read(path, limit)


class Growing:
    """A store that gets final blocks, with every certificate real.

    Args:
        checker: judges signatures of records.
        seconds: block time from block to block.
    """

    def __init__(
        self, alliance: Alliance, store: Store, *, checker: SignatureChecker = verifies, seconds: int = 1
    ) -> None:
        self._checker = checker
        self._seconds = seconds
        self.alliance = alliance
        self.store = store
        self._final: Certificate | None = None

    async def block(self, entries: list[bytes]) -> Executed:
        network, base = self.alliance.genesis.network, self.store.base
        execution = Execution(network, base, base.time + self._seconds, self._checker)
        for entry in entries:
            execution.add(prepare(entry))
        view = 1 if base.ends_epoch else base.height + 1
        done = execution.close(proposer="p0", view=view, parent_certificate=self._parent(base))
        final = certificate(network, base.members, done.sealed.hash, view, "finalize")
        if done.version.ends_epoch:
            await self.store.hand_over(network, base.members, done, final)
        await self.store.write(done, final)
        self.store.adopt(done)
        self._final = final
        return done

    def _parent(self, base: Version) -> Certificate | None:
        if self._final is None or base.ends_epoch:
            return self._final
        network = self.alliance.genesis.network
        return certificate(network, base.members, base.seal_hash, self._final.view, "notarize")


async def make_donor(
    alliance: Alliance,
    folder: Path,
    *,
    blocks: int = 3,
    records: int = 100,
    change: Callable[[int], bool] = lambda number: False,
) -> Donor:
    """A data folder with a programme, ``blocks`` blocks of issuances, and a snapshot of it.

    Args:
        change: whether a block ends its epoch; p0, p1 ... get their new keys in turn.
    """
    workers = Workers("donor")
    store = await Store.open(folder / "data", beginning(alliance), workers)
    try:
        growing = Growing(alliance, store)
        await growing.block(programme_entries(alliance, "p0", "prog"))
        changed = 0
        for number in range(blocks):
            entries = [issue_entry(alliance, "p0", "prog", number * records + at) for at in range(records)]
            if change(number):
                entries.append(new_keys(alliance, f"p{changed}"))
                changed += 1
            await growing.block(entries)
        root = store.base.map.root
    finally:
        await store.close()
        workers.close()
    make_snapshot(folder / "data", folder / "data" / "log")
    return Donor(alliance, folder / "data", root)
