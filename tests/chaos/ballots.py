"""Votes read from a member's journal by a reader of our own, from the format's description alone.

segment = magic (16) || identity (16) || number (u64) || first sequence (u64) || check (16)
frame   = magic (4) || length (u32) || sequence (u64) || check (8) || payload || check (16)
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

import msgpack

_HEADER = struct.Struct(">16s16sQQ16s")
_FRAME = struct.Struct(">4sIQ8s")
_CHECK = 16


def payloads(data: bytes) -> Iterator[bytes]:
    """Complete frames of one segment; a torn end is no frame."""
    if len(data) < _HEADER.size:
        return
    identity = _HEADER.unpack_from(data)[1]
    at = _HEADER.size
    while at + _FRAME.size <= len(data):
        magic, length, _, _ = _FRAME.unpack_from(data, at)
        end = at + _FRAME.size + length
        check = blake2b(data[at:end], key=identity, digest_size=_CHECK).digest()
        if magic != b"AJF1" or data[end : end + _CHECK] != check:
            return
        yield data[at + _FRAME.size : end]
        at = end + _CHECK


@dataclass
class Ballots:
    """All votes members wrote down, over all their lives."""

    given: dict[tuple[str, int, int], dict[str, set[bytes]]] = field(default_factory=dict)
    """(member, epoch, view) -> kind -> seals."""

    def read(self, member: str, folder: Path) -> None:
        """Add what stands in a journal; it may be in use."""
        for path in sorted(folder.glob("journal-*")):
            for payload in payloads(path.read_bytes()):
                for record in msgpack.unpackb(payload)["records"]:
                    if record["type"] == "voted":
                        place = (member, record["epoch"], record["view"])
                        self.given.setdefault(place, {}).setdefault(record["kind"], set()).add(record["seal"])

    def contradictions(self) -> list[str]:
        """What no honest member ever says (DESIGN.md section 4, step 8)."""
        found = []
        for place, kinds in sorted(self.given.items()):
            found += [
                f"{place}: {len(seals)} seals of kind {kind}"
                for kind, seals in kinds.items()
                if len(seals) > 1
            ]
            if {"nullify", "finalize"} <= kinds.keys():
                found.append(f"{place}: nullify and finalize")
        return found
