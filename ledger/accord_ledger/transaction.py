"""The transaction envelope, its signatures, and the log entry they make together.

    record      {"signatures": [[key_id, scope, signature] ...], "tx": transaction}
    transaction {"author", "body", "expires", "kind", "network", "nonce", "v"}

``tx_id`` is the tagged hash of the transaction without signatures; ``entry_hash`` names the whole
record, signatures included (DESIGN.md section 2 says why both exist). A signature has a scope:
``tx`` signs the ``tx_id``; ``body`` signs network, kind and body, so that committees, cosigners and
holders can sign days before the author submits.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from accord_ledger import codec
from accord_ledger.bulk import Bulk
from accord_ledger.errors import DecodeError, Rejection
from accord_ledger.fields import Digest, Seconds, Signature, Slug
from accord_ledger.keys import SigningKey
from accord_ledger.tags import Tag

MAX_SIGNATURES: Final = 128
"""Signatures one record may carry; two thirds of the largest member set (100) need fewer."""

MAX_LIFETIME_SECONDS: Final = 3600
"""``expires`` lies at most this far ahead of block time (DOMAIN.md 2.2)."""

Kind = Annotated[str, Meta(pattern=r"^[a-z][a-z_]{2,40}\Z")]
Scope = Literal["tx", "body"]
SignatureRow = tuple[Digest, Scope, Signature]
"""``(key_id, scope, signature)``."""


class Transaction(codec.Wire):
    """What an institution asks of the ledger."""

    author: Slug
    """Party that submits and is answerable for it."""
    body: msgspec.Raw
    """Canonical bytes of the body; its type follows from ``kind``."""
    expires: Seconds
    """Valid only while block time is before this (UTC seconds)."""
    kind: Kind
    """Transaction kind, as in DOMAIN.md 2.4."""
    network: Digest
    """Hash of the genesis document."""
    nonce: Annotated[bytes, Meta(min_length=16, max_length=16)]
    """Makes otherwise equal requests different."""
    v: Literal[1]
    """Version of the envelope."""


class Record(codec.Wire):
    """A signed transaction: one log entry."""

    signatures: Annotated[tuple[SignatureRow, ...], Meta(min_length=1, max_length=MAX_SIGNATURES)]
    """Sorted by (key_id, scope), each pair once."""
    tx: msgspec.Raw
    """Canonical bytes of the transaction."""


class ParsedRecord(msgspec.Struct, frozen=True, gc=False):
    """A record whose form has been checked; nothing about its truth has."""

    entry: bytes
    """The canonical bytes as they stand in the log."""
    entry_hash: bytes
    """SHA-256 of ``entry``: names the record in gossip, caches and proposals."""
    leaf_hash: bytes
    """RFC 6962 leaf hash of ``entry``."""
    tx: Transaction
    tx_id: bytes
    signatures: tuple[SignatureRow, ...]

    @property
    def body_hash(self) -> bytes:
        """What ``body`` signatures are made over, besides the tag; worked out when asked for."""
        return body_digest(self.tx.network, self.tx.kind, bytes(self.tx.body))

    def message(self, scope: str) -> bytes:
        """The bytes a signature of this scope is made over."""
        return _SIGN_TRANSACTION + self.tx_id if scope == "tx" else _SIGN_BODY + self.body_hash


def transaction_id(tx_bytes: bytes) -> bytes:
    """``tx_id``: tagged hash of the canonical transaction (32 bytes)."""
    return sha256(_TRANSACTION + tx_bytes).digest()


def body_digest(network: bytes, kind: str, body: bytes) -> bytes:
    """What scope ``body`` signs: network, kind and body, without author, nonce and expiry (32 bytes)."""
    return Tag.BODY.digest(network, kind.encode(), b"\x00", body)


_TRANSACTION: Final = Tag.TRANSACTION.message()
_SIGN_TRANSACTION: Final = Tag.SIGN_TRANSACTION.message()
_SIGN_BODY: Final = Tag.SIGN_BODY.message()


def signed_message(scope: str, tx_id: bytes, body_hash: bytes) -> bytes:
    """The bytes a signature of this scope is made over: its tag, a zero byte, the id or hash."""
    return _SIGN_TRANSACTION + tx_id if scope == "tx" else _SIGN_BODY + body_hash


def parse_record(entry: bytes) -> ParsedRecord:
    """Check the form of a record's bytes.

    Raises:
        Rejection: ``E_SCHEMA`` with what was expected and what came. Bounded by the entry size.
    """
    try:
        record = codec.decode(entry, Record)
        tx_bytes = bytes(record.tx)
        tx = codec.decode(tx_bytes, Transaction)
    except DecodeError as error:
        raise Rejection("E_SCHEMA", f"{error.code}: {error.detail}", path=error.path) from error
    if len(record.signatures) > 1:
        _check_sorted(record.signatures)
    return ParsedRecord(
        entry=entry,
        entry_hash=sha256(entry).digest(),
        leaf_hash=sha256(b"\x00" + entry).digest(),
        tx=tx,
        tx_id=sha256(_TRANSACTION + tx_bytes).digest(),
        signatures=record.signatures,
    )


_records: Final = Bulk(Record)
_transactions: Final = Bulk(Transaction)


def parse_records(entries: Sequence[bytes], entry_hashes: Sequence[bytes]) -> list[ParsedRecord]:
    """:func:`parse_record` of many, at half its cost: decoded in one go.

    Args:
        entries: canonical records, or so it is said.
        entry_hashes: SHA-256 of each, worked out from them.

    Raises:
        Rejection: ``E_SCHEMA``: one of them has not the form of a record; which, :func:`parse_record` says.
    """
    try:
        records = _records.decode(entries)
        raws = [bytes(record.tx) for record in records]
        transactions = _transactions.decode(raws)
    except DecodeError as error:
        raise Rejection("E_SCHEMA", f"{error.code}: {error.detail}") from error
    for record in records:
        if len(record.signatures) > 1:
            _check_sorted(record.signatures)
    return [
        ParsedRecord(
            entry,
            name,
            sha256(b"\x00" + entry).digest(),
            tx,
            sha256(_TRANSACTION + raw).digest(),
            record.signatures,
        )
        for entry, name, raw, tx, record in zip(
            entries, entry_hashes, raws, transactions, records, strict=True
        )
    ]


def reopen_records(
    entries: Sequence[bytes],
    entry_hashes: Iterable[bytes],
    leaf_hashes: Iterable[bytes],
    tx_ids: Iterable[bytes],
) -> list[ParsedRecord]:
    """What :func:`parse_record` gave for these very bytes before, at a fifth of its cost: decoded in one go.

    Args:
        entries: were parsed elsewhere by this program; their form is not looked at again.
        entry_hashes: as they came out then, in the order of the entries, like the other two.
        leaf_hashes: see there.
        tx_ids: see there.
    """
    records = _records.decode_known(entries)
    transactions = _transactions.decode_known([record.tx for record in records])
    return [
        ParsedRecord(entry, name, leaf, tx, tx_id, record.signatures)
        for entry, name, leaf, tx_id, tx, record in zip(
            entries, entry_hashes, leaf_hashes, tx_ids, transactions, records, strict=True
        )
    ]


def _check_sorted(signatures: tuple[SignatureRow, ...]) -> None:
    previous: tuple[bytes, str] | None = None
    for key_id, scope, _ in signatures:
        if previous is not None and (key_id, scope) <= previous:
            raise Rejection(
                "E_SCHEMA", "expected signatures sorted, each key and scope once", path="signatures"
            )
        previous = (key_id, scope)


class Draft:
    """A transaction being signed: build it, let each party add a signature, then take the entry."""

    def __init__(
        self, *, network: bytes, kind: str, author: str, body: Any, expires: int, nonce: bytes
    ) -> None:
        self.body = body if isinstance(body, bytes) else codec.encode(body)
        self.tx = codec.encode(
            Transaction(
                author=author, body=msgspec.Raw(self.body), expires=expires, kind=kind, network=network,
                nonce=nonce, v=1,
            )
        )  # fmt: skip
        self.tx_id = transaction_id(self.tx)
        self.body_hash = body_digest(network, kind, self.body)
        self._signatures: dict[tuple[bytes, Scope], bytes] = {}

    def sign(self, key: SigningKey, scope: Scope = "tx") -> Draft:
        """Sign with a key held here; returns self so that signatures chain."""
        return self.attach(key.key_id, scope, key.sign(self.message(scope)))

    def message(self, scope: Scope) -> bytes:
        """The bytes another signer must sign for this scope."""
        return signed_message(scope, self.tx_id, self.body_hash)

    def attach(self, key_id: bytes, scope: Scope, signature: bytes) -> Draft:
        """Add a signature made elsewhere (a committee, a cosigner, a holder's wallet)."""
        self._signatures[(key_id, scope)] = signature
        return self

    def entry(self) -> bytes:
        """The canonical record.

        Raises:
            ValueError: larger than a log entry may be.
        """
        rows = tuple((key, scope, self._signatures[key, scope]) for key, scope in sorted(self._signatures))
        data = codec.encode(Record(signatures=rows, tx=msgspec.Raw(self.tx)))
        if len(data) > codec.MAX_ENTRY_BYTES:
            raise ValueError(f"expected an entry of at most {codec.MAX_ENTRY_BYTES} bytes, got {len(data)}")
        return data
