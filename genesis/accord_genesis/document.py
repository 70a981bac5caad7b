"""The genesis document: what every node of a network starts from, and what its hash names.

A document holds acts, each the body of a transaction kind that genesis may hold (DOMAIN.md 2.4),
applied in order by the same rules without signatures. Its tagged hash is the *network*; every founder
signs that hash, and a node refuses a document its own institution did not sign.

A document may *continue* a network that lost its quorum for good: then its state is the state that network's
last block left, but for seats and node keys, and its acts are executed on what a proof shows of that state
(:mod:`accord_genesis.continuation`; made by :mod:`accord_genesis.recovery`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from accord_genesis.continuation import (
    ACTS,
    Carried,
    Continuation,
    Layered,
    begin,
    check_carried,
    finish,
)
from accord_ledger import codec
from accord_ledger.authmap.map import AuthMap
from accord_ledger.block import Members
from accord_ledger.domain.context import Context
from accord_ledger.domain.epochs import newest
from accord_ledger.domain.model.epoch import MAX_RECOVERIES, MIN_SEATS
from accord_ledger.domain.model.party import KEYS, NODES, SEATS
from accord_ledger.domain.pipeline import run_genesis
from accord_ledger.errors import DecodeError, ProofError, Rejection
from accord_ledger.execute import RecentTransactions, Version
from accord_ledger.fields import Digest, PublicKey, Seconds, Signature, Slug, Text, check_text
from accord_ledger.keys import SigningKey, verifies
from accord_ledger.merkle.tree import Frontier
from accord_ledger.note import MAX_NAME_BYTES, is_key_name
from accord_ledger.state import MemorySource, Source, View
from accord_ledger.tags import Tag
from accord_ledger.transaction import Kind

MAX_DOCUMENT_BYTES: Final = 8 * 1024 * 1024
"""Largest document, in canonical bytes."""

MAX_FILE_BYTES: Final = 4 * MAX_DOCUMENT_BYTES + 65_536
"""Largest genesis file: the document and its signatures, and what shows of the network it continues."""

MAX_ORIGIN_BYTES: Final = MAX_NAME_BYTES - 65
"""Longest origin in UTF-8: a member's witness key is named ``<origin>/<party>``."""

MIN_MEMBERS: Final = MIN_SEATS
"""A network that tolerates one faulty member needs four."""

FOUNDING_PURPOSES: Final = frozenset({"governance", "institution"})
"""Purposes of which a key needs one to sign for its party in a ceremony."""


class Act(codec.Wire):
    """One act of genesis."""

    kind: Kind
    """A transaction kind that genesis may hold."""
    body: msgspec.Raw
    """Canonical body of that kind; checked when it is applied."""


class Document(codec.Wire):
    """What founders agree on before the first block."""

    v: Literal[1]
    name: Text
    """Name of the alliance, for people."""
    origin: Annotated[str, Meta(min_length=1, max_length=200)]
    """C2SP checkpoint origin of the log, such as ``ledger.example/alliance``."""
    created: Seconds
    """Ledger time of genesis (UTC seconds)."""
    continues: Continuation | None = None
    """What this network goes on from, if another one lost its quorum for good (T46 declares it)."""
    scripted_clock: PublicKey | None = None
    """Test networks only: time comes from commands signed by this key, and all outputs say so."""
    acts: Annotated[tuple[Act, ...], Meta(max_length=20_000)]


class GenesisSignature(codec.Wire):
    """One founder's signature on the network hash."""

    party: Slug
    key_id: Digest
    signature: Signature


class SignedDocument(codec.Wire):
    """The document with its founders' signatures: the genesis file."""

    document: bytes
    """Canonical bytes of :class:`Document`."""
    signatures: Annotated[tuple[GenesisSignature, ...], Meta(max_length=200)] = ()
    carried: Carried | None = None
    """What shows the part of the old network's state that a continuing document needs; proved, so not signed."""


@dataclass(frozen=True, slots=True)
class Genesis:
    """A document executed: the ledger at height 0."""

    document: Document
    network: bytes
    """Tagged hash of the document (32 bytes)."""
    values: dict[bytes, bytes]
    """State, canonical; where it continues another network, only what differs from that network's."""
    members: Members
    """The set that votes in the first epoch."""
    signatures: tuple[GenesisSignature, ...]
    predecessor: Genesis | None = None
    """Of the network it continues."""
    before: Source | None = None
    """What is proved of that network's last state."""

    @property
    def state(self) -> View:
        """State at the beginning; of a network that continues another, what its genesis file shows of it."""
        return View(MemorySource(self.values) if self.before is None else Layered(self.values, self.before))

    @property
    def entries(self) -> int:
        """Log entries of the networks before this one."""
        return 0 if self.document.continues is None else self.document.continues.entries

    @property
    def log_keys(self) -> tuple[bytes, ...]:
        """Log keys of the nodes it knows: those it names itself, and those of the networks it continues."""
        own = (
            NODES.decode(self.values[key]).log for key in sorted(self.values) if key.startswith(NODES.prefix)
        )
        if self.predecessor is None:
            return tuple(own)
        return tuple(dict.fromkeys([*newest(self.state).logs, *own, *self.predecessor.log_keys]))

    def lineage(self) -> tuple[Genesis, ...]:
        """Genesis of every network that is continued, the first one first, and this one."""
        return (*(() if self.predecessor is None else self.predecessor.lineage()), self)

    def version(self) -> Version:
        """The version every replay starts from, in memory.

        Raises:
            ProofError: ``RECOVERY_UNCARRIED``: it continues another network; see ``recovery.carry_on``.
        """
        if self.document.continues is not None:
            raise ProofError("RECOVERY_UNCARRIED", "expected the ledger of the network that is continued")
        return Version(
            height=0,
            seal_hash=self.network,
            time=self.document.created,
            members=self.members,
            log=Frontier.empty(),
            map=AuthMap.build(self.values.items()),
            state=MemorySource(self.values),
            recent=RecentTransactions(),
        )


