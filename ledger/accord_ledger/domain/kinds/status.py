"""T17 credential_status: revoke, suspend, reinstate, confirm (DOMAIN.md 2.4, 2.6).

Ranges of any size cost work by pages and by what is exceptional on them. Revoking credentials that were
redeemed acts in the same transaction on their live recognitions, in order of recognition id, then on the
awards that rest on them, in order of batch id. An award that was suspended because something under it was
reversed gets no other status here than ``revoked`` with ``reverse``: only T31 lifts that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta
from msgspec.structs import replace

from accord_ledger.domain.authority import authority
from accord_ledger.domain.awards import retire_award
from accord_ledger.domain.context import Context
from accord_ledger.domain.credentials import (
    StandingPages,
    changed_standings,
    credential_of,
    needs_confirmation,
    uses_in,
    write_standings,
)
from accord_ledger.domain.effects import effects_in, holders_of, take_effect
from accord_ledger.domain.kind import Body, TransactionKind, transaction_kind
from accord_ledger.domain.model.award import AWARDS, Award
from accord_ledger.domain.model.credential import BATCHES, Batch, Interval, Standing
from accord_ledger.domain.model.party import PARTIES, status_at
from accord_ledger.domain.replacement import MAX_RANGES, check_ranges
from accord_ledger.domain.signing import Need, Signer, all_of, any_of
from accord_ledger.errors import Rejection
from accord_ledger.fields import ObjectId

Action = Literal["revoke", "suspend", "reinstate", "confirm"]
Effect = Literal["reverse", "review"]


class StatusBody(Body):
    """T17: what happens to which credentials; never why."""

    batch_id: ObjectId
    ranges: Annotated[tuple[Interval, ...], Meta(min_length=1, max_length=MAX_RANGES)]
    """Indexes [start, end), ascending, not touching one another."""
    action: Action
    effect: Effect | None = None
    """With ``revoke``: what it means for uses made before."""


@dataclass(frozen=True, slots=True)
class StatusPlan:
    """What is written, and what is hit."""

    pages: StandingPages
    recognitions: tuple[bytes, ...]
    awards: tuple[bytes, ...]
    """Awards that hold one of the credentials as own component."""
    conferred: bool
    """The credential is an award itself."""


@transaction_kind
class CredentialStatus(TransactionKind[StatusBody, StatusPlan]):
    """T17."""

    name = "credential_status"
    row = "T17"
    body = StatusBody
    errors = ("E_UNKNOWN_REF", "E_STATE")

    def values(self, body: StatusBody) -> None:
        """Ranges in order and not empty; an effect exactly with ``revoke``."""
        if (body.effect is None) == (body.action == "revoke"):
            raise Rejection("E_VALUE", "expected an effect exactly with revoke", path="body.effect")
        check_ranges(body.ranges, "body.ranges")

    def weight(self, ctx: Context, body: StatusBody) -> int:
        """DOMAIN.md 2.12; counting stops at what no record may weigh."""
        if body.action != "revoke":
            return 8 + 2 * len(body.ranges)
        hits = effects_in(ctx.state, body.batch_id, body.ranges, limit=ctx.parameters.record_weight_max // 8)
        return 8 + 2 * len(body.ranges) + 8 * hits

    def signers(self, ctx: Context, body: StatusBody) -> Need:
        """A signing issuer; the authority where it is withdrawn."""
        batch = ctx.known(BATCHES, body.batch_id, path="body.batch_id")
        return any_of(*(_issuer(ctx, issuer, body) for issuer in batch.issuers))

    def check(self, ctx: Context, body: StatusBody) -> StatusPlan:
        """The credentials exist and every one of them can do this now."""
        batch = ctx.known(BATCHES, body.batch_id, path="body.batch_id")
        if body.ranges[-1].end > batch.count:
            detail = f"expected indexes below {batch.count}, got {body.ranges[-1].end - 1}"
            raise Rejection("E_UNKNOWN_REF", detail, path=f"body.ranges[{len(body.ranges) - 1}]")
        award = ctx.state.get(AWARDS, body.batch_id)
        if award is not None:
            _check_award(award, body)
        pages = changed_standings(ctx, body.batch_id, body.ranges, _edit(ctx, batch, body))
        recognitions: list[bytes] = []
        awards: list[bytes] = []
        if body.action == "revoke":
            for index in uses_in(ctx.state, body.batch_id, body.ranges):
                row = credential_of(ctx.state, body.batch_id, index)
                recognitions.extend(spend.recognition for spend in row.spends)
                awards.extend(holders_of(row))
        return StatusPlan(pages, tuple(recognitions), tuple(awards), award is not None)

    def apply(self, ctx: Context, body: StatusBody, plan: StatusPlan) -> None:
        """Write the standings; reverse or review what rests on them."""
        write_standings(ctx, body.batch_id, plan.pages)
        if body.effect is not None:
            if plan.conferred:
                retire_award(ctx, body.batch_id)
            take_effect(ctx, body.effect, plan.recognitions, plan.awards)


def _check_award(award: Award, body: StatusBody) -> None:
    if award.status == "suspended" and body.action != "confirm" and body.effect != "reverse":
        detail = f"expected a decision (T31) or revocation with reverse, got {body.action}"
        raise Rejection("E_STATE", detail, path="body.action")


def _issuer(ctx: Context, issuer: str, body: StatusBody) -> Need:
    """Registrar; for ``reverse`` and ``confirm`` also ``quality``, by another key."""
    party = ctx.known(PARTIES, issuer, path="body.batch_id")
    if status_at(party, ctx.time) == "withdrawn":
        return authority(ctx, party.country)
    free = body.action == "revoke"  # suspended parties may revoke (T02), and nothing else of this
    registrar = Signer(issuer, "registrar", any_status=free)
    if body.effect == "reverse" or body.action == "confirm":
        return all_of(registrar, Signer(issuer, "quality", any_status=free))
    return registrar


def _edit(ctx: Context, batch: Batch, body: StatusBody) -> Callable[[Standing], Standing]:
    """What the action makes of one standing; ``E_STATE`` if it cannot be (DOMAIN.md 2.6)."""

    def must(*, hold: bool, standing: Standing) -> None:
        if not hold:
            detail = f"expected credentials one can {body.action}, got one {standing.status}"
            raise Rejection("E_STATE", detail, path="body.ranges")

    def edit(standing: Standing) -> Standing:
        match body.action:
            case "revoke":
                must(hold=standing.status != "revoked", standing=standing)
                return replace(standing, status="revoked", effect=body.effect, since=ctx.time)
            case "suspend":
                must(hold=standing.status == "valid", standing=standing)
                return replace(standing, status="suspended", since=ctx.time)
            case "reinstate":
                must(hold=standing.status == "suspended", standing=standing)
                return replace(standing, status="valid", since=ctx.time)
            case "confirm":
                unconfirmed = standing.status != "revoked" and needs_confirmation(ctx.state, batch, standing)
                must(hold=unconfirmed, standing=standing)
                return replace(standing, confirmed_at=ctx.time)

    return edit
