"""T09 and T38: agencies in registries, and the accreditation they grant and withdraw.

Ending an entry and withdrawing a grant act forward only: what was good at a time stays good for that
time (DOMAIN.md 0.9).
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from accord_ledger import calendar
from accord_ledger.codec import Wire
from accord_ledger.domain.authority import authority
from accord_ledger.domain.context import Context
from accord_ledger.domain.kind import Body, TransactionKind, transaction_kind
from accord_ledger.domain.kinds.party import check_set
from accord_ledger.domain.model.party import PARTIES
from accord_ledger.domain.model.programme import (
    AGENCY_REGISTRIES,
    GRANTS,
    PARTY_GRANTS,
    PROGRAMME_GRANTS,
    PROGRAMME_HEADS,
    REGISTRY_ENTRIES,
    AgencyRegistries,
    Grant,
    Grants,
    Registry,
    RegistryEntries,
    RegistryEntry,
)
from accord_ledger.domain.signing import Need, Signer
from accord_ledger.domain.standing import AGENCY_ROLES, independent, registered
from accord_ledger.errors import Rejection
from accord_ledger.fields import DateText, Digest, ObjectId, Slug
from accord_ledger.state import Table

MAX_GRANTS: Final = 64
"""Grants of one agency on one subject that are kept; far above one a year."""

MAX_ENTRIES: Final = 64
MAX_REGISTRIES: Final = 32


def check_not_backdated(ctx: Context, text: str, path: str) -> None:
    """``E_BACKDATED`` if a date lies more than ``backdate_days`` before the ledger date (genesis: never)."""
    earliest = calendar.add_days(ctx.today, -ctx.parameters.backdate_days)
    if not ctx.genesis and calendar.parse_date(text, path) < earliest:
        raise Rejection("E_BACKDATED", f"expected {earliest} or later, got {text}", path=path)


def check_period(first: str, last: str, path: str) -> None:
    """Two existing dates in order (``E_SCHEMA``, ``E_VALUE``)."""
    if calendar.parse_date(first, path) > calendar.parse_date(last, path):
        raise Rejection("E_VALUE", f"expected {first} to be no later than {last}", path=path)


def _check_agency(ctx: Context, agency: str, path: str) -> None:
    if "quality_agency" not in ctx.known(PARTIES, agency, path=path).roles:
        raise Rejection("E_ROLE", f"expected {agency} to be a quality_agency", path=path)


class AccreditationGrant(Body):
    """T09."""

    grant_id: ObjectId
    agency: Slug
    party: Slug
    """The subject, or an issuer of every programme named."""
    scope: Literal["party", "programmes"]
    """``party`` covers all its programmes, ``programmes`` those named (row U7)."""
    programmes: Annotated[tuple[Slug, ...], Meta(max_length=64)] = ()
    registry: Registry
    cross_border: bool
    valid_from: DateText
    valid_to: DateText
    """Last day on which it holds."""
    report_hash: Digest | None = None


@transaction_kind
class AccreditationGrantKind(TransactionKind[AccreditationGrant, None]):
    """An agency accredits a party or programmes of it."""

    name = "accreditation_grant"
    row = "T09"
    body = AccreditationGrant
    errors = (
        "E_DUPLICATE", "E_UNKNOWN_REF", "E_AGENCY_NOT_REGISTERED", "E_SELF_ACCREDIT", "E_BACKDATED", "E_VALUE",
        "E_RANGE",
    )  # fmt: skip
    in_genesis = True

    def values(self, body: AccreditationGrant) -> None:
        """Programmes exactly where the scope says so; dates in order."""
        check_set(body.programmes, "body.programmes")
        if (body.scope == "programmes") != bool(body.programmes):
            raise Rejection(
                "E_VALUE", "expected programmes exactly with scope programmes", path="body.programmes"
            )
        check_period(body.valid_from, body.valid_to, "body.valid_to")

    def weight(self, ctx: Context, body: AccreditationGrant) -> int:
        """8 + programmes named."""
        del ctx
        return 8 + len(body.programmes)

    def signers(self, ctx: Context, body: AccreditationGrant) -> Need:
        """The agency, with ``quality``."""
        del ctx
        return Signer(body.agency, "quality", AGENCY_ROLES)

    def unused(self, ctx: Context, body: AccreditationGrant) -> None:
        """Grant ids are used once."""
        ctx.unused(GRANTS, body.grant_id, path="body.grant_id")

    def check(self, ctx: Context, body: AccreditationGrant) -> None:
        """The agency stands in the registry, is independent of whom it accredits, and does not backdate."""
        _check_agency(ctx, body.agency, "body.agency")
        ctx.known(PARTIES, body.party, path="body.party")
        issuers = {body.party}
        for place, programme in enumerate(body.programmes):
            path = f"body.programmes[{place}]"
            head = ctx.known(PROGRAMME_HEADS, programme, path=path)
            if body.party not in head.issuers:
                raise Rejection("E_VALUE", f"expected a programme of {body.party}", path=path)
            issuers.update(head.issuers)
        # A genesis document may hold what an agency did long ago, when its entry was in force.
        then = calendar.midnight(calendar.parse_date(body.valid_from)) if ctx.genesis else ctx.time
        if not registered(ctx, body.agency, body.registry, then):
            raise Rejection(
                "E_AGENCY_NOT_REGISTERED", f"expected {body.agency} in {body.registry}", path="body.registry"
            )
        if not independent(ctx, body.agency, issuers):
            raise Rejection(
                "E_SELF_ACCREDIT", f"expected {body.agency} independent of its subject", path="body.agency"
            )
        check_not_backdated(ctx, body.valid_from, "body.valid_from")
        for table, subject in _subjects(body):
            _check_room(ctx, table, subject, body.agency)

    def apply(self, ctx: Context, body: AccreditationGrant, plan: None) -> None:
        """Write the grant and index it by what it is on."""
        grant = Grant(
            agency=body.agency,
            registry=body.registry,
            party=body.party,
            programmes=body.programmes,
            cross_border=body.cross_border,
            valid_from=body.valid_from,
            valid_to=body.valid_to,
            report_hash=body.report_hash,
            granted_at=ctx.time,
        )
        ctx.state.put(GRANTS, grant, body.grant_id)
        for table, subject in _subjects(body):
            known = ctx.state.get(table, subject) or Grants()
            ctx.state.put(table, Grants(ids=(*known.ids, body.grant_id)), subject)


def _subjects(body: AccreditationGrant) -> list[tuple[Table[Grants], str]]:
    if body.scope == "party":
        return [(PARTY_GRANTS, body.party)]
    return [(PROGRAMME_GRANTS, programme) for programme in body.programmes]


def _check_room(ctx: Context, table: Table[Grants], subject: str, agency: str) -> None:
    known = ctx.state.get(table, subject) or Grants()
    own = sum(ctx.known(GRANTS, grant_id, path="grant").agency == agency for grant_id in known.ids)
    if own >= MAX_GRANTS:
        raise Rejection(
            "E_RANGE", f"expected at most {MAX_GRANTS} grants of {agency} on {subject}", path="body.agency"
        )


class AccreditationWithdraw(Body):
    """T09, the end of a grant."""

    grant_id: ObjectId


@transaction_kind
class AccreditationWithdrawKind(TransactionKind[AccreditationWithdraw, Grant]):
    """The agency withdraws its grant from now on."""

    name = "accreditation_withdraw"
    row = "T09"
    body = AccreditationWithdraw
    errors = ("E_UNKNOWN_REF", "E_STATE")

    def weight(self, ctx: Context, body: AccreditationWithdraw) -> int:
        """8: it names no programmes."""
        del ctx, body
        return 8

    def signers(self, ctx: Context, body: AccreditationWithdraw) -> Need:
        """The agency that granted it."""
        grant = ctx.known(GRANTS, body.grant_id, path="body.grant_id")
        return Signer(grant.agency, "quality", AGENCY_ROLES)

    def check(self, ctx: Context, body: AccreditationWithdraw) -> Grant:
        """Withdrawn once."""
        grant = ctx.known(GRANTS, body.grant_id, path="body.grant_id")
        if grant.withdrawn_at is not None:
            raise Rejection("E_STATE", "expected a grant not withdrawn yet", path="body.grant_id")
        return grant

    def apply(self, ctx: Context, body: AccreditationWithdraw, plan: Grant) -> None:
        """Note when it ended."""
        ctx.state.put(GRANTS, msgspec.structs.replace(plan, withdrawn_at=ctx.time), body.grant_id)


class Period(Wire):
    """First and last day of an entry."""

    valid_from: DateText
    valid_to: DateText


class RegistryEntryBody(Body):
    """T38: a new entry, or the end of what there is."""

    agency: Slug
    registry: Registry
    period: Period | None = None
    ended_on: DateText | None = None
    """First day on which no entry holds any more."""


@transaction_kind
class RegistryEntryKind(TransactionKind[RegistryEntryBody, RegistryEntries]):
    """An agency enters a registry, or its entries there end."""

    name = "registry_entry"
    row = "T38"
    body = RegistryEntryBody
    errors = ("E_UNKNOWN_REF", "E_ROLE", "E_BACKDATED", "E_STATE", "E_RANGE")
    in_genesis = True

    def values(self, body: RegistryEntryBody) -> None:
        """Either a period or an end."""
        if (body.period is None) == (body.ended_on is None):
            raise Rejection("E_VALUE", "expected either a period or an end", path="body")
        if body.period is not None:
            check_period(body.period.valid_from, body.period.valid_to, "body.period.valid_to")
        if body.ended_on is not None:
            calendar.parse_date(body.ended_on, "body.ended_on")

    def weight(self, ctx: Context, body: RegistryEntryBody) -> int:
        """8."""
        del ctx, body
        return 8

    def signers(self, ctx: Context, body: RegistryEntryBody) -> Need:
        """The authority of the agency's country."""
        return authority(ctx, ctx.known(PARTIES, body.agency, path="body.agency").country)

    def check(self, ctx: Context, body: RegistryEntryBody) -> RegistryEntries:
        """A quality agency; not backdated; what ends is there."""
        _check_agency(ctx, body.agency, "body.agency")
        known = ctx.state.get(REGISTRY_ENTRIES, body.agency, body.registry) or RegistryEntries()
        if body.period is None:
            return _ended(ctx, known, body.ended_on or "")
        check_not_backdated(ctx, body.period.valid_from, "body.period.valid_from")
        registries = (ctx.state.get(AGENCY_REGISTRIES, body.agency) or AgencyRegistries()).registries
        if len(known.entries) >= MAX_ENTRIES or len({*registries, body.registry}) > MAX_REGISTRIES:
            raise Rejection(
                "E_RANGE", f"expected at most {MAX_ENTRIES} entries in each registry", path="body.registry"
            )
        entry = RegistryEntry(valid_from=body.period.valid_from, valid_to=body.period.valid_to)
        return RegistryEntries(entries=(*known.entries, entry))

    def apply(self, ctx: Context, body: RegistryEntryBody, plan: RegistryEntries) -> None:
        """Write the entries and the list of the agency's registries."""
        ctx.state.put(REGISTRY_ENTRIES, plan, body.agency, body.registry)
        known = ctx.state.get(AGENCY_REGISTRIES, body.agency) or AgencyRegistries()
        if body.registry not in known.registries:
            registries = tuple(sorted((*known.registries, body.registry)))
            ctx.state.put(AGENCY_REGISTRIES, AgencyRegistries(registries=registries), body.agency)


def _ended(ctx: Context, known: RegistryEntries, ended_on: str) -> RegistryEntries:
    """Every entry that would reach the end date ends there; an end is only ever moved forward."""
    if not ctx.genesis and calendar.parse_date(ended_on) < ctx.today:
        raise Rejection("E_BACKDATED", f"expected {ctx.today} or later, got {ended_on}", path="body.ended_on")
    entries = tuple(
        msgspec.structs.replace(entry, ended_on=ended_on)
        if ended_on <= (entry.ended_on or entry.valid_to)
        else entry
        for entry in known.entries
    )
    if entries == known.entries:
        raise Rejection("E_STATE", "expected an entry that reaches the end date", path="body.ended_on")
    return RegistryEntries(entries=entries)
