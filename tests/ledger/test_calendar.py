"""Dates: one form, existing days, calendar months (DOMAIN.md 2.2)."""

import datetime as dt
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord_ledger import calendar
from accord_ledger.errors import Rejection

DATES = st.dates(calendar.FIRST_DATE, calendar.LAST_DATE)

NOT_DATES = [
    "", "2026", "2026-2-01", "2026-02-1", "2026-02-30", "2023-02-29", "1900-02-29", "2026-13-01", "2026-00-10",
    "2026-01-00", "2026-04-31", "1899-12-31", "0000-01-01", "0001-01-01", "10000-01-01", "20260201", "2026/02/01",
    "2026-02-01\n", " 2026-02-01", "2026-02-01Z", "2026-W05-1", "2026-032", "+026-02-01", "-026-02-01",
    "２０２６-02-01", "2026-02-٠1", "2026–02–01", "2026-02-1 ", "2026-02-01T00:00:00", "x" * 100_000,
]  # fmt: skip


@given(DATES)
def test_a_date_has_one_text(day: date) -> None:
    assert calendar.parse_date(day.isoformat()) == day


@pytest.mark.parametrize("text", NOT_DATES)
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(Rejection) as refused:
        calendar.parse_date(text, "body.valid_to")
    assert (refused.value.code, refused.value.path) == ("E_SCHEMA", "body.valid_to")


@pytest.mark.parametrize("text", ["1900-01-01", "2000-02-29", "2024-02-29", "9999-12-31"])
def test_the_ends_and_leap_days_exist(text: str) -> None:
    assert calendar.parse_date(text).isoformat() == text


@given(DATES)
def test_midnight_is_utc(day: date) -> None:
    utc = dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC)
    assert calendar.midnight(day) == int((utc - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)).total_seconds())


@given(DATES, st.integers(0, calendar.DAY - 1))
def test_every_second_of_a_day_is_in_it(day: date, second: int) -> None:
    assert calendar.date_at(calendar.midnight(day) + second) == day


def test_known_times() -> None:
    assert calendar.midnight(date(1970, 1, 1)) == 0
    assert calendar.midnight(date(2026, 3, 1)) == 1_772_323_200
    assert calendar.date_at(-1) == date(1969, 12, 31)
    assert calendar.MAX_TIME == 253_402_300_799
    assert calendar.date_at(calendar.MIN_TIME) == calendar.FIRST_DATE
    assert calendar.date_at(calendar.MAX_TIME) == calendar.LAST_DATE


@pytest.mark.parametrize("time", [calendar.MIN_TIME - 1, calendar.MAX_TIME + 1, 10**30])
def test_a_time_without_a_date_is_an_error(time: int) -> None:
    with pytest.raises(ValueError, match="expected a time"):
        calendar.date_at(time)


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2027, 8, 31), 6, date(2028, 2, 29)),
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2026, 1, 31), 2, date(2026, 3, 31)),
        (date(2026, 5, 15), -24, date(2024, 5, 15)),
        (date(2026, 3, 31), -1, date(2026, 2, 28)),
        (date(2026, 12, 1), 1, date(2027, 1, 1)),
        (date(2026, 1, 1), -1, date(2025, 12, 1)),
        (date(2026, 7, 4), 0, date(2026, 7, 4)),
    ],
)
def test_months_are_calendar_months(start: date, months: int, end: date) -> None:
    assert calendar.add_months(start, months) == end


def test_days_follow_the_reference_scenario() -> None:
    assert calendar.add_days(date(2026, 7, 1), 180) == date(2026, 12, 28)
    assert calendar.add_days(date(2026, 12, 28), 365) == date(2027, 12, 28)


@given(DATES, st.integers(-5_000_000, 5_000_000))
def test_days_move_midnight_by_whole_days(day: date, days: int) -> None:
    then = calendar.midnight(day) + days * calendar.DAY
    if calendar.MIN_TIME <= then <= calendar.MAX_TIME:
        assert calendar.midnight(calendar.add_days(day, days)) == then
    else:
        with pytest.raises(Rejection, match="E_RANGE"):
            calendar.add_days(day, days)


@given(DATES, st.integers(-1000, 1000))
def test_months_keep_the_day_or_end_the_month(day: date, months: int) -> None:
    month = day.year * 12 + day.month - 1 + months
    if not 1900 * 12 <= month < 10_000 * 12:
        with pytest.raises(Rejection, match="E_RANGE"):
            calendar.add_months(day, months)
        return
    moved = calendar.add_months(day, months)
    assert moved.year * 12 + moved.month - 1 == month
    assert moved.day == day.day or (moved.day < day.day and (moved + dt.timedelta(days=1)).day == 1)


@pytest.mark.parametrize("step", [10**6, 10**30, -(10**6), -(10**30)])
def test_leaving_the_calendar_is_refused(step: int) -> None:
    for move in (calendar.add_days, calendar.add_months):
        with pytest.raises(Rejection, match="E_RANGE"):
            move(date(9999, 12, 31) if step > 0 else date(1900, 1, 1), step)
