"""The check that every code of the rules is given by some test: what it says after a whole run, and a part."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from accord_client.codes.catalogue import catalogue
from raised_codes import missing

TESTS = Path(__file__).resolve().parents[1]
RULES = {code for code, text in catalogue().items() if text.family.area == "domain"}

CONFTEST = """
from pathlib import Path
import raised_codes

raised_codes._SUITE = Path(__file__).parent / "ledger"

def pytest_configure(config):
    config.pluginmanager.register(raised_codes.RaisedCodes(config))
"""
SUITE = """
import pytest
from accord_ledger import rational
from accord_ledger.errors import Rejection

def test_the_ledger_refuses():
    with pytest.raises(Rejection):
        rational.parse("1/0", "body")

def test_a_rejection_made_by_a_test_does_not_count():
    with pytest.raises(Rejection):
        raise Rejection("E_OVERLAP")
"""


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Pytest over a suite of two tests."""
    (folder / "ledger").mkdir()
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "ledger" / "test_one.py").write_text(SUITE)
    (folder / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "xdist", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(TESTS), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def test_missing_codes_are_those_not_seen() -> None:
    assert missing(RULES) == []
    assert missing(RULES - {"E_OVERLAP", "W_OVERLAP"}) == ["E_OVERLAP", "W_OVERLAP"]


def test_a_whole_run_fails_for_codes_that_no_test_gave(tmp_path: Path) -> None:
    done = run(tmp_path, "-n", "1", "ledger")
    assert done.returncode == 1, done.stdout + done.stderr
    [line] = [line for line in done.stdout.splitlines() if line.startswith("codes of the rules:")]
    told = set(line.partition("given by no test: ")[2].split())
    assert told == RULES - {"E_NUMBER"}


def test_a_part_is_not_judged_and_says_so(tmp_path: Path) -> None:
    done = run(tmp_path, "-n", "0", "-k", "refuses")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "codes of the rules: not judged: only a part of tests/ledger ran" in done.stdout
