"""How many rows are green: a line at the end of a test run, and a page for those who do not run tests.

Works the same with and without worker processes, since it counts what the terminal was told.
``ACCORD_ACCEPTANCE_PAGE=1 pytest tests/acceptance`` writes ``docs/acceptance.md``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acceptance.rows import ROW_IDS, SECTIONS

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

PAGE = Path(__file__).resolve().parents[2] / "docs" / "acceptance.md"
TEST = "tests/acceptance/test_rows.py::test_row"
WRITING = "ACCORD_ACCEPTANCE_PAGE"
"""Set in the environment: write the page."""

_NODE = re.compile(re.escape(TEST) + r"\[([A-Z]\d+)\]\Z")


def outcomes(stats: Mapping[str, list[Any]]) -> dict[str, str]:
    """Row id to ``passed``, ``failed`` or ``skipped``, of the rows that were run; the worst of its phases."""
    found: dict[str, str] = {}
    for outcome, word in (
        ("passed", "passed"),
        ("skipped", "skipped"),
        ("failed", "failed"),
        ("error", "failed"),
    ):
        for report in stats.get(outcome, ()):
            named = _NODE.search(getattr(report, "nodeid", ""))
            if named:
                found[named[1]] = word
    return found


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Print the count, and write the page if it was asked for."""
    found = outcomes(terminalreporter.stats)
    if not found:
        return
    green = sum(outcome == "passed" for outcome in found.values())
    rest = len(ROW_IDS) - len(found)
    left = f" ({rest} not run)" if rest else ""
    terminalreporter.write_line(f"acceptance rows: {green} of {len(ROW_IDS)}{left}")
    if WRITING in os.environ:
        PAGE.write_text(page(found), encoding="utf-8")
        terminalreporter.write_line(f"written: {PAGE}")


def page(found: Mapping[str, str]) -> str:
    """The page: every row with its name, its test, what is submitted, and how its test came out."""
    from acceptance.tables import ROWS

    green = sum(outcome == "passed" for outcome in found.values())
    lines = [
        "# Acceptance",
        "",
        "Every row of DOMAIN.md sections 1 and 4, and every example in it, is played by a test that submits",
        "signed transactions and reads public answers. Written by a test run with `ACCORD_ACCEPTANCE_PAGE=1`; do not edit.",
        "",
        f"Green: {green} of {len(ROW_IDS)}.",
        "",
    ]
    for letter, (title, _) in SECTIONS.items():
        lines += [f"## {title}", "", "| row | name | examples | test | status |", "|---|---|---|---|---|"]
        for name in (name for name in ROW_IDS if name[0] == letter):
            row = ROWS[name]
            examples = "<br>".join(
                f"{_cell(words)} → {_expected(result)}" for words, _, result in row.examples
            )
            status = found.get(name, "not run")
            lines.append(f"| {name} | {_cell(row.name)} | {examples} | `test_row[{name}]` | {status} |")
        lines.append("")
    lines += ["The tests are in `tests/acceptance/test_rows.py`, the tables beside it.", ""]
    return "\n".join(lines)


def _expected(result: object) -> str:
    return f"`{_cell(str(result))}`"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
