"""Pieces read in several processes: the same findings, in order, whoever does the work and whoever is killed."""

from __future__ import annotations

import os
import signal
from concurrent.futures import wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import pytest

from accord_client.audit import readers as module
from accord_client.audit import report as reports
from accord_client.audit import run
from accord_client.audit.pieces import Piece, read_piece
from accord_client.audit.pipeline import Pipeline
from accord_client.audit.readers import PIECES_AHEAD, Readers
from accord_client.audit.report import Report
from accord_client.audit.signers import Signers
from accord_ledger.blockreader import entry_bytes
from audit_world import audited, write_log
from long_log import ALTERED, bundles, long_log, long_world

PAGES = bundles(long_log(), 64)


@pytest.fixture
def pool() -> Any:
    """Two processes, both at work, that know who signs at the beginning."""
    with Readers(2) as readers:
        assert readers.begun is not None
        readers.begun.result(60)
        yield readers


@pytest.fixture
def read_here(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """First entries of the pieces that this process read itself."""
    found: list[bytes] = []

    def reading(entries: Any, signers: Signers) -> Piece:
        found.append(entries[0])
        return read_piece(entries, signers)

    monkeypatch.setattr(module, "read_piece", reading)
    return found


def entries_of(piece: Piece) -> list[bytes]:
    return [entry_bytes(item) for item in piece.items]


def replayed(log: list[bytes], readers: Readers) -> Pipeline:
    """A pipeline that was given a whole log."""
    pipeline = Pipeline(long_world().genesis, readers, Report())
    pieces = [piece for page in bundles(log, 64) for piece in pipeline.take(page)]
    pieces += pipeline.drain()
    assert [entry for piece in pieces for entry in entries_of(piece)] == log
    pipeline.finish()
    assert not pipeline.checker._good
    assert not pipeline._good
    return pipeline


def judged(log: list[bytes], readers: Readers) -> dict[str, Any]:
    """Its report."""
    return replayed(log, readers).report.as_dict()


@pytest.mark.parametrize("name", ALTERED)
def test_several_processes_find_the_same(name: str, pool: Readers) -> None:
    log = ALTERED[name]()
    with Readers(1) as alone:
        expected = judged(log, alone)
    assert expected["ok"] is (name == "nothing")
    assert judged(log, pool) == expected


@pytest.mark.parametrize("name", ["nothing", "a signature", "a record that is none"])
async def test_an_audit_of_several_processes_reports_the_same(name: str, tmp_path: Path) -> None:
    log = ALTERED[name]()
    write_log(tmp_path, log)
    one, two = [(await audited(tmp_path, processes=count)).as_dict() for count in (1, 2)]
    assert one["entries"] == len(log)
    assert one | {"seconds": 0} == two | {"seconds": 0}


@pytest.mark.parametrize("processes", [1, 2])
async def test_too_many_findings_end_the_audit_at_the_same_entry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, processes: int
) -> None:
    monkeypatch.setattr(
        reports, "MAX_FINDINGS", 60
    )  # every seal behind the altered record names another root
    log = ALTERED["two records in another order"]()
    report = await audited(write_log(tmp_path, log), processes=processes)
    assert (report.entries, len(report.findings)) == (512, 60)


async def test_no_more_processes_than_pieces_are_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[int] = []

    class Counted(Readers):
        def __init__(self, processes: int) -> None:
            begun.append(processes)
            super().__init__(processes)

    monkeypatch.setattr(run, "Readers", Counted)
    for log, processes in (([], 1), (long_log()[:256], 1), (long_log()[:257], 2)):
        await audited(write_log(tmp_path / str(len(log)), log), processes=9)
        assert begun.pop() == processes


def test_keys_that_the_log_registers_are_checked_ahead_from_then_on() -> None:
    with Readers(1) as alone:
        late = replayed(long_log(), alone).checker.late
    assert 0 < late < len(PAGES[0])  # those of the piece that registers the key


def test_others_read_what_they_are_given(pool: Readers, read_here: list[bytes]) -> None:
    for page in PAGES[:2]:
        pool.submit(page)
    wait([one.future for one in pool._pieces if one.future is not None])
    assert [entries_of(pool.take()) for _ in range(2)] == PAGES[:2]
    assert read_here == []
    assert not pool.waiting


def test_whoever_waits_reads_the_newest_that_nobody_was_given(pool: Readers, read_here: list[bytes]) -> None:
    for page in PAGES * 2:
        pool.submit(page)
    assert [entries_of(pool.take()) for _ in PAGES * 2] == PAGES * 2
    assert PAGES[-1][0] in read_here


def test_before_another_process_works_nobody_waits_for_it(read_here: list[bytes]) -> None:
    with Readers(2) as readers:
        readers.begun = None
        readers.submit(PAGES[0])
        assert entries_of(readers.take()) == PAGES[0]
    assert read_here == [PAGES[0][0]]


def test_what_is_on_the_way_is_bounded(monkeypatch: pytest.MonkeyPatch, pool: Readers) -> None:
    for _ in range(PIECES_AHEAD):
        pool.submit(PAGES[0])
        assert not pool.full
    pool.submit(PAGES[0])
    assert pool.full
    pool.take()
    assert not pool.full
    monkeypatch.setattr(module, "BYTES_AHEAD", sum(map(len, PAGES[0])) * 7)
    assert pool.full
    pool.take()
    assert not pool.full
    with Readers(1) as alone:
        alone.submit(PAGES[0])
        assert alone.full


def test_a_process_that_is_killed_costs_time_and_nothing_else(pool: Readers) -> None:
    assert pool.begun is not None
    for page in PAGES[:4]:
        pool.submit(page)
    os.kill(pool.begun.result(), signal.SIGKILL)
    assert [entries_of(pool.take()) for _ in range(4)] == PAGES[:4]
    report = judged(long_log(), pool)
    assert pool.alone
    assert report["ok"]
    assert report["notes"] == ["another process ended before the audit did; this one did its work"]


def test_an_interruption_is_left_to_whoever_asks(pool: Readers) -> None:
    """Typed at a terminal it reaches every process; the others end when the audit does."""
    assert pool.begun is not None
    os.kill(pool.begun.result(), signal.SIGINT)
    assert judged(long_log(), pool)["ok"]
    assert not pool.alone


def test_processes_that_are_gone_are_given_nothing(pool: Readers, read_here: list[bytes]) -> None:
    assert pool.begun is not None
    assert pool._pool is not None
    os.kill(pool.begun.result(), signal.SIGKILL)
    with pytest.raises(BrokenProcessPool):
        pool._pool.submit(os.getpid).result(60)
    pool.submit(PAGES[0])
    assert pool.alone
    assert entries_of(pool.take()) == PAGES[0]
    assert read_here == [PAGES[0][0]]


def test_without_execution_no_signatures_are_checked(pool: Readers) -> None:
    """Once a record was refused, nobody asks for the signatures of those behind it."""
    judged(ALTERED["two records in another order"](), pool)
    assert not pool.signers.executing
    judged(long_log(), pool)
    assert pool.signers.executing
    judged(ALTERED["a seal in another encoding"](), pool)
    assert not pool.signers.executing
