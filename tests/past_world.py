"""Ledgers in a node's database, asked everything while they grow, and asked again when they are whole.

stage = await grown_stage(folder / "a.sqlite")       # the reference scenario, several records a block
world = changed_world(folder / "b.sqlite")           # what it lacks: amendments, reviews, refusals, lists ...
world.past.said[height, moment]                      # every answer given "now", when the ledger stood there
world.past.then(height, moment)                      # every answer the whole ledger gives of that moment
"""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from accord_ledger import calendar, keys
from accord_ledger.domain.pipeline import prepare
from accord_ledger.domain.questions.question import questions
from accord_ledger.domain.questions.reading import QuestionError, Reading
from accord_ledger.errors import Rejection
from accord_ledger.execute import Executed, Execution, Version, execute_block
from accord_ledger.state import Part, Table, View
from accord_node.http.plain import plain
from accord_node.http.questions.sources import past_reading, reading_of
from accord_node.readmodel import Snapshot
from accord_node.storage.database import Database
from accord_node.storage.schema import SCHEMA
from accord_node.storage.settling import StateRun
from domain_alliance import key_of, uid
from domain_world import assert_declared
from scenario.memory_stage import LIFETIME, MemoryStage
from scenario.parties import genesis
from scenario.playing import play
from scenario.programmes import issued
from scenario.script import SCRIPT
from scenario.stage import Act, Verdict, entry_of

RECORDS = 20
"""Of one block at most, so that blocks share times, as under load."""

Asked = tuple[str, dict[str, Any]]
Answer = tuple[Any, ...]
"""Value, notes and next; or the code of a refusal."""


def answer_of(reading: Reading, name: str, asked: dict[str, Any]) -> Answer:
    """What a question answers, or with which code it is refused."""
    question = questions()[name]
    try:
        value = plain(question.run(reading, msgspec.convert(asked, question.asked)))
    except QuestionError as error:
        return (error.code,)
    return value, list(reading.notes), reading.next


class PastLedger:
    """A database that blocks are committed to, as a node's is, and what was asked of it after each."""

    def __init__(self, path: Path, network: bytes, values: dict[bytes, bytes], asked: list[Asked]) -> None:
        self.path, self.network, self.asked = path, network, asked
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.executescript(SCHEMA)
        Database._write_genesis(self.db, values, network)
        self.version: Version | None = None
        self.times = [0]
        """Of every height."""
        self.said: dict[tuple[int, int], list[Answer]] = {}
        """Height and moment asked about to every answer given then."""

    def keep(self, block: Executed) -> None:
        """Commit a block, and ask everything of it; before, of the last midnights without it."""
        time = block.sealed.seal.time
        self._ask_midnights(time)
        self.times.append(time)
        self.db.execute("BEGIN")
        Database._write_block(self.db, block, None, StateRun())
        self.db.execute("COMMIT")
        self.version = block.version
        self._ask(time)

    def _ask(self, moment: int) -> None:
        assert self.version is not None
        now, version = Snapshot(self.db), replace(self.version, time=moment)
        self.said[version.height, moment] = [
            answer_of(reading_of(now, version, self.network, at=-1, after=b"")[0], name, dict(asked))
            for name, asked in self.asked
        ]

    def _ask_midnights(self, end: int) -> None:
        """Of the midnights before the next block, the first and the last."""
        if self.version is None:
            return
        begin = self.times[-1]
        first = calendar.midnight(calendar.date_at(begin - 1)) + calendar.DAY
        last = calendar.midnight(calendar.date_at(end - 1))
        for moment in sorted({first, last}):
            if begin < moment < end:
                self._ask(moment)

    def dated(self, moment: int, name: str, asked: dict[str, Any]) -> Answer:
        """What the newest state tells of a moment: what a node proves."""
        assert self.version is not None
        now = Snapshot(self.db)
        return answer_of(
            reading_of(now, self.version, self.network, at=moment, after=b"")[0], name, dict(asked)
        )

    def then(self, height: int, moment: int) -> list[Answer]:
        """Every answer for a moment after a height, given by the whole ledger."""
        now = Snapshot(self.db)
        return [
            answer_of(
                past_reading(now, self.network, height=height, time=moment, after=b""), name, dict(asked)
            )
            for name, asked in self.asked
        ]


