"""The checks of DOMAIN.md 2.5 "Issue (T16)", one function each, in the order they are called.

They stand on the hot path: each reads a shared value or two and compares; nothing is scanned.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import date

from accord_ledger import calendar
from accord_ledger.domain.context import Context
from accord_ledger.domain.model.credential import (
    MAX_STATUS_PIECES,
    MAX_STATUS_POSITIONS,
    STATUS_RANGES,
    Interval,
    StatusRanges,
)
from accord_ledger.domain.model.hours import HoursAccount
from accord_ledger.domain.model.party import PARTIES, status_at
from accord_ledger.domain.model.programme import (
    OFFERINGS,
    YEAR_COUNTS,
    Programme,
    ProgrammeHead,
    YearCount,
)
from accord_ledger.domain.standing import accredited, profile_of
from accord_ledger.errors import Rejection

TEACH_OUT = frozenset({"withdrawn", "suspended", "retired"})
"""Programme statuses in which ``late`` issuance is possible."""

PROGRAMME = "body.programme"


def check_version(ctx: Context, programme: Programme, head: ProgrammeHead) -> None:
    """Current, or superseded at most ``version_grace_days`` ago (``E_VERSION``)."""
    if head.current is None or programme.terms.version == head.current:
        return  # before the first activation no version is current, and the status says so
    grace = ctx.parameters.version_grace_days
    if programme.superseded_at is None or ctx.time > programme.superseded_at + grace * calendar.DAY:
        detail = f"expected version {head.current} or one superseded in the last {grace} days"
        raise Rejection("E_VERSION", detail, path=PROGRAMME)


def check_status(ctx: Context, head: ProgrammeHead, completed: date, *, late: bool) -> bool:
    """Active, or a valid ``late`` (then True): ``E_PROGRAMME_WITHDRAWN`` or ``E_PROGRAMME_STATUS``."""
    if head.status == "active":
        return False
    if late and head.status in TEACH_OUT:
        ended = calendar.date_at(head.history[-1].since)
        last = calendar.add_days(ended, ctx.parameters.teach_out_days)
        if completed < ended and ctx.today <= last:
            return True
    code = "E_PROGRAMME_WITHDRAWN" if head.status == "withdrawn" else "E_PROGRAMME_STATUS"
    raise Rejection(
        code, f"expected an active programme, got {head.status or 'never active'}", path=PROGRAMME
    )


def check_accreditation(ctx: Context, programme: Programme, completed: date, *, late: bool) -> None:
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
            detail = f"expected accreditation in force on {calendar.date_at(at)}"
            raise Rejection("E_ACCREDITATION", detail, path=PROGRAMME)


def check_dates(ctx: Context, completed: date, *, late: bool) -> None:
    """Not in the future, and not longer ago than ``max_issue_lag_days``."""
    if completed > ctx.today:
        detail = f"expected {ctx.today} or earlier, got {completed}"
        raise Rejection("E_FUTURE_DATED", detail, path="body.completed_to")
    lag = ctx.parameters.max_issue_lag_days
    if not late and (ctx.today - completed).days > lag:
        detail = f"expected at most {lag} days before {ctx.today}, got {completed}"
        raise Rejection("E_BACKDATED", detail, path="body.completed_to")


def check_courses(ctx: Context, programme: Programme) -> None:
    """Row C4: every required course had a term that started in the preceding 24 months."""
    for course in programme.terms.required_courses:
        earliest = calendar.add_months(ctx.today, -ctx.parameters.course_window_months).isoformat()
        offerings = ctx.state.get(OFFERINGS, programme.terms.programme_id, course)
        starts = [term.term_start for term in offerings.terms] if offerings else []
        if not any(earliest <= start <= ctx.today.isoformat() for start in starts):
            raise Rejection("E_COURSE_NOT_OFFERED", course, path=PROGRAMME)


def check_size(ctx: Context, count: int, *, single: bool) -> None:
    """``batch_min`` to ``batch_max``; ``single`` allows fewer, but one."""
    parameters = ctx.parameters
    least = 1 if single else parameters.batch_min
    if not least <= count <= parameters.batch_max:
        detail = f"expected {least} to {parameters.batch_max}, got {count}"
        raise Rejection("E_BATCH_SIZE", detail, path="body.count")


def count_entrants(ctx: Context, programme_id: str, year: int, count: int) -> YearCount:
    """The year's sum with ``count`` more, at most the entrants declared for it (T10)."""
    known = ctx.state.get(YEAR_COUNTS, programme_id, year) or YearCount()
    issued = known.issued + count
    if issued > known.entrants:
        detail = f"expected at most {known.entrants} in {year}, got {issued}"
        raise Rejection("E_ENTRANTS", detail, path="body.count")
    return YearCount(entrants=known.entrants, issued=issued)


def check_hours_account(account: HoursAccount, programme: tuple[str, int], count: int) -> None:
    """Completed for this programme version, unused, one credential: ``E_STATE``."""
    if account.status != "completed":
        detail = f"expected a completed account that is not used, got one {account.status}"
        raise Rejection("E_STATE", detail, path="body.hours_account")
    if (account.programme, account.version) != programme:
        detail = f"expected {account.programme}@{account.version}, got {programme[0]}@{programme[1]}"
        raise Rejection("E_STATE", detail, path=PROGRAMME)
    if count != 1:
        raise Rejection("E_STATE", f"expected 1 credential, got {count}", path="body.count")


def signing_issuers(ctx: Context, programme: Programme) -> tuple[str, ...]:
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
            and status_at(ctx.known(PARTIES, issuer, path="author"), ctx.time) == "active"
        )
    )


def take_range(ctx: Context, name: str, start: int, count: int, issuers: tuple[str, ...]) -> StatusRanges:
    """The author's status list with the positions taken; it must be a list of an issuer that signed."""
    if ctx.author not in issuers:
        detail = f"expected a list of {', '.join(issuers)}, got {ctx.author}"
        raise Rejection("E_STATUS_RANGE", detail, path="author")
    end, path = start + count, "body.status_start"
    if end > MAX_STATUS_POSITIONS:
        raise Rejection("E_STATUS_RANGE", f"expected positions below {MAX_STATUS_POSITIONS}", path=path)
    known = ctx.state.get(STATUS_RANGES, ctx.author, name)
    taken = with_range(known.taken if known else (), start, end)
    if taken is None:
        raise Rejection("E_STATUS_RANGE", f"expected free positions, got {start} to {end - 1}", path=path)
    if len(taken) > MAX_STATUS_PIECES:
        detail = f"expected a list taken in at most {MAX_STATUS_PIECES} pieces"
        raise Rejection("E_STATUS_RANGE", detail, path=path)
    return StatusRanges(taken=taken)


def with_range(taken: tuple[Interval, ...], start: int, end: int) -> tuple[Interval, ...] | None:
    """Merged intervals with [start, end) added, or None if part of it is taken already."""
    if taken and taken[-1].end == start:  # as lists are filled: on from where the last one stopped
        return (*taken[:-1], Interval(start=taken[-1].start, end=end))
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


def last_day(programme: Programme, completed_to: str, asked: str | None) -> str | None:
    """Last day of validity: what the issuer asks, and at most the programme's validity after completion."""
    months = programme.terms.validity_months
    if months is None:
        return asked
    last = calendar.add_months(calendar.parse_date(completed_to), months).isoformat()
    return last if asked is None else min(last, asked)
