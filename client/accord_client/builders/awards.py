"""Conferring awards, and deciding reviews: T30, T31."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

from accord_client.builders.request import Purposed, Request
from accord_ledger.domain.items import Item
from accord_ledger.domain.kinds.review import ReviewBody
from accord_ledger.domain.kinds.stack import StackBody


class AwardBatch(Protocol):
    """The award's credential as a batch of one (:class:`accord_client.issuing.PreparedBatch`)."""

    @property
    def batch_id(self) -> bytes:
        """Fresh UUIDv7."""

    @property
    def root(self) -> bytes:
        """Its Merkle root."""


def _conferring(author: str, committees: Sequence[str]) -> tuple[Purposed, ...]:
    return ((author, "registrar"), *((author, committee) for committee in committees))


def stack_award(
    author: str,
    enrolment: bytes,
    batch: AwardBatch,
    components: Sequence[Item],
    *,
    status_list: str,
    status_start: int,
    committees: Sequence[str] = ("academic_committee",),
    sign_by: int = 0,
) -> Request:
    """T30: an award on own components and what was recognised; every component's holder signs too.

    Args:
        author: issuer of the award.
        enrolment: the account it closes.
        batch: the award's credential, prepared as a batch of one.
        components: credentials the author issued.
        status_list: name of one of the author's lists.
        status_start: a fresh position in it.
        committees: of the award's approval policy, with keys at hand.
        sign_by: until when the body may be signed.
    """
    body = StackBody(
        enrolment=enrolment,
        components=tuple(components),
        batch_id=batch.batch_id,
        merkle_root=batch.root,
        status_list=status_list,
        status_start=status_start,
        sign_by=sign_by,
    )
    return Request("stack_award", author, body, _conferring(author, committees))


def decide_review(
    author: str,
    subject: Literal["recognition", "award"],
    review: bytes,
    decision: Literal["uphold", "reverse", "restack", "revoke"],
    *,
    components: Sequence[Item] = (),
    committees: Sequence[str] = (),
    sign_by: int = 0,
) -> Request:
    """T31: what becomes of a recognition or award under review.

    Args:
        author: the receiver, or an issuer of the award.
        subject: what is under review.
        review: recognition id, or batch id of the award.
        decision: of a recognition uphold or reverse; of an award uphold, restack or revoke.
        components: with ``restack``: own components from now on, whose holders sign too.
        committees: with ``restack``: of the award's approval policy.
        sign_by: until when the body may be signed.
    """
    body = ReviewBody(
        subject=subject, review=review, decision=decision, components=tuple(components), sign_by=sign_by
    )
    return Request("review_decide", author, body, _conferring(author, committees))
