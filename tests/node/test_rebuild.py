"""What is rebuilt from a log and a state is what execution wrote, as far as both say it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from accord_ledger.authmap.map import AuthMap
from accord_ledger.block import Certificate
from accord_ledger.domain.kinds.programme_status import ProgrammeStatusBody
from accord_ledger.domain.questions.question import Moment, questions
from accord_ledger.domain.questions.reading import QuestionError
from accord_ledger.execute import Executed
from accord_ledger.merkle.tiles import entries_path, pack_entries, tile_path
from accord_ledger.merkle.tree import Frontier, leaf_hash
from accord_node.http.problems import ProblemError
from accord_node.http.questions.answering import Read, as_of
from accord_node.readmodel import Snapshot
from accord_node.storage import bundles as module
from accord_node.storage.bundles import Here
from accord_node.storage.database import Database
from accord_node.storage.rebuild import Rebuild
from accord_node.storage.schema import SCHEMA
from accord_node.storage.settling import StateRun
from accord_node.storage.status_history import ListStatus, read_status
from accord_node.storage.tallies import SqlTallies
from domain_world import NETWORK
from exchange_world import Exchange, exchange

SAME = (
    "SELECT key, value FROM all_state ORDER BY key",
    "SELECT height, first, count, time, seal_hash FROM block ORDER BY height",
    "SELECT idx, height, kind, author, tx_id FROM record ORDER BY idx",
    "SELECT subject, idx, low, high FROM concern ORDER BY subject, idx, low",
    "SELECT * FROM issued ORDER BY programme, height",
    (
        "SELECT recognition, enrolment, receiver, agreement, version, rule, dropped, items, at, reversed_at, height,"
        " reversed IS NULL FROM recognised ORDER BY recognition"
    ),
    "SELECT * FROM recognised_item ORDER BY recognition, place",
    "SELECT owner, list, start, count, batch_id, height FROM status_batch ORDER BY owner, list, start",
)


class Executing:
    """A busy world whose blocks go into a database, as a node's do, and are kept for a log."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.db = sqlite3.connect(folder / "executed.sqlite", isolation_level=None)
        self.db.executescript(SCHEMA)
        self.world = Exchange()
        self.blocks: list[Executed] = []
        self.unsettled = StateRun()
        Database._write_genesis(self.db, self.world.values, NETWORK)
        close = self.world.close

        def closing_() -> Executed:
            done = close()
            self.db.execute("BEGIN")
            self.unsettled = Database._write_block(self.db, done, None, self.unsettled)
            self.db.execute("COMMIT")
            self.blocks.append(done)
            return done

        monkeypatch.setattr(self.world, "close", closing_)
        monkeypatch.setattr("exchange_world.Exchange", lambda: self.world)
        self._live()

    def _live(self) -> None:
        """Recognitions, a reversal, a revocation, more batches, over several days."""
        world = self.world
        _, batch = exchange()
        world.do(*world.use("r1", "n1", "a1", [batch[0]], "2/1"))
        world.do(*world.use("r2", "n1", "a1", [batch[1], batch[2]], "4/1"))
        world.at("2026-04-10")
        world.reverse("r1", "bcb registrar")
        world.revoke(batch, 5, "review")
        world.at("2026-04-11")
        for number in range(12):
            world.issue(world.terms_of("uu-ds"), 12, f"more{number}", status_start=500 + 12 * number)
        world.at("2026-04-20")

    @property
    def entries(self) -> list[bytes]:
        return [entry for done in self.blocks for entry in (*done.entries, done.sealed.entry)]

    def rebuild(self, folder: Path, width: int) -> sqlite3.Connection:
        """The same out of bundles of ``width`` entries."""
        folder.mkdir()
        path, found = folder / "rebuilt.sqlite", Rebuild(folder / "rebuilt.sqlite", NETWORK)
        entries = self.entries
        for index in range(len(entries) // width):
            place = folder / entries_path(index)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(pack_entries(entries[index * width : (index + 1) * width]))
        rows = sorted(self.world.values.items())
        assert AuthMap.build(rows).root == self.blocks[-1].version.map.root
        found.state([rows[:100], rows[100:]])
        bundles = len(entries) // width
        edge, root = found.log(Here(), folder, bundles, entries[bundles * width :])
        assert root == self.blocks[-1].sealed.seal.log_root
        assert edge.frontier().root() == Frontier.empty().extend([leaf_hash(item) for item in entries]).root()
        view = self.blocks[-1].version.height
        found.finish(finalization_of(self.blocks[-1].sealed.hash, view))
        return sqlite3.connect(path)


def finalization_of(seal: bytes, view: int) -> Certificate:
    return Certificate(kind="finalize", epoch=0, view=view, seal=seal, votes=(("uu", bytes(64)),))


@pytest.fixture
def executing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Executing]:
    made = Executing(tmp_path, monkeypatch)
    with closing(made.db):
        yield made


