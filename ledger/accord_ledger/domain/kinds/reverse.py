"""T28 recognise_reverse: the receiver takes a recognition back (DOMAIN.md 2.4)."""

from __future__ import annotations

from typing import Annotated, Final, cast, get_args

from msgspec import Meta

from accord_ledger.domain.accounts import has_open_review, reverse
from accord_ledger.domain.awards import award_on
from accord_ledger.domain.context import Context
from accord_ledger.domain.credentials import standing_of
from accord_ledger.domain.items import MAX_ITEMS
from accord_ledger.domain.kind import Body, TransactionKind, transaction_kind
from accord_ledger.domain.model.account import RECOGNITIONS, Recognition, ReverseReason
from accord_ledger.domain.signing import Need, Signer
from accord_ledger.errors import Rejection
from accord_ledger.fields import Code, ObjectId, PublicKey
from accord_ledger.keys import key_id

REASONS: Final = frozenset(get_args(ReverseReason))


class ReverseBody(Body):
    """T28."""

    recognition: ObjectId
    reason: Code
    holders: Annotated[tuple[PublicKey, ...], Meta(max_length=MAX_ITEMS)] = ()
    """With ``holder_left``: the holder key of every item, in order."""


@transaction_kind
class RecogniseReverse(TransactionKind[ReverseBody, ReverseReason]):
    """T28: credits go, courses reopen, items are free again unless revoked."""

    name = "recognise_reverse"
    row = "T28"
    body = ReverseBody
    errors = ("E_UNKNOWN_REF", "E_STATE", "E_REASON", "E_HOLDER_SIG")

    def holders(self, body: ReverseBody) -> tuple[bytes, ...]:
        """Holder keys shown by the body."""
        return body.holders

    def weight(self, ctx: Context, body: ReverseBody) -> int:
        """DOMAIN.md 2.12."""
        recognition = ctx.state.get(RECOGNITIONS, body.recognition)
        return 8 + 4 * len(recognition.items) if recognition else 8

    def signers(self, ctx: Context, body: ReverseBody) -> Need:
        """The receiver's registrar, always, whatever has become of the receiver (T02)."""
        recognition = ctx.known(RECOGNITIONS, body.recognition, path="body.recognition")
        return Signer(recognition.receiver, "registrar", any_status=True)

    def check(self, ctx: Context, body: ReverseBody) -> ReverseReason:
        """Live, no award on it, a reason that holds, and the holders if they leave."""
        recognition = ctx.known(RECOGNITIONS, body.recognition, path="body.recognition")
        if recognition.status != "live":
            raise Rejection("E_STATE", f"expected a live recognition, got {recognition.status}")
        if (award_id := award_on(ctx.state, recognition)) is not None:
            detail = f"expected a recognition no unrevoked award rests on, got award {award_id.hex()}"
            raise Rejection("E_STATE", detail, path="body.recognition")
        if body.reason not in REASONS or not _holds(ctx, body, recognition):
            raise Rejection(
                "E_REASON", f"expected a reason that holds, got {body.reason}", path="body.reason"
            )
        if body.reason == "holder_left":
            _check_holders(ctx, body, recognition)
        return cast("ReverseReason", body.reason)

    def apply(self, ctx: Context, body: ReverseBody, plan: ReverseReason) -> None:
        """Take it back."""
        reverse(ctx, body.recognition, plan)


def _holds(ctx: Context, body: ReverseBody, recognition: Recognition) -> bool:
    """A revocation or a review must be on the ledger; the other reasons are the receiver's own."""
    if body.reason == "credential_revoked":
        standings = (standing_of(ctx.state, item.batch_id, item.index) for item in recognition.items)
        return any(standing.status == "revoked" for standing in standings)
    return body.reason != "review" or has_open_review(ctx, body.recognition)


def _check_holders(ctx: Context, body: ReverseBody, recognition: Recognition) -> None:
    shown = tuple(key_id(public) for public in body.holders)
    if shown != tuple(item.holder for item in recognition.items):
        raise Rejection(
            "E_HOLDER_SIG", "expected the holder key of every item, in order", path="body.holders"
        )
    for place, holder in enumerate(shown):
        if not ctx.holder_signatures.get(holder, False):
            raise Rejection(
                "E_HOLDER_SIG", f"expected a signature of {holder.hex()}", path=f"body.holders[{place}]"
            )
