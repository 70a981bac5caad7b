"""Who is in an agreement: the parties its terms name, those that joined, those that left (T25; DOMAIN.md 2.10).

Terms never change. Who joins a version stands beside it, so a newcomer gives nobody else another version; a
later amendment names everybody itself. Who leaves keeps a departure that is about the version in force and
all before it, and may come back by a newer version once the run-off is over.
"""

from __future__ import annotations

from msgspec.structs import replace

from accord_ledger import calendar
from accord_ledger.domain.context import Context
from accord_ledger.domain.model.agreement import (
    AGREEMENT_MEMBERS,
    AGREEMENT_TERMS,
    AGREEMENT_VERSIONS,
    DEPARTURES,
    Agreement,
    AgreementTerms,
    Departure,
    Members,
)
from accord_ledger.domain.model.party import PARTIES, status_at
from accord_ledger.domain.terms import parties_of

Ref = tuple[str, int]
"""Agreement id and version."""


def terms_of(ctx: Context, ref: Ref) -> AgreementTerms | None:
    """The terms of a version with everybody who joined it; None if there is none, or if it lapsed."""
    terms = ctx.state.get(AGREEMENT_TERMS, *ref)
    version = ctx.state.get(AGREEMENT_VERSIONS, *ref)
    if terms is None or version is None or not version.joined:
        return terms
    return with_members(terms, ctx.known(AGREEMENT_MEMBERS, *ref, path="agreement"))


def with_members(terms: AgreementTerms, joined: Members) -> AgreementTerms:
    """The terms as if they named those who joined as well."""
    return replace(
        terms,
        senders=tuple(sorted({*terms.senders, *joined.senders})),
        receivers=tuple(sorted({*terms.receivers, *joined.receivers})),
        self_pairs=tuple(sorted({*terms.self_pairs, *joined.self_pairs})),
    )


def departure_of(ctx: Context, agreement: Agreement, ref: Ref, party: str) -> Departure | None:
    """The notice by which a party left, or is about to leave, this version; None if it is simply in it."""
    if not agreement.departures:
        return None
    found = ctx.state.get(DEPARTURES, ref[0], party)
    return found if found is not None and ref[1] <= found.version else None


def effective_at(departure: Departure) -> int:
    """First second (UTC) of the party's run-off."""
    return calendar.midnight(calendar.parse_date(departure.notice.effective))


def current_parties(ctx: Context, agreement_id: str, agreement: Agreement) -> tuple[str, ...]:
    """Who decides about the agreement now: parties to the version in force, in order.

    A party whose departure took effect, or that is withdrawn for good, has no say any more. A suspended
    one cannot sign, so where its signature is needed things wait for it (DOMAIN.md 2.10: frozen, not ended).
    """
    ref = (agreement_id, agreement.current or 1)
    terms = terms_of(ctx, ref)
    return (
        tuple(party for party in parties_of(terms) if _decides(ctx, agreement, ref, party)) if terms else ()
    )


def _decides(ctx: Context, agreement: Agreement, ref: Ref, party: str) -> bool:
    departure = departure_of(ctx, agreement, ref, party)
    if departure is not None and ctx.time >= effective_at(departure):
        return False
    known = ctx.state.get(PARTIES, party)
    return known is not None and status_at(known, ctx.time) != "withdrawn"


def is_leaving(ctx: Context, agreement: Agreement, agreement_id: str, party: str) -> bool:
    """Whether a departure of the party is not over: until then no newer version can name it again."""
    if not agreement.departures:
        return False
    departure = ctx.state.get(DEPARTURES, agreement_id, party)
    return departure is not None and ctx.time < departure.run_off_until