def test_every_index_is_what_execution_wrote(executing: Executing, tmp_path: Path) -> None:
    with closing(executing.rebuild(tmp_path / "new", 256)) as rebuilt:
        for query in SAME:
            found = rebuilt.execute(query).fetchall()
            assert found == executing.db.execute(query).fetchall(), query
            assert found, query
        assert rebuilt.execute("SELECT COUNT(*) FROM tx_index").fetchone() == (
            sum(len(done.entries) for done in executing.blocks),
        )


def test_lists_show_what_stands_now(executing: Executing, tmp_path: Path) -> None:
    height = executing.blocks[-1].version.height
    with closing(executing.rebuild(tmp_path / "new", 256)) as rebuilt:
        lists = rebuilt.execute("SELECT DISTINCT owner, list FROM status_batch").fetchall()
        assert lists
        for owner, name in lists:
            found = read_status(rebuilt, owner, name, height)
            expected = read_status(executing.db, owner, name, height)
            assert found.end == expected.end
            assert _bits(found) == _bits(expected)
        assert any(_bits(read_status(rebuilt, owner, name, height)) != (0, 0) for owner, name in lists)


def _bits(status: ListStatus) -> tuple[int, int]:
    revoked = sum(page.revoked << page.start for page in status.pages)
    return revoked, sum(page.suspended << page.start for page in status.pages)


@pytest.mark.parametrize("processes", [1, 2])
def test_processes_change_nothing(
    executing: Executing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, processes: int
) -> None:
    monkeypatch.setattr(module, "FEW", 1)
    monkeypatch.setattr("os.cpu_count", lambda: processes)
    entries = executing.entries
    repeated = entries * (-(-256 * 20 // len(entries)))  # no log, but bundles to be read in order
    for index in range(20):
        place = tmp_path / "many" / entries_path(index)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(pack_entries(repeated[256 * index : 256 * (index + 1)]))
    with module.readers(20) as pool:
        assert isinstance(pool, Here) == (processes == 1)
        read = list(module.in_order(pool, tmp_path / "many", tmp_path / "many", 20))
    leaves = [leaf_hash(entry) for entry in repeated[: 256 * 20]]
    assert b"".join(item.leaves for item in read) == b"".join(leaves)
    for index in range(20):
        tile = (tmp_path / "many" / tile_path(0, index)).read_bytes()
        assert tile == b"".join(leaves[256 * index : 256 * (index + 1)])


def asked_of(found: sqlite3.Connection, executing: Executing, name: str, at: str) -> Read:
    """What a node with this database answers, without a proof."""
    question, version = questions()[name], executing.blocks[-1].version
    return as_of(
        Snapshot(found), version, NETWORK, question, question.asked(), moment=Moment.read(at), after=b""
    )


def test_the_past_is_known_from_where_the_node_joined(executing: Executing, tmp_path: Path) -> None:
    with closing(executing.rebuild(tmp_path / "again", 256)) as found:
        joined = executing.blocks[-1].version.height
        newest = asked_of(found, executing, "catalogue", "")
        body = ProgrammeStatusBody(programme="uu-ds", status="paused", reason="other")
        executing.world.do("programme_status", body, "uu")
        Database._write_block(found, executing.world.close(), None, StateRun())
        assert (newest.value != [], asked_of(found, executing, "catalogue", "").value) == (True, [])
        then = asked_of(found, executing, "catalogue", str(joined))
        assert (then.value, then.notes, then.height) == (newest.value, [], joined + 1)
        with pytest.raises(ProblemError, match="PAST_UNKNOWN"):
            asked_of(found, executing, "catalogue", str(joined - 1))
        dated = asked_of(found, executing, "statuses", str(joined - 1))
        assert [row["code"] for row in dated.value] == ["active"]
        assert dated.notes == [f"this node joined at height {joined}: computed from the newest state"]
        for outside in ("0", str(joined + 2)):
            with pytest.raises(QuestionError, match="QUESTION_AT"):
                asked_of(found, executing, "catalogue", outside)


def test_counts_of_a_height_after_joining(executing: Executing, tmp_path: Path) -> None:
    with closing(executing.rebuild(tmp_path / "again", 256)) as found:
        joined = executing.blocks[-1].version.height
        executing.world.reverse("r2", "bcb registrar")
        Database._write_block(found, executing.world.close(), None, StateRun())
        for height, redeemed in ((joined, 2), (joined + 1, 0)):
            counts, executed = SqlTallies(found, height), SqlTallies(executing.db, height)
            assert counts.redeemed("a1") == executed.redeemed("a1") == redeemed
            assert counts.recognised(2**40) == executed.recognised(2**40)
            assert counts.roundings() == executed.roundings()
            assert counts.issued(2**40) == executed.issued(2**40)
