"""T14, pausing, suspending, retiring and resuming a programme, all its versions at once.

    active ⇄ paused            issuer
    active, paused → retired   issuer; retired → active too
    active, paused → suspended → active   competent agency or authority

A programme that was retired when the close of a year would have suspended it comes back as a suspended
one does, so that retiring is no way round a suspension. ``withdrawn`` comes from the close of quality
years alone and is final.
"""

from __future__ import annotations

from typing import Final, Literal

from msgspec.structs import replace

from accord_ledger.domain.authority import authority
from accord_ledger.domain.context import Context
from accord_ledger.domain.kind import Body, TransactionKind, transaction_kind
from accord_ledger.domain.model.party import PARTIES
from accord_ledger.domain.model.programme import PROGRAMME_HEADS, PROGRAMMES, ProgrammeHead, ProgrammeStatus
from accord_ledger.domain.model.quality import QUALITY_HEADS
from accord_ledger.domain.programme_life import change_programme_status
from accord_ledger.domain.signing import Need, Signer, any_of
from accord_ledger.domain.standing import ISSUER_ROLES, active_first, competent_agency
from accord_ledger.errors import Rejection
from accord_ledger.fields import Code, Slug

FROM: Final[dict[ProgrammeStatus, tuple[ProgrammeStatus, ...]]] = {
    "paused": ("active",),
    "suspended": ("active", "paused"),
    "retired": ("active", "paused"),
    "active": ("paused", "suspended", "retired"),
}
"""Statuses from which each may be reached by T14."""

REASONS: Final[dict[ProgrammeStatus, frozenset[str]]] = {
    "paused": frozenset({"budget", "content", "demand", "other", "staffing"}),
    "suspended": frozenset({"accreditation", "complaint", "no_report", "other", "quality"}),
    "retired": frozenset({"budget", "demand", "other", "replaced"}),
    "active": frozenset({"new_term", "other", "remedied"}),
}
"""Codes a change may carry; no words of anybody's own."""


class ProgrammeStatusBody(Body):
    """T14."""

    programme: Slug
    status: Literal["active", "paused", "suspended", "retired"]
    reason: Code


@transaction_kind
class ProgrammeStatusKind(TransactionKind[ProgrammeStatusBody, None]):
    """A programme's status changes from now on."""

    name = "programme_status"
    row = "T14"
    body = ProgrammeStatusBody
    errors = ("E_UNKNOWN_REF", "E_STATE", "E_REASON")

    def weight(self, ctx: Context, body: ProgrammeStatusBody) -> int:
        """8."""
        del ctx, body
        return 8

    def signers(self, ctx: Context, body: ProgrammeStatusBody) -> Need:
        """The issuer, or for what concerns a suspension the competent agency or the authority."""
        head = ctx.known(PROGRAMME_HEADS, body.programme, path="body.programme")
        lift = body.status == "active" and (head.status == "suspended" or _is_held(ctx, body.programme))
        if not lift and body.status != "suspended":
            issuers = active_first(ctx, head.issuers)
            return any_of(*(Signer(issuer, "institution", ISSUER_ROLES) for issuer in issuers))
        programme = ctx.known(PROGRAMMES, body.programme, head.current or head.latest, path="body.programme")
        countries = [ctx.known(PARTIES, issuer, path="body.programme").country for issuer in head.issuers]
        authorities = (authority(ctx, country) for country in dict.fromkeys(countries))
        return any_of(competent_agency(ctx, programme), *authorities)

    def check(self, ctx: Context, body: ProgrammeStatusBody) -> None:
        """A step that exists, for a reason that exists."""
        head = ctx.known(PROGRAMME_HEADS, body.programme, path="body.programme")
        _check_step(head, body.status)
        if body.reason not in REASONS[body.status]:
            expected = ", ".join(sorted(REASONS[body.status]))
            raise Rejection("E_REASON", f"expected {expected}, got {body.reason}", path="body.reason")

    def apply(self, ctx: Context, body: ProgrammeStatusBody, plan: None) -> None:
        """Write the status with its beginning and reason."""
        change_programme_status(ctx, body.programme, body.status, body.reason)
        quality = ctx.state.get(QUALITY_HEADS, body.programme)
        if quality is not None:  # a suspension is held back while retired, and from there leads only this
            ctx.state.put(QUALITY_HEADS, replace(quality, held=False), body.programme)


def _is_held(ctx: Context, programme_id: str) -> bool:
    quality = ctx.state.get(QUALITY_HEADS, programme_id)
    return quality is not None and quality.held


def _check_step(head: ProgrammeHead, status: ProgrammeStatus) -> None:
    if head.status not in FROM[status]:
        raise Rejection(
            "E_STATE", f"expected {' or '.join(FROM[status])}, got {head.status}", path="body.status"
        )
