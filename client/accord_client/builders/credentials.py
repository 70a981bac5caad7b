"""Credentials and their status: T16, T17, T19, T35."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from accord_client.builders.request import Purposed, Request, by_authority
from accord_client.issuing import BatchTree
from accord_ledger.domain.items import Item
from accord_ledger.domain.kinds.erasure import ErasureBody
from accord_ledger.domain.kinds.interop import InteropPublish, Subject
from accord_ledger.domain.kinds.issue import IssueBody
from accord_ledger.domain.kinds.status import Action, Effect, StatusBody
from accord_ledger.domain.model.credential import Interval


def issue_batch(
    author: str,
    batch: BatchTree,
    *,
    programme: tuple[str, int],
    status_list: str,
    status_start: int,
    completed: tuple[str, str],
    valid_until: str | None = None,
    issuers: Sequence[str] = (),
) -> Request:
    """T16: the root and number of a batch; every issuer named signs.

    Args:
        author: issuer whose status list it is.
        batch: such as :func:`accord_client.issuing.prepare_batch` makes.
        programme: id and version.
        status_list: name of one of the author's lists.
        status_start: first of ``batch.count`` fresh positions.
        completed: first and last day of completion.
        valid_until: last day of validity.
        issuers: all that sign, if more than the author.
    """
    body = IssueBody(
        batch_id=batch.batch_id,
        programme=programme,
        count=batch.count,
        merkle_root=batch.root,
        status_list=status_list,
        status_start=status_start,
        completed_from=completed[0],
        completed_to=completed[1],
        valid_until=valid_until,
        single=batch.count < 10,
    )
    signers = tuple((party, "issuance") for party in dict.fromkeys((author, *issuers)))
    return Request("credential_issue", author, body, signers)


def change_status(
    author: str,
    batch_id: bytes,
    ranges: Iterable[tuple[int, int]],
    action: Action,
    effect: Effect | None = None,
) -> Request:
    """T17: revoke, suspend, reinstate or confirm; ``reverse`` and ``confirm`` need ``quality`` too."""
    spans = tuple(Interval(start=start, end=end) for start, end in ranges)
    body = StatusBody(batch_id=batch_id, ranges=spans, action=action, effect=effect)
    signers: tuple[Purposed, ...] = ((author, "registrar"),)
    if effect == "reverse" or action == "confirm":
        signers += ((author, "quality"),)
    return Request("credential_status", author, body, signers)


def erase_credential(
    author: str,
    credential: tuple[bytes, int],
    basis: Literal["holder_request", "retention_end", "court"],
    *,
    item: Item | None = None,
    authority: Sequence[str] = (),
    sign_by: int = 0,
) -> Request:
    """T19: documents and salts of a credential are deleted; the holder of the item signs, or the authority.

    Args:
        author: an issuer of the batch.
        credential: batch id and index.
        basis: why.
        item: opens the credential to its holder's key, who signs too.
        authority: without an item: the regulator, or validators, who sign with ``governance``.
        sign_by: until when the body may be signed.
    """
    body = ErasureBody(batch_id=credential[0], index=credential[1], basis=basis, item=item, sign_by=sign_by)
    others = by_authority(authority[0], authority[1:]) if authority else ()
    return Request("erasure_notice", author, body, ((author, "registrar"), *others))


def publish_elsewhere(author: str, system: str, subject: Subject, commitment: bytes) -> Request:
    """T35: another system knows a programme, batch or credential; only a commitment to its number stands here."""
    body = InteropPublish(system=system, subject=subject, external_id_commitment=commitment)
    return Request("interop_publish", author, body, ((author, "institution"),))
