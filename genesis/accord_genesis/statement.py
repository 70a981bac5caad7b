"""What one party contributes to a genesis, made on its own machine and signed by it.

A statement holds the party's registration (T01), its node (T43) if it runs one, and whether it takes a
seat. Its signature and the proofs of possession in it let the one who assembles the document, and every
other founder, know that these keys were brought by those who hold them; who they are, people confirm by
comparing fingerprints over another channel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from accord_genesis.document import FOUNDING_PURPOSES
from accord_genesis.keyset import NO_NETWORK, PartySecrets
from accord_genesis.presets import Named
from accord_ledger import codec, keys
from accord_ledger.codec import Wire
from accord_ledger.domain.kind import kinds
from accord_ledger.domain.kinds.network import NodeKeysSet
from accord_ledger.domain.kinds.party import PartyRegister
from accord_ledger.domain.kinds.seat import SEAT_ROLES, SeatGrant
from accord_ledger.errors import DecodeError, ProofError
from accord_ledger.fields import Digest, Signature
from accord_ledger.keys import SigningKey, verifies
from accord_ledger.tags import Tag

MAX_STATEMENT_BYTES: Final = codec.MAX_ENTRY_BYTES
"""Largest statement file."""


class Statement(Wire):
    """One party's part of genesis."""

    v: Literal[1]
    party: PartyRegister
    """The party with its institutional keys; proofs of possession name no network."""
    node: NodeKeysSet | None = None
    """The party's node; None: it runs none."""
    seat: bool = False
    """It votes from the first epoch on."""


class SignedStatement(Wire):
    """The file ``<party>.statement``."""

    statement: bytes
    """Canonical bytes of :class:`Statement`."""
    key_id: Digest
    """A governance or institution key that the statement itself brings."""
    signature: Signature


@dataclass(frozen=True, slots=True)
class CheckedStatement:
    """A statement whose signature and proofs of possession are good."""

    statement: Statement
    data: bytes
    """Its canonical bytes, without the signature."""
    key_id: bytes
    """The key that signed it, and that is expected to sign the document."""

    @property
    def party(self) -> str:
        """Party id."""
        return self.statement.party.party_id

    @property
    def fingerprint(self) -> str:
        """What people compare (see :func:`fingerprint`)."""
        return fingerprint(self.statement)

    def acts(self) -> tuple[Named, ...]:
        """What it puts into the document."""
        said = self.statement
        acts: list[Named] = [("party_register", said.party)]
        if said.node is not None:
            acts.append(("node_keys_set", said.node))
        if said.seat:
            acts.append(("seat_grant", SeatGrant(party=self.party)))
        return tuple(acts)


def fingerprint(statement: Statement) -> str:
    """What people compare over another channel: 128 bits of the tagged hash, in groups of four digits."""
    digits = Tag.SIGN_GENESIS_STATEMENT.digest(codec.encode(statement)).hex()[:32]
    return " ".join(digits[start : start + 4] for start in range(0, 32, 4))


def state(party: PartyRegister, secrets: PartySecrets, *, endpoint: str | None, seat: bool) -> bytes:
    """Make and sign a statement.

    Args:
        party: the registration; its ``keys`` are those of ``secrets``.
        secrets: the party's keys, from which node keys and proofs are taken.
        endpoint: where its node is reached (``wss://...``); None: it runs none.
        seat: whether it takes a seat.

    Returns:
        The canonical statement file.

    Raises:
        ProofError, Rejection: as :func:`open_statement`, which it must pass.
    """
    node = None
    if endpoint is not None:
        node = NodeKeysSet(
            party=party.party_id,
            endpoint=endpoint,
            link=(secrets.node_key("link"),),
            vote=secrets.node_key("vote"),
            log=secrets.node_key("log"),
            witness=secrets.node_key("witness"),
        )
    data = sign_statement(Statement(v=1, party=party, node=node, seat=seat), secrets.founding_key)
    open_statement(data)
    return data


def sign_statement(statement: Statement, key: SigningKey) -> bytes:
    """The canonical statement file with this key's signature."""
    data = codec.encode(statement)
    signature = key.sign(Tag.SIGN_GENESIS_STATEMENT.message(data))
    return codec.encode(SignedStatement(statement=data, key_id=key.key_id, signature=signature))


def open_statement(data: bytes) -> CheckedStatement:
    """Read a statement file and check everything that can be said of it alone.

    Raises:
        DecodeError: no canonical statement.
        Rejection: ``E_KEY_INVALID`` (a key or its proof), ``E_VALUE`` or ``E_SCHEMA``; the path says where.
        ProofError: ``STATEMENT_PARTY`` (its node is another party's), ``STATEMENT_SEAT`` (a seat without
            node or role), ``STATEMENT_KEY`` (signed by a key it does not bring) or
            ``STATEMENT_SIGNATURE``.
    """
    signed = codec.decode(data, SignedStatement, limit=MAX_STATEMENT_BYTES)
    try:
        statement = codec.decode(signed.statement, Statement, limit=MAX_STATEMENT_BYTES)
    except DecodeError as error:
        raise DecodeError(error.code, error.detail, path=f"statement.{error.path}".rstrip(".")) from error
    _check_content(statement)
    _check_signature(statement, signed)
    return CheckedStatement(statement, signed.statement, signed.key_id)


def _check_content(statement: Statement) -> None:
    party, node = statement.party, statement.node
    kinds()["party_register"].values(party)
    for place, key in enumerate(party.keys):
        path = f"party.keys[{place}]"
        keys.check_possession(NO_NETWORK, party.party_id, "institution", key.public, key.proof, path)
    if node is not None:
        if node.party != party.party_id:
            raise ProofError("STATEMENT_PARTY", f"expected the node of {party.party_id}, got {node.party}")
        kinds()["node_keys_set"].values(node)
        links = [(f"node.link[{place}]", "link", key) for place, key in enumerate(node.link)]
        single = [(f"node.{use}", use, getattr(node, use)) for use in ("vote", "log", "witness")]
        for path, use, node_key in (*links, *single):
            keys.check_possession(NO_NETWORK, party.party_id, use, node_key.public, node_key.proof, path)
    if statement.seat and (node is None or SEAT_ROLES.isdisjoint(party.roles)):
        detail = f"expected a node and one of the roles {', '.join(sorted(SEAT_ROLES))} for a seat"
        raise ProofError("STATEMENT_SEAT", detail, path="seat")


def _check_signature(statement: Statement, signed: SignedStatement) -> None:
    name = statement.party.party_id
    signer = next((key for key in statement.party.keys if keys.key_id(key.public) == signed.key_id), None)
    if signer is None or FOUNDING_PURPOSES.isdisjoint(signer.purposes):
        raise ProofError(
            "STATEMENT_KEY", f"expected a governance or institution key of {name}", path="key_id"
        )
    message = Tag.SIGN_GENESIS_STATEMENT.message(signed.statement)
    if not verifies(signer.public, message, signed.signature):
        raise ProofError("STATEMENT_SIGNATURE", f"expected a valid signature of {name}", path="signature")
