"""T16 credential_issue: one Merkle root for a batch of credentials (DOMAIN.md 2.4, 2.5 "Issue").

The checks stand in the order of DOMAIN.md 2.5; the hot path (one credential, one issuer) reads a handful
of shared values and writes two keys of its own.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import date
from typing import Annotated, NamedTuple

from msgspec import Meta

from accord_ledger import calendar
from accord_ledger.domain.context import Context
from accord_ledger.domain.kind import Body, TransactionKind, transaction_kind
from accord_ledger.domain.model.credential import (
    BATCHES,
    MAX_STATUS_PIECES,
    MAX_STATUS_POSITIONS,
    ROOTS,
    STATUS_RANGES,
    Batch,
    Interval,
    RootUse,
    StatusRanges,
)
from accord_ledger.domain.model.party import PARTIES
from accord_ledger.domain.model.programme import (
    OFFERINGS,
    PROGRAMME_HEADS,
    PROGRAMMES,
    YEAR_COUNTS,
    Programme,
    ProgrammeHead,
    YearCount,
)
from accord_ledger.domain.signing import Need, all_of
from accord_ledger.domain.standing import accredited, competent_agency, issuer_signers, profile_of
from accord_ledger.errors import Rejection
from accord_ledger.fields import Count, DateText, Digest, ObjectId, Slug, Version

TEACH_OUT = frozenset({"withdrawn", "suspended", "retired"})
"""Programme statuses in which ``late`` issuance is possible."""


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


class IssuePlan(NamedTuple):
    """What the checks found out."""

    programme: Programme
    late: bool
    issuers: tuple[str, ...]
    keys: tuple[bytes, ...]
    year: int
    year_count: YearCount
    ranges: StatusRanges


@transaction_kind
class CredentialIssue(TransactionKind[IssueBody, IssuePlan]):
    """T16."""

    name = "credential_issue"
    row = "T16"
    body = IssueBody
    errors = (
        "E_UNKNOWN_REF", "E_VERSION", "E_PROGRAMME_STATUS", "E_PROGRAMME_WITHDRAWN", "E_ACCREDITATION",
        "E_FUTURE_DATED", "E_BACKDATED", "E_COURSE_NOT_OFFERED", "E_BATCH_SIZE", "E_ENTRANTS",
        "E_STATUS_RANGE", "E_DUPLICATE",
    )  # fmt: skip

    def values(self, body: IssueBody) -> None:
        """Dates exist and stand in order."""
        begin = calendar.parse_date(body.completed_from, "body.completed_from")
        end = calendar.parse_date(body.completed_to, "body.completed_to")
        if end < begin:
            raise Rejection("E_VALUE", f"expected {begin} or later, got {end}", path="body.completed_to")
        if body.valid_until is not None and calendar.parse_date(body.valid_until, "body.valid_until") < end:
            raise Rejection(
                "E_VALUE", f"expected {end} or later, got {body.valid_until}", path="body.valid_until"
            )

    def weight(self, ctx: Context, body: IssueBody) -> int:
        """DOMAIN.md 2.12."""
        programme = ctx.state.get(PROGRAMMES, *body.programme)
        return 16 + 2 * len(programme.terms.required_courses) if programme is not None else 16

    def signers(self, ctx: Context, body: IssueBody) -> Need:
        """The programme's issuers to its threshold; a late issuance also a competent agency."""
        programme = ctx.known(PROGRAMMES, *body.programme, path="body.programme")
        issuers = issuer_signers(programme.terms, "issuance", programme.terms.threshold)
        return all_of(issuers, competent_agency(ctx, programme)) if body.late else issuers

    def check(self, ctx: Context, body: IssueBody) -> IssuePlan:
        """DOMAIN.md 2.5, Issue (T16)."""
        programme = ctx.known(PROGRAMMES, *body.programme, path="body.programme")
        if programme.terms.form == "award":
            raise Rejection(
                "E_UNKNOWN_REF", "expected a micro-credential; awards are stacked", path="body.programme"
            )
        head = ctx.known(PROGRAMME_HEADS, body.programme[0], path="body.programme")
        _check_version(ctx, programme, head)
        completed = calendar.parse_date(body.completed_to)
        late = _check_status(ctx, body, head, completed)
        _check_accreditation(ctx, programme, completed, late=late)
        _check_dates(ctx, completed, late=late)
        _check_courses(ctx, programme)
        _check_size(ctx, body)
        year_count = _check_entrants(ctx, body, completed.year)
        issuers = _signing_issuers(ctx, programme)
        ranges = _take_range(ctx, body, issuers)
        ctx.unused(BATCHES, body.batch_id, path="body.batch_id")
        ctx.unused(ROOTS, body.merkle_root, path="body.merkle_root")
        keys = tuple([ctx.keys_of[issuer, "issuance"][0] for issuer in issuers])
        return IssuePlan(programme, late, issuers, keys, completed.year, year_count, ranges)

    def apply(self, ctx: Context, body: IssueBody, plan: IssuePlan) -> None:
        """Store the batch; mark its root, its positions and its number as used."""
        batch = Batch(
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
            valid_until=_valid_until(plan.programme, body),
            issued_height=ctx.height,
            issued_at=ctx.time,
            late=plan.late,
        )
        ctx.state.put(BATCHES, batch, body.batch_id)
        ctx.state.put(ROOTS, RootUse(batch_id=body.batch_id), body.merkle_root)
        ctx.state.put(STATUS_RANGES, plan.ranges, ctx.author, body.status_list)
        ctx.state.put(YEAR_COUNTS, plan.year_count, body.programme[0], plan.year)


