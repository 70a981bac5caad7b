"""The protocol's models hold, and each promise in them can be broken: by a fault seeded for it."""

from __future__ import annotations

import pytest

from model.spin import Case, cases, good, installed, search


@pytest.mark.parametrize("case", cases("everyday"), ids=str)
def test_the_model_says_what_it_should(case: Case) -> None:
    if not installed():
        pytest.skip("spin or gcc is not installed: apt-get install spin gcc")
    found = search(case)
    assert good(case, found), found


def test_every_promise_has_a_fault_that_breaks_it() -> None:
    broken = {case.finds for part in ("everyday", "long") for case in cases(part)} - {None}
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
