"""The wire shapes of the HTTP interface, shared by node and client (the OpenAPI schema is made of them).

In JSON, bytes are lowercase hex for hashes, ids and keys, and base64 where they are long;
in MessagePack they are bytes. Every answer that states a fact of the ledger carries
the position it was read at.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

MAX_BULK = 2_000
"""Transactions one request may carry."""

MAX_REQUEST_BYTES = 8 * 1024 * 1024
"""Largest request body."""


class Shape(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of answers: unknown fields are ignored by clients, so that answers can grow."""


class Position(Shape, frozen=True, kw_only=True):
    """Which block an answer was read at."""

    height: int
    block_hash: str
    """Seal hash, hex."""
    state_root: str
    """Hex."""
    time: int
    """Block time, UTC seconds."""


class Problem(Shape, frozen=True, kw_only=True):
    """RFC 9457 problem document with the stable code."""

    type: str
    title: str
    status: int
    code: str
    detail: str = ""
    path: str = ""


class SubmitRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``POST /v1/transactions``: one or many records."""

    entries: Annotated[list[bytes], Meta(min_length=1, max_length=MAX_BULK)]
    """Canonical records (base64 in JSON)."""
    wait: Literal["accepted", "final"] = "accepted"
    """Answer when durable here and gossiped, or when final (or refused)."""
    timeout: Annotated[float, Meta(ge=0, le=120)] = 30.0
    """Seconds to wait for finality before answering ``accepted``."""


class SignedRejection(Shape, frozen=True, kw_only=True):
    """A node's signed word that it refused an entry; advisory, since another node may see more."""

    party: str
    entry_hash: str
    height: int
    code: str
    signature: str
    """Hex, by the node's ``log`` key over the tagged canonical (entry hash, height, code)."""


class SubmitResult(Shape, frozen=True, kw_only=True):
    """What became of one submitted record."""

    status: Literal["accepted", "final", "rejected", "busy"]
    """``busy``: this node's queue is full; try again or elsewhere."""
    tx_id: str = ""
    entry_hash: str = ""
    code: str = ""
    detail: str = ""
    path: str = ""
    height: int | None = None
    index: int | None = None
    """Log index, when final."""
    warnings: list[str] = []
    result: dict[str, str] = {}
    """Computed facts (``awarded``, ``exact``, ``dropped`` ...), when final."""
    rejection: SignedRejection | None = None


class SubmitResponse(Shape, frozen=True, kw_only=True):
    """One result per entry, in order."""

    results: list[SubmitResult]
    position: Position


class InclusionProof(Shape, frozen=True, kw_only=True):
    """An entry and its path to a checkpoint that a quorum cosigned."""

    index: int
    entry: str
    """Base64."""
    path: list[str]
    """Sibling hashes, leaf to root, hex."""
    checkpoint: str
    """C2SP checkpoint note with cosignatures."""


class StateProof(Shape, frozen=True, kw_only=True):
    """A state value, or its absence, proved against a seal that a quorum cosigned."""

    key: str
    """Hex."""
    value: str | None
    """Canonical value, base64; None proves absence."""
    proof: str
    """Canonical ``accord_ledger.authmap.proof.MapProof``, base64."""
    seal: InclusionProof
    """The seal whose ``state_root`` the proof leads to."""


class Fact(Shape, frozen=True, kw_only=True):
    """One object of the ledger, as JSON, with proof on request."""

    value: Any
    position: Position
    proof: StateProof | None = None


class Listing(Shape, frozen=True, kw_only=True):
    """Objects that match simple filters, in key order."""

    items: list[Any]
    next: str | None = None
    """Cursor of the next page."""
    position: Position


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
    warnings: list[str] = []
    result: dict[str, str] = {}


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
