"""Who stands where: parties, competent agencies, accreditation and programme status at a time.

Shared by every kind that asks "was this party, agency, grant or programme good then?" (DOMAIN.md 2.4,
2.5). Everything here reads a bounded number of state values and writes none.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable
from fractions import Fraction
from functools import lru_cache
from typing import Final

from accord_ledger import calendar, rational
from accord_ledger.domain.context import Context
from accord_ledger.domain.model.framework import BANK_PROFILES, PROFILES, ProfileTerms
from accord_ledger.domain.model.party import PARTIES, Party, status_at
from accord_ledger.domain.model.programme import (
    AGENCY_REGISTRIES,
    GRANTS,
    PARTY_GRANTS,
    PROGRAMME_GRANTS,
    REGISTRY_ENTRIES,
    Grant,
    Grants,
    Programme,
    ProgrammeHead,
    ProgrammeStatus,
    ProgrammeTerms,
    RegistryEntries,
    RegistryEntry,
)
from accord_ledger.domain.signing import Need, Signer, any_of, k_of

ISSUER_ROLES: Final = frozenset({"university", "provider"})
"""Roles that may register programmes and issue (DOMAIN.md 2.1)."""

AGENCY_ROLES: Final = frozenset({"quality_agency"})

MAX_CONTROLLERS: Final = 64
"""Direct and indirect controllers a party may have; checked when it is registered (T01)."""


def party(ctx: Context, party_id: str, path: str) -> Party:
    """The named party, or ``E_UNKNOWN_REF`` at ``path``."""
    return ctx.known(PARTIES, party_id, path=path)


def profile_of(ctx: Context, terms: ProgrammeTerms) -> ProfileTerms:
    """The jurisdiction profile a programme version is registered under."""
    return ctx.known(PROFILES, *terms.profile, path="body.profile")


def award_cap(ctx: Context, receiver: Party) -> Fraction:
    """Largest share of an award that may be recognised at this receiver, agreements apart (DOMAIN.md 2.3).

    The least of the alliance's ``award_cap`` and that of the receiver, if a credit bank, or of the banks
    it is a member of.
    """
    caps = [rational.parse(ctx.parameters.award_cap)]
    for bank in (receiver.party_id, *receiver.member_of):
        newest = ctx.state.get(BANK_PROFILES, bank)
        terms = ctx.state.get(PROFILES, *newest.profile) if newest else None
        if terms is not None and terms.award_cap is not None:
            caps.append(rational.parse(terms.award_cap))
    return min(caps)


def controllers(ctx: Context, parties: Iterable[str]) -> frozenset[str]:
    """Everyone who controls one of these parties, directly or through others."""
    found: set[str] = set()
    waiting = list(parties)
    while waiting:
        known = ctx.state.get(PARTIES, waiting.pop())
        for controller in known.controlled_by if known else ():
            if controller not in found:
                found.add(controller)
                waiting.append(controller)
    return frozenset(found)


def independent(ctx: Context, party_id: str, others: Collection[str]) -> bool:
    """Whether a party is none of ``others`` and neither side controls the other (T09, T12, agencies)."""
    if party_id in others or party_id in controllers(ctx, others):
        return False
    return controllers(ctx, (party_id,)).isdisjoint(others)


def issuer_signers(
    terms: ProgrammeTerms, purpose: str, threshold: int | None = None, *, any_status: bool = False
) -> Need:
    """``threshold`` of the programme's issuers (all of them if None), signing with one purpose."""
    return _issuer_signers(terms.issuers, purpose, threshold, any_status)


@lru_cache(maxsize=4096)
def _issuer_signers(issuers: tuple[str, ...], purpose: str, threshold: int | None, any_status: bool) -> Need:
    options = [Signer(issuer, purpose, ISSUER_ROLES, any_status) for issuer in issuers]
    return k_of(len(options) if threshold is None else threshold, options)


def entry_in_force(entry: RegistryEntry, at: int) -> bool:
    """Whether a registry entry (T38) holds at a ledger time; an end date is the first day without it."""
    until = calendar.midnight(calendar.parse_date(entry.valid_to)) + calendar.DAY
    if entry.ended_on is not None:
        until = min(until, calendar.midnight(calendar.parse_date(entry.ended_on)))
    return calendar.midnight(calendar.parse_date(entry.valid_from)) <= at < until


