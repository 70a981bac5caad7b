"""Q-L2: how many minutes are missing (row P13)."""

from __future__ import annotations

from fractions import Fraction

from accord_ledger import calendar, rational
from accord_ledger.codec import Wire
from accord_ledger.domain.model.hours import HOURS
from accord_ledger.domain.model.programme import PROGRAMME_HEADS, PROGRAMMES
from accord_ledger.domain.questions.question import Asked, HexId, question
from accord_ledger.domain.questions.reading import Reading


class HoursAsked(Asked):
    """Parameters of Q-L2."""

    account: HexId


class HoursLeft(Wire):
    """Minutes, as of the last checkpoint."""

    have: int
    need: int
    short: int
    practice_have: int
    practice_need: int
    practice_short: int
    status: str
    programme: str
    as_of: str | None
    """Last day counted; None before the first checkpoint."""
    until: str
    """Last day on which the account may be completed."""


@question("hours", "Q-L2", "How many minutes an hours account is short", dated=False)
def hours(read: Reading, asked: HoursAsked) -> HoursLeft:
    """Minutes needed are rounded up to a whole minute."""
    account = read.known(HOURS, bytes.fromhex(asked.account))
    head = read.known(PROGRAMME_HEADS, account.programme)
    version = account.version or head.current or head.latest
    terms = read.known(PROGRAMMES, account.programme, version).terms
    need, practice = _minutes(terms.total_hours), _minutes(terms.practice_hours)
    window = read.ctx.parameters.hours_window_months
    last = calendar.add_days(calendar.add_months(calendar.parse_date(account.start), window), -1)
    return HoursLeft(
        have=account.cumulative_minutes,
        need=need,
        short=max(need - account.cumulative_minutes, 0),
        practice_have=account.practice_minutes,
        practice_need=practice,
        practice_short=max(practice - account.practice_minutes, 0),
        status=account.status,
        programme=account.programme,
        as_of=account.period_end,
        until=last.isoformat(),
    )


def _minutes(hours: str) -> int:
    return int(rational.ceil_to(60 * rational.parse(hours), Fraction(1)))
