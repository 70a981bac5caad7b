"""From one credential's facts to its finished documents: an Open Badge, an SD-JWT VC, or both.

A maker is a plain value that any process can hold; :func:`make_documents` spreads the work over several.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from typing import ClassVar, Final

from accord_client.badge_series import BadgeSeries
from accord_client.documents import sd_jwt_vc
from accord_client.documents.cryptosuites import EDDSA_JCS_2022, EDDSA_RDFC_2022, Cryptosuite
from accord_client.documents.data_integrity import add_proof, create_proof
from accord_client.documents.jcs import canonicalize
from accord_client.documents.json_guard import JsonObject
from accord_client.documents.open_badge import MEDIA_TYPE, build_open_badge, learner_parts
from accord_client.documents.open_badge_facts import (
    BadgeDates,
    IssuerFacts,
    LearnerClaims,
    ProgrammeFacts,
    StatusEntry,
)
from accord_client.documents.status_bitstring import PURPOSES
from accord_client.ids import LedgerReference
from accord_client.processes import end_with_parent, start_context
from accord_ledger.errors import AccordError, DecodeError
from accord_ledger.keys import SigningKey

CHUNK: Final = 64
"""Credentials handed to another process at a time."""


@dataclass(frozen=True, slots=True)
class CredentialDraft:
    """What is known of a credential when its documents are made."""

    reference: LedgerReference
    """Its name on the ledger."""
    claims: LearnerClaims
    """What it says."""
    holder: bytes
    """The holder's public key for this credential."""
    identity_salt: bytes = field(repr=False)
    """Random bytes for hashed identifiers, used for nothing else."""
    disclosure_seed: bytes = field(repr=False)
    """32 random bytes for the salts of disclosures, used for nothing else."""


@dataclass(frozen=True, slots=True)
class LearnerDocument:
    """One document of a credential."""

    media_type: str
    """Lower case, without parameters."""
    content: bytes
    """JCS form of JSON; an SD-JWT with all its disclosures, of which the commitment covers the signed part
    (FORMATS.md section 2)."""


DocumentMaker = Callable[[CredentialDraft], Sequence[LearnerDocument]]
"""Makes the finished, signed documents of one credential."""

Sign = Callable[[JsonObject], JsonObject]
"""Adds the issuer's proof to a document."""


@dataclass(frozen=True, slots=True)
class StatusRange:
    """The positions of a batch in its issuer's status list: ``start`` + index."""

    list_url: str
    start: int
    purpose: str = "revocation"


def bitstring_ranges(list_url: str, start: int) -> tuple[StatusRange, ...]:
    """What badges of a batch name: a list for each purpose (FORMATS.md section 4).

    Args:
        list_url: address of the institution's list, as ``https://node.example/v1/status-lists/uu/uu-2027``;
            its purpose follows as the last part, as nodes serve it.
        start: ``status_start`` of the batch.
    """
    base = list_url.rstrip("/")
    return tuple(StatusRange(f"{base}/{purpose}", start, purpose) for purpose in PURPOSES)


def token_range(list_url: str, start: int) -> StatusRange:
    """What SD-JWTs of the same batch name: the token that has both statuses."""
    return StatusRange(f"{list_url.rstrip('/')}/token", start, "token")


@dataclass(frozen=True, slots=True)
class _SuiteSigner:
    """Signs with one cryptosuite; a :data:`Sign`."""

    key: SigningKey
    verification_method: str
    """URL of the key in the issuer's DID document."""
    created: int
    """POSIX seconds."""

    suite: ClassVar[Cryptosuite]

    def __call__(self, document: JsonObject) -> JsonObject:
        """The document with one more proof."""
        proof = create_proof(document, self.key, self.verification_method, self.created, suite=self.suite)
        return add_proof(document, proof)


class RdfcSigner(_SuiteSigner):
    """Signs with ``eddsa-rdfc-2022``, which wallets and verifiers read."""

    __slots__ = ()
    suite = EDDSA_RDFC_2022


class JcsSigner(_SuiteSigner):
    """Signs with ``eddsa-jcs-2022``, for documents that only programs of ours read."""

    __slots__ = ()
    suite = EDDSA_JCS_2022


