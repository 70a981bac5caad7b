"""What every answer of the HTTP interface rests on: how it may grow, and the block it was read at."""

from __future__ import annotations

import msgspec


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
