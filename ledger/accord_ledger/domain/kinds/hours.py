"""T41, T20 and T21: fragmented learning adds up (DOMAIN.md 1.7, row P13).

hours_open        account with 0 minutes
hours_checkpoint  new sums, at least a week after the last ones, growing no faster than a day has hours for
hours_complete    the hours of a version of the programme are reached: the account supports one credential (T16)
"""

from __future__ import annotations

from math import ceil

from msgspec.structs import replace

from accord_ledger import calendar, rational
from accord_ledger.domain.context import Context
from accord_ledger.domain.kind import Body, TransactionKind, transaction_kind
from accord_ledger.domain.kinds.accreditation import check_not_backdated
from accord_ledger.domain.model.hours import HOURS, HoursAccount
from accord_ledger.domain.model.programme import PROGRAMME_HEADS, PROGRAMMES, ProgrammeTerms
from accord_ledger.domain.signing import Need, Signer, all_of, any_of
from accord_ledger.domain.standing import ISSUER_ROLES, competent_agency
from accord_ledger.errors import Rejection
from accord_ledger.fields import Count, DateText, Digest, ObjectId, Slug, Version

HOURS_WEIGHT = 8
"""DOMAIN.md 2.12."""

ACCOUNT = "body.account"


def _registrar(ctx: Context, programme_id: str, path: str) -> Need:
    """The registrar of an issuer of the programme."""
    head = ctx.known(PROGRAMME_HEADS, programme_id, path=path)
    return any_of(*(Signer(issuer, "registrar", ISSUER_ROLES) for issuer in head.issuers))


def _open_account(ctx: Context, account_id: bytes) -> HoursAccount:
    account = ctx.known(HOURS, account_id, path=ACCOUNT)
    if account.status != "open":
        raise Rejection("E_STATE", f"expected an open account, got {account.status}", path=ACCOUNT)
    return account


class HoursOpenBody(Body):
    """T41."""

    account: ObjectId
    programme: Slug
    start: DateText
    """First day that counts."""


@transaction_kind
class HoursOpen(TransactionKind[HoursOpenBody, None]):
    """T41: an account with 0 minutes."""

    name = "hours_open"
    row = "T41"
    body = HoursOpenBody
    errors = ("E_UNKNOWN_REF", "E_DUPLICATE", "E_PROGRAMME_STATUS", "E_BACKDATED")

    def values(self, body: HoursOpenBody) -> None:
        """The date exists."""
        calendar.parse_date(body.start, "body.start")

    def weight(self, ctx: Context, body: HoursOpenBody) -> int:
        """DOMAIN.md 2.12."""
        return HOURS_WEIGHT

    def signers(self, ctx: Context, body: HoursOpenBody) -> Need:
        """The registrar of an issuer."""
        return _registrar(ctx, body.programme, "body.programme")

    def unused(self, ctx: Context, body: HoursOpenBody) -> None:
        """Account ids are used once."""
        ctx.unused(HOURS, body.account, path=ACCOUNT)

    def check(self, ctx: Context, body: HoursOpenBody) -> None:
        """The programme is active; learning did not begin long before it is filed."""
        head = ctx.known(PROGRAMME_HEADS, body.programme, path="body.programme")
        if head.status != "active":
            detail = f"expected an active programme, got {head.status or 'never active'}"
            raise Rejection("E_PROGRAMME_STATUS", detail, path="body.programme")
        check_not_backdated(ctx, body.start, "body.start")

    def apply(self, ctx: Context, body: HoursOpenBody, plan: None) -> None:
        """Write the account."""
        account = HoursAccount(programme=body.programme, start=body.start, opened_at=ctx.time)
        ctx.state.put(HOURS, account, body.account)


class HoursCheckpointBody(Body):
    """T20."""

    account: ObjectId
    cumulative_minutes: Count
    """Minutes since the start."""
    practice_minutes: Count
    """Minutes of practice among them."""
    log_root: Digest
    """Commitment to the daily log, which stays with the issuer."""
    period_end: DateText
    """Last day these sums count."""


@transaction_kind
class HoursCheckpoint(TransactionKind[HoursCheckpointBody, HoursAccount]):
    """T20: new sums."""

    name = "hours_checkpoint"
    row = "T20"
    body = HoursCheckpointBody
    errors = (
        "E_UNKNOWN_REF", "E_STATE", "E_FUTURE_DATED", "E_HOURS_REGRESS", "E_TOO_EARLY", "E_HOURS_RATE",
    )  # fmt: skip

    def values(self, body: HoursCheckpointBody) -> None:
        """The date exists; practice is part of the whole."""
        calendar.parse_date(body.period_end, "body.period_end")
        if body.practice_minutes > body.cumulative_minutes:
            detail = f"expected at most {body.cumulative_minutes}, got {body.practice_minutes}"
            raise Rejection("E_VALUE", detail, path="body.practice_minutes")

    def weight(self, ctx: Context, body: HoursCheckpointBody) -> int:
        """DOMAIN.md 2.12."""
        return HOURS_WEIGHT

    def signers(self, ctx: Context, body: HoursCheckpointBody) -> Need:
        """The registrar of an issuer of the account's programme."""
        return _registrar(ctx, ctx.known(HOURS, body.account, path=ACCOUNT).programme, ACCOUNT)

    def check(self, ctx: Context, body: HoursCheckpointBody) -> HoursAccount:
        """Open; a period that is over; sums that rise; a week on; no more than can be learnt in those days."""
        account = _open_account(ctx, body.account)
        if calendar.parse_date(body.period_end) > ctx.today:
            detail = f"expected {ctx.today} or earlier, got {body.period_end}"
            raise Rejection("E_FUTURE_DATED", detail, path="body.period_end")
        _check_rising(account, body)
        _check_pace(ctx, account, body)
        return account

    def apply(self, ctx: Context, body: HoursCheckpointBody, plan: HoursAccount) -> None:
        """Write the sums."""
        account = replace(
            plan,
            cumulative_minutes=body.cumulative_minutes,
            practice_minutes=body.practice_minutes,
            period_end=body.period_end,
            log_root=body.log_root,
        )
        ctx.state.put(HOURS, account, body.account)


