"""T16 credential_issue: one Merkle root for a batch of credentials (DOMAIN.md 2.4, 2.5 "Issue").

The hot path (one credential, one issuer) reads a handful of shared values and writes two keys of its own.
"""

from __future__ import annotations

from typing import Annotated, Final, NamedTuple

from msgspec import Meta
from msgspec.structs import replace

from accord_ledger import calendar
from accord_ledger.domain.context import Context, unknown
from accord_ledger.domain.credentials import spends_in
from accord_ledger.domain.issuance import (
    check_accreditation,
    check_courses,
    check_dates,
    check_hours_account,
    check_size,
    check_status,
    check_version,
    count_entrants,
    last_day,
    signing_issuers,
    take_range,
)
from accord_ledger.domain.kind import Body, TransactionKind, transaction_kind
from accord_ledger.domain.model.credential import (
    BATCHES,
    MAX_STATUS_POSITIONS,
    ROOTS,
    STATUS_RANGES,
    Batch,
    RootUse,
    StatusRanges,
)
from accord_ledger.domain.model.hours import HOURS, HoursAccount
from accord_ledger.domain.model.programme import (
    PROGRAMME_HEADS,
    PROGRAMMES,
    YEAR_COUNTS,
    Programme,
    YearCount,
)
from accord_ledger.domain.replacement import (
    Replacement,
    ReplacePlan,
    check_ranges,
    check_replacement,
    replace_credentials,
)
from accord_ledger.domain.signing import Need, all_of
from accord_ledger.domain.standing import competent_agency, issuer_signers
from accord_ledger.errors import Rejection
from accord_ledger.fields import Count, DateText, Digest, ObjectId, Slug, Version

WEIGHT: Final = 16
"""Of an issuance, besides its courses, replacements and signatures (DOMAIN.md 2.12)."""


class IssueBody(Body):
    """T16."""

    batch_id: ObjectId
    programme: tuple[Slug, Version]
    count: Count
    """n: credentials in the batch."""
    merkle_root: Digest
    status_list: Slug
    """One of the author's own status lists."""
    status_start: Annotated[int, Meta(ge=0, lt=MAX_STATUS_POSITIONS)]
    """First of ``count`` fresh positions."""
    completed_from: DateText
    completed_to: DateText
    valid_until: DateText | None = None
    """Last day of validity; the programme's own validity bounds it."""
    single: bool = False
    """Fewer than ``batch_min`` on purpose."""
    late: bool = False
    """Teach-out: a competent agency signs too."""
    replaces: Replacement | None = None
    """Correction: credential ``i`` takes the place of the ``i``-th of these."""
    hours_account: ObjectId | None = None
    """Completed hours account (T21) this one credential rests on."""


class Offer(NamedTuple):
    """A programme version, and what every issuance of it asks; recalled for the next of the same block."""

    programme: Programme
    issuers: Need
    weight: int


class Ground(NamedTuple):
    """What "version to courses" said of one day of completion; recalled if it was good."""

    year: int
    late: bool


class IssuePlan(NamedTuple):
    """What the checks found out."""

    programme: Programme
    late: bool
    issuers: tuple[str, ...]
    keys: tuple[bytes, ...]
    year: int
    year_count: YearCount | None
    """None: outside the sum of the year."""
    ranges: StatusRanges
    replaced: ReplacePlan | None
    hours: HoursAccount | None