@dataclass(frozen=True, slots=True)
class BadgeMaker:
    """Makes one signed Open Badge for each credential; a :data:`DocumentMaker`."""

    programme: ProgrammeFacts
    issuer: IssuerFacts
    dates: BadgeDates
    sign: Sign
    status: tuple[StatusRange, ...] = ()
    _series: BadgeSeries = field(default_factory=BadgeSeries, init=False, repr=False, compare=False)

    def __call__(self, draft: CredentialDraft) -> list[LearnerDocument]:
        """The signed badge in its canonical form."""
        if not isinstance(self.sign, RdfcSigner):
            return [LearnerDocument(MEDIA_TYPE, canonicalize(self.sign(self._build(draft))))]
        claims = draft.claims
        kind = (claims.email is None, claims.identifier is None, claims.result is None)
        parts = learner_parts(
            self.programme,
            claims,
            draft.holder,
            draft.reference,
            draft.identity_salt,
            self._status(draft),
        )
        sign = self.sign
        content = self._series.make(kind, parts, sign.key, lambda: sign(self._build(draft)))
        return [LearnerDocument(MEDIA_TYPE, content)]

    def _build(self, draft: CredentialDraft) -> JsonObject:
        return build_open_badge(
            self.programme,
            self.issuer,
            draft.claims,
            holder=draft.holder,
            reference=draft.reference,
            dates=self.dates,
            identity_salt=draft.identity_salt,
            status=self._status(draft),
        )

    def _status(self, draft: CredentialDraft) -> tuple[StatusEntry, ...]:
        index = draft.reference.index
        return tuple(StatusEntry(item.list_url, item.start + index, item.purpose) for item in self.status)


@dataclass(frozen=True, slots=True)
class SdJwtMaker:
    """Makes one SD-JWT VC for each credential; a :data:`DocumentMaker`."""

    programme: ProgrammeFacts
    issuer: IssuerFacts
    dates: BadgeDates
    key: SigningKey
    verification_method: str
    """URL of the key in the issuer's DID document."""
    status: StatusRange | None = None
    """Positions in a Token Status List."""

    def __call__(self, draft: CredentialDraft) -> list[LearnerDocument]:
        """The token with every disclosure."""
        status = None
        if self.status is not None:
            status = sd_jwt_vc.TokenStatus(self.status.list_url, self.status.start + draft.reference.index)
        token = sd_jwt_vc.build_sd_jwt_vc(
            self.programme,
            self.issuer,
            draft.claims,
            holder=draft.holder,
            reference=draft.reference,
            dates=self.dates,
            seed=draft.disclosure_seed,
            key=self.key,
            verification_method=self.verification_method,
            status=status,
        )
        return [LearnerDocument(sd_jwt_vc.MEDIA_TYPE, token.encode())]


@dataclass(frozen=True, slots=True)
class EveryMaker:
    """The documents of several makers, in order; a :data:`DocumentMaker`."""

    makers: tuple[DocumentMaker, ...]

    def __call__(self, draft: CredentialDraft) -> list[LearnerDocument]:
        """All documents of one credential."""
        return [document for make in self.makers for document in make(draft)]


def make_documents(
    make: DocumentMaker, drafts: Sequence[CredentialDraft], workers: int = 1
) -> Iterator[Sequence[LearnerDocument]]:
    """The documents of each draft, in order, as they are made.

    Args:
        make: a maker; one that can be pickled if there are several workers.
        drafts: what to make them of.
        workers: processes; 1 stays in this one.

    Raises:
        AccordError: what ``make`` raises.
    """
    if workers <= 1:
        yield from map(make, drafts)
        return
    starts = range(0, len(drafts), CHUNK)
    count = min(workers, len(starts))
    pool = ProcessPoolExecutor(count, start_context(), _begin, (make, drafts))
    try:
        for made in pool.map(_make, starts):
            if isinstance(made, _Failure):
                raise DecodeError(made.code, made.detail, path=made.path)
            yield from ([LearnerDocument(*parts) for parts in documents] for documents in made)
    finally:
        pool.shutdown(cancel_futures=True)


@dataclass(frozen=True, slots=True)
class _Failure:
    """An error on its way between processes."""

    code: str
    detail: str
    path: str


_work: list[tuple[DocumentMaker, Sequence[CredentialDraft]]] = []
"""What this process makes, and of what: handed over once, since each credential costs little."""


def _begin(make: DocumentMaker, drafts: Sequence[CredentialDraft]) -> None:
    _work[:] = [(make, drafts)]
    end_with_parent()
    gc.freeze()  # nothing that came along is looked at again


def _make(start: int) -> list[list[tuple[str, bytes]]] | _Failure:
    make, drafts = _work[0]
    try:
        return [
            [(document.media_type, document.content) for document in make(draft)]
            for draft in drafts[start : start + CHUNK]
        ]
    except AccordError as error:
        return _Failure(error.code, error.detail, error.path)
