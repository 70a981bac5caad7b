"""Names that clients choose: UUIDv7, and the URN under which a document names its ledger record.

UUIDv7 (RFC 9562 section 5.7) is time-ordered, so tables grow at their right edge (DOMAIN.md 2.2); the time
in it is public and carries no authority.
"""

from __future__ import annotations

import re
import secrets
import time
from dataclasses import dataclass
from typing import Final, Self
from uuid import UUID

from accord_ledger.credential import BATCH_ID_BYTES, MAX_INDEX
from accord_ledger.errors import DecodeError

UUID_RANDOM_BYTES: Final = 10
"""Random bytes a UUIDv7 is made of; six bits of them give way to version and variant."""

NETWORK_BYTES: Final = 32
"""A network is named by the hash of its genesis document."""

_URN = re.compile(
    r"urn:accord:([0-9a-f]{64}):([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}):(0|[1-9][0-9]{0,9})", re.ASCII
)


def uuid7(now_ms: int, random_bytes: bytes) -> bytes:
    """A UUIDv7 (16 bytes).

    Args:
        now_ms: POSIX milliseconds, below 2**48.
        random_bytes: ten unpredictable bytes.
    """
    if not 0 <= now_ms < 2**48:
        raise ValueError(f"expected milliseconds below 2**48, got {now_ms}")
    if len(random_bytes) != UUID_RANDOM_BYTES:
        raise ValueError(f"expected {UUID_RANDOM_BYTES} random bytes, got {len(random_bytes)}")
    tail = int.from_bytes(random_bytes, "big")
    rand_a, rand_b = tail >> 68, tail & (2**62 - 1)  # 12 and 62 of the 80 bits
    return (now_ms << 80 | 0x7 << 76 | rand_a << 64 | 0b10 << 62 | rand_b).to_bytes(16, "big")


def new_uuid7() -> bytes:
    """A UUIDv7 of now, from the system's clock and random source."""
    return uuid7(time.time_ns() // 1_000_000, secrets.token_bytes(UUID_RANDOM_BYTES))


def uuid_text(raw: bytes) -> str:
    """``018f3a5e-...``: 16 bytes in the usual groups."""
    text = raw.hex()
    if len(text) != 32:
        raise ValueError(f"expected 16 bytes, got {len(raw)}")
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


@dataclass(frozen=True, slots=True)
class LedgerReference:
    """Which credential of which network a document is: ``urn:accord:<network>:<batch>:<index>``."""

    network: bytes
    """Hash of the genesis document (32 bytes)."""
    batch_id: bytes
    """UUIDv7 of the batch (16 bytes)."""
    index: int
    """Place in the batch, u32."""

    def __post_init__(self) -> None:
        if len(self.network) != NETWORK_BYTES or len(self.batch_id) != BATCH_ID_BYTES:
            raise ValueError(f"expected {NETWORK_BYTES} and {BATCH_ID_BYTES} bytes")
        if not 0 <= self.index <= MAX_INDEX:
            raise ValueError(f"expected an index up to {MAX_INDEX}, got {self.index}")

    @property
    def urn(self) -> str:
        """The reference as a URL (RFC 8141 syntax), with one spelling."""
        return f"urn:accord:{self.network.hex()}:{uuid_text(self.batch_id)}:{self.index}"

    @classmethod
    def parse(cls, urn: str) -> Self:
        """The reference a URN spells.

        Raises:
            DecodeError: ``LEDGER_REFERENCE``.
        """
        found = _URN.fullmatch(urn)
        if found is None or int(found[3]) > MAX_INDEX:
            raise DecodeError("LEDGER_REFERENCE", f"expected urn:accord:..., got {urn[:80]!r}")
        return cls(bytes.fromhex(found[1]), UUID(found[2]).bytes, int(found[3]))
