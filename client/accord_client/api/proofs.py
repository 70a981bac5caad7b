"""Proofs as the HTTP interface gives them."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from accord_client.api.base import Position, Shape

MAX_PROVED_KEYS: Final = 512
"""Most state values that one request has proved."""


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


class ProvedValue(Shape, frozen=True, kw_only=True):
    """One state value, or its absence."""

    key: str
    """Hex."""
    value: str | None
    """Canonical value, base64; None proves absence."""
    proof: str
    """Canonical ``accord_ledger.authmap.proof.MapProof``, base64."""


class StateProofsRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``POST /v1/state``: keys of state values."""

    keys: Annotated[
        list[Annotated[str, Meta(pattern=r"^(?:[0-9a-f]{2}){2,512}\Z")]],
        Meta(min_length=1, max_length=MAX_PROVED_KEYS),
    ]
    """Hex."""


class StateProofs(Shape, frozen=True, kw_only=True):
    """Values of the state under the keys that were asked for, in the same order."""

    seal: InclusionProof
    """The seal whose ``state_root`` all of them lead to."""
    values: list[ProvedValue]
    position: Position
