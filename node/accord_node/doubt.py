"""Restart is not restore: what a member does when its vote journal may not be the newest (DESIGN.md 4).

A journal that was lost, put back or overtaken says nothing of votes cast since. Those were cast in views that
members still know of: a vote in view v needs a certificate of view v - 1, which n - f members made, so that
among any n - f of them an honest one has been in v - 1. With V the highest view that n - f others report, V + 1
bounds every old vote; who abstains until finality has passed it contradicts none.
"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Final

from accord_ledger.block import Members
from accord_ledger.consensus import journal
from accord_ledger.consensus.config import Config as CoreConfig
from accord_node.messages import Status
from accord_node.storage.database import Database
from accord_node.storage.durable import replace_file

FLAG: Final = "restored"
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


async def find_doubt(
    database: Database,
    token: Path | None,
    records: tuple[journal.Record, ...],
    *,
    created: bool,
    height: int,
    begun: int = 0,
) -> Doubt | None:
    """Whether the journal may not be the newest; said in the database until it is resolved.

    Args:
        database: of this node.
        token: file outside the data folder that changes with every start; None: there is none.
        records: what the journal held.
        created: the journal did not exist.
        height: of the newest durable block.
        begun: height at which the network began.
    """
    doubtful = created or await database.meta(FLAG) == b"\x01"
    if token is not None:
        known = await database.meta(TOKEN)
        found = token.read_bytes()[: TOKEN_BYTES + 1] if token.exists() else None
        doubtful = doubtful or found != known
        fresh_token = secrets.token_bytes(TOKEN_BYTES)
        if doubtful:
            await database.set_meta(FLAG, b"\x01")
        replace_file(token, fresh_token)
        await database.set_meta(TOKEN, fresh_token)
    if not doubtful:
        return None
    await database.set_meta(FLAG, b"\x01")
    voted = any(isinstance(record, journal.Voted | journal.Proposed) for record in records)
    return Doubt(fresh=height == begun and not voted, begun=begun)


async def resolve(database: Database) -> None:
    """The journal counts again."""
    await database.set_meta(FLAG, b"\x00")


async def suspect(database: Database) -> None:
    """A peer showed a vote of ours that the journal does not hold."""
    await database.set_meta(FLAG, b"\x01")
