"""C2SP tlog-proof files (``.tlog-proof``): an entry's place in a log, with the checkpoint that covers it.

::

    c2sp.org/tlog-proof@v1
    extra <base64>            optional, opaque and not authenticated
    index <n>
    <base64 hash> ...         siblings, leaf to root
                              empty line
    <the checkpoint, verbatim>
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from accord_ledger.checkpoint import Checkpoint, OpenedCheckpoint, decode_decimal
from accord_ledger.errors import DecodeError
from accord_ledger.merkle.proof import MAX_PROOF, check_inclusion
from accord_ledger.merkle.tree import HASH_BYTES
from accord_ledger.note import MAX_NOTE_BYTES, decode_base64, encode_base64
from accord_ledger.policy import Policy

HEADER: Final = "c2sp.org/tlog-proof@v1"
MAX_EXTRA_BYTES: Final = 2**16
MAX_LOG_PROOF_BYTES: Final = MAX_NOTE_BYTES + 2 * MAX_EXTRA_BYTES


@dataclass(frozen=True, slots=True)
class LogProof:
    """A claim that some entry stands in a log. Nothing in it has been checked."""

    index: int
    """Place of the entry."""
    path: tuple[bytes, ...]
    """Sibling hashes, leaf to root."""
    note: bytes
    """The signed checkpoint, verbatim."""
    extra: bytes = b""
    """Opaque and not authenticated; empty if absent."""

    def format(self) -> bytes:
        """The proof file."""
        lines = [HEADER]
        if self.extra:
            lines.append(f"extra {encode_base64(self.extra)}")
        lines.append(f"index {self.index}")
        lines += [encode_base64(item) for item in self.path]
        return "\n".join([*lines, "", ""]).encode() + self.note

    def check_inclusion(self, leaf_hash: bytes, checkpoint: Checkpoint) -> None:
        """Raise ``ProofError`` ``MERKLE_INCLUSION`` unless the leaf stands under that checkpoint.

        Args:
            leaf_hash: computed from the entry by whoever relies on it.
            checkpoint: opened from ``note`` (or believed already).
        """
        check_inclusion(leaf_hash, self.index, checkpoint.size, self.path, checkpoint.root)

    def open(self, leaf_hash: bytes, policy: Policy) -> OpenedCheckpoint:
        """The checkpoint, after the policy accepted it and the leaf was found under it.

        Raises:
            DecodeError: malformed note or checkpoint.
            ProofError: as ``Policy.open``, or ``MERKLE_INCLUSION``.
        """
        opened = policy.open(self.note)
        self.check_inclusion(leaf_hash, opened.checkpoint)
        return opened


def parse_log_proof(data: bytes) -> LogProof:
    """Take a proof file apart; :meth:`LogProof.open` checks it.

    Raises:
        DecodeError: ``LOG_PROOF_TOO_LARGE`` or ``LOG_PROOF_MALFORMED``.
    """
    code = "LOG_PROOF_MALFORMED"
    if len(data) > MAX_LOG_PROOF_BYTES:
        raise DecodeError(
            "LOG_PROOF_TOO_LARGE", f"expected at most {MAX_LOG_PROOF_BYTES} bytes, got {len(data)}"
        )
    head, empty_line, note = data.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise DecodeError(code, str(error)) from error
    if not empty_line or lines.pop(0) != HEADER:
        raise DecodeError(code, f"expected {HEADER}, lines and an empty line")
    extra = b""
    if lines and lines[0].startswith("extra "):
        extra = decode_base64(lines.pop(0)[6:], code)
        if not 0 < len(extra) <= MAX_EXTRA_BYTES:
            raise DecodeError(code, f"expected 1 to {MAX_EXTRA_BYTES} bytes of extra data, got {len(extra)}")
    if not lines or not lines[0].startswith("index ") or len(lines) > 1 + MAX_PROOF:
        raise DecodeError(code, f"expected an index line and at most {MAX_PROOF} hashes")
    index = decode_decimal(lines.pop(0)[6:], code)
    path = tuple([decode_base64(line, code) for line in lines])
    if any(len(item) != HASH_BYTES for item in path):
        raise DecodeError(code, f"expected hashes of {HASH_BYTES} bytes")
    return LogProof(index, path, note, extra)
