"""Step 22 as an auditor types it: ``accord audit`` over the tiles of the whole scenario."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from accord_client.audit.report import CHECKS
from accord_client.cli.commands.audit import command
from audit_world import write_log
from scenario.memory_stage import MemoryStage
from scenario.parties import genesis, genesis_file
from scenario.playing import play
from scenario.script import SCRIPT

INVARIANTS = [f"I{number}" for number in (1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12)]
"""Of DOMAIN.md 2.11; I10, I13 and I14 are property tests."""


@pytest.fixture
async def arguments(tmp_path: Path) -> list[str]:
    """The scenario's log as static files, and the genesis file."""
    stage = await play(MemoryStage(genesis()), *SCRIPT)
    folder = write_log(tmp_path / "log", stage.log)
    (tmp_path / "genesis.accord").write_bytes(genesis_file())
    return [str(folder), "--genesis", str(tmp_path / "genesis.accord"), "--jobs", "1"]


def test_every_invariant_is_confirmed_by_name(arguments: list[str]) -> None:
    done = CliRunner().invoke(command, arguments)
    assert done.exit_code == 0, done.output
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    for name in INVARIANTS:
        [line] = [line for line in lines if line.startswith(f"ok {name} ")]
        assert CHECKS[name] in line
    said = json.loads(CliRunner().invoke(command, [*arguments, "--json"]).stdout)
    assert said["ok"] is True
    assert said["first_divergence"] is None
    assert dict.fromkeys(INVARIANTS, True) == {n: said["invariants"].get(n) for n in INVARIANTS}