def _check_rising(account: HoursAccount, body: HoursCheckpointBody) -> None:
    """The sum rises; neither practice nor the rest falls, so no minute changes its nature afterwards."""
    grown = body.cumulative_minutes - account.cumulative_minutes
    practised = body.practice_minutes - account.practice_minutes
    if grown <= 0:
        detail = f"expected more than {account.cumulative_minutes}, got {body.cumulative_minutes}"
        raise Rejection("E_HOURS_REGRESS", detail, path="body.cumulative_minutes")
    if not 0 <= practised <= grown:
        low, high = account.practice_minutes, account.practice_minutes + grown
        detail = f"expected {low} to {high}, got {body.practice_minutes}"
        raise Rejection("E_HOURS_REGRESS", detail, path="body.practice_minutes")


def _check_pace(ctx: Context, account: HoursAccount, body: HoursCheckpointBody) -> None:
    """At least ``hours_checkpoint_min_days`` on, and at most ``hours_daily_max_min`` a day since then."""
    parameters = ctx.parameters
    before = calendar.parse_date(account.period_end or account.start)
    days = (calendar.parse_date(body.period_end) - before).days
    if days < parameters.hours_checkpoint_min_days:
        detail = f"expected {parameters.hours_checkpoint_min_days} days after {before}, got {body.period_end}"
        raise Rejection("E_TOO_EARLY", detail, path="body.period_end")
    limit = parameters.hours_daily_max_min * days
    grown = body.cumulative_minutes - account.cumulative_minutes
    if grown > limit:
        detail = f"expected at most {limit} minutes in {days} days, got {grown}"
        raise Rejection("E_HOURS_RATE", detail, path="body.cumulative_minutes")


class HoursCompleteBody(Body):
    """T21."""

    account: ObjectId
    programme: tuple[Slug, Version]
    """Version of the account's programme whose hours are reached; the credential is issued for it."""


@transaction_kind
class HoursComplete(TransactionKind[HoursCompleteBody, HoursAccount]):
    """T21: the account is closed and supports exactly one credential."""

    name = "hours_complete"
    row = "T21"
    body = HoursCompleteBody
    errors = ("E_UNKNOWN_REF", "E_STATE", "E_HOURS_SHORT", "E_QUALITY_PRACTICE", "E_HOURS_STALE")

    def weight(self, ctx: Context, body: HoursCompleteBody) -> int:
        """DOMAIN.md 2.12."""
        return HOURS_WEIGHT

    def signers(self, ctx: Context, body: HoursCompleteBody) -> Need:
        """The registrar of an issuer, and a competent agency."""
        programme = ctx.known(PROGRAMMES, *body.programme, path="body.programme")
        registrar = _registrar(ctx, body.programme[0], "body.programme")
        return all_of(registrar, competent_agency(ctx, programme))

    def check(self, ctx: Context, body: HoursCompleteBody) -> HoursAccount:
        """An open account of this programme; a version once active; hours, practice, and recent enough."""
        programme = ctx.known(PROGRAMMES, *body.programme, path="body.programme")
        if ctx.known(HOURS, body.account, path=ACCOUNT).programme != body.programme[0]:
            raise Rejection("E_UNKNOWN_REF", f"expected an account of {body.programme[0]}", path=ACCOUNT)
        account = _open_account(ctx, body.account)
        if programme.activated_at is None:
            detail = f"expected a version that was active, got {programme.stage}"
            raise Rejection("E_STATE", detail, path="body.programme")
        _check_hours(account, programme.terms)
        _check_recent(ctx, account)
        return account

    def apply(self, ctx: Context, body: HoursCompleteBody, plan: HoursAccount) -> None:
        """Close the account for this version."""
        account = replace(plan, status="completed", version=body.programme[1], completed_at=ctx.time)
        ctx.state.put(HOURS, account, body.account)


def _check_hours(account: HoursAccount, terms: ProgrammeTerms) -> None:
    """60 minutes an hour, exactly: ``E_HOURS_SHORT`` with the minutes to go, then practice likewise."""
    short = ceil(60 * rational.parse(terms.total_hours)) - account.cumulative_minutes
    if short > 0:
        raise Rejection("E_HOURS_SHORT", str(short), path=ACCOUNT)
    needed = ceil(60 * rational.parse(terms.practice_hours))
    if account.practice_minutes < needed:
        detail = f"expected {needed} minutes of practice, got {account.practice_minutes}"
        raise Rejection("E_QUALITY_PRACTICE", detail, path=ACCOUNT)


def _check_recent(ctx: Context, account: HoursAccount) -> None:
    months = ctx.parameters.hours_window_months
    last = calendar.add_months(calendar.parse_date(account.start), months)
    if ctx.today >= last:
        detail = f"expected less than {months} months after {account.start}, got {ctx.today}"
        raise Rejection("E_HOURS_STALE", detail, path=ACCOUNT)
