"""C2SP signed notes: text that may be read only after a signature on it was checked.

::

    ledger.example/consortium-1             the text, ending in a newline
    5
    GqaNMHSQWlgfhMu9D3U3lJBP2ARRvEwT5p2aU7xZUCw=
                                            one empty line, the last one in the note
    — ledger.example/consortium-1 LmPQZ5... em dash, key name, base64(key id || signature)

A key is a name and a 4-byte id that binds name, algorithm and public key. Signatures of unknown keys
are ignored, so anyone may add some; a known key whose signature fails spoils the whole note. Two
algorithms are understood: Ed25519 over the text (0x01) and timestamped checkpoint cosignatures (0x04,
C2SP tlog-cosignature).

``parse_note`` only takes a note apart; ``open_note`` is how to get at a text that one relies on.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Final, Self

from accord_ledger.errors import DecodeError, ProofError
from accord_ledger.keys import PUBLIC_BYTES, SIGNATURE_BYTES, SigningKey, verifies

ED25519: Final = 0x01
"""Signature type: Ed25519 over the text (C2SP signed-note)."""

COSIGNATURE: Final = 0x04
"""Signature type: u64 big-endian POSIX seconds, then Ed25519 over time and text (tlog-cosignature)."""

MAX_NOTE_BYTES: Final = 2**20
MAX_SIGNATURES: Final = 128
MAX_NAME_BYTES: Final = 255
MAX_TIME: Final = 2**63 - 1

KEY_ID_BYTES: Final = 4
TIME_BYTES: Final = 8

_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_LINE = re.compile(r"— ([^ ]+) ([^ ]+)")
_HEX = re.compile(r"[0-9a-f]{8}")


def decode_base64(text: str, code: str) -> bytes:
    """The bytes whose one standard base64 spelling is ``text``, else ``DecodeError`` with ``code``."""
    try:
        data = binascii.a2b_base64(text.encode("ascii"), strict_mode=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise DecodeError(code, f"expected base64, got {text[:80]!r}: {error}") from error
    if encode_base64(data) != text:
        raise DecodeError(code, f"expected canonical base64, got {text[:80]!r}")
    return data


def encode_base64(data: bytes) -> str:
    """Standard base64 with padding (RFC 4648 section 4)."""
    return b64encode(data).decode("ascii")


@lru_cache(maxsize=1024)
def is_key_name(name: str) -> bool:
    """Whether a key may have this name: not empty, no Unicode space, no plus, no control character."""
    if not 0 < len(name.encode(errors="replace")) <= MAX_NAME_BYTES:
        return False
    return not (any(letter.isspace() for letter in name) or "+" in name or _CONTROL.search(name))


@lru_cache(maxsize=1024)
def key_id(name: str, type_byte: int, public: bytes) -> bytes:
    """SHA-256(name || 0x0A || type byte || public key)[:4]."""
    return sha256(name.encode() + b"\n" + bytes([type_byte]) + public).digest()[:KEY_ID_BYTES]


def cosigned_message(text: str, time: int) -> bytes:
    """What a cosigner signs (C2SP tlog-cosignature, Ed25519): header line, time line, whole text."""
    return f"cosignature/v1\ntime {time}\n{text}".encode()


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line of a note. Nothing in it has been checked."""

    name: str
    """Name of the key, as claimed."""
    key_id: bytes
    """Id of the key (4 bytes), as claimed."""
    blob: bytes
    """What follows the key id: the signature, in the key's own format."""

    def format(self) -> str:
        """The signature line, with its newline."""
        return f"— {self.name} {encode_base64(self.key_id + self.blob)}\n"

    @property
    def time(self) -> int:
        """POSIX seconds claimed by a cosignature (0x04); meaningless for any other type."""
        return int.from_bytes(self.blob[:TIME_BYTES], "big")


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key with its name and algorithm: the *vkey* of C2SP signed-note."""

    name: str
    type_byte: int
    """``ED25519`` or ``COSIGNATURE``."""
    public: bytes
    """Ed25519 public key (32 bytes)."""

    def __post_init__(self) -> None:
        if self.type_byte not in {ED25519, COSIGNATURE} or len(self.public) != PUBLIC_BYTES:
            raise ValueError(f"no such key: type {self.type_byte:#x}, {len(self.public)} bytes")
        if not is_key_name(self.name):
            raise ValueError(f"expected a key name, got {self.name!r}")

    @classmethod
    def parse(cls, text: str) -> Self:
        """The key written ``<name>+<8 hex digits of its id>+<base64 of type byte and public key>``.

        Raises:
            DecodeError: ``NOTE_KEY``.
        """
        parts = text.split("+", 2)
        if len(parts) != 3 or not _HEX.fullmatch(parts[1]):
            raise DecodeError("NOTE_KEY", f"expected <name>+<8 hex>+<base64>, got {text[:80]!r}")
        material = decode_base64(parts[2], "NOTE_KEY")
        try:
            key = cls(parts[0], material[0] if material else 0, material[1:])
            claimed, real = parts[1], key.key_id.hex()
        except ValueError as error:
            raise DecodeError("NOTE_KEY", str(error)) from error
        if claimed != real:
            raise DecodeError("NOTE_KEY", f"expected key id {real}, got {claimed}")
        return key

    def __str__(self) -> str:
        material = encode_base64(bytes([self.type_byte]) + self.public)
        return f"{self.name}+{self.key_id.hex()}+{material}"

    @property
    def key_id(self) -> bytes:
        """Id that this key's signature lines carry (4 bytes)."""
        return key_id(self.name, self.type_byte, self.public)

    def verifies(self, text: str, blob: bytes) -> bool:
        """Whether ``blob``, as of this key's type, is its valid signature on ``text``."""
        if self.type_byte == ED25519:
            return verifies(self.public, text.encode(), blob)
        time = int.from_bytes(blob[:TIME_BYTES], "big")
        if len(blob) != TIME_BYTES + SIGNATURE_BYTES or time > MAX_TIME:
            return False
        return verifies(self.public, cosigned_message(text, time), blob[TIME_BYTES:])


