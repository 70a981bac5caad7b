"""The same history in other interpreters gives the same bytes: no hash seed, locale, time zone or order counts.

One interpreter plays the scenario and keeps its log; others execute that log from the genesis file and say
the state root of every height.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from accord_ledger.blockreader import BlockReader
from scenario.memory_stage import MemoryStage
from scenario.parties import genesis
from scenario.playing import play
from scenario.script import SCRIPT

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PACKAGES = ("ledger", "genesis", "client", "node", "tests")

WORLDS = {
    "zero": {"PYTHONHASHSEED": "0", "LC_ALL": "C", "TZ": "UTC"},
    "turkish": {"PYTHONHASHSEED": "1", "LC_ALL": "tr_TR.UTF-8", "TZ": "Asia/Kathmandu"},
    "chinese": {"PYTHONHASHSEED": "4294967295", "LC_ALL": "zh_CN.GB18030", "TZ": "Pacific/Kiritimati"},
    "optimised": {
        "PYTHONHASHSEED": "77",
        "LC_ALL": "C.UTF-8",
        "TZ": "America/St_Johns",
        "PYTHONOPTIMIZE": "1",
    },
    "reversed": {"PYTHONHASHSEED": "random", "LC_ALL": "C", "TZ": "UTC", "REVERSED": "1"},
}
"""What must not matter; ``REVERSED`` loads genesis state and every block's writes in the opposite order."""


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """The scenario's log in a file, and the root at every height."""
    stage = asyncio.run(play(MemoryStage(genesis()), *SCRIPT))
    reader = BlockReader()
    blocks = [block for entry in stage.log if (block := reader.add(entry)) is not None]
    file = tmp_path_factory.mktemp("history") / "log"
    file.write_bytes(b"".join(len(entry).to_bytes(4, "big") + entry for entry in stage.log))
    return file, [block.sealed.seal.state_root.hex() for block in blocks]


@pytest.mark.parametrize("world", WORLDS)
def test_the_same_bytes_everywhere(world: str, history: tuple[Path, list[str]]) -> None:
    log, expected = history
    paths = os.pathsep.join(str(ROOT / name) for name in PACKAGES)
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": paths, **WORLDS[world]}
    done = subprocess.run(
        [sys.executable, str(HERE / "replaying.py"), str(log)], env=environment, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == expected
    assert len(expected) > 100