def registered(ctx: Context, agency: str, registry: str, at: int) -> bool:
    """Whether the agency stood in this registry at a ledger time (seconds UTC)."""
    known = ctx.state.get(REGISTRY_ENTRIES, agency, registry) or RegistryEntries()
    return any(entry_in_force(entry, at) for entry in known.entries)


def registered_anywhere(ctx: Context, agency: str, at: int) -> bool:
    """Whether the agency stood in any registry at a ledger time."""
    known = ctx.state.get(AGENCY_REGISTRIES, agency)
    return any(registered(ctx, agency, registry, at) for registry in (known.registries if known else ()))


def grant_in_force(grant: Grant, at: int) -> bool:
    """Whether a grant held at a ledger time; withdrawal acts forward only (DOMAIN.md 0.9)."""
    if grant.withdrawn_at is not None and at >= grant.withdrawn_at:
        return False
    begin = calendar.midnight(calendar.parse_date(grant.valid_from))
    return begin <= at < calendar.midnight(calendar.parse_date(grant.valid_to)) + calendar.DAY


def _grants(ctx: Context, issuers: Iterable[str], programme_id: str) -> Iterable[Grant]:
    subjects = [ctx.state.get(PROGRAMME_GRANTS, programme_id)]
    subjects += [ctx.state.get(PARTY_GRANTS, issuer) for issuer in issuers]
    for subject in subjects:
        for grant_id in (subject or Grants()).ids:
            yield ctx.known(GRANTS, grant_id, path="grant")


def accredited(
    ctx: Context,
    issuers: Iterable[str],
    programme_id: str,
    at: int,
    *,
    registries: Collection[str] | None = None,
    cross_border: bool | None = None,
) -> bool:
    """Whether a grant on the programme or on one of its issuers was in force.

    Args:
        ctx: the record's view.
        issuers: parties whose party-wide grants count.
        programme_id: programme whose own grants count.
        at: ledger time, seconds UTC; for a date its midnight.
        registries: registries that count; None: any (so an empty collection is never met).
        cross_border: the grant's flag must be this; None: either.
    """
    return any(
        (registries is None or grant.registry in registries)
        and (cross_border is None or grant.cross_border == cross_border)
        and grant_in_force(grant, at)
        for grant in _grants(ctx, issuers, programme_id)
    )


def _competent(ctx: Context, agency_id: str, terms: ProgrammeTerms) -> bool:
    agency = ctx.state.get(PARTIES, agency_id)
    if agency is None or not registered_anywhere(ctx, agency_id, ctx.time):  # only agencies are (T38)
        return False
    if not independent(ctx, agency_id, terms.issuers):
        return False
    if any(
        (issuer := ctx.state.get(PARTIES, name)) and issuer.country == agency.country
        for name in terms.issuers
    ):
        return True
    grants = _grants(ctx, terms.issuers, terms.programme_id)
    return any(grant.agency == agency_id and grant_in_force(grant, ctx.time) for grant in grants)


def competent_agency(ctx: Context, programme: Programme) -> Need:
    """A competent agency of the programme, signing with ``quality`` (DOMAIN.md 2.4).

    Chosen among the agencies that signed this record, so no list of agencies is ever searched. One that
    is competent but not active is offered last and answered with ``E_PARTY_STATUS``.
    """
    able = [
        name
        for name, purpose in ctx.present
        if purpose == "quality" and _competent(ctx, name, programme.terms)
    ]
    if not able:
        return Signer("competent agency", "quality")
    return any_of(*(Signer(name, "quality", AGENCY_ROLES) for name in active_first(ctx, able)))


def active_first(ctx: Context, parties: Iterable[str]) -> list[str]:
    """Parties by id, those that may not sign at the end, so that a good signature is never passed over."""

    def place(party_id: str) -> tuple[bool, str]:
        known = ctx.state.get(PARTIES, party_id)
        return (known is None or status_at(known, ctx.time) != "active", party_id)

    return sorted(parties, key=place)


def programme_status_at(head: ProgrammeHead, time: int) -> ProgrammeStatus | None:
    """Status of the programme at a ledger time; None before its first activation.

    ``head`` keeps the newest changes; an answer older than those is in ``PROGRAMME_STATUS_ARCHIVE``.
    """
    place = bisect_right(head.history, time, key=lambda change: change.since)
    return head.history[place - 1].status if place else None
