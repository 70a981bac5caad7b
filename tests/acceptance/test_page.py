"""The line at the end of a run, and the page, say what the tests said."""

from __future__ import annotations

import os
from types import SimpleNamespace

import pytest

from acceptance.green import PAGE, TEST, WRITING, outcomes, page
from acceptance.rows import ROW_IDS


def reported(row: str) -> SimpleNamespace:
    return SimpleNamespace(nodeid=f"{TEST}[{row}]")


def test_a_row_is_green_if_it_passed_and_nothing_of_it_failed() -> None:
    stats = {
        "passed": [
            reported("A1"),
            reported("C2"),
            SimpleNamespace(nodeid="tests/ledger/test_x.py::test_row[A2]"),
        ],
        "failed": [reported("E3")],
        "error": [reported("C2")],
        "skipped": [reported("N4")],
    }
    assert outcomes(stats) == {"A1": "passed", "C2": "failed", "N4": "skipped", "E3": "failed"}


@pytest.mark.skipif(WRITING in os.environ, reason="the page is being written by this very run")
def test_the_page_is_the_one_of_a_whole_green_run() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(dict.fromkeys(ROW_IDS, "passed"))
