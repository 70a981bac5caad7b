"""A batch before it is issued: documents, salts, holder keys and the tree that commits to them all.

Everything the ledger will hold of it is ``batch_id``, ``root`` and ``count`` (FORMATS.md section 2); all
else stays with the issuer and goes to the learners. Learners are shuffled, so an index says nothing about
order or name (DOMAIN.md 3). Salts are fresh for every document and every holder; a holder key occurs once.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from accord_client.documents.jcs import covered_part
from accord_client.documents.open_badge_facts import LearnerClaims
from accord_client.documents.sd_jwt_vc import SEED_BYTES as DISCLOSURE_SEED_BYTES
from accord_client.ids import LedgerReference
from accord_client.makers import (
    BadgeMaker,
    CredentialDraft,
    DocumentMaker,
    EveryMaker,
    JcsSigner,
    LearnerDocument,
    RdfcSigner,
    SdJwtMaker,
    Sign,
    StatusRange,
    bitstring_ranges,
    make_documents,
    token_range,
)
from accord_ledger.credential import (
    SALT_BYTES,
    credential_leaf_hash,
    document_commitment,
    documents_root,
    holder_commitment,
)
from accord_ledger.errors import DecodeError
from accord_ledger.keys import SEED_BYTES, SigningKey, admissible
from accord_ledger.merkle.tree import rows

__all__ = [
    "BadgeMaker",
    "BatchTree",
    "CredentialDraft",
    "DocumentMaker",
    "EveryMaker",
    "JcsSigner",
    "LearnerDocument",
    "PreparedBatch",
    "PreparedCredential",
    "PreparedDocument",
    "RdfcSigner",
    "SdJwtMaker",
    "Sign",
    "StatusRange",
    "bitstring_ranges",
    "prepare_batch",
    "prepare_credential",
    "shuffled",
    "token_range",
]

Watch = Callable[[Iterator[Sequence[LearnerDocument]]], Iterator[Sequence[LearnerDocument]]]
"""Passes documents on as they are made, for a progress bar."""

MAX_BATCH: Final = 100_000
"""Most credentials prepared at once: all documents are held in memory, about 4 kB each."""

IDENTITY_SALT_BYTES: Final = 16
"""Salt of hashed identifiers inside a document."""


@dataclass(frozen=True, slots=True)
class PreparedDocument:
    """A document with what opens its commitment."""

    media_type: str
    content: bytes = field(repr=False)
    salt: bytes = field(repr=False)
    """32 random bytes."""
    commitment: bytes
    """``document_j``."""


@dataclass(frozen=True, slots=True)
class PreparedCredential:
    """All that issuer and learner keep of one credential."""

    reference: LedgerReference
    claims: LearnerClaims
    documents: tuple[PreparedDocument, ...]
    documents_root: bytes
    holder_public: bytes
    holder_salt: bytes
    """``salt_k``."""
    holder_seed: bytes | None = field(repr=False)
    """Key seed, if the learner had no wallet: to hand over (``Wallet.adopt``) and then forget."""
    leaf_hash: bytes


@dataclass(frozen=True, slots=True)
class BatchTree:
    """What a batch commits to: the tree over the leaves of its credentials."""

    batch_id: bytes
    _rows: tuple[Sequence[bytes], ...] = field(repr=False)

    @staticmethod
    def of(batch_id: bytes, leaves: Sequence[bytes]) -> BatchTree:
        """From the leaf hashes, by index."""
        return BatchTree(batch_id, tuple(rows(leaves)))

    @property
    def root(self) -> bytes:
        """``merkle_root``."""
        return self._rows[-1][0]

    @property
    def count(self) -> int:
        """``n``."""
        return len(self._rows[0])

    def inclusion_path(self, index: int) -> list[bytes]:
        """Sibling hashes from the leaf up; about log2(n) look-ups, nothing is hashed."""
        if not 0 <= index < self.count:
            raise ValueError(f"expected an index below {self.count}, got {index}")
        path = []
        for row in self._rows[:-1]:
            if index ^ 1 < len(row):
                path.append(row[index ^ 1])
            index >>= 1
        return path


@dataclass(frozen=True, slots=True)
class PreparedBatch(BatchTree):
    """A batch ready for ``credential_issue`` (DOMAIN.md 2.4, T16), held in memory."""

    credentials: tuple[PreparedCredential, ...]
    """By index."""


def prepare_batch(
    network: bytes,
    batch_id: bytes,
    claims: Sequence[LearnerClaims],
    make: DocumentMaker,
    *,
    rng: random.Random | None = None,
    workers: int = 1,
    watch: Watch = iter,
) -> PreparedBatch:
    """Make every document and commitment of a batch.

    Args:
        network: hash of the genesis document (32 bytes).
        batch_id: UUIDv7, never used before (:func:`accord_client.ids.new_uuid7`).
        claims: one for each credential, in any order.
        make: makes the documents, such as :class:`BadgeMaker`.
        rng: source of salts, keys and order; the system's unless a test asks for another.
        workers: processes that make documents; more than one needs a ``make`` that can be pickled.
        watch: sees the documents of each credential pass, in order.

    Raises:
        DecodeError: ``ISSUING_COUNT``, ``ISSUING_HOLDER_KEY`` (not a point of prime order),
            ``ISSUING_HOLDER_REUSED``, and what ``make`` raises.
    """
    source = rng or secrets.SystemRandom()
    drafts, seeds = [], []
    for index, claim in enumerate(shuffled(claims, source)):
        holder, seed = _holder(claim, source)
        salt, secret = source.randbytes(IDENTITY_SALT_BYTES), source.randbytes(DISCLOSURE_SEED_BYTES)
        drafts.append(CredentialDraft(LedgerReference(network, batch_id, index), claim, holder, salt, secret))
        seeds.append(seed)
    made = watch(make_documents(make, drafts, workers))
    credentials = tuple(
        _prepare(draft, documents, seed, source)
        for draft, documents, seed in zip(drafts, made, seeds, strict=True)
    )
    return PreparedBatch(batch_id, tuple(rows([item.leaf_hash for item in credentials])), credentials)


def prepare_credential(
    make: DocumentMaker, reference: LedgerReference, claims: LearnerClaims, source: random.Random
) -> PreparedCredential:
    """One credential of a batch that is made in parts, as :func:`prepare_batch` makes each of its own.

    Args:
        make: as there.
        reference: with its place in the batch.
        claims: of :func:`shuffled`, at that place.
        source: of salts and keys.
    """
    holder, seed = _holder(claims, source)
    salt, secret = source.randbytes(IDENTITY_SALT_BYTES), source.randbytes(DISCLOSURE_SEED_BYTES)
    draft = CredentialDraft(reference, claims, holder, salt, secret)
    return _prepare(draft, make(draft), seed, source)


def shuffled(claims: Sequence[LearnerClaims], source: random.Random) -> list[LearnerClaims]:
    """The learners in the order of their indexes.

    Raises:
        DecodeError: ``ISSUING_COUNT``, ``ISSUING_HOLDER_KEY`` or ``ISSUING_HOLDER_REUSED``.
    """
    if not 1 <= len(claims) <= MAX_BATCH:
        raise DecodeError("ISSUING_COUNT", f"expected 1 to {MAX_BATCH} learners, got {len(claims)}")
    _check_holders(claims)
    order = list(claims)
    source.shuffle(order)
    return order


def _check_holders(claims: Sequence[LearnerClaims]) -> None:
    """A key shown for two credentials would link them (DOMAIN.md 3)."""
    seen: set[bytes] = set()
    for position, claim in enumerate(claims):
        if claim.holder is None:
            continue
        place = f"claims[{position}].holder"
        if not admissible(claim.holder):
            raise DecodeError("ISSUING_HOLDER_KEY", "expected an Ed25519 point of prime order", path=place)
        if claim.holder in seen:
            raise DecodeError("ISSUING_HOLDER_REUSED", "expected a fresh key for each credential", path=place)
        seen.add(claim.holder)


def _prepare(
    draft: CredentialDraft, made: Sequence[LearnerDocument], seed: bytes | None, source: random.Random
) -> PreparedCredential:
    reference, holder = draft.reference, draft.holder
    documents = tuple(_commit(made, source))
    salt = source.randbytes(SALT_BYTES)
    root = documents_root([item.commitment for item in documents])
    leaf = credential_leaf_hash(reference.batch_id, reference.index, root, holder_commitment(salt, holder))
    return PreparedCredential(reference, draft.claims, documents, root, holder, salt, seed, leaf)


def _holder(claims: LearnerClaims, source: random.Random) -> tuple[bytes, bytes | None]:
    """The learner's own key, or a fresh one and its seed."""
    if claims.holder is not None:
        return claims.holder, None
    seed = source.randbytes(SEED_BYTES)
    return SigningKey.from_seed(seed).public, seed


def _commit(documents: Sequence[LearnerDocument], source: random.Random) -> Iterator[PreparedDocument]:
    for document in documents:
        salt = source.randbytes(SALT_BYTES)
        covered = covered_part(document.media_type, document.content)
        commitment = document_commitment(document.media_type, salt, covered)
        yield PreparedDocument(document.media_type, document.content, salt, commitment)
