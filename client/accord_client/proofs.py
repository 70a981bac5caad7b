"""Proofs in answers, checked against the verifier's pin: the only way a node's word becomes a fact.

    entry   checkpoint cosigned by a quorum -> the entry is a leaf under its root
    seal    an entry at the last place of the checkpoint -> a seal of this network and member set
    state   a seal -> its state root -> the map holds this key with this value, or does not hold it

The caller says which key and which type it asked for; a proof about anything else is refused. Everything
is bounded: hashes, notes, values.
"""

from __future__ import annotations

import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from accord_client.api import InclusionProof, StateProof
from accord_client.errors import TrustError
from accord_client.trust import Believed, Trust
from accord_ledger import codec
from accord_ledger.authmap.proof import MapProof, check_absence, check_presence
from accord_ledger.block import Seal, SealedBytes
from accord_ledger.errors import AccordError, DecodeError, Rejection
from accord_ledger.merkle.proof import MAX_PROOF, check_inclusion
from accord_ledger.merkle.tree import HASH_BYTES, leaf_hash
from accord_ledger.state import MAX_VALUE_BYTES, Part, Table
from accord_ledger.transaction import ParsedRecord, parse_record

V = TypeVar("V", bound=codec.Wire)

MAX_MAP_PROOF_BYTES: Final = 64 * 1024
"""Largest encoded map proof: 64 levels of 15 hashes would be 31 kB."""


def hex_bytes(text: str, path: str, *, length: int | None = None) -> bytes:
    """The bytes that lower-case hex spells; ``DecodeError`` ``LEDGER_HEX`` otherwise."""
    try:
        data = bytes.fromhex(text)
    except ValueError as error:
        raise DecodeError("LEDGER_HEX", f"expected hex, got {text[:80]!r}", path=path) from error
    if data.hex() != text or (length is not None and len(data) != length):
        expected = "lower-case hex" if length is None else f"{length} bytes in lower-case hex"
        raise DecodeError("LEDGER_HEX", f"expected {expected}, got {text[:80]!r}", path=path)
    return data


