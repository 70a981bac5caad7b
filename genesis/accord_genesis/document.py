"""The genesis document: what every node of a network starts from, and what its hash names.

A document holds acts, each the body of a transaction kind that genesis may hold (DOMAIN.md 2.4),
applied in order by the same rules without signatures. Its tagged hash is the *network*; every founder
signs that hash, and a node refuses a document its own institution did not sign.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from accord_ledger import codec
from accord_ledger.authmap.map import AuthMap
from accord_ledger.block import Members
from accord_ledger.domain.context import Context
from accord_ledger.domain.epochs import newest
from accord_ledger.domain.model.epoch import MIN_SEATS, RECOVERY, Prefix, Recovery
from accord_ledger.domain.model.party import KEYS, SEATS
from accord_ledger.domain.pipeline import run_genesis
from accord_ledger.errors import DecodeError, ProofError, Rejection
from accord_ledger.execute import RecentTransactions, Version
from accord_ledger.fields import Digest, PublicKey, Seconds, Signature, Slug, Text, check_text
from accord_ledger.keys import SigningKey, verifies
from accord_ledger.merkle.tree import Frontier
from accord_ledger.note import MAX_NAME_BYTES, is_key_name
from accord_ledger.state import MemorySource, View
from accord_ledger.tags import Tag
from accord_ledger.transaction import Kind

MAX_DOCUMENT_BYTES: Final = 8 * 1024 * 1024
"""Largest document, in canonical bytes."""

MAX_FILE_BYTES: Final = MAX_DOCUMENT_BYTES + 65_536
"""Largest genesis file: the document and its signatures."""

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


class Continuation(codec.Wire):
    """A network that lost its quorum for good, up to its last final block."""

    prefix: Prefix
    count: Annotated[int, Meta(ge=1, le=1000)]
    """Recoveries from the first network up to this one: one more than the old network had."""


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
    check_text(document.name, "name")
    if not is_key_name(document.origin) or len(document.origin.encode()) > MAX_ORIGIN_BYTES:
        detail = f"expected a name without spaces, + or control characters, got {document.origin!r}"
        raise ProofError("GENESIS_ORIGIN", detail, path="origin")
    network = network_hash(data)
    state = View(MemorySource())
    for place, act in enumerate(document.acts):
        ctx = Context(state=state, network=b"", height=0, time=document.created, genesis=True)
        try:
            run_genesis(ctx, act.kind, bytes(act.body))
        except Rejection as rejection:
            path = f"acts[{place}].{rejection.path}"
            raise Rejection(rejection.code, f"{act.kind}: {rejection.detail}", path=path) from rejection
    if document.continues is not None:
        state.put(RECOVERY, Recovery(prefix=document.continues.prefix, count=document.continues.count))
    values = {key: value for key, value in state.changes().items() if value is not None}
    return Genesis(document, network, values, _members(state), signatures)


def _members(state: View) -> Members:
    seats = state.get(SEATS)
    parties = seats.parties if seats is not None else ()
    if len(parties) < MIN_MEMBERS:
        raise ProofError("GENESIS_MEMBERS", f"expected at least {MIN_MEMBERS} seats, got {len(parties)}")
    return newest(state).members


def check_signature(genesis: Genesis, signature: GenesisSignature) -> None:
    """Raise ``ProofError`` ``GENESIS_SIGNATURE`` unless a founding key of the party signed this network."""
    key = View(MemorySource(genesis.values)).get(KEYS, signature.key_id)
    good = (
        key is not None
        and key.party == signature.party
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
    """Parties with a seat that have not signed, in order."""
    have = signed_parties(genesis.signatures)
    return [member.party for member in genesis.members.members if member.party not in have]


def open_unfinished(data: bytes) -> Genesis:
    """Read a genesis file that may still lack signatures; those that are there are checked.

    Raises:
        DecodeError, Rejection: as :func:`execute`.
        ProofError: ``GENESIS_SIGNATURE``, or ``GENESIS_SIGNATURE_ORDER`` (not sorted by party and key).
    """
    signed = codec.decode(data, SignedDocument, limit=MAX_FILE_BYTES)
    order = [(signature.party, signature.key_id) for signature in signed.signatures]
    if order != sorted(set(order)):
        raise ProofError(
            "GENESIS_SIGNATURE_ORDER", "expected signatures in order of party and key, each once"
        )
    genesis = execute(signed.document, signed.signatures)
    for signature in signed.signatures:
        check_signature(genesis, signature)
    return genesis


def open_genesis(data: bytes, *, signed_by: str | None = None) -> Genesis:
    """Read a genesis file and check every signature on it.

    Args:
        data: canonical :class:`SignedDocument`.
        signed_by: a party that must have signed: the institution of the node that opens it.

    Raises:
        DecodeError, Rejection: as :func:`execute`.
        ProofError: as :func:`open_unfinished`, or ``GENESIS_UNSIGNED`` (a founder with a seat, or
            ``signed_by``, did not sign).
    """
    genesis = open_unfinished(data)
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
