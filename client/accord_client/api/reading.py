"""Objects, records, blocks and the node itself, as they are read."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import field

from accord_client.api.base import Position, Shape
from accord_client.api.proofs import InclusionProof, StateProof


class Problem(Shape, frozen=True, kw_only=True):
    """RFC 9457 problem document with the stable code."""

    type: str
    title: str
    status: int
    code: str
    """Stable; the only part a program may compare."""
    detail: str = ""
    path: str = ""
    """Where in the request it was found."""
    position: Position | None = None
    """Where absence was read, with ``OBJECT_UNKNOWN``."""
    proof: StateProof | None = None
    """Proof of absence, if it was asked for."""


class Fact(Shape, frozen=True, kw_only=True):
    """One object of the ledger, as JSON, with proof on request."""

    value: Any
    position: Position
    proof: StateProof | None = None


class CredentialView(Shape, frozen=True, kw_only=True):
    """What the ledger says of one credential; one without rows of its own is untouched and valid."""

    batch_id: str
    index: int
    status: Literal["valid", "suspended", "revoked"]
    """As last set by its issuer; expiry and the issuer's standing are judged elsewhere."""
    status_since: int | None
    """UTC seconds of the change; None where it is untouched since its issue."""
    effect: Literal["reverse", "review"] | None
    """With which effect it was revoked."""
    confirmed_at: int | None
    """Last confirmation after a key compromise, UTC seconds."""
    replaced: bool
    erased_at: int | None
    spends: list[Any]
    """Live uses for credit, oldest first."""
    stacked_into: str | None
    """Award batch it is a component of."""
    batch: Any
    """The issuance itself."""


class CredentialFact(Shape, frozen=True, kw_only=True):
    """``GET /v1/credentials/{batch_id}/{index}``."""

    value: CredentialView
    position: Position
    proofs: list[StateProof] = field(default_factory=list)
    """Of the batch, the page of statuses and the credential's own row, in this order, under one checkpoint;
    absence of the last two is the default."""


class Row(Shape, frozen=True, kw_only=True):
    """One object of a listing."""

    key: list[str | int]
    """Parts of its key: what its own address is made of."""
    value: Any


class Listing(Shape, frozen=True, kw_only=True):
    """Objects that match simple filters, in key order."""

    items: list[Row]
    next: str | None = None
    """Cursor of the next page; a page may be empty and still have one, since work per page is bounded."""
    position: Position


class RecordListing(Shape, frozen=True, kw_only=True):
    """``GET /v1/records``: finalised records in log order."""

    items: list[RecordView]
    next: int | None = None
    """``from`` of the next page."""
    position: Position


class EvidenceListing(Shape, frozen=True, kw_only=True):
    """``GET /v1/evidence``: pairs of votes by which a member contradicted itself."""

    items: list[Any]
    """What this node saw: each with ``first`` and ``second``, two signed votes."""
    recorded: list[Any]
    """What the ledger holds (T45): also ``by`` whom it was submitted, and at which ``height``."""
    position: Position


class FinalBlock(Shape, frozen=True, kw_only=True):
    """``GET /v1/final``: the newest durable block of this node, if its own finalization is here."""

    height: int
    seal: str
    """Canonical seal, hex."""
    finalization: str
    """Canonical certificate of that seal, hex."""
    state_root: str
    """Root of the state that this node computed after the block, hex."""
    vote: str | None = None
    """Vote key that the ledger names for this node's party, hex."""


class RecordView(Shape, frozen=True, kw_only=True):
    """One finalised record for people and programs."""

    index: int
    height: int
    time: int
    kind: str
    author: str
    tx_id: str
    body: Any
    signatures: list[tuple[str, str]]
    """(key id, scope)."""
    warnings: list[str] = field(default_factory=list)
    result: dict[str, str] = field(default_factory=dict)


class RecordAnswer(Shape, frozen=True, kw_only=True):
    """``GET /v1/records/{index}`` and ``GET /v1/transactions/{tx_id}``."""

    record: RecordView
    position: Position
    proof: InclusionProof | None = None


class BlockView(Shape, frozen=True, kw_only=True):
    """``GET /v1/blocks/{height}``."""

    height: int
    hash: str
    seal: Any
    first: int
    count: int
    finalization: str | None = None
    """Canonical certificate, base64."""
    position: Position
    proof: InclusionProof | None = None
    """Of its seal, with ``?proof=1``."""


class NodeStatus(Shape, frozen=True, kw_only=True):
    """``GET /v1/status``."""

    network: str
    """Genesis hash, hex."""
    name: str
    party: str
    version: str
    origin: str
    """Checkpoint origin."""
    epoch: int
    members: list[str]
    quorum: int
    linked: list[str]
    """Parties this node is linked to now."""
    voting: bool
    ready: bool
    reason: str = ""
    """Why it is not ready."""
    view: int
    log_size: int
    pending: int
    """Transactions waiting."""
    position: Position
    test_network: bool = False
