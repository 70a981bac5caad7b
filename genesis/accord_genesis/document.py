"""The genesis document: what every node of a network starts from, and what its hash names.

A document holds acts, each the body of a transaction kind that genesis may hold (DOMAIN.md 2.4),
applied in order by the same rules without signatures. Its tagged hash is the *network*; every founder
signs that hash, and a node refuses a document its own institution did not sign.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from accord_ledger import codec
from accord_ledger.authmap.map import AuthMap
from accord_ledger.block import Member, Members
from accord_ledger.domain.context import Context
from accord_ledger.domain.model.party import KEYS, NODES, SEATS
from accord_ledger.domain.pipeline import run_genesis
from accord_ledger.errors import DecodeError, ProofError, Rejection
from accord_ledger.execute import RecentTransactions, Version
from accord_ledger.fields import Digest, PublicKey, Seconds, Signature, Slug, Text
from accord_ledger.keys import SigningKey, verifies
from accord_ledger.merkle.tree import Frontier
from accord_ledger.note import is_key_name
from accord_ledger.state import MemorySource, View
from accord_ledger.tags import Tag

MAX_DOCUMENT_BYTES = 8 * 1024 * 1024
MIN_MEMBERS = 4
"""A network that tolerates one faulty member needs four."""


class Act(codec.Wire):
    """One act of genesis."""

    kind: str
    body: msgspec.Raw
    """Canonical body of that kind."""


class Document(codec.Wire):
    """What founders agree on before the first block."""

    v: Literal[1]
    name: Text
    """Name of the alliance, for people."""
    origin: Annotated[str, Meta(min_length=1, max_length=200)]
    """C2SP checkpoint origin of the log, such as ``ledger.example/alliance``."""
    created: Seconds
    """Ledger time of genesis (UTC seconds)."""
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


@dataclass(frozen=True, slots=True)
class Genesis:
    """A document executed: the ledger at height 0."""

    document: Document
    network: bytes
    """Tagged hash of the document (32 bytes)."""
    values: dict[bytes, bytes]
    """State, canonical."""
    members: Members
    """The set that votes in epoch 0."""
    signatures: tuple[GenesisSignature, ...]

    def version(self) -> Version:
        """The version every replay starts from, in memory."""
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


def execute(data: bytes, signatures: tuple[GenesisSignature, ...] = ()) -> Genesis:
    """Apply a document's acts.

    Raises:
        DecodeError: not a canonical document.
        Rejection: an act breaks a rule; the path names its place.
        ProofError: ``GENESIS_ORIGIN``, ``GENESIS_MEMBERS``.
    """
    document = codec.decode(data, Document, limit=MAX_DOCUMENT_BYTES)
    if not is_key_name(document.origin):
        raise ProofError("GENESIS_ORIGIN", f"expected an origin that can name a key, got {document.origin!r}")
    network = network_hash(data)
    state = View(MemorySource())
    for place, act in enumerate(document.acts):
        fork = state.fork()
        ctx = Context(state=fork, network=b"", height=0, time=document.created, genesis=True)
        try:
            run_genesis(ctx, act.kind, bytes(act.body))
        except Rejection as rejection:
            path = f"acts[{place}].{rejection.path}"
            raise Rejection(rejection.code, rejection.detail, path=path) from rejection
        state.merge(fork)
    values = {key: value for key, value in state.changes().items() if value is not None}
    return Genesis(document, network, values, _members(state), signatures)


def _members(state: View) -> Members:
    seats = state.get(SEATS)
    parties = seats.parties if seats is not None else ()
    if len(parties) < MIN_MEMBERS:
        raise ProofError("GENESIS_MEMBERS", f"expected at least {MIN_MEMBERS} seats, got {len(parties)}")
    members = []
    for party in parties:
        node = state.get(NODES, party)
        if node is None:
            raise ProofError("GENESIS_MEMBERS", f"expected node keys of {party}, which has a seat")
        members.append(Member(party=party, vote=node.vote, witness=node.witness))
    return Members(epoch=0, members=tuple(sorted(members, key=lambda member: member.party)))


def open_genesis(data: bytes, *, signed_by: str | None = None) -> Genesis:
    """Read a genesis file and check every signature on it.

    Args:
        data: canonical :class:`SignedDocument`.
        signed_by: a party that must have signed: the institution of the node that opens it.

    Raises:
        DecodeError, Rejection: as :func:`execute`.
        ProofError: ``GENESIS_SIGNATURE`` (one does not verify or is by no governance key of the party),
            ``GENESIS_UNSIGNED`` (a founder with a seat, or ``signed_by``, did not sign).
    """
    signed = codec.decode(data, SignedDocument, limit=MAX_DOCUMENT_BYTES + 65_536)
    genesis = execute(signed.document, signed.signatures)
    state = View(MemorySource(genesis.values))
    message = Tag.SIGN_GENESIS.message(genesis.network)
    for signature in signed.signatures:
        key = state.get(KEYS, signature.key_id)
        good = (
            key is not None
            and key.party == signature.party
            and bool({"governance", "institution"}.intersection(key.purposes))
            and verifies(key.public, message, signature.signature)
        )
        if not good:
            raise ProofError("GENESIS_SIGNATURE", f"expected a valid governance signature of {signature.party}")
    have = {signature.party for signature in signed.signatures}
    seats = [member.party for member in genesis.members.members]
    for party in [*seats, *([signed_by] if signed_by is not None else [])]:
        if party not in have:
            raise ProofError("GENESIS_UNSIGNED", f"expected {party} to have signed {genesis.network.hex()}")
    return genesis


def read_document(data: bytes) -> Document:
    """The document inside a genesis file or alone, unverified: for display.

    Raises:
        DecodeError: it is neither.
    """
    try:
        return codec.decode(codec.decode(data, SignedDocument, limit=MAX_DOCUMENT_BYTES + 65_536).document, Document, limit=MAX_DOCUMENT_BYTES)
    except DecodeError:
        return codec.decode(data, Document, limit=MAX_DOCUMENT_BYTES)
