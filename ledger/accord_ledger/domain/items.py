"""Items: credentials presented for use, and stage 4 of T27 for each of them (DOMAIN.md 2.2, 2.5).

An item opens its leaf; the leaf hides the holder's key until then. T29, T30 and T33 use the same checks
with other conditions on what was spent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated

from msgspec import Meta

from accord_ledger import calendar
from accord_ledger.codec import Wire
from accord_ledger.credential import check_credential, holder_commitment
from accord_ledger.domain.context import Context
from accord_ledger.domain.credentials import (
    credential_of,
    needs_confirmation,
    source_credits,
    standing_of,
)
from accord_ledger.domain.model.credential import BATCHES, Batch, Credential
from accord_ledger.domain.model.framework import FRAMEWORKS, Framework
from accord_ledger.domain.model.programme import PROGRAMME_HEADS, PROGRAMMES, Programme, ProgrammeHead
from accord_ledger.errors import AccordError, Rejection
from accord_ledger.fields import Digest, Index, ObjectId, PublicKey, Salt
from accord_ledger.keys import key_id

MAX_PATH = 17
"""Hashes from a leaf to the root of the largest batch (131,072 = 2^17)."""

MAX_ITEMS = 60
"""Items of one record: each needs a signature of its holder, and a record carries 64."""


class Item(Wire):
    """One credential, opened (DOMAIN.md 2.2)."""

    batch_id: ObjectId
    index: Index
    documents: Digest
    """Root over the commitments to its documents."""
    holder_key: PublicKey
    salt_k: Salt
    path: Annotated[tuple[Digest, ...], Meta(max_length=MAX_PATH)]
    """Merkle path of the leaf in the batch."""


@dataclass(frozen=True, slots=True)
class Presented:
    """An item that passed stage 4, with everything later stages ask about."""

    item: Item
    holder: bytes
    """Key id of the holder."""
    batch: Batch
    programme: Programme
    head: ProgrammeHead
    framework: Framework
    row: Credential
    credits: Fraction
    """Source credits, from the programme version on the ledger; of an award, of its own components."""


def check_distinct(items: Sequence[Item], path: str = "body.items") -> None:
    """No two equal (batch_id, index), whatever the rule: ``E_BUNDLE_DUPLICATE``."""
    seen: set[tuple[bytes, int]] = set()
    for place, item in enumerate(items):
        if (item.batch_id, item.index) in seen:
            raise Rejection("E_BUNDLE_DUPLICATE", "expected every credential once", path=f"{path}[{place}]")
        seen.add((item.batch_id, item.index))


def present(
    ctx: Context,
    item: Item,
    path: str,
    *,
    in_time: Callable[[Batch, str], None],
    unspent: Callable[[Credential, str], None],
) -> Presented:
    """Stage 4 of T27 for one item, in order.

    Args:
        ctx: the record's view.
        item: what was presented.
        path: where it stands.
        in_time: refuses a batch that came too late for the agreement (``E_AGREEMENT_ENDED``).
        unspent: refuses a credential whose spends forbid this use.

    Raises:
        Rejection: ``E_UNKNOWN_REF``, what ``in_time`` says, ``E_PROOF``, ``E_HOLDER_SIG``, ``E_ERASED``,
            ``E_REVOKED``, ``E_SUSPENDED``, ``E_CREDENTIAL_EXPIRED``, ``E_UNCONFIRMED``, what ``unspent`` says.
    """
    batch = ctx.known(BATCHES, item.batch_id, path=f"{path}.batch_id")
    in_time(batch, path)
    check_opening(item, batch, path)
    holder = key_id(item.holder_key)
    if not ctx.holder_signatures.get(holder, False):
        raise Rejection("E_HOLDER_SIG", f"expected a signature of holder key {holder.hex()}", path=path)
    row = credential_of(ctx.state, item.batch_id, item.index)
    _check_standing(ctx, item, batch, row, path)
    unspent(row, path)
    programme = ctx.known(PROGRAMMES, *batch.programme, path=path)
    return Presented(
        item=item,
        holder=holder,
        batch=batch,
        programme=programme,
        head=ctx.known(PROGRAMME_HEADS, batch.programme[0], path=path),
        framework=ctx.known(FRAMEWORKS, *programme.terms.framework, path=path),
        row=row,
        credits=source_credits(ctx, item.batch_id, programme.terms),
    )


def check_opening(item: Item, batch: Batch, path: str) -> None:
    """The item opens a leaf of the batch: ``E_PROOF``."""
    holder = holder_commitment(item.salt_k, item.holder_key)
    try:
        check_credential(
            item.batch_id, item.index, item.documents, holder,
            path=item.path, count=batch.count, merkle_root=batch.merkle_root,
        )  # fmt: skip
    except AccordError as error:
        raise Rejection("E_PROOF", f"{error.code}: {error.detail}", path=path) from error


def _check_standing(ctx: Context, item: Item, batch: Batch, row: Credential, path: str) -> None:
    """Erased, revoked, suspended, expired, unconfirmed, in this order."""
    if row.erased_at is not None:
        raise Rejection("E_ERASED", "expected a credential that was not erased", path=path)
    standing = standing_of(ctx.state, item.batch_id, item.index)
    if standing.status == "revoked":
        raise Rejection("E_REVOKED", "expected a valid credential, got one revoked", path=path)
    if standing.status == "suspended":
        raise Rejection("E_SUSPENDED", "expected a valid credential, got one suspended", path=path)
    if batch.valid_until is not None and ctx.today > calendar.parse_date(batch.valid_until):
        raise Rejection("E_CREDENTIAL_EXPIRED", f"expected use until {batch.valid_until}", path=path)
    if needs_confirmation(ctx.state, batch, standing):
        raise Rejection("E_UNCONFIRMED", "expected a confirmation after the key was compromised", path=path)
