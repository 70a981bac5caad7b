"""The long campaign resumes where it was, on as many processes as one likes, and a seed can be read as a story."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from accord_node.simulate import Scenario, scenarios
from accord_node.simulate.campaign import Plan, check, main, play
from accord_node.simulate.cli import NAMES, command
from accord_node.simulate.record import read, summary

PLAN = Plan(("calm_4", "silent_4"), range(3), range(190, 210))


def test_a_stopped_campaign_goes_on_and_ends_with_the_same_digest(tmp_path: Path) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert [block.seeds for block in play(whole, PLAN)] == [3, 3, 10, 10]
    running = play(parts, PLAN)
    for _ in range(3):
        next(running)
    running.close()
    with parts.open("a") as file:
        file.write('{"scenario":"calm_4","se')  # it was stopped while it wrote
    assert [block.first for block in play(parts, PLAN)] == [200]
    assert summary(read(parts)) == summary(read(whole))
    assert list(play(parts, PLAN)) == []


def test_two_processes_come_to_the_same_digest(tmp_path: Path) -> None:
    alone, together = tmp_path / "alone", tmp_path / "together"
    plan = Plan(("calm_4", "silent_4"), range(2))
    assert len(list(play(alone, plan))) == len(list(play(together, plan, jobs=2))) == 2
    assert summary(read(alone)) == summary(read(together))


def test_a_block_that_comes_out_otherwise_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    blocks = list(play(out, Plan(("calm_4", "silent_4"), range(2))))
    assert check(blocks, 5) == []
    wrong = msgspec.structs.replace(blocks[1], digest="0" * 64)
    assert check([blocks[0], wrong], 2) == [wrong]
    out.write_bytes(b"".join(msgspec.json.encode(block) + b"\n" for block in (blocks[0], wrong)))
    assert main(["--check", "2", "--out", str(out)]) == 1
    assert "silent_4 0: another digest" in capsys.readouterr().out


def test_the_digest_is_over_what_happened(tmp_path: Path) -> None:
    digests = set()
    for place, seeds in enumerate((range(2), range(1, 3))):
        out = tmp_path / str(place)
        list(play(out, Plan(("calm_4",), seeds)))
        digests.add(summary(read(out))["digest"])
    assert len(digests) == 2


def test_a_violation_is_told_with_the_way_to_see_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    crowd = {**scenarios.SCENARIOS, "calm_4": Scenario(silent=2, limit=5_000)}
    monkeypatch.setattr(scenarios, "SCENARIOS", crowd)
    assert main(["--seeds", "0:1", "--scenarios", "calm_4", "--out", str(tmp_path / "out")]) == 1
    said = capsys.readouterr().out
    assert "accord-node simulate --scenario calm_4 --seed 0" in said
    assert "violated: 1" in said


def test_a_seed_reads_as_who_said_what() -> None:
    done = CliRunner().invoke(command, ["--scenario", "calm_4", "--seed", "2"])
    assert done.exit_code == 0
    lines = done.output.splitlines()
    assert any(" m1 " in line and "proposes 1 height 1" in line for line in lines)
    assert any("notarize 1" in line for line in lines)
    assert lines[-1].startswith("calm_4 seed 2: 0 violations")


def test_quiet_says_one_line_and_the_list_names_all() -> None:
    quiet = CliRunner().invoke(command, ["--scenario", "calm_4", "--quiet"])
    assert len(quiet.output.splitlines()) == 1
    assert CliRunner().invoke(command, ["--list"]).output.split() == NAMES
