"""The founders' ceremony, step by step: state, assemble, sign, merge.

    join       each party    makes keys and a signed statement                  ``state`` / :func:`join`
    new        one of them   one document out of charter and statements         :func:`assemble`
    sign       each founder  checks its own statement in it, signs the hash     :func:`countersign`
    merge      anyone        collects the signatures into the genesis file      :func:`merge`
    verify     anyone        ``document.open_genesis`` and ``summary.summarise``

The document is a function of charter and statements alone: whoever assembles them gets the same bytes
and the same network hash. Nothing here reads files, clock or terminal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec

from accord_genesis import presets
from accord_genesis.acts import in_order
from accord_genesis.document import (
    MAX_FILE_BYTES,
    Document,
    GenesisSignature,
    SignedDocument,
    check_signature,
    execute,
    open_unfinished,
    sign_document,
)
from accord_genesis.files import CeremonyError
from accord_genesis.keyset import PartySecrets
from accord_genesis.presets import Named
from accord_genesis.statement import CheckedStatement, open_statement, state
from accord_ledger import codec
from accord_ledger.codec import Wire
from accord_ledger.domain.kinds.network import NodeKeysSet
from accord_ledger.domain.kinds.party import PartyRegister
from accord_ledger.domain.kinds.seat import SeatGrant
from accord_ledger.errors import ProofError
from accord_ledger.fields import Country, Digest, Region, Role
from accord_ledger.keys import SigningKey

MAX_SIGNATURE_BYTES: Final = 1024
"""Largest detached signature file."""


@dataclass(frozen=True, slots=True)
class Charter:
    """What the founders agree on besides who they are."""

    name: str
    """Name of the alliance, for people."""
    origin: str
    """C2SP checkpoint origin of the log: a name under which nobody else keeps a log."""
    created: int
    """Ledger time of genesis, UTC seconds."""
    presets: tuple[str, ...] = ("all",)
    """Names out of ``presets.CATALOGUE`` and ``presets.GROUPS``."""
    acts: tuple[Named, ...] = ()
    """Further acts: parties without statement, registry entries, grants, profiles, lists ..."""
    scripted_clock: bytes | None = None
    """Test networks only: public key of the clock's commands."""


@dataclass(frozen=True, slots=True)
class Applicant:
    """A party before it has keys."""

    party_id: str
    roles: tuple[Role, ...]
    legal_name: Mapping[str, str]
    country: Country
    region: Region
    external_ids: Mapping[str, str] = field(default_factory=dict)
    member_of: tuple[str, ...] = ()
    controlled_by: tuple[str, ...] = ()
    endpoint: str | None = None
    """Where its node is reached; None: it runs none."""
    seat: bool = False

    def registration(self, secrets: PartySecrets) -> PartyRegister:
        """T01 with these keys; sets in order."""
        return PartyRegister(
            party_id=self.party_id,
            roles=tuple(sorted(set(self.roles))),
            legal_name=dict(self.legal_name),
            country=self.country,
            region=self.region,
            external_ids=dict(self.external_ids),
            member_of=tuple(sorted(set(self.member_of))),
            controlled_by=tuple(sorted(set(self.controlled_by))),
            keys=secrets.new_keys(),
        )


class DetachedSignature(Wire):
    """The file a founder sends back."""

    network: Digest
    """Hash of the document it signed."""
    signature: GenesisSignature


# ---- join --------------------------------------------------------------------------------------------


def join(applicant: Applicant, secrets: PartySecrets) -> bytes:
    """The applicant's signed statement.

    Raises:
        ProofError, Rejection, DecodeError: as ``statement.open_statement``.
    """
    registration = applicant.registration(secrets)
    return state(registration, secrets, endpoint=applicant.endpoint, seat=applicant.seat)


# ---- new ---------------------------------------------------------------------------------------------


def assemble(charter: Charter, statements: Iterable[bytes]) -> bytes:
    """The canonical document, executed once to see that every act is good.

    Args:
        charter: what was agreed.
        statements: statement files, in any order.

    Raises:
        CeremonyError: ``STATEMENT_DUPLICATE`` (two of one party) or ``PRESET_UNKNOWN``.
        AccordError: as ``statement.open_statement`` and ``document.execute``.
    """
    checked: dict[str, CheckedStatement] = {}
    for data in statements:
        statement = open_statement(data)
        if statement.party in checked:
            raise CeremonyError("STATEMENT_DUPLICATE", f"expected one statement of {statement.party}")
        checked[statement.party] = statement
    acts: list[Named] = [*presets.choose(charter.presets), *charter.acts]
    for statement in checked.values():
        acts.extend(statement.acts())
    document = Document(
        v=1,
        name=charter.name,
        origin=charter.origin,
        created=charter.created,
        scripted_clock=charter.scripted_clock,
        acts=in_order(acts),
    )
    data = codec.encode(document)
    execute(data)
    return data


