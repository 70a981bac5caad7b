"""``accord issue`` cut short anywhere: run again it goes on, and nobody gets a second credential."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web

from accord_client.api import SubmitRequest
from accord_client.evidence_text import is_complete
from accord_client.held_folder import LOCK_FILE
from accord_ledger import codec
from accord_ledger.domain.kinds.issue import IssueBody
from accord_ledger.domain.model.credential import BATCHES
from accord_ledger.transaction import parse_record
from client_cli import Desk, current_ledger, serving, today
from client_ledger import DID
from ledger_server import LedgerServer, fail_with
from waiting import until

MANY = 600
PATIENCE = 60.0
RUN = "from accord_client.cli.main import main; main()"


@pytest.fixture
def server() -> Iterator[LedgerServer]:
    with serving(current_ledger()) as running:
        yield running


@pytest.fixture
def desk(tmp_path: Path, server: LedgerServer) -> Desk:
    made = Desk(tmp_path, server.url).keys("uu", "issuance")
    learners(made, 12)
    return made


def learners(desk: Desk, count: int, name: str = "Learner") -> None:
    rows = [f"Doe,{name} {number}" for number in range(count)]
    (desk.folder / "learners.csv").write_text("\n".join(["family_name,given_name", *rows]) + "\n")


def arguments(desk: Desk, *more: str) -> list[str]:
    return [
        "issue", str(desk.folder / "learners.csv"), str(desk.folder / "out"), "--programme", "uu-ds", "--as", "uu",
        "--did", DID, "--completed", today(), today(), "--status-list", "list-1",
        "--base-url", "https://uu.example", *more,
    ]  # fmt: skip


def issue(desk: Desk) -> Any:
    return desk.json(*arguments(desk))


def batches(server: LedgerServer) -> int:
    return sum(key.startswith(BATCHES.name.encode() + b"/") for key in server.ledger.values)


def started(desk: Desk, room: int = 0) -> subprocess.Popen[bytes]:
    """The command in a process of its own, whose files may have so many bytes."""
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({room}, {room})); " if room else ""
    return subprocess.Popen(
        [sys.executable, "-B", "-c", limit + RUN, *arguments(desk)], env=os.environ | desk.environment,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def complete(desk: Desk) -> int:
    return sum(is_complete(path.read_bytes()) for path in (desk.folder / "out").glob("*.accord.json"))


def all_valid(desk: Desk) -> bool:
    paths = sorted(str(path) for path in (desk.folder / "out").glob("*.accord.json"))
    return bool(desk.json("verify", *paths, ACCORD_NODES="")["verdict"] == "valid")


async def submissions_fail(request: web.Request) -> web.StreamResponse | None:
    """The node takes no records; it answers everything else."""
    return await fail_with(400, "HTTP_BODY")(request) if request.path == "/v1/transactions" else None


def prepared(desk: Desk, server: LedgerServer) -> Path:
    """A folder whose run ended before anything was sent."""
    server.faults += [submissions_fail] * 400
    desk.refused("HTTP_BODY", *arguments(desk))
    server.faults.clear()
    assert (desk.folder / "out" / "batch.json").exists()
    assert batches(server) == 0
    return desk.folder / "out"


def test_what_was_prepared_only_in_part_is_prepared_anew(desk: Desk, server: LedgerServer) -> None:
    folder = prepared(desk, server)
    segment = folder / "0000.drafts.jsonl"
    old = set(re.findall(rb'"seed":"([0-9a-f]{64})"', segment.read_bytes()))
    assert len(old) == 12
    (folder / "batch.json").unlink()  # as if killed before the last file, and in the middle of the first
    segment.write_bytes(segment.read_bytes()[:-100])
    (folder / ".0003.accord.json.0123456789abcdef").write_bytes(b"{")
    assert issue(desk)["bundles_written"] == 12
    names = {f"{number:04}.{kind}.json" for number in range(12) for kind in ("accord", "holder")}
    assert {path.name for path in folder.iterdir()} == names | {LOCK_FILE, "batch.json", "learners.csv"}
    seeds = {json.loads(path.read_bytes())["seed"].encode() for path in folder.glob("*.holder.json")}
    assert len(seeds) == 12
    assert not seeds & old
    assert batches(server) == 1
    assert all_valid(desk)


def test_drafts_that_are_damaged_are_not_sent(desk: Desk, server: LedgerServer) -> None:
    folder = prepared(desk, server)
    segment = folder / "0000.drafts.jsonl"
    whole = segment.read_bytes()
    other = whole.replace(b"urn:accord:", b"urn:accorD:", 1)
    for damaged in (whole[:-1], whole[:-100], whole + whole, b"{}\n" * 12, other, b""):
        segment.write_bytes(damaged)
        desk.refused("ISSUE_FOLDER", *arguments(desk))
    segment.unlink()
    desk.refused("ISSUE_FOLDER", *arguments(desk))
    assert batches(server) == 0
    segment.write_bytes(whole)
    segment.chmod(0o644)
    desk.refused("KEYFILE_EXPOSED", *arguments(desk))
    segment.chmod(0o600)
    assert issue(desk)["bundles_written"] == 12
    assert all_valid(desk)


def test_what_was_finished_only_in_part_is_finished(desk: Desk, server: LedgerServer) -> None:
    folder = prepared(desk, server)
    segment = folder / "0000.drafts.jsonl"
    drafts = segment.read_bytes()
    issue(desk)
    assert not segment.exists()
    done = {path.name: path.read_bytes() for path in folder.iterdir()}
    segment.touch(0o600)
    segment.write_bytes(drafts)  # as if killed before the drafts were taken away
    assert issue(desk)["bundles_written"] == 0
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == done
    segment.touch(0o600)
    segment.write_bytes(drafts)  # as if killed while bundles were written, and the system with it
    for name in ("0002.accord.json", "0007.accord.json", "0007.holder.json", "0011.accord.json"):
        (folder / name).unlink()
    (folder / "0002.holder.json").write_bytes(b"")
    (folder / "0011.accord.json").touch(0o600)
    (folder / ".0002.accord.json.0123456789abcdef").write_bytes(b"{")
    assert issue(desk)["bundles_written"] == 3
    assert {path.name for path in folder.iterdir()} == set(done)
    assert all((folder / name).read_bytes() == done[name] for name in done if "holder" in name)
    assert (folder / "0001.accord.json").read_bytes() == done["0001.accord.json"]
    assert batches(server) == 1
    assert all_valid(desk)


@pytest.mark.parametrize("room", [20_000, 200])
def test_where_no_room_is_left_nothing_is_sent_or_lost(desk: Desk, server: LedgerServer, room: int) -> None:
    """Files that cannot grow stand for a full disk: drafts, and the bundles of a batch that is issued already."""
    folder = desk.folder / "out"
    if room < 1000:
        prepared(desk, server)
    process = started(desk, room)
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1, said
    assert b"KEYFILE_IO" in said
    assert not list(folder.glob(".0*"))
    assert not list(folder.glob("*.accord.json"))
    assert batches(server) == (room < 1000)
    assert issue(desk)["bundles_written"] == 12
    assert batches(server) == 1
    assert all_valid(desk)


def test_a_prepared_batch_is_submitted_once(desk: Desk, server: LedgerServer) -> None:
    plan = (prepared(desk, server) / "batch.json").read_bytes()
    server.requests.clear()
    assert issue(desk)["bundles_written"] == 12
    assert issue(desk)["bundles_written"] == 0
    assert (desk.folder / "out" / "batch.json").read_bytes() == plan
    assert server.requests["POST transactions"] == 1
    assert batches(server) == 1
    assert all_valid(desk)


def test_what_an_earlier_run_sent_may_become_final_meanwhile(desk: Desk, server: LedgerServer) -> None:
    """Its record overtakes the one of this run, which the ledger then refuses."""

    async def overtaken(request: web.Request) -> None:
        if request.path == "/v1/transactions":
            server.faults.clear()
            wanted = msgspec.json.decode(await request.read(), type=SubmitRequest)
            record = parse_record(wanted.entries[0])
            body = codec.decode(record.tx.body, IssueBody)
            server.ledger.add(server.ledger.entry(record.tx.kind, body, "uu issuance"))
            server.ledger.seal(0)

    server.faults += [overtaken] * 400
    assert issue(desk)["bundles_written"] == 12
    assert batches(server) == 1
    assert all_valid(desk)


async def test_a_run_that_is_ended_while_it_makes_drafts_is_begun_anew(
    desk: Desk, server: LedgerServer
) -> None:
    learners(desk, MANY)
    folder, process = desk.folder / "out", started(desk)
    try:
        await until(lambda: any(folder.glob("*.drafts.jsonl")), "drafts", PATIENCE)
        process.kill()
        process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
        process.wait()
    assert not (folder / "batch.json").exists()
    assert issue(desk)["bundles_written"] == MANY
    assert (complete(desk), batches(server)) == (MANY, 1)
    assert not list(folder.glob("*.drafts.jsonl"))


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
async def test_a_run_that_is_ended_while_it_writes_bundles_is_gone_on_with(
    desk: Desk, server: LedgerServer, end: signal.Signals
) -> None:
    learners(desk, MANY)
    process = started(desk)
    try:
        await until(lambda: (desk.folder / "out" / "batch.json").exists(), "a plan", PATIENCE)
        process.send_signal(end)
        _, said = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
        process.wait()
    assert b"Traceback" not in said
    before = complete(desk)
    assert issue(desk)["bundles_written"] == MANY - before
    assert complete(desk) == MANY
    assert batches(server) == 1
    assert all_valid(desk)


async def test_two_runs_do_not_meet_in_one_folder(desk: Desk, server: LedgerServer) -> None:
    learners(desk, MANY)
    process = started(desk)
    try:
        await until(lambda: (desk.folder / "out" / "batch.json").exists(), "a plan", PATIENCE)
        process.send_signal(signal.SIGSTOP)
        desk.refused("ISSUE_BUSY", *arguments(desk))
        process.send_signal(signal.SIGCONT)
        process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0
    assert (complete(desk), batches(server)) == (MANY, 1)


def test_a_folder_is_not_gone_on_with_for_something_else(desk: Desk, server: LedgerServer) -> None:
    issue(desk)
    for more in (("--valid-until", "2090-12-31"), ("--status-list", "other"), ("--programme", "uu-ds@2")):
        desk.refused("ISSUE_FOLDER", *arguments(desk), *more)
    learners(desk, 12, "Somebody")
    desk.refused("ISSUE_LEARNERS", *arguments(desk))
    assert batches(server) == 1


def test_what_somebody_put_into_a_folder_stays(desk: Desk, server: LedgerServer) -> None:
    folder = desk.folder / "out"
    folder.mkdir()
    (folder / "0001.accord.json").write_text("another's")
    desk.refused("ISSUE_FOLDER", *arguments(desk))
    (folder / LOCK_FILE).write_text("")  # an interrupted preparation, and a file that is not of it
    (folder / "thesis.txt").write_text("mine")
    desk.refused("ISSUE_FOLDER", *arguments(desk))
    assert {path.name for path in folder.iterdir()} == {"0001.accord.json", "thesis.txt", LOCK_FILE}
    assert batches(server) == 0


def on_a_terminal(desk: Desk) -> str:
    """What the command writes to the terminal that its standard error is."""
    here, there = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, *arguments(desk)],
        env=os.environ | desk.environment | {"TERM": "xterm", "COLUMNS": "120"},
        stdout=subprocess.DEVNULL, stderr=there,
    )  # fmt: skip
    os.close(there)
    parts = []
    with suppress(OSError):  # the terminal is gone with the last that wrote to it
        while part := os.read(here, 65_536):
            parts.append(part)
    os.close(here)
    assert process.wait(PATIENCE) == 0
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", b"".join(parts).decode())


def test_each_phase_counts_up_to_its_end(desk: Desk, server: LedgerServer) -> None:
    learners(desk, MANY)
    shown = on_a_terminal(desk)
    for phase, total in (("documents", MANY), ("drafts", MANY), ("on the ledger", 1), ("bundles", MANY)):
        counts = [int(found) for found in re.findall(rf"{phase} \S+ +([0-9]+)/{total}\b", shown)]
        assert counts == sorted(counts), phase
        assert counts[-1:] == [total], (phase, shown[-2000:])
    assert batches(server) == 1


def test_of_a_run_that_came_to_nothing_nothing_is_left(desk: Desk) -> None:
    (desk.folder / "learners.csv").write_text("family_name\nDoe\n")
    desk.refused("CSV_HEADER", *arguments(desk))
    assert not (desk.folder / "out").exists()
    (desk.folder / "out").mkdir()
    desk.refused("CSV_HEADER", *arguments(desk))
    assert not list((desk.folder / "out").iterdir())


def test_nothing_is_shown_where_there_is_no_terminal(desk: Desk) -> None:
    process = started(desk)
    _, said = process.communicate(timeout=PATIENCE)
    assert (process.returncode, said) == (0, b"")
