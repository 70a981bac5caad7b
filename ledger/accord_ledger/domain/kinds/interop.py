"""T35, that something here is known to another system under a number of its own (rows E5, P9).

The ledger keeps a salted commitment to the number: who has number and salt finds the subject, nobody else.
"""

from __future__ import annotations

from accord_ledger.codec import Wire
from accord_ledger.domain.context import Context
from accord_ledger.domain.kind import Body, TransactionKind, transaction_kind
from accord_ledger.domain.model.credential import BATCHES
from accord_ledger.domain.model.programme import PROGRAMMES
from accord_ledger.domain.signing import Need, Signer, any_of
from accord_ledger.domain.standing import ISSUER_ROLES, active_first
from accord_ledger.errors import Rejection
from accord_ledger.fields import Digest, Index, ObjectId, Seconds, Slug, Version
from accord_ledger.state import Table


class Subject(Wire):
    """What the other system knows: a programme version, a batch, or one credential of it."""

    programme: tuple[Slug, Version] | None = None
    batch_id: ObjectId | None = None
    index: Index | None = None


class Publication(Wire):
    """One subject in one other system."""

    subject: Subject
    issuer: Slug
    """Who published it."""
    at: Seconds


PUBLICATIONS: Table[Publication] = Table("interop", Publication)
"""By system and commitment to the number there."""


class InteropPublish(Body):
    """T35."""

    system: Slug
    """Name of the other system, as its adapters use it."""
    subject: Subject
    external_id_commitment: Digest
    """Hash of a salt of 32 bytes and the number."""


@transaction_kind
class InteropPublishKind(TransactionKind[InteropPublish, None]):
    """A commitment leads to a subject."""

    name = "interop_publish"
    row = "T35"
    body = InteropPublish
    errors = ("E_UNKNOWN_REF", "E_DUPLICATE")

    def values(self, body: InteropPublish) -> None:
        """Either a programme or a batch; an index only in a batch."""
        subject = body.subject
        if (subject.programme is None) == (subject.batch_id is None):
            raise Rejection("E_VALUE", "expected either a programme or a batch", path="body.subject")
        if subject.index is not None and subject.batch_id is None:
            raise Rejection("E_VALUE", "expected an index of a batch", path="body.subject.index")

    def weight(self, ctx: Context, body: InteropPublish) -> int:
        """8."""
        del ctx, body
        return 8

    def signers(self, ctx: Context, body: InteropPublish) -> Need:
        """An issuer of the subject."""
        issuers = active_first(ctx, _issuers(ctx, body.subject))
        return any_of(*(Signer(issuer, "institution", ISSUER_ROLES) for issuer in issuers))

    def unused(self, ctx: Context, body: InteropPublish) -> None:
        """A commitment names one subject in a system, so nobody redirects another's."""
        commitment = body.external_id_commitment
        ctx.unused(PUBLICATIONS, body.system, commitment, path="body.external_id_commitment")

    def check(self, ctx: Context, body: InteropPublish) -> None:
        """The credential exists."""
        subject = body.subject
        if subject.batch_id is None or subject.index is None:
            return
        count = ctx.known(BATCHES, subject.batch_id, path="body.subject").count
        if subject.index >= count:
            detail = f"expected an index below {count}, got {subject.index}"
            raise Rejection("E_UNKNOWN_REF", detail, path="body.subject.index")

    def apply(self, ctx: Context, body: InteropPublish, plan: None) -> None:
        """Keep where it leads."""
        issuer = ctx.signed[0][0]
        found = Publication(subject=body.subject, issuer=issuer, at=ctx.time)
        ctx.state.put(PUBLICATIONS, found, body.system, body.external_id_commitment)


def _issuers(ctx: Context, subject: Subject) -> tuple[str, ...]:
    if subject.programme is not None:
        return ctx.known(PROGRAMMES, *subject.programme, path="body.subject.programme").terms.issuers
    batch_id = subject.batch_id if subject.batch_id is not None else b""
    return ctx.known(BATCHES, batch_id, path="body.subject.batch_id").issuers
