"""The long campaign resumes where it was, and a seed can be read as a story."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from accord_node.simulate import Scenario, campaign
from accord_node.simulate.campaign import main, play, read, summary
from accord_node.simulate.cli import command
from accord_node.simulate.scenarios import SCENARIOS

NAMES = ["calm_4", "twins_4"]


def test_a_stopped_campaign_goes_on_and_ends_with_the_same_digest(tmp_path: Path) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert len(list(play(whole, NAMES, range(3)))) == 6
    running = play(parts, NAMES, range(3))
    for _ in range(2):
        next(running)
    running.close()
    parts.write_text(parts.read_text() + '{"scenario":"calm_4","se')  # it was stopped while it wrote
    assert len(list(play(parts, NAMES, range(3)))) == 4
    assert summary(read(parts)) == summary(read(whole))
    assert list(play(parts, NAMES, range(3))) == []


def test_the_digest_is_over_what_happened(tmp_path: Path) -> None:
    digests = set()
    for place, seeds in enumerate((range(2), range(1, 3))):
        out = tmp_path / str(place)
        list(play(out, ["calm_4"], seeds))
        digests.add(summary(read(out))["digest"])
    assert len(digests) == 2


def test_a_violation_is_told_with_the_way_to_see_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    crowd = {**SCENARIOS, "calm_4": Scenario(silent=2, limit=5_000)}
    monkeypatch.setattr(campaign, "SCENARIOS", crowd)
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
    assert CliRunner().invoke(command, ["--list"]).output.split() == sorted(SCENARIOS)
