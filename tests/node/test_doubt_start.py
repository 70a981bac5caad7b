"""Where a start may die: the next one doubts a journal of which nobody can say that it counts."""

from __future__ import annotations

import math
import secrets
import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import aiosqlite
import pytest

from accord_ledger.block import NO_SEAL
from accord_ledger.consensus.journal import Voted
from accord_ledger.errors import FatalError
from accord_node.doubt import FLAG, JOURNAL, Doubt, claim_journal, find_doubt, resolve, suspect
from accord_node.journalwriter import JournalWriter
from accord_node.seams import Disk
from accord_node.simulate.disk import SimulatedDisk
from accord_node.storage.database import Database
from accord_node.wal import Wal
from accord_node.workers import Workers

NETWORK = bytes(32)
VOTE = Voted(epoch=0, view=1, kind="nullify", seal=NO_SEAL)


class DiedError(Exception):
    """The host died before this statement."""


class Mortal(aiosqlite.Connection):
    """A connection of a host that dies before one of the next statements."""

    left: float = math.inf

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if self.left <= 0:
            raise DiedError
        self.left -= 1
        return await super()._execute(fn, *args, **kwargs)  # type: ignore[no-untyped-call]


class Host:
    """A database and a journal on disks that outlive a start."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "state.sqlite"
        self.disk: Disk = SimulatedDisk()
        self.connection: Mortal

    async def _connect(self, path: Path) -> aiosqlite.Connection:
        self.connection = Mortal(partial(sqlite3.connect, path, isolation_level=None), 64)
        return await self.connection

    async def open(self) -> Database:
        return await Database.open(self.file, NETWORK, self._connect)

    async def start(self, *, dies_after: float = math.inf, votes: bool = False) -> Doubt | None:
        """As a node does up to where it may vote, and whether it doubts; resolved unless it dies."""
        wal, database = Wal(self.disk, secrets.token_bytes(16)), await self.open()
        thread = Workers("journal")
        try:
            self.connection.left = dies_after
            await claim_journal(database, wal.identity, empty=wal.created)
            doubt = await find_doubt(database, None, wal.recovered(), empty=wal.created, height=9)
            if doubt is not None:
                await resolve(database, JournalWriter(wal, thread))
            if votes:
                wal.append([VOTE])
        finally:
            self.connection.left = math.inf
            await database.close()
            thread.close()
        return doubt

    def lose_journal(self) -> None:
        self.disk = SimulatedDisk()

    def lose_database(self) -> None:
        for path in self.file.parent.glob("state.sqlite*"):
            path.unlink()


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


async def test_a_journal_that_counts_resumes_though_nothing_was_voted(host: Host) -> None:
    assert await host.start() is not None
    assert await host.start() is None
    await host.start(votes=True)
    assert await host.start() is None


@pytest.mark.parametrize("lost", [Host.lose_journal, Host.lose_database])
async def test_what_was_lost_is_doubted(host: Host, lost: Callable[[Host], None]) -> None:
    await host.start(votes=True)
    lost(host)
    assert await host.start() is not None


@pytest.mark.parametrize("lost", [None, Host.lose_journal, Host.lose_database])
async def test_wherever_a_start_dies_the_next_one_doubts(
    host: Host, lost: Callable[[Host], None] | None
) -> None:
    """All of its steps, from the journal's creation on: one more survives each time."""
    for steps in range(40):
        if lost is not None:
            await host.start(votes=True)
            lost(host)
        try:
            doubted = await host.start(dies_after=steps)
        except DiedError:
            assert await host.start() is not None
            host.lose_journal()
            host.lose_database()
            continue
        assert doubted is not None
        break
    assert 3 < steps < 39


async def test_identity_and_doubt_are_written_in_one_step(host: Host) -> None:
    steps, done = 0, False
    while not done:
        await host.start(votes=True)
        claimed, flag, done = await claimed_after(host, steps)
        assert not claimed or flag == b"\x01"
        steps += 1
    assert claimed
    assert steps > 1


async def claimed_after(host: Host, steps: int) -> tuple[bool, bytes | None, bool]:
    """Whether the database names a fresh journal, what it says of doubt, and whether so many statements were enough."""
    database, fresh, done = await host.open(), secrets.token_bytes(16), True
    host.connection.left = steps
    try:
        await claim_journal(database, fresh, empty=True)
    except DiedError:
        done = False
    try:
        host.connection.left = math.inf
        return await database.meta(JOURNAL) == fresh, await database.meta(FLAG), done
    finally:
        await database.close()


async def test_an_empty_journal_of_a_start_that_died_is_taken_on_and_another_members_is_not(
    host: Host, tmp_path: Path
) -> None:
    await host.start(votes=True)
    host.lose_journal()
    Wal(host.disk, b"of a dead start.")
    assert await host.start() is not None
    (tmp_path / "other").mkdir()
    other = Host(tmp_path / "other")
    await other.start(votes=True)
    host.disk = other.disk
    with pytest.raises(FatalError, match="JOURNAL_FOREIGN"):
        await host.start()


async def test_doubt_once_suspected_outlives_the_start(host: Host) -> None:
    await host.start(votes=True)
    database = await host.open()
    await suspect(database)
    await database.close()
    assert await host.start() is not None
