"""A question's view of one snapshot of the database, which remembers everything that was read.

What was read can then be proved; what came from scans and indexes is handed on as the node's word.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from accord_client.api import Trusted
from accord_ledger.domain.context import Context
from accord_ledger.domain.questions.reading import Act, Reading
from accord_ledger.execute import Version
from accord_ledger.state import Table, View
from accord_node.readmodel import QUERY_SECONDS, QueryTooLongError, Snapshot
from accord_node.storage.tallies import SqlTallies

_LOOKS: Final = 512
"""Values read between two looks at the clock."""


class Values(Protocol):
    """State of one height: the newest, or an earlier one."""

    def value(self, key: bytes) -> bytes | None:
        """The value under a key, canonical bytes."""

    def rows(self, start: bytes, end: bytes, limit: int) -> dict[bytes, bytes]:
        """The first ``limit`` rows with start <= key < end, in key order."""


class SnapshotSource:
    """State values of a snapshot (``accord_ledger.state.Source``)."""

    def __init__(self, now: Values) -> None:
        self._now = now
        self._at_hand: dict[bytes, bytes] = {}
        self.read: dict[bytes, None] = {}
        """Every key that was asked for."""
        self._deadline = time.monotonic() + QUERY_SECONDS

    def take(self, values: Mapping[bytes, bytes]) -> None:
        """Values that a scan brought along."""
        self._at_hand.update(values)

    def _raw(self, key: bytes) -> bytes | None:
        self.read[key] = None
        if len(self.read) % _LOOKS == 0 and time.monotonic() > self._deadline:
            raise QueryTooLongError("QUERY_TOO_LONG", f"expected an answer within {QUERY_SECONDS} s")
        found = self._at_hand.get(key)
        return self._now.value(key) if found is None else found

    def load(self, table: Table[Any], key: bytes) -> Any | None:
        """See :class:`accord_ledger.state.Source`."""
        raw = self._raw(key)
        return None if raw is None else table.decode(raw)

    def has(self, key: bytes) -> bool:
        """See :class:`accord_ledger.state.Source`."""
        return self._raw(key) is not None


class SnapshotIndexes:
    """Scans and the log by subject, each answer kept."""

    def __init__(self, now: Values, tallies: SqlTallies, source: SnapshotSource) -> None:
        self._now = now
        self._tallies = tallies
        self._source = source
        self.scans: list[tuple[str, str, int, list[str]]] = []
        self.found: list[tuple[str, int | None, int, int, list[tuple[int, int, int, str, str, str]]]] = []
        self.entered: list[tuple[str, int, list[str]]] = []

    def keys(self, start: bytes, end: bytes, limit: int) -> Sequence[bytes]:
        """See ``Rows``."""
        rows = self._now.rows(start, end, limit)
        self._source.take(rows)
        self.scans.append((start.hex(), end.hex(), limit, [key.hex() for key in rows]))
        return list(rows)

    def acts(self, subject: bytes, position: int | None, since: int, limit: int) -> Sequence[Act]:
        """See ``Log``."""
        acts = self._tallies.acts(subject, position, since, limit)
        shown = [(act.index, act.height, act.time, act.kind, act.author, act.tx_id.hex()) for act in acts]
        self.found.append((subject.hex(), position, since, limit, shown))
        return acts

    def recognitions_of(self, enrolment: bytes, limit: int) -> Sequence[bytes]:
        """See ``Log``."""
        names = self._tallies.recognitions_of(enrolment, limit)
        self.entered.append((enrolment.hex(), limit, [name.hex() for name in names]))
        return names

    @property
    def trusted(self) -> Trusted:
        """All of it."""
        return Trusted(scans=self.scans, acts=self.found, recognitions=self.entered)


def reading_of(
    now: Snapshot, version: Version, network: bytes, *, at: int, after: bytes
) -> tuple[Reading, SnapshotSource, SnapshotIndexes]:
    """A reading of a snapshot, which shows this version."""
    source = SnapshotSource(now)
    indexes = SnapshotIndexes(now, now.tallies, source)
    ctx = Context(state=View(source), network=network, height=version.height, time=version.time)
    return Reading(ctx, indexes, indexes, now.tallies, at=at, after=after), source, indexes


def past_reading(now: Snapshot, network: bytes, *, height: int, time: int, after: bytes) -> Reading:
    """A reading of the ledger as it stood after an earlier block.

    Args:
        now: the snapshot; its node knows the state of that height.
        network: hash of the genesis document.
        height: of that block.
        time: the moment asked about (UTC seconds): the block's time or later, before the next block's.
        after: cursor of a listing.
    """
    past = now.past(height)
    source = SnapshotSource(past.state)
    indexes = SnapshotIndexes(past.state, past.tallies, source)
    ctx = Context(state=View(source), network=network, height=height, time=time)
    return Reading(ctx, indexes, indexes, past.tallies, after=after)
