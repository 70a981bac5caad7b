"""``accord award`` cut short anywhere: run again it goes on, and nobody gets an award twice."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from aiohttp import web

from accord_client.evidence_text import is_complete
from accord_ledger.domain.model.award import AWARDS
from award_desk import account, arguments, award, award_desk, award_ledger, listed, wallet
from client_cli import Desk, serving
from ledger_server import LedgerServer, fail_with

PATIENCE = 60.0
RUN = "from accord_client.cli.main import main; main()"
PLAN = "awards.json"


@pytest.fixture
def server() -> Iterator[LedgerServer]:
    with serving(award_ledger()) as running:
        yield running


@pytest.fixture
def desk(tmp_path: Path, server: LedgerServer) -> Desk:
    made = award_desk(tmp_path, server)
    made.environment["ACCORD_PASSPHRASE"] = ""
    return made


@pytest.fixture
def graduates(desk: Desk) -> str:
    """Two, with two credentials each."""
    return listed(desk, (account(desk), (0, 1)), (account(desk), (2, 3)))


def conferred(server: LedgerServer) -> int:
    return sum(key.startswith(AWARDS.name.encode() + b"/") for key in server.ledger.values)


def bundles(desk: Desk) -> list[Path]:
    return sorted((desk.folder / "awards").glob("*.accord.json"))


def check_all_is_there(desk: Desk, server: LedgerServer) -> None:
    """Two awards on the ledger, and the documents of both, with the keys of their holders."""
    folder = desk.folder / "awards"
    assert conferred(server) == 2
    assert [path.name for path in bundles(desk)] == ["0000.accord.json", "0001.accord.json"]
    assert all(is_complete(path.read_bytes()) for path in bundles(desk))
    assert {f"{number:04}.{kind}.json" for number in (0, 1) for kind in ("holder", "body")} <= {
        path.name for path in folder.iterdir()
    }
    report = desk.json("verify", *map(str, bundles(desk)), ACCORD_NODES="")
    assert report["verdict"] == "valid"


@dataclass
class Moment:
    """A request at which the run is cut short: so many after the submission of an award."""

    server: LedgerServer
    award: int
    """First or second."""
    later: int
    """0: its submission itself, before the ledger has it."""
    reached: Event = field(default_factory=Event)
    over: Event = field(default_factory=Event)
    _since: int = -1
    _submissions: int = 0

    async def __call__(self, request: web.Request) -> web.StreamResponse | None:
        self.server.faults.append(self)
        if request.path == "/v1/transactions":
            self._submissions += 1
        if self._submissions >= self.award:
            self._since += 1
        if self._since == self.later:
            self.reached.set()
            await asyncio.get_running_loop().run_in_executor(None, self.over.wait, PATIENCE)
            return await fail_with(500)(request)  # to nobody
        return None


def cut_short(desk: Desk, moment: Moment, *command: str) -> None:
    """A run in a process of its own, stopped at this moment; another is refused meanwhile; then it is killed."""
    moment.server.faults.append(moment)
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, *command], env=os.environ | desk.environment,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert moment.reached.wait(PATIENCE), process.poll()
        process.send_signal(signal.SIGSTOP)
        moment.server.faults.clear()
        before = conferred(moment.server)
        desk.refused("ISSUE_BUSY", *command)
        assert conferred(moment.server) == before
    finally:
        process.kill()
        process.communicate()
        moment.over.set()


@pytest.mark.parametrize(
    ("award_number", "later", "before"), [(1, 0, 0), (1, 1, 1), (1, 3, 1), (2, 0, 1), (2, 1, 2)]
)
def test_a_run_that_is_killed_is_gone_on_with(
    desk: Desk, server: LedgerServer, graduates: str, award_number: int, later: int, before: int
) -> None:
    cut_short(desk, Moment(server, award_number, later), *arguments(desk, graduates, *wallet(desk)))
    plan = (desk.folder / "awards" / PLAN).read_bytes()
    assert conferred(server) == before
    assert sum(is_complete(path.read_bytes()) for path in bundles(desk)) == award_number - 1
    assert [made["state"] for made in award(desk, graduates, *wallet(desk))] == ["conferred"] * 2
    assert (desk.folder / "awards" / PLAN).read_bytes() == plan
    check_all_is_there(desk, server)


def test_an_award_whose_answer_was_lost_is_not_conferred_again(
    desk: Desk, server: LedgerServer, graduates: str
) -> None:
    server.lose_answers = 1
    cut_short(desk, Moment(server, 1, 1), *arguments(desk, graduates, *wallet(desk)))
    assert conferred(server) == 1
    server.requests.clear()
    award(desk, graduates, *wallet(desk))
    assert server.requests["POST transactions"] == 1
    check_all_is_there(desk, server)


def test_what_was_prepared_only_in_part_is_prepared_anew(
    desk: Desk, server: LedgerServer, graduates: str
) -> None:
    folder = desk.folder / "awards"
    award(desk, graduates)  # all wait for their holders: nothing was sent
    names, old = {path.name for path in folder.iterdir()}, bundles(desk)[0].read_bytes()
    (folder / PLAN).unlink()  # as if killed before the last file, and a few before it
    (folder / "0001.holder.json").unlink()
    (folder / "0001.body.json").unlink()
    (folder / ".0000.accord.json.0123456789abcdef").write_bytes(b"{")
    award(desk, graduates)
    assert {path.name for path in folder.iterdir()} == names
    assert bundles(desk)[0].read_bytes() != old
    assert conferred(server) == 0
    award(desk, graduates, *wallet(desk))
    check_all_is_there(desk, server)


def test_a_bundle_that_was_half_written_is_written_again(
    desk: Desk, server: LedgerServer, graduates: str
) -> None:
    drafts: list[Any] = []

    async def no_evidence(request: web.Request) -> web.StreamResponse | None:
        """Everything is answered until an award is on the ledger, and nothing about its record."""
        if conferred(server) and request.path.startswith("/v1/records"):
            return await fail_with(500)(request)
        return None

    award(desk, graduates)
    drafts = [path.read_bytes() for path in bundles(desk)]
    server.faults += [no_evidence] * 400
    desk.run(*arguments(desk, graduates, *wallet(desk)), code=1)
    server.faults.clear()
    assert [path.read_bytes() for path in bundles(desk)] == drafts
    (desk.folder / "awards" / ".0000.accord.json.0123456789abcdef").write_bytes(drafts[0][:100])
    award(desk, graduates, *wallet(desk))
    assert not list((desk.folder / "awards").glob(".*.accord.json.*"))
    check_all_is_there(desk, server)
