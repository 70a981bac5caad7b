"""Questions and their answers."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta, field

from accord_client.api.base import Position, Shape
from accord_client.api.proofs import InclusionProof, ProvedValue


class AskedAt(Shape, frozen=True, kw_only=True):
    """The moment a question is about."""

    time: int
    """UTC seconds."""
    height: int | None = None
    """Block whose time it is, if a height was asked about."""
    seal: InclusionProof | None = None
    """That block's seal, with ``?proof=1``."""


class Trusted(Shape, frozen=True, kw_only=True):
    """What a reading took from the node without a proof: keys found by scans, and records by subject."""

    scans: list[tuple[str, str, int, list[str]]] = field(default_factory=list)
    """First key, key beyond the last, limit, keys found; all in hex."""
    acts: list[tuple[str, int | None, int, int, list[tuple[int, int, int, str, str, str]]]] = field(
        default_factory=list
    )
    """Subject, position, since, limit, and records as (index, height, time, kind, author, tx_id)."""
    recognitions: list[tuple[str, int, list[str]]] = field(default_factory=list)
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
    notes: list[str] = field(default_factory=list)
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
    provable: bool
    dated: bool
    """Its answer for an earlier moment can be proved too; every question answers for one."""


class Questions(Shape, frozen=True, kw_only=True):
    """``GET /v1/questions``."""

    questions: list[QuestionView]
