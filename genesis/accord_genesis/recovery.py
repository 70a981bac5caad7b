"""Making the genesis of a network that carries on one whose quorum is lost for good (DESIGN.md section 5).

    recover      one of those who remain   the old state at its last final block, seats, reason -> a document
    sign         everybody named in it     as in any ceremony (:func:`countersign`)
    carry_on     audits                    the old ledger's last version -> the new one's first
    competing    anybody                   two recoveries of one network, and who signed both

The document is a function of what goes in: whoever runs the same recovery on the same block gets the same
network hash, and so can check it. Nothing here reads files, clock or terminal; the old state comes in as a map
and a source, wherever they were built from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from accord_genesis.acts import in_order
from accord_genesis.ceremony import DetachedSignature, document_of
from accord_genesis.continuation import (
    Carried,
    CarriedRow,
    Continuation,
    Layered,
    check_final,
    check_same_end,
)
from accord_genesis.document import (
    Document,
    Genesis,
    SignedDocument,
    check_signature,
    execute,
    named_parties,
    open_genesis,
    open_unfinished,
    sign_document,
    signed_parties,
)
from accord_genesis.presets import Named
from accord_ledger import codec
from accord_ledger.authmap.map import AuthMap
from accord_ledger.block import Certificate, SealedBytes
from accord_ledger.domain.epochs import newest
from accord_ledger.domain.kinds.network import NodeKeysSet
from accord_ledger.domain.kinds.recovery import RecoveryDeclare
from accord_ledger.domain.kinds.seat import SeatGrant
from accord_ledger.domain.model.epoch import Prefix
from accord_ledger.errors import ProofError
from accord_ledger.execute import RecentTransactions, Version
from accord_ledger.handoff import Handoff
from accord_ledger.keys import SigningKey
from accord_ledger.state import Source, Table, View


@dataclass(frozen=True, slots=True)
class Plan:
    """What those who remain agree on."""

    name: str
    """Name of the alliance, for people."""
    origin: str
    """Of the new log; another than the old one's."""
    created: int
    """Ledger time at which the new network begins, UTC seconds; not before the old network's last block."""
    reason: str
    """Why, for people; about institutions, never about a person."""
    seats: tuple[str, ...]
    """Parties that vote, all known to the old ledger."""
    nodes: tuple[NodeKeysSet, ...] = ()
    """Nodes with other keys or another address; whoever is not here keeps what the old ledger says."""


@dataclass(frozen=True, slots=True)
class OldNetwork:
    """The network that lost its quorum, at its last final block."""

    file: bytes
    """Its genesis file."""
    handoffs: tuple[Handoff, ...]
    """The end of each epoch before that of the block."""
    seal: bytes
    """Canonical seal of the block."""
    finalization: Certificate
    """Of that very seal."""
    map: AuthMap
    """State after it."""
    state: Source
    """The same state by key; it is believed as far as the map proves it."""


def recover(plan: Plan, old: OldNetwork) -> bytes:
    """The genesis file that carries the old network on, before anybody signed.

    Raises:
        AccordError: as ``document.execute`` and ``continuation.check_final``; every ``RECOVERY_*`` code.
    """
    predecessor = open_genesis(old.file)
    sealed = SealedBytes.parse(old.seal)
    seal = sealed.seal
    continues = Continuation(
        prefix=Prefix(
            network=predecessor.network,
            height=seal.height,
            seal=sealed.hash,
            log_root=seal.log_root,
            state_root=seal.state_root,
        ),
        count=len(predecessor.lineage()),
        seal=old.seal,
        finalization=old.finalization,
        lost=_lost(plan, old.state),
        reason=plan.reason,
        begins=bytes(32),
    )
    check_final(continues, old.handoffs, predecessor.network, predecessor.members)
    if old.map.root != seal.state_root:
        raise ProofError(
            "RECOVERY_END", f"expected state {seal.state_root.hex()}, got {old.map.root.hex()}", path="state"
        )
    document = _document(plan, predecessor, continues)
    read = _Recorded(old.state)
    found = execute(codec.encode(document), predecessor=predecessor, before=read)
    begins = old.map.update(dict(found.values)).root
    document = msgspec.structs.replace(document, continues=msgspec.structs.replace(continues, begins=begins))
    carried = Carried(predecessor=old.file, handoffs=old.handoffs, rows=read.rows(old.map))
    file = codec.encode(SignedDocument(document=codec.encode(document), carried=carried))
    open_unfinished(file)
    return file


def _lost(plan: Plan, state: Source) -> tuple[str, ...]:
    members = newest(View(state)).members
    return tuple(sorted({member.party for member in members.members} - set(plan.seats)))


