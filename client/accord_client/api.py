"""The wire shapes of the HTTP interface, shared by node and client (the OpenAPI schema is made of them).

Answers are JSON. What the ledger holds (``value``, ``seal``, ``body``) is shown whole, defaults included,
with every byte string in lowercase hex; canonical bytes that someone verifies (entries, proofs,
certificates) are base64. Every answer that states a fact of the ledger carries the position it was read
at. Requests may also be MessagePack, where bytes are bytes.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

MAX_BULK = 2_000
"""Transactions one request may carry."""

MAX_REQUEST_BYTES = 8 * 1024 * 1024
"""Largest request body."""

MAX_JSON_BYTES = 4 * 1024 * 1024
"""Largest body in JSON, which costs a node many times as much to read as MessagePack."""


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


class ClockRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``POST /v1/clock``, on test networks with a scripted clock only."""

    time: Annotated[int, Meta(ge=0, le=253_402_300_799)]
    """UTC seconds; never before the time commanded last."""
    signature: Annotated[str, Meta(pattern=r"^[0-9a-f]{128}\Z")]
    """Hex, by the key that genesis names as ``scripted_clock``, over network and time
    (``accord_client.clock.clock_message``)."""


class ClockState(Shape, frozen=True, kw_only=True):
    """``GET /v1/clock`` and ``POST /v1/clock``: what the node takes for the time."""

    time: int
    """UTC seconds."""
    test_network: bool = False
    """The time is scripted: it is what commands say, and runs on from there."""


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


class ConsistencyProof(Shape, frozen=True, kw_only=True):
    """``GET /v1/consistency``: the newest log begins with the whole log of an earlier size."""

    size: int
    """The earlier size, as asked."""
    path: list[str]
    """RFC 6962 consistency proof, hex; empty where both sizes are equal."""
    checkpoint: str
    """C2SP checkpoint note of the newest log, with cosignatures."""


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
    proofs: list[StateProof] = []
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
    proof: InclusionProof | None = None
    """Of its seal, with ``?proof=1``."""


class AskedAt(Shape, frozen=True, kw_only=True):
    """The moment a question is about."""

    time: int
    """UTC seconds."""
    height: int | None = None
    """Block whose time it is, if a height was asked about."""
    seal: InclusionProof | None = None
    """That block's seal, with ``?proof=1``."""


class ProvedValue(Shape, frozen=True, kw_only=True):
    """One state value, or its absence."""

    key: str
    """Hex."""
    value: str | None
    """Canonical value, base64; None proves absence."""
    proof: str
    """Canonical ``accord_ledger.authmap.proof.MapProof``, base64."""


class Trusted(Shape, frozen=True, kw_only=True):
    """What a reading took from the node without a proof: keys found by scans, and records by subject."""

    scans: list[tuple[str, str, int, list[str]]] = []
    """First key, key beyond the last, limit, keys found; all in hex."""
    acts: list[tuple[str, int | None, int, int, list[tuple[int, int, int, str, str, str]]]] = []
    """Subject, position, since, limit, and records as (index, height, time, kind, author, tx_id)."""
    recognitions: list[tuple[str, int, list[str]]] = []
    """Account, limit, recognitions."""


class AnswerProof(Shape, frozen=True, kw_only=True):
    """Everything a question read, so that it can be asked again of proved values only."""

    seal: InclusionProof
    """The seal whose ``state_root`` the values lead to."""
    values: list[ProvedValue]
    trusted: Trusted


class QuestionAnswer(Shape, frozen=True, kw_only=True):
    """``GET /v1/questions/{name}`` and ``POST /v1/dry-run``."""

    answer: Any
    """In the shape of the question."""
    position: Position
    at: AskedAt
    notes: list[str] = []
    """What the answer does not know."""
    next: str | None = None
    """``after`` of the next page."""
    proof: AnswerProof | None = None


class DryRunRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``POST /v1/dry-run``: a signed record, or a body as if everybody had signed it."""

    entry: bytes = b""
    """Canonical record (base64 in JSON); or else kind, author and body."""
    kind: Annotated[str, Meta(max_length=64)] = ""
    author: Annotated[str, Meta(max_length=64)] = ""
    body: bytes = b""
    """Canonical body."""
    others: Annotated[list[Annotated[str, Meta(max_length=64)]], Meta(max_length=16)] = []
    """Parties that sign where the rules do not name them, such as the competent agency."""
    proof: bool = False
    """With everything that was read, so that the verdict can be reached again on proved values."""


class QuestionView(Shape, frozen=True, kw_only=True):
    """One question of ``GET /v1/questions``."""

    name: str
    row: str
    summary: str
    parameters: list[str]
    as_of: bool
    """Earlier moments may be asked about."""
    provable: bool


class Questions(Shape, frozen=True, kw_only=True):
    """``GET /v1/questions``."""

    questions: list[QuestionView]


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
