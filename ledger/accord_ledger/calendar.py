"""Dates and ledger time: the proleptic Gregorian calendar in UTC, and nothing that knows what day it is.

A date is the text ``YYYY-MM-DD`` on the wire; ledger time is integer seconds since 1970-01-01 00:00 UTC
from the seal; a date compares as 00:00 UTC of that day (DOMAIN.md 2.2). Every date here lies in the
years 1900 to 9999; arithmetic that would leave them is refused, never wrapped or clamped.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date as Date  # noqa: N812 - a type, written like one
from functools import lru_cache
from typing import Final

from accord_ledger.errors import Rejection

DAY: Final = 86_400
"""Seconds in a day of ledger time, which has no leap seconds."""

FIRST_DATE: Final = Date(1900, 1, 1)
"""Earliest date a body may name."""

LAST_DATE: Final = Date(9999, 12, 31)
"""Latest date a body may name, or that arithmetic on dates may reach."""

_FORM: Final = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_TEXT_LENGTH: Final = len("YYYY-MM-DD")
_EPOCH: Final = Date(1970, 1, 1).toordinal()

MIN_TIME: Final = (FIRST_DATE.toordinal() - _EPOCH) * DAY
"""First second that has a date here."""

MAX_TIME: Final = (LAST_DATE.toordinal() - _EPOCH) * DAY + DAY - 1
"""Last second that has a date here; a bound for times in wire structs."""


@lru_cache(maxsize=4096)
def _read(text: str) -> Date | None:
    match = _FORM.fullmatch(text)
    if match is None:
        return None
    try:
        date = Date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return None
    return date if date >= FIRST_DATE else None


def parse_date(text: str, path: str = "") -> Date:
    """The existing day, 1900-01-01 to 9999-12-31, that ``text`` names as ``YYYY-MM-DD``.

    Raises:
        Rejection: ``E_SCHEMA``: another form, or no such day.
    """
    date = _read(text) if len(text) == _TEXT_LENGTH else None
    if date is None:
        raise Rejection(
            "E_SCHEMA", f"expected an existing date YYYY-MM-DD from 1900 on, got {text[:40]!a}", path=path
        )
    return date


def midnight(date: Date) -> int:
    """Ledger time (seconds UTC) at which ``date`` begins: what a date compares as."""
    return (date.toordinal() - _EPOCH) * DAY


def date_at(time: int) -> Date:
    """The UTC day in which ledger time ``time`` (seconds) lies.

    Raises:
        ValueError: outside ``MIN_TIME`` to ``MAX_TIME``; whoever decodes a time bounds it.
    """
    if not MIN_TIME <= time <= MAX_TIME:
        raise ValueError(f"expected a time from {MIN_TIME} to {MAX_TIME}, got {time}")
    return Date.fromordinal(_EPOCH + time // DAY)


def add_days(date: Date, days: int) -> Date:
    """The day ``days`` after ``date`` (before it, if negative).

    Raises:
        Rejection: ``E_RANGE``: the result leaves the years 1900 to 9999.
    """
    ordinal = date.toordinal() + days
    if not FIRST_DATE.toordinal() <= ordinal <= LAST_DATE.toordinal():
        raise _out_of_range(date, f"{days} days")
    return Date.fromordinal(ordinal)


def add_months(date: Date, months: int) -> Date:
    """The day ``months`` calendar months after ``date``, clamped to the last day of its month.

    2026-08-31 + 6 months is 2027-02-28. Negative counts go back.

    Raises:
        Rejection: ``E_RANGE``: the result leaves the years 1900 to 9999.
    """
    years, month = divmod(date.month - 1 + months, 12)
    year = date.year + years
    if not FIRST_DATE.year <= year <= LAST_DATE.year:
        raise _out_of_range(date, f"{months} months")
    return Date(year, month + 1, min(date.day, monthrange(year, month + 1)[1]))


def _out_of_range(date: Date, step: str) -> Rejection:
    return Rejection(
        "E_RANGE", f"expected a date in {FIRST_DATE.year}..{LAST_DATE.year}, got {date} and {step[:40]}"
    )
