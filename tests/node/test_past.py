"""Every question as of every height and date: the whole ledger answers what the ledger of then answered."""

from __future__ import annotations

import asyncio

import pytest

from accord_ledger.domain.questions.question import questions
from past_changes import changed_world
from past_world import Answer, PastLedger, grown_stage


@pytest.fixture(scope="module", params=["scenario", "changes"])
def past(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> PastLedger:
    """A history, whole; it was asked everything after each of its blocks."""
    path = tmp_path_factory.mktemp("past") / "ledger.sqlite"
    if request.param == "scenario":
        return asyncio.run(grown_stage(path)).past
    return changed_world(path).past


def test_every_question_at_every_moment(past: PastLedger) -> None:
    assert {height for height, _ in past.said} == set(range(1, len(past.times)))
    for (height, moment), said in past.said.items():
        for asked, expected, found in zip(past.asked, said, past.then(height, moment), strict=True):
            assert found == expected, (height, moment, asked)


def notes_of(answer: Answer) -> set[str]:
    """What it says that it does not know."""
    return set(answer[1]) if len(answer) > 1 else set()


def test_what_is_proved_of_the_past_is_true_or_says_what_it_does_not_tell(past: PastLedger) -> None:
    compared = 0
    for (height, moment), said in past.said.items():
        if moment in past.times[height + 1 :]:
            continue  # the next block has the same time, which the answer of a node says
        for (name, asked), expected in zip(past.asked, said, strict=True):
            if not questions()[name].dated:
                continue
            found = past.dated(moment, name, asked)
            assert found == expected or notes_of(found) - notes_of(expected), (height, moment, name, asked)
            compared += found == expected
    assert compared > len(past.said)