def _check_version(ctx: Context, programme: Programme, head: ProgrammeHead) -> None:
    """Current, or superseded at most ``version_grace_days`` ago."""
    if head.current is None or programme.terms.version == head.current:
        return  # before the first activation no version is current, and the status says so
    grace = ctx.parameters.version_grace_days
    if programme.superseded_at is None or ctx.time > programme.superseded_at + grace * calendar.DAY:
        detail = f"expected version {head.current} or one superseded in the last {grace} days"
        raise Rejection("E_VERSION", detail, path="body.programme")


def _check_status(ctx: Context, body: IssueBody, head: ProgrammeHead, completed: date) -> bool:
    """Active, or a valid ``late`` (then True)."""
    if head.status == "active":
        return False
    if body.late and head.status in TEACH_OUT:
        ended = calendar.date_at(head.history[-1].since)
        last = calendar.add_days(ended, ctx.parameters.teach_out_days)
        if completed < ended and ctx.today <= last:
            return True
    code = "E_PROGRAMME_WITHDRAWN" if head.status == "withdrawn" else "E_PROGRAMME_STATUS"
    raise Rejection(
        code, f"expected an active programme, got {head.status or 'never active'}", path="body.programme"
    )


def _check_accreditation(ctx: Context, programme: Programme, completed: date, *, late: bool) -> None:
    """If the profile asks: in force at ``completed_to`` and, unless late, at ledger time."""
    profile = profile_of(ctx, programme.terms)
    if not profile.accreditation:
        return
    for at in (calendar.midnight(completed),) if late else (calendar.midnight(completed), ctx.time):
        if not accredited(
            ctx,
            programme.terms.issuers,
            programme.terms.programme_id,
            at,
            registries=profile.registries or None,
        ):
            raise Rejection(
                "E_ACCREDITATION",
                f"expected accreditation in force on {calendar.date_at(at)}",
                path="body.programme",
            )


def _check_dates(ctx: Context, completed: date, *, late: bool) -> None:
    if completed > ctx.today:
        raise Rejection(
            "E_FUTURE_DATED", f"expected {ctx.today} or earlier, got {completed}", path="body.completed_to"
        )
    lag = ctx.parameters.max_issue_lag_days
    if not late and (ctx.today - completed).days > lag:
        detail = f"expected at most {lag} days before {ctx.today}, got {completed}"
        raise Rejection("E_BACKDATED", detail, path="body.completed_to")


