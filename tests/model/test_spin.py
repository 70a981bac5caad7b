"""The protocol's models hold, and each promise in them can be broken: by a fault seeded for it."""

from __future__ import annotations

import pytest

from model.spin import PARTS, Case, cases, good, installed, search


def check(case: Case, *, large: bool) -> None:
    if not installed():
        pytest.skip("spin or gcc is not installed: apt-get install spin gcc")
    found = search(case, large=large)
    assert good(case, found), found


@pytest.mark.parametrize("case", cases("everyday"), ids=str)
def test_the_model_says_what_it_should(case: Case) -> None:
    check(case, large=False)


@pytest.mark.campaign
@pytest.mark.parametrize("case", cases("ci"), ids=str)
def test_every_model_says_what_it_should(case: Case) -> None:
    check(case, large=True)


def test_every_promise_has_a_fault_that_breaks_it() -> None:
    broken = {case.finds for part in PARTS for case in cases(part)} - {None}
    assert broken >= {
        "NULLIFY_AND_FINALIZE",
        "TWO_NOTARIZE",
        "ONE_OUTCOME",
        "ANCESTRY",
        "DURABLE_FIRST",
        "HAND_OFF_FINAL",
        "NOTHING_AFTER_THE_END",
        "acceptance cycle",
    }