def _document(plan: Plan, predecessor: Genesis, continues: Continuation) -> Document:
    acts: list[Named] = [("node_keys_set", node) for node in plan.nodes]
    acts += [("seat_grant", SeatGrant(party=party)) for party in sorted(set(plan.seats))]
    return Document(
        v=1,
        name=plan.name,
        origin=plan.origin,
        created=plan.created,
        continues=continues,
        scripted_clock=predecessor.document.scripted_clock,
        acts=in_order(acts),
    )


class _Recorded:
    """A state that remembers what was asked of it: what a proof has to show."""

    def __init__(self, state: Source) -> None:
        self._state = state
        self._asked: dict[bytes, bytes | None] = {}

    def load(self, table: Table[Any], key: bytes) -> Any | None:
        """See :class:`accord_ledger.state.Source`."""
        value = self._state.load(table, key)
        self._asked[key] = None if value is None else codec.encode(value)
        return value

    def has(self, key: bytes) -> bool:
        """See :class:`accord_ledger.state.Source`; acts ask this of what must be unused, and are refused else."""
        found = self._state.has(key)
        if not found:
            self._asked[key] = None
        return found

    def rows(self, state: AuthMap) -> tuple[CarriedRow, ...]:
        """Every key that was asked for, proved."""
        return tuple(
            CarriedRow(key=key, value=self._asked[key], proof=state.prove(key)) for key in sorted(self._asked)
        )


def carry_on(genesis: Genesis, old: Version) -> Version:
    """The version a network begins with that continues another.

    Args:
        genesis: of the new network.
        old: the ledger of the network it continues, after the block that the document names.

    Raises:
        ProofError: ``RECOVERY_END`` (that is not where it ends) or ``RECOVERY_ROOT`` (the document says
            another state than its acts give).
    """
    continues = genesis.document.continues
    if continues is None:
        raise ProofError("RECOVERY_END", "expected a genesis that continues another network")
    check_same_end(continues, old)
    state = old.map.update(dict(genesis.values))
    if state.root != continues.begins:
        raise ProofError(
            "RECOVERY_ROOT", f"expected state root {continues.begins.hex()}, got {state.root.hex()}"
        )
    epoch = newest(genesis.state)
    return Version(
        height=old.height,
        seal_hash=genesis.network,
        time=genesis.document.created,
        members=genesis.members,
        log=old.log,
        map=state,
        state=Layered(genesis.values, old.state),
        recent=RecentTransactions(),
        protocol=epoch.version,
        epoch_first=epoch.first,
        begun=old.height,
        carried=old.log.size - old.height,
    )


# ---- signing and judging -------------------------------------------------------------------------------


def declaration(genesis: Genesis, *, sign_by: int = 0) -> RecoveryDeclare:
    """The body of T46, the first record of the new network.

    Args:
        genesis: of the new network.
        sign_by: until when signatures on the body alone count, UTC seconds; 0: there are none.

    Raises:
        ProofError: ``RECOVERY_END``: it continues no other network.
    """
    continues = genesis.document.continues
    if continues is None:
        raise ProofError("RECOVERY_END", "expected a genesis that continues another network")
    return RecoveryDeclare(prefix=continues.prefix, lost=continues.lost, sign_by=sign_by)


def countersign(file: bytes, party: str, key: SigningKey) -> bytes:
    """A detached signature on the genesis file of a recovery, for a party that is named in it.

    Raises:
        ProofError: ``RECOVERY_SEAT`` (nothing in it is in this party's name), ``GENESIS_SIGNATURE`` (the
            key may not sign for it), or as ``document.open_unfinished``.
    """
    genesis = open_unfinished(file)
    if party not in named_parties(genesis.document):
        raise ProofError("RECOVERY_SEAT", f"expected {party} to be named in the document")
    signature = sign_document(document_of(file), party, key)
    check_signature(genesis, signature)
    return codec.encode(DetachedSignature(network=genesis.network, signature=signature))


def check_competing(genesis: Genesis, other: Genesis) -> None:
    """Raise ``ProofError`` ``RECOVERY_COMPETING`` if both carry on the same network, anywhere in their past."""
    for own in genesis.lineage():
        for theirs in other.lineage():
            both = competing(own, theirs)
            if both is not None:
                names = ", ".join(both) or "nobody"
                raise ProofError(
                    "RECOVERY_COMPETING",
                    f"expected one network, got {theirs.network.hex()} too; signed both: {names}",
                )


def competing(first: Genesis, second: Genesis) -> tuple[str, ...] | None:
    """Who signed both of two networks that carry on the same one; None if they do not compete.

    Each names its predecessor, so two of them are seen by whoever holds both files. Which one counts is not
    for a program to say; a party that signed both has contradicted itself.
    """
    ends = [item.document.continues for item in (first, second)]
    if ends[0] is None or ends[1] is None or first.network == second.network:
        return None
    if ends[0].prefix.network != ends[1].prefix.network:
        return None
    both = signed_parties(first.signatures) & signed_parties(second.signatures)
    return tuple(sorted(both))
