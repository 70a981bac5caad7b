"""``accord audit``: its words, its JSON and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from accord_client.audit.report import Report
from accord_client.cli.commands.audit import _show, command
from audit_world import checkpoint_note, flip, forged, genesis_file


@pytest.fixture
def genesis(tmp_path: Path) -> Path:
    file = tmp_path / "genesis"
    file.write_bytes(genesis_file())
    return file


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    world, _ = forged()
    world.close()
    (tmp_path / "kept").write_bytes(checkpoint_note(world.log[: world.heights[2] + 1]))
    return world.write(tmp_path / "log")


def run(*arguments: object) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def test_a_clean_log(folder: Path, genesis: Path) -> None:
    done = run(folder, "--genesis", genesis, "--jobs", 1, "--checkpoint", folder.parent / "kept")
    assert done.exit_code == 0, done.output
    assert "Clean: " in done.stdout
    assert "FAILED" not in done.stdout
    assert "    ok  consistency" in done.stdout


def test_a_finding_is_named_with_its_place(folder: Path, genesis: Path) -> None:
    flip(next((folder / "tile/0").glob("000.p/*")), 32 * 3)
    done = run(folder, "--genesis", genesis, "--jobs", 1)
    assert done.exit_code == 1
    assert "First divergence: TILE_HASHES at entry 3: expected" in done.stdout
    assert "FAILED  tiles" in done.stdout


def test_the_report_for_programs(folder: Path, genesis: Path) -> None:
    done = run(folder, "--genesis", genesis, "--jobs", 2, "--json")
    report = json.loads(done.stdout)
    assert (report["ok"], report["first_divergence"], report["failure"]) == (True, None, None)
    assert set(report["invariants"]) == {*(f"I{number}" for number in range(1, 10)), "I11", "I12"}
    assert all(value is True for value in report["invariants"].values())
    assert {check["status"] for check in report["checks"]} == {"pass", "not checked"}


def test_a_source_that_is_not_there_is_no_verdict(tmp_path: Path, genesis: Path) -> None:
    done = run(tmp_path / "nowhere", "--genesis", genesis, "--jobs", 1)
    assert done.exit_code == 3
    assert "Not completed after 0 entries" in done.stdout
    assert json.loads(run(tmp_path / "no", "--genesis", genesis, "--json").stdout)["invariants"]["I1"] is None


def test_wrong_use(folder: Path, genesis: Path) -> None:
    assert run(folder).exit_code == 2
    assert run(folder, "--genesis", genesis, "--network", "zz").exit_code == 2
    assert run(folder, "--genesis", genesis, "--network", "00" * 32, "--jobs", 1).exit_code == 1


def test_what_happened_to_the_audit_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    _show(Report(notes=["another process ended"]))
    assert "  note  another process ended\n" in capsys.readouterr().out
