"""What clients send, and what becomes of it."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, field

from accord_client.api.base import Position, Shape

MAX_BULK = 2_000
"""Transactions one request may carry."""

MAX_REQUEST_BYTES = 8 * 1024 * 1024
"""Largest request body."""

MAX_JSON_BYTES = 4 * 1024 * 1024
"""Largest body in JSON, which costs a node many times as much to read as MessagePack."""


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


class SubmitResult(Shape, frozen=True, kw_only=True, gc=False):
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
    warnings: list[str] = field(default_factory=list)
    result: dict[str, str] = field(default_factory=dict)
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
