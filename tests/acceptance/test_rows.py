"""Every row of DOMAIN.md sections 1 and 4 as one test, named by its row; the tables say what and why."""

from __future__ import annotations

from typing import Any

import pytest

from acceptance.rows import ROW_IDS, Row
from acceptance.tables import ROWS


@pytest.mark.parametrize("one", ROWS.values(), ids=ROWS)
def test_row(one: Row[Any]) -> None:
    one.play()


def test_every_row_has_a_table_entry() -> None:
    assert tuple(ROWS) == ROW_IDS
