"""Votes of ours that the vote journal accounts for, so that one it does not hold is noticed wherever it turns up.

The core compares what it hears inside its window of views. A node that catches up meets older certificates, in
the seals it fetches; they name their signers too. A vote of ours among them that this journal does not hold was
cast with another: ours was lost, or our keys are used elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from accord_ledger.block import Certificate
from accord_ledger.consensus import journal

Place = tuple[int, int]
"""(epoch, view)."""
NOWHERE: Final[Place] = (-1, -1)
"""Before every view."""


class Journal(Protocol):
    """See ``accord_node.services.Journal``."""

    async def write(self, records: tuple[journal.Record, ...]) -> None:
        """Append in one batch; returns once durable."""


class OwnVotes:
    """Stands before the journal and remembers the votes that are written to it.

    Bounded by :meth:`forget_before`, called with every durable block: no certificate met later is older.
    """

    def __init__(self, below: Journal) -> None:
        """Args: the journal."""
        self._journal = below
        self._held: set[tuple[int, int, str, bytes]] = set()
        """Epoch, view, kind and seal."""
        self._accounts_after = NOWHERE

    def restore(self, records: Sequence[journal.Record], after: Place) -> None:
        """Begin with what the journal held.

        Args:
            records: all of them.
            after: up to this place it may have dropped some, or never have held them.
        """
        self._note(records)
        self._accounts_after = after

    async def write(self, records: tuple[journal.Record, ...]) -> None:
        """See :class:`Journal`."""
        self._note(records)
        await self._journal.write(records)

    def _note(self, records: Sequence[journal.Record]) -> None:
        self._held.update(
            (item.epoch, item.view, item.kind, item.seal)
            for item in records
            if isinstance(item, journal.Voted)
        )

    def accounts_after(self, place: Place) -> None:
        """The journal was in doubt, and counts; of votes up to this place it says nothing."""
        self._accounts_after = place

    def forget_before(self, place: Place) -> None:
        """Finality has passed these views."""
        self._held = {held for held in self._held if held[:2] >= place}

    def lacks(self, certificate: Certificate, party: str) -> bool:
        """Whether a certificate holds a vote of this party, which is ours, that the journal should hold and does not."""
        vote = (certificate.epoch, certificate.view, certificate.kind, certificate.seal)
        return (
            vote[:2] > self._accounts_after
            and vote not in self._held
            and any(member == party for member, _ in certificate.votes)
        )
