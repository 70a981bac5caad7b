"""Checkpoints (C2SP tlog-checkpoint) and their cosignatures (tlog-cosignature, Ed25519).

A checkpoint names a log, its size and its root. One log signature on it proves nothing: it is believed
when a quorum of the members cosigned it, which is what :func:`quorum_open` demands. Checkpoints of
Accord have no extension lines (nothing of ours goes there), so a text with any is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from accord_ledger.errors import DecodeError, ProofError
from accord_ledger.keys import SigningKey
from accord_ledger.merkle.tree import EMPTY_ROOT, HASH_BYTES, MAX_SIZE
from accord_ledger.note import (
    COSIGNATURE,
    ED25519,
    MAX_TIME,
    TIME_BYTES,
    Note,
    Signature,
    VerifierKey,
    cosigned_message,
    decode_base64,
    encode_base64,
    is_key_name,
    open_note,
)

PORTABLE_COSIGNATURES: Final = 15
"""Most cosignatures on a portable note: with the log's own, the 16 that every verifier accepts."""

_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")


def decode_decimal(text: str, code: str) -> int:
    """The number written in ASCII decimal without leading zeros, at most 2**63 - 1.

    Raises:
        DecodeError: with ``code``.
    """
    if not _DECIMAL.fullmatch(text) or int(text) > MAX_SIZE:
        raise DecodeError(code, f"expected a decimal of at most 2**63 - 1, got {text[:80]!r}")
    return int(text)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One state of one log."""

    origin: str
    """Name of the log; its log keys have the same name."""
    size: int
    """Number of entries."""
    root: bytes
    """RFC 6962 root over them (32 bytes)."""

    def __post_init__(self) -> None:
        if not is_key_name(self.origin):
            raise ValueError(f"expected an origin that can name a key, got {self.origin!r}")
        if not 0 <= self.size <= MAX_SIZE or len(self.root) != HASH_BYTES:
            raise ValueError(f"no such tree: size {self.size}, root of {len(self.root)} bytes")
        if not self.size and self.root != EMPTY_ROOT:
            raise ValueError(f"expected the empty root at size 0, got {self.root.hex()}")

    def text(self) -> str:
        """The note text: origin, size and root, one a line."""
        return f"{self.origin}\n{self.size}\n{encode_base64(self.root)}\n"


def parse_checkpoint(text: str) -> Checkpoint:
    """The checkpoint with exactly this text.

    Raises:
        DecodeError: ``CHECKPOINT_MALFORMED``.
    """
    code = "CHECKPOINT_MALFORMED"
    lines = text.split("\n")
    if len(lines) != 4 or lines[3]:
        raise DecodeError(code, f"expected three lines (origin, size, root), got {len(lines) - 1}")
    size, root = decode_decimal(lines[1], code), decode_base64(lines[2], code)
    try:
        return Checkpoint(lines[0], size, root)
    except ValueError as error:
        raise DecodeError(code, str(error)) from error


def cosign(checkpoint_text: str, key: SigningKey, name: str, time: int) -> Signature:
    """A cosignature: the largest consistent tree this cosigner has seen by ``time`` is this one.

    The caller has made sure that this is true and durably noted before it lets the result go
    (FORMATS.md section 1: never back, finalised sizes only).

    Args:
        checkpoint_text: the whole note text of the checkpoint.
        key: the witness key, used for nothing else.
        name: the cosigner's key name.
        time: POSIX seconds.

    Raises:
        DecodeError: ``CHECKPOINT_MALFORMED``: only checkpoints are cosigned.
    """
    parse_checkpoint(checkpoint_text)
    if not 0 <= time <= MAX_TIME:
        raise ValueError(f"expected POSIX seconds, got {time}")
    signer = VerifierKey(name, COSIGNATURE, key.public)
    blob = time.to_bytes(TIME_BYTES, "big") + key.sign(cosigned_message(checkpoint_text, time))
    return Signature(name, signer.key_id, blob)


def portable_note(checkpoint: Checkpoint, log: Signature, cosignatures: Sequence[Signature]) -> bytes:
    """The checkpoint with the log's signature and the first 15 cosignatures (see FORMATS.md section 1)."""
    return Note(checkpoint.text(), (log, *cosignatures[:PORTABLE_COSIGNATURES])).format()


@dataclass(frozen=True, slots=True)
class OpenedCheckpoint:
    """A checkpoint with a good log signature, and the named cosigners whose signatures are good."""

    checkpoint: Checkpoint
    log: VerifierKey
    """The log key that signed."""
    times: Mapping[VerifierKey, int]
    """Cosigner to the POSIX seconds it stated (the latest, if it signed twice)."""

    def cosigned_by(self, quorum: int) -> bool:
        """Whether at least ``quorum`` different keys cosigned; one key under two names counts once."""
        return len({key.public for key in self.times}) >= quorum


def open_checkpoint(
    data: bytes, log_vkeys: Iterable[VerifierKey], member_vkeys: Iterable[VerifierKey]
) -> OpenedCheckpoint:
    """A checkpoint signed by one of these log keys, with its cosigners. By itself no reason to believe it.

    Raises:
        DecodeError: as ``open_note`` and :func:`parse_checkpoint`.
        ProofError: as ``open_note``, or ``CHECKPOINT_LOG`` (no log key of that origin signed).
        ValueError: a key of the wrong type was named; a programmer's error.
    """
    logs, members = tuple(log_vkeys), tuple(member_vkeys)
    if {key.type_byte for key in logs} - {ED25519} or {key.type_byte for key in members} - {COSIGNATURE}:
        raise ValueError("expected log keys of type 0x01 and member keys of type 0x04")
    note = open_note(data, (*logs, *members))
    checkpoint = parse_checkpoint(note.text)
    times: dict[VerifierKey, int] = {}
    log = None
    for key, line in note.verified:
        if key.type_byte == COSIGNATURE:
            times[key] = max(line.time, times.get(key, 0))
        elif key.name == checkpoint.origin:
            log = log or key
    if log is None:
        raise ProofError("CHECKPOINT_LOG", f"expected a log signature named {checkpoint.origin}")
    return OpenedCheckpoint(checkpoint, log, times)


def quorum_open(
    data: bytes, log_vkey: VerifierKey | Sequence[VerifierKey], member_vkeys: Iterable[VerifierKey], k: int
) -> OpenedCheckpoint:
    """The checkpoint in this note, if its log signed it and at least ``k`` of the members cosigned it.

    Args:
        data: a signed note.
        log_vkey: the log key (0x01), or several of which one is enough (each node has its own).
        member_vkeys: the members' cosigner keys (0x04).
        k: quorum, n - f of the members; at least 1.

    Raises:
        DecodeError: malformed note or checkpoint.
        ProofError: as :func:`open_checkpoint`, or ``CHECKPOINT_QUORUM``.
    """
    if k < 1:
        raise ValueError(f"expected a quorum of at least 1, got {k}")
    logs = (log_vkey,) if isinstance(log_vkey, VerifierKey) else log_vkey
    opened = open_checkpoint(data, logs, member_vkeys)
    if not opened.cosigned_by(k):
        raise ProofError("CHECKPOINT_QUORUM", f"expected {k} cosignatures, got {len(opened.times)}")
    return opened