@transaction_kind
class CredentialIssue(TransactionKind[IssueBody, IssuePlan]):
    """T16."""

    name = "credential_issue"
    row = "T16"
    body = IssueBody
    errors = (
        "E_UNKNOWN_REF",
        "E_VERSION",
        "E_PROGRAMME_STATUS",
        "E_PROGRAMME_WITHDRAWN",
        "E_ACCREDITATION",
        "E_FUTURE_DATED",
        "E_BACKDATED",
        "E_COURSE_NOT_OFFERED",
        "E_BATCH_SIZE",
        "E_ENTRANTS",
        "E_STATE",
        "E_STATUS_RANGE",
        "E_REPLACES",
        "E_DUPLICATE",
    )

    def values(self, body: IssueBody) -> None:
        """Dates exist and stand in order, ranges too."""
        begin = calendar.parse_date(body.completed_from, "body.completed_from")
        end = calendar.parse_date(body.completed_to, "body.completed_to")
        if end < begin:
            raise Rejection("E_VALUE", f"expected {begin} or later, got {end}", path="body.completed_to")
        if body.valid_until is not None and calendar.parse_date(body.valid_until, "body.valid_until") < end:
            raise Rejection(
                "E_VALUE", f"expected {end} or later, got {body.valid_until}", path="body.valid_until"
            )
        if body.replaces is not None:
            check_ranges(body.replaces.ranges, "body.replaces.ranges")
            if body.hours_account is not None:
                detail = "expected no hours account: a replacement rests on what it replaces"
                raise Rejection("E_VALUE", detail, path="body.hours_account")

    def weight(self, ctx: Context, body: IssueBody) -> int:
        """DOMAIN.md 2.12."""
        offer = _offer(ctx, body.programme)
        weight = offer.weight if offer is not None else WEIGHT
        if body.replaces is not None:
            limit = ctx.parameters.record_weight_max // 8
            weight += 8 * spends_in(ctx.state, body.replaces.batch_id, body.replaces.ranges, limit=limit)
        return weight

    def signers(self, ctx: Context, body: IssueBody) -> Need:
        """The programme's issuers to its threshold; a late issuance also a competent agency."""
        offer = _known_offer(ctx, body.programme)
        return all_of(offer.issuers, competent_agency(ctx, offer.programme)) if body.late else offer.issuers

    def check(self, ctx: Context, body: IssueBody) -> IssuePlan:
        """DOMAIN.md 2.5, Issue (T16); ``replaces`` skips what is between version and courses."""
        programme = _known_offer(ctx, body.programme).programme
        if programme.terms.form == "award":
            detail = "expected a micro-credential; awards are stacked"
            raise Rejection("E_UNKNOWN_REF", detail, path="body.programme")
        hours = None
        if body.hours_account is not None:
            hours = ctx.known(HOURS, body.hours_account, path="body.hours_account")
        year, late = _ground(ctx, body, programme)
        check_size(ctx, body.count, single=body.single)
        year_count = replaced = None
        if hours is not None:
            check_hours_account(hours, body.programme, body.count)
        elif body.replaces is None:
            year_count = count_entrants(ctx, body.programme[0], year, body.count)
        issuers = signing_issuers(ctx, programme)
        ranges = take_range(ctx, body.status_list, body.status_start, body.count, issuers)
        if body.replaces is not None:
            dates = (body.completed_from, body.completed_to)
            replaced = check_replacement(
                ctx, body.replaces, programme=body.programme, dates=dates, count=body.count
            )
        ctx.unused(BATCHES, body.batch_id, path="body.batch_id")
        ctx.unused(ROOTS, body.merkle_root, path="body.merkle_root")
        keys = tuple([ctx.keys_of[issuer, "issuance"][0] for issuer in issuers])
        return IssuePlan(programme, late, issuers, keys, year, year_count, ranges, replaced, hours)

    def apply(self, ctx: Context, body: IssueBody, plan: IssuePlan) -> None:
        """Store the batch; mark its root, its positions and its number as used."""
        ctx.state.put(BATCHES, _batch(ctx, body, plan), body.batch_id)
        ctx.state.put(ROOTS, RootUse(batch_id=body.batch_id), body.merkle_root)
        ctx.state.put(STATUS_RANGES, plan.ranges, ctx.author, body.status_list)
        if plan.year_count is not None:
            ctx.state.put(YEAR_COUNTS, plan.year_count, body.programme[0], plan.year)
        if plan.hours is not None and body.hours_account is not None:
            used = replace(plan.hours, status="used", batch_id=body.batch_id)
            ctx.state.put(HOURS, used, body.hours_account)
        if body.replaces is not None and plan.replaced is not None:
            replace_credentials(ctx, body.replaces, plan.replaced, body.batch_id)


def _offer(ctx: Context, programme: tuple[Slug, Version]) -> Offer | None:
    offer: Offer | None = ctx.state.recalled.get(programme)
    if offer is None and (found := ctx.state.get(PROGRAMMES, *programme)) is not None:
        terms = found.terms
        issuers = issuer_signers(terms, "issuance", terms.threshold)
        offer = Offer(found, issuers, WEIGHT + 2 * len(terms.required_courses))
        ctx.state.recalled[programme] = offer
    return offer


def _known_offer(ctx: Context, programme: tuple[Slug, Version]) -> Offer:
    offer = _offer(ctx, programme)
    if offer is None:
        raise unknown(PROGRAMMES, *programme, path="body.programme")
    return offer


def _ground(ctx: Context, body: IssueBody, programme: Programme) -> Ground:
    """Version to courses, all but for replacements; whether the issuance is a valid late one."""
    if body.replaces is not None:
        return Ground(calendar.parse_date(body.completed_to).year, late=False)
    name = (body.programme, body.completed_to, body.late)
    ground: Ground | None = ctx.state.recalled.get(name)
    if ground is None:
        head = ctx.known(PROGRAMME_HEADS, body.programme[0], path="body.programme")
        check_version(ctx, programme, head)
        completed = calendar.parse_date(body.completed_to)
        late = check_status(ctx, head, completed, late=body.late)
        check_accreditation(ctx, programme, completed, late=late)
        check_dates(ctx, completed, late=late)
        check_courses(ctx, programme)
        ground = ctx.state.recalled[name] = Ground(completed.year, late)
    return ground


def _batch(ctx: Context, body: IssueBody, plan: IssuePlan) -> Batch:
    origin = plan.replaced.origin if plan.replaced is not None else None
    return Batch(
        programme=body.programme,
        count=body.count,
        merkle_root=body.merkle_root,
        issuers=plan.issuers,
        keys=plan.keys,
        status_list=body.status_list,
        status_owner=ctx.author,
        status_start=body.status_start,
        completed_from=body.completed_from,
        completed_to=body.completed_to,
        valid_until=last_day(plan.programme, body.completed_to, body.valid_until),
        issued_height=ctx.height,
        issued_at=ctx.time,
        late=plan.late,
        replaces=body.replaces.batch_id if body.replaces is not None else None,
        origin_height=origin.effective_height if origin is not None else None,
        origin_at=origin.effective_at if origin is not None else None,
    )