def base64_bytes(text: str, path: str, *, limit: int) -> bytes:
    """The bytes that standard base64 spells, at most ``limit``; ``DecodeError`` ``LEDGER_BASE64``."""
    if len(text) > 4 * (limit // 3 + 1):
        raise DecodeError("LEDGER_BASE64", f"expected at most {limit} bytes", path=path)
    try:
        spelled = text.encode("ascii")
        data = binascii.a2b_base64(spelled, strict_mode=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise DecodeError("LEDGER_BASE64", f"expected base64: {error}", path=path) from error
    if binascii.b2a_base64(data, newline=False) != spelled:
        raise DecodeError("LEDGER_BASE64", "expected the one spelling of these bytes", path=path)
    return data


def base64_text(data: bytes) -> str:
    """Standard base64 with padding."""
    return binascii.b2a_base64(data, newline=False).decode("ascii")


@dataclass(frozen=True, slots=True)
class ProvedEntry:
    """An entry of the log, under a checkpoint that the pin supports."""

    entry: bytes
    index: int
    """Its place in the log."""
    believed: Believed
    """The checkpoint it was found under."""


@dataclass(frozen=True, slots=True)
class ProvedSeal:
    """The newest seal under a believed checkpoint."""

    seal: Seal
    hash: bytes
    index: int
    believed: Believed


@dataclass(frozen=True, slots=True)
class ProvedRecord:
    """A finalised record."""

    record: ParsedRecord
    index: int
    believed: Believed


@dataclass(frozen=True, slots=True)
class Proved(Generic[V]):
    """A state value, or its proved absence (None), as of a seal."""

    value: V | None
    raw: bytes | None
    """Canonical bytes of the value."""
    seal: ProvedSeal

    @property
    def height(self) -> int:
        """Block the value was proved at."""
        return self.seal.seal.height

    @property
    def time(self) -> int:
        """Block time, UTC seconds."""
        return self.seal.seal.time


def check_entry(proof: InclusionProof, trust: Trust, *, path: str = "proof") -> ProvedEntry:
    """An entry of the log.

    Raises:
        DecodeError: ``LEDGER_HEX``, ``LEDGER_BASE64``, or a malformed note.
        ProofError: ``MERKLE_INCLUSION``, or as :meth:`Trust.open`.
    """
    entry = base64_bytes(proof.entry, f"{path}.entry", limit=codec.MAX_ENTRY_BYTES)
    siblings = hashes_of(proof.path, f"{path}.path")
    believed = trust.open(proof.checkpoint.encode())
    checkpoint = believed.checkpoint
    check_inclusion(leaf_hash(entry), proof.index, checkpoint.size, siblings, checkpoint.root)
    return ProvedEntry(entry, proof.index, believed)


def check_seal(proof: InclusionProof, trust: Trust, *, path: str = "seal") -> ProvedSeal:
    """The seal a checkpoint ends in.

    Raises:
        TrustError: ``LEDGER_SEAL`` (no seal), ``LEDGER_SEAL_PLACE`` (not the last entry),
            ``LEDGER_NETWORK`` or ``TRUST_EPOCH``.
        DecodeError, ProofError: as :func:`check_entry`.
    """
    proved = check_entry(proof, trust, path=path)
    last = proved.believed.checkpoint.size - 1
    if proved.index != last:
        raise TrustError(
            "LEDGER_SEAL_PLACE", f"expected the last entry {last}, got {proved.index}", path=path
        )
    try:
        sealed = SealedBytes.parse(proved.entry)
    except DecodeError as error:
        raise TrustError("LEDGER_SEAL", f"expected a seal: {error}", path=path) from error
    if sealed.seal.network != trust.network:
        raise TrustError(
            "LEDGER_NETWORK",
            f"expected network {trust.network.hex()}, got {sealed.seal.network.hex()}",
            path=path,
        )
    trust.check_members(sealed.seal)
    return ProvedSeal(sealed.seal, sealed.hash, proved.index, proved.believed)


def check_record(
    proof: InclusionProof, trust: Trust, *, tx_id: bytes | None = None, path: str = "proof"
) -> ProvedRecord:
    """A finalised record: valid when it entered, since only valid records enter the log.

    Args:
        proof: as a node gave it.
        trust: the pin.
        tx_id: which transaction was asked for, if one was.
        path: where it stands.

    Raises:
        TrustError: ``LEDGER_RECORD`` (no record, or another one) or ``LEDGER_NETWORK``.
        DecodeError, ProofError: as :func:`check_entry`.
    """
    proved = check_entry(proof, trust, path=path)
    try:
        record = parse_record(proved.entry)
    except Rejection as error:
        raise TrustError("LEDGER_RECORD", f"expected a record: {error}", path=path) from error
    network = trust.network_of(proved.index)
    if record.tx.network != network:
        raise TrustError(
            "LEDGER_NETWORK",
            f"expected network {network.hex()}, got {record.tx.network.hex()}",
            path=path,
        )
    if tx_id is not None and record.tx_id != tx_id:
        raise TrustError("LEDGER_RECORD", f"expected {tx_id.hex()}, got {record.tx_id.hex()}", path=path)
    return ProvedRecord(record, proved.index, proved.believed)


def check_value(
    state_root: bytes, key: bytes, value: str | None, proof: str, *, path: str = "proof"
) -> bytes | None:
    """The raw value under a key, or None where its absence is proved.

    Raises:
        DecodeError: ``LEDGER_BASE64``, or a malformed map proof.
        ProofError: ``MAP_PRESENCE`` or ``MAP_ABSENCE``.
    """
    opened = codec.decode(
        base64_bytes(proof, f"{path}.proof", limit=MAX_MAP_PROOF_BYTES), MapProof, limit=MAX_MAP_PROOF_BYTES
    )
    if value is None:
        check_absence(state_root, key, opened)
        return None
    raw = base64_bytes(value, f"{path}.value", limit=MAX_VALUE_BYTES)
    check_presence(state_root, key, raw, opened)
    return raw


def check_raw_state(proof: StateProof, key: bytes, trust: Trust) -> tuple[bytes | None, ProvedSeal]:
    """The canonical bytes under a state key, or None, and the seal they were proved at.

    Raises:
        TrustError: ``LEDGER_KEY`` (a proof about another key), and as :func:`check_seal`.
        DecodeError, ProofError: as :func:`check_seal` and :func:`check_value`.
    """
    if proof.key != key.hex():
        raise TrustError("LEDGER_KEY", f"expected a proof about {key.hex()[:160]}, got {proof.key[:160]}")
    seal = check_seal(proof.seal, trust)
    return check_value(seal.seal.state_root, key, proof.value, proof.proof), seal


def check_state(proof: StateProof, trust: Trust, table: Table[V], *parts: Part) -> Proved[V]:
    """The typed value of a table under these key parts.

    Raises:
        TrustError: ``LEDGER_VALUE`` (no value of that table), and as :func:`check_raw_state`.
        DecodeError, ProofError: as :func:`check_raw_state`.
    """
    raw, seal = check_raw_state(proof, table.key(*parts), trust)
    if raw is None:
        return Proved(None, None, seal)
    try:
        return Proved(table.decode(raw), raw, seal)
    except AccordError as error:
        raise TrustError("LEDGER_VALUE", f"expected a value of {table.name}: {error}") from error


def hashes_of(texts: Sequence[str], path: str) -> list[bytes]:
    """The hashes of a proof, at most as many as any proof has; ``DecodeError`` ``LEDGER_HEX``."""
    if len(texts) > MAX_PROOF:
        raise DecodeError("LEDGER_HEX", f"expected at most {MAX_PROOF} hashes, got {len(texts)}", path=path)
    return [hex_bytes(text, f"{path}[{place}]", length=HASH_BYTES) for place, text in enumerate(texts)]
