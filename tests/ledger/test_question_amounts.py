"""Percentages half to even, and cells that totals cannot tell."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord_ledger.domain.questions.amounts import percent, ratio
from accord_ledger.domain.questions.cells import shown_cells


@pytest.mark.parametrize(
    ("part", "whole", "shown"),
    [
        (136, 447, "30.4 %"),
        (266, 300, "88.7 %"),
        (1, 2000, "0.0 %"),
        (3, 2000, "0.2 %"),
        (5, 2000, "0.2 %"),
        (1, 1, "100.0 %"),
    ],
)
def test_one_decimal_half_to_even(part: int, whole: int, shown: str) -> None:
    assert percent(part, whole) == shown


@given(st.integers(0, 10**9), st.integers(1, 10**9))
def test_a_percentage_is_what_decimal_says(part: int, whole: int) -> None:
    with localcontext() as context:
        context.prec = 60
        expected = (Decimal(100) * part / whole).quantize(Decimal("0.1"), rounding=ROUND_HALF_EVEN)
    assert percent(part, whole) == f"{expected} %"


def test_of_nothing_there_is_no_share() -> None:
    assert percent(0, 0) is None
    assert ratio(0, 0) is None
    assert ratio(8, 10) == "4/5"


@pytest.mark.parametrize(
    ("counts", "shown"),
    [
        ([10, 20], [True, True]),
        ([9, 20, 30], [False, False, True]),
        ([9, 9, 30], [False, False, True]),
        ([4, 4, 30, 20], [False, False, True, False]),
        ([3], [False]),
        ([], []),
    ],
)
def test_a_second_cell_hides_the_first(counts: list[int], shown: list[bool]) -> None:
    assert shown_cells(counts, 10) == shown


def test_without_a_total_nothing_tells_a_cell() -> None:
    assert shown_cells([9, 20], 10, total_shown=False) == [False, True]


@given(st.lists(st.integers(0, 60), max_size=8), st.integers(1, 20))
def test_no_total_tells_a_small_cell(counts: list[int], least: int) -> None:
    shown = shown_cells(counts, least)
    hidden = [count for count, good in zip(counts, shown, strict=True) if not good]
    assert all(count >= least for count, good in zip(counts, shown, strict=True) if good)
    if any(shown) and hidden:
        assert len(hidden) > 1
        assert sum(hidden) >= least
