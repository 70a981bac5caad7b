"""What docs/client.md says of checks and commands is what the program has."""

from __future__ import annotations

import re
from pathlib import Path

from accord_client.cli.main import own_commands
from accord_client.verify.report import CHECKS

DOCS = (Path(__file__).resolve().parents[2] / "docs" / "client.md").read_text()


def test_every_check_is_described_as_it_is() -> None:
    rows = dict(
        re.findall(r"^\| `([a-z]+)` \| (.+) \|$", DOCS.partition("## The command line")[0], re.MULTILINE)
    )
    assert rows == CHECKS


def test_every_command_is_described() -> None:
    table = DOCS.partition("## The command line")[2]
    for name in own_commands():
        if name != "audit":
            assert f"`{name}" in table, name