# ---- the reference scenario ------------------------------------------------------------------------------


def asked_of_scenario() -> list[Asked]:
    """Every question there is, some of several subjects."""
    one = {"batch": issued("uu-ds").batch_id.hex(), "index": 0}
    whole: list[Asked] = [
        ("covering", {"programme": "uu-ds", "receiver": "bcb", "enrolment": uid("N1").hex()}),
        ("covering", {"programme": "uom-d1", "receiver": "suny", "award": "suny-award"}),
        ("covering", {"programme": "crrc-rs2", "receiver": "hnrail", "enrolment": uid("N4").hex()}),
        ("coverage", {"country": "XA", "quarters": 2}), ("rounding", {}), ("ending", {"days": 3660}), ("reviews", {}),
        *(("account", {"enrolment": uid(name).hex()}) for name in ("N1", "N2", "N4", "N6", "N7")),
        ("course-terms", {"before": "2030-01-01"}), ("agreement", {"agreement": "a1"}),
        ("key-acts", {"key": key_of("uu", "issuance").key_id.hex(), "since": 0}), ("refusals", {}),
        ("regions", {"role": "university"}),
        *((name, {"year": 2026}) for name in ("completion", "results", "costs", "industry")),
        *((name, one | {"index": index}) for name in ("credential", "usage", "erasure") for index in (0, 1)),
        *((name, one | {"batch": issued("uom-d1").batch_id.hex()}) for name in ("credential", "usage", "erasure")),
        ("claim", {"batch": issued("suny-hi").batch_id.hex(), "index": 0, "rule": uid("kettle rule").hex()}),
        ("catalogue", {"receiver": "bcb"}), ("hours", {"account": uid("H1").hex()}), ("targets", {}),
        ("hours", {"account": uid("H2").hex()}), ("shares", {"by": "category"}), ("statuses", {}), ("funding", {}),
        ("freshness", {}), ("occupations", {}), ("trusted-issuers", {}), ("accredited", {}),
    ]  # fmt: skip
    missing = set(questions()) - {name for name, _ in whole}
    assert not missing, f"nobody asks {missing}"
    return whole


class PastStage(MemoryStage):
    """A stage whose blocks hold several records of one time."""

    def __init__(self, path: Path) -> None:
        super().__init__(genesis())
        self.past = PastLedger(path, self.network, self.source.values, asked_of_scenario())
        self.open: Execution | None = None

    async def submit(self, act: Act) -> Verdict:
        """Into the block that is open; it closes when it is full."""
        self.nonce += 1
        entry = entry_of(act, self.network, self.time + LIFETIME, self.nonce)
        if self.open is None:
            self.open = self._begin()
        try:
            receipt = self.open.add(prepare(entry))
        except Rejection as rejection:
            assert_declared(entry, rejection)
            return Verdict(rejection.code, rejection.detail)
        if self.open.count >= RECORDS:
            self.seal()
        return Verdict(result=receipt.result)

    async def advance(self, time: int) -> None:
        """Close what is open; an empty block works off what is due."""
        self.seal()
        self.time = time
        self._close(self._begin())

    async def query(self, table: Table[Any], *parts: Part) -> Any:
        """The open block's state."""
        return View(self.open._view if self.open else self.source).get(table, *parts)

    def seal(self) -> None:
        """Close the open block, if there is one."""
        if self.open is not None:
            opened, self.open = self.open, None
            self._close(opened)

    def _close(self, execution: Execution) -> None:
        parent, view = self.version, self.version.height + 1
        done = execution.close(
            proposer=parent.members.leader(view), view=view, parent_certificate=self._certificate()
        )
        voted = execute_block(self.network, parent, done.sealed, done.prepared, keys.verifies)
        self.log += [*done.entries, done.sealed.entry]
        self.past.keep(voted)
        self.source.write(voted.changes)
        self.version = replace(voted.version, state=self.source)


async def grown_stage(path: Path) -> PastStage:
    """The whole scenario."""
    stage = PastStage(path)
    await play(stage, *SCRIPT)
    stage.seal()
    return stage
