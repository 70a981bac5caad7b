"""A piece of a log read by itself: form and hashes of its entries, and the signatures whose keys are known.

The work that needs no state, which is the larger part of what an audit costs. Either it is done here
(:func:`read_piece`), or another process of this program does it (:func:`look`) and hands back hashes and
verdicts, with which the entries are opened again here for a fifth of that (:func:`reopen`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from accord_client.audit.signers import Job, Signers
from accord_ledger.blockreader import Item, Malformed, leaf_hash, read_again, read_entries
from accord_ledger.domain.pipeline import Prepared
from accord_ledger.keys import verifies

_HASH: Final = 32


class Piece(NamedTuple):
    """Entries that follow one another, read and not judged."""

    items: list[Item]
    good: list[Job]
    """Signatures that verify; others may too."""

    @property
    def leaf_hashes(self) -> list[bytes]:
        """RFC 6962 leaf hashes of the entries."""
        return [leaf_hash(item) for item in self.items]


class Look(NamedTuple):
    """What another process found in a piece whose entries all have good form: columns, in order."""

    entry_hashes: bytes
    """Of the records, like the next two: 32 bytes each."""
    leaf_hashes: bytes
    tx_ids: bytes
    verdicts: bytes
    """One byte for each of :meth:`Signers.signatures`, 1 where it verifies."""


def read_piece(entries: Sequence[bytes], signers: Signers) -> Piece:
    """All of it here."""
    items = read_entries(entries)
    return Piece(items, [job for job in signers.signatures(items) if job is not None and verifies(*job)])


def look(entries: Sequence[bytes], signers: Signers) -> Look | None:
    """All of it, for another process; None if an entry has no good form: it will say itself which, and why."""
    items = read_entries(entries)
    if any(isinstance(item, Malformed) for item in items):
        return None
    records = [item.record for item in items if isinstance(item, Prepared)]
    return Look(
        entry_hashes=b"".join([record.entry_hash for record in records]),
        leaf_hashes=b"".join([record.leaf_hash for record in records]),
        tx_ids=b"".join([record.tx_id for record in records]),
        verdicts=bytes([job is not None and verifies(*job) for job in signers.signatures(items)]),
    )


def reopen(entries: Sequence[bytes], seen: Look, signers: Signers) -> Piece:
    """What :func:`read_piece` gives, by what another process saw in these entries."""
    columns = (_column(seen.entry_hashes), _column(seen.leaf_hashes), _column(seen.tx_ids))
    items = read_again(entries, *columns)
    judged = zip(signers.signatures(items), seen.verdicts, strict=True)
    return Piece(items, [job for job, good in judged if good and job is not None])


def _column(hashes: bytes) -> list[bytes]:
    """Hashes that stand one after another."""
    return [hashes[at : at + _HASH] for at in range(0, len(hashes), _HASH)]
