"""``accord story``: its text in both languages, its JSON, and what it says of what was not proved."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from client_cli import Desk, serving
from scenario.memory_stage import MemoryStage
from scenario.parties import genesis, genesis_file
from scenario.playing import play
from scenario.programmes import issued
from scenario.script import SCRIPT
from story_server import StageLedger, StageServer


@pytest.fixture(scope="module")
def server() -> Iterator[StageServer]:
    ledger = StageLedger(asyncio.run(play(MemoryStage(genesis()), *SCRIPT)))
    with serving(ledger, StageServer) as server:
        assert isinstance(server, StageServer)
        yield server


@pytest.fixture
def desk(tmp_path: Path, server: StageServer) -> Desk:
    desk = Desk(tmp_path, server.url)
    desk.genesis.write_bytes(genesis_file())
    return desk


def credential(batch: str, index: int = 0) -> tuple[str, str]:
    return issued(batch).batch_id.hex(), str(index)


def test_the_text_has_every_step_with_its_record(desk: Desk) -> None:
    out = desk.run("story", *credential("uu-ds"), LC_ALL="C").stdout
    for line in (
        "2026-03-02T00:00:00Z  programme approved", "2026-04-01T00:00:00Z  issued",
        "2026-04-05T00:00:00Z  recognised", "2026-06-15T00:00:00Z  recognition reversed",
    ):  # fmt: skip
        assert line in out
    rows = [" ".join(line.split()) for line in out.splitlines()]
    for row in ("exact 21/10", "awarded 2/1", "dropped by rounding 1/10", "agreement a1@1", "now revoked"):
        assert row in rows, out
    assert any(row.startswith("signed uu academic_committee (") for row in rows)
    assert sum(row.startswith("record ") and ", log index " in row for row in rows) > 10
    assert "not proved" not in out


def test_the_text_in_chinese(desk: Desk) -> None:
    out = desk.run("story", *credential("uu-ds"), "--lang", "zh").stdout
    for word in ("项目获批准", "颁发", "学分认定", "取整舍去", "认定撤销", "日志序号"):
        assert word in out
    assert desk.run("story", *credential("uu-ds"), LC_ALL="zh_CN.UTF-8").stdout == out


def test_the_json_form(desk: Desk) -> None:
    said = desk.json("story", *credential("uom-d1"))
    assert (said["complete"], said["not_proved"]) == (True, [])
    assert said["now"]["erased"] is True
    used = next(step for step in said["steps"] if step["name"] == "recognise")
    assert (used["facts"]["items"], used["facts"]["awarded"]) == ("4", "25/2")
    assert len(used["tx_id"]) == 64
    assert used["height"] >= 1


def test_what_is_not_proved_is_named_and_the_exit_code_says_so(desk: Desk, server: StageServer) -> None:
    server.hidden = lambda view: view.kind == "agreement_sign" and view.author == "bcb"
    try:
        out = desk.run("story", *credential("uu-ds"), code=1, LC_ALL="C").stdout
        said = desk.json("story", *credential("uu-ds"), code=1)
    finally:
        server.hidden = lambda _: False
    assert "not proved: agreement_sign a1@1 by bcb" in out
    assert [one["name"] for one in said["not_proved"]] == ["agreement_sign a1@1 by bcb"]
    assert [step["facts"]["party"] for step in said["steps"] if step["name"] == "agreement_sign"] == ["uu"]


def test_wrong_use_and_unknown_credentials(desk: Desk) -> None:
    desk.run("story", "xx", "0", code=2)
    desk.refused("BATCH_UNKNOWN", "story", *credential("uu-ds", 40))
