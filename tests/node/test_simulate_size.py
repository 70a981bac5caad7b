"""A large alliance: thirty members, as many as keep links to all others, with f of them silent."""

from __future__ import annotations

import pytest

from accord_node.simulate import Scenario, run

THIRTY = 30
F = (THIRTY - 1) // 3


@pytest.mark.parametrize("silent", [0, F])
def test_thirty_members_keep_finality(silent: int) -> None:
    report = run(1, Scenario(members=THIRTY, silent=silent, transactions=3, spread=1000, views=200))
    assert report.good, report.explain()[:4000]
    assert report.height >= 1
