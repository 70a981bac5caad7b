"""The indexes and counts of the database say what the state and the log say, block by block."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest

from accord_ledger.domain.questions.covering import CoveringAsked, covering
from accord_ledger.domain.questions.question import questions
from accord_ledger.execute import Executed
from accord_node.http.questions.sources import reading_of
from accord_node.readmodel import ReadModel, Snapshot
from accord_node.storage.database import Database
from accord_node.storage.schema import SCHEMA
from accord_node.storage.settling import StateRun
from accord_node.storage.tallies import SqlTallies
from agreement_world import amend
from domain_alliance import uid
from domain_world import NETWORK
from exchange_world import Exchange, IssuedBatch, exchange
from questions_world import Asker, StateTallies


class Kept:
    """A world whose closed blocks go into a database, as a node's do."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "ledger.sqlite"
        self.db = sqlite3.connect(self.path, isolation_level=None)
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.executescript(SCHEMA)
        self.world = Exchange()
        self.batch: IssuedBatch
        Database._write_genesis(self.db, self.world.values, NETWORK)
        close = self.world.close

        def closing() -> Executed:
            done = close()
            self.db.execute("BEGIN")
            Database._write_block(self.db, done, None, StateRun())
            self.db.execute("COMMIT")
            return done

        self.world.close = closing  # type: ignore[method-assign]


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kept:
    made = Kept(tmp_path)
    monkeypatch.setattr("exchange_world.Exchange", lambda: made.world)
    _, made.batch = exchange()
    return made


def busy(kept: Kept) -> Asker:
    """Recognitions, a reversal, another batch, over several days."""
    world, batch = kept.world, kept.batch
    ask = Asker(world)
    world.do(*world.use("r1", "n1", "a1", [batch[0]], "2/1"))
    world.do(*world.use("r2", "n1", "a1", [batch[1], batch[2]], "4/1"))
    world.at("2026-04-10")
    world.reverse("r1", "bcb registrar")
    world.do(*world.use("r3", "n1", "a1", [batch[0], batch[3]], "4/1"))
    world.issue(world.terms_of("uu-ds"), 12, "more", status_start=500)
    world.at("2026-04-20")
    return ask


MOMENTS = [
    1_775_000_000, 1_775_433_600, 1_775_779_200, 1_776_643_200,
]  # fmt: skip
"""Before, on 2026-04-06, on 2026-04-10, on 2026-04-20."""


def test_counts_are_those_of_the_state(kept: Kept) -> None:
    busy(kept)
    found, expected = SqlTallies(kept.db), StateTallies(kept.world.values)
    for moment in MOMENTS:
        assert found.issued(moment) == expected.issued(moment)
        assert found.recognised(moment) == expected.recognised(moment)
        assert found.recognitions(moment) == expected.recognitions(moment)
    assert found.recognised(MOMENTS[-1]) == {"uu-ds": 4}
    assert list(found.roundings()) == expected.roundings()
    assert found.redeemed("a1") == expected.redeemed("a1") == 4
    assert found.redeemed("a2") == 0


def test_records_by_subject_are_those_of_the_log(kept: Kept) -> None:
    ask = busy(kept)
    found, batch = SqlTallies(kept.db), kept.batch
    for position in (None, 0, 1, 3, 11):
        mine = [
            (act.kind, act.author, act.tx_id, act.time)
            for act in found.acts(batch.batch_id, position, 0, 100)
        ]
        own = [(a.kind, a.author, a.tx_id, a.time) for a in ask.log.acts(batch.batch_id, position, 0, 100)]
        assert [row for row in mine if row[0] != "credential_issue"] == own
    assert [act.kind for act in found.acts(batch.batch_id, 3, 0, 100)] == ["credential_issue", "recognise"]
    assert len(found.acts(batch.batch_id, None, 0, 2)) == 2
    assert found.acts(batch.batch_id, 3, MOMENTS[-1], 100) == []
    assert found.recognitions_of(uid("n1"), 10) == sorted(uid(name) for name in ("r1", "r2", "r3"))
    assert len(found.recognitions_of(uid("n1"), 2)) == 2
    assert found.acts(uid("r1"), None, 0, 10)[-1].kind == "recognise_reverse"


