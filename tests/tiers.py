"""Which part of the run a test belongs to: every day, or to the part with networks of nodes and foreign programs.

What takes long by nature, since several real nodes in one process wait for one another or a program that is not
ours starts, has the marker ``networks``: the everyday part stays short enough to be run at every change.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

_HERE: Final = Path(__file__).resolve().parent
NETWORKS: Final = frozenset(
    {
        "client/test_cli_award_again.py",
        "client/test_cli_issue_again.py",
        "client/test_end_to_end.py",
        "interop",
        "mutation/test_plant.py",
        "node/test_accusations.py",
        "node/test_besieged_alliance.py",
        "node/test_doubt.py",
        "node/test_driver.py",
        "node/test_driver_guards.py",
        "node/test_epochs.py",
        "node/test_finaliser.py",
        "node/test_first_start_network.py",
        "node/test_http_dids.py",
        "node/test_http_status_lists.py",
        "node/test_node_network.py",
        "node/test_otherepochs.py",
        "node/test_past.py",
        "node/test_rebuild.py",
        "node/test_recovery_network.py",
        "node/test_simulate_nodes.py",
        "node/test_snapshot_network.py",
        "scenario/test_nodes.py",
        "scenario/test_replayed_answers.py",
    }
)
"""Files and folders of ``tests``."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark them, before ``-m`` chooses; a test with processes of its own stays in that part."""
    for item in items:
        place = item.path.relative_to(_HERE)
        chosen = place.as_posix() in NETWORKS or place.parts[0] in NETWORKS
        if chosen and item.get_closest_marker("processes") is None:
            item.add_marker(pytest.mark.networks)
