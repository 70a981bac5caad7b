"""T02, suspending, withdrawing and taking back a party.

    active ⇄ suspended          from today or from a later date
    active, suspended → withdrawn   final once its date has come

A party that is not active cannot issue, recognise or sign; it may revoke, reverse and erase, and the
edges of agreements it sends under are frozen while it is suspended (DOMAIN.md 2.10). Those rules ask
``status_at``; nothing of what was valid before changes.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from accord_ledger import calendar
from accord_ledger.domain.authority import authority
from accord_ledger.domain.context import Context
from accord_ledger.domain.due import due_effect, schedule
from accord_ledger.domain.kind import Body, TransactionKind, transaction_kind
from accord_ledger.domain.model.party import (
    MAX_PLANNED,
    PARTIES,
    Party,
    PartyStatus,
    PlannedStatus,
    status_at,
)
from accord_ledger.domain.signing import Need
from accord_ledger.errors import Rejection
from accord_ledger.fields import Code, DateText, Slug

REASONS: Final[dict[PartyStatus, frozenset[str]]] = {
    "active": frozenset({"error", "other", "remedied"}),
    "suspended": frozenset({"breach", "insolvency", "investigation", "other", "request"}),
    "withdrawn": frozenset({"breach", "closed", "insolvency", "merged", "other", "request"}),
}
"""Codes a change may carry; no words of anybody's own."""

MAX_AHEAD_DAYS: Final = 3660
"""How far ahead a change may be planned."""


class PartyStatusBody(Body):
    """T02."""

    party: Slug
    status: PartyStatus
    reason: Code
    effective_date: DateText
    """Today: from now on; later: from 00:00 UTC of that day on."""


@transaction_kind
class PartyStatusKind(TransactionKind[PartyStatusBody, Party]):
    """A party's status changes, now or on a date to come.

    A change for a date takes the place of one planned for the same date; saying what would be so anyway
    takes the plan back.
    """

    name = "party_status"
    row = "T02"
    body = PartyStatusBody
    errors = ("E_UNKNOWN_REF", "E_STATE", "E_BACKDATED", "E_REASON", "E_VALUE")

    def values(self, body: PartyStatusBody) -> None:
        """A date that exists."""
        calendar.parse_date(body.effective_date, "body.effective_date")

    def weight(self, ctx: Context, body: PartyStatusBody) -> int:
        """8."""
        del ctx, body
        return 8

    def signers(self, ctx: Context, body: PartyStatusBody) -> Need:
        """The authority of the party's country."""
        return authority(ctx, ctx.known(PARTIES, body.party, path="body.party").country)

    def check(self, ctx: Context, body: PartyStatusBody) -> Party:
        """A step there is, not before today, for a reason there is."""
        party = in_force(ctx.known(PARTIES, body.party, path="body.party"), ctx.time)
        since = max(calendar.midnight(calendar.parse_date(body.effective_date)), ctx.time)
        change = PlannedStatus(status=body.status, since=since, reason=body.reason)
        changed = _with_change(party, change)
        if calendar.parse_date(body.effective_date) < ctx.today:
            detail = f"expected {ctx.today} or later, got {body.effective_date}"
            raise Rejection("E_BACKDATED", detail, path="body.effective_date")
        if body.reason not in REASONS[body.status]:
            expected = ", ".join(sorted(REASONS[body.status]))
            raise Rejection("E_REASON", f"expected {expected}, got {body.reason}", path="body.reason")
        if since > ctx.time + MAX_AHEAD_DAYS * calendar.DAY or len(changed.planned) > MAX_PLANNED:
            detail = f"expected at most {MAX_PLANNED} changes planned, {MAX_AHEAD_DAYS} days ahead"
            raise Rejection("E_VALUE", detail, path="body.effective_date")
        return in_force(changed, ctx.time)

    def apply(self, ctx: Context, body: PartyStatusBody, plan: Party) -> None:
        """Write the party; a change to come is folded in on its date."""
        ctx.state.put(PARTIES, plan, body.party)
        since = calendar.midnight(calendar.parse_date(body.effective_date))
        if any(change.since == since for change in plan.planned):  # not if it began, or was taken back
            schedule(ctx, since, "party_status", body.party.encode())


def _with_change(party: Party, change: PlannedStatus) -> Party:
    """The party with one more change planned, in place of one for the same time; ``E_STATE`` if it is none.

    A withdrawal is the last change there is, so it drops what was planned after it.
    """
    before = tuple(planned for planned in party.planned if planned.since < change.since)
    known = any(planned.since == change.since for planned in party.planned)
    after = tuple(planned for planned in party.planned if planned.since > change.since)
    status = before[-1].status if before else party.status
    if status == "withdrawn":
        raise Rejection("E_STATE", "expected a party that is not withdrawn by then", path="body.status")
    if status == change.status:
        if not known:
            raise Rejection("E_STATE", f"expected a change, got {status} again", path="body.status")
        return replace(party, planned=before + after)
    return replace(party, planned=(*before, change, *(() if change.status == "withdrawn" else after)))


def in_force(party: Party, time: int) -> Party:
    """The party with every change that has come by a ledger time folded into its status."""
    come = [change for change in party.planned if change.since <= time]
    if not come:
        return party
    last = come[-1]
    if party.status == status_at(party, time):
        return replace(party, planned=party.planned[len(come) :])
    return replace(
        party,
        status=last.status,
        status_since=last.since,
        status_reason=last.reason,
        planned=party.planned[len(come) :],
    )


@due_effect("party_status")
def _fold(ctx: Context, subject: bytes) -> None:
    """Let the stored status follow; checks have compared the dates themselves."""
    party_id = subject.decode()
    party = ctx.known(PARTIES, party_id, path="due")
    folded = in_force(party, ctx.time)
    if folded is not party:
        ctx.state.put(PARTIES, folded, party_id)
