"""What the ledger said before: values that a block replaced, so that any question can be asked of any height.

State holds how things are. A question about an earlier moment runs unchanged over the state as it was, which is
this table laid over the newest one: ``past`` holds, for each key a block changed, what stood there until then.

    as of height h:   the row of the key with the least ``until`` above h; without one, the state of now

Only tables that questions read are kept (:data:`KEPT`). What ordinary issuances write is not: a batch never
changes and says itself which block issued it. Rows are written in the transaction that commits the block, are
never changed, and follow from the log alone. A node that joined from a snapshot has them from there on.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import msgspec

from accord_ledger.domain.kinds.refusal import REFUSALS
from accord_ledger.domain.model.account import ENROLMENTS, RECOGNITIONS, REVIEWS
from accord_ledger.domain.model.agreement import (
    AGREEMENT_MEMBERS,
    AGREEMENT_TERMS,
    AGREEMENT_VERSIONS,
    AGREEMENTS,
    DEPARTURES,
    RECEIVER_AGREEMENTS,
)
from accord_ledger.domain.model.award import AWARD_REVIEWS, AWARDS
from accord_ledger.domain.model.credential import BATCHES, CREDENTIALS, STANDING_PAGES
from accord_ledger.domain.model.framework import (
    BANK_PROFILES,
    FRAMEWORK_HEADS,
    FRAMEWORKS,
    LEVEL_MAPS,
    LIST_HEADS,
    LISTS,
    PROFILE_HEADS,
    PROFILES,
)
from accord_ledger.domain.model.hours import HOURS
from accord_ledger.domain.model.parameters import PARAMETERS
from accord_ledger.domain.model.party import KEYS, PARTIES
from accord_ledger.domain.model.programme import (
    AGENCY_REGISTRIES,
    GRANTS,
    OFFERINGS,
    PARTY_GRANTS,
    PROGRAMME_GRANTS,
    PROGRAMME_HEADS,
    PROGRAMME_STATUS_ARCHIVE,
    PROGRAMMES,
    REGISTRY_ENTRIES,
    TRANSLATIONS,
)
from accord_ledger.domain.model.quality import FEEDBACK, QUALITY_REPORTS, QUALITY_YEARS
from accord_ledger.domain.model.rule_set import RULE_SETS, SET_PROGRAMMES, SET_RULES
from accord_ledger.domain.model.use import BENEFIT_CLAIMS, BENEFIT_RULES
from accord_ledger.state import Table

SCHEMA: Final = """
-- what stood under a key of state up to the block before ``until``; NULL: nothing
CREATE TABLE IF NOT EXISTS past (
    key BLOB NOT NULL, until INTEGER NOT NULL, value BLOB, PRIMARY KEY (key, until)
) WITHOUT ROWID;
"""

KEPT: Final[tuple[Table[Any], ...]] = (
    AGENCY_REGISTRIES, AGREEMENTS, AGREEMENT_MEMBERS, AGREEMENT_TERMS, AGREEMENT_VERSIONS, AWARDS, AWARD_REVIEWS,
    BANK_PROFILES, BENEFIT_CLAIMS, BENEFIT_RULES, CREDENTIALS, DEPARTURES, ENROLMENTS, FEEDBACK, FRAMEWORKS,
    FRAMEWORK_HEADS, GRANTS, HOURS, KEYS, LEVEL_MAPS, LISTS, LIST_HEADS, OFFERINGS, PARAMETERS, PARTIES,
    PARTY_GRANTS, PROFILES, PROFILE_HEADS, PROGRAMMES, PROGRAMME_GRANTS, PROGRAMME_HEADS,
    PROGRAMME_STATUS_ARCHIVE, QUALITY_REPORTS, QUALITY_YEARS, RECEIVER_AGREEMENTS, RECOGNITIONS, REFUSALS,
    REGISTRY_ENTRIES, REVIEWS, RULE_SETS, SET_PROGRAMMES, SET_RULES, STANDING_PAGES, TRANSLATIONS,
)  # fmt: skip
"""Tables whose past is kept: those that questions read."""


class _Issued(msgspec.Struct, gc=False):
    issued_height: int


class _Entered(msgspec.Struct, gc=False):
    height: int


_issued: Final = msgspec.msgpack.Decoder(_Issued)
_entered: Final = msgspec.msgpack.Decoder(_Entered)

_BORN: Final[Mapping[bytes, Callable[[bytes], int]]] = {
    BATCHES.prefix: lambda raw: _issued.decode(raw).issued_height,
    RECOGNITIONS.prefix: lambda raw: _entered.decode(raw).height,
}
"""Tables whose values say which block made them, so that no row has to say that there was nothing before."""

_KEPT: Final = frozenset(table.prefix for table in KEPT)


def _prefix(key: bytes) -> bytes:
    return key[: key.find(b"/") + 1]


def kept_keys(changes: Mapping[bytes, bytes | None]) -> Iterator[tuple[bytes, list[bytes]]]:
    """Of what a block wrote, in key order, the keys of each table whose past is kept; looks at no others.

    A block of issuances costs a few steps, however many there are.
    """
    keys = tuple(changes)
    at = 0
    while at < len(keys):
        prefix = _prefix(keys[at])
        end = bisect_left(keys, prefix[:-1] + b"0", at)  # "0" comes next after "/"
        if prefix in _KEPT:
            yield prefix, list(keys[at:end])
        at = end


def write_past(db: sqlite3.Connection, changes: Mapping[bytes, bytes | None], height: int) -> None:
    """Keep what stands under the keys a block is about to write.

    Args:
        db: inside the transaction that commits the block, before its state is written.
        changes: of the block, in key order.
        height: of the block.
    """
    for prefix, keys in kept_keys(changes):
        rows = [(key, height) for key in keys]
        if prefix in _BORN:
            db.executemany("INSERT INTO past SELECT ?1, ?2, value FROM state WHERE key = ?1", rows)
        else:
            db.executemany("INSERT INTO past VALUES (?1, ?2, (SELECT value FROM state WHERE key = ?1))", rows)


class PastState:
    """State values as the blocks up to a height made them, out of one snapshot of the database."""

    def __init__(self, db: sqlite3.Connection, height: int) -> None:
        self._db = db
        self._height = height

    def value(self, key: bytes) -> bytes | None:
        """The value under a key, canonical bytes; None if there was none.

        Raises:
            LookupError: the past of this table is not kept: a question reads what is not in :data:`KEPT`.
        """
        prefix = _prefix(key)
        born = _BORN.get(prefix)
        if prefix not in _KEPT and born is None:
            raise LookupError(f"the past of {prefix.decode(errors='replace')} is not kept")
        row = self._db.execute(
            "SELECT value FROM past WHERE key = ? AND until > ? ORDER BY until LIMIT 1", (key, self._height)
        ).fetchone()
        if row is None:
            row = self._db.execute("SELECT value FROM state WHERE key = ?", (key,)).fetchone()
        raw = None if row is None or row[0] is None else bytes(row[0])
        return None if raw is None or (born is not None and born(raw) > self._height) else raw

    def rows(self, start: bytes, end: bytes, limit: int) -> dict[bytes, bytes]:
        """The first ``limit`` rows with start <= key < end, in key order.

        Raises:
            LookupError: as :meth:`value`, and for a table whose rows say themselves when they were made.
        """
        prefix = _prefix(start)
        if prefix not in _KEPT or prefix in _BORN:
            raise LookupError(f"the past of {prefix.decode(errors='replace')} is not listed")
        # SQLite: beside MIN(), bare columns are those of the row that has the minimum
        rows = self._db.execute(
            "WITH old AS (SELECT key, value, MIN(until) FROM past WHERE key >= ?1 AND key < ?2 AND until > ?3"
            " GROUP BY key)"
            " SELECT key, value FROM old WHERE value IS NOT NULL"
            " UNION ALL SELECT s.key, s.value FROM state s WHERE s.key >= ?1 AND s.key < ?2"
            " AND NOT EXISTS (SELECT 1 FROM past p WHERE p.key = s.key AND p.until > ?3)"
            " ORDER BY 1 LIMIT ?4",
            (start, end, self._height, limit),
        )
        return {bytes(key): bytes(value) for key, value in rows}
