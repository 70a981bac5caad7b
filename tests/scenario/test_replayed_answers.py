"""Any question of any moment out of an own replay: what a node answered when its ledger stood there."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from accord_client.audit.asking import Asking, ReplayedLedger
from accord_client.audit.report import Report
from accord_client.audit.run import audit
from accord_client.audit.source import FolderSource
from accord_client.plain import to_plain
from accord_client.sdk.questions import read_asked
from accord_ledger import calendar
from accord_ledger.domain.questions.question import questions
from accord_ledger.domain.questions.reading import QuestionError
from audit_world import write_log
from past_world import Answer, PastStage, grown_stage
from scenario.parties import genesis_file


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> PastStage:
    return asyncio.run(grown_stage(tmp_path_factory.mktemp("replayed") / "ledger.sqlite"))


@pytest.fixture(scope="module")
def folder(stage: PastStage, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_log(tmp_path_factory.mktemp("log") / "log", stage.log)


def asking_of(name: str, asked: dict[str, object], at: str) -> Asking:
    question = questions()[name]
    return Asking(question, read_asked(question, asked), at=at)


def run(folder: Path, *asking: Asking) -> Report:
    return asyncio.run(audit(FolderSource(folder), genesis_file(), asking=asking))


def answer_of(asking: Asking) -> Answer:
    if asking.refused is not None:
        return (asking.refused.code,)
    assert asking.found is not None
    return to_plain(asking.found.value), list(asking.found.notes), asking.found.next


def moments(stage: PastStage) -> dict[str, tuple[int, int]]:
    """What is asked for to the height and the time it stands for: every seventh, and the end."""
    past = stage.past
    newest = len(past.times) - 1
    found = {"": (newest, past.times[newest])}
    for height, moment in [*past.said][::7]:
        midnight = calendar.midnight(calendar.date_at(moment)) == moment
        last = max(number for number, time in enumerate(past.times) if time <= moment) == height
        if midnight and last:
            found[calendar.date_at(moment).isoformat()] = (height, moment)
        elif past.times[height] == moment:
            found[str(height)] = (height, moment)
    return found


def test_every_question_is_answered_from_the_replay_as_a_node_did_then(
    stage: PastStage, folder: Path
) -> None:
    wanted = moments(stage)
    assert {len(at) for at in wanted} >= {0, 1, len("2026-03-01")}
    all_asked = [
        (asking_of(name, dict(asked), at), stage.past.said[place][number], (at, name, asked))
        for at, place in wanted.items()
        for number, (name, asked) in enumerate(stage.past.asked)
    ]
    report = run(folder, *(asking for asking, _, _ in all_asked))
    assert report.clean, report.findings
    for asking, expected, shown in all_asked:
        assert answer_of(asking) == expected, shown


def test_rows_are_those_of_the_state(stage: PastStage, folder: Path) -> None:
    asking = asking_of("statuses", {}, "")
    run(folder, asking)
    keys = sorted(stage.source.values)
    assert ReplayedLedger(stage.source, asking.keys, []).keys(b"", b"\xff", 10**6) == keys


def test_what_the_log_does_not_reach_is_not_answered(stage: PastStage, folder: Path) -> None:
    beyond = str(len(stage.past.times))
    asking = [asking_of("statuses", {}, at) for at in (beyond, "2999-01-01")]
    run(folder, *asking)
    assert [answer_of(one) for one in asking] == [("QUESTION_AT",)] * 2
    for nothing in ("0", "-1", "01", "2026-02-30", "tomorrow"):
        with pytest.raises(QuestionError, match="QUESTION_AT"):
            asking_of("statuses", {}, nothing)


def test_where_execution_ended_nothing_is_answered(stage: PastStage, tmp_path: Path) -> None:
    log = list(stage.log)
    place = next(number for number, entry in enumerate(log) if number > 100 and b"programme_submit" in entry)
    folder = write_log(tmp_path / "log", [*log[:place], log[0], *log[place + 1 :]])
    early, late = asking_of("statuses", {}, "2"), asking_of("statuses", {}, "2027-01-01")
    report = run(folder, early, late)
    assert not report.clean
    assert (
        answer_of(early)
        == stage.past.said[2, stage.past.times[2]][[name for name, _ in stage.past.asked].index("statuses")]
    )
    assert answer_of(late) == ("PAST_UNKNOWN",)
