"""A log of several entry bundles, and the ways in which somebody may have altered it.

    pages = bundles(long_log())               # as an audit reads them
    altered = ALTERED["a record in another encoding"]()

The records stand in blocks of two: uu suspends a credential and lets it count again. A key that is registered in
the log signs from the middle on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

from accord_ledger.domain.kinds.key import KeyRotate
from accord_ledger.keys import SigningKey
from audit_world import Forger, bad_signature, forged, looser
from domain_alliance import key_of, new_key

LATE_KEY = SigningKey.from_seed(b"\x31" * 32)
"""Replaces uu's registrar key in the middle of the log."""

BLOCKS = 200


@cache
def long_world() -> Forger:
    """Three blocks that set the stage, and ``BLOCKS`` of two records."""
    world, batch = forged()
    registrar = key_of("uu", "registrar")
    for number in range(BLOCKS):
        for act in ("suspend", "reinstate"):
            world.do("credential_status", world.status(batch, act, (0, 1)), registrar, author="uu")
        if number == BLOCKS // 2:
            fresh = new_key(LATE_KEY, "uu", "registrar", network=world.network)
            rotated = KeyRotate(party="uu", replaces=registrar.key_id, key=fresh)
            world.do("key_rotate", rotated, registrar, author="uu")
            registrar = LATE_KEY
        world.close()
        world.reopen()
    return world


def long_log() -> list[bytes]:
    """Its entries."""
    return list(long_world().log)


def bundles(log: Sequence[bytes], size: int = 256) -> list[list[bytes]]:
    """The entries as they stand in bundles."""
    return [list(log[at : at + size]) for at in range(0, len(log), size)]


def record_at(block: int) -> int:
    """Log index of the first record of a block."""
    return long_world().heights[block - 1] + 1


def _record(block: int, change: Callable[[bytes], bytes]) -> list[bytes]:
    log, at = long_log(), record_at(block)
    log[at] = change(log[at])
    return log


def _seal(height: int, change: Callable[[bytes], bytes]) -> list[bytes]:
    log, at = long_log(), long_world().heights[height]
    log[at] = change(log[at])
    return log


def _swapped(block: int) -> list[bytes]:
    log, at = long_log(), record_at(block)
    log[at], log[at + 1] = log[at + 1], log[at]
    return log


ALTERED: dict[str, Callable[[], list[bytes]]] = {
    "nothing": long_log,
    "a signature": lambda: _record(60, bad_signature),
    "a record in another encoding": lambda: _record(60, looser),
    "a record that is none": lambda: _record(150, lambda entry: b"\x82" + entry[:40]),
    "an entry that is empty": lambda: _record(120, lambda entry: b""),
    "two records in another order": lambda: _swapped(90),
    "a seal in another encoding": lambda: _seal(90, lambda entry: b"\xde\x00\x0e" + entry[1:]),
    "a vote": lambda: _seal(90, lambda entry: entry.replace(b"notarize", b"finalize", 1)),
}
"""What was done to the log, by name."""
