"""Restart is not restore: what a member does when its vote journal may not be the newest (DESIGN.md 4).

A journal that was lost, put back or overtaken says nothing of votes cast since. Those were cast in views that
members still know of: a vote in view v needs a certificate of view v - 1, which n - f members made, so that
among any n - f of them an honest one has been in v - 1. With V the highest view that n - f others report, V + 1
bounds every old vote; who abstains until finality has passed it contradicts none.

Whether there is doubt stands in the database, next to the identity of the journal it is about, and both are
written in one step. So wherever a start dies, the next one doubts a journal that the database does not know, or
of which it does not say that it counts:

    the database names | the journal      | this is
    this journal       | holds records    | the pair we left; what the database says of doubt counts
    this journal       | holds none       | one that never counted: doubt
    another            | holds none       | made anew, now or by a start that died: taken on, in doubt
    another            | holds records    | copied in from elsewhere: JOURNAL_FOREIGN
    none               | whatever it is   | a database made anew. Whether the journal was in doubt was said in the
                       |                  | one before it: taken on, in doubt

A journal that begins to count gets an empty batch first, so that it holds a record from then on. A *first* start
is told from all of this by the keys (:mod:`accord_node.firststart`): they have never signed, so that an empty
journal is the newest, whatever the database says.
"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Final

from accord_ledger.block import Members
from accord_ledger.consensus import journal
from accord_ledger.consensus.config import Config as CoreConfig
from accord_ledger.errors import FatalError
from accord_node.journalwriter import JournalWriter
from accord_node.messages import Status
from accord_node.storage.database import Database
from accord_node.storage.durable import replace_file

FLAG: Final = "restored"
_IN_DOUBT: Final = b"\x01"
_COUNTS: Final = b"\x00"
JOURNAL: Final = "journal"
TOKEN: Final = "token"  # noqa: S105 - the name of a row
TOKEN_BYTES: Final = 16
AHEAD: Final = CoreConfig().ahead
BEGINNING: Final = -1
"""The bound where nothing was ever final: a network begins, and nobody has anything to contradict."""


class Doubt:
    """Whether, and through which view, this node must abstain; until that is known it follows.

    Attributes:
        fresh: neither journal nor ledger hold anything; it may be that the network only begins.
    """

    def __init__(self, *, fresh: bool, begun: int = 0) -> None:
        self.fresh = fresh
        self._begun = begun
        self._reports: dict[str, tuple[int, int]] = {}
        """Epoch and view by member, as each said since this node started."""

    def note(self, party: str, status: Status, members: Members) -> None:
        """A peer says where it stands; only members count."""
        if members.vote_key(party) is None:
            return
        self._reports[party] = max(self._reports.get(party, (0, 0)), (status.epoch, status.view))
        self.fresh = self.fresh and status.height <= self._begun

    def bound(self, members: Members, party: str, reach: int) -> int | None:
        """V + 1 of the running epoch, ``BEGINNING``, or None while too few members have said anything.

        Args:
            members: of the running epoch.
            party: ours; what it says of itself does not count.
            reach: how many members this node is to be linked to. Where that is fewer than n - f, all of
                them must have spoken, and the bound lies a whole window of views higher.
        """
        names = {item.party for item in members.members} - {party}
        others = [report for name, report in self._reports.items() if name in names]
        if self.fresh:
            ours = int(members.vote_key(party) is not None)
            return BEGINNING if len(others) + ours >= min(members.quorum, reach + ours) else None
        views = [view for epoch, view in others if epoch == members.epoch]
        if len(views) < max(1, min(members.quorum, reach)):
            return None
        return max(views) + (1 if len(views) >= members.quorum else AHEAD)


async def claim_journal(database: Database, identity: bytes, *, empty: bool) -> None:
    """Tie journal and database to each other; a journal that the database did not know is in doubt.

    Args:
        database: of this node.
        identity: of the journal that is here.
        empty: nothing was ever written to it.

    Raises:
        FatalError: ``JOURNAL_FOREIGN``: it holds records and belongs to another database. From another
            member's, copied in, we must not speak.
    """
    known = await database.meta(JOURNAL)
    if known == identity:
        return
    if known is not None and not empty:
        raise FatalError("JOURNAL_FOREIGN", f"expected vote journal {known.hex()}, got {identity.hex()}")
    await database.set_metas({JOURNAL: identity, FLAG: _IN_DOUBT})


async def find_doubt(
    database: Database,
    token: Path | None,
    records: tuple[journal.Record, ...],
    *,
    empty: bool,
    height: int,
    begun: int = 0,
) -> Doubt | None:
    """Whether the journal may not be the newest; said in the database until it is resolved.

    Args:
        database: of this node, tied to the journal by :func:`claim_journal`.
        token: file outside the data folder that changes with every start; None: there is none.
        records: what the journal held.
        empty: nothing was ever written to the journal.
        height: of the newest durable block.
        begun: height at which the network began.
    """
    doubtful = empty or await database.meta(FLAG) != _COUNTS
    if token is not None:
        known = await database.meta(TOKEN)
        found = token.read_bytes()[: TOKEN_BYTES + 1] if token.exists() else None
        doubtful = doubtful or found != known
        fresh_token = secrets.token_bytes(TOKEN_BYTES)
        if doubtful:
            await database.set_meta(FLAG, _IN_DOUBT)
        replace_file(token, fresh_token)
        await database.set_meta(TOKEN, fresh_token)
    if not doubtful:
        return None
    await database.set_meta(FLAG, _IN_DOUBT)
    voted = any(isinstance(record, journal.Voted | journal.Proposed) for record in records)
    return Doubt(fresh=height == begun and not voted, begun=begun)


async def resolve(database: Database, writer: JournalWriter) -> None:
    """The journal counts from now on, whatever it held."""
    await writer.write(())
    await database.set_meta(FLAG, _COUNTS)


async def suspect(database: Database) -> None:
    """A peer showed a vote of ours that the journal does not hold."""
    await database.set_meta(FLAG, _IN_DOUBT)
