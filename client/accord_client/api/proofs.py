"""Proofs as the HTTP interface gives them."""

from __future__ import annotations

from accord_client.api.base import Shape


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
