"""Everything durable of one node, opened and checked together."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Self

from accord_genesis.continuation import Continuation
from accord_genesis.document import Genesis
from accord_ledger.authmap.map import AuthMap
from accord_ledger.block import Certificate, Members, SealedBytes, is_seal
from accord_ledger.domain.epochs import newest
from accord_ledger.errors import FatalError
from accord_ledger.execute import Executed, Version
from accord_ledger.handoff import make_handoff
from accord_ledger.state import View
from accord_node.storage.database import CACHE_MIB, Connect, Database, Floor, open_connection
from accord_node.storage.durable import make_directory
from accord_node.storage.handoffs import Handoffs
from accord_node.storage.intents import Intents
from accord_node.storage.logfiles import LogFiles
from accord_node.storage.recent import recent_transactions
from accord_node.storage.settling import RUN
from accord_node.storage.source import DurableState
from accord_node.stretch import Stretch
from accord_node.workers import Executor


@dataclass(frozen=True, slots=True)
class Beginning:
    """What genesis gives: where every replay starts."""

    network: bytes
    time: int
    members: Members
    values: Mapping[bytes, bytes]
    """State at height 0, canonical; in a network that continues another, what differs from that one's last."""
    continues: Continuation | None = None
    """What this network goes on from: its data are made of that network's (``accord_node.joining``)."""

    @classmethod
    def of(cls, genesis: Genesis) -> Beginning:
        """What this document says."""
        document = genesis.document
        return cls(genesis.network, document.created, genesis.members, genesis.values, document.continues)


class Store:
    """Log files, database and the state behind the rules."""

    def __init__(self, files: LogFiles, database: Database, source: DurableState, executor: Executor) -> None:
        self.files = files
        self.database = database
        self.source = source
        self._executor = executor
        self._intents = Intents(files.root.parent)
        self.base: Version

    @classmethod
    async def open(
        cls,
        directory: Path,
        beginning: Beginning,
        executor: Executor,
        *,
        values_cached: int = 100_000,
        cache_mib: int = CACHE_MIB,
        settle_rows: int = RUN,
        connect: Connect = open_connection,
    ) -> Self:
        """Open, verify against itself, and cut off what a crash left beyond the floor.

        Args:
            directory: made if it does not exist.
            beginning: what genesis gives.
            executor: runs what reads and writes files.
            values_cached: decoded state values kept in memory.
            cache_mib: pages of the database kept in memory at most, MiB.
            settle_rows: rows with random keys gathered before they are written in order.
            connect: see :meth:`Database.open`.

        Raises:
            FatalError: ``LOG_CORRUPT``, ``DATABASE_*`` or ``STATE_CORRUPT``, naming what differs.
        """
        make_directory(directory)
        files = LogFiles(directory / "log")
        database = await Database.open(
            directory / "state.sqlite",
            beginning.network,
            connect,
            cache_mib=cache_mib,
            settle_rows=settle_rows,
        )
        try:
            return await cls._load(directory, beginning, executor, files, database, values_cached)
        except BaseException:
            files.close()
            await database.close()
            raise

    @classmethod
    async def _load(
        cls,
        directory: Path,
        beginning: Beginning,
        executor: Executor,
        files: LogFiles,
        database: Database,
        values_cached: int,
    ) -> Self:
        floor = await database.floor()
        if floor is None:
            if any(True for _ in files.beyond(0)):
                raise FatalError("DATABASE_MISSING", f"expected the database that belongs to {files.root}")
            if beginning.continues is not None:
                raise FatalError(
                    "RECOVERY_UNCARRIED",
                    f"expected the ledger of the network that is continued in {directory}",
                )
            await database.write_genesis(beginning.values, beginning.network)
            floor = Floor(0, 0, beginning.network)
        _check_not_behind(files, floor, Intents(directory))
        frontier = await executor.run(lambda: files.open(floor.log_size))
        state = await executor.run(lambda: _map_of(database.path))
        begun, carried = _begun(beginning)
        if floor.height > begun:
            seal = _newest_seal(files, floor).seal
            time, expected = seal.time, seal.state_root
        else:
            time, expected = beginning.time, _check_beginning(files, floor, beginning)
        if state.root != expected:
            raise FatalError(
                "STATE_CORRUPT",
                f"expected state root {expected.hex()} in {database.path}, got {state.root.hex()}",
            )
        await executor.run(files.mend)  # the entries are what the newest seal says
        source = DurableState(database.path, state, capacity=values_cached)
        store = cls(files, database, source, executor)
        epoch = newest(View(source))
        store.base = Version(
            height=floor.height,
            seal_hash=floor.seal_hash,
            time=time,
            members=epoch.members,
            log=frontier,
            map=state,
            state=source,
            recent=await executor.run(lambda: recent_transactions(files, floor.log_size, time)),
            protocol=epoch.version,
            epoch_first=epoch.first,
            begun=begun,
            carried=carried,
        )
        return store

    async def write(self, block: Executed, certificate: Certificate | None) -> None:
        """Make one final block durable: log files first, then the database."""
        entries = [*block.entries, block.sealed.entry]
        leaves = [*(item.record.leaf_hash for item in block.prepared), block.sealed.leaf_hash]
        self.source.leaving(key for key, value in block.changes.items() if value is None)
        await self.database.commit(block, certificate, before=lambda: self.files.append(entries, leaves))

    async def write_all(self, stretch: Stretch, certificate: Certificate | None) -> None:
        """Make consecutive final blocks durable together: log files first, then the database, all or none.

        Args:
            stretch: the blocks, executed on the base.
            certificate: finalization of the last of them.
        """
        blocks, begin, end = stretch.blocks, self.files.size, stretch.version.log.size
        entries = [entry for block in blocks for entry in (*block.entries, block.sealed.entry)]
        leaves = [
            leaf
            for block in blocks
            for leaf in (*[item.record.leaf_hash for item in block.prepared], block.sealed.leaf_hash)
        ]

        def append() -> None:
            if len(blocks) > 1:
                self._intents.note(begin, end)
            self.files.append(entries, leaves)

        await self._executor.run(append)
        self.source.leaving(key for key, value in stretch.layer.values.items() if value is None)
        await self.database.commit_all(blocks, certificate)

    async def hand_over(
        self, network: bytes, members: Members, block: Executed, finalization: Certificate | None
    ) -> None:
        """Keep the hand-off of a block that ends its epoch; before it is written.

        Args:
            network: hash of the genesis document.
            members: of the epoch that ends.
            block: its last.
            finalization: of that very block.

        Raises:
            FatalError: ``HANDOFF_BAD``: none, or one that does not verify.
        """
        if finalization is None:
            raise FatalError(
                "HANDOFF_BAD", f"expected the finalization of block {block.version.height}, got none"
            )
        epoch = newest(View(block.version.state))
        handoff = make_handoff(block.sealed, finalization, block.version.map, epoch)
        await self._executor.run(lambda: Handoffs(self.files.root).write(network, members, handoff))

    def adopt(self, block: Executed) -> Version:
        """The version after a block just written, reading durable state; nothing may execute meanwhile."""
        state = block.version.state
        self.source.advance(block.version.map, dict(state.items()) if isinstance(state, View) else {})
        block.version.recent.flatten_into(self.base.recent, block.version.time)
        self.base = replace(block.version, state=self.source, recent=self.base.recent)
        return self.base

    def adopt_all(self, stretch: Stretch) -> list[Version]:
        """The versions after blocks just written together, oldest first; nothing may execute meanwhile."""
        self.source.advance(stretch.version.map, stretch.layer.values)
        stretch.recent.flatten_into(self.base.recent, stretch.version.time)
        recent = self.base.recent
        versions = [replace(block.version, state=self.source, recent=recent) for block in stretch.blocks]
        self.base = versions[-1]
        return versions

    async def publish(self, size: int, checkpoint: bytes) -> None:
        """Write the static files of a checkpoint of this log size."""
        await self._executor.run(lambda: self.files.publish(size, checkpoint))

    async def close(self) -> None:
        """Close everything."""
        self.release()
        await self.database.close()

    def release(self) -> None:
        """Close everything but the writer's connection, at once."""
        self.source.close()
        self.files.close()