def network_hash(document: bytes) -> bytes:
    """The name of the network: tagged hash of the canonical document."""
    return Tag.NETWORK.digest(document)


def sign_document(document: bytes, party: str, key: SigningKey) -> GenesisSignature:
    """A founder's signature on the network hash."""
    message = Tag.SIGN_GENESIS.message(network_hash(document))
    return GenesisSignature(party=party, key_id=key.key_id, signature=key.sign(message))


def execute(
    data: bytes,
    signatures: tuple[GenesisSignature, ...] = (),
    *,
    predecessor: Genesis | None = None,
    before: Source | None = None,
) -> Genesis:
    """Apply a document's acts.

    Args:
        data: the canonical document.
        signatures: kept with the result, unchecked.
        predecessor: genesis of the network it continues, if it does.
        before: that network's last state, or as much of it as is proved.

    Raises:
        DecodeError: not a canonical document.
        Rejection: an act breaks a rule; the path names its place.
        ProofError: ``GENESIS_ORIGIN``, ``GENESIS_MEMBERS``, or ``RECOVERY_*`` as
            :func:`accord_genesis.continuation.begin` and ``finish``.
    """
    document = codec.decode(data, Document, limit=MAX_DOCUMENT_BYTES)
    check_text(document.name, "name")
    if not is_key_name(document.origin) or len(document.origin.encode()) > MAX_ORIGIN_BYTES:
        detail = f"expected a name without spaces, + or control characters, got {document.origin!r}"
        raise ProofError("GENESIS_ORIGIN", detail, path="origin")
    network = network_hash(data)
    state = View(MemorySource() if before is None else before)
    if document.continues is None:
        _apply(document, Context(state=state, network=b"", height=0, time=document.created, genesis=True))
        members = _members(state)
    else:
        if predecessor is None or before is None:
            raise ProofError("RECOVERY_EVIDENCE", "expected what shows the state of the network it continues")
        _check_continues(document, document.continues, predecessor)
        acts = [(act.kind, bytes(act.body)) for act in document.acts]
        ctx = begin(document.continues, state, document.created, acts)
        _apply(document, ctx)
        members = _members(state)
        finish(document.continues, ctx, View(before), named_parties(document))
    values = {key: value for key, value in state.changes().items() if value is not None}
    return Genesis(document, network, values, members, signatures, predecessor, before)


def _check_continues(document: Document, continues: Continuation, predecessor: Genesis) -> None:
    """Count, origin and kind of clock follow from the network that is continued.

    A new origin keeps its checkpoints apart from those of the old log, which whoever was thought lost may go
    on with, and from those of a competing recovery.
    """
    check_text(continues.reason, "continues.reason")
    lineage = predecessor.lineage()
    if continues.count != len(lineage):
        raise ProofError(
            "RECOVERY_COUNT",
            f"expected recovery {len(lineage)}, got {continues.count}",
            path="continues.count",
        )
    if document.origin in {item.document.origin for item in lineage}:
        raise ProofError("RECOVERY_ORIGIN", f"expected a new origin, got {document.origin}", path="origin")
    if (document.scripted_clock is None) != (predecessor.document.scripted_clock is None):
        raise ProofError("RECOVERY_CLOCK", "expected a test network to stay one, and no other to become one")


def named_parties(document: Document) -> frozenset[str]:
    """Parties in whose name an act of a continuing document stands: every one of them signs it."""
    if document.continues is None:
        return frozenset()
    return frozenset(codec.decode(act.body, ACTS[act.kind]).party for act in document.acts)


def _apply(document: Document, ctx: Context) -> None:
    """Every act in order, by the rules of its kind."""
    for place, act in enumerate(document.acts):
        own = Context(state=ctx.state, network=ctx.network, height=ctx.height, time=ctx.time, genesis=True)
        try:
            run_genesis(own, act.kind, bytes(act.body))
        except Rejection as rejection:
            path = f"acts[{place}].{rejection.path}"
            raise Rejection(rejection.code, f"{act.kind}: {rejection.detail}", path=path) from rejection


