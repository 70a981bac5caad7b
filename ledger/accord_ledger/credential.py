"""What an issuance commits to, byte for byte (FORMATS.md section 2).

    document_j = SHA-256("accord/document/v1" || 0 || media type || 0 || salt_j || bytes_j)
    documents  = RFC 6962 root over document_0 ..
    holder     = SHA-256("accord/holder/v1" || 0 || salt_k || holder public key)
    leaf       = "accord/credential/v1" || 0 || batch_id || u32 big-endian index || documents || holder

A credential is named by ``(batch_id, index)``. The ledger keeps the RFC 6962 root over the leaves of a
batch and their number, so an issuer can never prove more credentials than it declared. Every part of a
leaf has a fixed length, and the media type cannot hold a zero byte: no two different inputs give the
same bytes. Nothing personal can be guessed from a commitment without its salt of 32 random bytes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from accord_ledger.errors import DecodeError
from accord_ledger.keys import PUBLIC_BYTES
from accord_ledger.merkle.proof import check_inclusion
from accord_ledger.merkle.tree import HASH_BYTES, leaf_hash, root_of
from accord_ledger.tags import Tag

BATCH_ID_BYTES: Final = 16
"""A batch is named by a UUIDv7 (DOMAIN.md 2.2)."""

SALT_BYTES: Final = 32
"""Salts are 32 random bytes, fresh for every document and every holder key."""

MAX_INDEX: Final = 2**32 - 1
"""Largest index: u32 big-endian in the leaf."""

MAX_COUNT: Final = MAX_INDEX + 1
"""Most credentials in one batch."""

MAX_DOCUMENTS: Final = 16
"""Most documents under one leaf (an Open Badge, an SD-JWT VC, a PDF ...)."""

MAX_MEDIA_TYPE: Final = 127
"""Longest media type, in characters (RFC 6838 section 4.2 allows 127 for each half)."""

_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*", re.ASCII)


def _check_length(name: str, value: bytes, expected: int) -> None:
    if len(value) != expected:
        raise DecodeError("CREDENTIAL_LENGTH", f"expected {expected} bytes, got {len(value)}", path=name)


def _check_index(index: int) -> None:
    if not 0 <= index <= MAX_INDEX:
        raise DecodeError("CREDENTIAL_INDEX", f"expected 0 to {MAX_INDEX}, got {index}", path="index")


def check_media_type(media_type: str) -> None:
    """Raise ``DecodeError`` ``CREDENTIAL_MEDIA_TYPE`` unless it is a lower-case type without parameters.

    One spelling per type (RFC 6838 names are case-insensitive), so one document has one commitment.
    """
    if len(media_type) > MAX_MEDIA_TYPE or not _MEDIA_TYPE.fullmatch(media_type):
        raise DecodeError(
            "CREDENTIAL_MEDIA_TYPE",
            f"expected a lower-case type/subtype of at most {MAX_MEDIA_TYPE} characters, got {media_type[:40]!r}",
            path="media_type",
        )


def document_commitment(media_type: str, salt: bytes, content: bytes) -> bytes:
    """``document_j`` (32 bytes).

    Args:
        media_type: such as ``application/vc``; lower case, without parameters.
        salt: 32 random bytes used for nothing else.
        content: the JCS form (RFC 8785) of a JSON document, the issuer-signed part without disclosures
            of an SD-JWT, the file itself of anything else.

    Raises:
        DecodeError: ``CREDENTIAL_MEDIA_TYPE`` or ``CREDENTIAL_LENGTH``.
    """
    check_media_type(media_type)
    _check_length("salt", salt, SALT_BYTES)
    return Tag.DOCUMENT.digest(media_type.encode(), b"\x00", salt, content)


def documents_root(commitments: Sequence[bytes]) -> bytes:
    """``documents``: RFC 6962 root whose leaf data are the commitments, in order (32 bytes).

    Raises:
        DecodeError: ``CREDENTIAL_DOCUMENTS`` (none, or more than ``MAX_DOCUMENTS``) or
            ``CREDENTIAL_LENGTH``.
    """
    if not 1 <= len(commitments) <= MAX_DOCUMENTS:
        raise DecodeError("CREDENTIAL_DOCUMENTS", f"expected 1 to {MAX_DOCUMENTS}, got {len(commitments)}")
    for position, commitment in enumerate(commitments):
        _check_length(f"documents[{position}]", commitment, HASH_BYTES)
    return root_of(commitments)


def holder_commitment(salt_k: bytes, holder_public: bytes) -> bytes:
    """``holder`` (32 bytes): hides the key until the holder first shows it to the ledger.

    Raises:
        DecodeError: ``CREDENTIAL_LENGTH``.
    """
    _check_length("salt_k", salt_k, SALT_BYTES)
    _check_length("holder_key", holder_public, PUBLIC_BYTES)
    return Tag.HOLDER.digest(salt_k, holder_public)


def leaf_bytes(batch_id: bytes, index: int, documents: bytes, holder: bytes) -> bytes:
    """RFC 6962 leaf data of one credential.

    Args:
        batch_id: 16 bytes.
        index: place in the batch, u32.
        documents: :func:`documents_root`.
        holder: :func:`holder_commitment`.

    Raises:
        DecodeError: ``CREDENTIAL_INDEX`` or ``CREDENTIAL_LENGTH``.
    """
    _check_length("batch_id", batch_id, BATCH_ID_BYTES)
    _check_index(index)
    _check_length("documents", documents, HASH_BYTES)
    _check_length("holder", holder, HASH_BYTES)
    return Tag.CREDENTIAL.message(batch_id, index.to_bytes(4, "big"), documents, holder)


def credential_leaf_hash(batch_id: bytes, index: int, documents: bytes, holder: bytes) -> bytes:
    """RFC 6962 leaf hash of one credential (32 bytes); raises as :func:`leaf_bytes`."""
    return leaf_hash(leaf_bytes(batch_id, index, documents, holder))


def check_credential(
    batch_id: bytes,
    index: int,
    documents: bytes,
    holder: bytes,
    *,
    path: Sequence[bytes],
    count: int,
    merkle_root: bytes,
) -> None:
    """Check that the credential stands at ``index`` of the batch with that root and ``count``.

    Raises:
        DecodeError: a part has the wrong length (:func:`leaf_bytes`).
        ProofError: ``MERKLE_INCLUSION``.
    """
    found = credential_leaf_hash(batch_id, index, documents, holder)
    check_inclusion(found, index, count, path, merkle_root)


def check_document(
    commitment: bytes, position: int, total: int, *, path: Sequence[bytes], documents: bytes
) -> None:
    """Check that a document commitment stands at ``position`` of ``total`` under ``documents``.

    Raises:
        DecodeError: ``CREDENTIAL_DOCUMENTS`` or ``CREDENTIAL_LENGTH``.
        ProofError: ``MERKLE_INCLUSION``.
    """
    if not 1 <= total <= MAX_DOCUMENTS:
        raise DecodeError("CREDENTIAL_DOCUMENTS", f"expected 1 to {MAX_DOCUMENTS}, got {total}")
    _check_length("commitment", commitment, HASH_BYTES)
    check_inclusion(leaf_hash(commitment), position, total, path, documents)
