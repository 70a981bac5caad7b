"""The parts of the test run: together they are all of it, and none names what is not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tiers import NETWORKS, pytest_collection_modifyitems

TESTS = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_what_is_named_is_there(name: str) -> None:
    assert (TESTS / name).exists()


def marked(request: pytest.FixtureRequest, path: Path, own: str = "") -> bool:
    """Whether a test of such a file would be one of the networks."""
    item = pytest.Function.from_parent(request.node.parent, name=request.node.name, callobj=lambda: None)
    item.path = path
    if own:
        item.add_marker(own)
    pytest_collection_modifyitems([item])
    return item.get_closest_marker("networks") is not None


def test_files_and_folders_are_told_apart_from_the_rest(request: pytest.FixtureRequest) -> None:
    assert marked(request, TESTS / "node" / "test_epochs.py")
    assert marked(request, TESTS / "interop" / "test_contexts.py")
    assert not marked(request, TESTS / "ledger" / "test_codec.py")


def test_what_starts_processes_stays_where_it_is(request: pytest.FixtureRequest) -> None:
    assert not marked(request, TESTS / "interop" / "test_contexts.py", own="processes")