def _check_courses(ctx: Context, programme: Programme) -> None:
    """Row C4: every required course had a term that started in the preceding 24 months."""
    for course in programme.terms.required_courses:
        earliest = calendar.add_months(ctx.today, -ctx.parameters.course_window_months).isoformat()
        offerings = ctx.state.get(OFFERINGS, programme.terms.programme_id, course)
        starts = [term.term_start for term in offerings.terms] if offerings else []
        if not any(earliest <= start <= ctx.today.isoformat() for start in starts):
            raise Rejection("E_COURSE_NOT_OFFERED", course, path="body.programme")


def _check_size(ctx: Context, body: IssueBody) -> None:
    parameters = ctx.parameters
    least = 1 if body.single else parameters.batch_min
    if not least <= body.count <= parameters.batch_max:
        raise Rejection(
            "E_BATCH_SIZE", f"expected {least} to {parameters.batch_max}, got {body.count}", path="body.count"
        )


def _check_entrants(ctx: Context, body: IssueBody, year: int) -> YearCount:
    """Sum of the programme's batches completed in a year, at most the entrants declared for it (T10)."""
    known = ctx.state.get(YEAR_COUNTS, body.programme[0], year) or YearCount()
    issued = known.issued + body.count
    if issued > known.entrants:
        raise Rejection(
            "E_ENTRANTS", f"expected at most {known.entrants} in {year}, got {issued}", path="body.count"
        )
    return YearCount(entrants=known.entrants, issued=issued)


def _signing_issuers(ctx: Context, programme: Programme) -> tuple[str, ...]:
    """Issuers that signed, those beyond the threshold included if they are active."""
    issuers = programme.terms.issuers
    if len(issuers) == 1:
        return issuers
    chosen = {party for party, purpose, _ in ctx.signed if purpose == "issuance"}
    return tuple(
        issuer
        for issuer in issuers
        if issuer in chosen
        or (
            (issuer, "issuance") in ctx.present
            and ctx.known(PARTIES, issuer, path="author").status == "active"
        )
    )


def _take_range(ctx: Context, body: IssueBody, issuers: tuple[str, ...]) -> StatusRanges:
    """The status list with the batch's positions taken; the list belongs to the author, who issued."""
    if ctx.author not in issuers:
        raise Rejection(
            "E_STATUS_RANGE", f"expected a list of {', '.join(issuers)}, got {ctx.author}", path="author"
        )
    start, end = body.status_start, body.status_start + body.count
    if end > MAX_STATUS_POSITIONS:
        raise Rejection(
            "E_STATUS_RANGE", f"expected positions below {MAX_STATUS_POSITIONS}", path="body.status_start"
        )
    known = ctx.state.get(STATUS_RANGES, ctx.author, body.status_list)
    taken = with_range(known.taken if known else (), start, end)
    if taken is None:
        raise Rejection(
            "E_STATUS_RANGE", f"expected free positions, got {start} to {end - 1}", path="body.status_start"
        )
    if len(taken) > MAX_STATUS_PIECES:
        detail = f"expected a list taken in at most {MAX_STATUS_PIECES} pieces"
        raise Rejection("E_STATUS_RANGE", detail, path="body.status_start")
    return StatusRanges(taken=taken)


def with_range(taken: tuple[Interval, ...], start: int, end: int) -> tuple[Interval, ...] | None:
    """Merged intervals with [start, end) added, or None if part of it is taken already."""
    place = bisect_right(taken, start, key=lambda piece: piece.start)
    before = taken[place - 1] if place else None
    after = taken[place] if place < len(taken) else None
    if (before is not None and before.end > start) or (after is not None and after.start < end):
        return None
    low, high = place, place
    if before is not None and before.end == start:
        low, start = place - 1, before.start
    if after is not None and after.start == end:
        high, end = place + 1, after.end
    return (*taken[:low], Interval(start=start, end=end), *taken[high:])


def _valid_until(programme: Programme, body: IssueBody) -> str | None:
    """What the body says, and at most the programme's validity after completion."""
    months = programme.terms.validity_months
    if months is None:
        return body.valid_until
    last = calendar.add_months(calendar.parse_date(body.completed_to), months).isoformat()
    return last if body.valid_until is None else min(last, body.valid_until)