def _members(state: View) -> Members:
    seats = state.get(SEATS)
    parties = seats.parties if seats is not None else ()
    if len(parties) < MIN_MEMBERS:
        raise ProofError("GENESIS_MEMBERS", f"expected at least {MIN_MEMBERS} seats, got {len(parties)}")
    return newest(state).members


def check_signature(genesis: Genesis, signature: GenesisSignature) -> None:
    """Raise ``ProofError`` ``GENESIS_SIGNATURE`` unless a founding key of the party signed this network."""
    key = genesis.state.get(KEYS, signature.key_id)
    good = (
        key is not None
        and key.party == signature.party
        and key.revoked_at is None
        and not FOUNDING_PURPOSES.isdisjoint(key.purposes)
        and key.valid_from <= genesis.document.created < (key.valid_to or genesis.document.created + 1)
        and verifies(key.public, Tag.SIGN_GENESIS.message(genesis.network), signature.signature)
    )
    if not good:
        detail = f"expected a signature by a governance or institution key of {signature.party}"
        raise ProofError("GENESIS_SIGNATURE", f"{detail} on {genesis.network.hex()}")


def signed_parties(signatures: tuple[GenesisSignature, ...]) -> set[str]:
    """Parties that signed."""
    return {signature.party for signature in signatures}


def missing_founders(genesis: Genesis) -> list[str]:
    """Parties with a seat, or named in a continuing document, that have not signed, in order."""
    seats = {member.party for member in genesis.members.members}
    return sorted((seats | named_parties(genesis.document)) - signed_parties(genesis.signatures))


def open_unfinished(data: bytes, *, depth: int = MAX_RECOVERIES) -> Genesis:
    """Read a genesis file that may still lack signatures; those that are there are checked.

    Args:
        data: canonical :class:`SignedDocument`.
        depth: how many networks may be continued one after another.

    Raises:
        DecodeError, Rejection: as :func:`execute`.
        ProofError: ``GENESIS_SIGNATURE``, ``GENESIS_SIGNATURE_ORDER`` (not sorted by party and key), or
            ``RECOVERY_*`` (it continues another network, and what shows that network is missing or bad).
    """
    genesis = read_genesis(data, depth=depth)
    order = [(signature.party, signature.key_id) for signature in genesis.signatures]
    if order != sorted(set(order)):
        raise ProofError(
            "GENESIS_SIGNATURE_ORDER", "expected signatures in order of party and key, each once"
        )
    for signature in genesis.signatures:
        check_signature(genesis, signature)
    return genesis


def read_genesis(data: bytes, *, depth: int = MAX_RECOVERIES) -> Genesis:
    """Read a genesis file whoever signed it: for judging what it says; never for trusting it.

    Raises:
        DecodeError, Rejection: as :func:`execute`.
        ProofError: ``RECOVERY_*``, as :func:`open_unfinished`.
    """
    signed = codec.decode(data, SignedDocument, limit=MAX_FILE_BYTES)
    predecessor, before = _opened_predecessor(signed, depth)
    return execute(signed.document, signed.signatures, predecessor=predecessor, before=before)


def _opened_predecessor(signed: SignedDocument, depth: int) -> tuple[Genesis | None, Source | None]:
    """The old network's genesis and what is proved of its last state, if the file continues one."""
    carried = signed.carried
    if carried is None:
        return None, None
    continues = codec.decode(signed.document, Document, limit=MAX_DOCUMENT_BYTES).continues
    if continues is None:
        raise ProofError("RECOVERY_EVIDENCE", "expected a document that continues another network")
    if depth == 0:
        raise ProofError("RECOVERY_COUNT", f"expected at most {MAX_RECOVERIES} networks one after another")
    old = open_genesis(carried.predecessor, depth=depth - 1)
    return old, check_carried(continues, carried, old.network, old.members)


def open_genesis(data: bytes, *, signed_by: str | None = None, depth: int = MAX_RECOVERIES) -> Genesis:
    """Read a genesis file and check every signature on it.

    Args:
        data: canonical :class:`SignedDocument`.
        signed_by: a party that must have signed: the institution of the node that opens it.
        depth: how many networks may be continued one after another.

    Raises:
        DecodeError, Rejection: as :func:`execute`.
        ProofError: as :func:`open_unfinished`, or ``GENESIS_UNSIGNED`` (a founder with a seat, or
            ``signed_by``, did not sign).
    """
    genesis = open_unfinished(data, depth=depth)
    missing = missing_founders(genesis)
    if signed_by is not None and signed_by not in signed_parties(genesis.signatures):
        missing.append(signed_by)
    if missing:
        names = ", ".join(dict.fromkeys(missing))
        raise ProofError("GENESIS_UNSIGNED", f"expected {names} to have signed {genesis.network.hex()}")
    return genesis


def read_document(data: bytes) -> Document:
    """The document inside a genesis file or alone, unverified: for display.

    Raises:
        DecodeError: it is neither.
    """
    try:
        document = codec.decode(data, SignedDocument, limit=MAX_FILE_BYTES).document
    except DecodeError:
        document = data
    return codec.decode(document, Document, limit=MAX_DOCUMENT_BYTES)
