"""T26 enrolment_open and enrolment_close: accounts towards an award (DOMAIN.md 2.4).

The receiver is the author: a university, or a credit bank for awards of its own or of its members.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from accord_ledger.domain.context import Context
from accord_ledger.domain.kind import Body, TransactionKind, transaction_kind
from accord_ledger.domain.model.account import ENROLMENTS, Enrolment
from accord_ledger.domain.model.party import PARTIES
from accord_ledger.domain.model.programme import PROGRAMME_HEADS, PROGRAMMES, ProgrammeTerms
from accord_ledger.domain.signing import Need, Signer
from accord_ledger.domain.terms import RECEIVER_ROLES
from accord_ledger.errors import Rejection
from accord_ledger.fields import ObjectId, Slug, Version

ENROLMENT_WEIGHT: Final = 8
"""DOMAIN.md 2.12."""


def receiver(ctx: Context) -> Signer:
    """The author's registrar; the author must be allowed to recognise credit."""
    return Signer(ctx.author, "registrar", RECEIVER_ROLES)


def enrolment_of(ctx: Context, enrolment_id: bytes) -> Enrolment:
    """An open enrolment of the author: ``E_UNKNOWN_REF`` if it has none of this id, ``E_STATE`` if closed."""
    enrolment = ctx.known(ENROLMENTS, enrolment_id, path="body.enrolment")
    if enrolment.owner != ctx.author:
        detail = f"expected an enrolment of {ctx.author}, got one of {enrolment.owner}"
        raise Rejection("E_UNKNOWN_REF", detail, path="body.enrolment")
    if enrolment.status != "open":
        raise Rejection(
            "E_STATE", f"expected an open enrolment, got {enrolment.status}", path="body.enrolment"
        )
    return enrolment


class EnrolmentOpenBody(Body):
    """T26 open."""

    enrolment: ObjectId
    award: tuple[Slug, Version]


@transaction_kind
class EnrolmentOpen(TransactionKind[EnrolmentOpenBody, None]):
    """T26: an account with nothing recognised."""

    name = "enrolment_open"
    row = "T26"
    body = EnrolmentOpenBody
    errors = ("E_UNKNOWN_REF", "E_STATE", "E_DUPLICATE")

    def weight(self, ctx: Context, body: EnrolmentOpenBody) -> int:
        """DOMAIN.md 2.12."""
        return ENROLMENT_WEIGHT

    def signers(self, ctx: Context, body: EnrolmentOpenBody) -> Need:
        """The receiver's registrar."""
        return receiver(ctx)

    def unused(self, ctx: Context, body: EnrolmentOpenBody) -> None:
        """Enrolment ids are used once."""
        ctx.unused(ENROLMENTS, body.enrolment, path="body.enrolment")

    def check(self, ctx: Context, body: EnrolmentOpenBody) -> None:
        """An award, of the receiver or of a member of this credit bank, active."""
        programme = ctx.known(PROGRAMMES, *body.award, path="body.award")
        if programme.terms.form != "award" or not _offers(ctx, programme.terms):
            raise Rejection("E_UNKNOWN_REF", f"expected an award of {ctx.author}", path="body.award")
        head = ctx.known(PROGRAMME_HEADS, body.award[0], path="body.award")
        if head.status != "active" or programme.stage != "active":
            raise Rejection("E_STATE", f"expected an active award, got {head.status}", path="body.award")

    def apply(self, ctx: Context, body: EnrolmentOpenBody, plan: None) -> None:
        """Write the account."""
        enrolment = Enrolment(owner=ctx.author, award=body.award, opened_at=ctx.time)
        ctx.state.put(ENROLMENTS, enrolment, body.enrolment)


def _offers(ctx: Context, award: ProgrammeTerms) -> bool:
    """Its own award, or, at a credit bank, one of a member."""
    if ctx.author in award.issuers:
        return True
    author = ctx.known(PARTIES, ctx.author, path="author")
    if "credit_bank" not in author.roles:
        return False
    owners = (ctx.state.get(PARTIES, issuer) for issuer in award.issuers)
    return any(owner is not None and ctx.author in owner.member_of for owner in owners)


class EnrolmentCloseBody(Body):
    """T26 close."""

    enrolment: ObjectId


@transaction_kind
class EnrolmentClose(TransactionKind[EnrolmentCloseBody, Enrolment]):
    """T26: nothing more is recognised into the account; what is there can still be reversed."""

    name = "enrolment_close"
    row = "T26"
    body = EnrolmentCloseBody
    errors = ("E_UNKNOWN_REF", "E_STATE")

    def weight(self, ctx: Context, body: EnrolmentCloseBody) -> int:
        """DOMAIN.md 2.12."""
        return ENROLMENT_WEIGHT

    def signers(self, ctx: Context, body: EnrolmentCloseBody) -> Need:
        """The receiver's registrar."""
        return receiver(ctx)

    def check(self, ctx: Context, body: EnrolmentCloseBody) -> Enrolment:
        """Known, the author's own, open."""
        return enrolment_of(ctx, body.enrolment)

    def apply(self, ctx: Context, body: EnrolmentCloseBody, plan: Enrolment) -> None:
        """Close it."""
        ctx.state.put(ENROLMENTS, replace(plan, status="closed", closed_at=ctx.time), body.enrolment)
