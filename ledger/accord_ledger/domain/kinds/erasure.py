"""T19 erasure_notice: the documents and salts of a credential are gone (DOMAIN.md 2.4, 3).

No revocation bit is set: held copies go on to verify offline, a fresh query answers ``erased``. What was
recognised stays; T17 works on erased credentials, so erasure is no way out of a reversal.
"""

from __future__ import annotations

from typing import Literal

from msgspec.structs import replace

from accord_ledger.domain.authority import authority
from accord_ledger.domain.context import Context
from accord_ledger.domain.credentials import credential_of, put_credential
from accord_ledger.domain.items import Item, check_opening
from accord_ledger.domain.kind import Body, TransactionKind, transaction_kind
from accord_ledger.domain.model.credential import BATCHES, Credential
from accord_ledger.domain.model.party import PARTIES
from accord_ledger.domain.signing import Need, Signer, all_of, any_of
from accord_ledger.errors import Rejection
from accord_ledger.fields import Index, ObjectId
from accord_ledger.keys import key_id


class ErasureBody(Body):
    """T19."""

    batch_id: ObjectId
    index: Index
    basis: Literal["holder_request", "retention_end", "court"]
    item: Item | None = None
    """The same credential opened, where its holder signs; without it the authority does."""


@transaction_kind
class ErasureNotice(TransactionKind[ErasureBody, Credential]):
    """T19."""

    name = "erasure_notice"
    row = "T19"
    body = ErasureBody
    errors = ("E_UNKNOWN_REF", "E_ERASED", "E_PROOF", "E_HOLDER_SIG")

    def values(self, body: ErasureBody) -> None:
        """An item is the credential named."""
        if body.item is not None and (body.item.batch_id, body.item.index) != (body.batch_id, body.index):
            raise Rejection("E_VALUE", "expected the item to be the credential named", path="body.item")

    def holders(self, body: ErasureBody) -> tuple[bytes, ...]:
        """The holder, if it signs."""
        return () if body.item is None else (body.item.holder_key,)

    def weight(self, ctx: Context, body: ErasureBody) -> int:
        """DOMAIN.md 2.12."""
        return 8

    def signers(self, ctx: Context, body: ErasureBody) -> Need:
        """A signing issuer's registrar, whatever has become of it (T02); without the holder, the authority too."""
        batch = ctx.known(BATCHES, body.batch_id, path="body.batch_id")
        return any_of(*(_registrar(ctx, issuer, alone=body.item is not None) for issuer in batch.issuers))

    def check(self, ctx: Context, body: ErasureBody) -> Credential:
        """There is such a credential, not erased yet, and who opens it holds it."""
        batch = ctx.known(BATCHES, body.batch_id, path="body.batch_id")
        if body.index >= batch.count:
            detail = f"expected an index below {batch.count}, got {body.index}"
            raise Rejection("E_UNKNOWN_REF", detail, path="body.index")
        row = credential_of(ctx.state, body.batch_id, body.index)
        if row.erased_at is not None:
            raise Rejection("E_ERASED", "expected a credential that was not erased", path="body.index")
        if body.item is not None:
            check_opening(body.item, batch, "body.item")
            holder = key_id(body.item.holder_key)
            if not ctx.holder_signatures.get(holder, False):
                detail = f"expected a signature of holder key {holder.hex()}"
                raise Rejection("E_HOLDER_SIG", detail, path="body.item")
        return row

    def apply(self, ctx: Context, body: ErasureBody, plan: Credential) -> None:
        """Mark it; its uses and its status stay."""
        put_credential(ctx, body.batch_id, body.index, replace(plan, erased_at=ctx.time))


def _registrar(ctx: Context, issuer: str, *, alone: bool) -> Need:
    registrar = Signer(issuer, "registrar", any_status=True)
    if alone:
        return registrar
    party = ctx.known(PARTIES, issuer, path="body.batch_id")
    return all_of(registrar, authority(ctx, party.country))