@dataclass(frozen=True, slots=True)
class NoteSigner:
    """Signs notes with Ed25519 (type 0x01) under a key name."""

    name: str
    key: SigningKey

    @property
    def verifier(self) -> VerifierKey:
        """The key to give to those who open the notes."""
        return VerifierKey(self.name, ED25519, self.key.public)

    def sign(self, text: str) -> Signature:
        """The signature of this key on ``text``."""
        check_text(text)
        return Signature(self.name, self.verifier.key_id, self.key.sign(text.encode()))


@dataclass(frozen=True, slots=True)
class Note:
    """A note taken apart. Its text is not to be believed: nothing has been verified."""

    text: str
    signatures: tuple[Signature, ...]

    def format(self) -> bytes:
        """The note as it is stored and sent."""
        check_text(self.text)
        return f"{self.text}\n{''.join([line.format() for line in self.signatures])}".encode()


@dataclass(frozen=True, slots=True)
class OpenedNote:
    """A text with at least one good signature of a key that the caller named."""

    text: str
    verified: tuple[tuple[VerifierKey, Signature], ...]
    """Every good signature of a named key, in the order of the note (a key may have signed twice)."""
    unknown: tuple[Signature, ...]
    """Signatures of other keys, not verified."""


def check_text(text: str) -> None:
    """Raise ``ValueError`` unless this can be the text of a note."""
    if not text.endswith("\n") or _CONTROL.search(text):
        raise ValueError("expected text without control characters that ends in a newline")


def parse_note(data: bytes) -> Note:
    """Take a note apart. Use :func:`open_note` for a text to rely on.

    Raises:
        DecodeError: ``NOTE_TOO_LARGE``, ``NOTE_ENCODING`` (not UTF-8, control characters),
            ``NOTE_MALFORMED`` (no text, no empty line, no signatures), ``NOTE_TOO_MANY_SIGNATURES`` or
            ``NOTE_SIGNATURE_LINE``.
    """
    if len(data) > MAX_NOTE_BYTES:
        raise DecodeError("NOTE_TOO_LARGE", f"expected at most {MAX_NOTE_BYTES} bytes, got {len(data)}")
    try:
        whole = data.decode()
    except UnicodeDecodeError as error:
        raise DecodeError("NOTE_ENCODING", str(error)) from error
    if _CONTROL.search(whole):
        raise DecodeError("NOTE_ENCODING", "expected no control characters but newlines")
    text, empty_line, tail = whole.rpartition("\n\n")
    if not empty_line or not tail.endswith("\n"):
        raise DecodeError("NOTE_MALFORMED", "expected text, an empty line and signature lines")
    lines = tail[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise DecodeError("NOTE_TOO_MANY_SIGNATURES", f"expected at most {MAX_SIGNATURES}, got {len(lines)}")
    return Note(text + "\n", tuple([_parse_signature(line) for line in lines]))


def _parse_signature(line: str) -> Signature:
    found = _LINE.fullmatch(line)
    if found is None or not is_key_name(found[1]):
        raise DecodeError("NOTE_SIGNATURE_LINE", f"expected '— <key name> <base64>', got {line[:80]!r}")
    data = decode_base64(found[2], "NOTE_SIGNATURE_LINE")
    if len(data) <= KEY_ID_BYTES:
        raise DecodeError("NOTE_SIGNATURE_LINE", f"expected more than a key id, got {len(data)} bytes")
    return Signature(found[1], data[:KEY_ID_BYTES], data[KEY_ID_BYTES:])


def open_note(data: bytes, verifiers: Iterable[VerifierKey]) -> OpenedNote:
    """The text of a note that at least one of these keys signed.

    Raises:
        DecodeError: as :func:`parse_note`.
        ProofError: ``NOTE_SIGNATURE_INVALID`` (a named key's signature fails), ``NOTE_UNSIGNED`` (no
            named key signed) or ``NOTE_KEY_AMBIGUOUS`` (two of the keys share name and id).
    """
    known: dict[tuple[str, bytes], VerifierKey] = {}
    for key in verifiers:
        if known.setdefault((key.name, key.key_id), key) != key:
            raise ProofError("NOTE_KEY_AMBIGUOUS", f"expected one key {key.name} with id {key.key_id.hex()}")
    note = parse_note(data)
    verified, unknown = [], []
    for line in note.signatures:
        signer = known.get((line.name, line.key_id))
        if signer is None:
            unknown.append(line)
        elif signer.verifies(note.text, line.blob):
            verified.append((signer, line))
        else:
            raise ProofError("NOTE_SIGNATURE_INVALID", f"expected a valid signature of {signer}")
    if not verified:
        raise ProofError("NOTE_UNSIGNED", f"expected a signature of one of {len(known)} keys")
    return OpenedNote(note.text, tuple(verified), tuple(unknown))