def unsigned(document: bytes) -> bytes:
    """The genesis file before anybody signed."""
    return codec.encode(SignedDocument(document=document))


# ---- sign --------------------------------------------------------------------------------------------


def check_contained(document: Document, statement: CheckedStatement) -> None:
    """Raise unless the document says of this party exactly what its statement says.

    Raises:
        ProofError: ``STATEMENT_MISSING`` (the party is not in it) or ``STATEMENT_ALTERED`` (its
            registration, node or seat is another, missing, or added).
    """
    expected = {kind: codec.encode(body) for kind, body in statement.acts()}
    found = own_acts(document).get(statement.party, {})
    if "party_register" not in found:
        raise ProofError("STATEMENT_MISSING", f"expected the statement of {statement.party} in the document")
    for kind in sorted({*expected, *found}):
        if found.get(kind) != expected.get(kind):
            detail = f"expected {kind} of {statement.party} as it stated, got another, none, or one too many"
            raise ProofError("STATEMENT_ALTERED", detail, path=kind)


def own_acts(document: Document) -> dict[str, dict[str, bytes]]:
    """What a document says in each party's own name: party to kind to canonical body."""
    found: dict[str, dict[str, bytes]] = {}
    for act in document.acts:
        shape = _OWN.get(act.kind)
        if shape is not None:
            body = codec.decode(act.body, shape)
            owner = body.party_id if isinstance(body, PartyRegister) else body.party
            found.setdefault(owner, {})[act.kind] = bytes(act.body)
    return found


_OWN: Final[Mapping[str, type[PartyRegister | NodeKeysSet | SeatGrant]]] = {
    "party_register": PartyRegister,
    "node_keys_set": NodeKeysSet,
    "seat_grant": SeatGrant,
}


def countersign(file: bytes, statement: bytes, key: SigningKey) -> bytes:
    """A founder's detached signature on a genesis file, after checking its own part in it.

    Args:
        file: the genesis file, signed by others or by nobody yet.
        statement: the statement the founder made, from its own records.
        key: its governance or institution key.

    Raises:
        ProofError: as :func:`check_contained`; ``GENESIS_SIGNATURE`` if the key may not sign for it.
        AccordError: as ``document.open_unfinished`` and ``statement.open_statement``.
    """
    own = open_statement(statement)
    genesis = open_unfinished(file)
    check_contained(genesis.document, own)
    signature = sign_document(document_of(file), own.party, key)
    check_signature(genesis, signature)
    return codec.encode(DetachedSignature(network=genesis.network, signature=signature))


def document_of(file: bytes) -> bytes:
    """Canonical bytes of the document inside a genesis file."""
    return codec.decode(file, SignedDocument, limit=MAX_FILE_BYTES).document


# ---- merge -------------------------------------------------------------------------------------------


def merge(file: bytes, signatures: Iterable[bytes]) -> bytes:
    """The genesis file with these detached signatures added, each checked.

    Raises:
        DecodeError: a file is no detached signature.
        ProofError: ``GENESIS_NETWORK`` (signs another document) or ``GENESIS_SIGNATURE``.
    """
    genesis = open_unfinished(file)
    rows = {(row.party, row.key_id): row for row in genesis.signatures}
    for data in signatures:
        detached = codec.decode(data, DetachedSignature, limit=MAX_SIGNATURE_BYTES)
        if detached.network != genesis.network:
            detail = f"expected a signature on {genesis.network.hex()}, got one on {detached.network.hex()}"
            raise ProofError("GENESIS_NETWORK", detail, path=detached.signature.party)
        check_signature(genesis, detached.signature)
        rows[detached.signature.party, detached.signature.key_id] = detached.signature
    signed = codec.decode(file, SignedDocument, limit=MAX_FILE_BYTES)
    return codec.encode(
        msgspec.structs.replace(signed, signatures=tuple(rows[name] for name in sorted(rows)))
    )


# ---- all at once -------------------------------------------------------------------------------------


def found(charter: Charter, joined: Sequence[tuple[PartySecrets, bytes]]) -> bytes:
    """The whole ceremony in one place, for demonstrations and tests: the signed genesis file.

    Args:
        charter: what was agreed.
        joined: each party's keys and statement; every party with a node signs.
    """
    file = unsigned(assemble(charter, [statement for _, statement in joined]))
    signatures = [
        countersign(file, statement, secrets.founding_key)
        for secrets, statement in joined
        if secrets.node is not None
    ]
    return merge(file, signatures)