def test_a_database_made_anew_says_the_same(kept: Kept, tmp_path: Path) -> None:
    busy(kept)
    tables = ("concern", "issued", "recognised", "recognised_item")
    before = {name: kept.db.execute(f"SELECT * FROM {name}").fetchall() for name in tables}  # noqa: S608
    (tmp_path / "again").mkdir()
    again = Kept(tmp_path / "again")
    assert before["concern"]
    rows = kept.db.execute("SELECT key, value FROM all_state ORDER BY key").fetchall()
    assert dict(rows) == kept.world.values
    assert again.db.execute("SELECT COUNT(*) FROM concern").fetchone() == (0,)


async def ask_snapshot(kept: Kept, name: str, **asked: Any) -> Any:
    """A question over the database, as a node answers it."""
    reads, question = ReadModel(kept.path), questions()[name]

    def read(now: Snapshot) -> Any:
        reading, _, _ = reading_of(now, kept.world.version, NETWORK, at=-1, after=b"")
        return question.run(reading, question.asked(**asked))

    try:
        return await reads.visit(read)
    finally:
        reads.close()


async def test_answers_from_the_database_are_those_from_the_state(kept: Kept) -> None:
    ask = busy(kept)
    amend(kept.world, notice_days=200)
    for _ in range(2):  # the newest block and the open one have the same time
        kept.world.at("2026-04-21")
    asked: dict[str, dict[str, Any]] = {
        "account": {"enrolment": uid("n1").hex()}, "coverage": {}, "rounding": {}, "ending": {"days": 3660},
        "regions": {"role": "university"}, "refusals": {}, "catalogue": {"receiver": "bcb"}, "statuses": {},
        "covering": {"programme": "uu-ds", "receiver": "bcb"}, "agreement": {"agreement": "a1"},
        "targets": {}, "freshness": {},
    }  # fmt: skip
    for name, parameters in asked.items():
        kept_answer = await ask_snapshot(kept, name, **parameters)
        assert kept_answer == ask(name, **parameters), name
        assert kept_answer or name in ("refusals", "targets"), name


async def test_a_rule_among_five_thousand_is_found_in_ten_milliseconds(kept: Kept) -> None:
    from accord_ledger.domain.model.agreement import AGREEMENT_TERMS, RuleSetRef
    from accord_ledger.domain.model.rule_set import (
        RULE_SETS,
        SET_PROGRAMMES,
        SET_RULES,
        RuleNames,
        RuleSet,
        StoredRule,
    )
    from accord_ledger.domain.rules import CourseSubstitution
    from accord_ledger.domain.rules.course_substitution import ListedCourse, Substitution

    world, view = kept.world, kept.world.view
    refs = []
    for place in range(25):
        name, ids = uid(f"set {place}"), tuple(f"s{200 * place + n:05}" for n in range(200))
        for number, rule_id in enumerate(ids):
            wanted = 200 * place + number == 4321
            listed = (
                Substitution(
                    programme="uu-ds" if wanted else "other",
                    courses=(ListedCourse(code="C2", credits="2/1"),),
                ),
            )
            rule = CourseSubstitution(
                rule_id=rule_id, source=("nl-ects", 1), target=("cn-mc", 1), substitutions=listed
            )
            view.put(SET_RULES, StoredRule(rule=rule), name, rule_id)
            if wanted:
                view.put(SET_PROGRAMMES, RuleNames(rules=(rule_id,)), name, "uu-ds")
        view.put(SET_PROGRAMMES, RuleNames(rules=ids), name, "other")
        view.put(RULE_SETS, RuleSet(author="uu", hash=bytes(32), at=0, rule_ids=ids), name)
        refs.append(RuleSetRef(rule_set=name, hash=bytes(32)))
    from msgspec.structs import replace

    made = replace(world.get(AGREEMENT_TERMS, "a1", 1), rule_sets=tuple(refs))
    view.put(AGREEMENT_TERMS, made, "a1", 1)
    world.at("2026-04-20")
    reads = ReadModel(kept.path)
    asked = CoveringAsked(programme="uu-ds", receiver="bcb", award="bjou-award")

    def read(now: Snapshot) -> tuple[float, set[str]]:
        reading, _, _ = reading_of(now, world.version, NETWORK, at=-1, after=b"")
        began = time.thread_time()  # of this thread alone: other work on the machine does not count
        rules = {row.rule for row in covering(reading, asked)}
        return time.thread_time() - began, rules

    try:
        found = [await reads.visit(read) for _ in range(7)]
    finally:
        reads.close()
    assert all(rules == {"hours", "s04321"} for _, rules in found)
    assert min(seconds for seconds, _ in found) < 0.010