def _map_of(path: Path) -> AuthMap:
    """The map of every row of state; rows stream by, since together they are several times as large."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return AuthMap.build(connection.execute("SELECT key, value FROM state"))


def _begun(beginning: Beginning) -> tuple[int, int]:
    """Height at which the network begins, and records that its log held then."""
    continues = beginning.continues
    if continues is None:
        return 0, 0
    return continues.prefix.height, continues.entries - continues.prefix.height


def _check_beginning(files: LogFiles, floor: Floor, beginning: Beginning) -> bytes:
    """The state root a network begins with, after judging the log it begins with."""
    continues = beginning.continues
    if continues is None:
        return AuthMap.build(beginning.values.items()).root
    prefix = continues.prefix
    wanted = (prefix.height, continues.entries, beginning.network)
    if (floor.height, floor.log_size, floor.seal_hash) != wanted:
        raise FatalError(
            "RECOVERY_END",
            f"expected block {prefix.height} and {continues.entries} entries, got block {floor.height} and "
            f"{floor.log_size} entries",
        )
    _newest_seal(files, replace(floor, seal_hash=prefix.seal))
    return continues.begins


def _check_not_behind(files: LogFiles, floor: Floor, intents: Intents) -> None:
    """A crash leaves in the files what the database does not know of: one block, or those being written together.

    More means that the database lost commits it had made durable; cutting the files off would destroy
    the only copy of them here.
    """
    intended = intents.end_of(floor.log_size) - floor.log_size
    if sum(1 for _ in islice(files.beyond(floor.log_size), intended + 1)) <= intended:
        return
    if len(list(islice(filter(is_seal, files.beyond(floor.log_size)), 2))) > 1:
        raise FatalError(
            "DATABASE_BEHIND",
            f"expected at most one block in {files.root} above height {floor.height} of the database",
        )


def _newest_seal(files: LogFiles, floor: Floor) -> SealedBytes:
    """The seal of the floor, which commits to everything before it: a flipped bit anywhere shows here."""
    entry = files.entries(floor.log_size - 1, 1)[0]
    if not is_seal(entry):
        raise FatalError("LOG_CORRUPT", f"expected a seal as entry {floor.log_size - 1}")
    sealed = SealedBytes.parse(entry)
    if sealed.hash != floor.seal_hash:
        raise FatalError("LOG_CORRUPT", f"expected seal {floor.seal_hash.hex()}, got {sealed.hash.hex()}")
    if files.root_before_last != sealed.seal.log_root:
        raise FatalError(
            "LOG_CORRUPT",
            f"expected log root {sealed.seal.log_root.hex()} in {files.root}, got {files.root_before_last.hex()}",
        )
    return sealed
